/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-api-request.h"
#include "belfry-inbox-handler.h"
#include "belfry-session-registry-private.h"
#include "belfry-session-sink.h"

G_BEGIN_DECLS

/* The main thread's side of the API over HTTP. A request becomes the message that a WebSocket would
 * have sent, and its answer the frame that it would have got. */
typedef struct _BelfryWebApi BelfryWebApi;

BelfryWebApi *belfry_web_api_new (BelfrySessionRegistry *registry,
                                  BelfryInboxHandler *inbox,
                                  BelfrySessionSink *sink);
void belfry_web_api_free (BelfryWebApi *self);
void belfry_web_api_handle (BelfryWebApi *self, guint64 call, BelfryApiRequest *request);

G_END_DECLS
