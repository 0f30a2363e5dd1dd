/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-macros.h"
#include "belfry-notification.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_CLIENT (belfry_client_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryClient, belfry_client, BELFRY, CLIENT, GObject)

BELFRY_API
void belfry_client_new (const char *bus,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
BELFRY_API
BelfryClient *belfry_client_new_finish (GAsyncResult *result, GError **error);
BELFRY_API
BelfryClient *belfry_client_new_sync (const char *bus, GCancellable *cancellable, GError **error);

BELFRY_API
const char *belfry_client_get_bus (BelfryClient *self);
BELFRY_API
gboolean belfry_client_get_available (BelfryClient *self);
BELFRY_API
guint belfry_client_get_patience (BelfryClient *self);
BELFRY_API
void belfry_client_set_patience (BelfryClient *self, guint patience);
BELFRY_API
GDBusConnection *belfry_client_get_connection (BelfryClient *self);

BELFRY_API
void belfry_client_create_async (BelfryClient *self,
                                 const char *user_id,
                                 const char *data,
                                 GVariant *options,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
BELFRY_API
gint64 belfry_client_create_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_create_sync (BelfryClient *self,
                                  const char *user_id,
                                  const char *data,
                                  GVariant *options,
                                  GCancellable *cancellable,
                                  GError **error);

BELFRY_API
void belfry_client_create_many_async (BelfryClient *self,
                                      GVariant *notifications,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
BELFRY_API
gint64 *belfry_client_create_many_finish (BelfryClient *self,
                                          GAsyncResult *result,
                                          gsize *n_ids,
                                          GError **error);
BELFRY_API
gint64 *belfry_client_create_many_sync (BelfryClient *self,
                                        GVariant *notifications,
                                        gsize *n_ids,
                                        GCancellable *cancellable,
                                        GError **error);

BELFRY_API
void belfry_client_update_async (BelfryClient *self,
                                 const char *user_id,
                                 gint64 id,
                                 const char *data,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
BELFRY_API
gboolean belfry_client_update_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean belfry_client_update_sync (BelfryClient *self,
                                    const char *user_id,
                                    gint64 id,
                                    const char *data,
                                    GCancellable *cancellable,
                                    GError **error);

BELFRY_API
void belfry_client_get_async (BelfryClient *self,
                              const char *user_id,
                              gint64 id,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
BELFRY_API
BelfryNotification *
belfry_client_get_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
BelfryNotification *belfry_client_get_sync (BelfryClient *self,
                                            const char *user_id,
                                            gint64 id,
                                            GCancellable *cancellable,
                                            GError **error);

BELFRY_API
void belfry_client_list_async (BelfryClient *self,
                               const char *user_id,
                               GVariant *query,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
BELFRY_API
GPtrArray *
belfry_client_list_finish (BelfryClient *self, GAsyncResult *result, gint64 *total, GError **error);
BELFRY_API
GPtrArray *belfry_client_list_sync (BelfryClient *self,
                                    const char *user_id,
                                    GVariant *query,
                                    gint64 *total,
                                    GCancellable *cancellable,
                                    GError **error);

BELFRY_API
void belfry_client_count_unread_async (BelfryClient *self,
                                       const char *user_id,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
BELFRY_API
gint64 belfry_client_count_unread_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_count_unread_sync (BelfryClient *self,
                                        const char *user_id,
                                        GCancellable *cancellable,
                                        GError **error);

BELFRY_API
void belfry_client_mark_read_async (BelfryClient *self,
                                    const char *user_id,
                                    const gint64 *ids,
                                    gsize n_ids,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
BELFRY_API
gint64 belfry_client_mark_read_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_mark_read_sync (BelfryClient *self,
                                     const char *user_id,
                                     const gint64 *ids,
                                     gsize n_ids,
                                     GCancellable *cancellable,
                                     GError **error);

BELFRY_API
void belfry_client_mark_unread_async (BelfryClient *self,
                                      const char *user_id,
                                      const gint64 *ids,
                                      gsize n_ids,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
BELFRY_API
gint64 belfry_client_mark_unread_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_mark_unread_sync (BelfryClient *self,
                                       const char *user_id,
                                       const gint64 *ids,
                                       gsize n_ids,
                                       GCancellable *cancellable,
                                       GError **error);

BELFRY_API
void belfry_client_mark_all_read_async (BelfryClient *self,
                                        const char *user_id,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
BELFRY_API
gint64
belfry_client_mark_all_read_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_mark_all_read_sync (BelfryClient *self,
                                         const char *user_id,
                                         GCancellable *cancellable,
                                         GError **error);

BELFRY_API
void belfry_client_remove_async (BelfryClient *self,
                                 const char *user_id,
                                 const gint64 *ids,
                                 gsize n_ids,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
BELFRY_API
gint64 belfry_client_remove_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_remove_sync (BelfryClient *self,
                                  const char *user_id,
                                  const gint64 *ids,
                                  gsize n_ids,
                                  GCancellable *cancellable,
                                  GError **error);

BELFRY_API
void belfry_client_remove_all_async (BelfryClient *self,
                                     const char *user_id,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
BELFRY_API
gint64 belfry_client_remove_all_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_remove_all_sync (BelfryClient *self,
                                      const char *user_id,
                                      GCancellable *cancellable,
                                      GError **error);

BELFRY_API
void belfry_client_send_to_user_async (BelfryClient *self,
                                       const char *user_id,
                                       const char *type,
                                       const char *data,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
BELFRY_API
gint64 belfry_client_send_to_user_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_send_to_user_sync (BelfryClient *self,
                                        const char *user_id,
                                        const char *type,
                                        const char *data,
                                        GCancellable *cancellable,
                                        GError **error);

BELFRY_API
void belfry_client_send_to_users_async (BelfryClient *self,
                                        const char *const *user_ids,
                                        const char *type,
                                        const char *data,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
BELFRY_API
gint64
belfry_client_send_to_users_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_send_to_users_sync (BelfryClient *self,
                                         const char *const *user_ids,
                                         const char *type,
                                         const char *data,
                                         GCancellable *cancellable,
                                         GError **error);

BELFRY_API
void belfry_client_broadcast_async (BelfryClient *self,
                                    const char *type,
                                    const char *data,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
BELFRY_API
gint64 belfry_client_broadcast_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_broadcast_sync (BelfryClient *self,
                                     const char *type,
                                     const char *data,
                                     GCancellable *cancellable,
                                     GError **error);

BELFRY_API
void belfry_client_list_sessions_async (BelfryClient *self,
                                        GVariant *query,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
BELFRY_API
GVariant *belfry_client_list_sessions_finish (BelfryClient *self,
                                              GAsyncResult *result,
                                              gint64 *total,
                                              GError **error);
BELFRY_API
GVariant *belfry_client_list_sessions_sync (BelfryClient *self,
                                            GVariant *query,
                                            gint64 *total,
                                            GCancellable *cancellable,
                                            GError **error);

BELFRY_API
void belfry_client_disconnect_session_async (BelfryClient *self,
                                             const char *session_id,
                                             const char *reason,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
BELFRY_API
gboolean
belfry_client_disconnect_session_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean belfry_client_disconnect_session_sync (BelfryClient *self,
                                                const char *session_id,
                                                const char *reason,
                                                GCancellable *cancellable,
                                                GError **error);

BELFRY_API
void belfry_client_disconnect_user_async (BelfryClient *self,
                                          const char *user_id,
                                          const char *reason,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
BELFRY_API
gint64
belfry_client_disconnect_user_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gint64 belfry_client_disconnect_user_sync (BelfryClient *self,
                                           const char *user_id,
                                           const char *reason,
                                           GCancellable *cancellable,
                                           GError **error);

BELFRY_API
void belfry_client_subscribe_async (BelfryClient *self,
                                    const char *user_prefix,
                                    const char *const *signals,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
BELFRY_API
gboolean belfry_client_subscribe_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean belfry_client_subscribe_sync (BelfryClient *self,
                                       const char *user_prefix,
                                       const char *const *signals,
                                       GCancellable *cancellable,
                                       GError **error);

BELFRY_API
void belfry_client_unsubscribe_async (BelfryClient *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
BELFRY_API
gboolean
belfry_client_unsubscribe_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean
belfry_client_unsubscribe_sync (BelfryClient *self, GCancellable *cancellable, GError **error);

BELFRY_API
void belfry_client_handle_messages_async (BelfryClient *self,
                                          const char *const *types,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
BELFRY_API
gboolean
belfry_client_handle_messages_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean belfry_client_handle_messages_sync (BelfryClient *self,
                                             const char *const *types,
                                             GCancellable *cancellable,
                                             GError **error);

BELFRY_API
void belfry_client_stop_handling_async (BelfryClient *self,
                                        const char *const *types,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
BELFRY_API
gboolean
belfry_client_stop_handling_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
gboolean belfry_client_stop_handling_sync (BelfryClient *self,
                                           const char *const *types,
                                           GCancellable *cancellable,
                                           GError **error);

G_END_DECLS
