/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-bridge-card.h"

G_BEGIN_DECLS

/* Where cards are shown. At first, and while it is not known where, nothing can be.
 *
 * Signals:
 *   emptied ()                     cards can be shown, and none is
 *   activated (gint64 id, gboolean opens)    the user clicked: on the card, or that it is read */

#define BELFRY_TYPE_BRIDGE_DESKTOP (belfry_bridge_desktop_get_type ())

G_DECLARE_FINAL_TYPE (BelfryBridgeDesktop, belfry_bridge_desktop, BELFRY, BRIDGE_DESKTOP, GObject)

BelfryBridgeDesktop *belfry_bridge_desktop_new (GApplication *application);

gboolean belfry_bridge_desktop_is_ready (BelfryBridgeDesktop *self);

void belfry_bridge_desktop_show (BelfryBridgeDesktop *self,
                                 const BelfryBridgeCard *card,
                                 gboolean rings);

void belfry_bridge_desktop_withdraw (BelfryBridgeDesktop *self, const char *key);

void belfry_bridge_desktop_open (BelfryBridgeDesktop *self, const char *url);

G_END_DECLS
