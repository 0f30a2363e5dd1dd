/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-bus-bouncer.h"
#include "belfry-bus-gate.h"

G_BEGIN_DECLS

/* Whose call is next. Calls wait here, each caller's in order, and are taken from the callers in
 * turn, so that nobody waits for all that another has sent. A caller whose rights are not known yet
 * has no turn until the bouncer knows them. */
typedef struct _BelfryBusTurns BelfryBusTurns;
typedef void (*BelfryBusTurnsFunc) (GDBusMethodInvocation *invocation, gpointer user_data);

BelfryBusTurns *belfry_bus_turns_new (BelfryBusGate *gate,
                                      BelfryBusBouncer *bouncer,
                                      BelfryBusTurnsFunc func,
                                      gpointer user_data);
void belfry_bus_turns_free (BelfryBusTurns *self);

void belfry_bus_turns_add (BelfryBusTurns *self, GDBusMethodInvocation *invocation, guint cost);

G_END_DECLS
