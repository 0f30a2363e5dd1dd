/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stream as libsoup sees it, and as its owner does, without libsoup. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab.h"

/* What a test sees of the stream, in the reactor's thread. */
typedef struct
{
  Lab *lab;
  int peer;
  GAsyncQueue *events; /* of strings */
  GCancellable *cancellable;
  GMutex cancelling; /* by another thread */
  GSource *source;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->lab = lab_new ();
  fixture->lab->user_data = fixture;
  fixture->events = g_async_queue_new ();
  fixture->cancellable = g_cancellable_new ();
  g_mutex_init (&fixture->cancelling);
  lab_start_without_times (fixture->lab);
  fixture->peer = lab_connect (fixture->lab, data != NULL ? SOCK_SEQPACKET : SOCK_STREAM);
}

static void
drop_source (Lab *lab, gpointer user_data)
{
  Fixture *fixture = user_data;

  if (fixture->source != NULL)
    g_source_destroy (fixture->source);
  g_clear_pointer (&fixture->source, g_source_unref);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, drop_source, fixture);
  lab_free (fixture->lab);
  if (fixture->peer >= 0)
    close (fixture->peer);
  g_object_unref (fixture->cancellable);
  g_mutex_clear (&fixture->cancelling);
  g_assert_null (g_async_queue_try_pop (fixture->events));
  g_async_queue_unref (fixture->events);
}

static GPollableInputStream *
get_input (Lab *lab)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (lab->stream)));
}

static GOutputStream *
get_output (Lab *lab)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (lab->stream));
}

/* A read that the test asks for in the reactor's thread. */
typedef struct
{
  gssize n;
  char text[64];
  GError *error;
} Read;

static void
read_some (Lab *lab, gpointer user_data)
{
  Read *result = user_data;

  g_clear_error (&result->error);
  result->n = g_pollable_input_stream_read_nonblocking (
      get_input (lab), result->text, sizeof result->text - 1, NULL, &result->error);
  result->text[MAX (result->n, 0)] = '\0';
}

static gboolean
can_read (Lab *lab, gpointer user_data)
{
  return g_pollable_input_stream_is_readable (get_input (lab));
}

static gboolean
on_readable (GObject *direction, gpointer user_data)
{
  Fixture *fixture = user_data;
  Read result = { 0 };

  g_assert_true (direction == G_OBJECT (get_input (fixture->lab)));
  if (g_cancellable_is_cancelled (fixture->cancellable))
    {
      g_async_queue_push (fixture->events, (gpointer) "cancelled");
      /* GLib 2.74 leaks what is taken away while another thread is still cancelling it. */
      g_mutex_lock (&fixture->cancelling);
      g_mutex_unlock (&fixture->cancelling);
      return G_SOURCE_REMOVE;
    }
  read_some (fixture->lab, &result);
  g_async_queue_push (fixture->events, (gpointer) (result.n > 0    ? g_intern_string (result.text)
                                                   : result.n == 0 ? "end"
                                                                   : "error"));
  g_clear_error (&result.error);
  return G_SOURCE_CONTINUE;
}

static void
add_source (Lab *lab, gpointer user_data)
{
  Fixture *fixture = lab->user_data;

  belfry_cell_enter (lab->stream->cell);
  fixture->source = g_pollable_input_stream_create_source (get_input (lab), fixture->cancellable);
  if (user_data != NULL)
    g_source_set_closure (fixture->source,
                          g_cclosure_new (G_CALLBACK (on_readable), fixture, NULL));
  else
    g_source_set_callback (fixture->source, G_SOURCE_FUNC (on_readable), fixture, NULL);
  g_source_attach (fixture->source, g_main_context_get_thread_default ());
  belfry_cell_leave (lab->stream->cell);
}

static void
test_a_source_is_dispatched_for_each_thing_that_comes (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, add_source, NULL);
  lab_peer_send (fixture->peer, "one");
  lab_assert_event (fixture->events, "one");
  lab_peer_send (fixture->peer, "two");
  lab_assert_event (fixture->events, "two");
}

