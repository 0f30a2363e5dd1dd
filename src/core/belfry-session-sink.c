/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-session-sink.h"

G_DEFINE_INTERFACE (BelfrySessionSink, belfry_session_sink, G_TYPE_OBJECT)

static void
belfry_session_sink_default_init (BelfrySessionSinkInterface *iface)
{
}

void
belfry_session_sink_send (BelfrySessionSink *self, guint64 connection, GBytes *text)
{
  BELFRY_SESSION_SINK_GET_IFACE (self)->send (self, connection, text);
}

void
belfry_session_sink_close (BelfrySessionSink *self,
                           guint64 connection,
                           guint close_code,
                           GBytes *text)
{
  BELFRY_SESSION_SINK_GET_IFACE (self)->close (self, connection, close_code, text);
}

void
belfry_session_sink_handled (BelfrySessionSink *self, guint64 connection)
{
  BELFRY_SESSION_SINK_GET_IFACE (self)->handled (self, connection);
}
