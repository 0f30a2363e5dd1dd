/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the store keeps, and how it tells it. */

#include "belfry-error.h"
#include "store-fixture.h"

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
  g_assert_cmpint (store_row_at (list->rows, 0)->id, ==, second);
  g_assert_cmpint (store_row_at (list->rows, 1)->id, ==, first);
  g_assert_cmpstr (belfry_notification_get_data (store_row_at (list->rows, 0)->notification), ==,
                   "{\"n\":2}");
  g_assert_false (belfry_notification_get_read (store_row_at (list->rows, 0)->notification));
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
      g_assert_cmpstr (belfry_notification_get_data (store_row_at (get->rows, 0)->notification), ==,
                       texts[i]);
      g_assert_cmpstr (
          belfry_notification_get_data (store_fixture_change_at (fixture, i)->notification), ==,
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

  g_assert_cmpint (store_fixture_change_at (fixture, 0)->previous, ==, 0);
  g_assert_cmpint (store_fixture_change_at (fixture, 0)->position, ==, first);
  g_assert_cmpint (store_fixture_change_at (fixture, 1)->previous, ==, 0);
  g_assert_cmpint (store_fixture_change_at (fixture, 1)->position, ==, other);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->previous, ==, first);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->unread, ==, 2);

  g_assert_cmpuint (store_fixture_change (fixture, BELFRY_WRITE_MARK_READ, "alice", both, 2), ==,
                    2);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->kind, ==, BELFRY_CHANGE_READ);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->previous, ==, second);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->position, ==, second + 2);
  g_assert_cmpint (store_fixture_change_at (fixture, 3)->unread, ==, 0);
  g_assert_cmpuint (store_fixture_change_at (fixture, 3)->ids->len, ==, 2);
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
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->kind, ==, BELFRY_CHANGE_UPDATED);
  g_assert_cmpint (store_fixture_change_at (fixture, 2)->unread, ==, 1);
  g_assert_cmpstr (
      belfry_notification_get_data (store_fixture_change_at (fixture, 2)->notification), ==,
      "{\"n\":1}");
  g_assert_false (
      belfry_notification_get_read (store_fixture_change_at (fixture, 2)->notification));
  g_assert_cmpint (
      belfry_notification_get_position (store_fixture_change_at (fixture, 2)->notification), ==,
      store_fixture_change_at (fixture, 2)->position);
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
  good = store_fixture_update (fixture, "alice", id, "{\"n\":2}");
  g_assert_no_error (good->error);
  other = store_fixture_update (fixture, "bob", id, "{\"n\":3}");
  g_assert_error (other->error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND);

  list = store_fixture_list (fixture, "alice");
  g_assert_cmpstr (belfry_notification_get_data (store_row_at (list->rows, 0)->notification), ==,
                   "{\"n\":2}");
  g_assert_true (belfry_notification_get_read (store_row_at (list->rows, 0)->notification));
  g_assert_cmpint (store_row_at (list->rows, 0)->content_position, ==, list->state.position);

  store_fixture_change (fixture, BELFRY_WRITE_REMOVE, "alice", &id, 1);
  gone = store_fixture_update (fixture, "alice", id, "{\"n\":4}");
  g_assert_error (gone->error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND);
}

static void
test_a_list_is_cut_at_rows_and_bytes (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (50000, 'x');
  g_autofree char *large = g_strdup_printf ("{\"f\":\"%s\"}", filling);
  g_autoptr (BelfryStoreRead) list = NULL;

  store_fixture_create_many (fixture, "alice", 250);
  for (guint i = 0; i < 4; i++)
    store_fixture_create (fixture, "bob", large, NULL);

  list = belfry_store_read_new (BELFRY_READ_LIST, "alice");
  list->limit = 202;
  list = store_fixture_read (fixture, list);
  g_assert_cmpuint (list->rows->len, ==, 202);
  g_assert_true (list->more);
  g_assert_cmpint (list->total, ==, 250);
  for (guint i = 1; i < list->rows->len; i++)
    g_assert_cmpint (store_row_at (list->rows, i)->id, <, store_row_at (list->rows, i - 1)->id);

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
  edited = store_fixture_update (fixture, "alice", ids[0], "{\"edited\":true}");
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
  g_assert_cmpint (store_row_at (page->changed, 0)->id, ==, ids[1]);
  g_assert_cmpint (store_row_at (page->changed, 1)->id, ==, ids[0]);
  g_assert_cmpint (store_row_at (page->changed, 1)->content_position, ==,
                   store_row_at (page->changed, 1)->position);
  g_assert_cmpint (store_row_at (page->changed, 2)->id, ==, ids[2]);
  g_assert_true (store_row_at (page->changed, 2)->removed);
  g_assert_cmpuint (page->rows->len, ==, 2);
  g_assert_cmpint (store_row_at (page->rows, 0)->id, ==, ids[3]);
  g_assert_true (belfry_notification_get_read (store_row_at (page->rows, 0)->notification));
  g_assert_cmpint (store_row_at (page->rows, 1)->id, ==, ids[4]);
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
test_any_text_is_an_id_a_key_or_a_tag (StoreFixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "Zoë 🔔", "a'b", "a\"b\\c", "1", "1.0", "null", "%_?", "##x::string", "[1]", " a ", "A", "a",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) text = g_variant_ref_sink (g_variant_new_string (texts[i]));
      g_autofree char *printed = g_variant_print (text, FALSE);
      g_autofree char *options =
          g_strdup_printf ("{'idempotency-key': <%s>, 'tag': <%s>}", printed, printed);
      gint64 id = store_fixture_create (fixture, texts[i], "{}", options);
      g_autoptr (BelfryStoreRead) list = NULL;

      g_assert_cmpint (store_fixture_create (fixture, texts[i], "{}", options), ==, id);
      list = belfry_store_read_new (BELFRY_READ_LIST, texts[i]);
      list->tag = g_strdup (texts[i]);
      list = store_fixture_read (fixture, list);
      g_assert_cmpuint (list->rows->len, ==, 1);
      g_assert_cmpint (store_row_at (list->rows, 0)->id, ==, id);
      g_assert_cmpstr (belfry_notification_get_tag (store_row_at (list->rows, 0)->notification), ==,
                       texts[i]);
      g_assert_cmpint (store_fixture_state (fixture, texts[i]).total, ==, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/created-ones-are-listed-newest-first",
              test_created_ones_are_listed_newest_first);
  STORE_TEST ("/store/data-comes-back-byte-for-byte", test_data_comes_back_byte_for_byte);
  STORE_TEST ("/store/changes-carry-the-position-before-them",
              test_changes_carry_the_position_before_them);
  STORE_TEST ("/store/others-and-unknown-ids-are-passed-over",
              test_others_and_unknown_ids_are_passed_over);
  STORE_TEST ("/store/marked-unread-is-told-with-its-content",
              test_marked_unread_is_told_with_its_content);
  STORE_TEST ("/store/an-update-changes-content-and-nothing-else",
              test_an_update_changes_content_and_nothing_else);
  STORE_TEST ("/store/a-list-is-cut-at-rows-and-bytes", test_a_list_is_cut_at_rows_and_bytes);
  STORE_TEST ("/store/a-page-tells-changes-and-new-ones", test_a_page_tells_changes_and_new_ones);
  STORE_TEST ("/store/any-text-is-an-id-a-key-or-a-tag", test_any_text_is_an_id_a_key_or_a_tag);
  return g_test_run ();
}
