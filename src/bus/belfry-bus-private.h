/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-bus-activator.h"
#include "belfry-bus-bouncer.h"
#include "belfry-bus-creations.h"
#include "belfry-bus-gate.h"
#include "belfry-bus-subscribers.h"
#include "belfry-bus-turns.h"
#include "belfry-bus-worker-handler.h"
#include "belfry-bus.h"

G_BEGIN_DECLS

struct _BelfryBus
{
  GObject parent_instance;

  BelfryBusContext context;
  BelfryBusSubscribers *subscribers;
  BelfryBusWorkerHandler *worker_handler;
  BelfryBusActivator *activator;
  BelfryBusBouncer *bouncer;
  BelfryBusGate *gate;
  BelfryBusCreations *creations;
  BelfryBusTurns *turns;
  GPtrArray *connections; /* of Registration */
  gboolean shut_down;
};

/* A method of an interface. It answers @invocation, at once or later. */
typedef void (*BelfryBusMethodFunc) (BelfryBus *self,
                                     GVariant *parameters,
                                     GDBusMethodInvocation *invocation);

typedef struct
{
  const char *name;
  BelfryBusMethodFunc func;
} BelfryBusMethod;

/* Ended by one without a name. */
extern const BelfryBusMethod belfry_bus_notifications_methods[];
extern const BelfryBusMethod belfry_bus_sessions_methods[];
extern const BelfryBusMethod belfry_bus_administration_methods[];

void belfry_bus_answer_properties (BelfryBus *self, GDBusMethodInvocation *invocation);

BelfryBusGrant *belfry_bus_get_grant (BelfryBus *self, GDBusMethodInvocation *invocation);

void belfry_bus_take_error (GDBusMethodInvocation *invocation, GError *error);

G_END_DECLS
