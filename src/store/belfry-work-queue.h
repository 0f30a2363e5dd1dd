/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pointers for a thread that waits: it takes all that are there at once. */
typedef struct _BelfryWorkQueue BelfryWorkQueue;

BelfryWorkQueue *belfry_work_queue_new (void);
void belfry_work_queue_free (BelfryWorkQueue *self);

void belfry_work_queue_push (BelfryWorkQueue *self, gpointer work);
void belfry_work_queue_stop (BelfryWorkQueue *self);
gboolean belfry_work_queue_is_stopped (BelfryWorkQueue *self);
gboolean belfry_work_queue_take (BelfryWorkQueue *self, GQueue *into, gint64 until);

G_END_DECLS
