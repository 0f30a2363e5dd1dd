/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-session-registry-private.h"

#include "belfry-argument.h"
#include "belfry-error.h"
#include "belfry-frames.h"
#include "belfry-session-private.h"

/**
 * BelfrySessionRegistry:
 *
 * Knows every session, by its id and by its user. It is the one listener between the notification
 * service and the inboxes: what happens reaches the sessions of one user, whatever the number of
 * all others.
 *
 * Since: 0.1
 */
struct _BelfrySessionRegistry
{
  GObject parent_instance;

  BelfryNotificationService *service;
  BelfryHandlerChain *chain;
  BelfrySessionRegistryOptions options;

  GHashTable *inboxes;  /* user id → BelfryInbox */
  GHashTable *sessions; /* session id → BelfrySession */
  GHashTable *users;    /* ids of users with a registered session, unowned: their inbox's */
  guint64 n_dropped;

  BelfryDeadlines *token_expiries;
  BelfryRequestClock clock;
  GPtrArray *retries; /* sessions whose page could not be read */
};

G_DEFINE_FINAL_TYPE (BelfrySessionRegistry, belfry_session_registry, G_TYPE_OBJECT)

enum
{
  USER_CONNECTED,
  USER_DISCONNECTED,
  SESSION_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
belfry_session_registry_finalize (GObject *object)
{
  BelfrySessionRegistry *self = BELFRY_SESSION_REGISTRY (object);

  g_clear_object (&self->service);
  g_clear_object (&self->chain);
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->inboxes);
  belfry_deadlines_free (self->token_expiries);
  g_ptr_array_unref (self->retries);

  G_OBJECT_CLASS (belfry_session_registry_parent_class)->finalize (object);
}

