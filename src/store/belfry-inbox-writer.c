/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-writer.h"

#include "belfry-batch-json.h"
#include "belfry-row.h"

static gboolean
load (BelfryInboxWriter *self, GError **error)
{
  return belfry_sql_select_int (self->sql, "position", &self->position, error)
         && belfry_sql_select_int (self->sql, "next_user_key", &self->next_user_key, error)
         && belfry_sql_select_int (self->sql, "next_expiry", &self->next_expiry, error);
}

/* @sql stays the caller's. */
BelfryInboxWriter *
belfry_inbox_writer_new (BelfrySql *sql, GError **error)
{
  BelfryInboxWriter *self = g_new0 (BelfryInboxWriter, 1);

  self->sql = sql;
  self->users = belfry_user_cache_new ();
  self->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_change_unref);
  self->unsettled = g_ptr_array_new ();
  if (!load (self, error))
    {
      belfry_inbox_writer_free (self);
      return NULL;
    }
  self->committed = self->position;
  return self;
}

static void
forget_created (BelfryInboxWriter *self)
{
  g_autoptr (GString) rows = g_steal_pointer (&self->created);
}

void
belfry_inbox_writer_free (BelfryInboxWriter *self)
{
  belfry_user_cache_free (self->users);
  forget_created (self);
  g_ptr_array_unref (self->changes);
  g_ptr_array_unref (self->unsettled);
  g_free (self);
}

void
belfry_inbox_writer_begin (BelfryInboxWriter *self)
{
  belfry_sql_begin_write_later (self->sql);
  self->now = g_get_real_time ();
}

/* Brings the rows of the users up to date whose counts can no longer be told from their tails. */
static gboolean
settle_users (BelfryInboxWriter *self, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("users", NULL) };

  if (self->unsettled->len == 0)
    return TRUE;
  for (guint i = 0; i < self->unsettled->len; i++)
    {
      BelfryUser *user = g_ptr_array_index (self->unsettled, i);

      belfry_batch_json_begin_row (json);
      belfry_batch_json_add_int (json, user->key);
      belfry_batch_json_add_int (json, user->position);
      belfry_batch_json_add_int (json, user->unread);
      belfry_batch_json_add_int (json, user->total);
      belfry_batch_json_add_int (json, user->horizon);
      belfry_batch_json_end_row (json);
      user->unsettled = FALSE;
      user->tail = 0;
    }
  g_ptr_array_set_size (self->unsettled, 0);
  arguments[0].text = belfry_batch_json_end (json);
  return belfry_sql_run (self->sql, "settle_users", arguments, G_N_ELEMENTS (arguments), NULL,
                         error);
}

static gboolean
commit_all (BelfryInboxWriter *self, GError **error)
{
  const BelfrySqlArgument arguments[] = { BELFRY_SQL_INT ("position", self->position) };

  return belfry_inbox_writer_insert_created (self, error) && settle_users (self, error)
         && belfry_sql_run (self->sql, "set_position", arguments, G_N_ELEMENTS (arguments), NULL,
                            error)
         && belfry_sql_commit (self->sql, error);
}

/* Creations alone are one statement. Their positions are their ids, so the newest one is known
 * without being written. */
static gboolean
commit_created (BelfryInboxWriter *self, GError **error)
{
  return belfry_sql_commit (self->sql, error) && belfry_inbox_writer_insert_created (self, error);
}

/* Makes everything since begin durable. On failure, roll back. */
gboolean
belfry_inbox_writer_commit (BelfryInboxWriter *self, GError **error)
{
  gboolean only_created = !belfry_sql_has_begun (self->sql) && self->unsettled->len == 0;

  /* A transaction in which nothing was done does not reach the disk. */
  if (self->position == self->committed && self->unsettled->len == 0)
    return belfry_sql_commit (self->sql, error);
  if (only_created ? !commit_created (self, error) : !commit_all (self, error))
    return FALSE;
  self->committed = self->position;
  belfry_user_cache_trim (self->users);
  return TRUE;
}

