/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_NOTIFICATION (belfry_notification_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryNotification, belfry_notification, BELFRY, NOTIFICATION, GObject)

BELFRY_API
gint64 belfry_notification_get_id (BelfryNotification *self);
BELFRY_API
const char *belfry_notification_get_user_id (BelfryNotification *self);
BELFRY_API
const char *belfry_notification_get_data (BelfryNotification *self);
BELFRY_API
gint64 belfry_notification_get_created_at (BelfryNotification *self);
BELFRY_API
gboolean belfry_notification_get_read (BelfryNotification *self);
BELFRY_API
gint64 belfry_notification_get_position (BelfryNotification *self);
BELFRY_API
const char *belfry_notification_get_tag (BelfryNotification *self);
BELFRY_API
gint64 belfry_notification_get_expires_at (BelfryNotification *self);

G_END_DECLS
