/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-rate-limit.h"

#define START (1000 * (gint64) G_USEC_PER_SEC)

/* The contract, written again on purpose. */
#define BURST      200
#define PER_SECOND 50

static guint
take_all (BelfryRateLimit *limit, gint64 now)
{
  guint n = 0;

  while (belfry_rate_limit_take (limit, 1, now))
    n++;
  return n;
}

static void
test_a_fresh_bucket_holds_a_burst (void)
{
  BelfryRateLimit limit = { 0 };

  g_assert_cmpuint (take_all (&limit, START), ==, BURST);
}

static void
test_an_empty_bucket_fills_at_the_rate (void)
{
  BelfryRateLimit limit = { 0 };

  take_all (&limit, START);
  g_assert_false (belfry_rate_limit_take (&limit, 1, START + G_USEC_PER_SEC / PER_SECOND - 1));
  g_assert_cmpuint (take_all (&limit, START + G_USEC_PER_SEC), ==, PER_SECOND);
  g_assert_cmpuint (take_all (&limit, START + 3 * G_USEC_PER_SEC), ==, 2 * PER_SECOND);
}

static void
test_a_bucket_never_holds_more_than_a_burst (void)
{
  BelfryRateLimit limit = { 0 };

  take_all (&limit, START);
  g_assert_cmpuint (take_all (&limit, START + 3600 * (gint64) G_USEC_PER_SEC), ==, BURST);
}

static void
test_what_was_refused_costs_nothing (void)
{
  BelfryRateLimit limit = { 0 };

  g_assert_false (belfry_rate_limit_take (&limit, BURST + 1, START));
  g_assert_true (belfry_rate_limit_take (&limit, BURST, START));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rate-limit/a-fresh-bucket-holds-a-burst", test_a_fresh_bucket_holds_a_burst);
  g_test_add_func ("/rate-limit/an-empty-bucket-fills-at-the-rate",
                   test_an_empty_bucket_fills_at_the_rate);
  g_test_add_func ("/rate-limit/a-bucket-never-holds-more-than-a-burst",
                   test_a_bucket_never_holds_more_than_a_burst);
  g_test_add_func ("/rate-limit/what-was-refused-costs-nothing",
                   test_what_was_refused_costs_nothing);
  return g_test_run ();
}
