/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* D-Bus messages, written and read by hand as the D-Bus specification says under "Message
 * Protocol": as much of it as a worker needs, in the byte order of the machine. */

GByteArray *load_message_new_call (const char *destination,
                                   const char *path,
                                   const char *interface,
                                   const char *member,
                                   const char *signature);
void load_message_set_serial (GByteArray *message, guint32 serial, gsize header_length);

void load_message_align (GByteArray *message, guint alignment);
void load_message_append_uint32 (GByteArray *message, guint32 value);
void load_message_append_string (GByteArray *message, const char *text);
void load_message_append_signature (GByteArray *message, const char *signature);
gsize load_message_open_array (GByteArray *message, guint alignment);
void load_message_close_array (GByteArray *message, gsize begin, guint alignment);

/* What came back. Both texts point into the message. */
typedef struct
{
  guint32 reply_serial;   /* 0: it is no reply */
  const char *error_name; /* NULL: it is no error */
  const char *error_text; /* NULL: the error has none */
} LoadReply;

gsize load_message_parse (const guint8 *data, gsize length, LoadReply *reply);
