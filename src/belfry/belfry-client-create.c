/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's methods that make notifications, and change what is in them. */

#include "belfry-client-private.h"

static gboolean
has_key (GVariant *options)
{
  return g_variant_lookup (options, "idempotency-key", "&s", NULL);
}

static gboolean
can_repeat_create (GVariant *parameters)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 2);

  return has_key (options);
}

static gboolean
can_repeat_create_many (GVariant *parameters)
{
  g_autoptr (GVariant) notifications = g_variant_get_child_value (parameters, 0);
  gboolean all_have = TRUE;

  for (gsize i = 0; all_have && i < g_variant_n_children (notifications); i++)
    {
      g_autoptr (GVariant) notification = g_variant_get_child_value (notifications, i);
      g_autoptr (GVariant) options = g_variant_get_child_value (notification, 2);

      all_have = has_key (options);
    }
  return all_have;
}

static const BelfryClientMethod create = { BELFRY_CLIENT_NOTIFICATIONS, "Create", "(t)",
                                           .can_repeat = can_repeat_create };
static const BelfryClientMethod create_many = { BELFRY_CLIENT_NOTIFICATIONS, "CreateMany", "(at)",
                                                .can_repeat = can_repeat_create_many };
static const BelfryClientMethod update = { BELFRY_CLIENT_NOTIFICATIONS, "Update", "()",
                                           .can_repeat = belfry_client_can_repeat };

/* These take a reply over, which is NULL if there was an error. */

static gint64 *
take_ids (GVariant *reply, gsize *n_ids)
{
  g_autoptr (GVariant) owned = reply;
  g_autoptr (GVariant) ids = NULL;
  gconstpointer data;

  *n_ids = 0;
  if (reply == NULL)
    return NULL;
  ids = g_variant_get_child_value (reply, 0);
  data = g_variant_get_fixed_array (ids, n_ids, sizeof (gint64));
  return g_memdup2 (data, *n_ids * sizeof (gint64));
}

/**
 * belfry_client_create_async:
 * @self: a client
 * @user_id: for whom: 1 to 128 bytes of UTF-8 without control characters
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @options: (nullable): a dictionary (`a{sv}`; a floating one is consumed) with any of
 *   `idempotency-key` (`s`, 1 to 128 bytes: a second call with the same one gives the same id and
 *   does nothing), `tag` (`s`, 1 to 128 bytes: an earlier notification with it goes) and `expires`
 *   (`x`, 1 to 315,360,000 seconds from now)
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the notification is durable
 * @user_data: for @callback
 *
 * Creates a notification and rings it in every browser tab of its user.
 *
 * Since: 0.1
 */
void
belfry_client_create_async (BelfryClient *self,
                            const char *user_id,
                            const char *data,
                            GVariant *options,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && data != NULL);
  g_return_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT));

  belfry_client_call_async (
      self, &create,
      g_variant_new ("(ss@a{sv})", user_id, data, belfry_client_dictionary (options)), cancellable,
      callback, user_data);
}

/**
 * belfry_client_create_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.create_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: the id, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_create_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &create, result, error));
}

/**
 * belfry_client_create_sync:
 * @self: a client
 * @user_id: for whom
 * @data: the content, a JSON object
 * @options: (nullable): a dictionary (`a{sv}`)
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Blocks until the notification is durable: see [method@Belfry.Client.create_async].
 *
 * Errors: as [method@Belfry.Client.create_finish].
 *
 * Returns: the id, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_create_sync (BelfryClient *self,
                           const char *user_id,
                           const char *data,
                           GVariant *options,
                           GCancellable *cancellable,
                           GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL && data != NULL, -1);
  g_return_val_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT),
                        -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &create,
      g_variant_new ("(ss@a{sv})", user_id, data, belfry_client_dictionary (options)), cancellable,
      error));
}

/**
 * belfry_client_create_many_async:
 * @self: a client
 * @notifications: 1 to 1,000 of user id, data and options (`a(ssa{sv})`), each as for
 *   [method@Belfry.Client.create_async]; 8 MiB at most; a floating one is consumed
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the notifications are durable
 * @user_data: for @callback
 *
 * Creates many notifications at once, all or none. The message of an error begins with the place of
 * the one that is at fault, `notifications[17]`.
 *
 * Since: 0.1
 */
void
belfry_client_create_many_async (BelfryClient *self,
                                 GVariant *notifications,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (notifications != NULL);
  g_return_if_fail (g_variant_is_of_type (notifications, G_VARIANT_TYPE ("a(ssa{sv})")));

  belfry_client_call_async (self, &create_many, g_variant_new ("(@a(ssa{sv}))", notifications),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_create_many_finish:
 * @self: a client
 * @result: what the callback was given
 * @n_ids: (out): how many ids there are
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.create_many_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: (transfer full) (array length=n_ids): the ids in the order of @notifications, or %NULL
 * with @error set
 *
 * Since: 0.1
 */
gint64 *
belfry_client_create_many_finish (BelfryClient *self,
                                  GAsyncResult *result,
                                  gsize *n_ids,
                                  GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return take_ids (belfry_client_call_finish (self, &create_many, result, error), n_ids);
}

/**
 * belfry_client_create_many_sync:
 * @self: a client
 * @notifications: user ids, data and options (`a(ssa{sv})`)
 * @n_ids: (out): how many ids there are
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Blocks until the notifications are durable: see [method@Belfry.Client.create_many_async].
 *
 * Errors: as [method@Belfry.Client.create_many_finish].
 *
 * Returns: (transfer full) (array length=n_ids): the ids in the order of @notifications, or %NULL
 * with @error set
 *
 * Since: 0.1
 */
gint64 *
belfry_client_create_many_sync (BelfryClient *self,
                                GVariant *notifications,
                                gsize *n_ids,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);
  g_return_val_if_fail (notifications != NULL, NULL);
  g_return_val_if_fail (g_variant_is_of_type (notifications, G_VARIANT_TYPE ("a(ssa{sv})")), NULL);

  return take_ids (belfry_client_call_sync (self, &create_many,
                                            g_variant_new ("(@a(ssa{sv}))", notifications),
                                            cancellable, error),
                   n_ids);
}

/**
 * belfry_client_update_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @id: which one
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless belfryd is told
 *   otherwise, and 32 deep
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the change is durable
 * @user_data: for @callback
 *
 * Gives a notification a new content. Whether it was read stays.
 *
 * Since: 0.1
 */
void
belfry_client_update_async (BelfryClient *self,
                            const char *user_id,
                            gint64 id,
                            const char *data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && data != NULL);

  belfry_client_call_async (self, &update, g_variant_new ("(sts)", user_id, (guint64) id, data),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_update_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.update_async].
 *
 * Errors: %BELFRY_ERROR_NOT_FOUND, %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE,
 * %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry
 * cannot be reached.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_update_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (belfry_client_call_finish (self, &update, result, error));
}

/**
 * belfry_client_update_sync:
 * @self: a client
 * @user_id: whose
 * @id: which one
 * @data: the content, a JSON object
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Blocks until the change is durable: see [method@Belfry.Client.update_async].
 *
 * Errors: as [method@Belfry.Client.update_finish].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_update_sync (BelfryClient *self,
                           const char *user_id,
                           gint64 id,
                           const char *data,
                           GCancellable *cancellable,
                           GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (user_id != NULL && data != NULL, FALSE);

  return belfry_client_take_nothing (belfry_client_call_sync (
      self, &update, g_variant_new ("(sts)", user_id, (guint64) id, data), cancellable, error));
}
