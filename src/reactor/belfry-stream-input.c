/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "belfry-stream-private.h"

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
  return stream->received != NULL || stream->socket == NULL
         || belfry_socket_is_readable (stream->socket);
}

/* Takes what was read before there was a stream. */
static gssize
take_received (BelfryStream *stream, void *buffer, gsize count)
{
  gsize n = MIN (count, stream->received->len - stream->received_start);

  memcpy (buffer, stream->received->data + stream->received_start, n);
  stream->received_start += (guint) n;
  if (stream->received_start == stream->received->len)
    g_clear_pointer (&stream->received, g_byte_array_unref);
  return (gssize) n;
}

static gssize
belfry_stream_input_read (GInputStream *input,
                          void *buffer,
                          gsize count,
                          GCancellable *cancellable,
                          GError **error)
{
  BelfryStream *stream = ((BelfryStreamInput *) input)->stream;
  gssize n;

  if (stream->socket == NULL)
    return fail (ECONNABORTED, error);
  if (stream->received != NULL)
    return take_received (stream, buffer, count);
  n = belfry_socket_read (stream->socket, buffer, count);
  return n < 0 ? fail ((int) -n, error) : n;
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
