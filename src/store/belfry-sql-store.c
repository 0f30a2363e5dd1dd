/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-sql-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libgda/libgda.h>
#include <string.h>
#include <unistd.h>

#include "belfry-error.h"
#include "belfry-schema.h"
#include "belfry-store-copy.h"
#include "belfry-store-thread.h"

struct _BelfrySqlStore
{
  GObject parent_instance;

  char *path;
  char *epoch;
  BelfryMailboxSource *results;
  BelfryCheckpointer *checkpointer;
  BelfryStoreWriter *writer;
  BelfryStoreReader *reader;
  BelfryStoreListener listener;
  gpointer listener_data;
};

static void belfry_sql_store_iface_init (BelfryStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfrySqlStore,
                               belfry_sql_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_STORE,
                                                      belfry_sql_store_iface_init))

/* The cache of a connection in KiB, as SQLite wants it: negative. The writer waits less for a lock
 * than a stop may take. Checkpoints are another thread's; the writer makes one itself, which its
 * commits wait for, only when that cannot keep pace, and the log has 32 MiB. That is also what is
 * left of a log that a long reader let grow. What is deleted is overwritten, so that it is gone. */
static const char writer_pragmas[] = "PRAGMA cache_size = -16384;\n"
                                     "PRAGMA busy_timeout = 500;\n"
                                     "PRAGMA secure_delete = ON;\n"
                                     "PRAGMA wal_autocheckpoint = 4096;\n"
                                     "PRAGMA journal_size_limit = 33554432;\n";
static const char checkpointer_pragmas[] = "PRAGMA cache_size = -256;\n";
static const char reader_pragmas[] = "PRAGMA cache_size = -4096;\n"
                                     "PRAGMA busy_timeout = 2000;\n"
                                     "PRAGMA query_only = ON;\n";

static void
handle_result (gpointer message, gpointer user_data)
{
  BelfrySqlStore *self = user_data;
  BelfryStoreResult *result = message;

  if (result->read != NULL)
    {
      result->read->done (result->read, result->read->user_data);
      belfry_store_read_free (result->read);
      return;
    }
  for (guint i = 0; i < result->changes->len && self->listener != NULL; i++)
    self->listener (g_ptr_array_index (result->changes, i), self->listener_data);
  g_ptr_array_unref (result->changes);
  for (guint i = 0; result->writes != NULL && i < result->writes->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (result->writes, i);

      write->done (write, write->user_data);
    }
  g_clear_pointer (&result->writes, g_ptr_array_unref);
}

static void
set_closed (GError **error)
{
  g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                       "Belfry is going down: call again later");
}

static void
belfry_sql_store_write (BelfryStore *store, BelfryStoreWrite *write)
{
  BelfrySqlStore *self = BELFRY_SQL_STORE (store);

  if (self->writer != NULL)
    {
      belfry_store_writer_submit (self->writer, write);
      return;
    }
  set_closed (&write->error);
  write->done (write, write->user_data);
  belfry_store_write_free (write);
}

static void
belfry_sql_store_read (BelfryStore *store, BelfryStoreRead *read)
{
  BelfrySqlStore *self = BELFRY_SQL_STORE (store);

  if (self->reader != NULL)
    {
      belfry_store_reader_submit (self->reader, read);
      return;
    }
  set_closed (&read->error);
  read->done (read, read->user_data);
  belfry_store_read_free (read);
}

static void
belfry_sql_store_set_listener (BelfryStore *store, BelfryStoreListener listener, gpointer user_data)
{
  BelfrySqlStore *self = BELFRY_SQL_STORE (store);

  self->listener = listener;
  self->listener_data = user_data;
}

static const char *
belfry_sql_store_get_epoch (BelfryStore *store)
{
  return BELFRY_SQL_STORE (store)->epoch;
}

static void
belfry_sql_store_copy_async (BelfryStore *store,
                             const char *user_id,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  belfry_store_copy_start (BELFRY_SQL_STORE (store)->path, user_id, store, callback, user_data);
}

