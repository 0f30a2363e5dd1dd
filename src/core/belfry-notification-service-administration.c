/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the service that administrators use, through belfryctl. It is not public. */

#include "belfry-notification-service-private.h"

static void
on_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  int fd = belfry_store_copy_finish (BELFRY_STORE (source), result, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

/* Copies the whole database, or with @user_id what is kept of one user. */
void
belfry_notification_service_copy_async (BelfryNotificationService *self,
                                        const char *user_id,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GTask *task =
      belfry_notification_service_new_task (self, "[belfry] copy", NULL, callback, user_data);

  belfry_store_copy_async (belfry_notification_service_get_store (self), user_id, on_copied, task);
}

/* Returns: a descriptor, or -1 with @error set: BELFRY_ERROR_STORAGE, BELFRY_ERROR_BUSY */
int
belfry_notification_service_copy_finish (BelfryNotificationService *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

/* Erases a user. Their sessions are told of the removals first. */
void
belfry_notification_service_erase_async (BelfryNotificationService *self,
                                         const char *user_id,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  GTask *task =
      belfry_notification_service_new_task (self, "[belfry] erase", NULL, callback, user_data);

  belfry_notification_service_change_all (task,
                                          belfry_store_write_new (BELFRY_WRITE_ERASE, user_id));
}

/* Returns: how many notifications the user had, or -1 with @error set: BELFRY_ERROR_STORAGE,
 *   BELFRY_ERROR_BUSY; then not all is erased, and the call is to be repeated */
gint64
belfry_notification_service_erase_finish (BelfryNotificationService *self,
                                          GAsyncResult *result,
                                          GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}
