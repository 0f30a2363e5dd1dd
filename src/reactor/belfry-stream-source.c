/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-stream-private.h"

/* A source that is ready when a flag of its stream says so: no fd, and no system call. */
typedef struct
{
  GSource source;
  GObject *direction; /* the input or output stream, for the callback */
  BelfryStream *stream;
  gboolean (*is_ready) (BelfryStream *stream);
} StreamSource;

static gboolean
stream_source_prepare (GSource *source, int *timeout)
{
  StreamSource *self = (StreamSource *) source;

  *timeout = -1;
  return self->is_ready (self->stream);
}

static gboolean
stream_source_check (GSource *source)
{
  StreamSource *self = (StreamSource *) source;

  return self->is_ready (self->stream);
}

static gboolean
stream_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  StreamSource *self = (StreamSource *) source;
  GPollableSourceFunc func = (GPollableSourceFunc) (void (*) (void)) callback;

  return func (self->direction, user_data);
}

static void
stream_source_finalize (GSource *source)
{
  StreamSource *self = (StreamSource *) source;

  g_object_unref (self->direction);
  g_object_unref (self->stream);
}

/* For callers that set a GClosure. */
static gboolean
stream_source_closure_callback (GObject *direction, gpointer data)
{
  GValue result = G_VALUE_INIT;
  GValue parameter = G_VALUE_INIT;
  gboolean go_on;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&parameter, G_TYPE_OBJECT);
  g_value_set_object (&parameter, direction);
  g_closure_invoke (data, &result, 1, &parameter, NULL);
  go_on = g_value_get_boolean (&result);
  g_value_unset (&result);
  g_value_unset (&parameter);
  return go_on;
}

static GSourceFuncs stream_source_funcs = {
  stream_source_prepare,
  stream_source_check,
  stream_source_dispatch,
  stream_source_finalize,
  (GSourceFunc) (void (*) (void)) stream_source_closure_callback,
  NULL,
};

GSource *
belfry_stream_source_new (GObject *direction,
                          BelfryStream *stream,
                          gboolean (*is_ready) (BelfryStream *stream),
                          GCancellable *cancellable)
{
  GSource *source = g_source_new (&stream_source_funcs, sizeof (StreamSource));
  StreamSource *self = (StreamSource *) source;

  g_source_set_static_name (source, "[belfry] stream");
  self->direction = g_object_ref (direction);
  self->stream = g_object_ref (stream);
  self->is_ready = is_ready;
  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  return source;
}
