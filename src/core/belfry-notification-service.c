/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-notification-service-private.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-error.h"

/**
 * BelfryNotificationService:
 *
 * Creates, lists, changes and removes notifications, whoever asks for it: a worker on the bus, a
 * browser tab, or the program that embeds the server.
 *
 * Whatever is answered without an error is durable. Every change is told by a signal, in the order
 * of the commits and before the call that made it is answered. All of it happens in the main
 * thread.
 *
 * Since: 0.1
 */
struct _BelfryNotificationService
{
  GObject parent_instance;

  BelfryStore *store;
  gsize max_data;
};

G_DEFINE_FINAL_TYPE (BelfryNotificationService, belfry_notification_service, G_TYPE_OBJECT)

/* In the order of BelfryChangeKind. */
static guint signals[4];

static void
on_change (BelfryChange *change, gpointer user_data)
{
  BelfryNotificationService *self = user_data;

  g_signal_emit (self, signals[change->kind], 0, change);
}

static void
belfry_notification_service_dispose (GObject *object)
{
  BelfryNotificationService *self = BELFRY_NOTIFICATION_SERVICE (object);

  if (self->store != NULL)
    belfry_store_set_listener (self->store, NULL, NULL);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (belfry_notification_service_parent_class)->dispose (object);
}

static guint
new_signal (BelfryNotificationServiceClass *klass, const char *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 1, BELFRY_TYPE_CHANGE);
}

static void
belfry_notification_service_class_init (BelfryNotificationServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = belfry_notification_service_dispose;

  /**
   * BelfryNotificationService::notification-created:
   * @self: the service
   * @change: what happened; [method@BelfryServer.Change.get_notification] is the new notification
   *
   * A notification was stored.
   *
   * Since: 0.1
   */
  signals[BELFRY_CHANGE_CREATED] = new_signal (klass, "notification-created");

  /**
   * BelfryNotificationService::notification-updated:
   * @self: the service
   * @change: what happened; [method@BelfryServer.Change.get_notification] is its present state
   *
   * The content of a notification changed, or it was marked unread.
   *
   * Since: 0.1
   */
  signals[BELFRY_CHANGE_UPDATED] = new_signal (klass, "notification-updated");

  /**
   * BelfryNotificationService::notification-read:
   * @self: the service
   * @change: what happened; [method@BelfryServer.Change.get_ids] were read
   *
   * Notifications of one user were read.
   *
   * Since: 0.1
   */
  signals[BELFRY_CHANGE_READ] = new_signal (klass, "notification-read");

  /**
   * BelfryNotificationService::notification-removed:
   * @self: the service
   * @change: what happened; [method@BelfryServer.Change.get_ids] were removed
   *
   * Notifications of one user were removed, have expired, or were replaced by their tag.
   *
   * Since: 0.1
   */
  signals[BELFRY_CHANGE_REMOVED] = new_signal (klass, "notification-removed");
}

static void
belfry_notification_service_init (BelfryNotificationService *self)
{
}

/* @max_data: how long data may be, 1 to BELFRY_DATA_MAX bytes */
BelfryNotificationService *
belfry_notification_service_new (BelfryStore *store, gsize max_data)
{
  BelfryNotificationService *self = g_object_new (BELFRY_TYPE_NOTIFICATION_SERVICE, NULL);

  self->store = g_object_ref (store);
  self->max_data = max_data;
  belfry_store_set_listener (store, on_change, self);
  return self;
}

BelfryStore *
belfry_notification_service_get_store (BelfryNotificationService *self)
{
  return self->store;
}

GTask *
belfry_notification_service_new_task (BelfryNotificationService *self,
                                      const char *name,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_name (task, name);
  /* What was stored is stored: a caller that has cancelled meanwhile learns of it all the same. */
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

/* Takes @task and @write over. */
static void
submit_write (GTask *task, BelfryStoreWrite *write, BelfryStoreWriteFunc done)
{
  BelfryNotificationService *self = g_task_get_source_object (task);

  write->done = done;
  write->user_data = task;
  belfry_store_write (self->store, write);
}

/* Creates all of @drafts, which are taken over, or none. In any thread; @done is called in the main
 * one. */
void
belfry_notification_service_submit (BelfryNotificationService *self,
                                    GPtrArray *drafts,
                                    BelfryStoreWriteFunc done,
                                    gpointer user_data)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);

  write->drafts = drafts;
  write->done = done;
  write->user_data = user_data;
  belfry_store_write (self->store, write);
}

