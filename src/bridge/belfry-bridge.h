/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-bridge-desktop.h"
#include "belfry-client.h"

G_BEGIN_DECLS

typedef struct _BelfryBridge BelfryBridge;

BelfryBridge *
belfry_bridge_new (BelfryClient *client, const char *user_id, BelfryBridgeDesktop *desktop);

void belfry_bridge_free (BelfryBridge *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryBridge, belfry_bridge_free)

G_END_DECLS
