/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-change-private.h"
#include "belfry-connection-limit.h"
#include "belfry-inbox.h"

G_BEGIN_DECLS

BelfryInbox *
belfry_inbox_new (const char *user_id, gboolean numeric_user_id, guint max_connections);

const char *belfry_inbox_get_user_json (BelfryInbox *self);
BelfryConnectionLimit *belfry_inbox_get_limit (BelfryInbox *self);
GQueue *belfry_inbox_get_sessions (BelfryInbox *self);

void belfry_inbox_deliver (BelfryInbox *self, BelfryChange *change);
GBytes *belfry_inbox_encode (BelfryInbox *self, BelfryChange *change);

G_END_DECLS
