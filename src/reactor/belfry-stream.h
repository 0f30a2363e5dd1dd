/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-frame-meter.h"

G_BEGIN_DECLS

/* A connected socket in a reactor, as a GIOStream that libsoup works on. It belongs to the
 * reactor's thread.
 *
 * Writing never blocks and never fails for want of room: what is written is kept whole and sent at
 * the end of the turn, together with everything else for this socket. So between two calls it is
 * always at a boundary of what was written, and can be given frames past libsoup. */
#define BELFRY_TYPE_STREAM (belfry_stream_get_type ())
G_DECLARE_FINAL_TYPE (BelfryStream, belfry_stream, BELFRY, STREAM, GIOStream)

/* Who uses the stream. It is told of what happens in the reactor's turn, from outside libsoup but
 * for received(). */
typedef struct
{
  /* Bytes have come in and are about to be given to libsoup. FALSE fails the read, for good; the
   * owner has then said what it had to say. @fault: what is wrong with a WebSocket frame; the read
   * fails then in any case */
  gboolean (*received) (BelfryStream *stream, BelfryFrameFault fault, gpointer owner);

  /* The kernel has taken bytes: belfry_stream_take_credit(). */
  void (*sent) (BelfryStream *stream, gpointer owner);
} BelfryStreamOwner;

void belfry_stream_set_owner (BelfryStream *self, const BelfryStreamOwner *funcs, gpointer owner);

void belfry_stream_send (BelfryStream *self, GBytes *bytes, guint credit);
void belfry_stream_end (BelfryStream *self);
guint belfry_stream_take_credit (BelfryStream *self);
gsize belfry_stream_get_queued (BelfryStream *self);
gint64 belfry_stream_get_last_received (BelfryStream *self);
gint64 belfry_stream_get_last_sent (BelfryStream *self);

BelfryFrameMeter *belfry_stream_start_frames (BelfryStream *self, gsize max_message);
void belfry_stream_hold_input (BelfryStream *self, gboolean hold);
void belfry_stream_abort (BelfryStream *self);

G_END_DECLS
