/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-stream-private.h"

#include "belfry-reactor-private.h"
#include "belfry-socket-private.h"

G_DEFINE_FINAL_TYPE (BelfryStream, belfry_stream, G_TYPE_IO_STREAM)

static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  BelfryStream *self = owner;

  belfry_cell_mark (self->cell);
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  BelfryStream *self = owner;

  self->socket = NULL;
  belfry_reactor_part_cell (self->reactor, self->cell);
  /* Who waits for it need not wait any longer. */
  belfry_cell_mark (self->cell);
  g_object_unref (self);
}

static const BelfrySocketOwner owner_funcs = { on_ready, NULL, on_gone };

/* Takes @socket over, of which @bytes were read already: they are read again.
 *
 * Returns: (transfer none): the stream, which lives as long as the socket at least */
BelfryStream *
belfry_stream_new (BelfrySocket *socket, const guint8 *bytes, gsize length)
{
  BelfryStream *self = g_object_new (BELFRY_TYPE_STREAM, NULL);

  self->socket = socket;
  self->reactor = socket->reactor;
  self->cell = belfry_reactor_join_cell (self->reactor);
  if (length > 0)
    {
      self->received = g_byte_array_sized_new ((guint) length);
      g_byte_array_append (self->received, bytes, (guint) length);
    }
  belfry_socket_set_owner (socket, &owner_funcs, self);
  return self;
}

/* Between enter and leave, sources that libsoup makes are attached to the cell of the stream. */
void
belfry_stream_enter (BelfryStream *self)
{
  belfry_cell_enter (self->cell);
}

void
belfry_stream_leave (BelfryStream *self)
{
  belfry_cell_leave (self->cell);
}

static gboolean
belfry_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  BelfryStream *self = BELFRY_STREAM (stream);

  if (self->socket != NULL)
    belfry_socket_close (self->socket);
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

  g_assert (self->socket == NULL);
  g_clear_pointer (&self->received, g_byte_array_unref);
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
  self->input = belfry_stream_input_new (self);
  self->output = belfry_stream_output_new (self);
}
