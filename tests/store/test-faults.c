/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A database that is locked, and a disk that is full. */

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>

#include "belfry-error.h"
#include "store-fixture.h"

static BelfryStoreWrite *
new_creation (const char *user_id, const char *data)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (write->drafts, store_fixture_draft (user_id, data, NULL));
  return write;
}

static sqlite3 *
lock (StoreFixture *fixture)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 5000);
  g_assert_cmpint (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  return db;
}

static void
unlock (sqlite3 *db)
{
  g_assert_cmpint (sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

static void
count_busy (BelfryStoreWrite *write, gpointer user_data)
{
  guint *n_busy = user_data;

  g_assert_error (write->error, BELFRY_ERROR, BELFRY_ERROR_BUSY);
  ++*n_busy;
}

static void
test_a_locked_database_is_busy_and_comes_back (StoreFixture *fixture, gconstpointer data)
{
  sqlite3 *other;
  guint n_busy = 0;
  gint64 id = store_fixture_create (fixture, "alice", "{}", NULL);

  other = lock (fixture);
  for (guint i = 0; i < 10; i++)
    {
      BelfryStoreWrite *write = new_creation ("alice", "{}");

      write->done = count_busy;
      write->user_data = &n_busy;
      belfry_store_write (BELFRY_STORE (fixture->store), write);
    }
  /* Whoever only reads is not held up. */
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 1);
  while (n_busy < 10)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->changes->len, ==, 1);

  unlock (other);
  g_assert_cmpint (store_fixture_create (fixture, "alice", "{}", NULL), ==, id + 1);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 2);
  store_fixture_check_chains (fixture);
}

static void
test_what_waits_when_a_locked_database_is_closed_is_busy (StoreFixture *fixture, gconstpointer data)
{
  BelfryStoreWrite *late = new_creation ("alice", "{}");
  gint64 begin;
  sqlite3 *other;
  guint n_busy = 0;

  store_fixture_create_many (fixture, "alice", 1);
  other = lock (fixture);
  /* Of so many rows that each is a transaction of its own, which would wait for the lock. */
  for (guint i = 0; i < 100; i++)
    {
      BelfryStoreWrite *write = new_creation ("alice", "{}");

      while (write->drafts->len < 1000)
        g_ptr_array_add (write->drafts, g_object_ref (g_ptr_array_index (write->drafts, 0)));
      write->done = count_busy;
      write->user_data = &n_busy;
      belfry_store_write (BELFRY_STORE (fixture->store), write);
    }
  begin = g_get_monotonic_time ();
  belfry_sql_store_close (fixture->store);
  g_assert_cmpuint (n_busy, ==, 100);
  /* Fifty transactions that wait for half a second each would take 25. */
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
  unlock (other);

  /* Whoever goes on step by step, and has not heard of it, is answered too. */
  late->done = count_busy;
  late->user_data = &n_busy;
  belfry_store_write (BELFRY_STORE (fixture->store), late);
  g_assert_cmpuint (n_busy, ==, 101);
}

static void
limit_files (rlim_t size)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = MIN (size, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* Writes until no file may grow any more. Returns: how many were stored */
static guint
fill_up (StoreFixture *fixture, const char *data)
{
  for (guint n = 0;; n++)
    {
      g_autoptr (BelfryStoreWrite) write =
          store_fixture_write (fixture, new_creation (n % 2 == 0 ? "alice" : "bob", data));

      if (write->error == NULL)
        continue;
      g_assert_error (write->error, BELFRY_ERROR, BELFRY_ERROR_STORAGE);
      g_assert_null (write->result_ids);
      return n;
    }
}

static void
test_a_full_disk_refuses_and_loses_nothing (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (3000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"f\":\"%s\"}", filling);
  g_autofree char *epoch = g_strdup (belfry_store_get_epoch (BELFRY_STORE (fixture->store)));
  guint n_stored;

  for (guint i = 0; i < 3; i++)
    {
      limit_files ((rlim_t) (700 + 300 * i) * 1024);
      n_stored = fill_up (fixture, large);
      g_assert_cmpuint (n_stored, >, 0);
      g_assert_cmpuint (fill_up (fixture, large), <=, 2);
      g_assert_cmpint (store_fixture_state (fixture, "alice").position, >, 0);
      limit_files (RLIM_INFINITY);

      store_fixture_create (fixture, "alice", large, NULL);
      store_fixture_create (fixture, "bob", large, NULL);
      store_fixture_check_counts (fixture, "alice");
      store_fixture_check_counts (fixture, "bob");
      store_fixture_check_chains (fixture);
      g_assert_cmpint (store_fixture_state (fixture, "alice").total
                           + store_fixture_state (fixture, "bob").total,
                       ==, fixture->changes->len);
      store_fixture_reopen (fixture);
      g_assert_cmpstr (belfry_store_get_epoch (BELFRY_STORE (fixture->store)), ==, epoch);
      g_assert_cmpint (store_fixture_state (fixture, "alice").total
                           + store_fixture_state (fixture, "bob").total,
                       ==, fixture->changes->len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);
  STORE_TEST ("/faults/a-locked-database-is-busy-and-comes-back",
              test_a_locked_database_is_busy_and_comes_back);
  STORE_TEST ("/faults/what-waits-when-a-locked-database-is-closed-is-busy",
              test_what_waits_when_a_locked_database_is_closed_is_busy);
  STORE_TEST ("/faults/a-full-disk-refuses-and-loses-nothing",
              test_a_full_disk_refuses_and_loses_nothing);
  return g_test_run ();
}
