/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Among the types of a right it stands for the whole interface of notifications. */
#define BELFRY_BUS_NOTIFICATIONS_TYPE "notification_received"

/* One entry of the option allow-worker: who it is for, and what they may do. It does not change. */
typedef struct _BelfryBusRight BelfryBusRight;

BelfryBusRight *belfry_bus_right_parse (const char *text, GError **error);
void belfry_bus_right_free (BelfryBusRight *self);

gboolean belfry_bus_right_needs_unit (const BelfryBusRight *self);
gboolean belfry_bus_right_is_for (const BelfryBusRight *self, uid_t uid, const char *unit);
gboolean belfry_bus_right_has_type (const BelfryBusRight *self, const char *type);
const char *belfry_bus_right_get_user_prefix (const BelfryBusRight *self);

G_END_DECLS