static void
belfry_session_registry_class_init (BelfrySessionRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_session_registry_finalize;

  /**
   * BelfrySessionRegistry::user-connected:
   * @self: the registry
   * @user_id: the user
   *
   * A user's first session registered.
   *
   * Since: 0.1
   */
  signals[USER_CONNECTED] =
      g_signal_new ("user-connected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  /**
   * BelfrySessionRegistry::user-disconnected:
   * @self: the registry
   * @user_id: the user
   *
   * A user's last session ended.
   *
   * Since: 0.1
   */
  signals[USER_DISCONNECTED] =
      g_signal_new ("user-disconnected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  /**
   * BelfrySessionRegistry::session-ended:
   * @self: the registry
   * @session: the session; nothing can be sent to it any more
   *
   * A registered session ended: its connection closed, or it registered as another user.
   *
   * Since: 0.1
   */
  signals[SESSION_ENDED] =
      g_signal_new ("session-ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, BELFRY_TYPE_SESSION);
}

static void
belfry_session_registry_init (BelfrySessionRegistry *self)
{
  self->inboxes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->users = g_hash_table_new (g_str_hash, g_str_equal);
  self->token_expiries = belfry_deadlines_new ();
  self->retries = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
on_change (BelfryNotificationService *service, BelfryChange *change, BelfrySessionRegistry *self)
{
  BelfryInbox *inbox = g_hash_table_lookup (self->inboxes, change->user_id);

  if (inbox != NULL)
    belfry_inbox_deliver (inbox, change);
}

BelfrySessionRegistry *
belfry_session_registry_new (BelfryNotificationService *service,
                             BelfryHandlerChain *chain,
                             const BelfrySessionRegistryOptions *options)
{
  static const char *const changes[] = {
    "notification-created",
    "notification-updated",
    "notification-read",
    "notification-removed",
  };
  BelfrySessionRegistry *self = g_object_new (BELFRY_TYPE_SESSION_REGISTRY, NULL);

  self->service = g_object_ref (service);
  self->chain = g_object_ref (chain);
  self->options = *options;
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect_object (service, changes[i], G_CALLBACK (on_change), self, 0);
  return self;
}

BelfryStore *
belfry_session_registry_get_store (BelfrySessionRegistry *self)
{
  return belfry_notification_service_get_store (self->service);
}

const char *
belfry_session_registry_get_epoch (BelfrySessionRegistry *self)
{
  return belfry_store_get_epoch (belfry_session_registry_get_store (self));
}

BelfryHandlerChain *
belfry_session_registry_get_chain (BelfrySessionRegistry *self)
{
  return self->chain;
}

BelfryRequestClock *
belfry_session_registry_get_clock (BelfrySessionRegistry *self)
{
  return &self->clock;
}

/* Returns: (transfer full): the user id as clients know it, JSON */
char *
belfry_session_registry_get_user_json (BelfrySessionRegistry *self, const char *user_id)
{
  return belfry_frame_user_json (user_id, self->options.numeric_user_ids);
}

void
belfry_session_registry_add (BelfrySessionRegistry *self, BelfrySession *session)
{
  g_hash_table_insert (self->sessions, session->id, g_object_ref (session));
  g_queue_push_tail_link (belfry_inbox_get_sessions (session->inbox), &session->in_inbox);
}

/* The client of @session knows that it is registered. */
static void
announce (BelfrySessionRegistry *self, BelfrySession *session)
{
  const char *user_id = belfry_inbox_get_user_id (session->inbox);

  if (g_hash_table_add (self->users, (gpointer) user_id))
    g_signal_emit (self, signals[USER_CONNECTED], 0, user_id);
}

void
belfry_session_registry_remove (BelfrySessionRegistry *self, BelfrySession *session)
{
  g_autoptr (BelfrySession) alive = g_object_ref (session);
  g_autoptr (BelfryInbox) inbox = g_object_ref (session->inbox);
  const char *user_id = belfry_inbox_get_user_id (inbox);

  belfry_deadlines_clear (self->token_expiries, &session->expiry);
  g_queue_unlink (belfry_inbox_get_sessions (inbox), &session->in_inbox);
  g_hash_table_remove (self->sessions, session->id);
  g_ptr_array_remove_fast (self->retries, session);
  if (session->registered)
    g_signal_emit (self, signals[SESSION_ENDED], 0, session);

  if (belfry_inbox_get_n_sessions (inbox) > 0)
    return;
  g_hash_table_remove (self->inboxes, user_id);
  if (g_hash_table_remove (self->users, user_id))
    g_signal_emit (self, signals[USER_DISCONNECTED], 0, user_id);
}

/* The store could not read a page: try again at the next sweep. */
void
belfry_session_registry_retry (BelfrySessionRegistry *self, BelfrySession *session)
{
  g_ptr_array_add (self->retries, g_object_ref (session));
}

typedef struct
{
  BelfrySession *session;
  char *id_json;
  gboolean resume;
  gint64 since;
  gboolean same_epoch;
} Registration;

static void
registration_free (Registration *registration)
{
  g_object_unref (registration->session);
  g_free (registration->id_json);
  g_free (registration);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Registration, registration_free)

static void
on_state (BelfryStoreRead *read, gpointer user_data)
{
  g_autoptr (Registration) registration = user_data;
  BelfrySession *session = registration->session;
  g_autoptr (BelfryConnection) connection = NULL;

  if (session->registry == NULL)
    return;
  connection = belfry_connection_ref (session->connection);
  if (read->error != NULL)
    {
      g_warning ("A session could not be registered: %s", read->error->message);
      if (!session->registered)
        {
          belfry_connection_close (connection, BELFRY_CLOSE_BUSY, registration->id_json, NULL);
          return;
        }
      belfry_session_answer_busy (session, registration->id_json);
    }
  else if (session->registered)
    belfry_session_answer_register (session, registration->id_json, &read->state);
  else
    {
      belfry_session_start (session, registration->resume, registration->since,
                            registration->same_epoch, &read->state, registration->id_json);
      announce (session->registry, session);
    }
  belfry_connection_resume (connection);
}

static BelfryInbox *
ensure_inbox (BelfrySessionRegistry *self, const char *user_id)
{
  BelfryInbox *inbox = g_hash_table_lookup (self->inboxes, user_id);

  if (inbox == NULL)
    {
      inbox = belfry_inbox_new (user_id, self->options.numeric_user_ids,
                                self->options.max_connections_per_user);
      g_hash_table_insert (self->inboxes, (gpointer) belfry_inbox_get_user_id (inbox), inbox);
    }
  return inbox;
}

/* Makes a session for @connection. Returns: (transfer none) (nullable): NULL if the user is full */
static BelfrySession *
open_session (BelfrySessionRegistry *self, BelfryConnection *connection, const char *user_id)
{
  BelfryInbox *inbox = ensure_inbox (self, user_id);
  BelfryConnectionSlot *slot = belfry_connection_limit_take (belfry_inbox_get_limit (inbox));
  g_autoptr (BelfrySession) session = NULL;

  /* A user who is full has sessions: the inbox was there before. */
  if (slot == NULL)
    return NULL;
  session = belfry_session_new (self, connection, inbox, slot);
  belfry_connection_set_session (connection, session);
  return session;
}

/* A client gave a token that has been verified. The frames behind it wait until this is answered:
 * belfry_connection_resume(). */
void
belfry_session_registry_register (BelfrySessionRegistry *self,
                                  BelfryConnection *connection,
                                  const BelfryClientFrame *frame)
{
  BelfrySession *session = belfry_connection_get_session (connection);
  Registration *registration;
  BelfryStoreRead *read;

  if (session != NULL && g_strcmp0 (belfry_session_get_user_id (session), frame->user_id) != 0)
    {
      g_autoptr (BelfrySession) old = g_object_ref (session);

      belfry_connection_disown_requests (connection);
      belfry_connection_set_session (connection, NULL);
      belfry_session_end (old);
      session = NULL;
    }
  if (session == NULL)
    session = open_session (self, connection, frame->user_id);
  if (session == NULL)
    {
      belfry_connection_close (connection, BELFRY_CLOSE_LIMIT_PER_USER, frame->id_json, NULL);
      return;
    }
  belfry_deadlines_set (self->token_expiries, &session->expiry, frame->expires_at);

  registration = g_new0 (Registration, 1);
  registration->session = g_object_ref (session);
  registration->id_json = g_strdup (frame->id_json);
  registration->resume = frame->resume;
  registration->since = frame->since;
  registration->same_epoch =
      frame->epoch == NULL || g_str_equal (frame->epoch, belfry_session_registry_get_epoch (self));

  read = belfry_store_read_new (BELFRY_READ_STATE, frame->user_id);
  read->done = on_state;
  read->user_data = registration;
  belfry_store_read (belfry_session_registry_get_store (self), read);
}

/* Looks once a second what has run out. */
void
belfry_session_registry_sweep (BelfrySessionRegistry *self)
{
  g_autoptr (GPtrArray) retries = g_steal_pointer (&self->retries);
  gint64 wall_clock = g_get_real_time ();
  BelfryDeadline *expired;

  self->retries = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < retries->len; i++)
    belfry_session_catch_up (g_ptr_array_index (retries, i));

  while ((expired = belfry_deadlines_pop (self->token_expiries, wall_clock)) != NULL)
    {
      BelfrySession *session =
          G_STRUCT_MEMBER_P (expired, -(glong) G_STRUCT_OFFSET (BelfrySession, expiry));

      belfry_connection_close (session->connection, BELFRY_CLOSE_TOKEN_EXPIRED, NULL, NULL);
    }
  belfry_request_clock_sweep (&self->clock, g_get_monotonic_time ());
}

/* The frame for a message that is not stored.
 *
 * Returns: (nullable): NULL with @error, BELFRY_ERROR_INVALID_ARGS or BELFRY_ERROR_TOO_LARGE */
GBytes *
belfry_session_registry_encode (BelfrySessionRegistry *self,
                                const char *type,
                                const char *data,
                                GError **error)
{
  g_autofree char *trimmed = NULL;
  BelfryJsonValue object;

  if (!belfry_argument_check_type (type, error)
      || !belfry_argument_check_data (data, self->options.max_data, &object, error))
    return NULL;
  if (belfry_type_is_reserved (type))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "type: “%s” is one of Belfry's own", type);
      return NULL;
    }
  trimmed = g_strndup (object.text, object.length);
  return belfry_frame_message (type, trimmed);
}

/* Returns: whether the session took it; if not, it is counted as dropped */
static gboolean
send_or_drop (BelfrySessionRegistry *self, BelfrySession *session, GBytes *text)
{
  if (!session->registered)
    return FALSE;
  if (belfry_session_send_frame (session, text))
    return TRUE;
  self->n_dropped++;
  return FALSE;
}

/**
 * belfry_session_registry_get_n_users:
 * @self: a registry
 *
 * Gets how many users have a registered session.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
belfry_session_registry_get_n_users (BelfrySessionRegistry *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), 0);

  return g_hash_table_size (self->users);
}

/**
 * belfry_session_registry_get_n_sessions:
 * @self: a registry
 *
 * Gets how many sessions there are, those included whose `register` is not answered yet.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
belfry_session_registry_get_n_sessions (BelfrySessionRegistry *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), 0);

  return g_hash_table_size (self->sessions);
}

/**
 * belfry_session_registry_get_n_dropped:
 * @self: a registry
 *
 * Gets how many messages that are not stored were dropped, because a client did not read.
 *
 * Returns: the number since the start
 *
 * Since: 0.1
 */
guint64
belfry_session_registry_get_n_dropped (BelfrySessionRegistry *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), 0);

  return self->n_dropped;
}

