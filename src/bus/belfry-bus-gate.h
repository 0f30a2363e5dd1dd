/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What may wait. One bus connection is one queue: what a worker pipelines without limit, all others
 * would have to wait for, in the main thread's memory. So the calls are counted before they get
 * there, in GDBus's own thread. */
#define BELFRY_BUS_MAX_CALLS_PER_CALLER 1024
#define BELFRY_BUS_MAX_CALLS            8192
#define BELFRY_BUS_MAX_BYTES            (32 * 1024 * 1024)
#define BELFRY_BUS_MAX_CALL_BYTES       (8 * 1024 * 1024)

/* A caller that has no more than this unanswered is let in whatever others have. */
#define BELFRY_BUS_SURE_BYTES (256 * 1024)

/* What is worked on for one caller at a time, in rows, about: others wait no longer than that. It
 * fills one batch of the database. */
#define BELFRY_BUS_MAX_COST_PER_CALLER 2000

/* What a peer may leave unread. */
#define BELFRY_BUS_MAX_UNSENT_SIGNALS (16 * 1024 * 1024)

typedef struct _BelfryBusGate BelfryBusGate;
typedef void (*BelfryBusGateFunc) (gpointer user_data);
typedef gboolean (*BelfryBusGateCallFunc) (BelfryBusGate *gate,
                                           GDBusConnection *connection,
                                           GDBusMessage *message,
                                           gpointer user_data);

BelfryBusGate *belfry_bus_gate_new (void);
void belfry_bus_gate_unref (BelfryBusGate *self);

void belfry_bus_gate_set_on_room (BelfryBusGate *self,
                                  BelfryBusGateFunc func,
                                  gpointer user_data,
                                  GDestroyNotify destroy);
void belfry_bus_gate_set_on_call (BelfryBusGate *self,
                                  BelfryBusGateCallFunc func,
                                  gpointer user_data,
                                  GDestroyNotify destroy);
void belfry_bus_gate_guard (BelfryBusGate *self, GDBusConnection *connection, gboolean is_bus);
void belfry_bus_gate_forget (BelfryBusGate *self, GDBusConnection *connection);
gboolean belfry_bus_gate_begin (BelfryBusGate *self, GDBusMessage *message, guint cost);
void belfry_bus_gate_begun (BelfryBusGate *self, GDBusMessage *message);
gboolean belfry_bus_gate_begin_at_once (BelfryBusGate *self, GDBusMessage *message, guint cost);
gboolean belfry_bus_gate_count_signal (GDBusConnection *connection, GVariant *parameters);
guint belfry_bus_gate_get_n_calls (BelfryBusGate *self);

G_END_DECLS
