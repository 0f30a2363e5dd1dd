/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "belfry-reactor-private.h"
#include "belfry-socket-private.h"

/* How long the owner has to close a connection that failed. */
#define BREAK_TIME (1 * G_USEC_PER_SEC)

/* A peer that does not read its answers is not read from. */
#define QUEUED_MAX (64 * 1024)

/* @time: from now, µs */
static void
set_time (BelfrySocket *self, gint64 time)
{
  belfry_reactor_set_deadline (self->reactor, self, belfry_reactor_get_now (self->reactor) + time);
}

/* Has the owner told, at the end of this turn or of the next one, that it can read. */
static void
alert (BelfrySocket *self)
{
  self->alert = TRUE;
  belfry_reactor_serve (self->reactor, self);
}

static void
on_event (BelfryWatch *watch, guint32 events)
{
  BelfrySocket *self = BELFRY_WATCH_OWNER (watch, BelfrySocket, watch);

  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    self->hang_up = TRUE;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    {
      self->readable = TRUE;
      alert (self);
    }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    self->writable = TRUE;
  if (self->queued > 0 || self->state != BELFRY_SOCKET_OPEN)
    belfry_reactor_serve (self->reactor, self);
}

/* A socket of the reactor, which frees it when it is closed. Takes @fd over. */
BelfrySocket *
belfry_socket_new (BelfryReactor *reactor, int fd)
{
  BelfrySocket *self = g_new0 (BelfrySocket, 1);

  self->reactor = reactor;
  self->fd = fd;
  self->last_received = self->last_sent = belfry_reactor_get_now (reactor);
  self->expiring.data = self;
  set_time (self, belfry_reactor_get_times (reactor)->request);
  self->watch.ready = on_event;
  belfry_reactor_add_watch (reactor, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &self->watch);
  return self;
}

/* @owner is unowned. NULL for @funcs if nobody is interested any more. */
void
belfry_socket_set_owner (BelfrySocket *self, const BelfrySocketOwner *funcs, gpointer owner)
{
  self->owner_funcs = funcs;
  self->owner = owner;
}

/* It is no longer a request that waits for its answer, and may stay as long as it likes. */
void
belfry_socket_keep (BelfrySocket *self)
{
  belfry_reactor_set_deadline (self->reactor, self, 0);
}

/* The connection goes for good. */
static void
finish (BelfrySocket *self)
{
  self->state = BELFRY_SOCKET_CLOSED;
  belfry_reactor_set_deadline (self->reactor, self, 0);
  belfry_socket_clear_output (self);
  close (self->fd);
  self->fd = -1;
  if (self->owner_funcs != NULL)
    self->owner_funcs->gone (self, self->owner);
  belfry_reactor_forget_socket (self->reactor, self);
}

/* Unless it is closed, the connection failed: the owner learns of it when it reads next, which is
 * at once. */
void
belfry_socket_break (BelfrySocket *self, int errnum)
{
  if (self->broken != 0 || self->state == BELFRY_SOCKET_CLOSED)
    return;
  self->broken = errnum;
  set_time (self, BREAK_TIME);
  belfry_socket_clear_output (self);
  alert (self);
}

/* Its time is over: the connection fails and, should nobody have closed it then, goes. */
void
belfry_socket_expire (BelfrySocket *self)
{
  if (self->broken != 0)
    finish (self);
  else
    belfry_socket_break (self, ETIMEDOUT);
}

static gssize
receive (BelfrySocket *self, void *buffer, gsize count)
{
  gssize n;

  do
    n = recv (self->fd, buffer, count, 0);
  while (n < 0 && errno == EINTR);

  /* The socket is watched for edges, and a short read is one: nothing more is there, unless the
   * peer has sent its last. */
  if (n < 0 ? errno == EAGAIN : (gsize) n < count && !self->hang_up)
    self->readable = FALSE;
  return n;
}

/* Throws away what the peer of a closed socket still sends. Returns: whether it has closed, too */
static gboolean
discard (BelfrySocket *self)
{
  char buffer[4096];
  gssize n;

  /* A flood is cut off by the deadline; here it only must not stop the others. */
  for (guint i = 0; i < 16 && self->readable; i++)
    {
      n = receive (self, buffer, sizeof buffer);
      if (n == 0 || (n < 0 && errno != EAGAIN))
        return TRUE;
    }
  return FALSE;
}

/* Whether belfry_socket_read() would say anything else than that there is nothing. */
gboolean
belfry_socket_is_readable (BelfrySocket *self)
{
  if (self->state != BELFRY_SOCKET_OPEN || self->broken != 0)
    return TRUE;
  return self->readable && !self->held && self->queued <= QUEUED_MAX;
}

/* Reads what has come. If there may be more, the owner is told so again.
 *
 * Returns: how many bytes; 0 at the end, or when it was closed; or a negative errno, -EAGAIN if
 *   there is nothing for the time being */
gssize
belfry_socket_read (BelfrySocket *self, void *buffer, gsize count)
{
  gssize n;

  if (self->broken != 0)
    return -self->broken;
  if (self->state != BELFRY_SOCKET_OPEN)
    return 0;
  if (!belfry_socket_is_readable (self))
    return -EAGAIN;
  n = receive (self, buffer, count);
  if (n < 0)
    return -errno;
  if (n > 0)
    self->last_received = belfry_reactor_get_now (self->reactor);
  if (n > 0 && self->readable)
    alert (self);
  return n;
}

