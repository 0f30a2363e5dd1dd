/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts and positions under random operations. */

#include "store-fixture.h"

#define N_USERS 3
#define N_STEPS 200

typedef struct
{
  StoreFixture *fixture;
  GRand *rand;
  GArray *ids; /* of gint64: some that were created */
} Play;

static gint32
pick (Play *play, gint32 n)
{
  return g_rand_int_range (play->rand, 0, n);
}

static char *
random_options (Play *play)
{
  g_autoptr (GString) options = g_string_new ("{");

  if (pick (play, 4) == 0)
    g_string_append_printf (options, "'tag': <'t%d'>", pick (play, 3));
  if (pick (play, 4) == 0)
    g_string_append_printf (options, "%s'idempotency-key': <'k%d'>", options->len > 1 ? ", " : "",
                            pick (play, 40));
  if (options->len == 1)
    return NULL;
  g_string_append_c (options, '}');
  return g_string_free (g_steal_pointer (&options), FALSE);
}

/* One call that creates for several users, with keys and tags that repeat within it. */
static void
create_some (Play *play)
{
  g_autoptr (BelfryStoreWrite) write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  gint32 n = pick (play, 10) == 0 ? 150 : 1 + pick (play, 10);

  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  for (gint32 i = 0; i < n; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%d", pick (play, N_USERS));
      g_autofree char *options = random_options (play);

      g_ptr_array_add (write->drafts, store_fixture_draft (user, "{}", options));
    }
  write = store_fixture_write (play->fixture, write);
  g_assert_no_error (write->error);
  g_array_append_vals (play->ids, write->result_ids->data, write->result_ids->len);
}

static void
change_some (Play *play, BelfryWriteKind kind, const char *user)
{
  gint64 some[20];

  for (guint i = 0; i < G_N_ELEMENTS (some); i++)
    some[i] = play->ids->len > 0
                  ? g_array_index (play->ids, gint64, pick (play, (gint32) play->ids->len))
                  : 0;
  store_fixture_change (play->fixture, kind, user, some, G_N_ELEMENTS (some));
}

static void
edit_one (Play *play, const char *user)
{
  g_autoptr (BelfryStoreWrite) write = NULL;
  gint64 id = play->ids->len > 0
                  ? g_array_index (play->ids, gint64, pick (play, (gint32) play->ids->len))
                  : 1;

  write = store_fixture_update (play->fixture, user, id, "{\"edited\":true}");
}

/* Lets some expire and old tombstones go: the store does both by itself when it is opened. */
static void
reopen_later (Play *play)
{
  StoreFixture *fixture = play->fixture;
  g_autofree char *n_left = NULL;

  store_fixture_close (fixture);
  store_fixture_run_sql (fixture, "UPDATE notification SET expires_at = 1 "
                                  "WHERE removed_at IS NULL AND id % 7 = 0");
  store_fixture_run_sql (fixture, "UPDATE notification SET removed_at = 1 "
                                  "WHERE removed_at IS NOT NULL AND id % 3 = 0");
  store_fixture_open (fixture);
  do
    {
      g_clear_pointer (&n_left, g_free);
      n_left = store_fixture_ask_sql (fixture, "SELECT count (*) FROM notification WHERE "
                                               "removed_at = 1 OR "
                                               "(removed_at IS NULL AND expires_at = 1)");
      g_main_context_iteration (NULL, FALSE);
    }
  while (!g_str_equal (n_left, "0"));
}

static void
step (Play *play)
{
  g_autofree char *user = g_strdup_printf ("user-%d", pick (play, N_USERS));

  switch (pick (play, 12))
    {
    case 0:
    case 1:
      change_some (play, BELFRY_WRITE_MARK_READ, user);
      break;
    case 2:
      change_some (play, BELFRY_WRITE_MARK_UNREAD, user);
      break;
    case 3:
      change_some (play, BELFRY_WRITE_REMOVE, user);
      break;
    case 4:
      edit_one (play, user);
      break;
    case 5:
      if (pick (play, 10) == 0)
        store_fixture_change (play->fixture, BELFRY_WRITE_MARK_ALL_READ, user, NULL, 0);
      break;
    case 6:
      if (pick (play, 20) == 0)
        store_fixture_change (play->fixture, BELFRY_WRITE_REMOVE_ALL, user, NULL, 0);
      break;
    default:
      create_some (play);
    }
}

static void
check (Play *play)
{
  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *user = g_strdup_printf ("user-%u", i);

      store_fixture_check_counts (play->fixture, user);
    }
  store_fixture_check_chains (play->fixture);
}

static void
test_they_equal_a_full_recount (StoreFixture *fixture, gconstpointer data)
{
  for (guint32 seed = 1; seed <= 3; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
      Play play = { fixture, rand, ids };

      for (guint i = 1; i <= N_STEPS; i++)
        {
          step (&play);
          if (i % 50 == 0)
            reopen_later (&play);
          if (i % 10 == 0)
            check (&play);
        }
    }
}

/* The row of a user leaves out up to 64 new notifications; readers count those. */
static void
test_a_user_s_row_is_rewritten_every_64_notifications (StoreFixture *fixture, gconstpointer data)
{
  for (guint i = 1; i <= 200; i++)
    {
      g_autofree char *tail = NULL;

      store_fixture_create (fixture, "alice", "{}", NULL);
      tail = store_fixture_ask_sql (fixture, "SELECT (SELECT count (*) FROM notification) - total "
                                             "FROM user WHERE id = 'alice'");
      g_assert_cmpint (g_ascii_strtoll (tail, NULL, 10), <=, 64);
      g_assert_cmpint (store_fixture_state (fixture, "alice").unread, ==, i);
      g_assert_cmpint (store_fixture_change_at (fixture, i - 1)->unread, ==, i);
      if (i % 50 == 0)
        store_fixture_reopen (fixture);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/counts/they-equal-a-full-recount", test_they_equal_a_full_recount);
  STORE_TEST ("/counts/a-user-s-row-is-rewritten-every-64-notifications",
              test_a_user_s_row_is_rewritten_every_64_notifications);
  return g_test_run ();
}
