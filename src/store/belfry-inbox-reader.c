/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-reader.h"

#include "belfry-batch-json.h"
#include "belfry-row.h"

/* Rows that one statement reads, which all come into memory. How large they are shows only then,
 * and one can have 128 KiB: so the first statement reads few, and the next as many as there is room
 * for, by what the first ones had. */
#define FIRST_CHUNK 8
#define CHUNK_MAX   100

/* Column of page_changed. */
#define REMOVED 8

/* Reads the states of many users with one statement: @reads are BELFRY_READ_STATE. */
gboolean
belfry_inbox_reader_read_states (BelfrySql *sql, GPtrArray *reads, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (GHashTable) states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (BelfrySqlRows) rows = NULL;
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("ids", NULL) };

  for (guint i = 0; i < reads->len; i++)
    belfry_batch_json_add_text (json, ((BelfryStoreRead *) g_ptr_array_index (reads, i))->user_id);
  arguments[0].text = belfry_batch_json_end (json);
  rows = belfry_sql_select (sql, "inboxes", arguments, G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      BelfryUser user = belfry_row_read_user (rows, i);
      BelfryInboxState state = { user.position, user.horizon, user.unread, user.total };

      g_hash_table_insert (states, g_strdup (user.id), g_memdup2 (&state, sizeof state));
    }
  for (guint i = 0; i < reads->len; i++)
    {
      BelfryStoreRead *read = g_ptr_array_index (reads, i);
      const BelfryInboxState *state = g_hash_table_lookup (states, read->user_id);

      if (state != NULL)
        read->state = *state;
    }
  return TRUE;
}

static gboolean
read_state (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  g_autoptr (GPtrArray) reads = g_ptr_array_new ();

  g_ptr_array_add (reads, read);
  return belfry_inbox_reader_read_states (sql, reads, error);
}

static gboolean
read_get (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_TEXT ("user", read->user_id),
    BELFRY_SQL_INT ("id", read->id),
  };
  g_autoptr (BelfrySqlRows) rows =
      belfry_sql_select (sql, "row", arguments, G_N_ELEMENTS (arguments), error);

  if (rows == NULL)
    return FALSE;
  if (belfry_sql_rows_get_length (rows) > 0)
    {
      BelfryStoreRow row = belfry_row_read (rows, 0, read->user_id);

      g_array_append_val (read->rows, row);
    }
  return TRUE;
}

/* Appends rows to @to as far as @read's limits allow; @bytes counts along.
 *
 * Returns: whether a limit was reached before the rows ended */
static gboolean
append_rows (BelfryStoreRead *read, GArray *to, BelfrySqlRows *rows, gsize *bytes)
{
  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      gsize size = belfry_row_get_size (rows, i);
      BelfryStoreRow row;

      if (*bytes > 0 && *bytes + size > read->max_bytes)
        return TRUE;
      *bytes += size;
      row = belfry_row_read (rows, i, read->user_id);
      if (to == read->changed && belfry_sql_rows_get_int (rows, i, REMOVED) != 0)
        {
          row.removed = TRUE;
          g_clear_object (&row.notification);
        }
      g_array_append_val (to, row);
    }
  return FALSE;
}

static guint
next_chunk (BelfryStoreRead *read, GArray *rows, gsize bytes)
{
  gsize average = bytes / rows->len;

  return (guint) CLAMP ((read->max_bytes - MIN (bytes, read->max_bytes)) / average, 1, CHUNK_MAX);
}

/* Reads rows as far as @read's limits allow.
 *
 * @cursor: the argument from which the statement goes on, the last row's position for changes and
 *   its id for others
 * @limit: the argument that says how many rows it gives
 * @more: whether there are more */
static gboolean
read_rows (BelfrySql *sql,
           BelfryStoreRead *read,
           const char *query,
           BelfrySqlArgument *arguments,
           guint n_arguments,
           BelfrySqlArgument *cursor,
           BelfrySqlArgument *limit,
           GArray *to,
           gsize *bytes,
           gboolean *more,
           GError **error)
{
  guint chunk = FIRST_CHUNK;

  for (;;)
    {
      g_autoptr (BelfrySqlRows) rows = NULL;
      const BelfryStoreRow *last;

      /* One more, to see whether there is one. */
      limit->number = MIN (chunk, read->limit - to->len) + 1;
      rows = belfry_sql_select (sql, query, arguments, n_arguments, error);
      if (rows == NULL)
        return FALSE;
      if (append_rows (read, to, rows, bytes) || to->len > read->limit)
        {
          g_array_set_size (to, MIN (to->len, read->limit));
          *more = TRUE;
          return TRUE;
        }
      if (belfry_sql_rows_get_length (rows) < limit->number)
        return TRUE;
      last = &g_array_index (to, BelfryStoreRow, to->len - 1);
      cursor->number = to == read->changed ? last->position : last->id;
      chunk = next_chunk (read, to, *bytes);
    }
}

