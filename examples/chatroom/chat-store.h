/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What was said, in an SQLite database. A thread of its own writes and reads it, so that nothing
 * here blocks. Everything that waits is one transaction, and is answered when that is on the disk.
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 seq; /* its number in the room */
  char *author;
  char *key;
  char *text;
  gint64 at; /* ms since 1970 */
} ChatMessage;

void chat_message_free (ChatMessage *self);

typedef struct
{
  GPtrArray *messages; /* of ChatMessage, the oldest first */
  gboolean more;       /* there are others, further away from where the page begins */
  gint64 newest;       /* the highest number of the room; 0 if nothing was said */
} ChatPage;

void chat_page_free (ChatPage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatMessage, chat_message_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatPage, chat_page_free)

typedef struct _ChatStore ChatStore;

ChatStore *chat_store_new (const char *path, GError **error);
void chat_store_free (ChatStore *self);

/* Gives the message a number. If the author has said something with this key before, it is that
 * message that is given, and @is_new is FALSE. Callbacks run in the order of the numbers. */
void chat_store_say_async (ChatStore *self,
                           const char *room,
                           const char *author,
                           const char *key,
                           const char *text,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
ChatMessage *chat_store_say_finish (GAsyncResult *result, gboolean *is_new, GError **error);

/* Reads up to @limit messages: those after the number @from, or, if @backwards, those before it. */
void chat_store_read_async (ChatStore *self,
                            const char *room,
                            gint64 from,
                            gboolean backwards,
                            guint limit,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
ChatPage *chat_store_read_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatStore, chat_store_free)

G_END_DECLS
