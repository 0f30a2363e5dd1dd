/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the writer that creates: all creations that wait become one batch. */

#include "belfry-batch-json.h"
#include "belfry-inbox-writer.h"
#include "belfry-notification-private.h"

/* What becomes of one draft. */
typedef struct
{
  BelfryDraft *draft;
  BelfryUser *user;
  gint64 id;           /* of the notification, new or old */
  gboolean repeated;   /* its idempotency key was seen before: nothing is created */
  gboolean superseded; /* a later draft of this batch has its tag: it has an id, and never lived */
  guint original;      /* if repeated within the batch, the first draft with the key */
  gint64 replaces;     /* the notification that has its tag, or 0 */
  gboolean replaces_unread;
} Item;

static GArray *
collect_items (GPtrArray *writes)
{
  GArray *items = g_array_new (FALSE, TRUE, sizeof (Item));

  for (guint i = 0; i < writes->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (writes, i);

      for (guint j = 0; j < write->drafts->len; j++)
        {
          Item item = { .draft = g_ptr_array_index (write->drafts, j), .original = G_MAXUINT };

          g_array_append_val (items, item);
        }
    }
  return items;
}

static gboolean
find_users (BelfryInboxWriter *self, GArray *items, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < items->len; i++)
    g_hash_table_add (ids,
                      (gpointer) belfry_draft_get_user_id (g_array_index (items, Item, i).draft));
  if (!belfry_inbox_writer_ensure_users (self, ids, TRUE, error))
    return FALSE;
  for (guint i = 0; i < items->len; i++)
    {
      Item *item = &g_array_index (items, Item, i);

      item->user = belfry_user_cache_lookup (self->users, belfry_draft_get_user_id (item->draft));
    }
  return TRUE;
}

/* Asks the database what it has under the keys and tags of the drafts. */
static gboolean
resolve_in_database (BelfryInboxWriter *self, GArray *items, GArray *optioned, GError **error)
{
  g_autoptr (GString) json = belfry_batch_json_new ();
  g_autoptr (BelfrySqlRows) rows = NULL;
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("drafts", NULL) };

  for (guint i = 0; i < optioned->len; i++)
    {
      Item *item = &g_array_index (items, Item, g_array_index (optioned, guint, i));

      belfry_batch_json_begin_row (json);
      belfry_batch_json_add_int (json, item->user->key);
      belfry_batch_json_add_text (json, belfry_draft_get_idempotency_key (item->draft));
      belfry_batch_json_add_text (json, belfry_draft_get_tag (item->draft));
      belfry_batch_json_end_row (json);
    }
  arguments[0].text = belfry_batch_json_end (json);
  rows = belfry_sql_select (self->sql, "resolve", arguments, G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < belfry_sql_rows_get_length (rows); i++)
    {
      guint place = (guint) belfry_sql_rows_get_int (rows, i, 0);
      Item *item = &g_array_index (items, Item, g_array_index (optioned, guint, place));

      item->id = belfry_sql_rows_get_int (rows, i, 1);
      item->repeated = item->id != 0;
      item->replaces = belfry_sql_rows_get_int (rows, i, 2);
      item->replaces_unread = belfry_sql_rows_get_int (rows, i, 3) != 0;
    }
  return TRUE;
}

static char *
name_of (BelfryUser *user, char kind, const char *text)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT "%c%s", user->key, kind, text);
}

/* Finds what repeats within the batch: of two equal keys the first counts, of two equal tags the
 * last. */
static void
resolve_in_batch (GArray *items, GArray *optioned)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < optioned->len; i++)
    {
      guint place = g_array_index (optioned, guint, i);
      Item *item = &g_array_index (items, Item, place);
      const char *key = belfry_draft_get_idempotency_key (item->draft);
      const char *tag = belfry_draft_get_tag (item->draft);
      gpointer earlier;

      if (item->repeated)
        continue;
      if (key != NULL)
        {
          g_autofree char *name = name_of (item->user, 'k', key);

          if (g_hash_table_lookup_extended (seen, name, NULL, &earlier))
            {
              item->repeated = TRUE;
              item->original = GPOINTER_TO_UINT (earlier);
              continue;
            }
          g_hash_table_insert (seen, g_steal_pointer (&name), GUINT_TO_POINTER (place));
        }
      if (tag != NULL)
        {
          g_autofree char *name = name_of (item->user, 't', tag);

          if (g_hash_table_lookup_extended (seen, name, NULL, &earlier))
            {
              g_array_index (items, Item, GPOINTER_TO_UINT (earlier)).superseded = TRUE;
              /* The first one has found what the database has. */
              item->replaces = 0;
            }
          g_hash_table_insert (seen, g_steal_pointer (&name), GUINT_TO_POINTER (place));
        }
    }
}

static gboolean
resolve (BelfryInboxWriter *self, GArray *items, GError **error)
{
  g_autoptr (GArray) optioned = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < items->len; i++)
    {
      BelfryDraft *draft = g_array_index (items, Item, i).draft;

      if (belfry_draft_get_idempotency_key (draft) != NULL || belfry_draft_get_tag (draft) != NULL)
        g_array_append_val (optioned, i);
    }
  if (optioned->len == 0)
    return TRUE;
  if (!resolve_in_database (self, items, optioned, error))
    return FALSE;
  resolve_in_batch (items, optioned);
  return TRUE;
}

