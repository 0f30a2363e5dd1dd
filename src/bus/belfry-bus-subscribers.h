/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-bus-grant.h"
#include "belfry-notification-service.h"
#include "belfry-session-registry.h"

G_BEGIN_DECLS

/* Who has asked for which signals. */
typedef struct _BelfryBusSubscribers BelfryBusSubscribers;

BelfryBusSubscribers *
belfry_bus_subscribers_new (BelfryNotificationService *service, BelfrySessionRegistry *registry);
void belfry_bus_subscribers_free (BelfryBusSubscribers *self);

gboolean belfry_bus_subscribers_add (BelfryBusSubscribers *self,
                                     GDBusMethodInvocation *invocation,
                                     GVariant *filter,
                                     BelfryBusGrant *grant,
                                     GError **error);
void belfry_bus_subscribers_remove (BelfryBusSubscribers *self, GDBusMethodInvocation *invocation);

G_END_DECLS
