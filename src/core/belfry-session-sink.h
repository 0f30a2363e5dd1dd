/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What carries the frames of connections to their clients. Core knows a connection by a handle
 * only: one that has gone, or whose place was given to another, is never reached by mistake. */

#define BELFRY_TYPE_SESSION_SINK (belfry_session_sink_get_type ())
G_DECLARE_INTERFACE (BelfrySessionSink, belfry_session_sink, BELFRY, SESSION_SINK, GObject)

struct _BelfrySessionSinkInterface
{
  GTypeInterface parent_iface;

  /* Sends one frame; it reports by belfry_connection_taken() what the kernel took of it. */
  void (*send) (BelfrySessionSink *self, guint64 connection, GBytes *text);

  /* Sends a last frame, then closes. Nothing is reported of the connection any more. */
  void (*close) (BelfrySessionSink *self, guint64 connection, guint close_code, GBytes *text);

  /* One frame that the client sent has been dealt with, so that another may be read. */
  void (*handled) (BelfrySessionSink *self, guint64 connection);
};

void belfry_session_sink_send (BelfrySessionSink *self, guint64 connection, GBytes *text);
void belfry_session_sink_close (BelfrySessionSink *self,
                                guint64 connection,
                                guint close_code,
                                GBytes *text);
void belfry_session_sink_handled (BelfrySessionSink *self, guint64 connection);

G_END_DECLS
