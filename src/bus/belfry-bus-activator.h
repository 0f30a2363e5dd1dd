/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-bus-worker-handler.h"

G_BEGIN_DECLS

/* The link of the chain behind the workers: it has the bus start the worker that a type is declared
 * for, if nobody handles the type yet, and keeps the messages until that worker does. */
#define BELFRY_TYPE_BUS_ACTIVATOR (belfry_bus_activator_get_type ())
G_DECLARE_FINAL_TYPE (BelfryBusActivator, belfry_bus_activator, BELFRY, BUS_ACTIVATOR, GObject)

BelfryBusActivator *belfry_bus_activator_new (BelfryBusWorkerHandler *workers);
void belfry_bus_activator_close (BelfryBusActivator *self);

void belfry_bus_activator_set_connection (BelfryBusActivator *self, GDBusConnection *connection);
void belfry_bus_activator_declare (BelfryBusActivator *self, GHashTable *types);

gboolean belfry_bus_activator_check_types (BelfryBusActivator *self,
                                           const char *sender,
                                           const char *const *types,
                                           GError **error);
void belfry_bus_activator_hand_over (BelfryBusActivator *self);
void belfry_bus_activator_sweep (BelfryBusActivator *self);

G_END_DECLS
