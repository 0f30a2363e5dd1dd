/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the main thread and the reactors' threads send each other. */

typedef enum
{
  BELFRY_WEB_SEND,     /* text to a connection */
  BELFRY_WEB_CLOSE,    /* a last text, then the close code */
  BELFRY_WEB_HANDLED,  /* a frame of the connection has been dealt with */
  BELFRY_WEB_VERIFIER, /* to all: new keys */
  BELFRY_WEB_SHUTDOWN, /* to all: send everybody away */
} BelfryWebCommandKind;

typedef struct
{
  guint64 connection;
  GBytes *text;      /* owned */
  gpointer verifier; /* an owned BelfryTokenVerifier */
  guint16 close_code;
  guint8 kind;
} BelfryWebCommand;

typedef enum
{
  BELFRY_WEB_OPENED, /* a connection registers for the first time; its frame follows */
  BELFRY_WEB_FRAME,
  BELFRY_WEB_TAKEN, /* the kernel took bytes of what was sent */
  BELFRY_WEB_GONE,  /* the last of a connection */
  BELFRY_WEB_CALL,  /* a request over HTTP: its answer is sent as a frame */
} BelfryWebEventKind;

typedef struct
{
  guint64 connection;
  gpointer payload;    /* owned: OPENED, the peer's address; FRAME, a BelfryClientFrame; CALL, a
                           BelfryApiRequest */
  gint64 connected_at; /* OPENED: µs since 1970 */
  guint32 bytes;       /* TAKEN */
  guint8 kind;
} BelfryWebEvent;

/* A connection is known by its reactor, its place there, and how often the place was given away
 * before: what is meant for one that has gone never reaches another. */
static inline guint64
belfry_web_handle (guint reactor, guint slot, guint32 generation)
{
  return (guint64) reactor << 56 | (guint64) slot << 32 | generation;
}

static inline guint
belfry_web_handle_get_reactor (guint64 handle)
{
  return (guint) (handle >> 56);
}

static inline guint
belfry_web_handle_get_slot (guint64 handle)
{
  return (guint) (handle >> 32) & 0xffffff;
}

G_END_DECLS
