/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-model.h"

#include "belfry-inbox-read-private.h"
#include "belfry-inbox-window-private.h"

/* How many a page has. */
#define PAGE 50

/* What Belfry lists at once. */
#define MAX_LIMIT 1000

/* So many changes are looked up; with more it is cheaper to list afresh. */
#define MAX_CHANGED 1000

typedef enum
{
  NOTHING,
  AFRESH,
  OLDER,
  CHANGED,
} Reading;

/**
 * BelfryInboxModel:
 *
 * The inbox of a user as a [iface@Gio.ListModel] of [class@Belfry.Notification], the newest first,
 * which follows what happens.
 *
 * It shows the newest page, and older ones when it is asked for them
 * ([method@Belfry.InboxModel.load_more_async]). What is created, changed or removed anywhere is
 * told through `items-changed`: a notification that changed is replaced at its place by another
 * object. No id is ever there twice, and one that was removed never comes back.
 *
 * What happens, the model hears from its client, and a client has one subscription. So the program
 * subscribes, once for all models of the client, with a prefix that fits the ids of all their users
 * (or none, for every user) and with the signals `Created`, `Updated`, `Read` and `Removed`.
 * Whoever wants to follow several users without hearing of others takes a client for each. A model
 * whose client is not subscribed shows what was there when it was made.
 *
 * When the client had lost Belfry and is subscribed again, the model lists afresh and tells what
 * differs. A burst of changes is looked up together.
 *
 * The model belongs to the thread of its client.
 *
 * Since: 0.1
 */
struct _BelfryInboxModel
{
  GObject parent_instance;

  BelfryClient *client;
  char *user_id;
  GListStore *items;
  gint64 floor; /* all from this id on are shown, G_MAXINT64: none yet, 0: all there are */
  gint64 total;
  gint64 unread_count;
  GError *error;

  GSource *source;           /* (nullable): it looks what is to be read */
  GCancellable *cancellable; /* of what is being read */
  Reading reading;
  GHashTable *being_read; /* ids whose present state the current read may give */

  GHashTable *changed; /* ids that were told of since it began */
  GHashTable *gone;    /* removed since it began */
  gboolean recount;
  gboolean afresh;      /* nothing of what is shown can be relied on */
  gint64 afresh_before; /* how far down that has come; 0: it has to begin */
  guint afresh_target;  /* how many it wants */
  gboolean waiting;     /* after an error, for something to happen */
  GQueue load_tasks;

  gboolean told_loading;
  gboolean told_has_more;
};

static void belfry_inbox_model_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryInboxModel,
                               belfry_inbox_model,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      belfry_inbox_model_list_model_init))

enum
{
  PROP_0,
  PROP_CLIENT,
  PROP_USER_ID,
  PROP_UNREAD_COUNT,
  PROP_TOTAL,
  PROP_LOADING,
  PROP_HAS_MORE,
  PROP_ERROR,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static GType
get_item_type (GListModel *model)
{
  return BELFRY_TYPE_NOTIFICATION;
}

static guint
get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (BELFRY_INBOX_MODEL (model)->items));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (BELFRY_INBOX_MODEL (model)->items), position);
}

static void
belfry_inbox_model_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
on_items_changed (GListModel *items,
                  guint position,
                  guint removed,
                  guint added,
                  BelfryInboxModel *self)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

/* A set of ids: each key is its own value. */
static GHashTable *
new_ids (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
add_id (GHashTable *ids, gint64 id)
{
  g_hash_table_add (ids, g_memdup2 (&id, sizeof id));
}

/* What depends on several things is told when it has changed. */
static void
notify_changes (BelfryInboxModel *self)
{
  gboolean loading = belfry_inbox_model_get_loading (self);
  gboolean has_more = belfry_inbox_model_get_has_more (self);

  if (loading != self->told_loading)
    {
      self->told_loading = loading;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADING]);
    }
  if (has_more != self->told_has_more)
    {
      self->told_has_more = has_more;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_MORE]);
    }
}

