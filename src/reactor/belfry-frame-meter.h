/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is wrong with a frame. */
typedef enum
{
  BELFRY_FRAME_FAULT_NONE,
  BELFRY_FRAME_FAULT_TOO_LARGE, /* its message is over the limit */
  BELFRY_FRAME_FAULT_CONTROL,   /* a control frame with more payload than one may have */
} BelfryFrameFault;

/* Walks the headers of WebSocket frames (RFC 6455, section 5.2) as their bytes pass by, and changes
 * nothing. It knows what libsoup does not bound: the sum of a message's fragments, the payload of
 * control frames, and the number of frames of all kinds. It starts zeroed, at the first byte after
 * the handshake. */
typedef struct
{
  guint8 header[14];
  guint8 have; /* bytes of the header that have passed */
  guint8 need; /* of how many; 0 before the first two have */
  guint64 payload_left;
  guint64 message; /* payload of the message so far, all its fragments */
  guint n_frames;  /* headers since the last look */
} BelfryFrameMeter;

BelfryFrameFault belfry_frame_meter_pass (BelfryFrameMeter *self,
                                          const guint8 *bytes,
                                          gsize length,
                                          gsize max_message);
guint belfry_frame_meter_take_frames (BelfryFrameMeter *self);

G_END_DECLS
