/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server-bus.h"

#include <glib/gi18n-lib.h>

#include "belfry-bus.h"
#include "belfry-error.h"

/* Connects to a bus. It blocks.
 *
 * @bus: `session`, `system` or an address */
GDBusConnection *
belfry_server_bus_connect (const char *bus, GError **error)
{
  g_autofree char *address = NULL;
  GBusType type = G_BUS_TYPE_NONE;

  if (g_str_equal (bus, "session"))
    type = G_BUS_TYPE_SESSION;
  else if (g_str_equal (bus, "system"))
    type = G_BUS_TYPE_SYSTEM;
  address = type != G_BUS_TYPE_NONE ? g_dbus_address_get_for_bus_sync (type, NULL, error)
                                    : g_strdup (bus);
  if (address == NULL)
    return NULL;
  /* A connection of our own, not the one that the program may share: its calls are counted. */
  return g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
}

/* Takes the name, or fails with BELFRY_ERROR_EXISTS. It blocks, and belongs to the very end of a
 * start: a worker that waits for the name calls as soon as it is there. */
gboolean
belfry_server_bus_own_name (GDBusConnection *connection, GError **error)
{
  const guint32 do_not_queue = 4;
  const guint32 primary_owner = 1;
  g_autoptr (GVariant) result = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", BELFRY_BUS_NAME, do_not_queue), G_VARIANT_TYPE ("(u)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  guint32 answer;

  if (result == NULL)
    return FALSE;
  g_variant_get (result, "(u)", &answer);
  if (answer != primary_owner)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_EXISTS,
                   _ ("bus: another Belfry owns the name %s"), BELFRY_BUS_NAME);
      return FALSE;
    }
  return TRUE;
}
