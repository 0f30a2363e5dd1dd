/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "belfry-reactor-private.h"

#define BACKLOG 4096

/* Connections that are accepted before others get their turn. */
#define ACCEPTS_PER_TURN 64

/* Descriptors that sockets leave to the rest of the process: to databases and logs, and to the
 * wake-up fds of cells, as GLib ends the program where it gets none. */
#define RESERVE 64

/* How long to wait when there are no descriptors left, in ns. */
#define PAUSE (100 * 1000 * 1000)

/* Where connections go as others come, there would be a pause after each. In µs. */
#define WARNING_INTERVAL (60 * G_USEC_PER_SEC)

/* What the kernel keeps for a peer that does not read, in bytes; it doubles the number. */
#define SEND_BUFFER (64 * 1024)

/* How long sent data may stay unacknowledged until the peer counts as gone, in ms. Longer than a
 * peer may go without reading, so that such a one is told why it is sent away. */
#define USER_TIMEOUT (90 * 1000)

struct _BelfryAcceptor
{
  BelfryReactor *const *reactors;
  guint n_reactors;
  GSocketAddress *address;
  BelfryWatch watch;
  int fd;
  gboolean watching; /* the reactor watches fd */
  gboolean inherits; /* nobody waits any more who came before the options of fd were set */
  /* The timer is made beforehand: when it is needed, there are no descriptors left. */
  BelfryWatch timer_watch;
  int timer_fd;
  gint64 next_warning; /* monotonic, µs */
};

static BelfryReactor *
choose_reactor (BelfryAcceptor *self)
{
  BelfryReactor *best = self->reactors[0];

  for (guint i = 1; i < self->n_reactors; i++)
    if (belfry_reactor_get_n_sockets (self->reactors[i]) < belfry_reactor_get_n_sockets (best))
      best = self->reactors[i];
  return best;
}

/* What is set here, the sockets that are accepted inherit. */
static void
set_options (int fd)
{
  const int one = 1;
  const int send_buffer = SEND_BUFFER;
  const int user_timeout = USER_TIMEOUT;

  /* Each is for the better only: a connection works without. */
  if (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0
      || setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer) != 0
      || setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout) != 0)
    g_debug ("A socket option cannot be set: %s", g_strerror (errno));
}

/* The first descriptor that a socket should not have: the kernel gives out the lowest one. */
static int
get_fd_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= G_MAXINT)
    return G_MAXINT;
  return (int) (limit.rlim_cur - MIN (RESERVE, limit.rlim_cur / 8));
}

static gboolean
has_descriptors (BelfryAcceptor *self)
{
  int probe = fcntl (self->fd, F_DUPFD_CLOEXEC, 0);

  if (probe < 0)
    return FALSE;
  close (probe);
  return probe < get_fd_limit ();
}

static void
start_timer (BelfryAcceptor *self)
{
  const struct itimerspec once = { .it_value.tv_nsec = PAUSE };

  timerfd_settime (self->timer_fd, 0, &once, NULL);
}

static void
start_watching (BelfryAcceptor *self)
{
  belfry_reactor_add_watch (self->reactors[0], self->fd, EPOLLIN, &self->watch);
  self->watching = TRUE;
}

static void
stop_watching (BelfryAcceptor *self)
{
  belfry_reactor_remove_watch (self->reactors[0], self->fd);
  self->watching = FALSE;
}

static void
pause_accepting (BelfryAcceptor *self, int errnum)
{
  gint64 now = belfry_reactor_get_now (self->reactors[0]);

  if (self->next_warning <= now)
    {
      g_warning ("No connections can be accepted for now: %s", g_strerror (errnum));
      self->next_warning = now + WARNING_INTERVAL;
    }
  stop_watching (self);
  start_timer (self);
}

