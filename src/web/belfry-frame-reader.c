/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* It lives here and not in the reactor, which moves bytes and knows no protocol. It knows nothing
 * of what the messages mean either, so that it can be tried with bytes alone. */

#include "belfry-frame-reader.h"

#include <string.h>

#define FIN             0x80
#define RESERVED        0x70
#define OPCODE          0x0f
#define OPCODE_CONTINUE 0x0
#define OPCODE_TEXT     0x1
#define OPCODE_BINARY   0x2
#define OPCODE_CLOSE    0x8
#define OPCODE_PING     0x9
#define OPCODE_PONG     0xa
#define MASKED          0x80
#define MASK_SIZE       4
#define LENGTH          0x7f
#define LENGTH_16_BIT   126
#define LENGTH_64_BIT   127
#define CONTROL_MAX     125

typedef struct
{
  guint8 first;
  gsize size; /* of the header, with the mask */
  guint64 length;
} Header;

static BelfryFrameKind
fault (BelfryFrame *frame, guint16 close_code)
{
  *frame = (BelfryFrame){ .close_code = close_code };
  return BELFRY_FRAME_FAULT;
}

/* Returns: the size of a header that begins so, or 2 as long as that is not known */
static gsize
header_size (const guint8 *bytes, gsize have)
{
  gsize size = 2;

  if (have < 2)
    return size;
  if ((bytes[1] & LENGTH) == LENGTH_16_BIT)
    size += 2;
  else if ((bytes[1] & LENGTH) == LENGTH_64_BIT)
    size += 8;
  /* One that is not masked is refused by its first two bytes. */
  return bytes[1] & MASKED ? size + MASK_SIZE : 2;
}

static Header
parse_header (const guint8 *bytes)
{
  Header header = { bytes[0], header_size (bytes, 2), bytes[1] & LENGTH };
  guint n_bytes = header.length == LENGTH_64_BIT ? 8 : header.length == LENGTH_16_BIT ? 2 : 0;

  if (n_bytes == 0 || !(bytes[1] & MASKED))
    return header;
  header.length = 0;
  for (guint i = 0; i < n_bytes; i++)
    header.length = header.length << 8 | bytes[2 + i];
  return header;
}

static gboolean
is_known (guint8 opcode)
{
  return opcode <= OPCODE_BINARY || (opcode >= OPCODE_CLOSE && opcode <= OPCODE_PONG);
}

/* Returns: the close code for a frame that may not come now, or 0 */
static guint16
check_header (const BelfryFrameReader *self,
              const guint8 *bytes,
              const Header *header,
              gsize max_message)
{
  guint8 opcode = header->first & OPCODE;

  if (header->first & RESERVED || !is_known (opcode) || !(bytes[1] & MASKED))
    return BELFRY_CLOSE_CODE_PROTOCOL_ERROR;
  if (opcode >= OPCODE_CLOSE)
    return header->first & FIN && header->length <= CONTROL_MAX ? 0
                                                                : BELFRY_CLOSE_CODE_PROTOCOL_ERROR;
  if ((opcode == OPCODE_CONTINUE) != (self->opcode != 0))
    return BELFRY_CLOSE_CODE_PROTOCOL_ERROR;
  return header->length > max_message - self->message ? BELFRY_CLOSE_CODE_TOO_BIG : 0;
}

/* Whether a peer may send @code: RFC 6455, section 7.4, and the registry that it began. */
static gboolean
is_close_code (guint16 code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
         || (code >= 3000 && code <= 4999);
}

static gboolean
is_utf8 (const guint8 *bytes, gsize length)
{
  const char *begin = (const char *) bytes;
  const char *end = begin + length;

  /* GLib takes a NUL for a fault; for UTF-8 it is a character as any. */
  while (!g_utf8_validate_len (begin, (gsize) (end - begin), &begin))
    if (*begin++ != '\0')
      return FALSE;
  return TRUE;
}

static void
unmask (guint8 *payload, gsize length, const guint8 *mask_bytes)
{
  guint8 mask[MASK_SIZE];
  guint64 wide;
  gsize i = 0;

  /* The payload may be moved over the mask. */
  memcpy (mask, mask_bytes, MASK_SIZE);
  memcpy (&wide, mask, MASK_SIZE);
  memcpy ((guint8 *) &wide + MASK_SIZE, mask, MASK_SIZE);
  for (; i + sizeof wide <= length; i += sizeof wide)
    {
      guint64 eight;

      memcpy (&eight, payload + i, sizeof eight);
      eight ^= wide;
      memcpy (payload + i, &eight, sizeof eight);
    }
  for (; i < length; i++)
    payload[i] ^= mask[i % MASK_SIZE];
}

static BelfryFrameKind
end_message (guint8 opcode, const guint8 *payload, gsize length, BelfryFrame *frame)
{
  /* An empty array has no data. */
  *frame = (BelfryFrame){ payload != NULL ? payload : (const guint8 *) "", length, 0 };
  if (opcode == OPCODE_BINARY)
    return BELFRY_FRAME_BINARY;
  return is_utf8 (frame->payload, length) ? BELFRY_FRAME_TEXT
                                          : fault (frame, BELFRY_CLOSE_CODE_BAD_DATA);
}

