/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's methods of org.belfry.Belfry1.Sessions. */

#include "belfry-client-private.h"

#define METHOD(name, reply_type)                                                            \
  {                                                                                         \
    BELFRY_CLIENT_SESSIONS, (name), (reply_type), 0, .can_repeat = belfry_client_can_repeat \
  }

static const BelfryClientMethod send_to_user = { BELFRY_CLIENT_SESSIONS, "SendToUser", "(u)" };
static const BelfryClientMethod send_to_users = { BELFRY_CLIENT_SESSIONS, "SendToUsers", "(u)" };
static const BelfryClientMethod broadcast = { BELFRY_CLIENT_SESSIONS, "Broadcast", "(u)" };
static const BelfryClientMethod list_sessions = METHOD ("ListSessions", "(aa{sv}u)");
static const BelfryClientMethod disconnect_session = METHOD ("Disconnect", "()");
static const BelfryClientMethod disconnect_user = METHOD ("DisconnectUser", "(u)");

/* Takes over @reply, which is NULL if there was an error. */
static GVariant *
take_sessions (GVariant *reply, gint64 *total)
{
  g_autoptr (GVariant) owned = reply;
  GVariant *sessions;
  guint32 count;

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(@aa{sv}u)", &sessions, &count);
  if (total != NULL)
    *total = count;
  return sessions;
}

/**
 * belfry_client_send_to_user_async:
 * @self: a client
 * @user_id: to whom: 1 to 128 bytes of UTF-8 without control characters
 * @type: a type of your own: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the message is on its way
 * @user_data: for @callback
 *
 * Sends a message, which is not stored, to every session that a user has now.
 *
 * Since: 0.1
 */
void
belfry_client_send_to_user_async (BelfryClient *self,
                                  const char *user_id,
                                  const char *type,
                                  const char *data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && type != NULL && data != NULL);

  belfry_client_call_async (self, &send_to_user, g_variant_new ("(sss)", user_id, type, data),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_send_to_user_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.send_to_user_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_send_to_user_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &send_to_user, result, error));
}

/**
 * belfry_client_send_to_user_sync:
 * @self: a client
 * @user_id: to whom
 * @type: a type of your own
 * @data: the content, a JSON object
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Blocks until the message is on its way: see [method@Belfry.Client.send_to_user_async].
 *
 * Errors: as [method@Belfry.Client.send_to_user_finish].
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_send_to_user_sync (BelfryClient *self,
                                 const char *user_id,
                                 const char *type,
                                 const char *data,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL && type != NULL && data != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &send_to_user, g_variant_new ("(sss)", user_id, type, data), cancellable, error));
}

/**
 * belfry_client_send_to_users_async:
 * @self: a client
 * @user_ids: (array zero-terminated=1): to whom: 1 to 10,000; one who is named twice gets it once
 * @type: a type of your own: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when the message is on its way
 * @user_data: for @callback
 *
 * Sends a message, which is not stored, to every session that some users have now.
 *
 * Since: 0.1
 */
void
belfry_client_send_to_users_async (BelfryClient *self,
                                   const char *const *user_ids,
                                   const char *type,
                                   const char *data,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_ids != NULL && type != NULL && data != NULL);

  belfry_client_call_async (self, &send_to_users, g_variant_new ("(^asss)", user_ids, type, data),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_send_to_users_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.send_to_users_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_send_to_users_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (
      belfry_client_call_finish (self, &send_to_users, result, error));
}

/**
 * belfry_client_send_to_users_sync:
 * @self: a client
 * @user_ids: (array zero-terminated=1): to whom: 1 to 10,000; one who is named twice gets it once
 * @type: a type of your own: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.send_to_users_async].
 *
 * Errors: as [method@Belfry.Client.send_to_users_finish].
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_send_to_users_sync (BelfryClient *self,
                                  const char *const *user_ids,
                                  const char *type,
                                  const char *data,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_ids != NULL && type != NULL && data != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &send_to_users, g_variant_new ("(^asss)", user_ids, type, data), cancellable, error));
}

/**
 * belfry_client_broadcast_async:
 * @self: a client
 * @type: a type of your own: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the message is on its way
 * @user_data: for @callback
 *
 * Sends a message, which is not stored, to every session that there is now, of all users.
 *
 * Since: 0.1
 */
void
belfry_client_broadcast_async (BelfryClient *self,
                               const char *type,
                               const char *data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (type != NULL && data != NULL);

  belfry_client_call_async (self, &broadcast, g_variant_new ("(ss)", type, data), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_broadcast_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.broadcast_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_broadcast_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &broadcast, result, error));
}

/**
 * belfry_client_broadcast_sync:
 * @self: a client
 * @type: a type of your own
 * @data: the content, a JSON object
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Blocks until the message is on its way: see [method@Belfry.Client.broadcast_async].
 *
 * Errors: as [method@Belfry.Client.broadcast_finish].
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_broadcast_sync (BelfryClient *self,
                              const char *type,
                              const char *data,
                              GCancellable *cancellable,
                              GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (type != NULL && data != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &broadcast, g_variant_new ("(ss)", type, data), cancellable, error));
}

/**
 * belfry_client_list_sessions_async:
 * @self: a client
 * @query: (nullable): a dictionary (`a{sv}`; a floating one is consumed) with any of `user-id`
 * (`s`: only those of this user) and `limit` (`u`, 1 to 10,000; 100 if left out)
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when they are there
 * @user_data: for @callback
 *
 * Lists the registered sessions, in no particular order.
 *
 * Since: 0.1
 */
