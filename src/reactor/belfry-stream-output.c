/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "belfry-socket-private.h"
#include "belfry-stream-private.h"

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

static gssize
belfry_stream_output_write (GOutputStream *output,
                            const void *buffer,
                            gsize count,
                            GCancellable *cancellable,
                            GError **error)
{
  BelfrySocket *socket = ((BelfryStreamOutput *) output)->stream->socket;
  g_autoptr (GBytes) bytes = NULL;
  int errnum = socket == NULL ? EPIPE : belfry_socket_get_fault (socket);

  if (errnum != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errnum), g_strerror (errnum));
      return -1;
    }
  bytes = g_bytes_new (buffer, count);
  belfry_socket_send (socket, bytes, 0);
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
