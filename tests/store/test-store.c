/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "belfry-argument.h"
#include "belfry-error.h"
#include "store-fixture.h"

static BelfryChange *
change_at (StoreFixture *fixture, guint i)
{
  g_assert_cmpuint (i, <, fixture->changes->len);
  return g_ptr_array_index (fixture->changes, i);
}

static BelfryStoreRow *
row_at (GArray *rows, guint i)
{
  g_assert_cmpuint (i, <, rows->len);
  return &g_array_index (rows, BelfryStoreRow, i);
}

static void
test_created_ones_are_listed_newest_first (StoreFixture *fixture, gconstpointer data)
{
  gint64 first = store_fixture_create (fixture, "alice", "{\"n\":1}", NULL);
  gint64 second = store_fixture_create (fixture, "alice", "{\"n\":2}", NULL);
  g_autoptr (BelfryStoreRead) list = NULL;

  store_fixture_create (fixture, "bob", "{\"n\":3}", NULL);
  g_assert_cmpint (first, >, 0);
  g_assert_cmpint (second, >, first);

  list = store_fixture_list (fixture, "alice");
  g_assert_cmpint (list->total, ==, 2);
  g_assert_cmpint (list->state.unread, ==, 2);
  g_assert_cmpint (list->state.position, ==, second);
  g_assert_false (list->more);
  g_assert_cmpuint (list->rows->len, ==, 2);
  g_assert_cmpint (row_at (list->rows, 0)->id, ==, second);
  g_assert_cmpint (row_at (list->rows, 1)->id, ==, first);
  g_assert_cmpstr (belfry_notification_get_data (row_at (list->rows, 0)->notification), ==,
                   "{\"n\":2}");
  g_assert_false (belfry_notification_get_read (row_at (list->rows, 0)->notification));
}

static void
test_data_comes_back_byte_for_byte (StoreFixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "{}",
    "{\"n\":1.0,\"e\":1E+2,\"big\":12345678901234567890,\"z\":-0}",
    "{ \"white\" :\t[ 1 ,\n2 ] }",
    "{\"dup\":1,\"dup\":2}",
    "{\"u\":\"Grüße 🔔 \\u00e9 \\ud83d\\udd14 \\ud800 \\\\ \\/ \\\" \\n\"}",
    "{\"nul\":\"a\\u0000b\",\"del\":\"\x7f\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gint64 id = store_fixture_create (fixture, "alice", texts[i], NULL);
      g_autoptr (BelfryStoreRead) get = belfry_store_read_new (BELFRY_READ_GET, "alice");

      get->id = id;
      get = store_fixture_read (fixture, get);
      g_assert_no_error (get->error);
      g_assert_cmpstr (belfry_notification_get_data (row_at (get->rows, 0)->notification), ==,
                       texts[i]);
      g_assert_cmpstr (belfry_notification_get_data (change_at (fixture, i)->notification), ==,
                       texts[i]);
    }
}

static void
test_changes_carry_the_position_before_them (StoreFixture *fixture, gconstpointer data)
{
  gint64 first = store_fixture_create (fixture, "alice", "{}", NULL);
  gint64 other = store_fixture_create (fixture, "bob", "{}", NULL);
  gint64 second = store_fixture_create (fixture, "alice", "{}", NULL);
  const gint64 both[] = { first, second };

  g_assert_cmpint (change_at (fixture, 0)->previous, ==, 0);
  g_assert_cmpint (change_at (fixture, 0)->position, ==, first);
  g_assert_cmpint (change_at (fixture, 1)->previous, ==, 0);
  g_assert_cmpint (change_at (fixture, 1)->position, ==, other);
  g_assert_cmpint (change_at (fixture, 2)->previous, ==, first);
  g_assert_cmpint (change_at (fixture, 2)->unread, ==, 2);

  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", both, 2), ==,
                    2);
  g_assert_cmpint (change_at (fixture, 3)->kind, ==, BELFRY_CHANGE_READ);
  g_assert_cmpint (change_at (fixture, 3)->previous, ==, second);
  g_assert_cmpint (change_at (fixture, 3)->position, ==, second + 2);
  g_assert_cmpint (change_at (fixture, 3)->unread, ==, 0);
  g_assert_cmpuint (change_at (fixture, 3)->ids->len, ==, 2);
}

static void
test_others_and_unknown_ids_are_passed_over (StoreFixture *fixture, gconstpointer data)
{
  gint64 mine = store_fixture_create (fixture, "alice", "{}", NULL);
  gint64 theirs = store_fixture_create (fixture, "bob", "{}", NULL);
  const gint64 ids[] = { mine, theirs, mine, 4711, -1, 0 };

  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", ids, 6), ==, 1);
  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", ids, 6), ==, 0);
  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_MARK_UNREAD, "alice", ids, 6), ==,
                    1);
  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", ids, 6), ==, 1);
  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", ids, 6), ==, 0);
  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "nobody", ids, 6), ==, 0);
  g_assert_cmpint (store_fixture_state (fixture, "bob").unread, ==, 1);
  g_assert_cmpint (store_fixture_state (fixture, "nobody").position, ==, 0);
}

