/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-change.h"
#include "belfry-draft.h"
#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_NOTIFICATION_SERVICE (belfry_notification_service_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryNotificationService,
                      belfry_notification_service,
                      BELFRY,
                      NOTIFICATION_SERVICE,
                      GObject)

BELFRY_API
void belfry_notification_service_create_async (BelfryNotificationService *self,
                                               BelfryDraft *draft,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_create_finish (BelfryNotificationService *self,
                                                  GAsyncResult *result,
                                                  GError **error);

BELFRY_API
void belfry_notification_service_create_many_async (BelfryNotificationService *self,
                                                    GPtrArray *drafts,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
BELFRY_API
GArray *belfry_notification_service_create_many_finish (BelfryNotificationService *self,
                                                        GAsyncResult *result,
                                                        GError **error);

BELFRY_API
void belfry_notification_service_update_async (BelfryNotificationService *self,
                                               const char *user_id,
                                               gint64 id,
                                               const char *data,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
BELFRY_API
gboolean belfry_notification_service_update_finish (BelfryNotificationService *self,
                                                    GAsyncResult *result,
                                                    GError **error);

BELFRY_API
void belfry_notification_service_get_async (BelfryNotificationService *self,
                                            const char *user_id,
                                            gint64 id,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
BELFRY_API
BelfryNotification *belfry_notification_service_get_finish (BelfryNotificationService *self,
                                                            GAsyncResult *result,
                                                            GError **error);

BELFRY_API
void belfry_notification_service_list_async (BelfryNotificationService *self,
                                             const char *user_id,
                                             gint64 before,
                                             guint limit,
                                             gsize max_bytes,
                                             gboolean only_unread,
                                             const char *tag,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
BELFRY_API
GPtrArray *belfry_notification_service_list_finish (BelfryNotificationService *self,
                                                    GAsyncResult *result,
                                                    gint64 *total,
                                                    gboolean *more,
                                                    gint64 *unread,
                                                    gint64 *unread_at,
                                                    GError **error);

BELFRY_API
void belfry_notification_service_count_unread_async (BelfryNotificationService *self,
                                                     const char *user_id,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_count_unread_finish (BelfryNotificationService *self,
                                                        GAsyncResult *result,
                                                        gint64 *unread_at,
                                                        GError **error);

BELFRY_API
void belfry_notification_service_mark_read_async (BelfryNotificationService *self,
                                                  const char *user_id,
                                                  const gint64 *ids,
                                                  gsize n_ids,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_mark_read_finish (BelfryNotificationService *self,
                                                     GAsyncResult *result,
                                                     GError **error);

BELFRY_API
void belfry_notification_service_mark_unread_async (BelfryNotificationService *self,
                                                    const char *user_id,
                                                    const gint64 *ids,
                                                    gsize n_ids,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_mark_unread_finish (BelfryNotificationService *self,
                                                       GAsyncResult *result,
                                                       GError **error);

BELFRY_API
void belfry_notification_service_mark_all_read_async (BelfryNotificationService *self,
                                                      const char *user_id,
                                                      gint64 up_to,
                                                      GCancellable *cancellable,
                                                      GAsyncReadyCallback callback,
                                                      gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_mark_all_read_finish (BelfryNotificationService *self,
                                                         GAsyncResult *result,
                                                         GError **error);

BELFRY_API
void belfry_notification_service_remove_async (BelfryNotificationService *self,
                                               const char *user_id,
                                               const gint64 *ids,
                                               gsize n_ids,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_remove_finish (BelfryNotificationService *self,
                                                  GAsyncResult *result,
                                                  GError **error);

BELFRY_API
void belfry_notification_service_remove_all_async (BelfryNotificationService *self,
                                                   const char *user_id,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
BELFRY_API
gint64 belfry_notification_service_remove_all_finish (BelfryNotificationService *self,
                                                      GAsyncResult *result,
                                                      GError **error);

G_END_DECLS
