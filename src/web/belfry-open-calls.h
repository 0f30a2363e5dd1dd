/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many calls of each user are open: one user must not take what there is for all. */
typedef GHashTable BelfryOpenCalls;

BelfryOpenCalls *belfry_open_calls_new (void);
gboolean belfry_open_calls_add (BelfryOpenCalls *self, const char *user_id, guint max);
void belfry_open_calls_remove (BelfryOpenCalls *self, const char *user_id);

G_END_DECLS
