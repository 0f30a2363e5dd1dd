/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-store-thread.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-error.h"
#include "belfry-work-queue.h"

/* Rows of one transaction, nearly. More would make those wait who come next. */
#define BATCH_ROWS 2000

/* The bytes of their data, likewise. One call may have more. */
#define BATCH_BYTES (4 * 1024 * 1024)

/* How long a removed notification stays as a tombstone, so that sessions can tell it. */
#define TOMBSTONE_AGE (30 * 24 * 3600 * (gint64) G_USEC_PER_SEC)

#define TOMBSTONE_INTERVAL (600 * G_USEC_PER_SEC)
#define RETENTION_INTERVAL (600 * G_USEC_PER_SEC)
#define RETRY_INTERVAL     (2 * G_USEC_PER_SEC)
#define EXPIRY_INTERVAL    (500 * (gint64) 1000)
#define MARK_INTERVAL      (1 * G_USEC_PER_SEC)

/* How long the readers of the log are waited for. */
#define TRUNCATE_TIME (1 * G_USEC_PER_SEC)

struct _BelfryStoreWriter
{
  BelfryWorkQueue *queue;
  BelfryMailbox *results;
  BelfryCheckpointer *checkpointer;
  GThread *thread;

  /* The thread's own. */
  BelfrySql *sql;
  BelfryInboxWriter *writer;
  BelfryMarkFile *mark;
  char *epoch;
  GQueue waiting; /* of BelfryStoreWrite */
  BelfryRetention retention;
  gint64 next_tombstones; /* monotonic, µs */
  gint64 next_retention;
  gboolean more_expired; /* the last step has not done all */
  gint64 next_mark;
  gboolean step_failed; /* the last step could not be done, which has been said */
};

static guint
count_rows (BelfryStoreWrite *write)
{
  if (write->drafts != NULL)
    return write->drafts->len;
  return write->ids != NULL ? write->ids->len : BATCH_ROWS / 2;
}

static gsize
count_bytes (BelfryStoreWrite *write)
{
  gsize n_bytes = write->data != NULL ? strlen (write->data) : 0;

  for (guint i = 0; write->drafts != NULL && i < write->drafts->len; i++)
    n_bytes += strlen (belfry_draft_get_data (g_ptr_array_index (write->drafts, i)));
  return n_bytes;
}

/* Takes as many writes as one transaction should do, at least one. */
static GPtrArray *
take_batch (BelfryStoreWriter *self)
{
  GPtrArray *batch = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_store_write_free);
  guint n_rows = 0;
  gsize n_bytes = 0;
  BelfryStoreWrite *write;

  while ((write = g_queue_peek_head (&self->waiting)) != NULL)
    {
      n_rows += count_rows (write);
      n_bytes += count_bytes (write);
      if (batch->len > 0 && (n_rows > BATCH_ROWS || n_bytes > BATCH_BYTES))
        break;
      g_ptr_array_add (batch, g_queue_pop_head (&self->waiting));
    }
  return batch;
}

static void
reset (BelfryStoreWrite *write)
{
  g_clear_pointer (&write->result_ids, g_array_unref);
  g_clear_error (&write->error);
  write->count = 0;
  write->more = FALSE;
}

/* Does the writes in their order. Creations that follow each other become one batch. */
static gboolean
apply (BelfryStoreWriter *self, GPtrArray *batch, GError **error)
{
  g_autoptr (GPtrArray) creations = g_ptr_array_new ();

  for (guint i = 0; i < batch->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (batch, i);

      reset (write);
      if (write->kind == BELFRY_WRITE_CREATE)
        {
          g_ptr_array_add (creations, write);
          continue;
        }
      if (creations->len > 0 && !belfry_inbox_writer_create (self->writer, creations, error))
        return FALSE;
      g_ptr_array_set_size (creations, 0);
      if (!belfry_inbox_writer_apply (self->writer, write, error))
        return FALSE;
    }
  return creations->len == 0 || belfry_inbox_writer_create (self->writer, creations, error);
}

/* Hands over what was done: the changes of the transaction, and the writes that it answers. */
static void
post (BelfryStoreWriter *self, GPtrArray *batch)
{
  BelfryStoreResult result = { 0 };

  belfry_checkpointer_notify (self->checkpointer);
  result.changes = g_steal_pointer (&self->writer->changes);
  result.writes = batch;
  self->writer->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_change_unref);
  belfry_mailbox_post (self->results, &result);
}