static void
test_marked_unread_is_told_with_its_content (StoreFixture *fixture, gconstpointer data)
{
  gint64 id = store_fixture_create (fixture, "alice", "{\"n\":1}", NULL);

  store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", &id, 1);
  store_fixture_change (fixture, BELFRY_WRITE_MARK_UNREAD, "alice", &id, 1);
  g_assert_cmpint (change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_UPDATED);
  g_assert_cmpint (change_at (fixture, 2)->unread, ==, 1);
  g_assert_cmpstr (belfry_notification_get_data (change_at (fixture, 2)->notification), ==,
                   "{\"n\":1}");
  g_assert_false (belfry_notification_get_read (change_at (fixture, 2)->notification));
  g_assert_cmpint (belfry_notification_get_position (change_at (fixture, 2)->notification), ==,
                   change_at (fixture, 2)->position);
}

static BelfryStoreWrite *
update (StoreFixture *fixture, const char *user_id, gint64 id, const char *data)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_UPDATE, user_id);

  write->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (write->ids, id);
  write->data = g_strdup (data);
  return store_fixture_write (fixture, write);
}

static void
test_an_update_changes_content_and_nothing_else (StoreFixture *fixture, gconstpointer data)
{
  gint64 id = store_fixture_create (fixture, "alice", "{\"n\":1}", NULL);
  g_autoptr (BelfryStoreWrite) good = NULL;
  g_autoptr (BelfryStoreWrite) other = NULL;
  g_autoptr (BelfryStoreWrite) gone = NULL;
  g_autoptr (BelfryStoreRead) list = NULL;

  store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", &id, 1);
  good = update (fixture, "alice", id, "{\"n\":2}");
  g_assert_no_error (good->error);
  other = update (fixture, "bob", id, "{\"n\":3}");
  g_assert_error (other->error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND);

  list = store_fixture_list (fixture, "alice");
  g_assert_cmpstr (belfry_notification_get_data (row_at (list->rows, 0)->notification), ==,
                   "{\"n\":2}");
  g_assert_true (belfry_notification_get_read (row_at (list->rows, 0)->notification));
  g_assert_cmpint (row_at (list->rows, 0)->content_position, ==, list->state.position);

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  gone = update (fixture, "alice", id, "{\"n\":4}");
  g_assert_error (gone->error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND);
}

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
  g_assert_cmpint (change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpint (g_array_index (change_at (fixture, 2)->ids, gint64, 0), ==, first);
  g_assert_cmpint (change_at (fixture, 2)->unread, ==, 0);
  g_assert_cmpint (change_at (fixture, 3)->kind, ==, BELFRY_CHANGE_CREATED);
  g_assert_cmpint (change_at (fixture, 3)->previous, ==, change_at (fixture, 2)->position);
  g_assert_cmpint (change_at (fixture, 3)->unread, ==, 1);

  list = store_fixture_list (fixture, "alice");
  g_assert_cmpuint (list->rows->len, ==, 1);
  g_assert_cmpint (row_at (list->rows, 0)->id, ==, second);
  g_assert_cmpstr (belfry_notification_get_tag (row_at (list->rows, 0)->notification), ==, "build");

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
  g_assert_cmpint (change_at (fixture, 1)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpint (g_array_index (change_at (fixture, 1)->ids, gint64, 0), ==, old);
  g_assert_cmpint (change_at (fixture, 2)->position, ==, ids[1]);
  g_assert_cmpint (change_at (fixture, 3)->position, ==, ids[2]);
  g_assert_cmpint (change_at (fixture, 3)->previous, ==, ids[1]);

  list = store_fixture_list (fixture, "a");
  g_assert_cmpuint (list->rows->len, ==, 2);
  g_assert_cmpint (list->state.unread, ==, 2);
  g_assert_cmpint (row_at (list->rows, 0)->id, ==, ids[2]);
  g_assert_cmpint (row_at (list->rows, 1)->id, ==, ids[1]);
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
  g_assert_cmpint (change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_REMOVED);
  g_assert_cmpuint (change_at (fixture, 2)->ids->len, ==, 1);
  g_assert_cmpint (g_array_index (change_at (fixture, 2)->ids, gint64, 0), ==, id);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 1);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 1);
}

static void
create_many (StoreFixture *fixture, const char *user_id, guint n)
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

