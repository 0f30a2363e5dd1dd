/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A restored backup must not pass for its later self. */

#include <glib/gstdio.h>
#include <string.h>

#include "belfry-error.h"
#include "store-fixture.h"

static guint n_noticed;

/* GLib's expected messages are not seen in structured logs. */
static GLogWriterOutput
notice (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE")
        && strstr (fields[i].value, "restored backup") != NULL)
      {
        n_noticed++;
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, user_data);
}

static char *
epoch_of (StoreFixture *fixture)
{
  return g_strdup (belfry_store_get_epoch (BELFRY_STORE (fixture->store)));
}

/* Closed, all of a database is in its one file. */
static void
copy_file (const char *from, const char *to)
{
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &text, &length, NULL));
  g_assert_true (g_file_set_contents (to, text, (gssize) length, NULL));
}

static void
back_up (StoreFixture *fixture, const char *to)
{
  store_fixture_close (fixture);
  copy_file (fixture->path, to);
  store_fixture_open (fixture);
}

static void
restore (StoreFixture *fixture, const char *from, gboolean is_noticed)
{
  store_fixture_close (fixture);
  copy_file (from, fixture->path);
  n_noticed = 0;
  store_fixture_open (fixture);
  g_assert_cmpuint (n_noticed, ==, is_noticed ? 1 : 0);
}

static void
test_it_stays (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *epoch = epoch_of (fixture);
  g_autofree char *after = NULL;

  g_assert_true (g_uuid_string_is_valid (epoch));
  store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_reopen (fixture);
  after = epoch_of (fixture);
  g_assert_cmpstr (after, ==, epoch);
}

static void
test_a_new_one_can_be_asked_for (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *epoch = epoch_of (fixture);
  g_autofree char *asked = NULL;
  g_autofree char *after = NULL;

  store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_close (fixture);
  fixture->options.new_epoch = TRUE;
  store_fixture_open (fixture);
  fixture->options.new_epoch = FALSE;
  asked = epoch_of (fixture);
  g_assert_cmpstr (asked, !=, epoch);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 1);

  store_fixture_reopen (fixture);
  after = epoch_of (fixture);
  g_assert_cmpstr (after, ==, asked);
}

static void
test_a_restored_backup_begins_a_new_one (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *backup = g_build_filename (fixture->folder, "backup", NULL);
  g_autofree char *epoch = epoch_of (fixture);
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autofree char *after = NULL;

  store_fixture_create (fixture, "alice", "{}", NULL);
  back_up (fixture, backup);
  store_fixture_create (fixture, "alice", "{}", NULL);
  restore (fixture, backup, TRUE);
  second = epoch_of (fixture);
  g_assert_cmpstr (second, !=, epoch);
  g_assert_cmpint (store_fixture_state (fixture, "alice").total, ==, 1);

  /* The same backup once more: its epoch is the first one again. */
  restore (fixture, backup, TRUE);
  third = epoch_of (fixture);
  g_assert_cmpstr (third, !=, epoch);
  g_assert_cmpstr (third, !=, second);

  store_fixture_reopen (fixture);
  after = epoch_of (fixture);
  g_assert_cmpstr (after, ==, third);
  g_unlink (backup);
}

static void
test_a_backup_that_misses_nothing_keeps_it (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *backup = g_build_filename (fixture->folder, "backup", NULL);
  g_autofree char *epoch = epoch_of (fixture);
  g_autofree char *after = NULL;

  store_fixture_create (fixture, "alice", "{}", NULL);
  back_up (fixture, backup);
  restore (fixture, backup, FALSE);
  after = epoch_of (fixture);
  g_assert_cmpstr (after, ==, epoch);
  g_unlink (backup);
}

static void
test_a_new_database_beside_an_old_mark_is_new (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_close (fixture);
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  store_fixture_open (fixture);
  g_assert_cmpint (store_fixture_create (fixture, "alice", "{}", NULL), ==, 1);
}

static void
test_two_cannot_use_one_database (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (belfry_sql_store_open (fixture->path, &fixture->options, &error));
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_BUSY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (notice, NULL, NULL);
  STORE_TEST ("/epoch/it-stays", test_it_stays);
  STORE_TEST ("/epoch/a-new-one-can-be-asked-for", test_a_new_one_can_be_asked_for);
  STORE_TEST ("/epoch/a-restored-backup-begins-a-new-one", test_a_restored_backup_begins_a_new_one);
  STORE_TEST ("/epoch/a-backup-that-misses-nothing-keeps-it",
              test_a_backup_that_misses_nothing_keeps_it);
  STORE_TEST ("/epoch/a-new-database-beside-an-old-mark-is-new",
              test_a_new_database_beside_an_old_mark_is_new);
  STORE_TEST ("/epoch/two-cannot-use-one-database", test_two_cannot_use_one_database);
  return g_test_run ();
}
