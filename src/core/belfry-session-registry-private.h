/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-connection.h"
#include "belfry-handler-chain.h"
#include "belfry-notification-service-private.h"
#include "belfry-request.h"
#include "belfry-session-registry.h"

G_BEGIN_DECLS

typedef struct
{
  guint max_connections_per_user;
  gboolean numeric_user_ids;
  gsize max_data;
} BelfrySessionRegistryOptions;

BelfrySessionRegistry *belfry_session_registry_new (BelfryNotificationService *service,
                                                    BelfryHandlerChain *chain,
                                                    const BelfrySessionRegistryOptions *options);

void belfry_session_registry_register (BelfrySessionRegistry *self,
                                       BelfryConnection *connection,
                                       const BelfryClientFrame *frame);
void belfry_session_registry_sweep (BelfrySessionRegistry *self);

/* For sessions and connections. */
void belfry_session_registry_add (BelfrySessionRegistry *self, BelfrySession *session);
void belfry_session_registry_remove (BelfrySessionRegistry *self, BelfrySession *session);
void belfry_session_registry_retry (BelfrySessionRegistry *self, BelfrySession *session);
BelfryStore *belfry_session_registry_get_store (BelfrySessionRegistry *self);
const char *belfry_session_registry_get_epoch (BelfrySessionRegistry *self);
BelfryHandlerChain *belfry_session_registry_get_chain (BelfrySessionRegistry *self);
BelfryRequestClock *belfry_session_registry_get_clock (BelfrySessionRegistry *self);
char *belfry_session_registry_get_user_json (BelfrySessionRegistry *self, const char *user_id);
GBytes *belfry_session_registry_encode (BelfrySessionRegistry *self,
                                        const char *type,
                                        const char *data,
                                        GError **error);

G_END_DECLS