static void
test_all_at_once_works_in_steps_of_1000 (StoreFixture *fixture, gconstpointer data)
{
  guint n;

  create_many (fixture, "alice", 2500);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 2500);
  g_ptr_array_set_size (fixture->changes, 0);

  n = store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, "alice", NULL, 0);
  g_assert_cmpuint (n, ==, 2500);
  g_assert_cmpuint (fixture->changes->len, ==, 3);
  g_assert_cmpuint (change_at (fixture, 0)->ids->len, ==, 1000);
  g_assert_cmpint (change_at (fixture, 1)->previous, ==, change_at (fixture, 0)->position);
  g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, 0);

  n = store_fixture_change (fixture, BELFRY_WRITE_REMOVE_ALL, "alice", NULL, 0);
  g_assert_cmpuint (n, ==, 2500);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 0);
}

static void
test_a_list_is_cut_at_rows_and_bytes (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (50000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"f\":\"%s\"}", filling);
  g_autoptr (BelfryStoreRead) list = NULL;

  create_many (fixture, "alice", 250);
  for (guint i = 0; i < 4; i++)
    store_fixture_create (fixture, "bob", large, NULL);

  list = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  list->limit = 202;
  list = store_fixture_read (fixture, list);
  g_assert_cmpuint (list->rows->len, ==, 202);
  g_assert_true (list->more);
  g_assert_cmpint (list->total, ==, 250);
  for (guint i = 1; i < list->rows->len; i++)
    g_assert_cmpint (row_at (list->rows, i)->id, <, row_at (list->rows, i - 1)->id);

  g_clear_pointer (&list, belfry_store_read_free);
  list = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  list->limit = 250;
  list = store_fixture_read (fixture, list);
  g_assert_cmpuint (list->rows->len, ==, 250);
  g_assert_false (list->more);

  g_clear_pointer (&list, belfry_store_read_free);
  list = belfry_store_read_new (BELFRY_READ_LIST, "bob");
  list->max_bytes = 128 * 1024;
  list = store_fixture_read (fixture, list);
  g_assert_cmpuint (list->rows->len, ==, 2);
  g_assert_true (list->more);

  g_clear_pointer (&list, belfry_store_read_free);
  list = belfry_store_read_new (BELFRY_READ_LIST, "bob");
  list->max_bytes = 10;
  list = store_fixture_read (fixture, list);
  g_assert_cmpuint (list->rows->len, ==, 1);
  g_assert_true (list->more);
}

static void
test_a_page_tells_changes_and_new_ones (StoreFixture *fixture, gconstpointer data)
{
  gint64 ids[5];
  gint64 position;
  g_autoptr (BelfryStoreRead) page = NULL;
  g_autoptr (BelfryStoreWrite) edited = NULL;

  for (guint i = 0; i < 3; i++)
    ids[i] = store_fixture_create (fixture, "alice", "{}", NULL);
  position = ids[2];
  store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", &ids[1], 1);
  edited = update (fixture, "alice", ids[0], "{\"edited\":true}");
  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &ids[2], 1);
  for (guint i = 3; i < 5; i++)
    ids[i] = store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", &ids[3], 1);

  page = belfry_store_read_new (BELFRY_READ_PAGE, "alice");
  page->sent = page->told = position;
  page->limit = 100;
  page = store_fixture_read (fixture, page);
  g_assert_no_error (page->error);
  g_assert_false (page->more_changed);
  g_assert_cmpuint (page->changed->len, ==, 3);
  g_assert_cmpint (row_at (page->changed, 0)->id, ==, ids[1]);
  g_assert_cmpint (row_at (page->changed, 1)->id, ==, ids[0]);
  g_assert_cmpint (row_at (page->changed, 1)->content_position, ==,
                   row_at (page->changed, 1)->position);
  g_assert_cmpint (row_at (page->changed, 2)->id, ==, ids[2]);
  g_assert_true (row_at (page->changed, 2)->removed);
  g_assert_cmpuint (page->rows->len, ==, 2);
  g_assert_cmpint (row_at (page->rows, 0)->id, ==, ids[3]);
  g_assert_true (belfry_notification_get_read (row_at (page->rows, 0)->notification));
  g_assert_cmpint (row_at (page->rows, 1)->id, ==, ids[4]);
  g_assert_cmpint (page->state.unread, ==, 2);

  g_clear_pointer (&page, belfry_store_read_free);
  page = belfry_store_read_new (BELFRY_READ_PAGE, "alice");
  page->sent = page->told = position;
  page->limit = 2;
  page = store_fixture_read (fixture, page);
  g_assert_true (page->more_changed);
  g_assert_cmpuint (page->changed->len, ==, 2);
  g_assert_cmpuint (page->rows->len, ==, 0);
}

