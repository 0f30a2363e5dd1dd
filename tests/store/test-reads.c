/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* In which order what is asked of the store is answered: nobody waits for all that another one
 * still has to be told. */

#include "store-fixture.h"

#define N_WAITING 8
#define N_PAGES   25

/* One who reads page after page. */
typedef struct
{
  StoreFixture *fixture;
  guint *n_pages; /* by number: how many each was answered */
  guint number;
  guint *n_done;
} Waiting;

static void on_page (BelfryStoreRead *page, gpointer user_data);

static void
ask_for_page (Waiting *waiting)
{
  BelfryStoreRead *page = belfry_store_read_new (BELFRY_READ_PAGE, "alice");

  page->limit = 100;
  page->done = on_page;
  page->user_data = waiting;
  belfry_store_read (BELFRY_STORE (waiting->fixture->store), page);
}

static void
on_page (BelfryStoreRead *page, gpointer user_data)
{
  Waiting *waiting = user_data;

  g_assert_no_error (page->error);
  g_assert_cmpuint (page->rows->len, ==, 100);
  waiting->n_pages[waiting->number]++;
  for (guint i = 0; i < N_WAITING; i++)
    {
      /* Nobody is ahead of another by more than one page. */
      g_assert_cmpuint (waiting->n_pages[waiting->number], <=, waiting->n_pages[i] + 1);
    }
  if (waiting->n_pages[waiting->number] < N_PAGES)
    ask_for_page (waiting);
  else
    ++*waiting->n_done;
}

static void
test_sessions_that_catch_up_take_turns (StoreFixture *fixture, gconstpointer data)
{
  Waiting waiting[N_WAITING];
  guint n_pages[N_WAITING] = { 0 };
  guint n_done = 0;

  store_fixture_create_many (fixture, "alice", 150);
  for (guint i = 0; i < N_WAITING; i++)
    {
      waiting[i] = (Waiting){ fixture, n_pages, i, &n_done };
      ask_for_page (&waiting[i]);
    }
  while (n_done < N_WAITING)
    g_main_context_iteration (NULL, TRUE);
}

typedef struct
{
  guint n_pages;
  guint n_before; /* pages that were answered before the other one */
  gboolean done;
} Race;

static void
on_slow (BelfryStoreRead *page, gpointer user_data)
{
  Race *race = user_data;

  g_assert_no_error (page->error);
  race->n_pages++;
}

static void
on_urgent (BelfryStoreRead *read, gpointer user_data)
{
  Race *race = user_data;

  g_assert_no_error (read->error);
  race->n_before = race->n_pages;
  race->done = TRUE;
}

/* @data: GUINT_TO_POINTER: what is asked for behind many pages */
static void
test_it_does_not_wait_for_pages (StoreFixture *fixture, gconstpointer data)
{
  BelfryReadKind kind = (BelfryReadKind) GPOINTER_TO_UINT (data);
  const guint n_pages = 300;
  BelfryStoreRead *urgent;
  Race race = { 0 };

  store_fixture_create_many (fixture, "alice", 150);
  for (guint i = 0; i < n_pages; i++)
    {
      BelfryStoreRead *page = belfry_store_read_new (BELFRY_READ_PAGE, "alice");

      page->limit = 100;
      page->done = on_slow;
      page->user_data = &race;
      belfry_store_read (BELFRY_STORE (fixture->store), page);
    }
  urgent = belfry_store_read_new (kind, "bob");
  urgent->limit = 20;
  urgent->done = on_urgent;
  urgent->user_data = &race;
  belfry_store_read (BELFRY_STORE (fixture->store), urgent);
  while (!race.done || race.n_pages < n_pages)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (race.n_before, <, n_pages);
}

static gboolean
on_late (gpointer user_data)
{
  g_error ("What was asked for was never answered");
  return G_SOURCE_REMOVE;
}

static void
count_state (BelfryStoreRead *read, gpointer user_data)
{
  guint *n_answered = user_data;

  g_assert_no_error (read->error);
  g_assert_cmpint (read->state.unread, ==, 1);
  ++*n_answered;
}

/* More than one statement reads. */
static void
test_of_a_storm_of_registrations_none_is_lost (StoreFixture *fixture, gconstpointer data)
{
  guint late = g_timeout_add_seconds (60, on_late, NULL);
  guint n_answered = 0;

  store_fixture_create (fixture, "alice", "{}", NULL);
  store_fixture_create (fixture, "bob", "{}", NULL);
  for (guint i = 0; i < 10000; i++)
    {
      BelfryStoreRead *read =
          belfry_store_read_new (BELFRY_READ_STATE, i % 2 == 0 ? "alice" : "bob");

      read->done = count_state;
      read->user_data = &n_answered;
      belfry_store_read (BELFRY_STORE (fixture->store), read);
    }
  while (n_answered < 10000)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/reads/sessions-that-catch-up-take-turns", test_sessions_that_catch_up_take_turns);
  g_test_add ("/reads/a-list-does-not-wait-for-pages", StoreFixture,
              GUINT_TO_POINTER (BELFRY_READ_LIST), store_fixture_set_up,
              test_it_does_not_wait_for_pages, store_fixture_tear_down);
  g_test_add ("/reads/a-registration-does-not-wait-for-pages", StoreFixture,
              GUINT_TO_POINTER (BELFRY_READ_STATE), store_fixture_set_up,
              test_it_does_not_wait_for_pages, store_fixture_tear_down);
  STORE_TEST ("/reads/of-a-storm-of-registrations-none-is-lost",
              test_of_a_storm_of_registrations_none_is_lost);
  return g_test_run ();
}