/* Whether nothing more is to be read for the time being. */
void
belfry_socket_hold_input (BelfrySocket *self, gboolean hold)
{
  if (self->held == (hold != FALSE))
    return;
  self->held = hold != FALSE;
  if (belfry_socket_is_readable (self))
    alert (self);
}

/* When the peer was last heard, monotonic, µs. */
gint64
belfry_socket_get_last_received (BelfrySocket *self)
{
  return self->last_received;
}

static GSocketAddress *
get_address (BelfrySocket *self, int (*get_name) (int, struct sockaddr *, socklen_t *))
{
  struct sockaddr_storage name;
  socklen_t length = sizeof name;

  if (self->fd < 0 || get_name (self->fd, (struct sockaddr *) &name, &length) != 0)
    return NULL;
  return g_socket_address_new_from_native (&name, length);
}

/* Returns: (transfer full) (nullable): its own end; NULL if it has gone */
GSocketAddress *
belfry_socket_get_local_address (BelfrySocket *self)
{
  return get_address (self, getsockname);
}

/* Returns: (transfer full) (nullable): the peer's end; NULL if the peer has gone */
GSocketAddress *
belfry_socket_get_remote_address (BelfrySocket *self)
{
  return get_address (self, getpeername);
}

/* Returns: (transfer full) (nullable): the address and port of the peer's end, "[::1]:80" say; NULL
 *   if the peer has gone */
char *
belfry_socket_dup_peer (BelfrySocket *self)
{
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];

  if (self->fd < 0 || getpeername (self->fd, (struct sockaddr *) &name, &length) != 0
      || getnameinfo ((const struct sockaddr *) &name, length, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV)
             != 0)
    return NULL;
  return name.ss_family == AF_INET6 ? g_strdup_printf ("[%s]:%s", host, port)
                                    : g_strconcat (host, ":", port, NULL);
}

/* Returns: the errno that writing fails with, or 0 */
int
belfry_socket_get_fault (BelfrySocket *self)
{
  if (self->broken != 0)
    return self->broken;
  return self->state == BELFRY_SOCKET_OPEN ? 0 : EPIPE;
}

/* Whether it is an HTTP connection that waits for a request. Such a one has nothing to lose. */
static gboolean
is_idle (BelfrySocket *self)
{
  return self->state == BELFRY_SOCKET_OPEN && self->deadline != 0 && self->queued == 0;
}

/* Tells the owner what has come. Returns: whether there was anything to tell */
static gboolean
tell_ready (BelfrySocket *self)
{
  if (!self->alert)
    return FALSE;
  self->alert = FALSE;
  if (self->state != BELFRY_SOCKET_OPEN || self->owner_funcs == NULL
      || !belfry_socket_is_readable (self))
    return FALSE;
  self->owner_funcs->ready (self, self->owner);
  return TRUE;
}

/* Sends what waits, and tells the owner what that has changed. */
static void
send_queued (BelfrySocket *self)
{
  gboolean was_readable = belfry_socket_is_readable (self);

  belfry_socket_flush (self);
  if (self->credit > 0 && self->owner_funcs != NULL && self->owner_funcs->sent != NULL)
    self->owner_funcs->sent (self, self->owner);
  if (!was_readable && belfry_socket_is_readable (self))
    alert (self);
}

/* Does what is due: the reactor calls it at the end of a turn. */
void
belfry_socket_serve (BelfrySocket *self)
{
  gboolean told = tell_ready (self);

  send_queued (self);
  if (self->state == BELFRY_SOCKET_CLOSING && self->queued == 0)
    {
      shutdown (self->fd, SHUT_WR);
      self->state = BELFRY_SOCKET_LINGERING;
    }
  if (self->broken != 0 ? self->state != BELFRY_SOCKET_OPEN
                        : self->state == BELFRY_SOCKET_LINGERING && discard (self))
    finish (self);
  /* There is no event for what has come already. */
  else if (self->state == BELFRY_SOCKET_LINGERING && self->readable)
    belfry_reactor_serve (self->reactor, self);
  else if (belfry_reactor_is_stopping (self->reactor) && is_idle (self))
    {
      /* A request that has just been handed over is answered in the next turn. */
      if (told)
        belfry_reactor_serve (self->reactor, self);
      else
        belfry_socket_break (self, ECONNABORTED);
    }
}

/* Sends what is queued, then waits for the peer to close, too: closing at once could make the
 * kernel throw away what the peer has not read. */
void
belfry_socket_close (BelfrySocket *self)
{
  if (self->state != BELFRY_SOCKET_OPEN)
    return;
  self->state = BELFRY_SOCKET_CLOSING;
  set_time (self, belfry_reactor_get_times (self->reactor)->linger);
  belfry_reactor_serve (self->reactor, self);
}

/* Ends the connection without sending what is queued. */
void
belfry_socket_abort (BelfrySocket *self)
{
  belfry_socket_break (self, ECONNABORTED);
}