static void
test_dropped_tombstones_raise_the_horizon (StoreFixture *fixture, gconstpointer data)
{
  gint64 id = store_fixture_create (fixture, "alice", "{}", NULL);
  gint64 removed_at;

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  removed_at = change_at (fixture, 1)->position;
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
test_counts_equal_a_full_recount (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%d", g_rand_int_range (rand, 0, 3));
      gint64 some[3];

      if (i % 150 == 149)
        {
          store_fixture_close (fixture);
          store_fixture_open (fixture);
        }
      for (guint j = 0; j < 3; j++)
        some[j] =
            ids->len > 0 ? g_array_index (ids, gint64, g_rand_int_range (rand, 0, ids->len)) : 0;
      switch (g_rand_int_range (rand, 0, 8))
        {
        case 0:
          store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, user, some, 3);
          break;
        case 1:
          store_fixture_change (fixture, BELFRY_WRITE_MARK_UNREAD, user, some, 3);
          break;
        case 2:
          store_fixture_change (fixture, BELFRY_WRITE_REMOVE, user, some, 3);
          break;
        case 3:
          create_many (fixture, user, (guint) g_rand_int_range (rand, 1, 100));
          break;
        case 4:
          if (g_rand_int_range (rand, 0, 10) == 0)
            store_fixture_change (fixture, BELFRY_WRITE_MARK_ALL_READ, user, NULL, 0);
          break;
        default:
          {
            gint64 id = store_fixture_create (fixture, user, "{}",
                                              g_rand_boolean (rand) ? "{'tag': <'one'>}" : NULL);

            g_array_append_val (ids, id);
          }
        }
    }

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", i);
      g_autofree char *sql = g_strdup_printf (
          "SELECT count (*) || ' ' || sum (read_at IS NULL) || ' ' || max (position) "
          "FROM notification WHERE user = (SELECT key FROM user WHERE id = '%s') "
          "AND removed_at IS NULL",
          user);
      g_autofree char *position_sql =
          g_strdup_printf ("SELECT max (position) FROM notification "
                           "WHERE user = (SELECT key FROM user WHERE id = '%s')",
                           user);
      g_autofree char *counted = store_fixture_ask_sql (fixture, sql);
      g_autofree char *position = store_fixture_ask_sql (fixture, position_sql);
      g_auto (GStrv) words = g_strsplit (counted, " ", 3);
      BelfryInboxState state = store_fixture_state (fixture, user);

      g_assert_cmpint (state.total, ==, g_ascii_strtoll (words[0], NULL, 10));
      g_assert_cmpint (state.unread, ==, g_ascii_strtoll (words[1], NULL, 10));
      g_assert_cmpint (state.position, ==, g_ascii_strtoll (position, NULL, 10));
    }

  /* Each user's changes form a chain. */
  for (guint i = 0; i < fixture->changes->len; i++)
    for (guint j = i + 1; j < fixture->changes->len; j++)
      if (g_str_equal (change_at (fixture, i)->user_id, change_at (fixture, j)->user_id))
        {
          g_assert_cmpint (change_at (fixture, i)->position, ==, change_at (fixture, j)->previous);
          break;
        }
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                       \
  g_test_add ("/store/" path, StoreFixture, NULL, store_fixture_set_up, func, \
              store_fixture_tear_down)
  ADD ("created-ones-are-listed-newest-first", test_created_ones_are_listed_newest_first);
  ADD ("data-comes-back-byte-for-byte", test_data_comes_back_byte_for_byte);
  ADD ("changes-carry-the-position-before-them", test_changes_carry_the_position_before_them);
  ADD ("others-and-unknown-ids-are-passed-over", test_others_and_unknown_ids_are_passed_over);
  ADD ("marked-unread-is-told-with-its-content", test_marked_unread_is_told_with_its_content);
  ADD ("an-update-changes-content-and-nothing-else",
       test_an_update_changes_content_and_nothing_else);
  ADD ("a-key-gives-the-same-id-for-ever", test_a_key_gives_the_same_id_for_ever);
  ADD ("a-tag-replaces-the-earlier-one", test_a_tag_replaces_the_earlier_one);
  ADD ("within-one-batch-first-key-and-last-tag-count",
       test_within_one_batch_first_key_and_last_tag_count);
  ADD ("expired-ones-go-by-themselves", test_expired_ones_go_by_themselves);
  ADD ("all-at-once-works-in-steps-of-1000", test_all_at_once_works_in_steps_of_1000);
  ADD ("a-list-is-cut-at-rows-and-bytes", test_a_list_is_cut_at_rows_and_bytes);
  ADD ("a-page-tells-changes-and-new-ones", test_a_page_tells_changes_and_new_ones);
  ADD ("dropped-tombstones-raise-the-horizon", test_dropped_tombstones_raise_the_horizon);
  ADD ("counts-equal-a-full-recount", test_counts_equal_a_full_recount);
  ADD ("one-that-fails-fails-alone", test_one_that_fails_fails_alone);
  return g_test_run ();
}
