/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the writer that changes what is there, for one user. */

#include "belfry-argument.h"
#include "belfry-batch-json.h"
#include "belfry-error.h"
#include "belfry-inbox-writer.h"
#include "belfry-row.h"

/* Rows that one transaction changes on behalf of one call. */
#define STEP BELFRY_IDS_MAX

typedef struct
{
  GArray *ids; /* of gint64 */
  gint64 n_unread;
} Picked;

static void
picked_free (Picked *picked)
{
  g_clear_pointer (&picked->ids, g_array_unref);
  g_free (picked);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Picked, picked_free)

static Picked *
take_picked (BelfrySqlRows *rows, gboolean want_unread, gboolean want_read)
{
  Picked *picked = g_new0 (Picked, 1);

  picked->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      gint64 id = belfry_sql_rows_get_int (rows, i, 0);
      gboolean unread = belfry_sql_rows_get_int (rows, i, 1) != 0;

      if (unread ? !want_unread : !want_read)
        continue;
      g_array_append_val (picked->ids, id);
      picked->n_unread += unread;
    }
  return picked;
}

/* Finds the rows that the call means and that it would change. */
static Picked *
pick (BelfryInboxWriter *self, BelfryUser *user, BelfryStoreWrite *write, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (BelfrySqlRows) rows = NULL;
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_TEXT ("ids", NULL),
  };
  guint n = write->ids->len;

  if (write->kind == BELFRY_WRITE_MARK_UNREAD)
    n = MIN (n, BELFRY_MARK_UNREAD_STEP);
  write->more = n < write->ids->len;
  for (guint i = 0; i < n; i++)
    belfry_batch_json_add_int (json, g_array_index (write->ids, gint64, i));
  arguments[1].text = belfry_batch_json_end (json);
  rows = belfry_sql_select (self->sql, "pick", arguments, G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return NULL;
  return take_picked (rows, write->kind != BELFRY_WRITE_MARK_UNREAD,
                      write->kind != BELFRY_WRITE_MARK_READ);
}

/* Finds the next rows of a call that means all. */
static Picked *
pick_all (BelfryInboxWriter *self, BelfryUser *user, BelfryStoreWrite *write, GError **error)
{
  g_autoptr (BelfrySqlRows) rows = NULL;
  BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_INT ("up_to", 0),
    BELFRY_SQL_INT ("limit", STEP),
  };

  /* What is created after this call is not meant. */
  write->up_to = MIN (write->up_to, self->position);
  arguments[1].number = write->up_to;
  rows = belfry_sql_select (
      self->sql, write->kind == BELFRY_WRITE_MARK_ALL_READ ? "pick_all_unread" : "pick_all",
      arguments, G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return NULL;
  write->more = belfry_sql_rows_get_length (rows) == STEP;
  return take_picked (rows, TRUE, TRUE);
}

static GString *
ids_to_json (const Picked *picked)
{
  GString *json = belfry_batch_json_new ();

  for (guint i = 0; i < picked->ids->len; i++)
    belfry_batch_json_add_int (json, g_array_index (picked->ids, gint64, i));
  return json;
}

/* Notes one change for all rows of @picked, which have the positions from the next one on. */
static void
note_together (BelfryInboxWriter *self,
               BelfryChangeKind kind,
               BelfryUser *user,
               const Picked *picked)
{
  BelfryChange *change;

  self->position += picked->ids->len;
  belfry_inbox_writer_settle (self, user);
  change = belfry_inbox_writer_note (self, kind, user, self->position);
  g_array_append_vals (change->ids, picked->ids->data, picked->ids->len);
}

static gboolean
remove_picked (BelfryInboxWriter *self, BelfryUser *user, const Picked *picked, GError **error)
{
  g_autoptr (GString) json = ids_to_json (picked);

  if (!belfry_inbox_writer_remove_rows (self, json, self->position + 1, error))
    return FALSE;
  user->unread -= picked->n_unread;
  user->total -= picked->ids->len;
  note_together (self, BELFRY_CHANGE_REMOVED, user, picked);
  return TRUE;
}