static void
test_a_source_can_call_a_closure (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, add_source, fixture);
  lab_peer_send (fixture->peer, "one");
  lab_assert_event (fixture->events, "one");
  lab_peer_send (fixture->peer, "two");
  lab_assert_event (fixture->events, "two");
}

static void
cancel (Lab *lab, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
test_cancelling_in_its_thread_dispatches_the_source (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, add_source, NULL);
  lab_call (fixture->lab, cancel, fixture->cancellable);
  lab_assert_event (fixture->events, "cancelled");
}

static void
test_cancelling_in_another_thread_dispatches_the_source (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, add_source, NULL);
  g_mutex_lock (&fixture->cancelling);
  g_cancellable_cancel (fixture->cancellable);
  g_mutex_unlock (&fixture->cancelling);
  lab_assert_event (fixture->events, "cancelled");
}

static void
test_reading_says_would_block_then_what_came_then_the_end (Fixture *fixture, gconstpointer data)
{
  Read result = { 0 };

  lab_call (fixture->lab, read_some, &result);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  lab_peer_send (fixture->peer, "text");
  shutdown (fixture->peer, SHUT_WR);
  lab_wait (fixture->lab, can_read, NULL);
  lab_call (fixture->lab, read_some, &result);
  g_assert_no_error (result.error);
  g_assert_cmpstr (result.text, ==, "text");
  lab_wait (fixture->lab, can_read, NULL);
  lab_call (fixture->lab, read_some, &result);
  g_assert_no_error (result.error);
  g_assert_cmpint (result.n, ==, 0);
}

static void
test_what_came_before_there_was_a_stream_is_read_first (Fixture *fixture, gconstpointer data)
{
  static const char *const parts[] = { "GET / HTTP/1.1\r\n", "\r\n" };
  Read result = { 0 };

  fixture->lab->received = parts[0];
  close (fixture->peer);
  fixture->peer = lab_connect (fixture->lab, SOCK_STREAM);
  lab_peer_send (fixture->peer, parts[1]);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      lab_wait (fixture->lab, can_read, NULL);
      lab_call (fixture->lab, read_some, &result);
      g_assert_no_error (result.error);
      g_assert_cmpstr (result.text, ==, parts[i]);
    }
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
test_what_is_held_is_read_when_it_is_let_go (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->lab, hold, GINT_TO_POINTER (TRUE));
  lab_call (fixture->lab, add_source, NULL);
  lab_peer_send (fixture->peer, "held");
  lab_wait (fixture->lab, has_event, NULL);
  g_assert_null (g_async_queue_try_pop (fixture->events));
  lab_call (fixture->lab, hold, GINT_TO_POINTER (FALSE));
  lab_assert_event (fixture->events, "held");
}

static void
write_three (Lab *lab, gpointer user_data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("two", 3);

  g_assert_cmpint (g_output_stream_write (get_output (lab), "one", 3, NULL, NULL), ==, 3);
  belfry_socket_send (lab->socket, bytes, 2);
  g_assert_cmpint (g_output_stream_write (get_output (lab), "three", 5, NULL, NULL), ==, 5);
  g_assert_cmpuint (belfry_socket_get_queued (lab->socket), ==, 11);
}

static void
test_what_is_written_in_a_turn_goes_out_at_once_and_in_order (Fixture *fixture, gconstpointer data)
{
  char buffer[64];

  /* Of a socket of packets, each system call makes one. */
  lab_call (fixture->lab, write_three, NULL);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, 0), ==, 11);
  g_assert_cmpint (memcmp (buffer, "onetwothree", 11), ==, 0);
}

static void
on_closed (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (stream), result, NULL));
  g_async_queue_push (fixture->events, (gpointer) "closed");
}

static void
close_async (Lab *lab, gpointer user_data)
{
  belfry_cell_enter (lab->stream->cell);
  g_io_stream_close_async (G_IO_STREAM (lab->stream), G_PRIORITY_DEFAULT, NULL, on_closed,
                           user_data);
  belfry_cell_leave (lab->stream->cell);
}

static void
abort_stream (Lab *lab, gpointer user_data)
{
  belfry_socket_abort (lab->socket);
}

