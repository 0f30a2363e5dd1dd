/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an operator does not want to keep. */

#include <sqlite3.h>

#include "store-fixture.h"

#define PATIENCE (60 * G_USEC_PER_SEC)

static void
retain (StoreFixture *fixture, BelfryRetention retention)
{
  store_fixture_close (fixture);
  g_ptr_array_set_size (fixture->changes, 0);
  fixture->options.retention = retention;
  store_fixture_open (fixture);
}

static guint
count_changed_ids (StoreFixture *fixture)
{
  guint n = 0;

  for (guint i = 0; i < fixture->changes->len; i++)
    n += store_fixture_change_at (fixture, i)->ids->len;
  return n;
}

/* Waits until so many notifications are dropped. */
static void
wait_for_dropped (StoreFixture *fixture, guint n)
{
  gint64 until = g_get_monotonic_time () + PATIENCE;

  while (count_changed_ids (fixture) < n && g_get_monotonic_time () < until)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpuint (count_changed_ids (fixture), ==, n);
  for (guint i = 0; i < fixture->changes->len; i++)
    g_assert_cmpint (store_fixture_change_at (fixture, i)->kind, ==, BELFRY_CHANGE_REMOVED);
}

/* What is asked behind a first pass is answered after it. */
static void
let_it_pass (StoreFixture *fixture)
{
  store_fixture_create (fixture, "somebody else", "{}", NULL);
  store_fixture_create (fixture, "somebody else", "{}", NULL);
  g_ptr_array_set_size (fixture->changes, 0);
}

static void
assert_list (StoreFixture *fixture, const char *user_id, const gint64 *ids, guint n_ids)
{
  g_autoptr (BelfryStoreRead) list = store_fixture_list (fixture, user_id);

  g_assert_cmpuint (list->rows->len, ==, n_ids);
  for (guint i = 0; i < n_ids; i++)
    g_assert_cmpint (store_row_at (list->rows, i)->id, ==, ids[i]);
  store_fixture_check_counts (fixture, user_id);
}

static void
test_by_count_the_newest_and_the_unread_stay (StoreFixture *fixture, gconstpointer data)
{
  static const char key[] = "{'idempotency-key': <'k'>}";
  gint64 a[6];
  gint64 position;

  a[0] = store_fixture_create (fixture, "alice", "{}", key);
  for (guint i = 1; i < G_N_ELEMENTS (a); i++)
    a[i] = store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_create_many (fixture, "bob", 2);
  store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, "bob", NULL, 0);
  /* The second stays unread, and so does one of the newest three. */
  store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice",
                        (const gint64[]){ a[0], a[2], a[4], a[5] }, 4);
  position = store_fixture_state (fixture, "alice").position;

  retain (fixture, (BelfryRetention){ .count = 3 });
  wait_for_dropped (fixture, 2);
  g_assert_cmpuint (fixture->changes->len, ==, 1);
  g_assert_cmpstr (store_fixture_change_at (fixture, 0)->user_id, ==, "alice");
  g_assert_cmpint (store_fixture_change_at (fixture, 0)->previous, ==, position);
  g_assert_cmpint (store_fixture_change_at (fixture, 0)->unread, ==, 2);
  assert_list (fixture, "alice", (const gint64[]){ a[5], a[4], a[3], a[1] }, 4);
  g_assert_cmpint (store_fixture_state (fixture, "bob").total, ==, 2);
  g_assert_cmpint (store_fixture_create (fixture, "alice", "{}", key), ==, a[0]);
}

static void
test_by_age_the_time_of_creation_decides (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *sql = NULL;
  gint64 a[7];

  for (guint i = 0; i < G_N_ELEMENTS (a); i++)
    a[i] = store_fixture_create (fixture, "alice", "{}", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (a); i++)
    if (i != 1)
      store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", &a[i], 1);
  store_fixture_close (fixture);
  /* The first four are of the day before yesterday, and 2 was made while the clock was wrong. */
  sql = g_strdup_printf ("UPDATE notification SET created_at = created_at - 172800000000 "
                         "WHERE id <= %" G_GINT64_FORMAT " AND id != %" G_GINT64_FORMAT,
                         a[3], a[2]);
  store_fixture_run_sql (fixture, sql);

  retain (fixture, (BelfryRetention){ .days = 3 });
  let_it_pass (fixture);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 7);
  retain (fixture, (BelfryRetention){ .days = 1 });
  wait_for_dropped (fixture, 2);
  assert_list (fixture, "alice", (const gint64[]){ a[6], a[5], a[4], a[2], a[1] }, 5);
}