static void
set_number (BelfryInboxModel *self, gint64 *number, gint64 value, guint property)
{
  if (*number == value)
    return;
  *number = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Takes @error over. */
static void
set_error (BelfryInboxModel *self, GError *error)
{
  if (self->error == NULL && error == NULL)
    return;
  g_clear_error (&self->error);
  self->error = error;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

static void
end_load_tasks (BelfryInboxModel *self, const GError *error)
{
  GQueue tasks = self->load_tasks;
  GTask *task;

  g_queue_init (&self->load_tasks);
  while ((task = g_queue_pop_head (&tasks)) != NULL)
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

static void schedule (BelfryInboxModel *self);

/* From here on nothing is shown that is lower. */
static void
set_floor (BelfryInboxModel *self, gint64 floor)
{
  g_autoptr (GPtrArray) nothing = g_ptr_array_new ();

  self->floor = floor;
  belfry_inbox_window_merge (self->items, 0, floor, nothing);
}

static void
remove_gone (BelfryInboxModel *self, GPtrArray *page)
{
  for (guint i = page->len; i > 0; i--)
    {
      gint64 id = belfry_notification_get_id (g_ptr_array_index (page, i - 1));

      if (g_hash_table_contains (self->gone, &id))
        g_ptr_array_remove_index (page, i - 1);
    }
}

static void
remove_below (GPtrArray *page, gint64 floor)
{
  while (page->len > 0 && belfry_notification_get_id (page->pdata[page->len - 1]) < floor)
    g_ptr_array_remove_index (page, page->len - 1);
}

static void
take_page (BelfryInboxModel *self, BelfryInboxRead *read)
{
  const guint n_listed = read->page->len;
  GHashTableIter iter;
  gint64 *id;

  remove_gone (self, read->page);
  switch (self->reading)
    {
    case AFRESH:
      belfry_inbox_window_merge (self->items, read->from, read->before, read->page);
      if (self->afresh_before == 0) /* meanwhile there was a reason to begin again */
        break;
      self->afresh_target -= MIN (n_listed, self->afresh_target);
      self->afresh_before = read->from;
      self->afresh = read->from > 0 && self->afresh_target > 0;
      if (!self->afresh)
        set_floor (self, read->from);
      break;
    case OLDER:
      self->floor = read->from;
      belfry_inbox_window_merge (self->items, read->from, read->before, read->page);
      break;
    case CHANGED:
      remove_below (read->page, self->floor);
      belfry_inbox_window_merge (self->items, read->from, read->before, read->page);
      g_hash_table_iter_init (&iter, self->being_read);
      while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
        if (*id < read->from)
          add_id (self->changed, *id);
      break;
    case NOTHING:
    default:
      g_assert_not_reached ();
    }
}

static void
on_read (GObject *object, BelfryInboxRead *read)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);
  gboolean answers_tasks = self->reading == OLDER || read->error != NULL;

  g_object_freeze_notify (object);
  if (read->error == NULL)
    {
      take_page (self, read);
      set_number (self, &self->total, read->total, PROP_TOTAL);
      set_number (self, &self->unread_count, read->unread, PROP_UNREAD_COUNT);
      set_error (self, NULL);
    }
  else
    {
      if (self->reading != OLDER)
        {
          self->afresh = TRUE;
          self->afresh_before = 0;
          self->waiting = TRUE;
        }
      set_error (self, g_error_copy (read->error));
    }
  self->reading = NOTHING;
  g_hash_table_remove_all (self->being_read);
  g_hash_table_remove_all (self->gone);
  if (answers_tasks)
    end_load_tasks (self, read->error);
  notify_changes (self);
  g_object_thaw_notify (object);
  schedule (self);
}

static void
start_read (BelfryInboxModel *self, Reading reading, gint64 before, guint limit)
{
  self->reading = reading;
  belfry_inbox_read_start (self->client, self->user_id, before, limit, self->cancellable, on_read,
                           G_OBJECT (self));
}

/* As many as are shown; where the bottom was reached some more, so that it will be seen again. */
static void
read_afresh (BelfryInboxModel *self)
{
  guint n_items = get_n_items (G_LIST_MODEL (self));

  if (self->afresh_before == 0)
    {
      self->afresh_before = G_MAXINT64;
      self->afresh_target = self->floor == 0 ? n_items + PAGE : MAX (n_items, PAGE);
      g_hash_table_remove_all (self->changed);
      self->recount = FALSE;
    }
  start_read (self, AFRESH, self->afresh_before, MIN (self->afresh_target, MAX_LIMIT));
}

/* Looks up what has changed with one list of all between the highest and the lowest, and the
 * counts. What changed below what is shown only counts. */
static void
read_changed (BelfryInboxModel *self)
{
  GHashTable *ids = self->changed;
  GHashTableIter iter;
  gint64 *id;
  gint64 highest = 0;
  gint64 lowest = G_MAXINT64;
  guint limit = 0;
  guint first;
  guint end;

  self->changed = self->being_read;
  self->being_read = ids;
  self->recount = FALSE;
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, (gpointer *) &id, NULL))
    {
      if (*id < self->floor)
        {
          g_hash_table_iter_remove (&iter);
          continue;
        }
      highest = MAX (highest, *id);
      lowest = MIN (lowest, *id);
      if (!belfry_inbox_window_find (self->items, *id, &first))
        limit++;
    }
  if (highest == 0)
    {
      start_read (self, CHANGED, G_MAXINT64, 1);
      return;
    }
  belfry_inbox_window_find (self->items, highest, &first);
  if (belfry_inbox_window_find (self->items, lowest, &end))
    end++;
  limit += end - first;
  start_read (self, CHANGED, highest + 1, MIN (limit, MAX_LIMIT));
}

