/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Close codes: RFC 6455, section 7.4.1. */
#define BELFRY_CLOSE_CODE_PROTOCOL_ERROR 1002
#define BELFRY_CLOSE_CODE_NO_STATUS      1005 /* a Close without a code; never sent */
#define BELFRY_CLOSE_CODE_BAD_DATA       1007
#define BELFRY_CLOSE_CODE_TOO_BIG        1009
#define BELFRY_CLOSE_CODE_SERVER_ERROR   1011

typedef enum
{
  BELFRY_FRAME_NONE, /* no frame is complete */
  BELFRY_FRAME_PART, /* of a message; there is nothing to do about it but to count it */
  BELFRY_FRAME_TEXT, /* a whole message of valid UTF-8 */
  BELFRY_FRAME_BINARY,
  BELFRY_FRAME_PING,
  BELFRY_FRAME_PONG,
  BELFRY_FRAME_CLOSE,
  BELFRY_FRAME_FAULT, /* the connection has to be closed, with the close code */
} BelfryFrameKind;

typedef struct
{
  const guint8 *payload; /* unmasked, unowned: until more is read */
  gsize length;
  guint16 close_code; /* of CLOSE and FAULT */
} BelfryFrame;

/* Reads the WebSocket frames of a client: RFC 6455, section 5. It starts zeroed, at the first byte
 * after the handshake. While no frame or message is under way, it keeps nothing. */
typedef struct
{
  GByteArray *kept; /* the message so far, unmasked, then the incomplete frame; or NULL */
  guint32 message;  /* bytes of the message in it */
  guint8 opcode;    /* of the message whose fragments have begun; 0 for none */
  gboolean given;   /* a payload in @kept behind the message was given out, and goes */
} BelfryFrameReader;

BelfryFrameKind belfry_frame_reader_next (BelfryFrameReader *self,
                                          guint8 **bytes,
                                          gsize *length,
                                          gsize max_message,
                                          BelfryFrame *frame);
void belfry_frame_reader_clear (BelfryFrameReader *self);

G_END_DECLS
