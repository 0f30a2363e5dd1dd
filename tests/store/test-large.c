/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notifications of 64 KiB: what they cost in the log, in a transaction and in a page. */

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "belfry-error.h"
#include "store-fixture.h"

#define MIB (1024 * 1024)

/* 32 MiB, and what the largest transaction has. */
#define LOG_MAX (48 * MIB)

static BelfryStoreWrite *
new_large (const char *user_id, guint n)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  g_autofree char *filling = g_strnfill (65000, 'x');
  g_autofree char *data = g_strdup_printf ("{\"f\":\"%s\"}", filling);

  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  for (; n > 0; n--)
    g_ptr_array_add (write->drafts, store_fixture_draft (user_id, data, NULL));
  return write;
}

static void
create_large (StoreFixture *fixture, const char *user_id, guint n)
{
  g_autoptr (BelfryStoreWrite) write = store_fixture_write (fixture, new_large (user_id, n));

  g_assert_no_error (write->error);
}

static gint64
size_of_log (StoreFixture *fixture)
{
  g_autofree char *path = g_strconcat (fixture->path, "-wal", NULL);
  GStatBuf status;

  return g_stat (path, &status) == 0 ? status.st_size : 0;
}

static void
test_the_log_stays_bounded (StoreFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 40; i++)
    {
      create_large (fixture, "alice", 50);
      g_assert_cmpint (size_of_log (fixture), <, LOG_MAX);
    }
}

static sqlite3 *
begin_reading (StoreFixture *fixture)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "BEGIN; SELECT count (*) FROM meta", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  return db;
}

static void
test_a_log_that_a_long_reader_let_grow_shrinks_again (StoreFixture *fixture, gconstpointer data)
{
  gint64 until = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  sqlite3 *other = begin_reading (fixture);

  for (guint i = 0; i < 20; i++)
    create_large (fixture, "alice", 50);
  g_assert_cmpint (size_of_log (fixture), >, LOG_MAX);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  while (size_of_log (fixture) > LOG_MAX && g_get_monotonic_time () < until)
    store_fixture_create (fixture, "bob", "{}", NULL);
  g_assert_cmpint (size_of_log (fixture), <=, LOG_MAX);
}

/* Reads the database as if the log were not there. */
static char *
ask_without_log (StoreFixture *fixture, const char *sql)
{
  StoreFixture copy = { .path = g_strconcat (fixture->path, "-copy", NULL) };
  g_autofree char *contents = NULL;
  gsize length;
  char *answer;

  g_assert_true (g_file_get_contents (fixture->path, &contents, &length, NULL));
  g_assert_true (g_file_set_contents (copy.path, contents, (gssize) length, NULL));
  answer = store_fixture_ask_sql (&copy, sql);
  store_fixture_delete (&copy);
  g_free (copy.path);
  return answer;
}

static void
test_what_was_committed_reaches_the_database_by_itself (StoreFixture *fixture, gconstpointer data)
{
  gint64 until = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  g_autofree char *n_rows = NULL;

  /* The schema comes with it. */
  store_fixture_reopen (fixture);
  store_fixture_create (fixture, "alice", "{}", NULL);
  while (g_strcmp0 (n_rows, "1") != 0 && g_get_monotonic_time () < until)
    {
      g_usleep (20000);
      g_free (n_rows);
      n_rows = ask_without_log (fixture, "SELECT count (*) FROM notification");
    }
  g_assert_cmpstr (n_rows, ==, "1");
}

static void
count_written (BelfryStoreWrite *write, gpointer user_data)
{
  guint *n = user_data;

  /* On a machine that stands still for a while the lock was held too long. */
  if (write->error != NULL)
    g_assert_error (write->error, BELFRY_ERROR, BELFRY_ERROR_BUSY);
  ++*n;
}

static void
test_a_transaction_is_bounded_in_bytes (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *largest = NULL;
  g_autoptr (GPtrArray) writes = g_ptr_array_new ();
  guint n_written = 0;
  sqlite3 *other;

  for (guint i = 0; i < 200; i++)
    {
      BelfryStoreWrite *write = new_large ("alice", 1);

      write->done = count_written;
      write->user_data = &n_written;
      g_ptr_array_add (writes, write);
    }
  /* While nobody can write, all of them come together. */
  g_assert_cmpint (sqlite3_open (fixture->path, &other), ==, SQLITE_OK);
  sqlite3_busy_timeout (other, 5000);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (guint i = 0; i < writes->len; i++)
    belfry_store_write (BELFRY_STORE (fixture->store), g_ptr_array_index (writes, i));
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  while (n_written < 200)
    g_main_context_iteration (NULL, TRUE);
  /* A transaction has one time. */
  largest = store_fixture_ask_sql (fixture, "SELECT max (bytes) FROM (SELECT sum (length (data)) "
                                            "AS bytes FROM notification GROUP BY created_at)");
  g_assert_cmpint (g_ascii_strtoll (largest, NULL, 10), <=, 4 * MIB);
}

/* How many bytes this process has read from files. */
static gint64
bytes_read (void)
{
  g_autofree char *contents = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/io", &contents, NULL, NULL));
  g_assert_true (g_str_has_prefix (contents, "rchar: "));
  return g_ascii_strtoll (contents + strlen ("rchar: "), NULL, 10);
}

static void
check_cheap_read (StoreFixture *fixture, BelfryStoreRead *read, guint n_rows)
{
  gint64 before = bytes_read ();

  read = store_fixture_read (fixture, read);
  g_assert_no_error (read->error);
  g_assert_cmpuint (read->rows->len, ==, n_rows);
  g_assert_true (read->more);
  g_assert_cmpint (bytes_read () - before, <, MIB);
  belfry_store_read_free (read);
}

static void
test_a_page_of_two_rows_reads_no_hundred (StoreFixture *fixture, gconstpointer data)
{
  BelfryStoreRead *read;

  for (guint i = 0; i < 4; i++)
    create_large (fixture, "alice", 50);
  /* Nothing is cached. */
  store_fixture_reopen (fixture);
  store_fixture_state (fixture, "alice");

  read = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  read->limit = 100;
  read->max_bytes = 131072;
  check_cheap_read (fixture, read, 2);
  read = belfry_store_read_new (BELFRY_READ_PAGE, "alice");
  read->limit = 100;
  read->max_bytes = 131072;
  check_cheap_read (fixture, read, 2);
  read = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  read->limit = 3;
  check_cheap_read (fixture, read, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/large/the-log-stays-bounded", test_the_log_stays_bounded);
  STORE_TEST ("/large/a-log-that-a-long-reader-let-grow-shrinks-again",
              test_a_log_that_a_long_reader_let_grow_shrinks_again);
  STORE_TEST ("/large/what-was-committed-reaches-the-database-by-itself",
              test_what_was_committed_reaches_the_database_by_itself);
  STORE_TEST ("/large/a-transaction-is-bounded-in-bytes", test_a_transaction_is_bounded_in_bytes);
  STORE_TEST ("/large/a-page-of-two-rows-reads-no-hundred",
              test_a_page_of_two_rows_reads_no_hundred);
  return g_test_run ();
}
