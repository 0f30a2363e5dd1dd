/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods of org.belfry.Belfry1.Administration. */

#include <gio/gunixfdlist.h>

#include "belfry-argument.h"
#include "belfry-bus-private.h"
#include "belfry-notification-service-private.h"

static void
on_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GUnixFDList) list = NULL;
  GError *error = NULL;
  int fd = belfry_notification_service_copy_finish (BELFRY_NOTIFICATION_SERVICE (source), result,
                                                    &error);

  if (fd < 0)
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  list = g_unix_fd_list_new_from_array (&fd, 1);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           list);
}

static void
backup (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  belfry_notification_service_copy_async (self->context.service, NULL, on_copied, invocation);
}

static void
export_user (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;
  GError *error = NULL;

  g_variant_get (parameters, "(&s)", &user_id);
  if (!belfry_argument_check_user_id (user_id, &error))
    belfry_bus_take_error (invocation, error);
  else
    belfry_notification_service_copy_async (self->context.service, user_id, on_copied, invocation);
}

static void
on_erased (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  gint64 count = belfry_notification_service_erase_finish (BELFRY_NOTIFICATION_SERVICE (source),
                                                           result, &error);

  if (count < 0)
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", (guint) count));
}

static void
erase_user (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;
  GError *error = NULL;

  g_variant_get (parameters, "(&s)", &user_id);
  if (!belfry_argument_check_user_id (user_id, &error))
    belfry_bus_take_error (invocation, error);
  else
    belfry_notification_service_erase_async (self->context.service, user_id, on_erased, invocation);
}

const BelfryBusMethod belfry_bus_administration_methods[] = {
  { "Backup", backup },
  { "ExportUser", export_user },
  { "EraseUser", erase_user },
  { NULL, NULL },
};
