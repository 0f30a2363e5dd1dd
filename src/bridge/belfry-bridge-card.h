/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-notification.h"

G_BEGIN_DECLS

/* What the desktop shows of a notification. It never changes, and is counted by its references. */
typedef struct
{
  char *key; /* the desktop replaces one with the same key */
  gint64 id; /* 0: it stands for several, and nothing can be done with it */
  char *title;
  char *body;
  char *url;   /* (nullable): http or https */
  GIcon *icon; /* (nullable) */
} BelfryBridgeCard;

BelfryBridgeCard *belfry_bridge_card_new (BelfryNotification *notification);

BelfryBridgeCard *belfry_bridge_card_new_for_rest (gint64 count);

BelfryBridgeCard *belfry_bridge_card_ref (BelfryBridgeCard *card);

void belfry_bridge_card_unref (BelfryBridgeCard *card);

gboolean belfry_bridge_card_equal (const BelfryBridgeCard *a, const BelfryBridgeCard *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryBridgeCard, belfry_bridge_card_unref)

G_END_DECLS
