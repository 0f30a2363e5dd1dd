/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-connection-limit.h"

struct _BelfryConnectionLimit
{
  gatomicrefcount ref_count;
  guint max;
  guint taken; /* atomic */
};

BelfryConnectionLimit *
belfry_connection_limit_new (guint max)
{
  BelfryConnectionLimit *self = g_new0 (BelfryConnectionLimit, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->max = max;
  return self;
}

BelfryConnectionLimit *
belfry_connection_limit_ref (BelfryConnectionLimit *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_connection_limit_unref (BelfryConnectionLimit *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

guint
belfry_connection_limit_get_taken (BelfryConnectionLimit *self)
{
  return (guint) g_atomic_int_get (&self->taken);
}

/* Returns: (transfer full) (nullable): a place, or NULL if all are taken */
BelfryConnectionSlot *
belfry_connection_limit_take (BelfryConnectionLimit *self)
{
  guint taken;

  do
    {
      taken = (guint) g_atomic_int_get (&self->taken);
      if (taken >= self->max)
        return NULL;
    }
  while (!g_atomic_int_compare_and_exchange (&self->taken, taken, taken + 1));

  /* The slot is a reference to the limit, so that holding one costs no memory. */
  return (BelfryConnectionSlot *) belfry_connection_limit_ref (self);
}

void
belfry_connection_slot_free (BelfryConnectionSlot *slot)
{
  BelfryConnectionLimit *limit = (BelfryConnectionLimit *) slot;

  g_atomic_int_add (&limit->taken, -1);
  belfry_connection_limit_unref (limit);
}
