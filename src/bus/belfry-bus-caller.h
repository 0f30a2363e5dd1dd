/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Somebody on the bus that signals are sent to: known by its unique name, until that goes. */
typedef struct _BelfryBusCaller BelfryBusCaller;
typedef void (*BelfryBusCallerGoneFunc) (BelfryBusCaller *caller, gpointer user_data);

BelfryBusCaller *belfry_bus_caller_new (GDBusMethodInvocation *invocation,
                                        BelfryBusCallerGoneFunc gone,
                                        gpointer user_data);
void belfry_bus_caller_free (BelfryBusCaller *self);

char *belfry_bus_caller_key (GDBusMethodInvocation *invocation);
const char *belfry_bus_caller_get_key (BelfryBusCaller *self);
void belfry_bus_caller_emit (BelfryBusCaller *self,
                             const char *interface,
                             const char *signal,
                             GVariant *parameters);

G_END_DECLS
