/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bridge.h"

#include <glib/gi18n.h>

/* A desktop does not help with more; the rest is counted on a card of its own. */
#define MAX_CARDS 20

/* In bursts it looks so often. */
#define PAUSE 250 /* ms */

/* After what went wrong it tries again by itself. */
#define RETRY 10000 /* ms */

/* Whatever is told, the answer is the same: list what is unread, and make the desktop show that. So
 * nothing that is missed while Belfry, the bus or the portal is away can stay wrong for long, a
 * replaced notification is never gone for a moment, and many changes cost one look. */
struct _BelfryBridge
{
  BelfryClient *client;
  char *user_id;
  BelfryBridgeDesktop *desktop;
  GCancellable *cancellable;

  gboolean listing;
  gboolean again; /* something has happened since that began */
  guint timeout;
  guint subscribe_timeout;

  GPtrArray *wanted; /* BelfryBridgeCard, the newest first; NULL: not known yet */
  gint64 newest;     /* the newest that has been shown, or was there at the start */
  GHashTable *shown; /* key → BelfryBridgeCard */
};

static void
unref_card (gpointer data)
{
  belfry_bridge_card_unref (data);
}

static void
withdraw_unwanted (BelfryBridge *self)
{
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  const char *key;

  for (guint i = 0; i < self->wanted->len; i++)
    g_hash_table_add (keys, ((BelfryBridgeCard *) g_ptr_array_index (self->wanted, i))->key);
  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, NULL))
    if (!g_hash_table_contains (keys, key))
      {
        belfry_bridge_desktop_withdraw (self->desktop, key);
        g_hash_table_iter_remove (&iter);
      }
}

/* Has the desktop show what is wanted, and takes back what is not. The newest comes last, so that
 * it is on top. */
static void
show_wanted (BelfryBridge *self)
{
  if (self->wanted == NULL || !belfry_bridge_desktop_is_ready (self->desktop))
    return;
  withdraw_unwanted (self);
  for (guint i = self->wanted->len; i > 0; i--)
    {
      BelfryBridgeCard *card = g_ptr_array_index (self->wanted, i - 1);
      BelfryBridgeCard *there = g_hash_table_lookup (self->shown, card->key);

      if (there != NULL && belfry_bridge_card_equal (there, card))
        continue;
      belfry_bridge_desktop_show (self->desktop, card, card->id > self->newest);
      self->newest = MAX (self->newest, card->id);
      g_hash_table_replace (self->shown, card->key, belfry_bridge_card_ref (card));
    }
}

static void
on_emptied (BelfryBridgeDesktop *desktop, BelfryBridge *self)
{
  g_hash_table_remove_all (self->shown);
  show_wanted (self);
}

/* @notifications: the newest that are unread
 * @total: how many are */
static void
want (BelfryBridge *self, GPtrArray *notifications, gint64 total)
{
  g_clear_pointer (&self->wanted, g_ptr_array_unref);
  self->wanted = g_ptr_array_new_with_free_func (unref_card);
  for (guint i = 0; i < notifications->len; i++)
    g_ptr_array_add (self->wanted, belfry_bridge_card_new (g_ptr_array_index (notifications, i)));
  if (total > notifications->len)
    g_ptr_array_add (self->wanted, belfry_bridge_card_new_for_rest (total - notifications->len));

  if (self->newest < 0)
    self->newest = notifications->len == 0
                       ? 0
                       : belfry_notification_get_id (g_ptr_array_index (notifications, 0));
  show_wanted (self);
}

static void look (BelfryBridge *self);

static gboolean
on_pause_over (gpointer user_data)
{
  BelfryBridge *self = user_data;

  self->timeout = 0;
  look (self);
  return G_SOURCE_REMOVE;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryBridge *self = user_data;
  g_autoptr (GError) error = NULL;
  gint64 total;
  g_autoptr (GPtrArray) notifications =
      belfry_client_list_finish (BELFRY_CLIENT (source), result, &total, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->listing = FALSE;
  if (error != NULL)
    g_warning (_ ("Cannot see what is unread: %s"), error->message);
  else
    want (self, notifications, total);
  if (error != NULL || self->again)
    self->timeout = g_timeout_add (error != NULL ? RETRY : PAUSE, on_pause_over, self);
  self->again = FALSE;
}

/* At once, or after the one that is under way. */
static void
look (BelfryBridge *self)
{
  GVariantDict query;

  if (self->listing)
    self->again = TRUE;
  if (self->listing || self->timeout != 0)
    return;
  self->listing = TRUE;
  g_variant_dict_init (&query, NULL);
  g_variant_dict_insert (&query, "unread", "b", TRUE);
  g_variant_dict_insert (&query, "limit", "u", MAX_CARDS);
  belfry_client_list_async (self->client, self->user_id, g_variant_dict_end (&query),
                            self->cancellable, on_listed, self);
}

static void
on_change (BelfryClient *client, const char *user_id, gint64 id, BelfryBridge *self)
{
  /* What is subscribed to is the beginning of user ids. */
  if (g_str_equal (user_id, self->user_id))
    look (self);
}

/* Of what happened before, nothing was told. */
static void
on_subscribed (BelfryClient *client, BelfryBridge *self)
{
  g_info ("Belfry tells of changes now");
  g_clear_handle_id (&self->timeout, g_source_remove);
  look (self);
}

static BelfryBridgeCard *
find_shown (BelfryBridge *self, gint64 id)
{
  GHashTableIter iter;
  BelfryBridgeCard *card;

  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &card))
    if (card->id == id)
      return card;
  return NULL;
}

