/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-inbox.h"
#include "belfry-session.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_SESSION_REGISTRY (belfry_session_registry_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfrySessionRegistry,
                      belfry_session_registry,
                      BELFRY,
                      SESSION_REGISTRY,
                      GObject)

BELFRY_API
guint belfry_session_registry_get_n_users (BelfrySessionRegistry *self);
BELFRY_API
guint belfry_session_registry_get_n_sessions (BelfrySessionRegistry *self);
BELFRY_API
guint64 belfry_session_registry_get_n_dropped (BelfrySessionRegistry *self);

BELFRY_API
BelfryInbox *
belfry_session_registry_lookup_inbox (BelfrySessionRegistry *self, const char *user_id);
BELFRY_API
BelfrySession *
belfry_session_registry_lookup_session (BelfrySessionRegistry *self, const char *session_id);
BELFRY_API
GPtrArray *belfry_session_registry_list_sessions (BelfrySessionRegistry *self, const char *user_id);

BELFRY_API
int belfry_session_registry_send_to_users (BelfrySessionRegistry *self,
                                           const char *const *user_ids,
                                           const char *type,
                                           const char *data,
                                           GError **error);
BELFRY_API
int belfry_session_registry_broadcast (BelfrySessionRegistry *self,
                                       const char *type,
                                       const char *data,
                                       GError **error);
BELFRY_API
guint belfry_session_registry_disconnect_user (BelfrySessionRegistry *self,
                                               const char *user_id,
                                               const char *reason);

G_END_DECLS
