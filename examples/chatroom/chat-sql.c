/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-sql.h"

#include <libgda/libgda.h>
#include <sql-parser/gda-sql-parser.h>

#include "chat-resources.h"

#define SCHEMA "/org/example/chat/schema.sql"

/* libgda is older than autoptr. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaSqlParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaStatement, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaDataModel, g_object_unref)

struct _ChatSql
{
  GdaConnection *connection;
  GdaSqlParser *parser; /* it passes the text on as it is */
  GdaStatement *statements[CHAT_SQL_N];
  GdaSet *arguments[CHAT_SQL_N];
};

struct _ChatSqlRows
{
  GdaDataModel *model;
  guint length;
};

static const char *const texts[CHAT_SQL_N] = {
  [CHAT_SQL_BEGIN] = "BEGIN IMMEDIATE",
  [CHAT_SQL_COMMIT] = "COMMIT",
  [CHAT_SQL_ROLLBACK] = "ROLLBACK",
  [CHAT_SQL_INSERT] = "INSERT INTO chat_message (room, seq, author, key, text, at) VALUES ("
                      "##room::string , ##seq::int64 , ##author::string , ##key::string , "
                      "##text::string , ##at::int64 )",
  [CHAT_SQL_FIND] = "SELECT seq, text, at FROM chat_message "
                    "WHERE room = ##room::string AND author = ##author::string "
                    "AND key = ##key::string ",
  [CHAT_SQL_NEWEST] = "SELECT ifnull (max (seq), 0) FROM chat_message WHERE room = ##room::string ",
  [CHAT_SQL_AFTER] = "SELECT seq, text, at, author, key FROM chat_message "
                     "WHERE room = ##room::string AND seq > ##from::int64 "
                     "ORDER BY seq LIMIT ##limit::int64 ",
  [CHAT_SQL_BEFORE] = "SELECT seq, text, at, author, key FROM chat_message "
                      "WHERE room = ##room::string AND seq < ##from::int64 "
                      "ORDER BY seq DESC LIMIT ##limit::int64 ",
};

/* The types of the columns: without them, libgda cuts integers to 32 bits. */
static GType newest_types[] = { G_TYPE_INT64, G_TYPE_NONE };
static GType found_types[] = { G_TYPE_INT64, G_TYPE_STRING, G_TYPE_INT64, G_TYPE_NONE };
static GType message_types[] = { G_TYPE_INT64,  G_TYPE_STRING, G_TYPE_INT64,
                                 G_TYPE_STRING, G_TYPE_STRING, G_TYPE_NONE };
static GType *const types[CHAT_SQL_N] = {
  [CHAT_SQL_FIND] = found_types,
  [CHAT_SQL_NEWEST] = newest_types,
  [CHAT_SQL_AFTER] = message_types,
  [CHAT_SQL_BEFORE] = message_types,
};

/* What runs once. What it gives is not looked at. */
static gboolean
run_text (ChatSql *self, const char *text, GError **error)
{
  g_autoptr (GdaStatement) statement =
      gda_sql_parser_parse_string (self->parser, text, NULL, error);

  if (statement == NULL)
    return FALSE;
  if (g_str_has_prefix (text, "PRAGMA"))
    {
      g_autoptr (GdaDataModel) model =
          gda_connection_statement_execute_select (self->connection, statement, NULL, error);

      return model != NULL && gda_data_model_get_n_rows (model) >= 0;
    }
  return gda_connection_statement_execute_non_select (self->connection, statement, NULL, NULL,
                                                      error)
         != -1;
}

static gboolean
run_schema (ChatSql *self, GError **error)
{
  g_autoptr (GBytes) file = g_resource_lookup_data (chat_get_resource (), SCHEMA, 0, error);
  g_auto (GStrv) lines = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  if (file == NULL)
    return FALSE;
  lines = g_strsplit (g_bytes_get_data (file, NULL), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "--") || *lines[i] == '\0')
        continue;
      g_string_append_printf (text, "%s\n", lines[i]);
      if (!g_str_has_suffix (lines[i], ";"))
        continue;
      if (!run_text (self, text->str, error))
        return FALSE;
      g_string_truncate (text, 0);
    }
  return TRUE;
}

static gboolean
prepare (ChatSql *self, ChatSqlStatement i, GdaSqlParser *parser, GError **error)
{
  self->statements[i] = gda_sql_parser_parse_string (parser, texts[i], NULL, error);
  return self->statements[i] != NULL
         && gda_statement_get_parameters (self->statements[i], &self->arguments[i], error);
}

