/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_INBOX (belfry_inbox_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryInbox, belfry_inbox, BELFRY, INBOX, GObject)

BELFRY_API
const char *belfry_inbox_get_user_id (BelfryInbox *self);
BELFRY_API
guint belfry_inbox_get_n_sessions (BelfryInbox *self);

G_END_DECLS
