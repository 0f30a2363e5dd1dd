/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 6455, section 5.2. */
#define OPCODE_TEXT 1
#define OPCODE_PING 9

/* An empty Pong, masked with zeros: servers that use payloads in their Pings are not measured. */
static const char pong[] = { '\x8a', '\x80', 0, 0, 0, 0 };

/* A frame that is counted has this in its data, and a number behind it. */
#define SEQUENCE_MARK "\"seq\":"

typedef enum
{
  CONNECTING,
  UPGRADING,
  GREETING,
  READY,
} State;

typedef struct
{
  int fd;
  State state;
  GByteArray *input; /* what is not complete yet */
} Socket;

struct _LoadSockets
{
  LoadSocketsOptions options;
  int epoll_fd;
  GThread *thread;
  Socket *sockets;
  guint n_opened;
  guint n_ready;
  gint stopping; /* atomic */

  GMutex mutex;
  GCond cond;
  guint64 n_frames;
  guint64 n_wanted; /* frames that somebody waits for */
  guint64 n_bytes;  /* of all the frames */
  gint64 *arrivals; /* by sequence, monotonic, µs */
  guint n_sequences;
};

static void
send_all (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      gssize n = send (fd, data, length, MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN && errno != EINTR)
        g_error ("send: %s", g_strerror (errno));
      if (n > 0)
        {
          data += n;
          length -= (gsize) n;
        }
    }
}

/* One text frame, masked with zeros. */
static void
send_text (LoadSockets *self, guint i, const char *text)
{
  gsize length = strlen (text);
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 header[8] = { 0x81 };
  guint n = 2;

  g_assert (length <= G_MAXUINT16);
  header[1] = 0x80 | (guint8) MIN (length, 126);
  if (length >= 126)
    {
      header[2] = (guint8) (length >> 8);
      header[3] = (guint8) length;
      n = 4;
    }
  g_byte_array_append (frame, header, n + 4);
  g_byte_array_append (frame, (const guint8 *) text, (guint) length);
  send_all (self->sockets[i].fd, (const char *) frame->data, frame->len);
}

static void
open_next (LoadSockets *self)
{
  const struct sockaddr_in name = {
    .sin_family = AF_INET,
    .sin_port = g_htons (self->options.port),
    .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK),
  };
  Socket *socket_ = &self->sockets[self->n_opened];
  struct epoll_event event = { .events = EPOLLOUT, .data.u32 = self->n_opened };
  const int one = 1;

  self->n_opened++;
  socket_->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_->fd < 0)
    g_error ("socket: %s", g_strerror (errno));
  setsockopt (socket_->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  /* Else our end may keep a server from listening, as tens of thousands have nearly every port. */
  setsockopt (socket_->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (connect (socket_->fd, (const struct sockaddr *) &name, sizeof name) != 0
      && errno != EINPROGRESS)
    g_error ("connect: %s", g_strerror (errno));
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, socket_->fd, &event);
}

static void
on_ready (LoadSockets *self, Socket *socket_)
{
  socket_->state = READY;
  g_mutex_lock (&self->mutex);
  self->n_ready++;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
upgrade (LoadSockets *self, guint i)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
  g_auto (GStrv) parts = g_strsplit (self->options.path, "USER", 2);
  g_autofree char *user = g_strdup_printf ("%u", i);
  g_autofree char *path = g_strjoinv (user, parts);
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\n"
                                              "Host: 127.0.0.1:%u\r\n"
                                              "Upgrade: websocket\r\n"
                                              "Connection: Upgrade\r\n"
                                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                              "Sec-WebSocket-Version: 13\r\n\r\n",
                                              path, self->options.port);

  send_all (self->sockets[i].fd, request, strlen (request));
  self->sockets[i].state = UPGRADING;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, self->sockets[i].fd, &event);
}

static void
on_upgraded (LoadSockets *self, guint i)
{
  if (self->options.hellos == NULL)
    {
      on_ready (self, &self->sockets[i]);
      return;
    }
  self->sockets[i].state = GREETING;
  send_text (self, i, self->options.hellos[i]);
}

