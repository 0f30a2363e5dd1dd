/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-work-queue.h"

#include "belfry-mailbox.h"

struct _BelfryWorkQueue
{
  BelfryMailbox *mailbox;
  GArray *taken;
  GMutex mutex;
  GCond cond;
  gboolean stopped;
};

static void
wake (gpointer user_data)
{
  BelfryWorkQueue *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

BelfryWorkQueue *
belfry_work_queue_new (void)
{
  BelfryWorkQueue *self = g_new0 (BelfryWorkQueue, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->mailbox = belfry_mailbox_new (sizeof (gpointer), wake, self);
  self->taken = g_array_new (FALSE, FALSE, sizeof (gpointer));
  return self;
}

void
belfry_work_queue_free (BelfryWorkQueue *self)
{
  belfry_mailbox_free (self->mailbox);
  g_array_unref (self->taken);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
belfry_work_queue_push (BelfryWorkQueue *self, gpointer work)
{
  belfry_mailbox_post (self->mailbox, &work);
}

/* Nothing is pushed any more; what waits is still taken. */
void
belfry_work_queue_stop (BelfryWorkQueue *self)
{
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
belfry_work_queue_is_stopped (BelfryWorkQueue *self)
{
  gboolean stopped;

  g_mutex_lock (&self->mutex);
  stopped = self->stopped;
  g_mutex_unlock (&self->mutex);
  return stopped;
}

/* Appends all that waits to @into. If there is nothing, it waits for some until @until (monotonic,
 * µs), or not at all if that has passed.
 *
 * Returns: FALSE if the queue is stopped and empty */
gboolean
belfry_work_queue_take (BelfryWorkQueue *self, GQueue *into, gint64 until)
{
  gboolean stopped;

  g_mutex_lock (&self->mutex);
  while (!self->stopped && belfry_mailbox_is_empty (self->mailbox)
         && g_cond_wait_until (&self->cond, &self->mutex, until))
    ;
  stopped = self->stopped;
  g_mutex_unlock (&self->mutex);

  if (belfry_mailbox_is_empty (self->mailbox))
    return !stopped;
  belfry_mailbox_take (self->mailbox, &self->taken);
  for (guint i = 0; i < self->taken->len; i++)
    g_queue_push_tail (into, g_array_index (self->taken, gpointer, i));
  return TRUE;
}
