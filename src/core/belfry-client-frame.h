/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-close-reason.h"

G_BEGIN_DECLS

/* A frame that a client sent, parsed and checked by the thread that received it. */
typedef enum
{
  BELFRY_CLIENT_FRAME_REGISTER, /* with a token that has been verified */
  BELFRY_CLIENT_FRAME_PING,
  BELFRY_CLIENT_FRAME_MESSAGE, /* anything else: it goes down the handler chain */
  BELFRY_CLIENT_FRAME_FAULT,   /* not understood: it is answered by an error, in its turn */
  BELFRY_CLIENT_FRAME_FATAL, /* a register with a bad token: it ends the connection, in its turn */
} BelfryClientFrameKind;

typedef struct
{
  BelfryClientFrameKind kind;
  char *id_json; /* as the client wrote it, or NULL */

  /* REGISTER */
  char *user_id;
  gint64 expires_at; /* µs since 1970 */
  gboolean resume;   /* whether `since` was given */
  gint64 since;
  char *epoch; /* or NULL */

  /* MESSAGE */
  char *type;
  char *data; /* one JSON object */

  /* FAULT */
  const char *code;

  /* FATAL */
  BelfryCloseReason reason;

  char *text; /* FAULT, FATAL: what a person may read */
} BelfryClientFrame;

void belfry_client_frame_free (BelfryClientFrame *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryClientFrame, belfry_client_frame_free)

G_END_DECLS
