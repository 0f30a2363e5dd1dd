/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's signals that tell of notifications and users, and the subscription to them. */

#include "belfry-client-private.h"

enum
{
  NOTIFICATION_CREATED,
  NOTIFICATION_UPDATED,
  NOTIFICATION_READ,
  NOTIFICATION_REMOVED,
  USER_CONNECTED,
  USER_DISCONNECTED,
  SUBSCRIBED,
  N_SIGNALS
};

static guint signal_ids[N_SIGNALS];

/* What Belfry sends, and what it becomes here. */
static const struct
{
  const char *name;
  const char *type;
  guint signal;
} received[] = {
  { "Created", "(ts)", NOTIFICATION_CREATED }, { "Updated", "(ts)", NOTIFICATION_UPDATED },
  { "Read", "(sat)", NOTIFICATION_READ },      { "Removed", "(sat)", NOTIFICATION_REMOVED },
  { "UserConnected", "(s)", USER_CONNECTED },  { "UserDisconnected", "(s)", USER_DISCONNECTED },
};

typedef struct
{
  guint signal;
  GVariant *parameters;
} Received;

static void
received_free (gpointer data)
{
  Received *self = data;

  g_variant_unref (self->parameters);
  g_free (self);
}

static void
emit_notification (BelfryClient *client, guint signal, GVariant *parameters)
{
  const char *user_id;
  guint64 id;

  g_variant_get (parameters, "(t&s)", &id, &user_id);
  g_signal_emit (client, signal_ids[signal], 0, user_id, (gint64) id);
}

/* Every language gets plain values so. */
static void
emit_notifications (BelfryClient *client, guint signal, GVariant *parameters)
{
  g_autoptr (GVariantIter) iter = NULL;
  const char *user_id;
  guint64 id;

  g_variant_get (parameters, "(&sat)", &user_id, &iter);
  while (g_variant_iter_next (iter, "t", &id))
    g_signal_emit (client, signal_ids[signal], 0, user_id, (gint64) id);
}

static void
emit_user (BelfryClient *client, guint signal, GVariant *parameters)
{
  const char *user_id;

  g_variant_get (parameters, "(&s)", &user_id);
  g_signal_emit (client, signal_ids[signal], 0, user_id);
}

static void
on_told (BelfryClient *client, gpointer data)
{
  Received *self = data;

  switch (self->signal)
    {
    case NOTIFICATION_CREATED:
    case NOTIFICATION_UPDATED:
      emit_notification (client, self->signal, self->parameters);
      break;
    case NOTIFICATION_READ:
    case NOTIFICATION_REMOVED:
      emit_notifications (client, self->signal, self->parameters);
      break;
    default:
      emit_user (client, self->signal, self->parameters);
    }
}

/* In the thread of the links. A signal that is not known is one of a later version. */
void
belfry_client_receive_signal (BelfryClientAgent *agent, const char *name, GVariant *parameters)
{
  for (guint i = 0; i < G_N_ELEMENTS (received); i++)
    if (g_str_equal (received[i].name, name)
        && g_variant_is_of_type (parameters, G_VARIANT_TYPE (received[i].type)))
      {
        Received *self = g_new0 (Received, 1);

        self->signal = received[i].signal;
        self->parameters = g_variant_ref (parameters);
        belfry_client_agent_tell (agent, on_told, self, received_free);
      }
}

static guint
new_signal (BelfryClientClass *klass, const char *name, gboolean has_id)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, has_id ? 2 : 1, G_TYPE_STRING, G_TYPE_INT64);
}

