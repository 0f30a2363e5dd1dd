/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the writer that removes what is over, of many users, in small steps. */

#include "belfry-argument.h"
#include "belfry-batch-json.h"
#include "belfry-inbox-writer.h"

#define STEP BELFRY_IDS_MAX

/* Users whom one step of retention looks at. */
#define RETAIN_USERS 1000

/* What one step removes of one user. */
typedef struct
{
  BelfryUser *user;
  GArray *ids; /* of gint64 */
  gint64 n_unread;
} Share;

static void
share_free (gpointer data)
{
  Share *share = data;

  g_array_unref (share->ids);
  g_free (share);
}

/* Loads the users that own the rows, by their keys. Returns: key → Share */
static GHashTable *
share_out (BelfryInboxWriter *self, BelfrySqlRows *rows, GError **error)
{
  g_autoptr (GHashTable) shares =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, share_free);
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (BelfrySqlRows) owners = NULL;
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("keys", NULL) };

  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    belfry_batch_json_add_int (json, belfry_sql_rows_get_int (rows, i, 2));
  arguments[0].text = belfry_batch_json_end (json);
  owners =
      belfry_sql_select (self->sql, "ids_of_users", arguments, G_N_ELEMENTS (arguments), error);
  if (owners == NULL)
    return NULL;
  for (guint i = 0; i < belfry_sql_rows_get_length (owners); i++)
    g_hash_table_add (ids, g_strdup (belfry_sql_rows_get_text (owners, i, 0)));
  if (!belfry_inbox_writer_ensure_users (self, ids, FALSE, error))
    return NULL;

  for (guint i = 0; i < belfry_sql_rows_get_length (owners); i++)
    {
      Share *share = g_new0 (Share, 1);

      share->user = belfry_user_cache_lookup (self->users, belfry_sql_rows_get_text (owners, i, 0));
      share->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_hash_table_insert (shares, g_memdup2 (&share->user->key, sizeof (gint64)), share);
    }
  return g_steal_pointer (&shares);
}

static Share *
share_of (GHashTable *shares, BelfrySqlRows *rows, guint row)
{
  gint64 key = belfry_sql_rows_get_int (rows, row, 2);

  return g_hash_table_lookup (shares, &key);
}

static gboolean
remove_shares (BelfryInboxWriter *self, GHashTable *shares, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  gint64 base = self->position + 1;
  GHashTableIter iter;
  Share *share;

  g_hash_table_iter_init (&iter, shares);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &share))
    {
      BelfryChange *change;

      for (guint i = 0; i < share->ids->len; i++)
        belfry_batch_json_add_int (json, g_array_index (share->ids, gint64, i));
      self->position += share->ids->len;
      share->user->unread -= share->n_unread;
      share->user->total -= share->ids->len;
      belfry_inbox_writer_settle (self, share->user);
      change = belfry_inbox_writer_note (self, BELFRY_CHANGE_REMOVED, share->user, self->position);
      g_array_append_vals (change->ids, share->ids->data, share->ids->len);
    }
  return belfry_inbox_writer_remove_rows (self, json, base, error);
}

/* Removes the rows that a statement picked, and frees them. */
static gboolean
remove_rows (BelfryInboxWriter *self, BelfrySqlRows *picked, GError **error)
{
  g_autoptr (BelfrySqlRows) rows = picked;
  g_autoptr (GHashTable) shares = NULL;

  if (belfry_sql_rows_get_length (rows) == 0)
    return TRUE;
  shares = share_out (self, rows, error);
  if (shares == NULL)
    return FALSE;
  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      Share *share = share_of (shares, rows, i);
      gint64 id = belfry_sql_rows_get_int (rows, i, 0);

      g_array_append_val (share->ids, id);
      share->n_unread += belfry_sql_rows_get_int (rows, i, 1) != 0;
    }
  g_clear_pointer (&rows, belfry_sql_rows_free);
  return remove_shares (self, shares, error);
}

/* Removes some of what has expired. */
gboolean
belfry_inbox_writer_expire (BelfryInboxWriter *self, gboolean *more, GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("now", self->now),
    BELFRY_SQL_INT ("limit", STEP),
  };
  BelfrySqlRows *rows =
      belfry_sql_select (self->sql, "pick_expired", arguments, G_N_ELEMENTS (arguments), error);

  if (rows == NULL)
    return FALSE;
  *more = belfry_sql_rows_get_length (rows) == STEP;
  return remove_rows (self, rows, error)
         && belfry_sql_select_int (self->sql, "next_expiry", &self->next_expiry, error);
}

/* Finds the newest id that was created before @before. Ids are in the order of their creation, as
 * far as the clock was not set back, so that this needs neither an index nor a scan. */
