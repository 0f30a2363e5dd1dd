/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Finds where the header of an HTTP request ends: at an empty line. It starts zeroed. */
typedef struct
{
  gboolean begun;
  guint8 line_ends; /* in a row */
} BelfryRequestEnd;

gsize belfry_request_end_find (BelfryRequestEnd *self, const guint8 *bytes, gsize length);

G_END_DECLS
