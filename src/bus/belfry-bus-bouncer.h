/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-bus-grant.h"

G_BEGIN_DECLS

/* Who a caller is, and so what it may do. It asks the bus once for each name, and forgets the name
 * when it goes; a peer without a bus is known by its connection. Without rights there is nobody to
 * tell apart: whom the bus lets through may do everything, and nothing is asked.
 *
 * It is used in the main thread, except where something else is said. */
typedef struct _BelfryBusBouncer BelfryBusBouncer;

/* The bus has said who @name is. Calls of it that wait are to be introduced with @grant. */
typedef void (*BelfryBusBouncerFunc) (const char *name, BelfryBusGrant *grant, gpointer user_data);

BelfryBusBouncer *belfry_bus_bouncer_new (GPtrArray *rights);
BelfryBusBouncer *belfry_bus_bouncer_ref (BelfryBusBouncer *self);
void belfry_bus_bouncer_unref (BelfryBusBouncer *self);
void belfry_bus_bouncer_close (BelfryBusBouncer *self);

void belfry_bus_bouncer_set_on_known (BelfryBusBouncer *self,
                                      BelfryBusBouncerFunc func,
                                      gpointer user_data);
void belfry_bus_bouncer_ask (BelfryBusBouncer *self, GDBusConnection *connection, const char *name);

BelfryBusGrant *belfry_bus_bouncer_get_grant_of (BelfryBusBouncer *self, uid_t uid, pid_t pid);
void belfry_bus_bouncer_meet_peer (BelfryBusBouncer *self, GDBusConnection *connection);

gboolean belfry_bus_bouncer_introduce (BelfryBusBouncer *self,
                                       GDBusConnection *connection,
                                       GDBusMessage *message);
void belfry_bus_bouncer_introduce_with (GDBusMessage *message, BelfryBusGrant *grant);
BelfryBusGrant *belfry_bus_bouncer_get_grant (BelfryBusBouncer *self, GDBusMessage *message);

G_END_DECLS
