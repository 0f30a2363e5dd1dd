/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_MESSAGE (belfry_message_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryMessage, belfry_message, BELFRY, MESSAGE, GObject)

BELFRY_API
const char *belfry_message_get_message_type (BelfryMessage *self);
BELFRY_API
const char *belfry_message_get_data (BelfryMessage *self);
BELFRY_API
const char *belfry_message_get_session_id (BelfryMessage *self);
BELFRY_API
const char *belfry_message_get_user_id (BelfryMessage *self);
BELFRY_API
gboolean belfry_message_get_wants_reply (BelfryMessage *self);

BELFRY_API
gboolean belfry_message_reply (BelfryMessage *self, const char *data, GError **error);
BELFRY_API
gboolean belfry_message_reply_error (BelfryMessage *self,
                                     const char *code,
                                     const char *text,
                                     GError **error);

G_END_DECLS
