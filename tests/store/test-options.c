/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Idempotency keys, tags and expiry. */

#include "store-fixture.h"

static void
test_a_key_gives_the_same_id_for_ever (StoreFixture *fixture, gconstpointer data)
{
  static const char key[] = "{'idempotency-key': <'order-1'>}";
  gint64 id = store_fixture_create (fixture, "alice", "{\"n\":1}", key);

  g_assert_cmpint (store_fixture_create (fixture, "alice", "{\"n\":2}", key), ==, id);
  g_assert_cmpint (store_fixture_create (fixture, "bob", "{\"n\":3}", key), !=, id);
  g_assert_cmpuint (fixture->changes->len, ==, 2);

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  store_fixture_close (fixture);
  store_fixture_open (fixture);
  g_assert_cmpint (store_fixture_create (fixture, "alice", "{\"n\":4}", key), ==, id);
  g_assert_cmpuint (fixture->changes->len, ==, 3);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 0);
}

static void
test_a_tag_replaces_the_earlier_one (StoreFixture *fixture, gconstpointer data)
{
  gint64 first = store_fixture_create (fixture, "alice", "{\"n\":1}", "{'tag': <'build'>}");
  gint64 second;
  g_autoptr (BelfryStoreRead) list = NULL;

  store_fixture_create (fixture, "bob", "{}", "{'tag': <'build'>}");
  second = store_fixture_create (fixture, "alice", "{\"n\":2}", "{'tag': <'build'>}");
  g_assert_cmpuint (fixture->changes->len, ==, 4);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpint (g_array_index (store_fixture_change_at (fixture, 2)->ids, gint64, 0), ==, first);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->unread, ==, 0);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->kind, ==, BELFRY_CHANGE_CREATED);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->previous, ==,
                   store_fixture_change_at (fixture, 2)->position);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->unread, ==, 1);

  list = store_fixture_list (fixture, "alice");
  g_assert_cmpuint (list->rows->len, ==, 1);
  g_assert_cmpint (store_row_at (list->rows, 0)->id, ==, second);
  g_assert_cmpstr (belfry_notification_get_tag (store_row_at (list->rows, 0)->notification), ==,
                   "build");

  g_clear_pointer (&list, belfry_store_read_free);
  list = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  list->tag = g_strdup ("build");
  list = store_fixture_read (fixture, list);
  g_assert_cmpint (list->total, ==, 1);
  g_assert_cmpuint (list->rows->len, ==, 1);
}

static void
test_within_one_batch_first_key_and_last_tag_count (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  g_autoptr (BelfryStoreRead) list = NULL;
  gint64 old = store_fixture_create (fixture, "a", "{\"n\":0}", "{'tag': <'t'>}");
  const gint64 *ids;

  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (write->drafts, store_fixture_draft ("a", "{\"n\":1}", "{'tag': <'t'>}"));
  g_ptr_array_add (write->drafts,
                   store_fixture_draft ("a", "{\"n\":2}", "{'idempotency-key': <'k'>}"));
  g_ptr_array_add (write->drafts, store_fixture_draft ("a", "{\"n\":3}", "{'tag': <'t'>}"));
  g_ptr_array_add (write->drafts, store_fixture_draft ("a", "{\"n\":4}",
                                                       "{'idempotency-key': <'k'>, 'tag': <'t'>}"));
  g_ptr_array_add (write->drafts, store_fixture_draft ("b", "{\"n\":5}", "{'tag': <'t'>}"));
  write = store_fixture_write (fixture, write);
  g_assert_no_error (write->error);
  ids = (const gint64 *) (gpointer) write->result_ids->data;
  g_assert_cmpuint (write->result_ids->len, ==, 5);
  g_assert_cmpint (ids[3], ==, ids[1]);
  g_assert_cmpint (ids[0], !=, ids[2]);

  /* Told: the old one goes, then 2, 3 and 5 come; 1 never lived. */
  g_assert_cmpuint (fixture->changes->len, ==, 5);
  g_assert_cmpint (store_fixture_change_at (fixture, 1)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpint (g_array_index (store_fixture_change_at (fixture, 1)->ids, gint64, 0), ==, old);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->position, ==, ids[1]);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->position, ==, ids[2]);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->previous, ==, ids[1]);

  list = store_fixture_list (fixture, "a");
  g_assert_cmpuint (list->rows->len, ==, 2);
  g_assert_cmpint (list->state.unread, ==, 2);
  g_assert_cmpint (store_row_at (list->rows, 0)->id, ==, ids[2]);
  g_assert_cmpint (store_row_at (list->rows, 1)->id, ==, ids[1]);
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_expired_ones_go_by_themselves (StoreFixture *fixture, gconstpointer data)
{
  gboolean late = FALSE;
  gint64 id = store_fixture_create (fixture, "alice", "{}", "{'expires': <int64 1>}");

  store_fixture_create (fixture, "alice", "{}", "{'expires': <int64 1000>}");
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 2);
  g_timeout_add_seconds (20, set_flag, &late);
  while (fixture->changes->len < 3 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpuint (store_fixture_change_at (fixture, 2)->ids->len, ==, 1);
  g_assert_cmpint (g_array_index (store_fixture_change_at (fixture, 2)->ids, gint64, 0), ==, id);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 1);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 1);
}

