/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many connections there may be, of one user or of all. It is shared by threads. */
typedef struct _BelfryConnectionLimit BelfryConnectionLimit;

/* One place under a limit. Whoever holds it holds the place; freeing it gives the place back. */
typedef struct _BelfryConnectionSlot BelfryConnectionSlot;

BelfryConnectionLimit *belfry_connection_limit_new (guint max);
BelfryConnectionLimit *belfry_connection_limit_ref (BelfryConnectionLimit *self);
void belfry_connection_limit_unref (BelfryConnectionLimit *self);
guint belfry_connection_limit_get_taken (BelfryConnectionLimit *self);

BelfryConnectionSlot *belfry_connection_limit_take (BelfryConnectionLimit *self);
void belfry_connection_slot_free (BelfryConnectionSlot *slot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryConnectionLimit, belfry_connection_limit_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryConnectionSlot, belfry_connection_slot_free)

G_END_DECLS
