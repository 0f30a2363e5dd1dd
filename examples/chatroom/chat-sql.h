/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only place that knows libgda: a connection, and a few statements that are prepared once. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CHAT_SQL_BEGIN,
  CHAT_SQL_COMMIT,
  CHAT_SQL_ROLLBACK,
  CHAT_SQL_INSERT,
  CHAT_SQL_FIND,   /* seq, text, at */
  CHAT_SQL_NEWEST, /* seq */
  CHAT_SQL_AFTER,  /* seq, text, at, author, key */
  CHAT_SQL_BEFORE, /* the same */
  CHAT_SQL_N
} ChatSqlStatement;

/* An argument: a text, or a number if that is NULL. */
typedef struct
{
  const char *name;
  const char *text;
  gint64 number;
} ChatSqlArgument;

typedef struct _ChatSql ChatSql;
typedef struct _ChatSqlRows ChatSqlRows;

ChatSql *chat_sql_open (const char *path, GError **error);
void chat_sql_close (ChatSql *self);

gboolean chat_sql_run (ChatSql *self,
                       ChatSqlStatement statement,
                       const ChatSqlArgument *arguments,
                       guint n_arguments,
                       GError **error);
ChatSqlRows *chat_sql_select (ChatSql *self,
                              ChatSqlStatement statement,
                              const ChatSqlArgument *arguments,
                              guint n_arguments,
                              GError **error);

guint chat_sql_rows_get_length (ChatSqlRows *self);
gint64 chat_sql_rows_get_number (ChatSqlRows *self, guint row, guint column);
const char *chat_sql_rows_get_text (ChatSqlRows *self, guint row, guint column);
void chat_sql_rows_free (ChatSqlRows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatSql, chat_sql_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatSqlRows, chat_sql_rows_free)

G_END_DECLS
