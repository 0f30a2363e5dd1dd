/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_SESSION (belfry_session_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfrySession, belfry_session, BELFRY, SESSION, GObject)

BELFRY_API
const char *belfry_session_get_id (BelfrySession *self);
BELFRY_API
const char *belfry_session_get_user_id (BelfrySession *self);
BELFRY_API
gint64 belfry_session_get_connected_at (BelfrySession *self);
BELFRY_API
const char *belfry_session_get_peer (BelfrySession *self);
BELFRY_API
gboolean belfry_session_get_live (BelfrySession *self);

BELFRY_API
gboolean
belfry_session_send (BelfrySession *self, const char *type, const char *data, GError **error);
BELFRY_API
void belfry_session_disconnect (BelfrySession *self, const char *reason);

G_END_DECLS