static void
on_connection (BelfryWatch *watch, guint32 events)
{
  BelfryAcceptor *self = BELFRY_WATCH_OWNER (watch, BelfryAcceptor, watch);
  int fd_limit = get_fd_limit ();

  for (guint i = 0; i < ACCEPTS_PER_TURN; i++)
    {
      int fd = accept4 (self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

      if (fd < 0)
        {
          if (errno == EAGAIN)
            self->inherits = TRUE;
          if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting (self, errno);
          /* Anything else is about that one connection, or says that there is none. */
          return;
        }
      if (!self->inherits)
        set_options (fd);
      belfry_reactor_adopt (choose_reactor (self), fd);
      if (fd >= fd_limit)
        {
          /* This one is served; no other is, until some have gone. */
          pause_accepting (self, EMFILE);
          return;
        }
    }
}

static void
on_timer (BelfryWatch *watch, guint32 events)
{
  BelfryAcceptor *self = BELFRY_WATCH_OWNER (watch, BelfryAcceptor, timer_watch);
  guint64 expirations;

  if (read (self->timer_fd, &expirations, sizeof expirations) <= 0)
    return;
  if (!has_descriptors (self))
    start_timer (self);
  else
    start_watching (self);
}

static gboolean
listen_on (BelfryAcceptor *self, GSocketAddress *address)
{
  const int one = 1;
  struct sockaddr_storage name;
  const socklen_t length = (socklen_t) g_socket_address_get_native_size (address);
  int family = (int) g_socket_address_get_family (address);

  if (!g_socket_address_to_native (address, &name, sizeof name, NULL))
    return FALSE;
  self->fd = socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd < 0)
    return FALSE;
  /* An address in IPv6 means IPv6 only, whatever the system's default: name both to get both. */
  if (family == AF_INET6 && setsockopt (self->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0)
    return FALSE;
  set_options (self->fd);
  self->inherits = TRUE;
  return setsockopt (self->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0
         && bind (self->fd, (struct sockaddr *) &name, length) == 0
         && listen (self->fd, BACKLOG) == 0;
}

/* Takes a socket of somebody else's, who may keep it open after us. */
static gboolean
share (BelfryAcceptor *self, int fd)
{
  int flags;

  self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (self->fd < 0)
    return FALSE;
  set_options (self->fd);
  flags = fcntl (self->fd, F_GETFL);
  return flags >= 0 && fcntl (self->fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static gboolean
find_address (BelfryAcceptor *self)
{
  struct sockaddr_storage name;
  socklen_t length = sizeof name;

  if (getsockname (self->fd, (struct sockaddr *) &name, &length) != 0)
    return FALSE;
  self->address = g_socket_address_new_from_native (&name, length);
  return TRUE;
}

/* Either @address is given or @fd. */
static BelfryAcceptor *
make (GSocketAddress *address,
      int fd,
      BelfryReactor *const *reactors,
      guint n_reactors,
      GError **error)
{
  g_autoptr (BelfryAcceptor) self = g_new0 (BelfryAcceptor, 1);

  self->reactors = reactors;
  self->n_reactors = n_reactors;
  self->fd = -1;
  self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  self->watch.ready = on_connection;
  self->timer_watch.ready = on_timer;
  if (self->timer_fd < 0 || !(address != NULL ? listen_on (self, address) : share (self, fd))
      || !find_address (self))
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  start_watching (self);
  belfry_reactor_add_watch (reactors[0], self->timer_fd, EPOLLIN, &self->timer_watch);
  return g_steal_pointer (&self);
}

/* Listens on @address. The reactors have to live longer, and must not have been started.
 *
 * @error: of the domain G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, say */
BelfryAcceptor *
belfry_acceptor_new (GSocketAddress *address,
                     BelfryReactor *const *reactors,
                     guint n_reactors,
                     GError **error)
{
  return make (address, -1, reactors, n_reactors, error);
}

/* The same with a socket that listens already. @fd stays the caller's.
 *
 * @error: of the domain G_IO_ERROR */
BelfryAcceptor *
belfry_acceptor_new_for_socket (int fd,
                                BelfryReactor *const *reactors,
                                guint n_reactors,
                                GError **error)
{
  return make (NULL, fd, reactors, n_reactors, error);
}

static void
close_fds (BelfryAcceptor *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->timer_fd >= 0)
    close (self->timer_fd);
  self->fd = self->timer_fd = -1;
}

/* Stops listening. In the thread of the first reactor, if that is running. */
void
belfry_acceptor_close (BelfryAcceptor *self)
{
  /* Closing takes an fd out of the epoll only if nobody else has the same socket. */
  if (self->watching)
    stop_watching (self);
  close_fds (self);
}

void
belfry_acceptor_free (BelfryAcceptor *self)
{
  /* The reactor may be gone. */
  close_fds (self);
  g_clear_object (&self->address);
  g_free (self);
}

/* Returns: (transfer none): where it listens, with the real port */
GSocketAddress *
belfry_acceptor_get_address (BelfryAcceptor *self)
{
  return self->address;
}
