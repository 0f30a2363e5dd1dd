/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket as its owner sees it, without a stream on top. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab.h"

/* What a test sees of the socket, in the reactor's thread. */
typedef struct
{
  Lab *lab;
  int peer;
  GAsyncQueue *events; /* of strings */
  gsize read_size;     /* bytes that are read at once; 0 if nothing is */
  gboolean idle;       /* the owner does not close what has failed or ended */
  guint credit;
} Fixture;

static void
push_event (Fixture *fixture, const char *event)
{
  g_async_queue_push (fixture->events, (gpointer) g_intern_string (event));
}

static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  Fixture *fixture = owner;
  char text[64] = { 0 };
  gssize n;

  if (fixture->read_size == 0)
    {
      push_event (fixture, "ready");
      return;
    }
  n = belfry_socket_read (socket, text, fixture->read_size);
  push_event (fixture, n > 0 ? text : n == 0 ? "end" : g_strerror ((int) -n));
  if (n <= 0 && !fixture->idle)
    belfry_socket_close (socket);
}

static void
on_sent (BelfrySocket *socket, gpointer owner)
{
  Fixture *fixture = owner;

  fixture->credit += belfry_socket_take_credit (socket);
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  push_event (owner, "gone");
}

static const BelfrySocketOwner owner_funcs = { on_ready, on_sent, on_gone };

static void
own (Lab *lab, gpointer user_data)
{
  belfry_socket_set_owner (lab->socket, &owner_funcs, user_data);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->lab = lab_new ();
  fixture->lab->bare = TRUE;
  fixture->events = g_async_queue_new ();
  fixture->read_size = 60;
  lab_start_without_times (fixture->lab);
  fixture->peer = lab_connect (fixture->lab, SOCK_STREAM);
  lab_call (fixture->lab, own, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  lab_free (fixture->lab);
  if (fixture->peer >= 0)
    close (fixture->peer);
  g_async_queue_unref (fixture->events);
}

static void
test_its_owner_is_told_of_each_thing_that_comes (Fixture *fixture, gconstpointer data)
{
  lab_peer_send (fixture->peer, "one");
  lab_assert_event (fixture->events, "one");
  lab_peer_send (fixture->peer, "two");
  lab_assert_event (fixture->events, "two");
  close (g_steal_fd (&fixture->peer));
  lab_assert_event (fixture->events, "end");
  lab_assert_event (fixture->events, "gone");
  lab_wait_sockets (fixture->lab, 0);
}

static void
test_who_reads_only_a_part_is_told_again (Fixture *fixture, gconstpointer data)
{
  fixture->read_size = 3;
  lab_peer_send (fixture->peer, "onetwothree");
  lab_assert_event (fixture->events, "one");
  lab_assert_event (fixture->events, "two");
  lab_assert_event (fixture->events, "thr");
  lab_assert_event (fixture->events, "ee");
}

static void
hold (Lab *lab, gpointer user_data)
{
  belfry_socket_hold_input (lab->socket, GPOINTER_TO_INT (user_data));
}

static gboolean
has_event (Lab *lab, gpointer user_data)
{
  return lab->socket->readable;
}

static void
test_what_is_held_is_told_when_it_is_let_go (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, hold, GINT_TO_POINTER (TRUE));
  lab_peer_send (fixture->peer, "held");
  lab_wait (fixture->lab, has_event, NULL);
  g_assert_null (g_async_queue_try_pop (fixture->events));
  lab_call (fixture->lab, hold, GINT_TO_POINTER (FALSE));
  lab_assert_event (fixture->events, "held");
}

static gboolean
is_stuck (Lab *lab, gpointer user_data)
{
  gsize queued = belfry_socket_get_queued (lab->socket);

  return !lab->socket->writable && queued > 0 && queued < LAB_MUCH;
}

static void
test_a_peer_that_does_not_read_is_not_read_from (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, lab_write_much, NULL);
  lab_wait (fixture->lab, is_stuck, NULL);
  lab_peer_send (fixture->peer, "later");
  lab_wait (fixture->lab, has_event, NULL);
  g_assert_null (g_async_queue_try_pop (fixture->events));
  lab_peer_receive_all (fixture->peer, LAB_MUCH);
  lab_assert_event (fixture->events, "later");
}

static void
check_credit (Lab *lab, gpointer user_data)
{
  Fixture *fixture = user_data;
  gsize taken = LAB_MUCH - belfry_socket_get_queued (lab->socket);

  g_assert_cmpuint (taken, >, 0);
  /* Of what is sent in part, nothing comes back. */
  g_assert_cmpuint (fixture->credit, ==, taken / LAB_CHUNK * LAB_CHUNK);
}

