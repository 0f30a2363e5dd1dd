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

gboolean
store_fixture_try_open (StoreFixture *fixture, GError **error)
{
  fixture->store = belfry_sql_store_open (fixture->path, &fixture->options, error);
  if (fixture->store == NULL)
    return FALSE;
  belfry_store_set_listener (BELFRY_STORE (fixture->store), on_change, fixture);
  return TRUE;
}

void
store_fixture_open (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  store_fixture_try_open (fixture, &error);
  g_assert_no_error (error);
}

void
store_fixture_reopen (StoreFixture *fixture)
{
  store_fixture_close (fixture);
  store_fixture_open (fixture);
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
store_fixture_delete (StoreFixture *fixture)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".mark" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, suffixes[i], NULL);

      g_unlink (path);
    }
}

void
store_fixture_tear_down (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_close (fixture);
  store_fixture_delete (fixture);
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

/* Several statements may follow each other. */
void
store_fixture_run_sql (StoreFixture *fixture, const char *sql)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
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

/* Creates @n for a user, as few calls as can be. */
void
store_fixture_create_many (StoreFixture *fixture, const char *user_id, guint n)
{
  while (n > 0)
    {
      g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

      write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
      for (; n > 0 && write->drafts->len < 1000; n--)
        g_ptr_array_add (write->drafts, store_fixture_draft (user_id, "{}", NULL));
      write = store_fixture_write (fixture, write);
      g_assert_no_error (write->error);
    }
}

BelfryStoreWrite *
store_fixture_update (StoreFixture *fixture, const char *user_id, gint64 id, const char *data)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_UPDATE, user_id);

  write->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (write->ids, id);
  write->data = g_strdup (data);
  return store_fixture_write (fixture, write);
}

BelfryChange *
store_fixture_change_at (StoreFixture *fixture, guint i)
{
  g_assert_cmpuint (i, <, fixture->changes->len);
  return g_ptr_array_index (fixture->changes, i);
}

BelfryStoreRow *
store_row_at (GArray *rows, guint i)
{
  g_assert_cmpuint (i, <, rows->len);
  return &g_array_index (rows, BelfryStoreRow, i);
}

/* @what: an expression over the rows of a user */
static gint64
ask_of_rows (StoreFixture *fixture, const char *what, const char *user_id)
{
  g_autofree char *sql = g_strdup_printf ("SELECT %s FROM notification "
                                          "WHERE user = (SELECT key FROM user WHERE id = '%s')",
                                          what, user_id);
  g_autofree char *answer = store_fixture_ask_sql (fixture, sql);

  return answer != NULL ? g_ascii_strtoll (answer, NULL, 10) : 0;
}

/* Compares what the store says of a user with a full recount of the rows. */
void
store_fixture_check_counts (StoreFixture *fixture, const char *user_id)
{
  BelfryInboxState state = store_fixture_state (fixture, user_id);

  g_assert_cmpint (state.total, ==,
                   ask_of_rows (fixture, "count (*) FILTER (WHERE removed_at IS NULL)", user_id));
  g_assert_cmpint (state.unread, ==,
                   ask_of_rows (fixture,
                                "count (*) FILTER (WHERE removed_at IS NULL AND read_at IS NULL)",
                                user_id));
  g_assert_cmpint (state.position, >=, ask_of_rows (fixture, "max (position)", user_id));
}

/* Each change of a user says which one was before it, and no position comes twice. */
void
store_fixture_check_chains (StoreFixture *fixture)
{
  g_autoptr (GHashTable) newest = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < fixture->changes->len; i++)
    {
      BelfryChange *change = store_fixture_change_at (fixture, i);
      BelfryChange *before = g_hash_table_lookup (newest, change->user_id);

      g_assert_cmpint (change->previous, ==, before != NULL ? before->position : 0);
      g_assert_cmpint (change->position, >, change->previous);
      g_hash_table_replace (newest, change->user_id, change);
    }
}

static GHashTable *
stored_numbers (StoreFixture *fixture)
{
  GHashTable *stored = g_hash_table_new (NULL, NULL);
  g_autofree char *rows =
      store_fixture_ask_sql (fixture, "SELECT group_concat ((data ->> 'n') || ' ' || id, ',') "
                                      "FROM notification WHERE data ->> 'n' IS NOT NULL");
  g_auto (GStrv) lines = g_strsplit (rows != NULL ? rows : "", ",", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *end;
      gint64 n = g_ascii_strtoll (lines[i], &end, 10);

      /* None is there twice. */
      g_assert_true (g_hash_table_insert (stored, GSIZE_TO_POINTER (n),
                                          GSIZE_TO_POINTER (g_ascii_strtoll (end, NULL, 10))));
    }
  return stored;
}

/* @acknowledged: number → id: each has to be there, and has the number in its data, as "n"
 *
 * Returns: the newest position that the database knows */
gint64
store_fixture_check_acknowledged (StoreFixture *fixture, GHashTable *acknowledged)
{
  g_autoptr (GHashTable) stored = stored_numbers (fixture);
  /* Where nothing but creations came last, the newest id says more than the row. */
  g_autofree char *position = store_fixture_ask_sql (
      fixture, "SELECT max (position, (SELECT ifnull (max (position), 0) FROM notification)) "
               "FROM meta");
  GHashTableIter iter;
  gpointer number;
  gpointer id;

  g_hash_table_iter_init (&iter, acknowledged);
  while (g_hash_table_iter_next (&iter, &number, &id))
    g_assert_true (g_hash_table_lookup (stored, number) == id);
  return g_ascii_strtoll (position, NULL, 10);
}
