/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reactor under libsoup, with clients that behave and clients that don't. */

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo-server.h"
#include "ws-client.h"

#define GRACE (1 * G_USEC_PER_SEC)

/* Instead of 30 s. */
#define REQUEST_TIME (1500 * 1000)

static gint n_expected_warnings; /* atomic */

static void
set_up (EchoServer *server, gconstpointer data)
{
  echo_server_start (server, GPOINTER_TO_INT (data));
}

static void
tear_down (EchoServer *server, gconstpointer data)
{
  echo_server_stop (server, GRACE);
}

static void
assert_echo (int fd, const char *text)
{
  g_autofree char *answer = NULL;

  ws_client_send_text (fd, text);
  answer = ws_client_receive (fd, NULL, NULL);
  g_assert_cmpstr (answer, ==, text);
}

static void
assert_sockets (EchoServer *server, guint n)
{
  gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (echo_server_get_n_sockets (server) != n && g_get_monotonic_time () < end)
    g_usleep (10000);
  g_assert_cmpuint (echo_server_get_n_sockets (server), ==, n);
}

static void
test_text_comes_back (EchoServer *server, gconstpointer data)
{
  g_autofree char *large = g_strnfill (60000, 'x');
  int fd = ws_client_open (server->port);

  assert_echo (fd, "hello");
  assert_echo (fd, large);
  assert_echo (fd, "again");
  close (fd);
  assert_sockets (server, 0);
}

static void
test_fragments_are_put_together (EchoServer *server, gconstpointer data)
{
  int fd = ws_client_open (server->port);
  g_autofree char *answer = NULL;
  g_autofree char *pong = NULL;
  guint8 opcode;

  ws_client_send (fd, 1, FALSE, "one ", 4);
  ws_client_send (fd, 0, FALSE, "two ", 4);
  ws_client_send (fd, 9, TRUE, "ping", 4);
  ws_client_send (fd, 0, TRUE, "three", 5);
  pong = ws_client_receive (fd, &opcode, NULL);
  g_assert_cmpuint (opcode, ==, 10);
  g_assert_cmpstr (pong, ==, "ping");
  answer = ws_client_receive (fd, NULL, NULL);
  g_assert_cmpstr (answer, ==, "one two three");
  close (fd);
}

static void
assert_close_code (int fd, guint16 code)
{
  guint8 opcode = 0;
  gsize length = 0;
  g_autofree char *payload = ws_client_receive (fd, &opcode, &length);

  g_assert_nonnull (payload);
  g_assert_cmpuint (opcode, ==, 8);
  g_assert_cmpuint (length, >=, 2);
  g_assert_cmpuint ((guint8) payload[0] << 8 | (guint8) payload[1], ==, code);
}

static void
test_what_was_sent_arrives_before_the_close (EchoServer *server, gconstpointer data)
{
  for (guint i = 0; i < 50; i++)
    {
      int fd = ws_client_open (server->port);
      g_autofree char *farewell = NULL;
      g_autofree char *huge = NULL;
      gsize length;

      ws_client_send_text (fd, "huge");
      ws_client_send_text (fd, "bye");
      /* The server will not read this: closing all the same must not throw the rest away. */
      for (guint j = 0; j < 20; j++)
        ws_client_send_text (fd, "unread");
      huge = ws_client_receive (fd, NULL, &length);
      g_assert_cmpuint (length, ==, 1024 * 1024);
      farewell = ws_client_receive (fd, NULL, NULL);
      g_assert_cmpstr (farewell, ==, "farewell");
      assert_close_code (fd, 4000);
      close (fd);
    }
  assert_sockets (server, 0);
}

/* Opens as many sockets as fit into @fds, all at once. */
static void
open_many (EchoServer *server, int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      fds[i] = ws_client_socket ();
      g_assert_cmpint (fds[i], >=, 0);
      g_assert_true (ws_client_connect (fds[i], server->port));
      g_assert_true (ws_client_send_handshake (fds[i]));
    }
  for (guint i = 0; i < n; i++)
    g_assert_true (ws_client_receive_handshake (fds[i]));
}

/* Has each of @fds echo something of its own. */
static void
assert_echoes (const int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("traffic of %u on %d", i, fds[i]);

      ws_client_send_text (fds[i], text);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("traffic of %u on %d", i, fds[i]);
      g_autofree char *answer = ws_client_receive (fds[i], NULL, NULL);

      g_assert_cmpstr (answer, ==, text);
    }
}

