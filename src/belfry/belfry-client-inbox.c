/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's methods that look into an inbox, and change what is read and what is there. */

#include "belfry-client-private.h"

#include "belfry-notification-private.h"

#define LONG G_MAXINT /* ms: a large inbox takes its time */

#define METHOD(name, reply_type, timeout)                         \
  {                                                               \
    BELFRY_CLIENT_NOTIFICATIONS, (name), (reply_type), (timeout), \
        .can_repeat = belfry_client_can_repeat                    \
  }

static const BelfryClientMethod get = METHOD ("Get", "(a{sv})", 0);
static const BelfryClientMethod list = METHOD ("List", "(aa{sv}t)", 0);
static const BelfryClientMethod count_unread = METHOD ("CountUnread", "(t)", 0);
static const BelfryClientMethod mark_read = METHOD ("MarkRead", "(u)", 0);
static const BelfryClientMethod mark_unread = METHOD ("MarkUnread", "(u)", 0);
static const BelfryClientMethod mark_all_read = METHOD ("MarkAllRead", "(u)", LONG);
static const BelfryClientMethod remove_ids = METHOD ("Remove", "(u)", 0);
static const BelfryClientMethod remove_all = METHOD ("RemoveAll", "(u)", LONG);

static GVariant *
new_ids (const char *user_id, const gint64 *ids, gsize n_ids)
{
  return g_variant_new ("(s@at)", user_id,
                        g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, ids, n_ids, sizeof *ids));
}

/* These take a reply over, which is NULL if there was an error. */

static BelfryNotification *
take_notification (GVariant *reply, GError **error)
{
  g_autoptr (GVariant) owned = reply;
  g_autoptr (GVariant) notification = NULL;

  if (reply == NULL)
    return NULL;
  notification = g_variant_get_child_value (reply, 0);
  return belfry_notification_new_from_variant (notification, error);
}

static GPtrArray *
take_list (GVariant *reply, gint64 *total, GError **error)
{
  g_autoptr (GVariant) owned = reply;
  g_autoptr (GVariantIter) iter = NULL;
  g_autoptr (GPtrArray) notifications = NULL;
  GVariant *child;
  guint64 count;

  if (reply == NULL)
    return NULL;
  notifications = g_ptr_array_new_with_free_func (g_object_unref);
  g_variant_get (reply, "(aa{sv}t)", &iter, &count);
  while ((child = g_variant_iter_next_value (iter)) != NULL)
    {
      BelfryNotification *notification = belfry_notification_new_from_variant (child, error);

      g_variant_unref (child);
      if (notification == NULL)
        return NULL;
      g_ptr_array_add (notifications, notification);
    }
  if (total != NULL)
    *total = (gint64) count;
  return g_steal_pointer (&notifications);
}

/**
 * belfry_client_get_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @id: which one
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is there
 * @user_data: for @callback
 *
 * Gets one notification.
 *
 * Since: 0.1
 */
void
belfry_client_get_async (BelfryClient *self,
                         const char *user_id,
                         gint64 id,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);

  belfry_client_call_async (self, &get, g_variant_new ("(st)", user_id, (guint64) id), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_get_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.get_async].
 *
 * Errors: %BELFRY_ERROR_NOT_FOUND, %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: (transfer full): the notification, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryNotification *
belfry_client_get_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return take_notification (belfry_client_call_finish (self, &get, result, error), error);
}

/**
 * belfry_client_get_sync:
 * @self: a client
 * @user_id: whose
 * @id: which one
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Blocks until it is there: see [method@Belfry.Client.get_async].
 *
 * Errors: as [method@Belfry.Client.get_finish].
 *
 * Returns: (transfer full): the notification, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryNotification *
belfry_client_get_sync (BelfryClient *self,
                        const char *user_id,
                        gint64 id,
                        GCancellable *cancellable,
                        GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);
  g_return_val_if_fail (user_id != NULL, NULL);

  return take_notification (belfry_client_call_sync (self, &get,
                                                     g_variant_new ("(st)", user_id, (guint64) id),
                                                     cancellable, error),
                            error);
}

/**
 * belfry_client_list_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @query: (nullable): a dictionary (`a{sv}`; a floating one is consumed) with any of `before`
 *   (`t`: only lower ids), `limit` (`u`, 1 to 1,000; 100 if left out), `unread` (`b`: %TRUE leaves
 *   read ones out) and `tag` (`s`)
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when they are there
 * @user_data: for @callback
 *
 * Lists notifications of a user, the newest first. The list is cut at 8 MiB of data.
 *
 * Since: 0.1
 */
