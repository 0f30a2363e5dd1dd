/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-close-reason.h"
#include "belfry-connection-limit.h"
#include "belfry-socket.h"

G_BEGIN_DECLS

typedef struct _BelfryWebWorker BelfryWebWorker;

/* The reactor's side of one WebSocket: from the handshake until it is closed. It answers
 * everything itself until a valid token comes; from then on the main thread does. */
typedef struct _BelfryWebSocket BelfryWebSocket;

/* How long a peer may be silent until the server looks whether it is there, in ms. */
#define BELFRY_HEARTBEAT 25000

BelfryWebSocket *belfry_web_socket_new (BelfryWebWorker *worker,
                                        BelfrySocket *socket,
                                        guint64 handle,
                                        char *peer,
                                        BelfryConnectionSlot *slot);
void belfry_web_socket_free (BelfryWebSocket *self);
guint64 belfry_web_socket_get_handle (BelfryWebSocket *self);

void belfry_web_socket_take (BelfryWebSocket *self, guint8 *bytes, gsize length);
void belfry_web_socket_send (BelfryWebSocket *self, GBytes *text);
void belfry_web_socket_close (BelfryWebSocket *self, guint close_code, GBytes *last);
void belfry_web_socket_refuse (BelfryWebSocket *self,
                               BelfryCloseReason reason,
                               const char *id_json,
                               const char *message,
                               gint64 retry_after);
void belfry_web_socket_handled (BelfryWebSocket *self);
void belfry_web_socket_sweep (BelfryWebSocket *self, gint64 now);

G_END_DECLS
