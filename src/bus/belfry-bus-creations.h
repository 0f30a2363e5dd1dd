/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-bus-bouncer.h"
#include "belfry-bus-gate.h"
#include "belfry-notification-service.h"

G_BEGIN_DECLS

/* Create and CreateMany. Most of them never see the main thread before they are stored: they go
 * from GDBus's own thread straight to the store, which spares each of them a wake-up that costs
 * more than the rest of the call (docs/performance.md). */
typedef struct _BelfryBusCreations BelfryBusCreations;

BelfryBusCreations *belfry_bus_creations_new (BelfryNotificationService *service,
                                              BelfryBusBouncer *bouncer,
                                              gsize max_data);
void belfry_bus_creations_close (BelfryBusCreations *self);
void belfry_bus_creations_unref (BelfryBusCreations *self);

void belfry_bus_creations_attach (BelfryBusCreations *self, BelfryBusGate *gate);
void belfry_bus_creations_create (BelfryBusCreations *self,
                                  GDBusConnection *connection,
                                  GDBusMessage *message);

G_END_DECLS
