/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-bus-right.h"

G_BEGIN_DECLS

/* What one caller may do: all that any of its rights allows. It does not change, so that any thread
 * may ask it. Its refusals are G_DBUS_ERROR_ACCESS_DENIED. */
typedef struct _BelfryBusGrant BelfryBusGrant;

BelfryBusGrant *belfry_bus_grant_new_for_all (void);
BelfryBusGrant *belfry_bus_grant_new_for_none (const char *reason);
BelfryBusGrant *belfry_bus_grant_new (GPtrArray *rights, uid_t uid, const char *unit);
BelfryBusGrant *belfry_bus_grant_ref (BelfryBusGrant *self);
void belfry_bus_grant_unref (BelfryBusGrant *self);

gboolean belfry_bus_grant_check_worker (BelfryBusGrant *self, GError **error);
gboolean belfry_bus_grant_check_administrator (BelfryBusGrant *self, GError **error);
gboolean belfry_bus_grant_check_type (BelfryBusGrant *self, const char *type, GError **error);
gboolean belfry_bus_grant_check_user (BelfryBusGrant *self,
                                      const char *type,
                                      const char *argument,
                                      const char *user_id,
                                      GError **error);
gboolean belfry_bus_grant_check_everybody (BelfryBusGrant *self,
                                           const char *type,
                                           const char *what,
                                           GError **error);
gboolean belfry_bus_grant_allows (BelfryBusGrant *self, const char *type, const char *user_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryBusGrant, belfry_bus_grant_unref)

G_END_DECLS