static void
fail (BelfryStoreWriter *self, GPtrArray *batch, const GError *error)
{
  for (guint i = 0; i < batch->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (batch, i);

      reset (write);
      write->error = g_error_copy (error);
    }
  post (self, batch);
}

/* Empties the log, for which nobody may read it, nor make a checkpoint. */
static gboolean
truncate_log (BelfryStoreWriter *self, GError **error)
{
  gint64 until = g_get_monotonic_time () + TRUNCATE_TIME;
  gint64 busy;

  do
    {
      if (!belfry_sql_select_int (self->sql, "truncate_log", &busy, error))
        return FALSE;
      if (busy == 0)
        return TRUE;
      g_usleep (10000);
    }
  while (g_get_monotonic_time () < until);
  g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                       "the user is erased, but the log that still has traces is being read: "
                       "erase once more, later");
  return FALSE;
}

/* What was erased is overwritten in the database, but still stands in the log: so that goes, too.
 */
static void
end_erasing (BelfryStoreWriter *self, GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (batch, i);

      if (write->kind == BELFRY_WRITE_ERASE && !write->more)
        truncate_log (self, &write->error);
    }
}

/* Commits @batch, which is taken over. One that fails is repeated write by write, so that one that
 * is at fault fails alone.
 *
 * Returns: (nullable): that the database is locked, if that is so */
static GError *
commit (BelfryStoreWriter *self, GPtrArray *batch)
{
  g_autoptr (GPtrArray) owned = batch;
  g_autoptr (GError) error = NULL;

  belfry_inbox_writer_begin (self->writer);
  if (apply (self, owned, &error) && belfry_inbox_writer_commit (self->writer, &error))
    {
      end_erasing (self, owned);
      post (self, g_steal_pointer (&owned));
      return NULL;
    }

  belfry_inbox_writer_rollback (self->writer);
  if (g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_BUSY))
    {
      /* So it would be for each of them. */
      fail (self, g_steal_pointer (&owned), error);
      return g_steal_pointer (&error);
    }
  if (owned->len == 1)
    {
      fail (self, g_steal_pointer (&owned), error);
      return NULL;
    }
  while (owned->len > 0)
    {
      GPtrArray *single = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_store_write_free);
      GError *locked;

      g_ptr_array_add (single, g_ptr_array_steal_index (owned, 0));
      locked = commit (self, single);
      if (locked != NULL)
        {
          fail (self, g_steal_pointer (&owned), locked);
          return locked;
        }
    }
  return NULL;
}

typedef gboolean (*Step) (BelfryStoreWriter *self, gboolean *more, GError **error);

static gboolean
expire (BelfryStoreWriter *self, gboolean *more, GError **error)
{
  return belfry_inbox_writer_expire (self->writer, more, error);
}

static gboolean
retain (BelfryStoreWriter *self, gboolean *more, GError **error)
{
  return belfry_inbox_writer_retain (self->writer, &self->retention, more, error);
}

static gboolean
drop_tombstones (BelfryStoreWriter *self, gboolean *more, GError **error)
{
  return belfry_inbox_writer_drop_tombstones (self->writer, self->writer->now - TOMBSTONE_AGE, more,
                                              error);
}

/* Does one step of what nobody has asked for. @more: whether there is more of it */
static gboolean
step (BelfryStoreWriter *self, Step func, gboolean *more)
{
  g_autoptr (GError) error = NULL;

  *more = FALSE;
  belfry_inbox_writer_begin (self->writer);
  if (!func (self, more, &error) || !belfry_inbox_writer_commit (self->writer, &error))
    {
      if (g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_BUSY))
        g_info ("%s", error->message);
      else if (!self->step_failed)
        g_warning ("What is over cannot be removed: %s", error->message);
      self->step_failed = !g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_BUSY);
      belfry_inbox_writer_rollback (self->writer);
      return FALSE;
    }
  self->step_failed = FALSE;
  if (self->writer->changes->len > 0)
    post (self, NULL);
  return TRUE;
}

/* Does a step if it is time for one, and then says in @next when the next is due. */
static void
step_if_due (BelfryStoreWriter *self, Step func, gint64 *next, gint64 interval)
{
  gint64 now = g_get_monotonic_time ();
  gboolean more;

  if (*next > now)
    return;
  if (!step (self, func, &more))
    *next = now + RETRY_INTERVAL;
  else if (!more)
    *next = now + interval;
}