static void
on_frame (LoadSockets *self, Socket *socket_, const char *text, gsize length)
{
  const char *mark;
  gint64 now;
  guint sequence;

  if (socket_->state == GREETING
      && memmem (text, length, self->options.welcome, strlen (self->options.welcome)) != NULL)
    {
      on_ready (self, socket_);
      return;
    }
  mark = memmem (text, length, SEQUENCE_MARK, strlen (SEQUENCE_MARK));
  if (mark == NULL)
    return;
  sequence = (guint) strtoul (mark + strlen (SEQUENCE_MARK), NULL, 10);
  now = g_get_monotonic_time ();
  g_mutex_lock (&self->mutex);
  self->n_frames++;
  self->n_bytes += length;
  if (sequence < self->n_sequences)
    self->arrivals[sequence] = now;
  if (self->n_frames == self->n_wanted)
    g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* Takes whole frames off the input. Returns: how many bytes they were */
static gsize
take_frames (LoadSockets *self, Socket *socket_, const guint8 *data, gsize length)
{
  gsize taken = 0;

  while (length - taken >= 2)
    {
      const guint8 *p = data + taken;
      gsize header = 2;
      guint64 payload = p[1] & 0x7f;

      if (payload >= 126)
        {
          guint n = payload == 126 ? 2 : 8;

          header += n;
          if (length - taken < header)
            break;
          payload = 0;
          for (guint i = 0; i < n; i++)
            payload = payload << 8 | p[2 + i];
        }
      if (length - taken < header + payload)
        break;
      if ((p[0] & 0x0f) == OPCODE_TEXT)
        on_frame (self, socket_, (const char *) p + header, payload);
      else if ((p[0] & 0x0f) == OPCODE_PING)
        send_all (socket_->fd, pong, sizeof pong);
      taken += header + payload;
    }
  return taken;
}

static void
on_input (LoadSockets *self, guint i)
{
  static guint8 buffer[256 * 1024];
  Socket *socket_ = &self->sockets[i];
  gssize n = recv (socket_->fd, buffer, sizeof buffer, 0);
  const guint8 *data = buffer;
  gsize length;
  gsize taken;

  if (n <= 0)
    {
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (!g_atomic_int_get (&self->stopping))
        g_error ("socket %u in state %d was closed", i, socket_->state);
      epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, socket_->fd, NULL);
      return;
    }
  length = (gsize) n;
  if (socket_->input != NULL)
    {
      g_byte_array_append (socket_->input, buffer, (guint) n);
      data = socket_->input->data;
      length = socket_->input->len;
    }

  taken = 0;
  if (socket_->state == UPGRADING)
    {
      const guint8 *end = memmem (data, length, "\r\n\r\n", 4);

      if (end != NULL)
        {
          if (memcmp (data, "HTTP/1.1 101", 12) != 0)
            g_error ("no upgrade: %.*s", (int) MIN (length, 200), (const char *) data);
          taken = (gsize) (end + 4 - data);
          on_upgraded (self, i);
        }
    }
  if (socket_->state >= GREETING)
    taken += take_frames (self, socket_, data + taken, length - taken);

  /* Most of the time nothing is left, and nothing is kept. */
  if (socket_->input != NULL)
    {
      g_byte_array_remove_range (socket_->input, 0, (guint) taken);
      if (socket_->input->len == 0)
        g_clear_pointer (&socket_->input, g_byte_array_unref);
    }
  else if (taken < length)
    {
      socket_->input = g_byte_array_new ();
      g_byte_array_append (socket_->input, data + taken, (guint) (length - taken));
    }
}

static gpointer
sockets_thread (gpointer data)
{
  LoadSockets *self = data;

  while (!g_atomic_int_get (&self->stopping))
    {
      struct epoll_event events[256];
      int n;

      while (self->n_opened < self->options.n
             && self->n_opened - self->n_ready < self->options.opening)
        open_next (self);
      n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), 100);
      for (int k = 0; k < n; k++)
        {
          guint i = events[k].data.u32;

          if (self->sockets[i].state == CONNECTING)
            upgrade (self, i);
          else
            on_input (self, i);
        }
    }
  return NULL;
}

/* Opens all sockets, and returns when they are ready. */
LoadSockets *
load_sockets_open (const LoadSocketsOptions *options)
{
  LoadSockets *self = g_new0 (LoadSockets, 1);

  self->options = *options;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->sockets = g_new0 (Socket, options->n);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("sockets", sockets_thread, self);
  g_mutex_lock (&self->mutex);
  while (self->n_ready < options->n)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  return self;
}

void
load_sockets_close (LoadSockets *self)
{
  g_atomic_int_set (&self->stopping, TRUE);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->options.n; i++)
    {
      close (self->sockets[i].fd);
      g_clear_pointer (&self->sockets[i].input, g_byte_array_unref);
    }
  close (self->epoll_fd);
  g_free (self->sockets);
  g_free (self->arrivals);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Counts anew. @n_sequences: how many arrivals are remembered */
void
load_sockets_reset (LoadSockets *self, guint n_sequences)
{
  g_mutex_lock (&self->mutex);
  g_free (self->arrivals);
  self->arrivals = g_new0 (gint64, n_sequences);
  self->n_sequences = n_sequences;
  self->n_frames = 0;
  self->n_bytes = 0;
  g_mutex_unlock (&self->mutex);
}

/* Waits until @n_frames have come since the reset. @timeout: µs */
void
load_sockets_wait (LoadSockets *self, guint64 n_frames, gint64 timeout)
{
  gint64 until = g_get_monotonic_time () + timeout;

  g_mutex_lock (&self->mutex);
  self->n_wanted = n_frames;
  while (self->n_frames < n_frames)
    if (!g_cond_wait_until (&self->cond, &self->mutex, until))
      g_error ("only %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " frames came", self->n_frames,
               n_frames);
  g_mutex_unlock (&self->mutex);
}

/* When the frame with this sequence number came, monotonic, µs. */
gint64
load_sockets_get_arrival (LoadSockets *self, guint sequence)
{
  return self->arrivals[sequence];
}

/* How long a frame was, on average. */
double
load_sockets_get_frame_bytes (LoadSockets *self)
{
  return (double) self->n_bytes / (double) MAX (self->n_frames, 1);
}