typedef struct
{
  BelfryBridge *bridge;
  gint64 id;
} Marking;

/* The desktop has put the card away at the click. If it is unread still, it comes back. */
static void
on_marked_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Marking *marking = user_data;
  BelfryBridge *self = marking->bridge;
  g_autoptr (GError) error = NULL;
  BelfryBridgeCard *card;

  if (belfry_client_mark_read_finish (BELFRY_CLIENT (source), result, &error) >= 0
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_warning (_ ("A notification cannot be marked as read: %s"), error->message);
  card = find_shown (self, marking->id);
  if (card != NULL)
    g_hash_table_remove (self->shown, card->key);
  show_wanted (self);
}

static void
on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryBridge *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (BelfryBridgeCard) card = NULL;
  g_autoptr (BelfryNotification) notification =
      belfry_client_get_finish (BELFRY_CLIENT (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (notification == NULL)
    {
      g_info ("Nothing is opened for what was clicked on: %s", error->message);
      return;
    }
  card = belfry_bridge_card_new (notification);
  if (card->url != NULL)
    belfry_bridge_desktop_open (self->desktop, card->url);
}

static void
on_activated (BelfryBridgeDesktop *desktop, gint64 id, gboolean opens, BelfryBridge *self)
{
  BelfryBridgeCard *card = find_shown (self, id);
  Marking *marking = g_new0 (Marking, 1);

  marking->bridge = self;
  marking->id = id;
  belfry_client_mark_read_async (self->client, self->user_id, &id, 1, self->cancellable,
                                 on_marked_read, marking);
  if (!opens)
    return;
  /* It may be one of a bridge before this one, or have been withdrawn in this moment. */
  if (card == NULL)
    belfry_client_get_async (self->client, self->user_id, id, self->cancellable, on_got, self);
  else if (card->url != NULL)
    belfry_bridge_desktop_open (self->desktop, card->url);
}

static void subscribe (BelfryBridge *self);

static gboolean
on_subscribe_again (gpointer user_data)
{
  BelfryBridge *self = user_data;

  self->subscribe_timeout = 0;
  subscribe (self);
  return G_SOURCE_REMOVE;
}

static void
on_subscribe_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryBridge *self = user_data;
  g_autoptr (GError) error = NULL;

  if (belfry_client_subscribe_finish (BELFRY_CLIENT (source), result, &error)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_warning (_ ("Belfry does not tell of changes: %s"), error->message);
  self->subscribe_timeout = g_timeout_add (RETRY, on_subscribe_again, self);
}

static void
subscribe (BelfryBridge *self)
{
  static const char *const names[] = { "Created", "Updated", "Read", "Removed", NULL };

  belfry_client_subscribe_async (self->client, self->user_id, names, self->cancellable,
                                 on_subscribe_answered, self);
}

/* Returns: (transfer full): a bridge that begins by itself */
BelfryBridge *
belfry_bridge_new (BelfryClient *client, const char *user_id, BelfryBridgeDesktop *desktop)
{
  static const char *const changes[] = {
    "notification-created",
    "notification-updated",
    "notification-read",
    "notification-removed",
  };
  BelfryBridge *self = g_new0 (BelfryBridge, 1);

  self->client = g_object_ref (client);
  self->user_id = g_strdup (user_id);
  self->desktop = g_object_ref (desktop);
  self->cancellable = g_cancellable_new ();
  self->newest = -1;
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, unref_card);

  g_signal_connect (desktop, "emptied", G_CALLBACK (on_emptied), self);
  g_signal_connect (desktop, "activated", G_CALLBACK (on_activated), self);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect (client, changes[i], G_CALLBACK (on_change), self);
  g_signal_connect (client, "subscribed", G_CALLBACK (on_subscribed), self);
  subscribe (self);
  return self;
}

/* Takes back what it shows: nobody would any more when it is read. */
void
belfry_bridge_free (BelfryBridge *self)
{
  GHashTableIter iter;
  const char *key;

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_handle_id (&self->subscribe_timeout, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_signal_handlers_disconnect_by_data (self->desktop, self);
  g_hash_table_iter_init (&iter, self->shown);
  while (belfry_bridge_desktop_is_ready (self->desktop)
         && g_hash_table_iter_next (&iter, (gpointer *) &key, NULL))
    belfry_bridge_desktop_withdraw (self->desktop, key);

  g_hash_table_unref (self->shown);
  g_clear_pointer (&self->wanted, g_ptr_array_unref);
  g_object_unref (self->cancellable);
  g_object_unref (self->desktop);
  g_object_unref (self->client);
  g_free (self->user_id);
  g_free (self);
}
