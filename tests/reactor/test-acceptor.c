/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab.h"
#include "ws-client.h"

#define N_LABS 3

typedef struct
{
  Lab *labs[N_LABS];
  BelfryReactor *reactors[N_LABS];
  BelfryAcceptor *acceptor;
  guint16 port;
} Fixture;

static gint n_warnings; /* atomic */

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;
  GSocketAddress *address;

  for (guint i = 0; i < N_LABS; i++)
    {
      fixture->labs[i] = lab_new ();
      fixture->reactors[i] = fixture->labs[i]->reactor;
    }
  fixture->acceptor = belfry_acceptor_new (any, fixture->reactors, GPOINTER_TO_UINT (data), &error);
  g_assert_no_error (error);
  address = belfry_acceptor_get_address (fixture->acceptor);
  fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static void
start (Fixture *fixture)
{
  for (guint i = 0; i < N_LABS; i++)
    lab_start (fixture->labs[i]);
}

static void
close_acceptor (Lab *lab, gpointer user_data)
{
  belfry_acceptor_close (user_data);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  lab_call (fixture->labs[0], close_acceptor, fixture->acceptor);
  for (guint i = 0; i < N_LABS; i++)
    lab_free (fixture->labs[i]);
  belfry_acceptor_free (fixture->acceptor);
}

static void
connect_many (Fixture *fixture, int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      fds[i] = ws_client_socket ();
      g_assert_true (ws_client_connect (fds[i], fixture->port));
    }
}

static void
close_many (int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

static void
test_an_address_in_use_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  start (fixture);
  g_assert_null (belfry_acceptor_new (belfry_acceptor_get_address (fixture->acceptor),
                                      fixture->reactors, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

static void
test_a_closed_one_does_not_listen (Fixture *fixture, gconstpointer data)
{
  int fd = ws_client_socket ();

  start (fixture);
  lab_call (fixture->labs[0], close_acceptor, fixture->acceptor);
  g_assert_false (ws_client_connect (fd, fixture->port));
  g_assert_cmpint (errno, ==, ECONNREFUSED);
  close (fd);
}

static gboolean
has_accepted (Lab *lab, gpointer user_data)
{
  return lab->n_accepted == GPOINTER_TO_UINT (user_data);
}

/* Returns: how many descriptors all epolls of this process watch */
static guint
count_watched (void)
{
  g_autoptr (GDir) infos = g_dir_open ("/proc/self/fdinfo", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (infos)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fdinfo", name, NULL);
      g_autofree char *text = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      for (const char *line = text; (line = strstr (line, "tfd:")) != NULL; line++)
        n++;
    }
  return n;
}

/* A socket of somebody else's, and an acceptor that shares it. */
typedef struct
{
  BelfryAcceptor *acceptor;
  int listener;
  guint16 port;
} Shared;

static void
make_listener (Shared *shared)
{
  struct sockaddr_in name = { .sin_family = AF_INET };
  socklen_t length = sizeof name;

  name.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  shared->listener = ws_client_socket ();
  g_assert_cmpint (bind (shared->listener, (struct sockaddr *) &name, length), ==, 0);
  g_assert_cmpint (listen (shared->listener, 16), ==, 0);
  g_assert_cmpint (getsockname (shared->listener, (struct sockaddr *) &name, &length), ==, 0);
  shared->port = ntohs (name.sin_port);
}

static void
share_listener (Shared *shared, Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  shared->acceptor =
      belfry_acceptor_new_for_socket (shared->listener, fixture->reactors, 1, &error);
  g_assert_no_error (error);
  start (fixture);
}

static void
test_a_socket_that_others_keep_is_let_go (Fixture *fixture, gconstpointer data)
{
  Shared shared;
  int fds[2] = { ws_client_socket (), ws_client_socket () };
  guint n_watched;
  int accepted;

  make_listener (&shared);
  share_listener (&shared, fixture);
  g_assert_true (ws_client_connect (fds[0], shared.port));
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (1));

  /* Its timer is no longer watched either. With a watch that is left behind, the reactor would hear
   * of the socket for ever. */
  n_watched = count_watched ();
  lab_call (fixture->labs[0], close_acceptor, shared.acceptor);
  g_assert_cmpuint (count_watched (), ==, n_watched - 2);
  g_assert_true (ws_client_connect (fds[1], shared.port));
  while ((accepted = accept (shared.listener, NULL, NULL)) < 0)
    g_usleep (1000);
  close (accepted);
  close (shared.listener);
  close_many (fds, G_N_ELEMENTS (fds));
  belfry_acceptor_free (shared.acceptor);
}

static void
test_those_that_come_at_once_are_spread_evenly (Fixture *fixture, gconstpointer data)
{
  int fds[20 * N_LABS];

  /* They wait in the backlog, and are all accepted in one turn. */
  connect_many (fixture, fds, G_N_ELEMENTS (fds));
  start (fixture);
  for (guint i = 0; i < N_LABS; i++)
    lab_wait_sockets (fixture->labs[i], 20);
  close_many (fds, G_N_ELEMENTS (fds));
}

static void
test_not_more_than_64_are_accepted_in_a_turn (Fixture *fixture, gconstpointer data)
{
  int fds[300];

  connect_many (fixture, fds, G_N_ELEMENTS (fds));
  start (fixture);
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (G_N_ELEMENTS (fds)));
  g_assert_cmpuint (fixture->labs[0]->most_in_turn, ==, 64);
  close_many (fds, G_N_ELEMENTS (fds));
}

static int
get_option (int fd, int level, int name)
{
  int value = -1;
  socklen_t length = sizeof value;

  g_assert_cmpint (getsockopt (fd, level, name, &value, &length), ==, 0);
  return value;
}

static void
look_at_options (Lab *lab, gpointer user_data)
{
  int fd = lab->socket->fd;

  g_assert_cmpint (get_option (fd, IPPROTO_TCP, TCP_NODELAY), !=, 0);
  g_assert_cmpint (get_option (fd, SOL_SOCKET, SO_SNDBUF), ==, 2 * 64 * 1024);
  g_assert_cmpint (get_option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT), ==, 90 * 1000);
}

