/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The power goes at random moments, and of what was not synced the disk has kept what it liked:
 * everything that was acknowledged is there all the same. */

#include <glib/gstdio.h>
#include <string.h>

#include "power-vfs.h"
#include "store-fixture.h"

#define N_CUTS           25
#define ROUNDS_IN_FLIGHT 8
#define N_USERS          3

/* Each creation has a number. Those that come singly have no key: they are one statement. */
typedef struct
{
  StoreFixture *fixture;
  GRand *rand;
  gint64 next;
  GHashTable *ids;  /* number → id, acknowledged */
  GHashTable *read; /* ids that were marked as read, acknowledged; of one user */
  guint n_flying;
  gboolean landing;
} Load;

typedef struct
{
  Load *load;
  gint64 first;
} Flight;

/* What must be found behind a cut. */
typedef struct
{
  StoreFixture fixture;
  GHashTable *ids;
  GHashTable *read;
} Cut;

static void take_off (Load *load);

static void
on_created (BelfryStoreWrite *created, gpointer user_data)
{
  g_autofree Flight *flight = user_data;
  Load *load = flight->load;

  g_assert_no_error (created->error);
  for (guint i = 0; i < created->result_ids->len; i++)
    g_hash_table_insert (load->ids, GSIZE_TO_POINTER (flight->first + i),
                         GSIZE_TO_POINTER (g_array_index (created->result_ids, gint64, i)));
  load->n_flying--;
  if (!load->landing)
    take_off (load);
}

static void
on_read (BelfryStoreWrite *read, gpointer user_data)
{
  Load *load = user_data;

  g_assert_no_error (read->error);
  if (read->count > 0)
    g_hash_table_add (load->read, GSIZE_TO_POINTER (g_array_index (read->ids, gint64, 0)));
  load->n_flying--;
  if (!load->landing)
    take_off (load);
}

static char *
user_of (gint64 number)
{
  return g_strdup_printf ("user-%d", (int) (number % N_USERS));
}

static void
create (Load *load)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  Flight *flight = g_new0 (Flight, 1);
  gint64 n = g_rand_int_range (load->rand, 0, 4) == 0 ? 50 : 1;
  gboolean has_keys = n > 1;

  *flight = (Flight){ load, load->next };
  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  for (; n > 0; n--, load->next++)
    {
      g_autofree char *user = user_of (load->next);
      g_autofree char *data = g_strdup_printf ("{\"n\":%" G_GINT64_FORMAT "}", load->next);
      g_autofree char *options =
          has_keys ? g_strdup_printf ("{'idempotency-key': <'%" G_GINT64_FORMAT "'>}", load->next)
                   : NULL;

      g_ptr_array_add (write->drafts, store_fixture_draft (user, data, options));
    }
  write->done = on_created;
  write->user_data = flight;
  belfry_store_write (BELFRY_STORE (load->fixture->store), write);
}

static void
mark_read (Load *load)
{
  gint64 number = g_rand_int_range (load->rand, 0, (gint32) load->next);
  g_autofree char *user = user_of (number);
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_MARK_READ, user);
  gint64 id =
      (gint64) GPOINTER_TO_SIZE (g_hash_table_lookup (load->ids, GSIZE_TO_POINTER (number)));

  write->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (write->ids, id);
  write->done = on_read;
  write->user_data = load;
  belfry_store_write (BELFRY_STORE (load->fixture->store), write);
}

static void
take_off (Load *load)
{
  load->n_flying++;
  if (load->next > 0 && g_rand_int_range (load->rand, 0, 3) == 0)
    mark_read (load);
  else
    create (load);
}

static GHashTable *
copy_table (GHashTable *table)
{
  GHashTable *copy = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (copy, key, value);
  return copy;
}

