/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-checkpointer.h"

/* From one checkpoint to the next: short enough to keep the log small, long enough that a page
 * which changes again and again is written once. */
#define INTERVAL (500 * (gint64) 1000)

struct _BelfryCheckpointer
{
  BelfrySql *sql;
  GThread *thread;
  GMutex mutex;
  GCond cond;
  gboolean due;
  gboolean stopped;
};

/* Returns: FALSE when the thread has to end */
static gboolean
wait_until_due (BelfryCheckpointer *self, gint64 not_before)
{
  gboolean stopped;

  g_mutex_lock (&self->mutex);
  while (!self->stopped && !self->due)
    g_cond_wait (&self->cond, &self->mutex);
  while (!self->stopped && g_cond_wait_until (&self->cond, &self->mutex, not_before))
    ;
  self->due = FALSE;
  stopped = self->stopped;
  g_mutex_unlock (&self->mutex);
  return !stopped;
}

static gpointer
checkpointer_thread (gpointer data)
{
  BelfryCheckpointer *self = data;
  gint64 not_before = 0;

  while (wait_until_due (self, not_before))
    {
      g_autoptr (GError) error = NULL;

      /* A passive one waits for nobody, and lets nobody wait. */
      if (!belfry_sql_run_script (self->sql, "PRAGMA wal_checkpoint (PASSIVE);\n", &error))
        g_info ("%s", error->message);
      not_before = g_get_monotonic_time () + INTERVAL;
    }
  return NULL;
}

/* Starts the thread, which owns @sql from now on. */
BelfryCheckpointer *
belfry_checkpointer_new (BelfrySql *sql)
{
  BelfryCheckpointer *self = g_new0 (BelfryCheckpointer, 1);

  self->sql = sql;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("belfry-checkpoint", checkpointer_thread, self);
  return self;
}

/* Something was committed. */
void
belfry_checkpointer_notify (BelfryCheckpointer *self)
{
  g_mutex_lock (&self->mutex);
  if (!self->due)
    g_cond_signal (&self->cond);
  self->due = TRUE;
  g_mutex_unlock (&self->mutex);
}

void
belfry_checkpointer_stop (BelfryCheckpointer *self)
{
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  belfry_sql_close (self->sql);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}