/* One read at a time: so what is read later is later, and it holds what came meanwhile together. */
static void
read_next (BelfryInboxModel *self)
{
  if (self->reading != NOTHING || self->waiting)
    return;
  if (self->afresh)
    read_afresh (self);
  else if (!g_queue_is_empty (&self->load_tasks) && self->floor > 0)
    start_read (self, OLDER, self->floor, PAGE);
  else if (g_hash_table_size (self->changed) > 0 || self->recount)
    read_changed (self);
  if (!self->afresh && self->floor == 0)
    end_load_tasks (self, NULL);
  notify_changes (self);
}

static gboolean
on_turn (gpointer user_data)
{
  /* Those who are told may let go of it. */
  g_autoptr (BelfryInboxModel) self = g_object_ref (user_data);

  g_clear_pointer (&self->source, g_source_unref);
  read_next (self);
  return G_SOURCE_REMOVE;
}

/* At the end of the turn of the loop, so that all that was told in it is looked up together. */
static void
schedule (BelfryInboxModel *self)
{
  if (self->source != NULL)
    return;
  self->source = g_idle_source_new ();
  g_source_set_static_name (self->source, "[belfry] inbox model");
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->source, on_turn, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static void
list_afresh (BelfryInboxModel *self)
{
  self->afresh = TRUE;
  self->afresh_before = 0;
  self->waiting = FALSE;
  schedule (self);
}

static void
on_changed (BelfryClient *client, const char *user_id, gint64 id, BelfryInboxModel *self)
{
  if (!g_str_equal (user_id, self->user_id))
    return;
  self->waiting = FALSE;
  add_id (self->changed, id);
  if (g_hash_table_size (self->changed) > MAX_CHANGED)
    list_afresh (self);
  else
    schedule (self);
}

static void
on_removed (BelfryClient *client, const char *user_id, gint64 id, BelfryInboxModel *self)
{
  guint position;

  if (!g_str_equal (user_id, self->user_id))
    return;
  self->waiting = FALSE;
  self->recount = TRUE;
  g_hash_table_remove (self->changed, &id);
  g_hash_table_remove (self->being_read, &id);
  if (self->reading != NOTHING)
    add_id (self->gone, id);
  if (belfry_inbox_window_find (self->items, id, &position))
    g_list_store_remove (self->items, position);
  schedule (self);
}

static void
on_subscribed (BelfryClient *client, BelfryInboxModel *self)
{
  list_afresh (self);
}

static void
belfry_inbox_model_constructed (GObject *object)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);
  static const char *const changes[] = {
    "notification-created",
    "notification-updated",
    "notification-read",
  };

  G_OBJECT_CLASS (belfry_inbox_model_parent_class)->constructed (object);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect_object (self->client, changes[i], G_CALLBACK (on_changed), self, 0);
  g_signal_connect_object (self->client, "notification-removed", G_CALLBACK (on_removed), self, 0);
  g_signal_connect_object (self->client, "subscribed", G_CALLBACK (on_subscribed), self, 0);
  list_afresh (self);
}

