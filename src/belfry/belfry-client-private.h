/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-agent.h"

G_BEGIN_DECLS

#define BELFRY_CLIENT_NOTIFICATIONS "org.belfry.Belfry1.Notifications"
#define BELFRY_CLIENT_SESSIONS      "org.belfry.Belfry1.Sessions"

/* Returns: (transfer full) */
BelfryClientAgent *belfry_client_ref_agent (BelfryClient *self);

/* @method's address tags the task. */
void belfry_client_call_async (BelfryClient *self,
                               const BelfryClientMethod *method,
                               GVariant *parameters,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

GVariant *belfry_client_call_finish (BelfryClient *self,
                                     const BelfryClientMethod *method,
                                     GAsyncResult *result,
                                     GError **error);

GVariant *belfry_client_call_sync (BelfryClient *self,
                                   const BelfryClientMethod *method,
                                   GVariant *parameters,
                                   GCancellable *cancellable,
                                   GError **error);

gboolean belfry_client_can_repeat (GVariant *parameters);

gboolean belfry_client_is_refusal (const GError *error);

GVariant *belfry_client_dictionary (GVariant *options);

gint64 belfry_client_take_number (GVariant *reply);

gboolean belfry_client_take_nothing (GVariant *reply);

/* The signals that tell of notifications and users, and the subscription to them. */

void belfry_client_init_signals (BelfryClientClass *klass);

void belfry_client_renew_subscription (BelfryClientAgent *agent);

void
belfry_client_receive_signal (BelfryClientAgent *agent, const char *name, GVariant *parameters);

/* The messages of tabs, and the types that are handled. */

void belfry_client_init_messages (BelfryClientClass *klass);

void belfry_client_renew_types (BelfryClientAgent *agent);

gboolean
belfry_client_receive_message (BelfryClientAgent *agent, const char *name, GVariant *parameters);

G_END_DECLS
