/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Many deadlines, ordered, with one place in memory each and no timer: somebody asks once a second
 * which have passed. */
typedef struct _BelfryDeadlines BelfryDeadlines;

/* Embedded in what the deadline belongs to. It starts zeroed. */
typedef struct
{
  gint64 at;   /* µs */
  guint place; /* in the heap, from 1; 0 if it is not there */
} BelfryDeadline;

BelfryDeadlines *belfry_deadlines_new (void);
void belfry_deadlines_free (BelfryDeadlines *self);

void belfry_deadlines_set (BelfryDeadlines *self, BelfryDeadline *deadline, gint64 at);
void belfry_deadlines_clear (BelfryDeadlines *self, BelfryDeadline *deadline);
BelfryDeadline *belfry_deadlines_pop (BelfryDeadlines *self, gint64 now);

G_END_DECLS
