/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-notification-service.h"
#include "belfry-session-registry-private.h"

G_BEGIN_DECLS

#define BELFRY_BUS_NAME "org.belfry.Belfry1"
#define BELFRY_BUS_PATH "/org/belfry/Belfry1"

/* What the bus serves, and what it tells about it. */
typedef struct
{
  BelfryNotificationService *service;
  BelfrySessionRegistry *registry;
  BelfryHandlerChain *chain;
  gsize max_data;
  guint max_connections;
  guint max_connections_per_user;
  guint (*get_n_connections) (gpointer user_data);
  gpointer user_data;
} BelfryBusContext;

/* The D-Bus face: the three interfaces of introspection/dbus. */
#define BELFRY_TYPE_BUS (belfry_bus_get_type ())
G_DECLARE_FINAL_TYPE (BelfryBus, belfry_bus, BELFRY, BUS, GObject)

BelfryBus *belfry_bus_new (const BelfryBusContext *context, GPtrArray *rights);
gboolean belfry_bus_admits (BelfryBus *self, uid_t uid, pid_t pid);
void belfry_bus_declare_handlers (BelfryBus *self, GHashTable *types);
void belfry_bus_sweep (BelfryBus *self);
gboolean belfry_bus_serve (BelfryBus *self, GDBusConnection *connection, GError **error);
void belfry_bus_leave (BelfryBus *self, GDBusConnection *connection);
void belfry_bus_shut_down (BelfryBus *self);
guint belfry_bus_get_n_calls (BelfryBus *self);

G_END_DECLS
