/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-notification.h"

G_BEGIN_DECLS

/* The frames that a client is sent, as UTF-8 JSON text: introspection/wire has their schema.
 * What carries them (a WebSocket, an event stream) is not known here. */

/* A count without a position of its own: it was counted at the frame's position. */
#define BELFRY_COUNTED_AT_POSITION (-1)

/* Neither a reply to anything, nor an offer to come back. */
#define BELFRY_NO_RETRY (-1)

/* What every frame that tells a count carries. */
typedef struct
{
  gint64 position;
  gint64 unread;
  gint64 unread_at; /* or BELFRY_COUNTED_AT_POSITION */
} BelfryFrameCounts;

typedef struct
{
  const char *user_json;
  const char *session_id;
  const char *epoch;
  BelfryFrameCounts counts;
  gboolean resumed; /* whether `recovered` is told */
  gboolean recovered;
} BelfryFrameRegistered;

char *belfry_frame_user_json (const char *user_id, gboolean numeric);

GBytes *belfry_frame_connected (guint heartbeat);
GBytes *belfry_frame_registered (const char *id_json, const BelfryFrameRegistered *registered);
GBytes *belfry_frame_notification (const char *type,
                                   BelfryNotification *notification,
                                   const char *user_json,
                                   const BelfryFrameCounts *counts);
GBytes *belfry_frame_ids (const char *type,
                          const gint64 *ids,
                          gsize n_ids,
                          const BelfryFrameCounts *counts);
GBytes *belfry_frame_caught_up (const BelfryFrameCounts *counts);
GBytes *belfry_frame_message (const char *type, const char *data);
GBytes *belfry_frame_reply (const char *id_json, const char *data);
GBytes *belfry_frame_error (const char *id_json,
                            const char *code,
                            const char *message,
                            gboolean fatal,
                            gint64 retry_after);

void belfry_frame_append_notification (GString *json,
                                       BelfryNotification *notification,
                                       const char *user_json);

G_END_DECLS