static void
maintain (BelfryStoreWriter *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next_expiry = self->writer->next_expiry;

  self->more_expired = FALSE;
  if (next_expiry != 0 && next_expiry <= g_get_real_time ())
    step (self, expire, &self->more_expired);
  step_if_due (self, retain, &self->next_retention, RETENTION_INTERVAL);
  step_if_due (self, drop_tombstones, &self->next_tombstones, TOMBSTONE_INTERVAL);
  if (self->next_mark <= now)
    {
      belfry_mark_file_set (self->mark, self->epoch, self->writer->committed);
      self->next_mark = now + MARK_INTERVAL;
    }
}

/* Until when the thread may sleep if nothing is asked of it. */
static gint64
next_wake (BelfryStoreWriter *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 until = MIN (self->next_tombstones, self->next_retention);

  if (!g_queue_is_empty (&self->waiting) || self->more_expired)
    return 0;
  /* What expires goes by the wall clock, which may be set at any time. */
  if (self->writer->next_expiry != 0)
    until = MIN (until, now + EXPIRY_INTERVAL);
  if (!belfry_mark_file_is_at (self->mark, self->writer->committed))
    until = MIN (until, self->next_mark);
  return until;
}

/* Refuses what waits, as the database cannot be written to and there is no time to wait for it. */
static void
refuse_waiting (BelfryStoreWriter *self, const GError *error)
{
  while (!g_queue_is_empty (&self->waiting))
    fail (self, take_batch (self), error);
}

static gpointer
writer_thread (gpointer data)
{
  BelfryStoreWriter *self = data;
  gboolean running;

  do
    {
      g_autoptr (GError) locked = NULL;

      running = belfry_work_queue_take (self->queue, &self->waiting, next_wake (self));
      if (!g_queue_is_empty (&self->waiting))
        locked = commit (self, take_batch (self));
      if (locked != NULL)
        g_info ("%s", locked->message);
      if (locked != NULL && belfry_work_queue_is_stopped (self->queue))
        refuse_waiting (self, locked);
      else if (locked == NULL && running)
        maintain (self);
    }
  while (running || !g_queue_is_empty (&self->waiting));
  belfry_mark_file_set (self->mark, self->epoch, self->writer->committed);
  return NULL;
}

/* Starts the thread, which owns @sql and @mark from now on. */
BelfryStoreWriter *
belfry_store_writer_new (BelfrySql *sql,
                         BelfryMarkFile *mark,
                         const BelfryRetention *retention,
                         BelfryCheckpointer *checkpointer,
                         BelfryMailbox *results,
                         GError **error)
{
  g_autofree char *epoch = belfry_sql_select_text (sql, "epoch", error);
  BelfryInboxWriter *writer = epoch != NULL ? belfry_inbox_writer_new (sql, error) : NULL;
  BelfryStoreWriter *self;

  if (writer == NULL)
    {
      belfry_sql_close (sql);
      belfry_mark_file_close (mark);
      return NULL;
    }
  self = g_new0 (BelfryStoreWriter, 1);
  self->queue = belfry_work_queue_new ();
  self->results = results;
  self->checkpointer = checkpointer;
  self->sql = sql;
  self->writer = writer;
  self->mark = mark;
  self->retention = *retention;
  if (retention->days == 0 && retention->count == 0)
    self->next_retention = G_MAXINT64;
  self->epoch = g_steal_pointer (&epoch);
  self->thread = g_thread_new ("belfry-writer", writer_thread, self);
  return self;
}

void
belfry_store_writer_submit (BelfryStoreWriter *self, BelfryStoreWrite *write)
{
  belfry_work_queue_push (self->queue, write);
}

/* Waits until everything that was submitted is done, or refused if the database is locked. */
void
belfry_store_writer_stop (BelfryStoreWriter *self)
{
  belfry_work_queue_stop (self->queue);
  g_thread_join (self->thread);
  belfry_work_queue_free (self->queue);
  belfry_inbox_writer_free (self->writer);
  belfry_sql_close (self->sql);
  belfry_mark_file_close (self->mark);
  g_free (self->epoch);
  g_free (self);
}