static gboolean
mark_read_picked (BelfryInboxWriter *self, BelfryUser *user, const Picked *picked, GError **error)
{
  g_autoptr (GString) json = ids_to_json (picked);
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("now", self->now),
    BELFRY_SQL_INT ("base", self->position + 1),
    BELFRY_SQL_TEXT ("ids", belfry_batch_json_end (json)),
  };

  if (!belfry_sql_run (self->sql, "mark_read", arguments, G_N_ELEMENTS (arguments), NULL, error))
    return FALSE;
  user->unread -= picked->ids->len;
  note_together (self, BELFRY_CHANGE_READ, user, picked);
  return TRUE;
}

/* Notes a change for each of these rows, with its present content. */
static gboolean
note_updated (BelfryInboxWriter *self,
              BelfryUser *user,
              const char *ids_json,
              gint64 unread_each,
              GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_TEXT ("ids", ids_json),
  };
  g_autoptr (BelfrySqlRows) rows =
      belfry_sql_select (self->sql, "rows", arguments, G_N_ELEMENTS (arguments), error);

  if (rows == NULL)
    return FALSE;
  belfry_inbox_writer_settle (self, user);
  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      BelfryStoreRow row = belfry_row_read (rows, i, user->id);
      BelfryChange *change;

      user->unread += unread_each;
      change = belfry_inbox_writer_note (self, BELFRY_CHANGE_UPDATED, user, ++self->position);
      change->notification = row.notification;
      g_array_append_val (change->ids, row.id);
    }
  return TRUE;
}

static gboolean
mark_unread_picked (BelfryInboxWriter *self, BelfryUser *user, const Picked *picked, GError **error)
{
  g_autoptr (GString) json = ids_to_json (picked);
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("base", self->position + 1),
    BELFRY_SQL_TEXT ("ids", belfry_batch_json_end (json)),
  };

  return belfry_sql_run (self->sql, "mark_unread", arguments, G_N_ELEMENTS (arguments), NULL, error)
         && note_updated (self, user, json->str, 1, error);
}

static gboolean
change_many (BelfryInboxWriter *self, BelfryUser *user, BelfryStoreWrite *write, GError **error)
{
  g_autoptr (Picked) picked =
      write->ids != NULL ? pick (self, user, write, error) : pick_all (self, user, write, error);

  if (picked == NULL)
    return FALSE;
  write->count = picked->ids->len;
  if (picked->ids->len == 0)
    return TRUE;

  switch (write->kind)
    {
    case BELFRY_WRITE_MARK_READ:
    case BELFRY_WRITE_MARK_ALL_READ:
      return mark_read_picked (self, user, picked, error);
    case BELFRY_WRITE_MARK_UNREAD:
      return mark_unread_picked (self, user, picked, error);
    case BELFRY_WRITE_REMOVE:
    case BELFRY_WRITE_REMOVE_ALL:
      return remove_picked (self, user, picked, error);
    case BELFRY_WRITE_CREATE:
    case BELFRY_WRITE_UPDATE:
    case BELFRY_WRITE_ERASE:
    default:
      g_assert_not_reached ();
    }
}

/* A notification that isn't there is the caller's fault, and no reason to roll back. */
static void
set_not_found (BelfryStoreWrite *write)
{
  g_set_error (&write->error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND,
               "id: the user has no notification %" G_GUINT64_FORMAT,
               (guint64) g_array_index (write->ids, gint64, 0));
}

static gboolean
update (BelfryInboxWriter *self, BelfryUser *user, BelfryStoreWrite *write, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  gint64 id = g_array_index (write->ids, gint64, 0);
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_INT ("id", id),
    BELFRY_SQL_INT ("position", self->position + 1),
    BELFRY_SQL_TEXT ("data", write->data),
  };
  int n_changed;

  if (!belfry_sql_run (self->sql, "update", arguments, G_N_ELEMENTS (arguments), &n_changed, error))
    return FALSE;
  if (n_changed == 0)
    {
      set_not_found (write);
      return TRUE;
    }
  belfry_batch_json_add_int (json, id);
  return note_updated (self, user, belfry_batch_json_end (json), 0, error);
}

