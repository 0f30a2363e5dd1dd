/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

static void
on_change (BelfryChange *change, gpointer user_data)
{
  StoreFixture *fixture = user_data;

  g_ptr_array_add (fixture->changes, belfry_change_ref (change));
}

void
store_fixture_open (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = belfry_sql_store_open (fixture->path, FALSE, &error);
  g_assert_no_error (error);
  belfry_store_set_listener (BELFRY_STORE (fixture->store), on_change, fixture);
}

void
store_fixture_close (StoreFixture *fixture)
{
  if (fixture->store != NULL)
    belfry_sql_store_close (fixture->store);
  g_clear_object (&fixture->store);
}

void
store_fixture_set_up (StoreFixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("belfry-store-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "belfry.db", NULL);
  fixture->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_change_unref);
  store_fixture_open (fixture);
}

void
store_fixture_tear_down (StoreFixture *fixture, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".mark" };

  store_fixture_close (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, suffixes[i], NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_ptr_array_unref (fixture->changes);
}

/* Runs SQL as somebody else would, past the store. */
char *
store_fixture_ask_sql (StoreFixture *fixture, const char *sql)
{
  sqlite3 *db;
  sqlite3_stmt *statement;
  char *answer = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  if (sqlite3_step (statement) == SQLITE_ROW)
    answer = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  g_assert_cmpint (sqlite3_finalize (statement), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
  return answer;
}

void
store_fixture_run_sql (StoreFixture *fixture, const char *sql)
{
  g_free (store_fixture_ask_sql (fixture, sql));
}

/* @options: (nullable): a dictionary in GVariant's text format */
BelfryDraft *
store_fixture_draft (const char *user_id, const char *data, const char *options)
{
  g_autoptr (GVariant) dictionary = NULL;
  g_autoptr (GError) error = NULL;
  BelfryDraft *draft;

  if (options != NULL)
    dictionary = g_variant_parse (G_VARIANT_TYPE_VARDICT, options, NULL, NULL, &error);
  g_assert_no_error (error);
  draft = belfry_draft_new (user_id, data, dictionary, &error);
  g_assert_no_error (error);
  return draft;
}

typedef struct
{
  gpointer result;
} Waiting;

static void
on_written (BelfryStoreWrite *write, gpointer user_data)
{
  Waiting *waiting = user_data;
  BelfryStoreWrite *copy = belfry_store_write_new (write->kind, write->user_id);

  copy->result_ids = g_steal_pointer (&write->result_ids);
  copy->count = write->count;
  copy->more = write->more;
  copy->up_to = write->up_to;
  copy->error = g_steal_pointer (&write->error);
  waiting->result = copy;
}

/* Takes @write over, and gives it back with the result. */
BelfryStoreWrite *
store_fixture_write (StoreFixture *fixture, BelfryStoreWrite *write)
{
  Waiting waiting = { NULL };

  write->done = on_written;
  write->user_data = &waiting;
  belfry_store_write (BELFRY_STORE (fixture->store), write);
  while (waiting.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return waiting.result;
}

gint64
store_fixture_create (StoreFixture *fixture,
                      const char *user_id,
                      const char *data,
                      const char *options)
{
  g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (write->drafts, store_fixture_draft (user_id, data, options));
  write = store_fixture_write (fixture, write);
  g_assert_no_error (write->error);
  return g_array_index (write->result_ids, gint64, 0);
}

guint
store_fixture_change (StoreFixture *fixture,
                      BelfryWriteKind kind,
                      const char *user_id,
                      const gint64 *ids,
                      guint n_ids)
{
  guint count = 0;
  gint64 up_to = G_MAXINT64;
  gboolean more;

  do
    {
      g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (kind, user_id);

      if (ids != NULL)
        {
          write->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
          g_array_append_vals (write->ids, ids, n_ids);
        }
      write->up_to = up_to;
      write = store_fixture_write (fixture, write);
      g_assert_no_error (write->error);
      count += write->count;
      up_to = write->up_to;
      more = write->more;
    }
  while (more);
  return count;
}

static void
on_read (BelfryStoreRead *read, gpointer user_data)
{
  Waiting *waiting = user_data;
  BelfryStoreRead *copy = g_memdup2 (read, sizeof *read);

  /* The fields move to the copy. */
  memset (&read->user_id, 0, sizeof *read - G_STRUCT_OFFSET (BelfryStoreRead, user_id));
  waiting->result = copy;
}

BelfryStoreRead *
store_fixture_read (StoreFixture *fixture, BelfryStoreRead *read)
{
  Waiting waiting = { NULL };

  read->done = on_read;
  read->user_data = &waiting;
  belfry_store_read (BELFRY_STORE (fixture->store), read);
  while (waiting.result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return waiting.result;
}

BelfryInboxState
store_fixture_state (StoreFixture *fixture, const char *user_id)
{
  g_autoptr (BelfryStoreRead) read =
      store_fixture_read (fixture, belfry_store_read_new (BELFRY_READ_STATE, user_id));

  g_assert_no_error (read->error);
  return read->state;
}

BelfryStoreRead *
store_fixture_list (StoreFixture *fixture, const char *user_id)
{
  BelfryStoreRead *read = belfry_store_read_new (BELFRY_READ_LIST, user_id);

  read->limit = 1000;
  read = store_fixture_read (fixture, read);
  g_assert_no_error (read->error);
  return read;
}
