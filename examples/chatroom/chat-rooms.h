/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is in which room, and telling them. It is not stored: a client joins again when it comes
 * back, and while it stays renews its place, so that whoever has gone unnoticed is forgotten. */

#pragma once

#include <belfry-server.h>

G_BEGIN_DECLS

typedef struct _ChatRooms ChatRooms;

ChatRooms *chat_rooms_new (BelfrySessionRegistry *sessions);
void chat_rooms_free (ChatRooms *self);

gboolean chat_rooms_join (ChatRooms *self,
                          const char *room,
                          const char *session_id,
                          const char *user_id,
                          GError **error);
void chat_rooms_leave (ChatRooms *self, const char *room, const char *session_id);
void chat_rooms_end_session (ChatRooms *self, const char *session_id);
void chat_rooms_sweep (ChatRooms *self);

char **chat_rooms_list_members (ChatRooms *self, const char *room);
void chat_rooms_tell (ChatRooms *self, const char *room, const char *type, const char *data);
void chat_rooms_tell_typing (ChatRooms *self, const char *room, const char *user_id);
void chat_rooms_stop_typing (ChatRooms *self, const char *room, const char *user_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatRooms, chat_rooms_free)

G_END_DECLS