static void
write_too_late (Lab *lab, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_write (get_output (lab), "late", 4, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_true (g_io_stream_close (G_IO_STREAM (lab->stream), NULL, NULL));
}

static void
test_closing_sends_the_rest_and_waits_for_the_peer (Fixture *fixture, gconstpointer data)
{
  char byte;

  lab_call (fixture->lab, lab_write_much, NULL);
  lab_call (fixture->lab, close_async, fixture);
  lab_assert_event (fixture->events, "closed");
  lab_peer_receive_all (fixture->peer, LAB_MUCH);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
  lab_wait (fixture->lab, lab_is_lingering, NULL);
  g_assert_cmpuint (belfry_reactor_get_n_sockets (fixture->lab->reactor), ==, 1);
  close (g_steal_fd (&fixture->peer));
  lab_wait_sockets (fixture->lab, 0);
}

static void
test_a_closed_stream_goes_however_much_its_peer_had_sent (Fixture *fixture, gconstpointer data)
{
  lab_peer_send_junk (fixture->peer);
  lab_wait (fixture->lab, can_read, NULL);
  lab_call (fixture->lab, close_async, fixture);
  lab_assert_event (fixture->events, "closed");
  lab_wait_sockets (fixture->lab, 0);
}

static void
test_a_stream_that_is_aborted_fails_and_goes_when_it_is_closed (Fixture *fixture,
                                                                gconstpointer data)
{
  Read result = { 0 };

  lab_call (fixture->lab, lab_write_much, NULL);
  lab_call (fixture->lab, abort_stream, NULL);
  lab_call (fixture->lab, add_source, NULL);
  lab_assert_event (fixture->events, "error");
  lab_call (fixture->lab, drop_source, fixture);
  lab_call (fixture->lab, close_async, fixture);
  lab_wait_sockets (fixture->lab, 0);
  while (g_strcmp0 (g_async_queue_timeout_pop (fixture->events, LAB_PATIENCE), "closed") != 0)
    ;

  /* Who comes too late finds a closed one. */
  lab_call (fixture->lab, write_too_late, NULL);
  lab_call (fixture->lab, read_some, &result);
  g_assert_cmpint (result.n, ==, -1);
  g_clear_error (&result.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/stream/" path, Fixture, NULL, set_up, func, tear_down)
#define ADD_PACKETS(path, func) \
  g_test_add ("/stream/" path, Fixture, GINT_TO_POINTER (TRUE), set_up, func, tear_down)
  ADD ("a-source-is-dispatched-for-each-thing-that-comes",
       test_a_source_is_dispatched_for_each_thing_that_comes);
  ADD ("a-source-can-call-a-closure", test_a_source_can_call_a_closure);
  ADD ("cancelling-in-its-thread-dispatches-the-source",
       test_cancelling_in_its_thread_dispatches_the_source);
  ADD ("cancelling-in-another-thread-dispatches-the-source",
       test_cancelling_in_another_thread_dispatches_the_source);
  ADD ("reading-says-would-block-then-what-came-then-the-end",
       test_reading_says_would_block_then_what_came_then_the_end);
  ADD ("what-came-before-there-was-a-stream-is-read-first",
       test_what_came_before_there_was_a_stream_is_read_first);
  ADD ("what-is-held-is-read-when-it-is-let-go", test_what_is_held_is_read_when_it_is_let_go);
  ADD_PACKETS ("what-is-written-in-a-turn-goes-out-at-once-and-in-order",
               test_what_is_written_in_a_turn_goes_out_at_once_and_in_order);
  ADD ("closing-sends-the-rest-and-waits-for-the-peer",
       test_closing_sends_the_rest_and_waits_for_the_peer);
  ADD ("a-closed-stream-goes-however-much-its-peer-had-sent",
       test_a_closed_stream_goes_however_much_its_peer_had_sent);
  ADD ("a-stream-that-is-aborted-fails-and-goes-when-it-is-closed",
       test_a_stream_that_is_aborted_fails_and_goes_when_it_is_closed);
  return g_test_run ();
}
