/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-notification.h"

G_BEGIN_DECLS

/* What a notification is made of; the strings are copied. */
typedef struct
{
  gint64 id;
  const char *user_id;
  const char *data;
  gint64 created_at;
  gboolean read;
  gint64 position;
  const char *tag;
  gint64 expires_at;
} BelfryNotificationFields;

BELFRY_API
BelfryNotification *belfry_notification_new (const BelfryNotificationFields *fields);

BELFRY_API
BelfryNotification *belfry_notification_new_from_variant (GVariant *variant, GError **error);

BELFRY_API
GVariant *belfry_notification_to_variant (BelfryNotification *self);

G_END_DECLS