void
belfry_client_list_sessions_async (BelfryClient *self,
                                   GVariant *query,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (query == NULL || g_variant_is_of_type (query, G_VARIANT_TYPE_VARDICT));

  belfry_client_call_async (self, &list_sessions,
                            g_variant_new ("(@a{sv})", belfry_client_dictionary (query)),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_list_sessions_finish:
 * @self: a client
 * @result: what the callback was given
 * @total: (out) (optional): how many match, whatever `limit` is
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.list_sessions_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if
 * Belfry cannot be reached.
 *
 * Returns: (transfer full): dictionaries (`aa{sv}`) of `session-id` (`s`), `user-id` (`s`),
 * `connected-at` (`x`, microseconds since 1970), `peer` (`s`) and `live` (`b`: whether it has
 * caught up), or %NULL with @error set
 *
 * Since: 0.1
 */
GVariant *
belfry_client_list_sessions_finish (BelfryClient *self,
                                    GAsyncResult *result,
                                    gint64 *total,
                                    GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return take_sessions (belfry_client_call_finish (self, &list_sessions, result, error), total);
}

/**
 * belfry_client_list_sessions_sync:
 * @self: a client
 * @query: (nullable): a dictionary (`a{sv}`; a floating one is consumed) with any of `user-id`
 * (`s`: only those of this user) and `limit` (`u`, 1 to 10,000; 100 if left out)
 * @total: (out) (optional): how many match, whatever `limit` is
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.list_sessions_async].
 *
 * Errors: as [method@Belfry.Client.list_sessions_finish].
 *
 * Returns: (transfer full): dictionaries (`aa{sv}`) of `session-id` (`s`), `user-id` (`s`),
 * `connected-at` (`x`, microseconds since 1970), `peer` (`s`) and `live` (`b`: whether it has
 * caught up), or %NULL with @error set
 *
 * Since: 0.1
 */
GVariant *
belfry_client_list_sessions_sync (BelfryClient *self,
                                  GVariant *query,
                                  gint64 *total,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);
  g_return_val_if_fail (query == NULL || g_variant_is_of_type (query, G_VARIANT_TYPE_VARDICT),
                        NULL);

  return take_sessions (
      belfry_client_call_sync (self, &list_sessions,
                               g_variant_new ("(@a{sv})", belfry_client_dictionary (query)),
                               cancellable, error),
      total);
}

/**
 * belfry_client_disconnect_session_async:
 * @self: a client
 * @session_id: which one
 * @reason: what its client is told, at most 1,024 bytes of UTF-8
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Ends a session. Its client gets the error `DISCONNECTED`, and stays away.
 *
 * Since: 0.1
 */
void
belfry_client_disconnect_session_async (BelfryClient *self,
                                        const char *session_id,
                                        const char *reason,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (session_id != NULL && reason != NULL);

  belfry_client_call_async (self, &disconnect_session, g_variant_new ("(ss)", session_id, reason),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_disconnect_session_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.disconnect_session_async].
 *
 * Errors: %BELFRY_ERROR_NOT_FOUND, %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE,
 * %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_disconnect_session_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (
      belfry_client_call_finish (self, &disconnect_session, result, error));
}

/**
 * belfry_client_disconnect_session_sync:
 * @self: a client
 * @session_id: which one
 * @reason: what its client is told, at most 1,024 bytes of UTF-8
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.disconnect_session_async].
 *
 * Errors: as [method@Belfry.Client.disconnect_session_finish].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_disconnect_session_sync (BelfryClient *self,
                                       const char *session_id,
                                       const char *reason,
                                       GCancellable *cancellable,
                                       GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (session_id != NULL && reason != NULL, FALSE);

  return belfry_client_take_nothing (belfry_client_call_sync (
      self, &disconnect_session, g_variant_new ("(ss)", session_id, reason), cancellable, error));
}

/**
 * belfry_client_disconnect_user_async:
 * @self: a client
 * @user_id: whose sessions: 1 to 128 bytes of UTF-8 without control characters
 * @reason: what the clients are told, at most 1,024 bytes of UTF-8
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Ends every session of a user. The clients get the error `DISCONNECTED`, and stay away.
 *
 * Since: 0.1
 */
void
belfry_client_disconnect_user_async (BelfryClient *self,
                                     const char *user_id,
                                     const char *reason,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && reason != NULL);

  belfry_client_call_async (self, &disconnect_user, g_variant_new ("(ss)", user_id, reason),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_disconnect_user_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.disconnect_user_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many sessions there were, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_disconnect_user_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (
      belfry_client_call_finish (self, &disconnect_user, result, error));
}

/**
 * belfry_client_disconnect_user_sync:
 * @self: a client
 * @user_id: whose sessions: 1 to 128 bytes of UTF-8 without control characters
 * @reason: what the clients are told, at most 1,024 bytes of UTF-8
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.disconnect_user_async].
 *
 * Errors: as [method@Belfry.Client.disconnect_user_finish].
 *
 * Returns: how many sessions there were, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_disconnect_user_sync (BelfryClient *self,
                                    const char *user_id,
                                    const char *reason,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL && reason != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &disconnect_user, g_variant_new ("(ss)", user_id, reason), cancellable, error));
}
