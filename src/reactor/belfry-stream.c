/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-stream-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "belfry-reactor-private.h"

/* How long libsoup has to close a connection that failed. */
#define BREAK_TIME (1 * G_USEC_PER_SEC)

G_DEFINE_FINAL_TYPE (BelfryStream, belfry_stream, G_TYPE_IO_STREAM)

/* @time: from now, µs */
static void
set_time (BelfryStream *self, gint64 time)
{
  belfry_reactor_set_deadline (self->reactor, self, belfry_reactor_get_now (self->reactor) + time);
}

static void
on_event (BelfryWatch *watch, guint32 events)
{
  BelfryStream *self = BELFRY_WATCH_OWNER (watch, BelfryStream, watch);

  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    self->hang_up = TRUE;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    {
      self->readable = TRUE;
      belfry_cell_mark (self->cell);
    }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    self->writable = TRUE;
  if (self->queued > 0 || self->state != BELFRY_STREAM_OPEN)
    belfry_reactor_serve (self->reactor, self);
}

/* A stream of the reactor, which holds a reference until the socket is closed. Takes @fd
 * over. */
BelfryStream *
belfry_stream_new (BelfryReactor *reactor, BelfryCell *cell, int fd)
{
  BelfryStream *self = g_object_new (BELFRY_TYPE_STREAM, NULL);

  self->reactor = reactor;
  self->cell = cell;
  self->fd = fd;
  self->last_received = self->last_sent = belfry_reactor_get_now (reactor);
  self->expiring.data = self;
  set_time (self, belfry_reactor_get_times (reactor)->request);
  self->watch.ready = on_event;
  belfry_reactor_add_watch (reactor, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &self->watch);
  return self;
}

/* The socket goes for good. */
static void
finish (BelfryStream *self)
{
  self->state = BELFRY_STREAM_CLOSED;
  belfry_reactor_set_deadline (self->reactor, self, 0);
  belfry_stream_output_clear (self);
  g_clear_pointer (&self->leftover, g_byte_array_unref);
  close (self->fd);
  self->fd = -1;
  belfry_reactor_forget_stream (self->reactor, self);
}

/* Unless it is closed, the connection failed: libsoup learns of it when it reads next, which is at
 * once. */
void
belfry_stream_break (BelfryStream *self, int errnum)
{
  if (self->broken != 0 || self->state == BELFRY_STREAM_CLOSED)
    return;
  self->broken = errnum;
  set_time (self, BREAK_TIME);
  belfry_stream_output_clear (self);
  belfry_cell_mark (self->cell);
  if (self->state != BELFRY_STREAM_OPEN)
    belfry_reactor_serve (self->reactor, self);
}

/* Its time is over: the connection fails and, should nobody have closed it then, goes. */
void
belfry_stream_expire (BelfryStream *self)
{
  if (self->broken != 0)
    finish (self);
  else
    belfry_stream_break (self, ETIMEDOUT);
}

/* Whether it is an HTTP connection that waits for a request. As answers are written in the turn
 * that the request came in, such a one has nothing to lose. */
static gboolean
is_idle (BelfryStream *self)
{
  return self->state == BELFRY_STREAM_OPEN && !self->framed && self->queued == 0
         && self->leftover == NULL;
}

/* Does what is due: the reactor calls it at the end of a turn. */
void
belfry_stream_serve (BelfryStream *self)
{
  gboolean was_ready = belfry_stream_input_is_ready (self);

  belfry_stream_output_flush (self);
  if (self->credit > 0 && self->owner_funcs != NULL)
    self->owner_funcs->sent (self, self->owner);
  if (!was_ready && belfry_stream_input_is_ready (self))
    belfry_cell_mark (self->cell);

  if (self->state == BELFRY_STREAM_CLOSING && self->queued == 0)
    {
      shutdown (self->fd, SHUT_WR);
      self->state = BELFRY_STREAM_LINGERING;
    }
  if (self->broken != 0
          ? self->state != BELFRY_STREAM_OPEN
          : self->state == BELFRY_STREAM_LINGERING && belfry_stream_input_discard (self))
    finish (self);
  /* There is no event for what has come already. */
  else if (self->state == BELFRY_STREAM_LINGERING && self->readable)
    belfry_reactor_serve (self->reactor, self);
  else if (belfry_reactor_is_stopping (self->reactor) && is_idle (self))
    belfry_stream_break (self, ECONNABORTED);
}