static void
belfry_inbox_model_dispose (GObject *object)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);

  g_cancellable_cancel (self->cancellable);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);

  G_OBJECT_CLASS (belfry_inbox_model_parent_class)->dispose (object);
}

static void
belfry_inbox_model_finalize (GObject *object)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);

  g_object_unref (self->cancellable);
  g_hash_table_unref (self->being_read);
  g_hash_table_unref (self->changed);
  g_hash_table_unref (self->gone);
  g_clear_error (&self->error);
  g_signal_handlers_disconnect_by_data (self->items, self);
  g_object_unref (self->items);
  g_free (self->user_id);
  g_clear_object (&self->client);

  G_OBJECT_CLASS (belfry_inbox_model_parent_class)->finalize (object);
}

static void
belfry_inbox_model_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);

  switch (prop_id)
    {
    case PROP_CLIENT:
      g_value_set_object (value, self->client);
      break;
    case PROP_USER_ID:
      g_value_set_string (value, self->user_id);
      break;
    case PROP_UNREAD_COUNT:
      g_value_set_int64 (value, self->unread_count);
      break;
    case PROP_TOTAL:
      g_value_set_int64 (value, self->total);
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, belfry_inbox_model_get_loading (self));
      break;
    case PROP_HAS_MORE:
      g_value_set_boolean (value, belfry_inbox_model_get_has_more (self));
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
belfry_inbox_model_set_property (GObject *object,
                                 guint prop_id,
                                 const GValue *value,
                                 GParamSpec *pspec)
{
  BelfryInboxModel *self = BELFRY_INBOX_MODEL (object);

  switch (prop_id)
    {
    case PROP_CLIENT:
      self->client = g_value_dup_object (value);
      break;
    case PROP_USER_ID:
      self->user_id = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
belfry_inbox_model_class_init (BelfryInboxModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags given = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = belfry_inbox_model_constructed;
  object_class->dispose = belfry_inbox_model_dispose;
  object_class->finalize = belfry_inbox_model_finalize;
  object_class->get_property = belfry_inbox_model_get_property;
  object_class->set_property = belfry_inbox_model_set_property;

  /**
   * BelfryInboxModel:client:
   *
   * The client it reads with, and hears from what happens.
   *
   * Since: 0.1
   */
  properties[PROP_CLIENT] = g_param_spec_object ("client", NULL, NULL, BELFRY_TYPE_CLIENT, given);

  /**
   * BelfryInboxModel:user-id:
   *
   * Whose inbox it is.
   *
   * Since: 0.1
   */
  properties[PROP_USER_ID] = g_param_spec_string ("user-id", NULL, NULL, NULL, given);

  /**
   * BelfryInboxModel:unread-count: (getter get_unread_count)
   *
   * How many in the whole inbox are unread, shown or not.
   *
   * Since: 0.1
   */
  properties[PROP_UNREAD_COUNT] =
      g_param_spec_int64 ("unread-count", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * BelfryInboxModel:total: (getter get_total)
   *
   * How many the whole inbox has, shown or not.
   *
   * Since: 0.1
   */
  properties[PROP_TOTAL] = g_param_spec_int64 ("total", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * BelfryInboxModel:loading: (getter get_loading)
   *
   * Whether it lists: at first, afresh, or older ones. It does not tell of single changes that are
   * looked up.
   *
   * Since: 0.1
   */
  properties[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, flags);

  /**
   * BelfryInboxModel:has-more: (getter get_has_more)
   *
   * Whether there may be older ones than it shows.
   *
   * Since: 0.1
   */
  properties[PROP_HAS_MORE] = g_param_spec_boolean ("has-more", NULL, NULL, FALSE, flags);

  /**
   * BelfryInboxModel:error: (getter get_error)
   *
   * Why it could not read the inbox, or %NULL when the last look into it went well. It tries again
   * when the client is subscribed anew, when something happens in the inbox, and when it is asked
   * for more.
   *
   * Since: 0.1
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
belfry_inbox_model_init (BelfryInboxModel *self)
{
  self->items = g_list_store_new (BELFRY_TYPE_NOTIFICATION);
  g_signal_connect (self->items, "items-changed", G_CALLBACK (on_items_changed), self);
  self->floor = G_MAXINT64;
  self->cancellable = g_cancellable_new ();
  self->being_read = new_ids ();
  self->changed = new_ids ();
  self->gone = new_ids ();
  g_queue_init (&self->load_tasks);
}

/**
 * belfry_inbox_model_new:
 * @client: the client to read with; for a model that follows what happens, the program has it
 *   subscribe
 * @user_id: whose inbox: 1 to 128 bytes of UTF-8 without control characters
 *
 * Makes a model of an inbox, and begins to list it. Until that has ended, it is empty and
 * [property@Belfry.InboxModel:loading].
 *
 * Returns: (transfer full): the model
 *
 * Since: 0.1
 */
BelfryInboxModel *
belfry_inbox_model_new (BelfryClient *client, const char *user_id)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (client), NULL);
  g_return_val_if_fail (user_id != NULL, NULL);

  return g_object_new (BELFRY_TYPE_INBOX_MODEL, "client", client, "user-id", user_id, NULL);
}

/**
 * belfry_inbox_model_get_client: (get-property client)
 * @self: a model
 *
 * Gets the client it reads with.
 *
 * Returns: (transfer none): the client
 *
 * Since: 0.1
 */
BelfryClient *
belfry_inbox_model_get_client (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), NULL);

  return self->client;
}

/**
 * belfry_inbox_model_get_user_id: (get-property user-id)
 * @self: a model
 *
 * Gets whose inbox it is.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_inbox_model_get_user_id (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), NULL);

  return self->user_id;
}

/**
 * belfry_inbox_model_get_unread_count: (get-property unread-count)
 * @self: a model
 *
 * Gets how many in the whole inbox are unread, shown or not.
 *
 * Returns: how many are unread; 0 until it is known
 *
 * Since: 0.1
 */
gint64
belfry_inbox_model_get_unread_count (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), 0);

  return self->unread_count;
}

