/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-reader.h"
#include "belfry-store-thread.h"
#include "belfry-work-queue.h"

/* Registrations that are answered by one statement. */
#define STATES_MAX 500

struct _BelfryStoreReader
{
  BelfryWorkQueue *queue;
  BelfryMailbox *results;
  GThread *thread;

  /* The thread's own. */
  BelfrySql *sql;
  GQueue arrived;
  GQueue lists;
  GQueue states;
  GQueue pages; /* a session asks for one at a time, so that this is round robin */
};

static void
post (BelfryStoreReader *self, BelfryStoreRead *read)
{
  const BelfryStoreResult result = { .read = read };

  belfry_mailbox_post (self->results, &result);
}

static void
sort (BelfryStoreReader *self)
{
  BelfryStoreRead *read;

  while ((read = g_queue_pop_head (&self->arrived)) != NULL)
    switch (read->kind)
      {
      case BELFRY_READ_STATE:
        g_queue_push_tail (&self->states, read);
        break;
      case BELFRY_READ_PAGE:
        g_queue_push_tail (&self->pages, read);
        break;
      case BELFRY_READ_GET:
      case BELFRY_READ_LIST:
      default:
        g_queue_push_tail (&self->lists, read);
        break;
      }
}

static void
read_one (BelfryStoreReader *self, BelfryStoreRead *read)
{
  belfry_inbox_reader_read (self->sql, read, &read->error);
  post (self, read);
}

static void
read_states (BelfryStoreReader *self)
{
  g_autoptr (GPtrArray) reads = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  while (reads->len < STATES_MAX && !g_queue_is_empty (&self->states))
    g_ptr_array_add (reads, g_queue_pop_head (&self->states));
  belfry_inbox_reader_read_states (self->sql, reads, &error);
  for (guint i = 0; i < reads->len; i++)
    {
      BelfryStoreRead *read = g_ptr_array_index (reads, i);

      if (error != NULL)
        read->error = g_error_copy (error);
      post (self, read);
    }
}

/* Does what is most urgent. Returns: FALSE if nothing waits */
static gboolean
step (BelfryStoreReader *self)
{
  if (!g_queue_is_empty (&self->lists))
    read_one (self, g_queue_pop_head (&self->lists));
  else if (!g_queue_is_empty (&self->states))
    read_states (self);
  else if (!g_queue_is_empty (&self->pages))
    read_one (self, g_queue_pop_head (&self->pages));
  else
    return FALSE;
  return TRUE;
}

static gpointer
reader_thread (gpointer data)
{
  BelfryStoreReader *self = data;
  gboolean more = FALSE;

  /* Between two steps it looks what has come: it may be more urgent. */
  while (belfry_work_queue_take (self->queue, &self->arrived, more ? 0 : G_MAXINT64) || more)
    {
      sort (self);
      more = step (self);
    }
  return NULL;
}

/* Starts the thread, which owns @sql from now on. */
BelfryStoreReader *
belfry_store_reader_new (BelfrySql *sql, BelfryMailbox *results)
{
  BelfryStoreReader *self = g_new0 (BelfryStoreReader, 1);

  self->queue = belfry_work_queue_new ();
  self->results = results;
  self->sql = sql;
  self->thread = g_thread_new ("belfry-reader", reader_thread, self);
  return self;
}

void
belfry_store_reader_submit (BelfryStoreReader *self, BelfryStoreRead *read)
{
  belfry_work_queue_push (self->queue, read);
}

/* Waits until everything that was submitted is answered. */
void
belfry_store_reader_stop (BelfryStoreReader *self)
{
  belfry_work_queue_stop (self->queue);
  g_thread_join (self->thread);
  belfry_work_queue_free (self->queue);
  belfry_sql_close (self->sql);
  g_free (self);
}