static void
test_the_kernel_is_told_what_to_keep_and_when_to_give_a_peer_up (Fixture *fixture,
                                                                 gconstpointer data)
{
  int fd;

  start (fixture);
  connect_many (fixture, &fd, 1);
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (1));
  lab_call (fixture->labs[0], look_at_options, NULL);
  close (fd);
}

static void
test_who_came_before_the_options_were_set_has_them (Fixture *fixture, gconstpointer data)
{
  Shared shared;
  int fd = ws_client_socket ();

  make_listener (&shared);
  g_assert_true (ws_client_connect (fd, shared.port));
  share_listener (&shared, fixture);
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (1));
  lab_call (fixture->labs[0], look_at_options, NULL);
  lab_call (fixture->labs[0], close_acceptor, shared.acceptor);
  close (fd);
  close (shared.listener);
  belfry_acceptor_free (shared.acceptor);
}

/* Returns: how many descriptors can be had, at most @most */
static guint
count_free_fds (guint most)
{
  g_autofree int *fds = g_new (int, most);
  guint n = 0;

  while (n < most && (fds[n] = dup (0)) >= 0)
    n++;
  for (guint i = 0; i < n; i++)
    close (fds[i]);
  return n;
}

static void
set_fd_limit (rlim_t n, rlim_t *before)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  if (before != NULL)
    *before = limit.rlim_cur;
  limit.rlim_cur = n;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

static void
test_sockets_leave_some_descriptors_to_the_rest (Fixture *fixture, gconstpointer data)
{
  /* As many as fill several cells, each of which needs a descriptor, too: they will have to be
   * made while there are hardly any. */
  int fds[400];
  guint n_accepted;
  rlim_t limit;
  int next;

  g_atomic_int_set (&n_warnings, 0);
  start (fixture);
  connect_many (fixture, fds, 1);
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (1));
  for (guint i = 1; i < G_N_ELEMENTS (fds); i++)
    fds[i] = ws_client_socket ();
  next = dup (0);
  close (next);
  set_fd_limit ((rlim_t) next + 150, &limit);
  for (guint i = 1; i < G_N_ELEMENTS (fds); i++)
    g_assert_true (ws_client_connect (fds[i], fixture->port));
  /* Until nothing more is accepted: the pauses take 100 ms. */
  do
    {
      n_accepted = belfry_reactor_get_n_sockets (fixture->reactors[0]);
      g_usleep (400000);
    }
  while (belfry_reactor_get_n_sockets (fixture->reactors[0]) > n_accepted);
  g_assert_cmpuint (n_accepted, >, BELFRY_CELL_SIZE);
  g_assert_cmpuint (n_accepted, <, G_N_ELEMENTS (fds));
  g_assert_cmpuint (count_free_fds (200), >=, 50);
  g_assert_cmpint (g_atomic_int_get (&n_warnings), ==, 1);

  set_fd_limit (limit, NULL);
  lab_wait (fixture->labs[0], has_accepted, GUINT_TO_POINTER (G_N_ELEMENTS (fds)));
  close_many (fds, G_N_ELEMENTS (fds));
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE")
        && g_str_has_prefix (fields[i].value, "No connections can be accepted for now"))
      {
        g_atomic_int_inc (&n_warnings);
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_log, NULL, NULL);
#define ADD(path, n_reactors, func) \
  g_test_add ("/acceptor/" path, Fixture, GUINT_TO_POINTER (n_reactors), set_up, func, tear_down)
  ADD ("an-address-in-use-is-refused", 1, test_an_address_in_use_is_refused);
  ADD ("a-closed-one-does-not-listen", 1, test_a_closed_one_does_not_listen);
  ADD ("a-socket-that-others-keep-is-let-go", 1, test_a_socket_that_others_keep_is_let_go);
  ADD ("those-that-come-at-once-are-spread-evenly", N_LABS,
       test_those_that_come_at_once_are_spread_evenly);
  ADD ("not-more-than-64-are-accepted-in-a-turn", 1, test_not_more_than_64_are_accepted_in_a_turn);
  ADD ("the-kernel-is-told-what-to-keep-and-when-to-give-a-peer-up", 1,
       test_the_kernel_is_told_what_to_keep_and_when_to_give_a_peer_up);
  ADD ("who-came-before-the-options-were-set-has-them", 1,
       test_who_came_before_the_options_were_set_has_them);
  ADD ("sockets-leave-some-descriptors-to-the-rest", 1,
       test_sockets_leave_some_descriptors_to_the_rest);
  return g_test_run ();
}