/**
 * belfry_session_registry_lookup_inbox:
 * @self: a registry
 * @user_id: a user
 *
 * Finds the inbox of a user.
 *
 * Returns: (transfer none) (nullable): the inbox, or %NULL if the user has no session
 *
 * Since: 0.1
 */
BelfryInbox *
belfry_session_registry_lookup_inbox (BelfrySessionRegistry *self, const char *user_id)
{
  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), NULL);
  g_return_val_if_fail (user_id != NULL, NULL);

  return g_hash_table_lookup (self->inboxes, user_id);
}

/**
 * belfry_session_registry_lookup_session:
 * @self: a registry
 * @session_id: the id of a session
 *
 * Finds a session.
 *
 * Returns: (transfer none) (nullable): the session, or %NULL if it has ended
 *
 * Since: 0.1
 */
BelfrySession *
belfry_session_registry_lookup_session (BelfrySessionRegistry *self, const char *session_id)
{
  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), NULL);
  g_return_val_if_fail (session_id != NULL, NULL);

  return g_hash_table_lookup (self->sessions, session_id);
}

/**
 * belfry_session_registry_list_sessions:
 * @self: a registry
 * @user_id: (nullable): only those of this user
 *
 * Lists the registered sessions, in no particular order.
 *
 * Returns: (transfer container) (element-type BelfryServer.Session): the sessions
 *
 * Since: 0.1
 */
