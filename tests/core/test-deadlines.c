/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-deadlines.h"

#define N 500

static void
test_they_come_in_order_whatever_was_moved_or_cleared (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  BelfryDeadlines *deadlines = belfry_deadlines_new ();
  BelfryDeadline items[N] = { { 0 } };
  BelfryDeadline *next;
  guint n_set = 0;
  guint n_popped = 0;
  gint64 last = 0;

  for (guint i = 0; i < 20 * N; i++)
    {
      BelfryDeadline *item = &items[g_rand_int_range (rand, 0, N)];

      if (g_rand_int_range (rand, 0, 3) == 0)
        belfry_deadlines_clear (deadlines, item);
      else
        belfry_deadlines_set (deadlines, item, g_rand_int_range (rand, 1, 1000));
    }
  for (guint i = 0; i < N; i++)
    n_set += items[i].place != 0;
  while ((next = belfry_deadlines_pop (deadlines, G_MAXINT64)) != NULL)
    {
      g_assert_cmpint (next->at, >=, last);
      g_assert_cmpuint (next->place, ==, 0);
      last = next->at;
      n_popped++;
    }
  g_assert_cmpuint (n_popped, ==, n_set);
  belfry_deadlines_free (deadlines);
}

static void
test_only_those_that_have_passed_come (void)
{
  BelfryDeadlines *deadlines = belfry_deadlines_new ();
  BelfryDeadline early = { 0 };
  BelfryDeadline late = { 0 };

  belfry_deadlines_set (deadlines, &late, 20);
  belfry_deadlines_set (deadlines, &early, 10);
  g_assert_null (belfry_deadlines_pop (deadlines, 9));
  g_assert_true (belfry_deadlines_pop (deadlines, 10) == &early);
  g_assert_null (belfry_deadlines_pop (deadlines, 19));
  belfry_deadlines_clear (deadlines, &late);
  g_assert_null (belfry_deadlines_pop (deadlines, G_MAXINT64));
  belfry_deadlines_free (deadlines);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/deadlines/they-come-in-order-whatever-was-moved-or-cleared",
                   test_they_come_in_order_whatever_was_moved_or_cleared);
  g_test_add_func ("/deadlines/only-those-that-have-passed-come",
                   test_only_those_that_have_passed_come);
  return g_test_run ();
}