/* The connection belongs to the thread that opens it. */
ChatSql *
chat_sql_open (const char *path, GError **error)
{
  static const char *const pragmas[] = { "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                                         "PRAGMA busy_timeout = 2000" };
  g_autoptr (ChatSql) self = g_new0 (ChatSql, 1);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *quoted_directory = gda_rfc1738_encode (directory);
  g_autofree char *quoted_name = gda_rfc1738_encode (name);
  g_autofree char *where = g_strdup_printf ("DB_DIR=%s;DB_NAME=%s;APPEND_DB_EXTENSION=FALSE",
                                            quoted_directory, quoted_name);
  g_autoptr (GdaSqlParser) knowing = NULL;

  self->connection =
      gda_connection_open_from_string ("SQLite", where, NULL, GDA_CONNECTION_OPTIONS_NONE, error);
  if (self->connection == NULL)
    return NULL;
  self->parser = gda_connection_create_parser (self->connection);
  g_object_set (self->parser, "mode", GDA_SQL_PARSER_MODE_DELIMIT, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pragmas); i++)
    if (!run_text (self, pragmas[i], error))
      return NULL;
  if (!run_schema (self, error))
    return NULL;

  /* Where a transaction begins and ends has to be understood by libgda. */
  knowing = gda_connection_create_parser (self->connection);
  for (ChatSqlStatement i = 0; i < CHAT_SQL_N; i++)
    if (!prepare (self, i, i <= CHAT_SQL_ROLLBACK ? knowing : self->parser, error))
      return NULL;
  return g_steal_pointer (&self);
}

void
chat_sql_close (ChatSql *self)
{
  for (guint i = 0; i < CHAT_SQL_N; i++)
    {
      g_clear_object (&self->statements[i]);
      g_clear_object (&self->arguments[i]);
    }
  g_clear_object (&self->parser);
  if (self->connection != NULL)
    gda_connection_close_no_warning (self->connection);
  g_clear_object (&self->connection);
  g_free (self);
}

static void
bind (ChatSql *self,
      ChatSqlStatement statement,
      const ChatSqlArgument *arguments,
      guint n_arguments)
{
  for (guint i = 0; i < n_arguments; i++)
    {
      GdaHolder *holder = gda_set_get_holder (self->arguments[statement], arguments[i].name);
      GValue *value = gda_value_new (arguments[i].text != NULL ? G_TYPE_STRING : G_TYPE_INT64);

      if (arguments[i].text != NULL)
        g_value_set_string (value, arguments[i].text);
      else
        g_value_set_int64 (value, arguments[i].number);
      gda_holder_take_value (holder, value, NULL);
    }
}

gboolean
chat_sql_run (ChatSql *self,
              ChatSqlStatement statement,
              const ChatSqlArgument *arguments,
              guint n_arguments,
              GError **error)
{
  bind (self, statement, arguments, n_arguments);
  return gda_connection_statement_execute_non_select (self->connection, self->statements[statement],
                                                      self->arguments[statement], NULL, error)
         != -1;
}

/* Returns: the rows, which must be freed before the transaction ends */
ChatSqlRows *
chat_sql_select (ChatSql *self,
                 ChatSqlStatement statement,
                 const ChatSqlArgument *arguments,
                 guint n_arguments,
                 GError **error)
{
  g_autoptr (GdaDataModel) model = NULL;
  ChatSqlRows *rows;
  int length;

  bind (self, statement, arguments, n_arguments);
  model = gda_connection_statement_execute_select_full (
      self->connection, self->statements[statement], self->arguments[statement],
      GDA_STATEMENT_MODEL_RANDOM_ACCESS, types[statement], error);
  if (model == NULL)
    return NULL;
  /* The rows are fetched as they are counted. */
  length = gda_data_model_get_n_rows (model);
  if (length < 0)
    {
      g_set_error_literal (error, GDA_CONNECTION_ERROR, GDA_CONNECTION_STATEMENT_TYPE_ERROR,
                           "The rows could not be read");
      return NULL;
    }
  rows = g_new0 (ChatSqlRows, 1);
  rows->model = g_steal_pointer (&model);
  rows->length = (guint) length;
  return rows;
}

guint
chat_sql_rows_get_length (ChatSqlRows *self)
{
  return self->length;
}

gint64
chat_sql_rows_get_number (ChatSqlRows *self, guint row, guint column)
{
  const GValue *value = gda_data_model_get_value_at (self->model, (int) column, (int) row, NULL);

  return value != NULL && G_VALUE_HOLDS_INT64 (value) ? g_value_get_int64 (value) : 0;
}

const char *
chat_sql_rows_get_text (ChatSqlRows *self, guint row, guint column)
{
  const GValue *value = gda_data_model_get_value_at (self->model, (int) column, (int) row, NULL);

  return value != NULL && G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : "";
}

void
chat_sql_rows_free (ChatSqlRows *self)
{
  g_object_unref (self->model);
  g_free (self);
}