/* One of @open closes: in the one case with a reset, in the other with a request on its way. */
static void
close_one (GArray *open, guint i, gboolean reset)
{
  const struct linger at_once = { 1, 0 };
  int fd = g_array_index (open, int, i);

  if (reset)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  else
    ws_client_send_text (fd, "huge");
  close (fd);
  g_array_remove_index_fast (open, i);
}

/* Sockets that are opened, closed or used in one step. */
#define HANDFUL 16

static void
test_5000_sockets_come_and_go (EchoServer *server, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (GArray) open = g_array_new (FALSE, FALSE, sizeof (int));
  guint n_closed = 0;

  /* It goes on for a while after there were 5,000 at once. */
  for (guint n_opened = 0; n_opened < 8000;)
    {
      int handful[HANDFUL];
      guint n = (guint) g_rand_int_range (rand, 1, HANDFUL + 1);

      if (open->len + n <= 5000 && g_rand_int_range (rand, 0, 5) > 0)
        {
          open_many (server, handful, n);
          g_array_append_vals (open, handful, n);
          n_opened += n;
        }
      else
        for (guint i = 0; i < n && open->len > 0; i++, n_closed++)
          close_one (open, (guint) g_rand_int_range (rand, 0, (gint32) open->len), i % 4 != 0);

      /* Neighbours, so that none is there twice. */
      if (open->len > HANDFUL)
        assert_echoes (
            &g_array_index (open, int, g_rand_int_range (rand, 0, (gint32) open->len - HANDFUL)),
            HANDFUL);
    }
  g_assert_cmpuint (n_closed, >, 2000);
  g_assert_cmpuint (open->len, >, 4900);
  assert_sockets (server, open->len);
  assert_echoes ((const int *) (gpointer) open->data, open->len);
  for (guint i = 0; i < open->len; i++)
    close (g_array_index (open, int, i));
  assert_sockets (server, 0);
}

static void
test_accepting_goes_on_after_there_were_no_descriptors (EchoServer *server, gconstpointer data)
{
  struct rlimit limit;
  struct rlimit few;
  int fds[60];
  int probe;

  g_atomic_int_set (&n_expected_warnings, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = ws_client_socket ();
  /* From here on there is not one descriptor more, in server and client alike. */
  probe = dup (0);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  few = limit;
  few.rlim_cur = (rlim_t) probe;
  close (probe);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    g_assert_true (ws_client_connect (fds[i], server->port));
  g_usleep (500000);
  g_assert_cmpuint (echo_server_get_n_sockets (server), ==, 0);

  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_assert_true (ws_client_handshake (fds[i]));
      assert_echo (fds[i], "served");
      close (fds[i]);
    }
  g_assert_cmpint (g_atomic_int_get (&n_expected_warnings), >=, 1);
}

/* A request may take 1.5 s here. The clients that get nowhere go in the end; those that get
 * somewhere are served, however long they stay. */
static void
test_half_open_peers_are_dropped_in_time (EchoServer *server, gconstpointer data)
{
  int silent = ws_client_socket ();
  int slow = ws_client_socket ();
  int half_closed = ws_client_open (server->port);
  int good = ws_client_open (server->port);

  g_assert_true (ws_client_connect (silent, server->port));
  g_assert_true (ws_client_connect (slow, server->port));
  g_assert_cmpint (send (slow, "GET /echo HTTP/1.1\r\nHost:", 25, MSG_NOSIGNAL), ==, 25);
  /* It says that it sends no more, and does not close. */
  shutdown (half_closed, SHUT_WR);
  g_assert_true (ws_client_wait_end (silent));
  g_assert_true (ws_client_wait_end (slow));
  g_assert_true (ws_client_wait_end (half_closed));
  assert_echo (good, "unharmed");
  close (silent);
  close (slow);
  close (half_closed);
  close (good);
  assert_sockets (server, 0);
}

static void
test_a_peer_that_never_reads_is_not_read_from (EchoServer *server, gconstpointer data)
{
  g_autofree char *large = g_strnfill (50000, 'x');
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  int rude = ws_client_open (server->port);
  int good = ws_client_open (server->port);
  gsize sent = 0;
  guint n_answers = 0;

  ws_client_append (frame, 1, TRUE, large, 50000);
  /* It sends until nothing is taken any more: the server's memory for it is full. */
  for (guint quiet = 0; quiet < 20;)
    {
      gsize offset = sent % frame->len;
      gssize n =
          send (rude, frame->data + offset, frame->len - offset, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n > 0)
        {
          sent += (gsize) n;
          quiet = 0;
        }
      else
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          g_usleep (20000);
          quiet++;
        }
      assert_echo (good, "meanwhile");
      g_assert_cmpuint (sent, <, 64 * 1024 * 1024);
    }

  /* Now it reads, and everything is there. */
  while (n_answers < sent / frame->len)
    {
      gsize length;
      g_autofree char *answer = ws_client_receive (rude, NULL, &length);

      g_assert_nonnull (answer);
      g_assert_cmpuint (length, ==, 50000);
      n_answers++;
    }
  g_assert_cmpuint (n_answers, >, 2);
  close (rude);
  close (good);
}