void
belfry_client_init_signals (BelfryClientClass *klass)
{
  /**
   * BelfryClient::notification-created:
   * @self: the client
   * @user_id: whose it is
   * @id: which one
   *
   * A notification was stored.
   *
   * Since: 0.1
   */
  signal_ids[NOTIFICATION_CREATED] = new_signal (klass, "notification-created", TRUE);

  /**
   * BelfryClient::notification-updated:
   * @self: the client
   * @user_id: whose it is
   * @id: which one
   *
   * A notification has a new content, or was marked unread.
   *
   * Since: 0.1
   */
  signal_ids[NOTIFICATION_UPDATED] = new_signal (klass, "notification-updated", TRUE);

  /**
   * BelfryClient::notification-read:
   * @self: the client
   * @user_id: whose it is
   * @id: which one
   *
   * A notification was marked read. Each of many is told by itself.
   *
   * Since: 0.1
   */
  signal_ids[NOTIFICATION_READ] = new_signal (klass, "notification-read", TRUE);

  /**
   * BelfryClient::notification-removed:
   * @self: the client
   * @user_id: whose it was
   * @id: which one
   *
   * A notification was removed, has expired, or was replaced by one with the same tag. Each of many
   * is told by itself.
   *
   * Since: 0.1
   */
  signal_ids[NOTIFICATION_REMOVED] = new_signal (klass, "notification-removed", TRUE);

  /**
   * BelfryClient::user-connected:
   * @self: the client
   * @user_id: the user
   *
   * A user's first session has begun.
   *
   * Since: 0.1
   */
  signal_ids[USER_CONNECTED] = new_signal (klass, "user-connected", FALSE);

  /**
   * BelfryClient::user-disconnected:
   * @self: the client
   * @user_id: the user
   *
   * A user's last session has ended.
   *
   * Since: 0.1
   */
  signal_ids[USER_DISCONNECTED] = new_signal (klass, "user-disconnected", FALSE);

  /**
   * BelfryClient::subscribed:
   * @self: the client
   *
   * The subscription holds from now on. This is said after [method@Belfry.Client.subscribe_async],
   * and when the subscription was renewed, since Belfry had gone. What happened between was not
   * told: whoever keeps a copy lists afresh.
   *
   * Since: 0.1
   */
  signal_ids[SUBSCRIBED] = g_signal_new ("subscribed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                         0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
emit_subscribed (BelfryClient *client, gpointer data)
{
  g_signal_emit (client, signal_ids[SUBSCRIBED], 0);
}

static void
on_subscribed (gpointer user_data, GVariant *parameters)
{
  BelfryClientAgent *agent = user_data;
  GVariant *old = agent->subscription;

  agent->subscription = g_variant_ref (parameters);
  g_clear_pointer (&old, g_variant_unref);
  belfry_client_agent_tell (agent, emit_subscribed, NULL, NULL);
}

static void
on_unsubscribed (gpointer user_data, GVariant *parameters)
{
  BelfryClientAgent *agent = user_data;

  g_clear_pointer (&agent->subscription, g_variant_unref);
}

static const BelfryClientMethod subscribe = { BELFRY_CLIENT_NOTIFICATIONS, "Subscribe", "()",
                                              .can_repeat = belfry_client_can_repeat,
                                              .done = on_subscribed };
static const BelfryClientMethod unsubscribe = { BELFRY_CLIENT_NOTIFICATIONS, "Unsubscribe", "()",
                                                .can_repeat = belfry_client_can_repeat,
                                                .done = on_unsubscribed };

static void
on_renewed (GVariant *reply, GError *error, gpointer user_data)
{
  g_clear_pointer (&reply, g_variant_unref);
  if (error != NULL && belfry_client_is_refusal (error))
    g_warning ("The subscription was refused when it was renewed: %s", error->message);
  /* If it has gone again, there will be another time. */
  else if (error != NULL)
    g_debug ("The subscription was not renewed: %s", error->message);
  g_clear_error (&error);
}

/* In the thread of the links: Belfry has come, and knows nothing of this client. */
void
belfry_client_renew_subscription (BelfryClientAgent *agent)
{
  if (agent->subscription != NULL)
    belfry_client_queue_add (agent->queue,
                             belfry_client_call_new (BELFRY_CLIENT_LANE_RENEWAL, &subscribe,
                                                     agent->subscription, on_renewed, NULL));
}

static GVariant *
new_filter (const char *user_prefix, const char *const *names)
{
  g_auto (GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);

  if (user_prefix != NULL)
    g_variant_dict_insert (&filter, "user-prefix", "s", user_prefix);
  if (names != NULL)
    g_variant_dict_insert (&filter, "signals", "^as", names);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&filter));
}

/**
 * belfry_client_subscribe_async:
 * @self: a client
 * @user_prefix: (nullable): only of users whose ids begin so, at most 128 bytes; %NULL for all
 * @signals: (nullable) (array zero-terminated=1): only these of `Created`, `Updated`, `Read`,
 *   `Removed`, `UserConnected` and `UserDisconnected`; %NULL for all
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Asks for the signals that tell what happens to notifications, and who is there. A client has one
 * subscription: subscribing again replaces it. It is renewed when Belfry was away, and
 * [signal@Belfry.Client::subscribed] says so.
 *
 * Since: 0.1
 */
void
belfry_client_subscribe_async (BelfryClient *self,
                               const char *user_prefix,
                               const char *const *signals,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));

  belfry_client_call_async (self, &subscribe, new_filter (user_prefix, signals), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_subscribe_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.subscribe_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if
 * Belfry cannot be reached.
 *
 * Returns: %TRUE if the subscription holds, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_subscribe_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (belfry_client_call_finish (self, &subscribe, result, error));
}

/**
 * belfry_client_subscribe_sync:
 * @self: a client
 * @user_prefix: (nullable): only of users whose ids begin so, at most 128 bytes; %NULL for all
 * @signals: (nullable) (array zero-terminated=1): only these of `Created`, `Updated`, `Read`,
 *   `Removed`, `UserConnected` and `UserDisconnected`; %NULL for all
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.subscribe_async].
 *
 * Errors: as [method@Belfry.Client.subscribe_finish].
 *
 * Returns: %TRUE if the subscription holds, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_subscribe_sync (BelfryClient *self,
                              const char *user_prefix,
                              const char *const *signals,
                              GCancellable *cancellable,
                              GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (belfry_client_call_sync (
      self, &subscribe, new_filter (user_prefix, signals), cancellable, error));
}

/**
 * belfry_client_unsubscribe_async:
 * @self: a client
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Ends the subscription. Without one it does nothing.
 *
 * Since: 0.1
 */
void
belfry_client_unsubscribe_async (BelfryClient *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));

  belfry_client_call_async (self, &unsubscribe, g_variant_new ("()"), cancellable, callback,
                            user_data);
}

/**
 * belfry_client_unsubscribe_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.unsubscribe_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_unsubscribe_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (belfry_client_call_finish (self, &unsubscribe, result, error));
}

/**
 * belfry_client_unsubscribe_sync:
 * @self: a client
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.unsubscribe_async].
 *
 * Errors: as [method@Belfry.Client.unsubscribe_finish].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_unsubscribe_sync (BelfryClient *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (
      belfry_client_call_sync (self, &unsubscribe, g_variant_new ("()"), cancellable, error));
}
