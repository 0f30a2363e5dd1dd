/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-watch.h"

G_BEGIN_DECLS

/* A few connections and the GMainContext that their sources live in. Only the cell of a connection
 * that has something to do is iterated, so that an event costs the same however many connections
 * there are. */
typedef struct _BelfryCell BelfryCell;
typedef struct _BelfryReactor BelfryReactor;

/* Connections of one cell. Each costs a few nanoseconds whenever another one in its cell has
 * something to do. */
#define BELFRY_CELL_SIZE 64

BelfryCell *belfry_cell_new (BelfryReactor *reactor);
void belfry_cell_release (BelfryCell *self);
void belfry_cell_free (BelfryCell *self);

void belfry_cell_enter (BelfryCell *self);
void belfry_cell_leave (BelfryCell *self);
void belfry_cell_mark (BelfryCell *self);
gboolean belfry_cell_iterate (BelfryCell *self);
gint64 belfry_cell_get_timeout (BelfryCell *self);
gboolean belfry_cell_is_timed (BelfryCell *self);
void belfry_cell_set_timed (BelfryCell *self, gboolean timed);

gboolean belfry_cell_join (BelfryCell *self);
gboolean belfry_cell_part (BelfryCell *self);

G_END_DECLS
