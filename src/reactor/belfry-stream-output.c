/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "belfry-reactor-private.h"
#include "belfry-stream-private.h"

/* Chunks that are sent by one system call. */
#define GATHER 64

typedef struct
{
  GOutputStream parent_instance;
  BelfryStream *stream; /* unowned: it owns this */
} BelfryStreamOutput;

typedef GOutputStreamClass BelfryStreamOutputClass;

static GType belfry_stream_output_get_type (void);
static void belfry_stream_output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryStreamOutput,
                               belfry_stream_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      belfry_stream_output_pollable_init))

typedef struct
{
  GBytes *bytes;
  guint credit; /* what the owner gets back when it is sent */
} Chunk;

static void
chunk_free (gpointer data)
{
  Chunk *chunk = data;

  g_bytes_unref (chunk->bytes);
  g_free (chunk);
}

static void
enqueue (BelfryStream *stream, GBytes *bytes, guint credit)
{
  Chunk *chunk;

  if (stream->ended || g_bytes_get_size (bytes) == 0)
    return;
  chunk = g_new (Chunk, 1);
  chunk->bytes = g_bytes_ref (bytes);
  chunk->credit = credit;
  if (stream->queued == 0)
    stream->last_sent = belfry_reactor_get_now (stream->reactor);
  g_queue_push_tail (&stream->queue, chunk);
  stream->queued += g_bytes_get_size (bytes);
  belfry_reactor_serve (stream->reactor, stream);
}

/* Sends @bytes behind all that was written before. @credit is given back by
 * belfry_stream_take_credit() when the kernel has taken them. Nothing is sent on a stream that was
 * closed. */
void
belfry_stream_send (BelfryStream *self, GBytes *bytes, guint credit)
{
  if (self->state == BELFRY_STREAM_OPEN && self->broken == 0)
    enqueue (self, bytes, credit);
}

/* Drops what is written from now on, as if it were sent: the last word has been said. */
void
belfry_stream_end (BelfryStream *self)
{
  self->ended = TRUE;
}

/* The kernel took @n bytes. */
static void
dequeue (BelfryStream *stream, gsize n)
{
  stream->queued -= n;
  stream->last_sent = belfry_reactor_get_now (stream->reactor);
  n += stream->head_offset;
  while (n > 0)
    {
      Chunk *chunk = g_queue_peek_head (&stream->queue);
      gsize size = g_bytes_get_size (chunk->bytes);

      if (n < size)
        break;
      n -= size;
      stream->credit += chunk->credit;
      chunk_free (g_queue_pop_head (&stream->queue));
    }
  stream->head_offset = n;
}

static gssize
send_some (BelfryStream *stream)
{
  struct iovec vectors[GATHER];
  struct msghdr message = { .msg_iov = vectors };
  gssize n;

  for (GList *link = stream->queue.head; link != NULL && message.msg_iovlen < GATHER;
       link = link->next)
    {
      gsize skip = message.msg_iovlen == 0 ? stream->head_offset : 0;
      gsize size;
      gconstpointer data = g_bytes_get_data (((Chunk *) link->data)->bytes, &size);

      vectors[message.msg_iovlen++] =
          (struct iovec){ (char *) (gpointer) data + skip, size - skip };
    }
  do
    n = sendmsg (stream->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

/* Sends as much as the kernel takes. */
void
belfry_stream_output_flush (BelfryStream *stream)
{
  while (stream->queued > 0 && stream->writable && stream->broken == 0)
    {
      gssize n = send_some (stream);

      if (n >= 0)
        dequeue (stream, (gsize) n);
      else if (errno == EAGAIN)
        stream->writable = FALSE;
      else
        belfry_stream_break (stream, errno);
    }
}

void
belfry_stream_output_clear (BelfryStream *stream)
{
  g_queue_clear_full (&stream->queue, chunk_free);
  stream->queued = stream->head_offset = 0;
}

static gssize
belfry_stream_output_write (GOutputStream *output,
                            const void *buffer,
                            gsize count,
                            GCancellable *cancellable,
                            GError **error)
{
  BelfryStream *stream = ((BelfryStreamOutput *) output)->stream;
  g_autoptr (GBytes) bytes = NULL;
  int errnum = stream->broken != 0 ? stream->broken : EPIPE;

  if (stream->broken != 0 || stream->state != BELFRY_STREAM_OPEN)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errnum), g_strerror (errnum));
      return -1;
    }
  bytes = g_bytes_new (buffer, count);
  enqueue (stream, bytes, 0);
  return (gssize) count;
}

static gssize
belfry_stream_output_write_nonblocking (GPollableOutputStream *output,
                                        const void *buffer,
                                        gsize count,
                                        GError **error)
{
  return belfry_stream_output_write (G_OUTPUT_STREAM (output), buffer, count, NULL, error);
}

static gboolean
always (BelfryStream *stream)
{
  return TRUE;
}

static gboolean
belfry_stream_output_is_writable (GPollableOutputStream *output)
{
  return TRUE;
}

static GSource *
belfry_stream_output_create_source (GPollableOutputStream *output, GCancellable *cancellable)
{
  return belfry_stream_source_new (G_OBJECT (output), ((BelfryStreamOutput *) output)->stream,
                                   always, cancellable);
}

static void
belfry_stream_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = belfry_stream_output_is_writable;
  iface->write_nonblocking = belfry_stream_output_write_nonblocking;
  iface->create_source = belfry_stream_output_create_source;
}

static void
belfry_stream_output_class_init (BelfryStreamOutputClass *klass)
{
  klass->write_fn = belfry_stream_output_write;
}

static void
belfry_stream_output_init (BelfryStreamOutput *self)
{
}

GOutputStream *
belfry_stream_output_new (BelfryStream *stream)
{
  BelfryStreamOutput *self = g_object_new (belfry_stream_output_get_type (), NULL);

  self->stream = stream;
  return G_OUTPUT_STREAM (self);
}
