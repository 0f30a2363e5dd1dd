/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-connection-limit.h"

static void
test_a_slot_goes_back_when_its_guard_goes (void)
{
  g_autoptr (BelfryConnectionLimit) limit = belfry_connection_limit_new (2);

  {
    g_autoptr (BelfryConnectionSlot) first = belfry_connection_limit_take (limit);
    g_autoptr (BelfryConnectionSlot) second = belfry_connection_limit_take (limit);

    g_assert_nonnull (first);
    g_assert_nonnull (second);
    g_assert_null (belfry_connection_limit_take (limit));
    g_assert_cmpuint (belfry_connection_limit_get_taken (limit), ==, 2);
  }
  g_assert_cmpuint (belfry_connection_limit_get_taken (limit), ==, 0);
}

static void
test_a_slot_may_outlive_its_limit (void)
{
  BelfryConnectionLimit *limit = belfry_connection_limit_new (1);
  BelfryConnectionSlot *slot = belfry_connection_limit_take (limit);

  belfry_connection_limit_unref (limit);
  belfry_connection_slot_free (slot);
}

static gpointer
take_and_give (gpointer data)
{
  for (guint i = 0; i < 50000; i++)
    {
      g_autoptr (BelfryConnectionSlot) slot = belfry_connection_limit_take (data);

      g_assert_cmpuint (belfry_connection_limit_get_taken (data), <=, 2);
    }
  return NULL;
}

static void
test_threads_never_take_more_than_there_are (void)
{
  g_autoptr (BelfryConnectionLimit) limit = belfry_connection_limit_new (2);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, take_and_give, limit);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (belfry_connection_limit_get_taken (limit), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection-limit/a-slot-goes-back-when-its-guard-goes",
                   test_a_slot_goes_back_when_its_guard_goes);
  g_test_add_func ("/connection-limit/a-slot-may-outlive-its-limit",
                   test_a_slot_may_outlive_its_limit);
  g_test_add_func ("/connection-limit/threads-never-take-more-than-there-are",
                   test_threads_never_take_more_than_there_are);
  return g_test_run ();
}
