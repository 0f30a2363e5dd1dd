/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One link of the chain of responsibility: it answers the messages whose types begin with chat. */

#pragma once

#include <belfry-server.h>

#include "chat-store.h"

G_BEGIN_DECLS

#define CHAT_TYPE_HANDLER (chat_handler_get_type ())
G_DECLARE_FINAL_TYPE (ChatHandler, chat_handler, CHAT, HANDLER, GObject)

ChatHandler *chat_handler_new (BelfrySessionRegistry *sessions, ChatStore *store);

G_END_DECLS