static void
test_it_stops_in_time_with_everything_in_flight (void)
{
  EchoServer server = { 0 };
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  gint64 begin;

  echo_server_start (&server, 0);
  for (guint i = 0; i < 400; i++)
    {
      int fd;

      switch (i % 4)
        {
        case 0: /* in the middle of the handshake */
          fd = ws_client_socket ();
          g_assert_true (ws_client_connect (fd, server.port));
          g_assert_cmpint (send (fd, "GET /ec", 7, MSG_NOSIGNAL), ==, 7);
          break;
        case 1: /* with a megabyte that it does not read */
          fd = ws_client_open (server.port);
          ws_client_send_text (fd, "huge");
          break;
        case 2: /* waiting for the end of a close handshake */
          fd = ws_client_open (server.port);
          ws_client_send_text (fd, "bye");
          break;
        default:
          fd = ws_client_open (server.port);
        }
      g_array_append_val (fds, fd);
    }
  begin = g_get_monotonic_time ();
  echo_server_stop (&server, GRACE);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);
  for (guint i = 0; i < fds->len; i++)
    {
      g_assert_true (ws_client_wait_end (g_array_index (fds, int, i)));
      close (g_array_index (fds, int, i));
    }
}

static void
test_it_stops_at_once_when_all_connections_are_idle (void)
{
  EchoServer server = { 0 };
  int fds[3];
  gint64 begin;

  echo_server_start (&server, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = ws_client_socket ();
      g_assert_true (ws_client_connect (fds[i], server.port));
    }
  g_assert_cmpint (send (fds[0], "\r\n", 2, MSG_NOSIGNAL), ==, 2);
  g_assert_cmpint (send (fds[1], "GET /ec", 7, MSG_NOSIGNAL), ==, 7);
  begin = g_get_monotonic_time ();
  echo_server_stop (&server, G_TIME_SPAN_HOUR);
  /* They have half a minute, and the grace is an hour. */
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_assert_true (ws_client_wait_end (fds[i]));
      close (fds[i]);
    }
}

/* Takes the one warning that a test provokes; every other one ends the program. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE")
        && g_str_has_prefix (fields[i].value, "No connections can be accepted for now"))
      {
        g_atomic_int_inc (&n_expected_warnings);
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, data);
}

static void
say_nothing (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_log, NULL, NULL);
  /* It has a line for each frame. */
  g_log_set_handler ("libsoup", G_LOG_LEVEL_DEBUG, say_nothing, NULL);
#define ADD(path, func) g_test_add ("/reactor/" path, EchoServer, NULL, set_up, func, tear_down)
#define ADD_TIMED(path, func) \
  g_test_add ("/reactor/" path, EchoServer, GINT_TO_POINTER (REQUEST_TIME), set_up, func, tear_down)
  ADD ("text-comes-back", test_text_comes_back);
  ADD ("fragments-are-put-together", test_fragments_are_put_together);
  ADD ("what-was-sent-arrives-before-the-close", test_what_was_sent_arrives_before_the_close);
  ADD ("5000-sockets-come-and-go-while-others-echo", test_5000_sockets_come_and_go);
  ADD ("accepting-goes-on-after-there-were-no-descriptors",
       test_accepting_goes_on_after_there_were_no_descriptors);
  ADD_TIMED ("half-open-peers-are-dropped-in-time", test_half_open_peers_are_dropped_in_time);
  ADD ("a-peer-that-never-reads-is-not-read-from", test_a_peer_that_never_reads_is_not_read_from);
  g_test_add_func ("/reactor/it-stops-in-time-with-everything-in-flight",
                   test_it_stops_in_time_with_everything_in_flight);
  g_test_add_func ("/reactor/it-stops-at-once-when-all-connections-are-idle",
                   test_it_stops_at_once_when_all_connections_are_idle);
  return g_test_run ();
}