static int
belfry_sql_store_copy_finish (BelfryStore *store, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

static void
belfry_sql_store_iface_init (BelfryStoreInterface *iface)
{
  iface->write = belfry_sql_store_write;
  iface->read = belfry_sql_store_read;
  iface->set_listener = belfry_sql_store_set_listener;
  iface->get_epoch = belfry_sql_store_get_epoch;
  iface->copy_async = belfry_sql_store_copy_async;
  iface->copy_finish = belfry_sql_store_copy_finish;
}

/* Waits until what was submitted is stored and answered, then closes the database. What is
 * submitted afterwards, as the next step of a call that takes several, is answered with
 * BELFRY_ERROR_BUSY. */
void
belfry_sql_store_close (BelfrySqlStore *self)
{
  g_clear_pointer (&self->writer, belfry_store_writer_stop);
  g_clear_pointer (&self->reader, belfry_store_reader_stop);
  g_clear_pointer (&self->checkpointer, belfry_checkpointer_stop);
  g_clear_pointer (&self->results, belfry_mailbox_source_free);
}

static void
belfry_sql_store_finalize (GObject *object)
{
  BelfrySqlStore *self = BELFRY_SQL_STORE (object);

  belfry_sql_store_close (self);
  g_free (self->path);
  g_free (self->epoch);

  G_OBJECT_CLASS (belfry_sql_store_parent_class)->finalize (object);
}

static void
belfry_sql_store_class_init (BelfrySqlStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_sql_store_finalize;
}

static void
belfry_sql_store_init (BelfrySqlStore *self)
{
}

/* Makes the file before SQLite does, so that only its owner can read it. One that is there must be
 * a database: libgda loses its connection to one that isn't. */
static gboolean
create_private_file (const char *path, GError **error)
{
  static const char magic[16] = "SQLite format 3";
  char start[sizeof magic] = { 0 };
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  gssize length;

  if (fd < 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  length = read (fd, start, sizeof start);
  close (fd);
  if (length != 0 && memcmp (start, magic, sizeof magic) != 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE, _ ("%s: the file is not a database"),
                   path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_epoch (BelfrySql *sql, const char *epoch, GError **error)
{
  const BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("epoch", epoch) };

  return belfry_sql_run (sql, "set_epoch", arguments, G_N_ELEMENTS (arguments), NULL, error);
}

/* Finds the epoch of the database, or makes a new one if what clients know may be more than it
 * holds. */
static char *
choose_epoch (BelfrySql *sql, BelfryMarkFile *mark, gboolean new_epoch, GError **error)
{
  g_autofree char *epoch = belfry_sql_select_text (sql, "epoch", error);
  gint64 position;

  if (epoch == NULL || !belfry_sql_select_int (sql, "position", &position, error))
    return NULL;
  if (!new_epoch && belfry_mark_file_is_ahead (mark, epoch, position))
    {
      g_warning ("The database is older than it once was: it seems to be a restored backup. "
                 "A new epoch begins, in which every client lists afresh");
      new_epoch = TRUE;
    }
  if (!new_epoch)
    return g_steal_pointer (&epoch);

  g_free (epoch);
  epoch = g_uuid_string_random ();
  return set_epoch (sql, epoch, error) ? g_steal_pointer (&epoch) : NULL;
}

/* Opens the database, makes or migrates it, and starts the two threads. It blocks, and belongs to
 * the start of a program. */
BelfrySqlStore *
belfry_sql_store_open (const char *path, const BelfrySqlStoreOptions *options, GError **error)
{
  g_autoptr (BelfrySqlStore) self = g_object_new (BELFRY_TYPE_SQL_STORE, NULL);
  g_autoptr (BelfryMarkFile) mark = NULL;
  g_autoptr (BelfrySql) writer_sql = NULL;
  g_autoptr (BelfrySql) reader_sql = NULL;
  g_autoptr (BelfrySql) checkpointer_sql = NULL;
  BelfryMailbox *results;

  gda_init ();
  self->path = g_strdup (path);
  if (!create_private_file (path, error) || !(mark = belfry_mark_file_open (path, error))
      || !(writer_sql = belfry_sql_open (path, error)) || !belfry_schema_prepare (writer_sql, error)
      || !belfry_sql_run_script (writer_sql, writer_pragmas, error)
      || !(reader_sql = belfry_sql_open (path, error))
      || !belfry_sql_run_script (reader_sql, reader_pragmas, error)
      || !(checkpointer_sql = belfry_sql_open (path, error))
      || !belfry_sql_run_script (checkpointer_sql, checkpointer_pragmas, error)
      || !(self->epoch = choose_epoch (writer_sql, mark, options->new_epoch, error)))
    return NULL;

  belfry_store_copy_clean_up (path);
  self->results = belfry_mailbox_source_new (NULL, "[belfry] store results",
                                             sizeof (BelfryStoreResult), handle_result, self);
  results = belfry_mailbox_source_get_mailbox (self->results);
  self->checkpointer = belfry_checkpointer_new (g_steal_pointer (&checkpointer_sql));
  self->writer = belfry_store_writer_new (g_steal_pointer (&writer_sql), g_steal_pointer (&mark),
                                          &options->retention, self->checkpointer, results, error);
  if (self->writer == NULL)
    return NULL;
  self->reader = belfry_store_reader_new (g_steal_pointer (&reader_sql), results);
  return g_steal_pointer (&self);
}
