/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-macros.h"

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
void belfry_client_send_to_user_async (BelfryClient *self,
                                       const char *user_id,
                                       const char *type,
                                       const char *data,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
BELFRY_API
int belfry_client_send_to_user_finish (BelfryClient *self, GAsyncResult *result, GError **error);
BELFRY_API
int belfry_client_send_to_user_sync (BelfryClient *self,
                                     const char *user_id,
                                     const char *type,
                                     const char *data,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
