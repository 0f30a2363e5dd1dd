/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-sql.h"

#include <libgda/libgda.h>
#include <sql-parser/gda-sql-parser.h>
#include <string.h>

#include "belfry-error.h"
#include "belfry-store-resources.h"

/* libgda is older than autoptr. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaSqlParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaDataModel, g_object_unref)

#define QUERIES    "/org/belfry/store/queries.sql"
#define QUERY_MARK "\n-- @"

/* Bytes of an argument that is not kept bound. */
#define LARGE_TEXT 4096

/* A statement is prepared once and kept: then libgda allocates nothing that stays. */
typedef struct
{
  GdaStatement *statement;
  GdaSet *arguments; /* NULL if it takes none */
  GType *types;      /* of the columns, ended by G_TYPE_NONE */
} Query;

struct _BelfrySql
{
  GdaConnection *connection;
  GdaSqlParser *parser; /* it passes the text on as it is */
  GHashTable *queries;  /* name → Query */
  Query *begin;
  Query *begin_write;
  Query *commit;
  Query *rollback;
  gboolean begin_later; /* before the next statement */
};

struct _BelfrySqlRows
{
  GdaDataModel *model;
  guint length;
};

/* libgda tells the kinds of errors by their texts only, which are SQLite's and are never
 * translated. */
static gboolean
take_error (GError *foreign, const char *what, GError **error)
{
  g_autoptr (GError) owned = foreign;
  const char *message = owned != NULL ? owned->message : "unknown error";
  gboolean busy = strstr (message, "locked") != NULL;

  g_set_error (error, BELFRY_ERROR, busy ? BELFRY_ERROR_BUSY : BELFRY_ERROR_STORAGE, "%s: %s%s",
               what, message, busy ? "; try again later" : "");
  return FALSE;
}

static void
query_free (gpointer data)
{
  Query *query = data;

  g_clear_object (&query->statement);
  g_clear_object (&query->arguments);
  g_free (query->types);
  g_free (query);
}

static Query *
query_new (GdaSqlParser *parser,
           const char *name,
           const char *types,
           const char *sql,
           GError **error)
{
  Query *query = g_new0 (Query, 1);
  gsize n = strlen (types);
  GError *foreign = NULL;

  query->statement = gda_sql_parser_parse_string (parser, sql, NULL, &foreign);
  if (query->statement == NULL
      || !gda_statement_get_parameters (query->statement, &query->arguments, &foreign))
    {
      take_error (foreign, name, error);
      query_free (query);
      return NULL;
    }
  query->types = g_new (GType, n + 1);
  for (gsize i = 0; i < n; i++)
    query->types[i] = types[i] == 'i' ? G_TYPE_INT64 : G_TYPE_STRING;
  query->types[n] = G_TYPE_NONE;
  return query;
}

/* Reads one part of queries.sql: "name types\n", then comments and the statement. */
static gboolean
load_query (BelfrySql *self, const char *part, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (part, "\n", -1);
  g_auto (GStrv) words = g_strsplit (lines[0], " ", 2);
  g_autoptr (GString) sql = g_string_new (NULL);
  Query *query;

  for (guint i = 1; lines[i] != NULL; i++)
    if (!g_str_has_prefix (lines[i], "--"))
      g_string_append_printf (sql, "%s\n", lines[i]);
  query = query_new (self->parser, words[0], words[1] != NULL ? words[1] : "",
                     g_strstrip (sql->str), error);
  if (query == NULL)
    return FALSE;
  g_hash_table_insert (self->queries, g_strdup (words[0]), query);
  return TRUE;
}

/* Parses the statements of queries.sql. SQLite prepares each at its first use, so the schema need
 * not be there yet. */