static void
on_created (BelfryStoreWrite *write, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (write->error != NULL)
    g_task_return_error (task, g_steal_pointer (&write->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&write->result_ids),
                           (GDestroyNotify) g_array_unref);
}

static gboolean
check_data_length (BelfryNotificationService *self, const char *data, GError **error)
{
  gsize length = strlen (data);

  if (length <= self->max_data)
    return TRUE;
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
               "data: %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT " are allowed", length,
               self->max_data);
  return FALSE;
}

/**
 * belfry_notification_service_create_async:
 * @self: the service
 * @draft: what to create
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the notification is durable
 * @user_data: for @callback
 *
 * Creates a notification and rings it in every session of its user.
 *
 * Since: 0.1
 */
void
belfry_notification_service_create_async (BelfryNotificationService *self,
                                          BelfryDraft *draft,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GPtrArray *drafts;
  GError *error = NULL;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (BELFRY_IS_DRAFT (draft));

  task = belfry_notification_service_new_task (self, "[belfry] create", cancellable, callback,
                                               user_data);
  if (!check_data_length (self, belfry_draft_get_data (draft), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  drafts = g_ptr_array_new_full (1, g_object_unref);
  g_ptr_array_add (drafts, g_object_ref (draft));
  belfry_notification_service_submit (self, drafts, on_created, g_steal_pointer (&task));
}

/**
 * belfry_notification_service_create_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.create_async].
 *
 * Errors: %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: the id, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_create_finish (BelfryNotificationService *self,
                                           GAsyncResult *result,
                                           GError **error)
{
  g_autoptr (GArray) ids = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  ids = g_task_propagate_pointer (G_TASK (result), error);
  return ids != NULL ? g_array_index (ids, gint64, 0) : -1;
}

/**
 * belfry_notification_service_create_many_async:
 * @self: the service
 * @drafts: (element-type BelfryServer.Draft): what to create, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the notifications are durable
 * @user_data: for @callback
 *
 * Creates notifications in one transaction, all or none.
 *
 * Since: 0.1
 */
void
belfry_notification_service_create_many_async (BelfryNotificationService *self,
                                               GPtrArray *drafts,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GPtrArray) checked = NULL;
  GError *error = NULL;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (drafts != NULL && drafts->len >= 1 && drafts->len <= BELFRY_IDS_MAX);

  task = belfry_notification_service_new_task (self, "[belfry] create_many", cancellable, callback,
                                               user_data);
  checked = g_ptr_array_new_full (drafts->len, g_object_unref);
  for (guint i = 0; i < drafts->len; i++)
    {
      BelfryDraft *draft = g_ptr_array_index (drafts, i);

      if (!check_data_length (self, belfry_draft_get_data (draft), &error))
        {
          g_prefix_error (&error, "notifications[%u]: ", i);
          g_task_return_error (task, error);
          return;
        }
      g_ptr_array_add (checked, g_object_ref (draft));
    }
  belfry_notification_service_submit (self, g_steal_pointer (&checked), on_created,
                                      g_steal_pointer (&task));
}

/**
 * belfry_notification_service_create_many_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.create_many_async].
 *
 * Errors: %BELFRY_ERROR_TOO_LARGE, whose message names the index, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE.
 *
 * Returns: (transfer full) (element-type gint64): the ids in the order of the drafts, or %NULL with
 *   @error set
 *
 * Since: 0.1
 */
GArray *
belfry_notification_service_create_many_finish (BelfryNotificationService *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_updated (BelfryStoreWrite *write, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (write->error != NULL)
    g_task_return_error (task, g_steal_pointer (&write->error));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * belfry_notification_service_update_async:
 * @self: the service
 * @user_id: whose notification it is
 * @id: its id
 * @data: the new content: one JSON object as UTF-8 text, at most 32 deep
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the change is durable
 * @user_data: for @callback
 *
 * Gives a notification a new content. Whether it was read stays as it is.
 *
 * Since: 0.1
 */
void
belfry_notification_service_update_async (BelfryNotificationService *self,
                                          const char *user_id,
                                          gint64 id,
                                          const char *data,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (BelfryStoreWrite) write = NULL;
  BelfryJsonValue object;
  GError *error = NULL;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL && data != NULL);

  task = belfry_notification_service_new_task (self, "[belfry] update", cancellable, callback,
                                               user_data);
  if (!belfry_argument_check_user_id (user_id, &error)
      || !belfry_argument_check_data (data, self->max_data, &object, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  write = belfry_store_write_new (BELFRY_WRITE_UPDATE, user_id);
  write->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (write->ids, id);
  write->data = g_strndup (object.text, object.length);
  submit_write (g_steal_pointer (&task), g_steal_pointer (&write), on_updated);
}

/**
 * belfry_notification_service_update_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.update_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_NOT_FOUND,
 * %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_notification_service_update_finish (BelfryNotificationService *self,
                                           GAsyncResult *result,
                                           GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Goes on until nothing is left that matches: each step is a transaction of its own, with the work
 * of others between them. The task carries the number of those changed so far. */
static void
on_changed (BelfryStoreWrite *write, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  gsize count = GPOINTER_TO_SIZE (g_task_get_task_data (task)) + write->count;

  if (write->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&write->error));
    }
  else if (write->more)
    {
      BelfryStoreWrite *next = belfry_store_write_new (write->kind, write->user_id);

      next->up_to = write->up_to;
      if (write->ids != NULL)
        {
          next->ids = g_array_ref (write->ids);
          g_array_remove_range (next->ids, 0, BELFRY_MARK_UNREAD_STEP);
        }
      g_task_set_task_data (task, GSIZE_TO_POINTER (count), NULL);
      submit_write (g_steal_pointer (&task), next, on_changed);
    }
  else
    {
      g_task_return_int (task, (gssize) count);
    }
}

/* Takes @task and @write over: a change that may take several transactions. */
void
belfry_notification_service_change_all (GTask *task, BelfryStoreWrite *write)
{
  submit_write (task, write, on_changed);
}

static void
change_by_ids (GTask *task,
               BelfryWriteKind kind,
               const char *user_id,
               const gint64 *ids,
               gsize n_ids)
{
  BelfryStoreWrite *write = belfry_store_write_new (kind, user_id);

  write->ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), (guint) n_ids);
  g_array_append_vals (write->ids, ids, (guint) n_ids);
  submit_write (task, write, on_changed);
}

