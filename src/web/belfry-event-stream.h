/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-transport.h"

G_BEGIN_DECLS

/* The reactor's side of one event stream: what the server sends, for a client that cannot have a
 * WebSocket. It registers with its request, and says nothing afterwards. */
typedef struct _BelfryEventStream BelfryEventStream;

void belfry_event_stream_begin (BelfryWebWorker *worker,
                                BelfrySocket *socket,
                                char *peer,
                                GUri *uri,
                                SoupMessageHeaders *headers);

G_END_DECLS