static gboolean
load_queries (BelfrySql *self, GError **error)
{
  g_autoptr (GBytes) file =
      g_resource_lookup_data (belfry_store_get_resource (), QUERIES, 0, error);
  g_auto (GStrv) parts = NULL;

  if (file == NULL)
    return FALSE;
  parts = g_strsplit (g_bytes_get_data (file, NULL), QUERY_MARK, -1);
  for (guint i = 1; parts[i] != NULL; i++)
    if (!load_query (self, parts[i], error))
      return FALSE;
  return TRUE;
}

/* BEGIN, COMMIT and ROLLBACK have to be understood by libgda, which follows the transaction. */
static gboolean
load_transaction_queries (BelfrySql *self, GError **error)
{
  g_autoptr (GdaSqlParser) parser = gda_connection_create_parser (self->connection);

  return (self->begin = query_new (parser, "begin", "", "BEGIN", error)) != NULL
         && (self->begin_write = query_new (parser, "begin", "", "BEGIN IMMEDIATE", error)) != NULL
         && (self->commit = query_new (parser, "commit", "", "COMMIT", error)) != NULL
         && (self->rollback = query_new (parser, "rollback", "", "ROLLBACK", error)) != NULL;
}

/* Opens an SQLite database. The connection belongs to the thread that opens it. */
BelfrySql *
belfry_sql_open (const char *path, GError **error)
{
  g_autoptr (BelfrySql) self = g_new0 (BelfrySql, 1);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *quoted_directory = gda_rfc1738_encode (directory);
  g_autofree char *quoted_name = gda_rfc1738_encode (name);
  g_autofree char *where = NULL;
  GError *foreign = NULL;

  self->queries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, query_free);
  where = g_strdup_printf ("DB_DIR=%s;DB_NAME=%s;APPEND_DB_EXTENSION=FALSE", quoted_directory,
                           quoted_name);
  self->connection = gda_connection_open_from_string ("SQLite", where, NULL,
                                                      GDA_CONNECTION_OPTIONS_NONE, &foreign);
  if (self->connection == NULL)
    {
      take_error (foreign, path, error);
      return NULL;
    }
  self->parser = gda_connection_create_parser (self->connection);
  g_object_set (self->parser, "mode", GDA_SQL_PARSER_MODE_DELIMIT, NULL);
  if (!load_queries (self, error) || !load_transaction_queries (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
belfry_sql_close (BelfrySql *self)
{
  g_hash_table_unref (self->queries);
  g_clear_pointer (&self->begin, query_free);
  g_clear_pointer (&self->begin_write, query_free);
  g_clear_pointer (&self->commit, query_free);
  g_clear_pointer (&self->rollback, query_free);
  g_clear_object (&self->parser);
  if (self->connection != NULL)
    gda_connection_close_no_warning (self->connection);
  g_clear_object (&self->connection);
  g_free (self);
}

static void
bind_argument (GdaSet *set, const BelfrySqlArgument *argument)
{
  GdaHolder *holder = gda_set_get_holder (set, argument->name);
  GValue *value;

  g_assert (holder != NULL);
  value = gda_value_new (argument->text != NULL ? G_TYPE_STRING : G_TYPE_INT64);
  if (argument->text != NULL)
    g_value_set_string (value, argument->text);
  else
    g_value_set_int64 (value, argument->number);
  gda_holder_take_value (holder, value, NULL);
}

static Query *
find_query (BelfrySql *self,
            const char *name,
            const BelfrySqlArgument *arguments,
            guint n_arguments)
{
  Query *query = g_hash_table_lookup (self->queries, name);

  g_assert (query != NULL);
  for (guint i = 0; i < n_arguments; i++)
    bind_argument (query->arguments, &arguments[i]);
  return query;
}

/* What was bound is let go if it is large, as a batch can be. Binding is not for nothing, so a
 * short text stays until the next one takes its place. */
static void
unbind (Query *query, const BelfrySqlArgument *arguments, guint n_arguments)
{
  static const BelfrySqlArgument nothing = BELFRY_SQL_INT (NULL, 0);

  for (guint i = 0; i < n_arguments; i++)
    {
      BelfrySqlArgument empty = nothing;

      if (arguments[i].text == NULL || strlen (arguments[i].text) < LARGE_TEXT)
        continue;
      empty.name = arguments[i].name;
      empty.text = "";
      bind_argument (query->arguments, &empty);
    }
}

static gboolean
execute (BelfrySql *self, Query *query, const char *what, int *n_changed, GError **error)
{
  GError *foreign = NULL;
  int n = gda_connection_statement_execute_non_select (self->connection, query->statement,
                                                       query->arguments, NULL, &foreign);

  if (n == -1)
    return take_error (foreign, what, error);
  if (n_changed != NULL)
    *n_changed = n;
  return TRUE;
}

gboolean
belfry_sql_begin (BelfrySql *self, GError **error)
{
  return execute (self, self->begin, "begin", NULL, error);
}

/* Takes the write lock at once: a transaction that begins as a reader can fail as late as at its
 * commit. */
gboolean
belfry_sql_begin_write (BelfrySql *self, GError **error)
{
  return execute (self, self->begin_write, "begin", NULL, error);
}

/* The same, but only when the first statement is run. What turns out to be one statement needs no
 * begin and commit around it: commit at once, which then does nothing, and run it. */
void
belfry_sql_begin_write_later (BelfrySql *self)
{
  self->begin_later = TRUE;
}

/* Whether a statement was run since belfry_sql_begin_write_later(). */
gboolean
belfry_sql_has_begun (BelfrySql *self)
{
  return !self->begin_later;
}

/* Returns: whether there was nothing begun to end */
static gboolean
forget_begin (BelfrySql *self)
{
  gboolean later = self->begin_later;

  self->begin_later = FALSE;
  return later;
}

static gboolean
begin_now (BelfrySql *self, GError **error)
{
  if (!self->begin_later)
    return TRUE;
  /* If it fails, what follows must not run without a transaction. */
  if (!belfry_sql_begin_write (self, error))
    return FALSE;
  self->begin_later = FALSE;
  return TRUE;
}

gboolean
belfry_sql_commit (BelfrySql *self, GError **error)
{
  return forget_begin (self) || execute (self, self->commit, "commit", NULL, error);
}

void
belfry_sql_rollback (BelfrySql *self)
{
  g_autoptr (GError) error = NULL;

  if (forget_begin (self))
    return;
  /* SQLite has rolled back by itself after some errors, a full disk among them. */
  if (!execute (self, self->rollback, "rollback", NULL, &error))
    g_debug ("%s", error->message);
}

/* Runs a statement that gives no rows. */
gboolean
belfry_sql_run (BelfrySql *self,
                const char *query_name,
                const BelfrySqlArgument *arguments,
                guint n_arguments,
                int *n_changed,
                GError **error)
{
  Query *query = find_query (self, query_name, arguments, n_arguments);
  gboolean success = begin_now (self, error) && execute (self, query, query_name, n_changed, error);

  unbind (query, arguments, n_arguments);
  return success;
}

static BelfrySqlRows *
take_rows (GdaDataModel *model, const char *what, GError **error)
{
  g_autoptr (GdaDataModel) owned = model;
  GError **exceptions;
  BelfrySqlRows *rows;
  int length = gda_data_model_get_n_rows (model);

  /* The rows are fetched as they are counted, so it is here that a lock or a bad disk shows. */
  exceptions = gda_data_model_get_exceptions (model);
  if (length < 0 || (exceptions != NULL && exceptions[0] != NULL))
    {
      take_error (exceptions != NULL && exceptions[0] != NULL ? g_error_copy (exceptions[0]) : NULL,
                  what, error);
      return NULL;
    }
  rows = g_new0 (BelfrySqlRows, 1);
  rows->model = g_steal_pointer (&owned);
  rows->length = (guint) length;
  return rows;
}

/* Returns: (transfer full): the rows of a statement that gives some */
BelfrySqlRows *
belfry_sql_select (BelfrySql *self,
                   const char *query_name,
                   const BelfrySqlArgument *arguments,
                   guint n_arguments,
                   GError **error)
{
  Query *query;
  GError *foreign = NULL;
  GdaDataModel *model;

  if (!begin_now (self, error))
    return NULL;
  query = find_query (self, query_name, arguments, n_arguments);
  model = gda_connection_statement_execute_select_full (
      self->connection, query->statement, query->arguments, GDA_STATEMENT_MODEL_RANDOM_ACCESS,
      query->types, &foreign);
  unbind (query, arguments, n_arguments);
  if (model == NULL)
    {
      take_error (foreign, query_name, error);
      return NULL;
    }
  return take_rows (model, query_name, error);
}

static BelfrySqlRows *
select_one (BelfrySql *self, const char *query_name, GError **error)
{
  g_autoptr (BelfrySqlRows) rows = belfry_sql_select (self, query_name, NULL, 0, error);

  if (rows != NULL && rows->length == 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE, "%s: no row", query_name);
      return NULL;
    }
  return g_steal_pointer (&rows);
}

/* Runs a statement without arguments that gives one integer. */
gboolean
belfry_sql_select_int (BelfrySql *self, const char *query_name, gint64 *number, GError **error)
{
  g_autoptr (BelfrySqlRows) rows = select_one (self, query_name, error);

  if (rows == NULL)
    return FALSE;
  *number = belfry_sql_rows_get_int (rows, 0, 0);
  return TRUE;
}

char *
belfry_sql_select_text (BelfrySql *self, const char *query_name, GError **error)
{
  g_autoptr (BelfrySqlRows) rows = select_one (self, query_name, error);

  return rows != NULL ? g_strdup (belfry_sql_rows_get_text (rows, 0, 0)) : NULL;
}

/* Runs statements that take no arguments: a migration, or PRAGMAs. Each ends with a semicolon at
 * the end of a line; what they give is not looked at. */
gboolean
belfry_sql_run_script (BelfrySql *self, const char *script, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (script, "\n", -1);
  g_autoptr (GString) sql = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *types = "s";
      Query *query;
      gboolean success;

      if (g_str_has_prefix (lines[i], "--") || *lines[i] == '\0')
        continue;
      g_string_append_printf (sql, "%s\n", lines[i]);
      if (!g_str_has_suffix (lines[i], ";"))
        continue;

      query = query_new (self->parser, "script", types, sql->str, error);
      if (query == NULL)
        return FALSE;
      if (g_str_has_prefix (sql->str, "PRAGMA"))
        {
          GError *foreign = NULL;
          GdaDataModel *model = gda_connection_statement_execute_select (
              self->connection, query->statement, NULL, &foreign);
          g_autoptr (BelfrySqlRows) rows =
              model != NULL ? take_rows (model, "script", error) : NULL;

          if (model == NULL)
            take_error (foreign, "script", error);
          success = rows != NULL;
        }
      else
        success = execute (self, query, "script", NULL, error);
      query_free (query);
      if (!success)
        return FALSE;
      g_string_truncate (sql, 0);
    }
  return TRUE;
}

guint
belfry_sql_rows_get_length (BelfrySqlRows *self)
{
  return self->length;
}

gint64
belfry_sql_rows_get_int (BelfrySqlRows *self, guint row, guint column)
{
  const GValue *value = gda_data_model_get_value_at (self->model, (int) column, (int) row, NULL);

  return value != NULL && G_VALUE_HOLDS_INT64 (value) ? g_value_get_int64 (value) : 0;
}

/* Returns: (transfer none): the text, which goes with the rows; "" for NULL */
const char *
belfry_sql_rows_get_text (BelfrySqlRows *self, guint row, guint column)
{
  const GValue *value = gda_data_model_get_value_at (self->model, (int) column, (int) row, NULL);

  return value != NULL && G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : "";
}

void
belfry_sql_rows_free (BelfrySqlRows *self)
{
  g_object_unref (self->model);
  g_free (self);
}
