/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-message-handler.h"
#include "belfry-notification-service.h"

G_BEGIN_DECLS

/* The link of the chain with the built-in requests: list, mark_read, mark_unread, remove,
 * mark_all_read, unread_count. */
#define BELFRY_TYPE_INBOX_HANDLER (belfry_inbox_handler_get_type ())
G_DECLARE_FINAL_TYPE (BelfryInboxHandler, belfry_inbox_handler, BELFRY, INBOX_HANDLER, GObject)

BelfryMessageHandler *
belfry_inbox_handler_new (BelfryNotificationService *service, gboolean numeric_user_ids);
BelfryHandlerResult belfry_inbox_handler_answer (BelfryInboxHandler *self, BelfryMessage *message);

G_END_DECLS