GPtrArray *
belfry_session_registry_list_sessions (BelfrySessionRegistry *self, const char *user_id)
{
  GPtrArray *list;
  GHashTableIter iter;
  BelfrySession *session;

  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), NULL);

  list = g_ptr_array_new_with_free_func (g_object_unref);
  if (user_id != NULL)
    {
      BelfryInbox *inbox = g_hash_table_lookup (self->inboxes, user_id);

      for (GList *link = inbox != NULL ? belfry_inbox_get_sessions (inbox)->head : NULL;
           link != NULL; link = link->next)
        if (((BelfrySession *) link->data)->registered)
          g_ptr_array_add (list, g_object_ref (link->data));
      return list;
    }
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &session))
    if (session->registered)
      g_ptr_array_add (list, g_object_ref (session));
  return list;
}

/**
 * belfry_session_registry_send_to_users:
 * @self: a registry
 * @user_ids: (array zero-terminated=1): the users; one who is named twice gets it once
 * @type: a message type of yours: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's own
 * @data: the content: one JSON object as UTF-8 text, at most 32 deep and as long as the data of a
 *   notification
 * @error: return location for an error
 *
 * Sends a message to every session of some users. It is not stored: sessions whose clients do not
 * read lose it.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE.
 *
 * Returns: how many registered sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
int
belfry_session_registry_send_to_users (BelfrySessionRegistry *self,
                                       const char *const *user_ids,
                                       const char *type,
                                       const char *data,
                                       GError **error)
{
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GHashTable) sent = NULL;
  int n_taken = 0;

  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), -1);
  g_return_val_if_fail (user_ids != NULL && type != NULL && data != NULL, -1);

  text = belfry_session_registry_encode (self, type, data, error);
  if (text == NULL)
    return -1;
  sent = g_hash_table_new (NULL, NULL);
  for (guint i = 0; user_ids[i] != NULL; i++)
    {
      BelfryInbox *inbox = g_hash_table_lookup (self->inboxes, user_ids[i]);

      if (inbox == NULL || !g_hash_table_add (sent, inbox))
        continue;
      for (GList *link = belfry_inbox_get_sessions (inbox)->head; link != NULL; link = link->next)
        n_taken += send_or_drop (self, link->data, text);
    }
  return n_taken;
}

/**
 * belfry_session_registry_broadcast:
 * @self: a registry
 * @type: a message type of yours: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's own
 * @data: the content: one JSON object as UTF-8 text, at most 32 deep and as long as the data of a
 *   notification
 * @error: return location for an error
 *
 * Sends a message to every session of all users. It is not stored: sessions whose clients do not
 * read lose it.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE.
 *
 * Returns: how many registered sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
int
belfry_session_registry_broadcast (BelfrySessionRegistry *self,
                                   const char *type,
                                   const char *data,
                                   GError **error)
{
  g_autoptr (GBytes) text = NULL;
  GHashTableIter iter;
  BelfrySession *session;
  int n_taken = 0;

  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), -1);
  g_return_val_if_fail (type != NULL && data != NULL, -1);

  text = belfry_session_registry_encode (self, type, data, error);
  if (text == NULL)
    return -1;
  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &session))
    n_taken += send_or_drop (self, session, text);
  return n_taken;
}

/**
 * belfry_session_registry_disconnect_user:
 * @self: a registry
 * @user_id: a user
 * @reason: what the clients are told, UTF-8
 *
 * Disconnects every session of a user, those included whose `register` is not answered yet: see
 * [method@BelfryServer.Session.disconnect].
 *
 * Returns: how many sessions there were
 *
 * Since: 0.1
 */
guint
belfry_session_registry_disconnect_user (BelfrySessionRegistry *self,
                                         const char *user_id,
                                         const char *reason)
{
  g_autoptr (BelfryInbox) inbox = NULL;
  GList *first;
  guint n = 0;

  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (self), 0);
  g_return_val_if_fail (user_id != NULL && reason != NULL, 0);

  if (!g_set_object (&inbox, g_hash_table_lookup (self->inboxes, user_id)))
    return 0;
  while ((first = belfry_inbox_get_sessions (inbox)->head) != NULL)
    {
      belfry_session_disconnect (first->data, reason);
      n++;
    }
  return n;
}