static gboolean
find_old (BelfryInboxWriter *self, gint64 before, GError **error)
{
  gint64 low = 0;
  gint64 high = self->position;

  while (low < high)
    {
      gint64 middle = low + (high - low + 1) / 2;
      const BelfrySqlArgument arguments[] = { BELFRY_SQL_INT ("id", middle) };
      g_autoptr (BelfrySqlRows) rows =
          belfry_sql_select (self->sql, "created_from", arguments, G_N_ELEMENTS (arguments), error);

      if (rows == NULL)
        return FALSE;
      if (belfry_sql_rows_get_length (rows) > 0 && belfry_sql_rows_get_int (rows, 0, 1) < before)
        low = belfry_sql_rows_get_int (rows, 0, 0);
      else
        high = middle - 1;
    }
  self->old = low;
  return TRUE;
}

/* Removes some of what the next users have that @retention does not keep, with a cursor over the
 * users. When it comes to the last of them, the next step begins anew. */
gboolean
belfry_inbox_writer_retain (BelfryInboxWriter *self,
                            const BelfryRetention *retention,
                            gboolean *more,
                            GError **error)
{
  gint64 before = self->now - retention->days * (24 * 3600 * (gint64) G_USEC_PER_SEC);
  gint64 last = self->retained + RETAIN_USERS;
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("after", self->retained),
    BELFRY_SQL_INT ("last", last),
    BELFRY_SQL_INT ("unread", retention->unread),
    BELFRY_SQL_INT ("limit", STEP),
    /* Those of one of the two statements. */
    BELFRY_SQL_INT ("before", before),
    BELFRY_SQL_INT ("old", 0),
  };
  BelfrySqlRows *rows;
  guint n_rows = 0;

  if (retention->days > 0)
    {
      if (self->retained == 0 && !find_old (self, before, error))
        return FALSE;
      arguments[5].number = self->old;
      rows = belfry_sql_select (self->sql, "pick_old", arguments, 6, error);
      if (rows == NULL)
        return FALSE;
      n_rows = belfry_sql_rows_get_length (rows);
      if (!remove_rows (self, rows, error))
        return FALSE;
    }
  if (retention->count > 0 && n_rows < STEP)
    {
      arguments[3].number = STEP - n_rows;
      arguments[4] = (BelfrySqlArgument) BELFRY_SQL_INT ("count", retention->count);
      arguments[5] = (BelfrySqlArgument) BELFRY_SQL_INT ("tail", BELFRY_TAIL_MAX);
      rows = belfry_sql_select (self->sql, "pick_surplus", arguments, 6, error);
      if (rows == NULL)
        return FALSE;
      n_rows += belfry_sql_rows_get_length (rows);
      if (!remove_rows (self, rows, error))
        return FALSE;
    }

  if (n_rows < STEP)
    self->retained = last < self->next_user_key ? last : 0;
  *more = self->retained != 0 || n_rows == STEP;
  return TRUE;
}

/* Drops some of the tombstones that are older than @before (µs since 1970). Their users' horizons
 * rise: a session that has not told these removals yet can never do so. */
gboolean
belfry_inbox_writer_drop_tombstones (BelfryInboxWriter *self,
                                     gint64 before,
                                     gboolean *more,
                                     GError **error)
{
  const BelfrySqlArgument pick_arguments[] = {
    BELFRY_SQL_INT ("before", before),
    BELFRY_SQL_INT ("limit", STEP),
  };
  g_autoptr (BelfrySqlRows) rows = belfry_sql_select (self->sql, "pick_tombstones", pick_arguments,
                                                      G_N_ELEMENTS (pick_arguments), error);
  g_autoptr (GHashTable) shares = NULL;
  g_autoptr (GString) json = belfry_batch_json_new ();
  BelfrySqlArgument drop_arguments[] = { BELFRY_SQL_TEXT ("ids", NULL) };

  if (rows == NULL)
    return FALSE;
  *more = belfry_sql_rows_get_length (rows) == STEP;
  if (belfry_sql_rows_get_length (rows) == 0)
    return TRUE;
  shares = share_out (self, rows, error);
  if (shares == NULL)
    return FALSE;
  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      BelfryUser *user = share_of (shares, rows, i)->user;

      user->horizon = MAX (user->horizon, belfry_sql_rows_get_int (rows, i, 1));
      belfry_inbox_writer_settle (self, user);
      belfry_batch_json_add_int (json, belfry_sql_rows_get_int (rows, i, 0));
    }
  g_clear_pointer (&rows, belfry_sql_rows_free);
  drop_arguments[0].text = belfry_batch_json_end (json);
  return belfry_sql_run (self->sql, "drop_rows", drop_arguments, G_N_ELEMENTS (drop_arguments),
                         NULL, error);
}