/* The mark is not synced, and the newest one is what can do most harm. */
static Cut *
cut_power (Load *load)
{
  Cut *cut = g_new0 (Cut, 1);
  g_autofree char *mark = g_strconcat (load->fixture->path, ".mark", NULL);
  g_autofree char *copy = NULL;
  g_autofree char *text = NULL;
  gsize length;

  cut->fixture.folder = g_dir_make_tmp ("belfry-cut-XXXXXX", NULL);
  cut->fixture.path = g_build_filename (cut->fixture.folder, "belfry.db", NULL);
  cut->fixture.changes = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_change_unref);
  cut->ids = copy_table (load->ids);
  cut->read = copy_table (load->read);
  g_assert_true (g_file_get_contents (mark, &text, &length, NULL));
  power_vfs_cut (load->fixture->path, cut->fixture.path, load->rand);
  copy = g_strconcat (cut->fixture.path, ".mark", NULL);
  g_assert_true (g_file_set_contents (copy, text, (gssize) length, NULL));
  return cut;
}

static void
assert_ask (StoreFixture *fixture, const char *sql, const char *expected)
{
  g_autofree char *answer = store_fixture_ask_sql (fixture, sql);

  g_assert_cmpstr (answer, ==, expected);
}

static void
check_read (StoreFixture *fixture, GHashTable *read)
{
  g_autofree char *rows = store_fixture_ask_sql (
      fixture,
      "SELECT ifnull (group_concat (id, ','), '') FROM notification WHERE read_at IS NULL");
  g_auto (GStrv) ids = g_strsplit (rows, ",", -1);

  for (guint i = 0; ids[i] != NULL; i++)
    g_assert_false (
        g_hash_table_contains (read, GSIZE_TO_POINTER (g_ascii_strtoll (ids[i], NULL, 10))));
}

static void
check_cut (Cut *cut, const char *epoch)
{
  StoreFixture *fixture = &cut->fixture;
  gint64 position;

  store_fixture_open (fixture);
  assert_ask (fixture, "PRAGMA integrity_check", "ok");
  /* The mark was not ahead of it. */
  g_assert_cmpstr (belfry_store_get_epoch (BELFRY_STORE (fixture->store)), ==, epoch);
  position = store_fixture_check_acknowledged (fixture, cut->ids);
  check_read (fixture, cut->read);
  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *user = user_of (i);

      store_fixture_check_counts (fixture, user);
    }
  g_assert_cmpint (store_fixture_create (fixture, "somebody else", "{}", NULL), >, position);
}

static void
cut_free (gpointer data)
{
  Cut *cut = data;

  store_fixture_tear_down (&cut->fixture, NULL);
  g_hash_table_unref (cut->ids);
  g_hash_table_unref (cut->read);
  g_free (cut);
}

static void
test_what_was_acknowledged_outlives_it (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) cuts = g_ptr_array_new_with_free_func (cut_free);
  g_autofree char *epoch = g_strdup (belfry_store_get_epoch (BELFRY_STORE (fixture->store)));
  Load load = {
    .fixture = fixture,
    .rand = g_rand_new (),
    .ids = g_hash_table_new (NULL, NULL),
    .read = g_hash_table_new (NULL, NULL),
  };

  for (guint i = 0; i < ROUNDS_IN_FLIGHT; i++)
    take_off (&load);
  for (guint i = 0; i < N_CUTS; i++)
    {
      guint until = g_hash_table_size (load.ids) + g_rand_int_range (load.rand, 1, 400);

      while (g_hash_table_size (load.ids) < until)
        g_main_context_iteration (NULL, TRUE);
      /* The other threads go on. */
      g_ptr_array_add (cuts, cut_power (&load));
    }
  load.landing = TRUE;
  while (load.n_flying > 0)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < cuts->len; i++)
    check_cut (g_ptr_array_index (cuts, i), epoch);
  g_hash_table_unref (load.ids);
  g_hash_table_unref (load.read);
  g_rand_free (load.rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  power_vfs_install ();
  STORE_TEST ("/power-cut/what-was-acknowledged-outlives-it-whatever-the-disk-has-kept",
              test_what_was_acknowledged_outlives_it);
  return g_test_run ();
}
