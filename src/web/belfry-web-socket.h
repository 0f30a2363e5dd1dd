/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-transport.h"

G_BEGIN_DECLS

/* The reactor's side of one WebSocket: from the handshake until it is closed. It answers
 * everything itself until a valid token comes; from then on the main thread does. */
typedef struct _BelfryWebSocket BelfryWebSocket;

BelfryWebSocket *
belfry_web_socket_begin (BelfryWebWorker *worker, BelfrySocket *socket, char *peer);
void belfry_web_socket_take (BelfryWebSocket *self, guint8 *bytes, gsize length);

G_END_DECLS
