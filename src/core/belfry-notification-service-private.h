/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-notification-service.h"
#include "belfry-store.h"

G_BEGIN_DECLS

BelfryNotificationService *belfry_notification_service_new (BelfryStore *store, gsize max_data);
BelfryStore *belfry_notification_service_get_store (BelfryNotificationService *self);

void belfry_notification_service_submit (BelfryNotificationService *self,
                                         GPtrArray *drafts,
                                         BelfryStoreWriteFunc done,
                                         gpointer user_data);

GTask *belfry_notification_service_new_task (BelfryNotificationService *self,
                                             const char *name,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);

void belfry_notification_service_change_all (GTask *task, BelfryStoreWrite *write);

/* belfry_notification_service_mark_read_async(), say: all that change some of a user's. */
typedef void (*BelfryNotificationServiceChange) (BelfryNotificationService *self,
                                                 const char *user_id,
                                                 const gint64 *ids,
                                                 gsize n_ids,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);

gint64 belfry_notification_service_change_finish (BelfryNotificationService *self,
                                                  GAsyncResult *result,
                                                  GError **error);

void belfry_notification_service_copy_async (BelfryNotificationService *self,
                                             const char *user_id,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
int belfry_notification_service_copy_finish (BelfryNotificationService *self,
                                             GAsyncResult *result,
                                             GError **error);
void belfry_notification_service_erase_async (BelfryNotificationService *self,
                                              const char *user_id,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
gint64 belfry_notification_service_erase_finish (BelfryNotificationService *self,
                                                 GAsyncResult *result,
                                                 GError **error);

G_END_DECLS