/* Removes what is replaced by its tag, before anything is created. */
static gboolean
remove_replaced (BelfryInboxWriter *self, GArray *items, GError **error)
{
  g_autoptr (GString) ids = belfry_batch_json_new ();
  gint64 base = self->position + 1;

  for (guint i = 0; i < items->len; i++)
    {
      Item *item = &g_array_index (items, Item, i);
      BelfryChange *change;

      if (item->repeated || item->replaces == 0)
        continue;
      item->user->total--;
      item->user->unread -= item->replaces_unread;
      belfry_inbox_writer_settle (self, item->user);
      change = belfry_inbox_writer_note (self, BELFRY_CHANGE_REMOVED, item->user, ++self->position);
      g_array_append_val (change->ids, item->replaces);
      belfry_batch_json_add_int (ids, item->replaces);
    }
  return self->position < base || belfry_inbox_writer_remove_rows (self, ids, base, error);
}

static void
note_created (BelfryInboxWriter *self, Item *item, gint64 expires_at)
{
  BelfryNotificationFields fields = {
    .id = item->id,
    .user_id = item->user->id,
    .data = belfry_draft_get_data (item->draft),
    .created_at = self->now,
    .position = item->id,
    .tag = belfry_draft_get_tag (item->draft),
    .expires_at = expires_at,
  };
  BelfryChange *change;

  item->user->unread++;
  item->user->total++;
  if (++item->user->tail > BELFRY_TAIL_MAX)
    belfry_inbox_writer_settle (self, item->user);
  change = belfry_inbox_writer_note (self, BELFRY_CHANGE_CREATED, item->user, item->id);
  change->notification = belfry_notification_new (&fields);
  g_array_append_val (change->ids, item->id);
}

static void
add_row (GString *rows, const Item *item, gint64 now, gint64 expires_at)
{
  belfry_batch_json_begin_row (rows);
  belfry_batch_json_add_int (rows, item->id);
  belfry_batch_json_add_int (rows, item->user->key);
  belfry_batch_json_add_text (rows, belfry_draft_get_data (item->draft));
  belfry_batch_json_add_int (rows, now);
  belfry_batch_json_add_text (rows, belfry_draft_get_tag (item->draft));
  if (expires_at != 0)
    belfry_batch_json_add_int (rows, expires_at);
  else
    belfry_batch_json_add_null (rows);
  belfry_batch_json_end_row (rows);
}

static void
add_key (GString *keys, const Item *item)
{
  belfry_batch_json_begin_row (keys);
  belfry_batch_json_add_int (keys, item->user->key);
  belfry_batch_json_add_text (keys, belfry_draft_get_idempotency_key (item->draft));
  belfry_batch_json_add_int (keys, item->id);
  belfry_batch_json_end_row (keys);
}

/* Inserts the rows that wait for it. They may be the only thing that a transaction does. */
gboolean
belfry_inbox_writer_insert_created (BelfryInboxWriter *self, GError **error)
{
  g_autoptr (GString) rows = g_steal_pointer (&self->created);
  BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("rows", NULL) };

  if (rows == NULL)
    return TRUE;
  arguments[0].text = belfry_batch_json_end (rows);
  return belfry_sql_run (self->sql, "create", arguments, G_N_ELEMENTS (arguments), NULL, error);
}

static gboolean
add (BelfryInboxWriter *self, GArray *items, GError **error)
{
  g_autoptr (GString) rows = belfry_batch_json_new ();
  g_autoptr (GString) keys = belfry_batch_json_new ();
  BelfrySqlArgument key_arguments[] = { BELFRY_SQL_TEXT ("keys", NULL) };

  for (guint i = 0; i < items->len; i++)
    {
      Item *item = &g_array_index (items, Item, i);
      gint64 expires = belfry_draft_get_expires (item->draft);
      gint64 expires_at = expires > 0 ? self->now + expires * G_USEC_PER_SEC : 0;

      if (item->repeated)
        {
          if (item->original != G_MAXUINT)
            item->id = g_array_index (items, Item, item->original).id;
          continue;
        }
      item->id = ++self->position;
      if (belfry_draft_get_idempotency_key (item->draft) != NULL)
        add_key (keys, item);
      if (item->superseded)
        continue;
      if (expires_at != 0 && (self->next_expiry == 0 || expires_at < self->next_expiry))
        self->next_expiry = expires_at;
      add_row (rows, item, self->now, expires_at);
      note_created (self, item, expires_at);
    }

  if (rows->len > 1)
    self->created = g_steal_pointer (&rows);
  if (keys->len > 1)
    {
      key_arguments[0].text = belfry_batch_json_end (keys);
      if (!belfry_sql_run (self->sql, "add_keys", key_arguments, G_N_ELEMENTS (key_arguments), NULL,
                           error))
        return FALSE;
    }
  return TRUE;
}

/* Creates what @writes ask for, which are all BELFRY_WRITE_CREATE, as one batch. */
gboolean
belfry_inbox_writer_create (BelfryInboxWriter *self, GPtrArray *writes, GError **error)
{
  g_autoptr (GArray) items = collect_items (writes);
  guint next = 0;

  if (!belfry_inbox_writer_insert_created (self, error) || !find_users (self, items, error)
      || !resolve (self, items, error) || !remove_replaced (self, items, error)
      || !add (self, items, error))
    return FALSE;

  for (guint i = 0; i < writes->len; i++)
    {
      BelfryStoreWrite *write = g_ptr_array_index (writes, i);

      g_clear_pointer (&write->result_ids, g_array_unref);
      write->result_ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), write->drafts->len);
      for (guint j = 0; j < write->drafts->len; j++)
        g_array_append_val (write->result_ids, g_array_index (items, Item, next++).id);
    }
  return TRUE;
}
