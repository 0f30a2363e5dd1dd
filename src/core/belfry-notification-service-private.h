/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-notification-service.h"
#include "belfry-store.h"

G_BEGIN_DECLS

BelfryNotificationService *belfry_notification_service_new (BelfryStore *store, gsize max_data);
BelfryStore *belfry_notification_service_get_store (BelfryNotificationService *self);

GTask *belfry_notification_service_new_task (BelfryNotificationService *self,
                                             const char *name,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);

G_END_DECLS
