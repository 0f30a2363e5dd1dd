/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-call.h"

static BelfryCall *
begin_open (BelfryCallBook *book)
{
  BelfryCall *call = belfry_call_book_begin (book, "alice", "a", "bob", "{}", 30);

  belfry_call_book_accept (book, call, "b");
  return call;
}

/* Lets the clock go on. */
static void
wait_for_clock (void)
{
  gint64 now = g_get_monotonic_time ();

  while (g_get_monotonic_time () == now)
    g_usleep (1);
}

static void
test_whole_calls_do_not_run_out (void)
{
  g_autoptr (BelfryCallBook) book = belfry_call_book_new ();
  BelfryCall *call = begin_open (book);

  g_assert_cmpuint (call->deadline.place, ==, 0);
  belfry_call_book_leave (book, call, BELFRY_CALL_CALLER);
  g_assert_cmpuint (call->deadline.place, !=, 0);
  belfry_call_book_come_back (book, call, BELFRY_CALL_CALLER, "a2");
  g_assert_cmpuint (call->deadline.place, ==, 0);
}

static void
test_each_side_is_waited_for_from_when_it_left (void)
{
  g_autoptr (BelfryCallBook) book = belfry_call_book_new ();
  BelfryCall *call = begin_open (book);
  gint64 first;

  belfry_call_book_leave (book, call, BELFRY_CALL_CALLER);
  first = call->deadline.at;
  wait_for_clock ();
  belfry_call_book_leave (book, call, BELFRY_CALL_CALLEE);
  g_assert_cmpint (call->deadline.at, ==, first);
  belfry_call_book_come_back (book, call, BELFRY_CALL_CALLER, "a2");
  g_assert_cmpint (call->deadline.at, >, first);
}

static void
test_a_caller_who_is_away_is_waited_for_from_the_answer (void)
{
  g_autoptr (BelfryCallBook) book = belfry_call_book_new ();
  BelfryCall *call = belfry_call_book_begin (book, "alice", "a", "bob", "{}", 1);
  gint64 answered;

  belfry_call_book_leave (book, call, BELFRY_CALL_CALLER);
  wait_for_clock ();
  answered = g_get_monotonic_time ();
  belfry_call_book_accept (book, call, "b");
  g_assert_cmpint (call->deadline.at, >=, answered + BELFRY_CALL_PATIENCE * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call/whole-calls-do-not-run-out", test_whole_calls_do_not_run_out);
  g_test_add_func ("/call/each-side-is-waited-for-from-when-it-left",
                   test_each_side_is_waited_for_from_when_it_left);
  g_test_add_func ("/call/a-caller-who-is-away-is-waited-for-from-the-answer",
                   test_a_caller_who_is_away_is_waited_for_from_the_answer);
  return g_test_run ();
}