static gboolean
has_all_credit (Lab *lab, gpointer user_data)
{
  return ((Fixture *) user_data)->credit == LAB_MUCH;
}

static void
test_credit_comes_back_for_what_the_kernel_took (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, lab_write_much, NULL);
  lab_wait (fixture->lab, is_stuck, NULL);
  lab_call (fixture->lab, check_credit, fixture);
  lab_peer_receive_all (fixture->peer, LAB_MUCH);
  lab_wait (fixture->lab, has_all_credit, fixture);
}

static void
close_between_writes (Lab *lab, gpointer user_data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("last", 4);

  belfry_socket_send (lab->socket, bytes, 0);
  belfry_socket_close (lab->socket);
  belfry_socket_send (lab->socket, bytes, 0);
}

static void
test_nothing_is_sent_behind_the_last_word (Fixture *fixture, gconstpointer data)
{
  char buffer[64];

  lab_call (fixture->lab, close_between_writes, NULL);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, MSG_WAITALL), ==, 4);
  g_assert_cmpint (memcmp (buffer, "last", 4), ==, 0);
}

static void
close_socket (Lab *lab, gpointer user_data)
{
  belfry_socket_close (lab->socket);
}

static void
test_closing_sends_the_rest_and_waits_for_the_peer (Fixture *fixture, gconstpointer data)
{
  char byte;

  lab_call (fixture->lab, lab_write_much, NULL);
  lab_call (fixture->lab, close_socket, NULL);
  lab_peer_send (fixture->peer, "unread");
  lab_peer_receive_all (fixture->peer, LAB_MUCH);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
  lab_wait (fixture->lab, lab_is_lingering, NULL);
  g_assert_null (g_async_queue_try_pop (fixture->events));
  close (g_steal_fd (&fixture->peer));
  lab_assert_event (fixture->events, "gone");
  lab_wait_sockets (fixture->lab, 0);
}

static void
test_a_closed_socket_goes_however_much_its_peer_had_sent (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, hold, GINT_TO_POINTER (TRUE));
  lab_peer_send_junk (fixture->peer);
  lab_wait (fixture->lab, has_event, NULL);
  lab_call (fixture->lab, close_socket, NULL);
  lab_assert_event (fixture->events, "gone");
  lab_wait_sockets (fixture->lab, 0);
}

static void
abort_socket (Lab *lab, gpointer user_data)
{
  belfry_socket_abort (lab->socket);
}

static void
test_one_that_is_aborted_drops_the_rest_and_goes (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, lab_write_much, NULL);
  lab_call (fixture->lab, abort_socket, NULL);
  lab_assert_event (fixture->events, g_strerror (ECONNABORTED));
  lab_assert_event (fixture->events, "gone");
  lab_wait_sockets (fixture->lab, 0);
}

static void
expire (Lab *lab, gpointer user_data)
{
  belfry_socket_expire (lab->socket);
}

static void
test_one_that_has_failed_goes_though_its_owner_does_nothing (Fixture *fixture, gconstpointer data)
{
  fixture->idle = TRUE;
  lab_call (fixture->lab, expire, NULL);
  lab_assert_event (fixture->events, g_strerror (ETIMEDOUT));
  lab_call (fixture->lab, expire, NULL);
  lab_assert_event (fixture->events, "gone");
  lab_wait_sockets (fixture->lab, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/socket/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("its-owner-is-told-of-each-thing-that-comes",
       test_its_owner_is_told_of_each_thing_that_comes);
  ADD ("who-reads-only-a-part-is-told-again", test_who_reads_only_a_part_is_told_again);
  ADD ("what-is-held-is-told-when-it-is-let-go", test_what_is_held_is_told_when_it_is_let_go);
  ADD ("a-peer-that-does-not-read-is-not-read-from",
       test_a_peer_that_does_not_read_is_not_read_from);
  ADD ("credit-comes-back-for-what-the-kernel-took",
       test_credit_comes_back_for_what_the_kernel_took);
  ADD ("nothing-is-sent-behind-the-last-word", test_nothing_is_sent_behind_the_last_word);
  ADD ("closing-sends-the-rest-and-waits-for-the-peer",
       test_closing_sends_the_rest_and_waits_for_the_peer);
  ADD ("a-closed-socket-goes-however-much-its-peer-had-sent",
       test_a_closed_socket_goes_however_much_its_peer_had_sent);
  ADD ("one-that-is-aborted-drops-the-rest-and-goes",
       test_one_that_is_aborted_drops_the_rest_and_goes);
  ADD ("one-that-has-failed-goes-though-its-owner-does-nothing",
       test_one_that_has_failed_goes_though_its_owner_does_nothing);
  return g_test_run ();
}
