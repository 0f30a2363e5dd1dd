/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-client.h"
#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_INBOX_MODEL (belfry_inbox_model_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryInboxModel, belfry_inbox_model, BELFRY, INBOX_MODEL, GObject)

BELFRY_API
BelfryInboxModel *belfry_inbox_model_new (BelfryClient *client, const char *user_id);

BELFRY_API
BelfryClient *belfry_inbox_model_get_client (BelfryInboxModel *self);
BELFRY_API
const char *belfry_inbox_model_get_user_id (BelfryInboxModel *self);
BELFRY_API
gint64 belfry_inbox_model_get_unread_count (BelfryInboxModel *self);
BELFRY_API
gint64 belfry_inbox_model_get_total (BelfryInboxModel *self);
BELFRY_API
gboolean belfry_inbox_model_get_loading (BelfryInboxModel *self);
BELFRY_API
gboolean belfry_inbox_model_get_has_more (BelfryInboxModel *self);
BELFRY_API
const GError *belfry_inbox_model_get_error (BelfryInboxModel *self);

BELFRY_API
void belfry_inbox_model_load_more_async (BelfryInboxModel *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
BELFRY_API
gboolean
belfry_inbox_model_load_more_finish (BelfryInboxModel *self, GAsyncResult *result, GError **error);

G_END_DECLS
