/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-inbox-handler.h"
#include "belfry-session-registry-private.h"
#include "belfry-token-verifier.h"
#include "belfry-web-options.h"

G_BEGIN_DECLS

/* The web side as the main thread sees it: it carries frames between the connections in the
 * reactors' threads and the sessions. */
#define BELFRY_TYPE_WEB_SERVER (belfry_web_server_get_type ())
G_DECLARE_FINAL_TYPE (BelfryWebServer, belfry_web_server, BELFRY, WEB_SERVER, GObject)

BelfryWebServer *belfry_web_server_new (BelfrySessionRegistry *registry,
                                        BelfryInboxHandler *inbox,
                                        BelfryTokenVerifier *verifier,
                                        const BelfryWebOptions *options);
gboolean belfry_web_server_listen (BelfryWebServer *self, GSocketAddress *address, GError **error);
gboolean belfry_web_server_adopt (BelfryWebServer *self, GSocket *listener, GError **error);
GPtrArray *belfry_web_server_get_addresses (BelfryWebServer *self);
void belfry_web_server_start (BelfryWebServer *self);
void belfry_web_server_set_verifier (BelfryWebServer *self, BelfryTokenVerifier *verifier);
guint belfry_web_server_get_n_connections (BelfryWebServer *self);

void belfry_web_server_shut_down (BelfryWebServer *self, gint64 grace);
gboolean belfry_web_server_is_down (BelfryWebServer *self);
void belfry_web_server_wait (BelfryWebServer *self);

G_END_DECLS
