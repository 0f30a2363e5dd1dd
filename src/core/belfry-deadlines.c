/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-deadlines.h"

/* A binary heap: the children of place n are 2n and 2n + 1, and none is earlier than its parent. */
struct _BelfryDeadlines
{
  GPtrArray *heap; /* place 0 is not used */
};

BelfryDeadlines *
belfry_deadlines_new (void)
{
  BelfryDeadlines *self = g_new0 (BelfryDeadlines, 1);

  self->heap = g_ptr_array_new ();
  g_ptr_array_add (self->heap, NULL);
  return self;
}

void
belfry_deadlines_free (BelfryDeadlines *self)
{
  g_ptr_array_unref (self->heap);
  g_free (self);
}

static BelfryDeadline *
at_place (BelfryDeadlines *self, guint place)
{
  return g_ptr_array_index (self->heap, place);
}

static void
put (BelfryDeadlines *self, guint place, BelfryDeadline *deadline)
{
  g_ptr_array_index (self->heap, place) = deadline;
  deadline->place = place;
}

/* Moves @deadline from @place to where it belongs, up or down. */
static void
sift (BelfryDeadlines *self, guint place, BelfryDeadline *deadline)
{
  guint child;

  for (; place > 1 && at_place (self, place / 2)->at > deadline->at; place /= 2)
    put (self, place, at_place (self, place / 2));
  for (; (child = place * 2) < self->heap->len; place = child)
    {
      if (child + 1 < self->heap->len
          && at_place (self, child + 1)->at < at_place (self, child)->at)
        child++;
      if (at_place (self, child)->at >= deadline->at)
        break;
      put (self, place, at_place (self, child));
    }
  put (self, place, deadline);
}

/* Sets or moves a deadline. It must be cleared before its memory goes. */
void
belfry_deadlines_set (BelfryDeadlines *self, BelfryDeadline *deadline, gint64 at)
{
  deadline->at = at;
  if (deadline->place == 0)
    {
      deadline->place = self->heap->len;
      g_ptr_array_add (self->heap, deadline);
    }
  sift (self, deadline->place, deadline);
}

void
belfry_deadlines_clear (BelfryDeadlines *self, BelfryDeadline *deadline)
{
  guint place = deadline->place;
  BelfryDeadline *last;

  if (place == 0)
    return;
  deadline->place = 0;
  last = g_ptr_array_steal_index (self->heap, self->heap->len - 1);
  if (last != deadline)
    sift (self, place, last);
}

/* Returns: (nullable): one that has passed at @now, taken out */
BelfryDeadline *
belfry_deadlines_pop (BelfryDeadlines *self, gint64 now)
{
  BelfryDeadline *first;

  if (self->heap->len == 1)
    return NULL;
  first = at_place (self, 1);
  if (first->at > now)
    return NULL;
  belfry_deadlines_clear (self, first);
  return first;
}
