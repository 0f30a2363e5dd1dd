/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-message.h"

#include <string.h>

/* The fixed part of a header. The array of its fields follows, whose length is in the last four. */
#define FIXED_LENGTH       16
#define BODY_LENGTH_AT     4
#define SERIAL_AT          8
#define FIELDS_LENGTH_AT   12
#define BYTE_ORDER_MARK    (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'l' : 'B')
#define PROTOCOL_VERSION   1
#define MAX_MESSAGE_LENGTH (128u << 20)

enum
{
  TYPE_METHOD_CALL = 1,
  TYPE_METHOD_RETURN = 2,
  TYPE_ERROR = 3,
};

enum
{
  FIELD_PATH = 1,
  FIELD_INTERFACE = 2,
  FIELD_MEMBER = 3,
  FIELD_ERROR_NAME = 4,
  FIELD_REPLY_SERIAL = 5,
  FIELD_DESTINATION = 6,
  FIELD_SIGNATURE = 8,
};

static gsize
round_up (gsize n, guint alignment)
{
  return (n + alignment - 1) & ~(gsize) (alignment - 1);
}

/* Messages begin at 0, so that alignment counts from there. @alignment: a power of two */
void
load_message_align (GByteArray *message, guint alignment)
{
  static const guint8 zeros[8];

  g_byte_array_append (message, zeros, (guint) (round_up (message->len, alignment) - message->len));
}

void
load_message_append_uint32 (GByteArray *message, guint32 value)
{
  load_message_align (message, 4);
  g_byte_array_append (message, (const guint8 *) &value, sizeof value);
}

/* A string, or an object path. */
void
load_message_append_string (GByteArray *message, const char *text)
{
  gsize length = strlen (text);

  load_message_append_uint32 (message, (guint32) length);
  g_byte_array_append (message, (const guint8 *) text, (guint) length + 1);
}

void
load_message_append_signature (GByteArray *message, const char *signature)
{
  guint8 length = (guint8) strlen (signature);

  g_byte_array_append (message, &length, 1);
  g_byte_array_append (message, (const guint8 *) signature, length + 1u);
}

/* Returns: what load_message_close_array() needs */
gsize
load_message_open_array (GByteArray *message, guint alignment)
{
  gsize begin;

  load_message_append_uint32 (message, 0);
  begin = message->len;
  load_message_align (message, alignment);
  return begin;
}

static void
set_uint32 (GByteArray *message, gsize at, guint32 value)
{
  memcpy (message->data + at, &value, sizeof value);
}

/* The length of an array leaves out what aligns its first element. */
void
load_message_close_array (GByteArray *message, gsize begin, guint alignment)
{
  set_uint32 (message, begin - 4, (guint32) (message->len - round_up (begin, alignment)));
}

static void
append_field (GByteArray *message, guint8 code, const char *type, const char *text)
{
  load_message_align (message, 8);
  g_byte_array_append (message, &code, 1);
  load_message_append_signature (message, type);
  if (*type == 'g')
    load_message_append_signature (message, text);
  else
    load_message_append_string (message, text);
}

/* The header of a method call, which its body is appended to.
 *
 * @destination: (nullable): whom a bus hands it to
 * @signature: (nullable): of the body, NULL if there is none
 * Returns: (transfer full) */
GByteArray *
load_message_new_call (const char *destination,
                       const char *path,
                       const char *interface,
                       const char *member,
                       const char *signature)
{
  static const guint8 fixed[FIXED_LENGTH] = { BYTE_ORDER_MARK, TYPE_METHOD_CALL, 0,
                                              PROTOCOL_VERSION };
  GByteArray *message = g_byte_array_new ();

  g_byte_array_append (message, fixed, sizeof fixed);
  append_field (message, FIELD_PATH, "o", path);
  append_field (message, FIELD_INTERFACE, "s", interface);
  append_field (message, FIELD_MEMBER, "s", member);
  if (destination != NULL)
    append_field (message, FIELD_DESTINATION, "s", destination);
  if (signature != NULL)
    append_field (message, FIELD_SIGNATURE, "g", signature);
  set_uint32 (message, FIELDS_LENGTH_AT, message->len - FIXED_LENGTH);
  load_message_align (message, 8);
  return message;
}

/* Makes a message complete. @header_length: where its body begins */
void
load_message_set_serial (GByteArray *message, guint32 serial, gsize header_length)
{
  set_uint32 (message, SERIAL_AT, serial);
  set_uint32 (message, BODY_LENGTH_AT, (guint32) (message->len - header_length));
}

static guint32
get_uint32 (const guint8 *data, gsize at)
{
  guint32 value;

  memcpy (&value, data + at, sizeof value);
  return value;
}

/* Takes one field of the header. Returns: where it ends */
static gsize
parse_field (const guint8 *data, gsize at, LoadReply *reply, char *body_type)
{
  guint8 code = data[at];
  char type;

  /* A variant with one basic type: its length, the type, and a zero. */
  g_assert (data[at + 1] == 1);
  type = (char) data[at + 2];
  at += 4;
  switch (type)
    {
    case 'g':
      if (code == FIELD_SIGNATURE)
        *body_type = (char) data[at + 1];
      return at + data[at] + 2;
    case 'u':
      at = round_up (at, 4);
      if (code == FIELD_REPLY_SERIAL)
        reply->reply_serial = get_uint32 (data, at);
      return at + 4;
    case 's':
    case 'o':
      at = round_up (at, 4);
      if (code == FIELD_ERROR_NAME)
        reply->error_name = (const char *) data + at + 4;
      return at + 4 + get_uint32 (data, at) + 1;
    default:
      g_error ("a header field of type %c", type);
    }
}

/* Takes the message that @data begins with. Servers are trusted to write correct ones.
 *
 * Returns: its length, or 0 if it isn't there as a whole */
gsize
load_message_parse (const guint8 *data, gsize length, LoadReply *reply)
{
  char body_type = '\0';
  gsize end;
  gsize body;

  *reply = (LoadReply){ 0 };
  if (length < FIXED_LENGTH)
    return 0;
  if (data[0] != BYTE_ORDER_MARK)
    g_error ("a message in another byte order");
  end = FIXED_LENGTH + (gsize) get_uint32 (data, FIELDS_LENGTH_AT);
  body = round_up (end, 8);
  if (body + get_uint32 (data, BODY_LENGTH_AT) > MAX_MESSAGE_LENGTH)
    g_error ("a message that is too long");
  if (length < body + get_uint32 (data, BODY_LENGTH_AT))
    return 0;

  if (data[1] == TYPE_METHOD_RETURN || data[1] == TYPE_ERROR)
    {
      for (gsize at = FIXED_LENGTH; at < end;)
        at = parse_field (data, round_up (at, 8), reply, &body_type);
      if (reply->error_name != NULL && body_type == 's')
        reply->error_text = (const char *) data + body + 4;
    }
  return body + get_uint32 (data, BODY_LENGTH_AT);
}
