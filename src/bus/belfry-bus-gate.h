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

typedef struct _BelfryBusGate BelfryBusGate;

BelfryBusGate *belfry_bus_gate_new (void);
void belfry_bus_gate_unref (BelfryBusGate *self);

void belfry_bus_gate_guard (BelfryBusGate *self, GDBusConnection *connection);
guint belfry_bus_gate_get_n_calls (BelfryBusGate *self);

G_END_DECLS