static void
test_unread_ones_go_only_if_that_is_wanted (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_create_many (fixture, "alice", 5);
  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET created_at = 1 WHERE id <= 2");

  retain (fixture, (BelfryRetention){ .days = 1, .count = 1 });
  let_it_pass (fixture);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 5);
  retain (fixture, (BelfryRetention){ .days = 1, .unread = TRUE });
  wait_for_dropped (fixture, 2);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 3);
  retain (fixture, (BelfryRetention){ .days = 1, .count = 1, .unread = TRUE });
  wait_for_dropped (fixture, 2 + 1);
  assert_list (fixture, "alice", (const gint64[]){ 5 }, 1);
}

static void
test_without_options_nothing_is_dropped (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_create_many (fixture, "alice", 3);
  store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, "alice", NULL, 0);
  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET created_at = 1");
  store_fixture_open (fixture);
  let_it_pass (fixture);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 3);
}

/* More users and more rows than one step does, with both rules. */
static void
test_much_goes_in_small_steps (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_create_many (fixture, "alice", 2500);
  for (guint n = 0; n < 2; n++)
    {
      g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

      write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
      for (guint i = 0; i < 1000; i++)
        {
          g_autofree char *user = g_strdup_printf ("user-%u-%u", n, i);

          g_ptr_array_add (write->drafts, store_fixture_draft (user, "{}", NULL));
        }
      write = store_fixture_write (fixture, write);
      g_assert_no_error (write->error);
    }
  store_fixture_create_many (fixture, "zoe", 1200);
  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET read_at = 1;"
                                  "UPDATE user SET unread = 0, total = (SELECT count (*) "
                                  "FROM notification AS n WHERE n.user = user.key), "
                                  "settled = (SELECT max (id) FROM notification AS n "
                                  "WHERE n.user = user.key);"
                                  "UPDATE notification SET created_at = 1 WHERE id <= 1500");

  retain (fixture, (BelfryRetention){ .days = 1, .count = 100 });
  wait_for_dropped (fixture, 2400 + 1100);
  for (guint i = 0; i < fixture->changes->len; i++)
    g_assert_cmpuint (store_fixture_change_at (fixture, i)->ids->len, <=, 1000);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 100);
  g_assert_cmpint (store_fixture_state (fixture, "zoe").total, ==, 100);
  g_assert_cmpint (store_fixture_state (fixture, "user-1-999").total, ==, 1);
  store_fixture_check_counts (fixture, "alice");
  store_fixture_check_counts (fixture, "zoe");
}

static void
test_a_locked_database_only_delays_it (StoreFixture *fixture, gconstpointer data)
{
  sqlite3 *other;

  store_fixture_create_many (fixture, "alice", 3);
  store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, "alice", NULL, 0);
  store_fixture_close (fixture);
  g_assert_cmpint (sqlite3_open (fixture->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);

  fixture->options.retention.count = 1;
  g_ptr_array_set_size (fixture->changes, 0);
  store_fixture_open (fixture);
  g_usleep (3 * G_USEC_PER_SEC);
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  wait_for_dropped (fixture, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/retention/by-count-the-newest-and-the-unread-stay",
              test_by_count_the_newest_and_the_unread_stay);
  STORE_TEST ("/retention/by-age-the-time-of-creation-decides",
              test_by_age_the_time_of_creation_decides);
  STORE_TEST ("/retention/unread-ones-go-only-if-that-is-wanted",
              test_unread_ones_go_only_if_that_is_wanted);
  STORE_TEST ("/retention/without-options-nothing-is-dropped",
              test_without_options_nothing_is_dropped);
  STORE_TEST ("/retention/much-goes-in-small-steps", test_much_goes_in_small_steps);
  STORE_TEST ("/retention/a-locked-database-only-delays-it", test_a_locked_database_only_delays_it);
  return g_test_run ();
}
