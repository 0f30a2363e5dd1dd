/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-change.h"
#include "belfry-draft.h"
#include "belfry-handler-chain.h"
#include "belfry-inbox.h"
#include "belfry-message-handler.h"
#include "belfry-notification-service.h"
#include "belfry-server-config.h"
#include "belfry-session-registry.h"
#include "belfry-session.h"
#include "belfry-signalling.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_SERVER (belfry_server_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryServer, belfry_server, BELFRY, SERVER, GObject)

BELFRY_API
BelfryServer *belfry_server_new (BelfryServerConfig *config);

BELFRY_API
gboolean belfry_server_start (BelfryServer *self, GError **error);
BELFRY_API
void
belfry_server_stop_async (BelfryServer *self, GAsyncReadyCallback callback, gpointer user_data);
BELFRY_API
gboolean belfry_server_stop_finish (BelfryServer *self, GAsyncResult *result, GError **error);
BELFRY_API
void belfry_server_reload_async (BelfryServer *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
BELFRY_API
gboolean belfry_server_reload_finish (BelfryServer *self, GAsyncResult *result, GError **error);

BELFRY_API
GPtrArray *belfry_server_get_addresses (BelfryServer *self);
BELFRY_API
BelfryNotificationService *belfry_server_get_service (BelfryServer *self);
BELFRY_API
BelfrySessionRegistry *belfry_server_get_sessions (BelfryServer *self);
BELFRY_API
BelfryHandlerChain *belfry_server_get_handlers (BelfryServer *self);

G_END_DECLS
