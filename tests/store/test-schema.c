/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Databases of other versions and other programs. */

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "belfry-error.h"
#include "store-fixture.h"

/* Replaces the database of the fixture, which is closed. */
static void
replace_database (StoreFixture *fixture, const char *sql)
{
  store_fixture_delete (fixture);
  store_fixture_run_sql (fixture, sql);
}

static void
assert_refused (StoreFixture *fixture, BelfryError code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (store_fixture_try_open (fixture, &error));
  g_assert_error (error, BELFRY_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, words));
}

static const char *
data_at (BelfryStoreRead *list, guint i)
{
  return belfry_notification_get_data (store_row_at (list->rows, i)->notification);
}

static void
test_an_old_database_is_migrated_with_what_it_holds (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *sql = NULL;
  g_autofree char *version = NULL;
  g_autoptr (BelfryStoreRead) list = NULL;
  g_autoptr (BelfryStoreRead) page = NULL;
  BelfryInboxState state;
  gint64 id;

  g_assert_true (g_file_get_contents (SCHEMA_001, &sql, NULL, NULL));
  store_fixture_close (fixture);
  replace_database (fixture, sql);
  store_fixture_open (fixture);
  version = store_fixture_ask_sql (fixture, "PRAGMA user_version");
  g_assert_cmpstr (version, ==, "2");
  g_assert_cmpstr (belfry_store_get_epoch (BELFRY_STORE (fixture->store)), ==,
                   "3c1d4f9e-0a8f-4f4e-9d6a-6a0a51a7f0d1");

  state = store_fixture_state (fixture, "Zoë");
  g_assert_cmpint (state.position, ==, 11);
  g_assert_cmpint (state.horizon, ==, 1);
  g_assert_cmpint (state.total, ==, 3);
  g_assert_cmpint (state.unread, ==, 2);
  store_fixture_check_counts (fixture, "bob");

  list = store_fixture_list (fixture, "Zoë");
  g_assert_cmpuint (list->rows->len, ==, 3);
  g_assert_cmpstr (data_at (list, 0), ==, "{\"n\":11}");
  g_assert_cmpstr (data_at (list, 1), ==, "{\"n\":3.0}");
  g_assert_true (belfry_notification_get_read (store_row_at (list->rows, 1)->notification));
  g_assert_cmpint (belfry_notification_get_created_at (store_row_at (list->rows, 1)->notification),
                   ==, G_GINT64_CONSTANT (1700000000000003));
  g_assert_cmpstr (data_at (list, 2), ==, "{\"edited\":\"🔔 \\u00e9\"}");

  page = belfry_store_read_new (BELFRY_READ_PAGE, "Zoë");
  page->sent = page->told = 7;
  page = store_fixture_read (fixture, page);
  g_assert_cmpuint (page->changed->len, ==, 3);
  g_assert_true (store_row_at (page->changed, 1)->removed);

  /* What the second version brought can be used. */
  id = store_fixture_create (fixture, "Zoë", "{}", "{'tag': <'t'>, 'idempotency-key': <'k'>}");
  g_assert_cmpint (id, ==, 13);
  g_assert_cmpint (store_fixture_change_at (fixture, 0)->previous, ==, 11);
  store_fixture_check_counts (fixture, "Zoë");
}

static void
test_a_newer_one_is_refused (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *version = NULL;

  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "PRAGMA user_version = 99");
  assert_refused (fixture, BELFRY_ERROR_STORAGE, "schema version 99");
  version = store_fixture_ask_sql (fixture, "PRAGMA user_version");
  g_assert_cmpstr (version, ==, "99");
}

static void
test_another_program_s_is_refused_and_left_alone (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *mode = NULL;

  store_fixture_close (fixture);
  replace_database (fixture, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  assert_refused (fixture, BELFRY_ERROR_STORAGE, "not one of Belfry's");
  mode = store_fixture_ask_sql (fixture, "PRAGMA journal_mode");
  g_assert_cmpstr (mode, ==, "delete");
}

static void
test_a_file_that_is_no_database_is_refused (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (10000, 'x');
  g_autofree char *after = NULL;

  store_fixture_close (fixture);
  store_fixture_delete (fixture);
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  assert_refused (fixture, BELFRY_ERROR_STORAGE, "not a database");
  g_assert_true (g_file_get_contents (fixture->path, &after, NULL, NULL));
  g_assert_cmpstr (after, ==, text);
}

static void
test_a_file_that_cannot_be_written_is_refused (StoreFixture *fixture, gconstpointer data)
{
  gboolean root = geteuid () == 0;

  store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_close (fixture);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (fixture->path, 0444), ==, 0);
  if (root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  assert_refused (fixture, BELFRY_ERROR_STORAGE, fixture->path);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);

  g_assert_cmpint (g_chmod (fixture->path, 0600), ==, 0);
  store_fixture_open (fixture);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 1);
}

static void
test_only_its_owner_can_read_it (StoreFixture *fixture, gconstpointer data)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", ".mark" };

  store_fixture_create (fixture, "alice", "{}", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (fixture->path, suffixes[i], NULL);
      GStatBuf buf;

      g_assert_cmpint (g_stat (path, &buf), ==, 0);
      g_assert_cmpint (buf.st_mode & 0777, ==, 0600);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/schema/an-old-database-is-migrated-with-what-it-holds",
              test_an_old_database_is_migrated_with_what_it_holds);
  STORE_TEST ("/schema/a-newer-one-is-refused", test_a_newer_one_is_refused);
  STORE_TEST ("/schema/another-program-s-is-refused-and-left-alone",
              test_another_program_s_is_refused_and_left_alone);
  STORE_TEST ("/schema/a-file-that-is-no-database-is-refused",
              test_a_file_that_is_no_database_is_refused);
  STORE_TEST ("/schema/a-file-that-cannot-be-written-is-refused",
              test_a_file_that_cannot_be_written_is_refused);
  STORE_TEST ("/schema/only-its-owner-can-read-it", test_only_its_owner_can_read_it);
  return g_test_run ();
}