/* What the ends of all calls that count what they have changed have in common: for those who make
 * several of them, and one callback. */
gint64
belfry_notification_service_change_finish (BelfryNotificationService *self,
                                           GAsyncResult *result,
                                           GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

/**
 * belfry_notification_service_mark_read_async:
 * @self: the service
 * @user_id: whose notifications
 * @ids: (array length=n_ids): which ones; those that the user does not have are passed over
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the change is durable
 * @user_data: for @callback
 *
 * Marks notifications as read.
 *
 * Since: 0.1
 */
void
belfry_notification_service_mark_read_async (BelfryNotificationService *self,
                                             const char *user_id,
                                             const gint64 *ids,
                                             gsize n_ids,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (n_ids >= 1 && n_ids <= BELFRY_IDS_MAX);

  task = belfry_notification_service_new_task (self, "[belfry] mark_read", cancellable, callback,
                                               user_data);
  change_by_ids (task, BELFRY_WRITE_MARK_READ, user_id, ids, n_ids);
}

/**
 * belfry_notification_service_mark_read_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.mark_read_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_mark_read_finish (BelfryNotificationService *self,
                                              GAsyncResult *result,
                                              GError **error)
{
  return belfry_notification_service_change_finish (self, result, error);
}

/**
 * belfry_notification_service_mark_unread_async:
 * @self: the service
 * @user_id: whose notifications
 * @ids: (array length=n_ids): which ones; those that the user does not have are passed over
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the change is durable
 * @user_data: for @callback
 *
 * Marks notifications as unread again.
 *
 * Since: 0.1
 */
void
belfry_notification_service_mark_unread_async (BelfryNotificationService *self,
                                               const char *user_id,
                                               const gint64 *ids,
                                               gsize n_ids,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (n_ids >= 1 && n_ids <= BELFRY_IDS_MAX);

  task = belfry_notification_service_new_task (self, "[belfry] mark_unread", cancellable, callback,
                                               user_data);
  change_by_ids (task, BELFRY_WRITE_MARK_UNREAD, user_id, ids, n_ids);
}

/**
 * belfry_notification_service_mark_unread_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.mark_unread_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_mark_unread_finish (BelfryNotificationService *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  return belfry_notification_service_change_finish (self, result, error);
}

/**
 * belfry_notification_service_remove_async:
 * @self: the service
 * @user_id: whose notifications
 * @ids: (array length=n_ids): which ones; those that the user does not have are passed over
 * @n_ids: how many, 1 to 1,000
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the change is durable
 * @user_data: for @callback
 *
 * Removes notifications.
 *
 * Since: 0.1
 */
void
belfry_notification_service_remove_async (BelfryNotificationService *self,
                                          const char *user_id,
                                          const gint64 *ids,
                                          gsize n_ids,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);
  g_return_if_fail (n_ids >= 1 && n_ids <= BELFRY_IDS_MAX);

  task = belfry_notification_service_new_task (self, "[belfry] remove", cancellable, callback,
                                               user_data);
  change_by_ids (task, BELFRY_WRITE_REMOVE, user_id, ids, n_ids);
}