void
belfry_client_list_async (BelfryClient *self,
                          const char *user_id,
                          GVariant *query,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (query == NULL || g_variant_is_of_type (query, G_VARIANT_TYPE_VARDICT));

  belfry_client_call_async (self, &list,
                            g_variant_new ("(s@a{sv})", user_id, belfry_client_dictionary (query)),
                            cancellable, callback, user_data);
}

/**
 * belfry_client_list_finish:
 * @self: a client
 * @result: what the callback was given
 * @total: (out) (optional): how many match, whatever `before` and `limit` are
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.list_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: (transfer container) (element-type Belfry.Notification): the notifications, or %NULL
 * with
 * @error set
 *
 * Since: 0.1
 */
GPtrArray *
belfry_client_list_finish (BelfryClient *self, GAsyncResult *result, gint64 *total, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return take_list (belfry_client_call_finish (self, &list, result, error), total, error);
}

/**
 * belfry_client_list_sync:
 * @self: a client
 * @user_id: whose
 * @query: (nullable): a dictionary (`a{sv}`)
 * @total: (out) (optional): how many match, whatever `before` and `limit` are
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Blocks until they are there: see [method@Belfry.Client.list_async].
 *
 * Errors: as [method@Belfry.Client.list_finish].
 *
 * Returns: (transfer container) (element-type Belfry.Notification): the notifications, or %NULL
 * with
 * @error set
 *
 * Since: 0.1
 */
GPtrArray *
belfry_client_list_sync (BelfryClient *self,
                         const char *user_id,
                         GVariant *query,
                         gint64 *total,
                         GCancellable *cancellable,
                         GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);
  g_return_val_if_fail (user_id != NULL, NULL);
  g_return_val_if_fail (query == NULL || g_variant_is_of_type (query, G_VARIANT_TYPE_VARDICT),
                        NULL);

  return take_list (belfry_client_call_sync (
                        self, &list,
                        g_variant_new ("(s@a{sv})", user_id, belfry_client_dictionary (query)),
                        cancellable, error),
                    total, error);
}

/**
 * belfry_client_count_unread_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the count is there
 * @user_data: for @callback
 *
 * Counts the unread notifications of a user.
 *
 * Since: 0.1
 */
void
belfry_client_count_unread_async (BelfryClient *self,
                                  const char *user_id,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);

  belfry_client_call_async (self, &count_unread, g_variant_new ("(s)", user_id), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_count_unread_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.count_unread_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many are unread, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_count_unread_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &count_unread, result, error));
}

/**
 * belfry_client_count_unread_sync:
 * @self: a client
 * @user_id: whose
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Blocks until the count is there: see [method@Belfry.Client.count_unread_async].
 *
 * Errors: as [method@Belfry.Client.count_unread_finish].
 *
 * Returns: how many are unread, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_count_unread_sync (BelfryClient *self,
                                 const char *user_id,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &count_unread, g_variant_new ("(s)", user_id), cancellable, error));
}

/**
 * belfry_client_mark_read_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @ids: (array length=n_ids): which ones; those that the user does not have are passed over
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when they are marked as read
 * @user_data: for @callback
 *
 * Marks notifications of a user as read, in the database and in every browser tab.
 *
 * Since: 0.1
 */
void
belfry_client_mark_read_async (BelfryClient *self,
                               const char *user_id,
                               const gint64 *ids,
                               gsize n_ids,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (ids != NULL || n_ids == 0);

  belfry_client_call_async (self, &mark_read, new_ids (user_id, ids, n_ids), cancellable, callback,
                            user_data);
}

/**
 * belfry_client_mark_read_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.mark_read_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many were marked as read, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_read_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &mark_read, result, error));
}

/**
 * belfry_client_mark_read_sync:
 * @self: a client
 * @user_id: whose
 * @ids: (array length=n_ids): which ones
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Blocks until they are marked as read: see [method@Belfry.Client.mark_read_async].
 *
 * Errors: as [method@Belfry.Client.mark_read_finish].
 *
 * Returns: how many were marked as read, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_read_sync (BelfryClient *self,
                              const char *user_id,
                              const gint64 *ids,
                              gsize n_ids,
                              GCancellable *cancellable,
                              GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);
  g_return_val_if_fail (ids != NULL || n_ids == 0, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &mark_read, new_ids (user_id, ids, n_ids), cancellable, error));
}

/**
 * belfry_client_mark_unread_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @ids: (array length=n_ids): which ones, 1 to 1,000
 * @n_ids: how many there are
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Marks notifications as unread again. Those that the user does not have are passed over.
 *
 * Since: 0.1
 */