static gboolean
belfry_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  BelfryStream *self = BELFRY_STREAM (stream);

  if (self->state == BELFRY_STREAM_OPEN)
    {
      self->state = BELFRY_STREAM_CLOSING;
      set_time (self, belfry_reactor_get_times (self->reactor)->linger);
      belfry_reactor_serve (self->reactor, self);
    }
  return TRUE;
}

/* The default would close in a thread. */
static void
belfry_stream_close_async (GIOStream *stream,
                           int priority,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_name (task, "[belfry] close");
  g_task_set_priority (task, priority);
  g_task_return_boolean (task, belfry_stream_close (stream, cancellable, NULL));
}

static gboolean
belfry_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GInputStream *
belfry_stream_get_input_stream (GIOStream *stream)
{
  return BELFRY_STREAM (stream)->input;
}

static GOutputStream *
belfry_stream_get_output_stream (GIOStream *stream)
{
  return BELFRY_STREAM (stream)->output;
}

static void
belfry_stream_finalize (GObject *object)
{
  BelfryStream *self = BELFRY_STREAM (object);

  g_assert (self->fd < 0);
  g_object_unref (self->input);
  g_object_unref (self->output);

  G_OBJECT_CLASS (belfry_stream_parent_class)->finalize (object);
}

static void
belfry_stream_class_init (BelfryStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = belfry_stream_finalize;
  stream_class->get_input_stream = belfry_stream_get_input_stream;
  stream_class->get_output_stream = belfry_stream_get_output_stream;
  stream_class->close_fn = belfry_stream_close;
  stream_class->close_async = belfry_stream_close_async;
  stream_class->close_finish = belfry_stream_close_finish;
}

static void
belfry_stream_init (BelfryStream *self)
{
  self->fd = -1;
  self->input = belfry_stream_input_new (self);
  self->output = belfry_stream_output_new (self);
}

/* @owner is unowned; set NULL before it goes. */
void
belfry_stream_set_owner (BelfryStream *self, const BelfryStreamOwner *funcs, gpointer owner)
{
  self->owner_funcs = funcs;
  self->owner = owner;
}

/* How much of the credit given to belfry_stream_send() came back since this was last asked. */
guint
belfry_stream_take_credit (BelfryStream *self)
{
  guint credit = self->credit;

  self->credit = 0;
  return credit;
}

/* Bytes that the kernel has not taken yet. */
gsize
belfry_stream_get_queued (BelfryStream *self)
{
  return self->queued;
}

/* When the peer was last heard, monotonic, µs. */
gint64
belfry_stream_get_last_received (BelfryStream *self)
{
  return self->last_received;
}

/* When the kernel last took something or, if that is later, when the queue began to fill. */
gint64
belfry_stream_get_last_sent (BelfryStream *self)
{
  return self->last_sent;
}

/* The handshake is over: what comes in from now on are WebSocket frames, and the stream may stay
 * as long as it likes. */
BelfryFrameMeter *
belfry_stream_start_frames (BelfryStream *self, gsize max_message)
{
  self->framed = TRUE;
  self->max_message = max_message;
  belfry_reactor_set_deadline (self->reactor, self, 0);
  return &self->meter;
}

/* Whether nothing more is to be read for the time being. */
void
belfry_stream_hold_input (BelfryStream *self, gboolean hold)
{
  self->held = hold != FALSE;
  if (!hold && belfry_stream_input_is_ready (self))
    belfry_cell_mark (self->cell);
}

/* Ends the connection without sending what is queued. */
void
belfry_stream_abort (BelfryStream *self)
{
  belfry_stream_break (self, ECONNABORTED);
}