/**
 * belfry_notification_service_remove_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.remove_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_remove_finish (BelfryNotificationService *self,
                                           GAsyncResult *result,
                                           GError **error)
{
  return belfry_notification_service_change_finish (self, result, error);
}

/**
 * belfry_notification_service_mark_all_read_async:
 * @self: the service
 * @user_id: whose notifications
 * @up_to: the highest id that is meant; %G_MAXINT64 for all that are there now
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the changes are durable
 * @user_data: for @callback
 *
 * Marks all notifications of a user as read, up to 1,000 in a transaction.
 *
 * Since: 0.1
 */
void
belfry_notification_service_mark_all_read_async (BelfryNotificationService *self,
                                                 const char *user_id,
                                                 gint64 up_to,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data)
{
  GTask *task;
  BelfryStoreWrite *write;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);

  task = belfry_notification_service_new_task (self, "[belfry] mark_all_read", cancellable,
                                               callback, user_data);
  write = belfry_store_write_new (BELFRY_WRITE_MARK_ALL_READ, user_id);
  write->up_to = up_to;
  submit_write (task, write, on_changed);
}

/**
 * belfry_notification_service_mark_all_read_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.mark_all_read_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_mark_all_read_finish (BelfryNotificationService *self,
                                                  GAsyncResult *result,
                                                  GError **error)
{
  return belfry_notification_service_change_finish (self, result, error);
}

/**
 * belfry_notification_service_remove_all_async:
 * @self: the service
 * @user_id: whose notifications
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the changes are durable
 * @user_data: for @callback
 *
 * Removes all notifications that a user has now, up to 1,000 in a transaction.
 *
 * Since: 0.1
 */
void
belfry_notification_service_remove_all_async (BelfryNotificationService *self,
                                              const char *user_id,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BELFRY_IS_NOTIFICATION_SERVICE (self));
  g_return_if_fail (user_id != NULL);

  task = belfry_notification_service_new_task (self, "[belfry] remove_all", cancellable, callback,
                                               user_data);
  submit_write (task, belfry_store_write_new (BELFRY_WRITE_REMOVE_ALL, user_id), on_changed);
}

/**
 * belfry_notification_service_remove_all_finish:
 * @self: the service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.NotificationService.remove_all_async].
 *
 * Errors: %BELFRY_ERROR_BUSY, %BELFRY_ERROR_STORAGE.
 *
 * Returns: how many changed, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_notification_service_remove_all_finish (BelfryNotificationService *self,
                                               GAsyncResult *result,
                                               GError **error)
{
  return belfry_notification_service_change_finish (self, result, error);
}