static BelfryFrameKind
end_control (guint8 opcode, const guint8 *payload, gsize length, BelfryFrame *frame)
{
  *frame = (BelfryFrame){ payload, length, BELFRY_CLOSE_CODE_NO_STATUS };
  if (opcode != OPCODE_CLOSE)
    return opcode == OPCODE_PING ? BELFRY_FRAME_PING : BELFRY_FRAME_PONG;
  if (length == 0)
    return BELFRY_FRAME_CLOSE;
  if (length == 1)
    return fault (frame, BELFRY_CLOSE_CODE_PROTOCOL_ERROR);
  frame->close_code = (guint16) (payload[0] << 8 | payload[1]);
  if (!is_close_code (frame->close_code))
    return fault (frame, BELFRY_CLOSE_CODE_PROTOCOL_ERROR);
  return is_utf8 (payload + 2, length - 2) ? BELFRY_FRAME_CLOSE
                                           : fault (frame, BELFRY_CLOSE_CODE_BAD_DATA);
}

/* Puts a fragment behind the others. The frame may be in @kept itself, right behind them. */
static void
append_fragment (BelfryFrameReader *self, const guint8 *payload, gsize length, gboolean in_kept)
{
  if (in_kept)
    {
      memmove (self->kept->data + self->message, payload, length);
      g_byte_array_set_size (self->kept, self->message + (guint) length);
    }
  else
    {
      if (self->kept == NULL)
        self->kept = g_byte_array_new ();
      g_byte_array_append (self->kept, payload, (guint) length);
    }
  self->message += (guint32) length;
}

/* A frame is complete at @bytes. */
static BelfryFrameKind
end_frame (BelfryFrameReader *self,
           guint8 *bytes,
           const Header *header,
           gboolean in_kept,
           BelfryFrame *frame)
{
  guint8 opcode = header->first & OPCODE;
  guint8 *payload = bytes + header->size;
  gsize length = (gsize) header->length;
  gsize whole;

  unmask (payload, length, payload - MASK_SIZE);
  self->given = TRUE;
  if (opcode >= OPCODE_CLOSE)
    return end_control (opcode, payload, length, frame);
  if (opcode != OPCODE_CONTINUE && header->first & FIN)
    return end_message (opcode, payload, length, frame);

  append_fragment (self, payload, length, in_kept);
  if (opcode != OPCODE_CONTINUE)
    self->opcode = opcode;
  *frame = (BelfryFrame){ 0 };
  if (!(header->first & FIN))
    return BELFRY_FRAME_PART;
  opcode = self->opcode;
  whole = self->message;
  self->opcode = 0;
  self->message = 0;
  return end_message (opcode, self->kept->data, whole, frame);
}

/* What was given out of @kept is no longer needed. */
static void
forget_given (BelfryFrameReader *self)
{
  self->given = FALSE;
  if (self->kept == NULL)
    return;
  if (self->message > 0)
    g_byte_array_set_size (self->kept, self->message);
  else
    g_clear_pointer (&self->kept, g_byte_array_unref);
}

/* Takes so much of the input that @kept has @size bytes of the frame. Returns: whether it has */
static gboolean
keep (BelfryFrameReader *self, guint8 **bytes, gsize *length, gsize size)
{
  gsize have = self->kept->len - self->message;
  gsize n = size > have ? MIN (size - have, *length) : 0;

  g_byte_array_append (self->kept, *bytes, (guint) n);
  *bytes += n;
  *length -= n;
  return have + n >= size;
}

/* Goes on with a frame whose beginning is kept. */
static BelfryFrameKind
next_kept (BelfryFrameReader *self,
           guint8 **bytes,
           gsize *length,
           gsize max_message,
           BelfryFrame *frame)
{
  Header header;
  guint16 code;

  if (!keep (self, bytes, length, 2)
      || !keep (self, bytes, length, header_size (self->kept->data + self->message, 2)))
    return BELFRY_FRAME_NONE;
  header = parse_header (self->kept->data + self->message);
  code = check_header (self, self->kept->data + self->message, &header, max_message);
  if (code != 0)
    return fault (frame, code);
  if (!keep (self, bytes, length, header.size + (gsize) header.length))
    return BELFRY_FRAME_NONE;
  return end_frame (self, self->kept->data + self->message, &header, TRUE, frame);
}

/* Finds the next frame in @bytes, of which it takes what it reads; a frame that is whole is
 * unmasked in place. Frames that are incomplete are kept, and go on with the next bytes. After a
 * fault there is no next frame.
 *
 * @max_message: bytes of payload that one message may have, all its fragments together
 * Returns: %BELFRY_FRAME_NONE when all bytes were taken */
BelfryFrameKind
belfry_frame_reader_next (BelfryFrameReader *self,
                          guint8 **bytes,
                          gsize *length,
                          gsize max_message,
                          BelfryFrame *frame)
{
  guint8 *begin = *bytes;
  gsize size;
  Header header;

  if (self->given)
    forget_given (self);
  if (*length == 0)
    return BELFRY_FRAME_NONE;
  if (self->kept != NULL && self->kept->len > self->message)
    return next_kept (self, bytes, length, max_message, frame);

  size = header_size (begin, *length);
  if (*length >= size)
    {
      guint16 code;

      header = parse_header (begin);
      code = check_header (self, begin, &header, max_message);
      if (code != 0)
        return fault (frame, code);
      if (*length - size >= header.length)
        {
          size += (gsize) header.length;
          *bytes += size;
          *length -= size;
          return end_frame (self, begin, &header, FALSE, frame);
        }
    }
  if (self->kept == NULL)
    self->kept = g_byte_array_new ();
  keep (self, bytes, length, *length);
  return BELFRY_FRAME_NONE;
}

/* Forgets everything. */
void
belfry_frame_reader_clear (BelfryFrameReader *self)
{
  g_clear_pointer (&self->kept, g_byte_array_unref);
  *self = (BelfryFrameReader){ 0 };
}