/* Reads a list inside a transaction of the caller. */
gboolean
belfry_inbox_reader_read_list (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_TEXT ("user", read->user_id),
    BELFRY_SQL_INT ("before", read->before),
    BELFRY_SQL_INT ("limit", 0),
  };
  gsize bytes = 0;

  return read_rows (sql, read, read->only_unread ? "list_unread" : "list", arguments,
                    G_N_ELEMENTS (arguments), &arguments[1], &arguments[2], read->rows, &bytes,
                    &read->more, error);
}

/* A user has one notification with a tag at most. */
static gboolean
read_list_of_tag (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_TEXT ("user", read->user_id),
    BELFRY_SQL_TEXT ("tag", read->tag),
  };
  g_autoptr (BelfrySqlRows) rows =
      belfry_sql_select (sql, "list_tag", arguments, G_N_ELEMENTS (arguments), error);
  BelfryStoreRow row;

  if (rows == NULL)
    return FALSE;
  if (belfry_sql_rows_get_length (rows) == 0)
    return TRUE;
  row = belfry_row_read (rows, 0, read->user_id);
  if (!read->only_unread || !belfry_notification_get_read (row.notification))
    {
      read->total = 1;
      if (row.id < read->before)
        {
          g_array_append_val (read->rows, row);
          return TRUE;
        }
    }
  g_object_unref (row.notification);
  return TRUE;
}

static gboolean
read_list_and_state (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  if (!read_state (sql, read, error))
    return FALSE;
  if (read->tag != NULL)
    return read_list_of_tag (sql, read, error);
  read->total = read->only_unread ? read->state.unread : read->state.total;
  return belfry_inbox_reader_read_list (sql, read, error);
}

static gboolean
read_changed (BelfrySql *sql, BelfryStoreRead *read, gsize *bytes, GError **error)
{
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_TEXT ("user", read->user_id),
    BELFRY_SQL_INT ("sent", read->sent),
    BELFRY_SQL_INT ("told", read->told),
    BELFRY_SQL_INT ("limit", 0),
  };

  return read_rows (sql, read, "page_changed", arguments, G_N_ELEMENTS (arguments), &arguments[2],
                    &arguments[3], read->changed, bytes, &read->more_changed, error);
}

static gboolean
read_new (BelfrySql *sql, BelfryStoreRead *read, gsize *bytes, GError **error)
{
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_TEXT ("user", read->user_id),
    BELFRY_SQL_INT ("sent", read->sent),
    BELFRY_SQL_INT ("limit", 0),
  };

  return read_rows (sql, read, "page_new", arguments, G_N_ELEMENTS (arguments), &arguments[1],
                    &arguments[2], read->rows, bytes, &read->more, error);
}

/* One page of what a session has not told: see docs/delivery.md. */
static gboolean
read_page (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  gsize bytes = 0;

  return read_state (sql, read, error) && read_changed (sql, read, &bytes, error)
         && (read->more_changed || read_new (sql, read, &bytes, error));
}

static gboolean
read_in_transaction (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  switch (read->kind)
    {
    case BELFRY_READ_STATE:
      return read_state (sql, read, error);
    case BELFRY_READ_GET:
      return read_get (sql, read, error);
    case BELFRY_READ_LIST:
      return read_list_and_state (sql, read, error);
    case BELFRY_READ_PAGE:
      return read_page (sql, read, error);
    default:
      g_assert_not_reached ();
    }
}

/* Answers @read as of one moment. */
gboolean
belfry_inbox_reader_read (BelfrySql *sql, BelfryStoreRead *read, GError **error)
{
  if (!belfry_sql_begin (sql, error))
    return FALSE;
  if (!read_in_transaction (sql, read, error) || !belfry_sql_commit (sql, error))
    {
      belfry_sql_rollback (sql);
      return FALSE;
    }
  return TRUE;
}