static gboolean
drop_tombstones_of (BelfryInboxWriter *self, BelfryUser *user, guint *n_rows, GError **error)
{
  const BelfrySqlArgument pick_arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_INT ("limit", STEP),
  };
  BelfrySqlArgument drop_arguments[] = { BELFRY_SQL_TEXT ("ids", NULL) };
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (BelfrySqlRows) rows = belfry_sql_select (self->sql, "pick_changed", pick_arguments,
                                                      G_N_ELEMENTS (pick_arguments), error);

  if (rows == NULL)
    return FALSE;
  *n_rows = belfry_sql_rows_get_length (rows);
  for (guint i = 0; i < *n_rows; i++)
    belfry_batch_json_add_int (json, belfry_sql_rows_get_int (rows, i, 0));
  drop_arguments[0].text = belfry_batch_json_end (json);
  return belfry_sql_run (self->sql, "drop_rows", drop_arguments, G_N_ELEMENTS (drop_arguments),
                         NULL, error);
}

/* Does the next step of erasing a user: what lives is removed, which sessions are told; then the
 * tombstones go, then the keys, and at last the user. */
static gboolean
erase (BelfryInboxWriter *self, BelfryUser *user, BelfryStoreWrite *write, GError **error)
{
  const BelfrySqlArgument arguments[] = {
    BELFRY_SQL_INT ("user", user->key),
    BELFRY_SQL_INT ("limit", STEP),
  };
  g_autoptr (Picked) picked = NULL;
  guint n_tombstones;
  int n_keys;

  write->up_to = G_MAXINT64;
  picked = pick_all (self, user, write, error);
  if (picked == NULL)
    return FALSE;
  write->count = picked->ids->len;
  write->more = TRUE;
  if (picked->ids->len > 0)
    return remove_picked (self, user, picked, error);

  if (!drop_tombstones_of (self, user, &n_tombstones, error))
    return FALSE;
  /* The rows that go take their tail and their positions with them. */
  belfry_inbox_writer_settle (self, user);
  if (n_tombstones > 0)
    return TRUE;
  if (!belfry_sql_run (self->sql, "drop_keys", arguments, G_N_ELEMENTS (arguments), &n_keys, error))
    return FALSE;
  if (n_keys > 0)
    return TRUE;
  write->more = FALSE;
  if (!belfry_sql_run (self->sql, "drop_user", arguments, 1, NULL, error))
    return FALSE;
  belfry_inbox_writer_forget (self, user);
  return TRUE;
}

/* Does what @write asks for, which is not a creation. Returns: FALSE if the transaction has to be
 * rolled back */
gboolean
belfry_inbox_writer_apply (BelfryInboxWriter *self, BelfryStoreWrite *write, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  BelfryUser *user;

  g_hash_table_add (ids, write->user_id);
  if (!belfry_inbox_writer_insert_created (self, error))
    return FALSE;
  if (!belfry_inbox_writer_ensure_users (self, ids, FALSE, error))
    return FALSE;
  user = belfry_user_cache_lookup (self->users, write->user_id);
  if (user == NULL)
    {
      if (write->kind == BELFRY_WRITE_UPDATE)
        set_not_found (write);
      return TRUE;
    }
  switch (write->kind)
    {
    case BELFRY_WRITE_UPDATE:
      return update (self, user, write, error);
    case BELFRY_WRITE_ERASE:
      return erase (self, user, write, error);
    case BELFRY_WRITE_CREATE:
    case BELFRY_WRITE_MARK_READ:
    case BELFRY_WRITE_MARK_UNREAD:
    case BELFRY_WRITE_REMOVE:
    case BELFRY_WRITE_MARK_ALL_READ:
    case BELFRY_WRITE_REMOVE_ALL:
    default:
      return change_many (self, user, write, error);
    }
}