/* Forgets what was done since begin, and what is no longer sure. */
void
belfry_inbox_writer_rollback (BelfryInboxWriter *self)
{
  g_autoptr (GError) error = NULL;

  belfry_sql_rollback (self->sql);
  forget_created (self);
  g_ptr_array_set_size (self->changes, 0);
  g_ptr_array_set_size (self->unsettled, 0);
  belfry_user_cache_clear (self->users);
  self->retained = 0;
  /* If the database cannot even be read, the position in memory is one that was never committed:
   * too high, which is harmless. */
  if (!load (self, &error))
    g_warning ("The database cannot be read: %s", error->message);
}

static gboolean
load_users (BelfryInboxWriter *self, GHashTable *missing, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (BelfrySqlRows) rows = NULL;
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("ids", NULL) };
  GHashTableIter iter;
  const char *id;

  g_hash_table_iter_init (&iter, missing);
  while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
    belfry_batch_json_add_text (json, id);
  arguments[0].text = belfry_batch_json_end (json);
  rows = belfry_sql_select (self->sql, "inboxes", arguments, G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      BelfryUser user = belfry_row_read_user (rows, i);

      belfry_user_cache_add (self->users, &user);
      g_hash_table_remove (missing, user.id);
    }
  return TRUE;
}

static gboolean
add_users (BelfryInboxWriter *self, GHashTable *missing, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("users", NULL) };
  GHashTableIter iter;
  char *id;

  g_hash_table_iter_init (&iter, missing);
  while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
    {
      /* All positions of this user are higher. If the user was erased before, a session that has
       * not heard of it finds itself behind the horizon. */
      BelfryUser user = { .id = id, .key = self->next_user_key++, .horizon = self->position };

      belfry_user_cache_add (self->users, &user);
      belfry_batch_json_begin_row (json);
      belfry_batch_json_add_int (json, user.key);
      belfry_batch_json_add_text (json, user.id);
      belfry_batch_json_add_int (json, user.horizon);
      belfry_batch_json_end_row (json);
    }
  arguments[0].text = belfry_batch_json_end (json);
  return belfry_sql_run (self->sql, "add_users", arguments, G_N_ELEMENTS (arguments), NULL, error);
}

/* Sees to it that the cache knows the users with these ids, a set of texts, as far as they exist.
 * @create: whether those who don't are made */
gboolean
belfry_inbox_writer_ensure_users (BelfryInboxWriter *self,
                                  GHashTable *ids,
                                  gboolean create,
                                  GError **error)
{
  GHashTableIter iter;
  const char *id;

  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
    if (belfry_user_cache_lookup (self->users, id) != NULL)
      g_hash_table_iter_remove (&iter);

  if (g_hash_table_size (ids) == 0)
    return TRUE;
  if (!load_users (self, ids, error))
    return FALSE;
  return g_hash_table_size (ids) == 0 || !create || add_users (self, ids, error);
}

/* Has @user's row written in this transaction. */
void
belfry_inbox_writer_settle (BelfryInboxWriter *self, BelfryUser *user)
{
  if (user->unsettled)
    return;
  user->unsettled = TRUE;
  g_ptr_array_add (self->unsettled, user);
}

/* @user, who has no row any more, goes from the cache. */
void
belfry_inbox_writer_forget (BelfryInboxWriter *self, BelfryUser *user)
{
  g_autofree char *id = g_strdup (user->id);

  g_ptr_array_remove (self->unsettled, user);
  belfry_user_cache_remove (self->users, id);
}

/* Notes that @user's inbox changed at @position. The counts of @user must be new already. */
BelfryChange *
belfry_inbox_writer_note (BelfryInboxWriter *self,
                          BelfryChangeKind kind,
                          BelfryUser *user,
                          gint64 position)
{
  BelfryChange *change = belfry_change_new (kind, user->id);

  change->previous = user->position;
  change->position = position;
  change->unread = user->unread;
  user->position = position;
  g_ptr_array_add (self->changes, change);
  return change;
}

/* Makes tombstones of the rows in @ids, a batch that is not ended, from position @base on. */
gboolean
belfry_inbox_writer_remove_rows (BelfryInboxWriter *self, GString *ids, gint64 base, GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("now", self->now),
    BELFRY_SQL_INT ("base", base),
    BELFRY_SQL_TEXT ("ids", belfry_batch_json_end (ids)),
  };

  return belfry_sql_run (self->sql, "remove", arguments, G_N_ELEMENTS (arguments), NULL, error);
}
