/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's methods of org.belfry.Belfry1.Sessions. */

#include "belfry-client-private.h"

#define SESSIONS "org.belfry.Belfry1.Sessions"

static const BelfryClientMethod send_to_user = { SESSIONS, "SendToUser", "(u)" };
static const BelfryClientMethod broadcast = { SESSIONS, "Broadcast", "(u)" };

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
