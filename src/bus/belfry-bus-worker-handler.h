/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-bus-grant.h"
#include "belfry-message-handler.h"
#include "belfry-session-registry.h"

G_BEGIN_DECLS

/* The link of the chain behind which are the workers: each type belongs to the one that asked for
 * it first. */
#define BELFRY_TYPE_BUS_WORKER_HANDLER (belfry_bus_worker_handler_get_type ())
G_DECLARE_FINAL_TYPE (BelfryBusWorkerHandler,
                      belfry_bus_worker_handler,
                      BELFRY,
                      BUS_WORKER_HANDLER,
                      GObject)

BelfryBusWorkerHandler *
belfry_bus_worker_handler_new (BelfrySessionRegistry *registry, gsize max_data);

gboolean belfry_bus_worker_handler_handles (BelfryBusWorkerHandler *self, const char *type);
gboolean belfry_bus_worker_handler_hand_over (BelfryBusWorkerHandler *self, BelfryMessage *message);
gboolean belfry_bus_worker_handler_handle (BelfryBusWorkerHandler *self,
                                           GDBusMethodInvocation *invocation,
                                           BelfryBusGrant *grant,
                                           const char *const *types,
                                           GError **error);
void belfry_bus_worker_handler_stop (BelfryBusWorkerHandler *self,
                                     GDBusMethodInvocation *invocation,
                                     const char *const *types);
gboolean belfry_bus_worker_handler_reply (BelfryBusWorkerHandler *self,
                                          GDBusMethodInvocation *invocation,
                                          const char *session_id,
                                          const char *request_id,
                                          const char *data,
                                          GError **error);
gboolean belfry_bus_worker_handler_reply_error (BelfryBusWorkerHandler *self,
                                                GDBusMethodInvocation *invocation,
                                                const char *session_id,
                                                const char *request_id,
                                                const char *code,
                                                const char *message,
                                                GError **error);

G_END_DECLS
