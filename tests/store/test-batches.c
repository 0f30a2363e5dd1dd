/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many at once: what is committed together, and what fails alone. */

#include <string.h>

#include "belfry-error.h"
#include "store-fixture.h"

static void
test_all_at_once_works_in_steps_of_1000 (StoreFixture *fixture, gconstpointer data)
{
  guint n;

  store_fixture_create_many (fixture, "alice", 2500);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 2500);
  g_ptr_array_set_size (fixture->changes, 0);

  n = store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, "alice", NULL, 0);
  g_assert_cmpuint (n, ==, 2500);
  g_assert_cmpuint (fixture->changes->len, ==, 3);
  g_assert_cmpuint (store_fixture_change_at (fixture, 0)->ids->len, ==, 1000);
  g_assert_cmpint (store_fixture_change_at (fixture, 1)->previous, ==,
                   store_fixture_change_at (fixture, 0)->position);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 0);

  n = store_fixture_change (fixture, BELFRY_WRITE_REMOVE_ALL, "alice", NULL, 0);
  g_assert_cmpuint (n, ==, 2500);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 0);
}

typedef struct
{
  guint n_good;
  guint n_bad;
} Tally;

static void
count_result (BelfryStoreWrite *write, gpointer user_data)
{
  Tally *tally = user_data;

  if (write->error == NULL)
    tally->n_good++;
  else
    tally->n_bad++;
}

static void
test_one_that_fails_fails_alone (StoreFixture *fixture, gconstpointer data)
{
  Tally tally = { 0 };

  store_fixture_run_sql (fixture, "CREATE TRIGGER poison BEFORE INSERT ON notification "
                                  "WHEN new.data LIKE '%poison%' "
                                  "BEGIN SELECT RAISE (ABORT, 'poison'); END");
  for (guint i = 0; i < 100; i++)
    {
      BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

      write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
      g_ptr_array_add (write->drafts,
                       store_fixture_draft ("alice", i % 10 == 3 ? "{\"poison\":1}" : "{}", NULL));
      write->done = count_result;
      write->user_data = &tally;
      belfry_store_write (BELFRY_STORE (fixture->store), write);
    }
  while (tally.n_good + tally.n_bad < 100)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (tally.n_good, ==, 90);
  g_assert_cmpuint (tally.n_bad, ==, 10);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 90);
  g_assert_cmpuint (fixture->changes->len, ==, 90);
}

static void
test_one_call_creates_all_or_none (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  gint64 before = store_fixture_create (fixture, "alice", "{}", NULL);
  gint64 after;

  store_fixture_run_sql (fixture, "CREATE TRIGGER poison BEFORE INSERT ON notification "
                                  "WHEN new.data LIKE '%poison%' "
                                  "BEGIN SELECT RAISE (ABORT, 'poison'); END");
  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (write->drafts,
                     store_fixture_draft (i % 2 == 0 ? "alice" : "carol",
                                          i == 777 ? "{\"poison\":1}" : "{}",
                                          i == 5 ? "{'idempotency-key': <'k'>}" : NULL));
  write = store_fixture_write (fixture, write);
  g_assert_error (write->error, BELFRY_ERROR, BELFRY_ERROR_STORAGE);
  g_assert_nonnull (strstr (write->error->message, "poison"));
  g_assert_null (write->result_ids);
  g_assert_cmpuint (fixture->changes->len, ==, 1);

  after = store_fixture_create (fixture, "carol", "{}", "{'idempotency-key': <'k'>}");
  g_assert_cmpint (after, >, before);
  store_fixture_check_counts (fixture, "alice");
  store_fixture_check_counts (fixture, "carol");
  store_fixture_check_chains (fixture);
  g_assert_cmpint (store_fixture_state (fixture, "carol").total, ==, 1);
}

/* A call that takes several transactions does not reach for what is created between them. */
static void
test_all_means_what_was_there (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (BelfryStoreWrite) first = belfry_store_write_new (BELFRY_WRITE_MARK_ALL_READ, "a");
  g_autoptr (BelfryStoreWrite) second = belfry_store_write_new (BELFRY_WRITE_MARK_ALL_READ, "a");

  store_fixture_create_many (fixture, "a", 1500);
  first->up_to = store_fixture_state (fixture, "a").position + 1000000;
  first = store_fixture_write (fixture, first);
  g_assert_cmpuint (first->count, ==, 1000);
  g_assert_true (first->more);

  store_fixture_create (fixture, "a", "{}", NULL);
  second->up_to = first->up_to;
  second = store_fixture_write (fixture, second);
  g_assert_cmpuint (second->count, ==, 500);
  g_assert_false (second->more);
  g_assert_cmpint (store_fixture_state (fixture, "a").unread, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/batches/all-at-once-works-in-steps-of-1000",
              test_all_at_once_works_in_steps_of_1000);
  STORE_TEST ("/batches/one-that-fails-fails-alone", test_one_that_fails_fails_alone);
  STORE_TEST ("/batches/one-call-creates-all-or-none", test_one_call_creates_all_or_none);
  STORE_TEST ("/batches/all-means-what-was-there", test_all_means_what_was_there);
  return g_test_run ();
}
