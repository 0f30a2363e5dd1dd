/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-frame-meter.h"

#define FIN            0x80
#define OPCODE_CONTROL 0x08
#define MASKED         0x80
#define LENGTH         0x7f
#define LENGTH_16_BIT  126
#define LENGTH_64_BIT  127
#define CONTROL_MAX    125

static guint8
header_length (guint8 second_byte)
{
  guint8 length = 2;

  if ((second_byte & LENGTH) == LENGTH_16_BIT)
    length += 2;
  else if ((second_byte & LENGTH) == LENGTH_64_BIT)
    length += 8;
  if (second_byte & MASKED)
    length += 4;
  return length;
}

static guint64
payload_length (const guint8 *header)
{
  guint8 length = header[1] & LENGTH;
  guint n_bytes = length == LENGTH_64_BIT ? 8 : length == LENGTH_16_BIT ? 2 : 0;
  guint64 result = 0;

  if (n_bytes == 0)
    return length;
  for (guint i = 0; i < n_bytes; i++)
    result = result << 8 | header[2 + i];
  return result;
}

/* A header is complete. */
static BelfryFrameFault
end_header (BelfryFrameMeter *self, gsize max_message)
{
  guint64 length = payload_length (self->header);
  gboolean control = (self->header[0] & OPCODE_CONTROL) != 0;

  self->n_frames++;
  self->have = self->need = 0;
  self->payload_left = length;
  if (control)
    return length > CONTROL_MAX ? BELFRY_FRAME_FAULT_CONTROL : BELFRY_FRAME_FAULT_NONE;
  if (length > max_message)
    return BELFRY_FRAME_FAULT_TOO_LARGE;
  self->message += length;
  if (self->message > max_message)
    return BELFRY_FRAME_FAULT_TOO_LARGE;
  if (self->header[0] & FIN)
    self->message = 0;
  return BELFRY_FRAME_FAULT_NONE;
}

/* @max_message: bytes of payload that one message may have
 * Returns: what is wrong with the first bad frame: then the connection has to end */
BelfryFrameFault
belfry_frame_meter_pass (BelfryFrameMeter *self,
                         const guint8 *bytes,
                         gsize length,
                         gsize max_message)
{
  BelfryFrameFault fault = BELFRY_FRAME_FAULT_NONE;

  while (length > 0 && fault == BELFRY_FRAME_FAULT_NONE)
    {
      if (self->payload_left > 0)
        {
          gsize skip = (gsize) MIN (self->payload_left, length);

          self->payload_left -= skip;
          bytes += skip;
          length -= skip;
          continue;
        }
      self->header[self->have++] = *bytes++;
      length--;
      if (self->have == 2)
        self->need = header_length (self->header[1]);
      if (self->have == self->need)
        fault = end_header (self, max_message);
    }
  return fault;
}

/* How many frames have begun since this was last asked, pings and fragments included. */
guint
belfry_frame_meter_take_frames (BelfryFrameMeter *self)
{
  guint n_frames = self->n_frames;

  self->n_frames = 0;
  return n_frames;
}
