/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON that clients get. */

#pragma once

#include "chat-store.h"

G_BEGIN_DECLS

char *chat_frame_presence (const char *room, const char *user_id, gboolean here);
char *chat_frame_typing (const char *room, const char *user_id);
char *chat_frame_said (const char *room, ChatMessage *message);
char *chat_frame_receipt (ChatMessage *message);
char *chat_frame_page (const char *room, ChatPage *page, const char *const *members);

G_END_DECLS
