/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "belfry-reactor-private.h"
#include "belfry-stream-private.h"

/* A peer that does not read its answers is not read from. */
#define QUEUED_MAX (64 * 1024)

typedef struct
{
  GInputStream parent_instance;
  BelfryStream *stream; /* unowned: it owns this */
} BelfryStreamInput;

typedef GInputStreamClass BelfryStreamInputClass;

static GType belfry_stream_input_get_type (void);
static void belfry_stream_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryStreamInput,
                               belfry_stream_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      belfry_stream_input_pollable_init))

static gssize
fail (int errnum, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errnum), g_strerror (errnum));
  return -1;
}

gboolean
belfry_stream_input_is_ready (BelfryStream *stream)
{
  if (stream->state != BELFRY_STREAM_OPEN || stream->broken != 0 || stream->refused)
    return TRUE;
  return (stream->readable || stream->leftover != NULL) && !stream->held
         && stream->queued <= QUEUED_MAX;
}

static gssize
receive (BelfryStream *stream, void *buffer, gsize count)
{
  gssize n;

  do
    n = recv (stream->fd, buffer, count, 0);
  while (n < 0 && errno == EINTR);

  /* The socket is watched for edges, and a short read is one: nothing more is there, unless the
   * peer has sent its last. */
  if (n < 0 ? errno == EAGAIN : (gsize) n < count && !stream->hang_up)
    stream->readable = FALSE;
  return n;
}

/* Copies what is left over without taking it: how much of it is read is not known yet. */
static gssize
peek_leftover (BelfryStream *stream, void *buffer, gsize count)
{
  gsize n = MIN (count, stream->leftover->len - stream->leftover_start);

  memcpy (buffer, stream->leftover->data + stream->leftover_start, n);
  return (gssize) n;
}

static void
skip_leftover (BelfryStream *stream, gssize n)
{
  stream->leftover_start += (gsize) n;
  if (stream->leftover_start == stream->leftover->len)
    {
      g_clear_pointer (&stream->leftover, g_byte_array_unref);
      stream->leftover_start = 0;
    }
}

/* libsoup reads ahead, and would keep what comes behind a request where it could not be counted.
 * So a request is given to it alone, and the rest with the next read.
 *
 * Returns: how many of the @n bytes belong to the request */
static gssize
cut_at_request_end (BelfryStream *stream, const guint8 *bytes, gssize n)
{
  gssize end = (gssize) belfry_request_end_find (&stream->request_end, bytes, (gsize) n);

  if (end < n && stream->leftover == NULL)
    {
      stream->leftover = g_byte_array_new ();
      g_byte_array_append (stream->leftover, bytes + end, (guint) (n - end));
    }
  return end;
}

static gssize
belfry_stream_input_read (GInputStream *input,
                          void *buffer,
                          gsize count,
                          GCancellable *cancellable,
                          GError **error)
{
  BelfryStream *stream = ((BelfryStreamInput *) input)->stream;
  gboolean from_leftover = stream->leftover != NULL;
  BelfryFrameFault fault = BELFRY_FRAME_FAULT_NONE;
  gssize n;

  if (stream->broken != 0 || stream->refused)
    return fail (stream->broken != 0 ? stream->broken : EPROTO, error);
  if (stream->state != BELFRY_STREAM_OPEN)
    return 0;
  if (!belfry_stream_input_is_ready (stream))
    return fail (EAGAIN, error);

  n = from_leftover ? peek_leftover (stream, buffer, count) : receive (stream, buffer, count);
  if (n < 0)
    return fail (errno, error);
  if (n == 0)
    return 0;

  stream->last_received = belfry_reactor_get_now (stream->reactor);
  if (stream->framed)
    fault = belfry_frame_meter_pass (&stream->meter, buffer, (gsize) n, stream->max_message);
  else
    n = cut_at_request_end (stream, buffer, n);
  if (from_leftover)
    skip_leftover (stream, n);
  /* A fault fails the read whatever the owner says: libsoup would keep all that is too large. */
  if ((stream->owner_funcs != NULL && !stream->owner_funcs->received (stream, fault, stream->owner))
      || fault != BELFRY_FRAME_FAULT_NONE)
    {
      stream->refused = TRUE;
      return fail (EPROTO, error);
    }
  return n;
}

static gssize
belfry_stream_input_read_nonblocking (GPollableInputStream *input,
                                      void *buffer,
                                      gsize count,
                                      GError **error)
{
  return belfry_stream_input_read (G_INPUT_STREAM (input), buffer, count, NULL, error);
}

static gboolean
belfry_stream_input_is_readable (GPollableInputStream *input)
{
  return belfry_stream_input_is_ready (((BelfryStreamInput *) input)->stream);
}

static GSource *
belfry_stream_input_create_source (GPollableInputStream *input, GCancellable *cancellable)
{
  BelfryStream *stream = ((BelfryStreamInput *) input)->stream;

  return belfry_stream_source_new (G_OBJECT (input), stream, belfry_stream_input_is_ready,
                                   cancellable);
}

static void
belfry_stream_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = belfry_stream_input_is_readable;
  iface->read_nonblocking = belfry_stream_input_read_nonblocking;
  iface->create_source = belfry_stream_input_create_source;
}

static void
belfry_stream_input_class_init (BelfryStreamInputClass *klass)
{
  klass->read_fn = belfry_stream_input_read;
}

static void
belfry_stream_input_init (BelfryStreamInput *self)
{
}

GInputStream *
belfry_stream_input_new (BelfryStream *stream)
{
  BelfryStreamInput *self = g_object_new (belfry_stream_input_get_type (), NULL);

  self->stream = stream;
  return G_INPUT_STREAM (self);
}

/* Throws away what the peer of a closed stream still sends. Returns: whether it has closed, too */
gboolean
belfry_stream_input_discard (BelfryStream *stream)
{
  char buffer[4096];
  gssize n;

  /* A flood is cut off by the deadline; here it only must not stop the others. */
  for (guint i = 0; i < 16 && stream->readable; i++)
    {
      n = receive (stream, buffer, sizeof buffer);
      if (n == 0 || (n < 0 && errno != EAGAIN))
        return TRUE;
    }
  return FALSE;
}