/**
 * belfry_inbox_model_get_total: (get-property total)
 * @self: a model
 *
 * Gets how many the whole inbox has, shown or not.
 *
 * Returns: how many there are; 0 until it is known
 *
 * Since: 0.1
 */
gint64
belfry_inbox_model_get_total (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), 0);

  return self->total;
}

/**
 * belfry_inbox_model_get_loading: (get-property loading)
 * @self: a model
 *
 * Gets whether it lists: at first, afresh, or older ones.
 *
 * Returns: %TRUE while it does
 *
 * Since: 0.1
 */
gboolean
belfry_inbox_model_get_loading (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), FALSE);

  return !self->waiting && (self->afresh || !g_queue_is_empty (&self->load_tasks));
}

/**
 * belfry_inbox_model_get_has_more: (get-property has-more)
 * @self: a model
 *
 * Gets whether there may be older ones than it shows.
 *
 * Returns: %TRUE if [method@Belfry.InboxModel.load_more_async] may find some
 *
 * Since: 0.1
 */
gboolean
belfry_inbox_model_get_has_more (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), FALSE);

  return self->floor > 0 && self->floor < G_MAXINT64;
}

/**
 * belfry_inbox_model_get_error: (get-property error)
 * @self: a model
 *
 * Gets why it could not read the inbox.
 *
 * Returns: (transfer none) (nullable): the error, or %NULL when the last look went well
 *
 * Since: 0.1
 */
const GError *
belfry_inbox_model_get_error (BelfryInboxModel *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), NULL);

  return self->error;
}

/**
 * belfry_inbox_model_load_more_async:
 * @self: a model
 * @cancellable: (nullable): does not undo the loading
 * @callback: (scope async): called when they are there
 * @user_data: for @callback
 *
 * Loads the next page of older ones, fifty. Where a page is being loaded already, it waits for
 * that.
 *
 * Since: 0.1
 */
void
belfry_inbox_model_load_more_async (BelfryInboxModel *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_INBOX_MODEL (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_name (task, "belfry_inbox_model_load_more_async");
  g_queue_push_tail (&self->load_tasks, task);
  self->waiting = FALSE;
  notify_changes (self);
  schedule (self);
}

/**
 * belfry_inbox_model_load_more_finish:
 * @self: a model
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.InboxModel.load_more_async].
 *
 * Errors: as [method@Belfry.Client.list_finish].
 *
 * Returns: %TRUE if they are shown, also where there are none; %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_inbox_model_load_more_finish (BelfryInboxModel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_INBOX_MODEL (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
