/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"
#include "belfry-notification.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_CHANGE (belfry_change_get_type ())

/**
 * BelfryChange:
 *
 * What one transaction did to one user's inbox: one notification created or updated, or several
 * read or removed. It is passed by the signals of [class@BelfryServer.NotificationService].
 *
 * Since: 0.1
 */
typedef struct _BelfryChange BelfryChange;

BELFRY_API
GType belfry_change_get_type (void);

BELFRY_API
BelfryChange *belfry_change_ref (BelfryChange *self);
BELFRY_API
void belfry_change_unref (BelfryChange *self);

BELFRY_API
const char *belfry_change_get_user_id (BelfryChange *self);
BELFRY_API
BelfryNotification *belfry_change_get_notification (BelfryChange *self);
BELFRY_API
const gint64 *belfry_change_get_ids (BelfryChange *self, gsize *n_ids);
BELFRY_API
gint64 belfry_change_get_position (BelfryChange *self);
BELFRY_API
gint64 belfry_change_get_unread_count (BelfryChange *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryChange, belfry_change_unref)

G_END_DECLS
