/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the service that reads and changes nothing. */

#include "belfry-notification-service-private.h"

#include "belfry-error.h"

/* Takes @task and @read over. */
static void
submit_read (GTask *task, BelfryStoreRead *read, BelfryStoreReadFunc done)
{
  BelfryNotificationService *self = g_task_get_source_object (task);

  read->done = done;
  read->user_data = task;
  belfry_store_read (belfry_notification_service_get_store (self), read);
}

static void
on_got (BelfryStoreRead *read, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (read->error != NULL)
    g_task_return_error (task, g_steal_pointer (&read->error));
  else if (read->rows->len == 0)
    g_task_return_new_error (task, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND,
                             "id: the user has no notification %" G_GUINT64_FORMAT,
                             (guint64) read->id);
  else
    g_task_return_pointer (
        task, g_object_ref (g_array_index (read->rows, BelfryStoreRow, 0).notification),
        g_object_unref);
}

/**
 * belfry_notification_service_get_async:
 * @self: the service
 * @user_id: whose notification it is
 * @id: its id
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when it is there
 * @user_data: for @callback
 *
 * Gets one notification.
 *
 * Since: 0.1
 */
void
belfry_notification_service_get_async (BelfryNotificationService *self,
                                       const char *user_id,
                                       gint64 id,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  GTask *task;
  BelfryStoreRead *read;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);

  task =
      belfry_notification_service_new_task (self, "[belfry] get", cancellable, callback, user_data);
  read = belfry_store_read_new (BELFRY_READ_GET, user_id);
  read->id = id;
  submit_read (task, read, on_got);
}

/**
 * belfry_notification_service_get_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.get_async].
 *
 * Errors: %BELFRY_ERROR_NOT_FOUND, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: (transfer full): the notification, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryNotification *
belfry_notification_service_get_finish (BelfryNotificationService *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

typedef struct
{
  GPtrArray *notifications;
  gint64 total;
  gboolean more;
  BelfryInboxState state;
} Listing;

static void
listing_free (gpointer data)
{
  Listing *listing = data;

  g_clear_pointer (&listing->notifications, g_ptr_array_unref);
  g_free (listing);
}

static void
on_listed (BelfryStoreRead *read, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Listing *listing;

  if (read->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&read->error));
      return;
    }
  listing = g_new0 (Listing, 1);
  listing->total = read->total;
  listing->more = read->more;
  listing->state = read->state;
  listing->notifications = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; read->rows != NULL && i < read->rows->len; i++)
    g_ptr_array_add (listing->notifications,
                     g_object_ref (g_array_index (read->rows, BelfryStoreRow, i).notification));
  g_task_return_pointer (task, listing, listing_free);
}

/**
 * belfry_notification_service_list_async:
 * @self: the service
 * @user_id: whose notifications
 * @before: only those with lower ids, for the next page; %G_MAXINT64 for the first
 * @limit: how many at most, from 1
 * @max_bytes: how many bytes of data at most, though at least one notification
 * @only_unread: whether read ones are left out
 * @tag: (nullable): only the one with this tag
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when they are there
 * @user_data: for @callback
 *
 * Lists the notifications of a user, the newest first.
 *
 * Since: 0.1
 */
void
belfry_notification_service_list_async (BelfryNotificationService *self,
                                        const char *user_id,
                                        gint64 before,
                                        guint limit,
                                        gsize max_bytes,
                                        gboolean only_unread,
                                        const char *tag,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GTask *task;
  BelfryStoreRead *read;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (limit >= 1);

  task = belfry_notification_service_new_task (self, "[belfry] list", cancellable, callback,
                                               user_data);
  read = belfry_store_read_new (BELFRY_READ_LIST, user_id);
  read->before = before;
  read->limit = limit;
  read->max_bytes = max_bytes;
  read->only_unread = only_unread;
  read->tag = g_strdup (tag);
  submit_read (task, read, on_listed);
}

/**
 * belfry_notification_service_list_finish:
 * @self: the service
 * @result: what the callback was given
 * @total: (out) (optional): how many match, without @before and @limit
 * @more: (out) (optional): whether older ones follow
 * @unread: (out) (optional): how many unread ones the user has
 * @unread_at: (out) (optional): the position at which they were counted
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.list_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: (transfer container) (element-type Belfry.Notification): the notifications, the newest
 * first, or %NULL with @error set
 *
 * Since: 0.1
 */
GPtrArray *
belfry_notification_service_list_finish (BelfryNotificationService *self,
                                         GAsyncResult *result,
                                         gint64 *total,
                                         gboolean *more,
                                         gint64 *unread,
                                         gint64 *unread_at,
                                         GError **error)
{
  Listing *listing;
  GPtrArray *notifications;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  listing = g_task_propagate_pointer (G_TASK (result), error);
  if (listing == NULL)
    return NULL;
  if (total != NULL)
    *total = listing->total;
  if (more != NULL)
    *more = listing->more;
  if (unread != NULL)
    *unread = listing->state.unread;
  if (unread_at != NULL)
    *unread_at = listing->state.position;
  notifications = g_steal_pointer (&listing->notifications);
  listing_free (listing);
  return notifications;
}

/**
 * belfry_notification_service_count_unread_async:
 * @self: the service
 * @user_id: whose notifications
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when they are counted
 * @user_data: for @callback
 *
 * Counts the unread notifications of a user.
 *
 * Since: 0.1
 */
void
belfry_notification_service_count_unread_async (BelfryNotificationService *self,
                                                const char *user_id,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);

  task = belfry_notification_service_new_task (self, "[belfry] count_unread", cancellable, callback,
                                               user_data);
  submit_read (task, belfry_store_read_new (BELFRY_READ_STATE, user_id), on_listed);
}

/**
 * belfry_notification_service_count_unread_finish:
 * @self: the service
 * @result: what the callback was given
 * @unread_at: (out) (optional): the position at which they were counted
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.count_unread_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: the count, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_count_unread_finish (BelfryNotificationService *self,
                                                 GAsyncResult *result,
                                                 gint64 *unread_at,
                                                 GError **error)
{
  gint64 unread;
  g_autoptr (GPtrArray) none =
      belfry_notification_service_list_finish (self, result, NULL, NULL, &unread, unread_at, error);

  return none != NULL ? unread : -1;
}