void
belfry_client_mark_unread_async (BelfryClient *self,
                                 const char *user_id,
                                 const gint64 *ids,
                                 gsize n_ids,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (ids != NULL || n_ids == 0);

  belfry_client_call_async (self, &mark_unread, new_ids (user_id, ids, n_ids), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_mark_unread_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.mark_unread_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_unread_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &mark_unread, result, error));
}

/**
 * belfry_client_mark_unread_sync:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @ids: (array length=n_ids): which ones, 1 to 1,000
 * @n_ids: how many there are
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.mark_unread_async].
 *
 * Errors: as [method@Belfry.Client.mark_unread_finish].
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_unread_sync (BelfryClient *self,
                                const char *user_id,
                                const gint64 *ids,
                                gsize n_ids,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);
  g_return_val_if_fail (ids != NULL || n_ids == 0, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &mark_unread, new_ids (user_id, ids, n_ids), cancellable, error));
}

/**
 * belfry_client_mark_all_read_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Marks all notifications as read that the user has now. This is done 1,000 at a time, and ends
 * after the last.
 *
 * Since: 0.1
 */
void
belfry_client_mark_all_read_async (BelfryClient *self,
                                   const char *user_id,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);

  belfry_client_call_async (self, &mark_all_read, g_variant_new ("(s)", user_id), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_mark_all_read_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.mark_all_read_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_all_read_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (
      belfry_client_call_finish (self, &mark_all_read, result, error));
}

/**
 * belfry_client_mark_all_read_sync:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.mark_all_read_async].
 *
 * Errors: as [method@Belfry.Client.mark_all_read_finish].
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_mark_all_read_sync (BelfryClient *self,
                                  const char *user_id,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &mark_all_read, g_variant_new ("(s)", user_id), cancellable, error));
}

/**
 * belfry_client_remove_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @ids: (array length=n_ids): which ones; those that the user does not have are passed over
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when they are removed
 * @user_data: for @callback
 *
 * Removes notifications of a user, from the database and from every browser tab.
 *
 * Since: 0.1
 */
void
belfry_client_remove_async (BelfryClient *self,
                            const char *user_id,
                            const gint64 *ids,
                            gsize n_ids,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (ids != NULL || n_ids == 0);

  belfry_client_call_async (self, &remove_ids, new_ids (user_id, ids, n_ids), cancellable, callback,
                            user_data);
}

/**
 * belfry_client_remove_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.remove_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many were removed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_remove_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &remove_ids, result, error));
}

/**
 * belfry_client_remove_sync:
 * @self: a client
 * @user_id: whose
 * @ids: (array length=n_ids): which ones
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Blocks until they are removed: see [method@Belfry.Client.remove_async].
 *
 * Errors: as [method@Belfry.Client.remove_finish].
 *
 * Returns: how many were removed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_remove_sync (BelfryClient *self,
                           const char *user_id,
                           const gint64 *ids,
                           gsize n_ids,
                           GCancellable *cancellable,
                           GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);
  g_return_val_if_fail (ids != NULL || n_ids == 0, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &remove_ids, new_ids (user_id, ids, n_ids), cancellable, error));
}

/**
 * belfry_client_remove_all_async:
 * @self: a client
 * @user_id: whose: 1 to 128 bytes of UTF-8 without control characters
 * @cancellable: (nullable): does not undo what was removed
 * @callback: (scope async): called when they are removed
 * @user_data: for @callback
 *
 * Removes all notifications that a user has now. However many there are, the call waits for the
 * last.
 *
 * Since: 0.1
 */
void
belfry_client_remove_all_async (BelfryClient *self,
                                const char *user_id,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL);

  belfry_client_call_async (self, &remove_all, g_variant_new ("(s)", user_id), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_remove_all_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.remove_all_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE, and those of
 * #GDBusError and #GIOError if Belfry cannot be reached.
 *
 * Returns: how many were removed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_remove_all_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);

  return belfry_client_take_number (belfry_client_call_finish (self, &remove_all, result, error));
}

/**
 * belfry_client_remove_all_sync:
 * @self: a client
 * @user_id: whose
 * @cancellable: (nullable): does not undo what was removed
 * @error: return location for an error
 *
 * Blocks until they are removed: see [method@Belfry.Client.remove_all_async].
 *
 * Errors: as [method@Belfry.Client.remove_all_finish].
 *
 * Returns: how many were removed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_remove_all_sync (BelfryClient *self,
                               const char *user_id,
                               GCancellable *cancellable,
                               GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL, -1);

  return belfry_client_take_number (belfry_client_call_sync (
      self, &remove_all, g_variant_new ("(s)", user_id), cancellable, error));
}