static void
test_dropped_tombstones_raise_the_horizon (StoreFixture *fixture, gconstpointer data)
{
  gint64 id = store_fixture_create (fixture, "alice", "{}", NULL);
  gint64 removed_at;

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  removed_at = store_fixture_change_at (fixture, 1)->position;
  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET removed_at = 1");
  store_fixture_open (fixture);

  /* Retention runs at the start, and what is asked behind it is answered after it. */
  store_fixture_create (fixture, "bob", "{}", NULL);
  store_fixture_create (fixture, "bob", "{}", NULL);
  g_assert_cmpint (store_fixture_state (fixture, "alice").horizon, ==, removed_at);
  g_assert_cmpint (store_fixture_state (fixture, "alice").position, ==, removed_at);
}

/* Drives random operations and compares every count with a full recount. */
static void
test_a_key_outlives_the_tombstone (StoreFixture *fixture, gconstpointer data)
{
  static const char key[] = "{'idempotency-key': <'order-1'>, 'tag': <'order'>}";
  gint64 id = store_fixture_create (fixture, "alice", "{}", key);
  g_autofree char *n_rows = NULL;

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET removed_at = 1");
  store_fixture_open (fixture);
  store_fixture_create (fixture, "bob", "{}", NULL);
  store_fixture_create (fixture, "bob", "{}", NULL);
  n_rows = store_fixture_ask_sql (fixture, "SELECT count (*) FROM notification "
                                           "WHERE removed_at IS NOT NULL");
  g_assert_cmpstr (n_rows, ==, "0");

  g_ptr_array_set_size (fixture->changes, 0);
  g_assert_cmpint (store_fixture_create (fixture, "alice", "{}", key), ==, id);
  g_assert_cmpuint (fixture->changes->len, ==, 0);
}

static void
test_a_repeated_key_does_not_replace_a_tag (StoreFixture *fixture, gconstpointer data)
{
  static const char first[] = "{'idempotency-key': <'k'>, 'tag': <'t'>}";
  gint64 id = store_fixture_create (fixture, "alice", "{}", first);
  gint64 second = store_fixture_create (fixture, "alice", "{}", "{'tag': <'t'>}");
  g_autoptr (BelfryStoreRead) list = NULL;

  g_assert_cmpint (store_fixture_create (fixture, "alice", "{}", first), ==, id);
  list = store_fixture_list (fixture, "alice");
  g_assert_cmpuint (list->rows->len, ==, 1);
  g_assert_cmpint (store_row_at (list->rows, 0)->id, ==, second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/options/a-key-gives-the-same-id-for-ever", test_a_key_gives_the_same_id_for_ever);
  STORE_TEST ("/options/a-tag-replaces-the-earlier-one", test_a_tag_replaces_the_earlier_one);
  STORE_TEST ("/options/within-one-batch-first-key-and-last-tag-count",
              test_within_one_batch_first_key_and_last_tag_count);
  STORE_TEST ("/options/expired-ones-go-by-themselves", test_expired_ones_go_by_themselves);
  STORE_TEST ("/options/dropped-tombstones-raise-the-horizon",
              test_dropped_tombstones_raise_the_horizon);
  STORE_TEST ("/options/a-key-outlives-the-tombstone", test_a_key_outlives_the_tombstone);
  STORE_TEST ("/options/a-repeated-key-does-not-replace-a-tag",
              test_a_repeated_key_does_not_replace_a_tag);
  return g_test_run ();
}
