/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What only an administrator does, and how Belfry fares. A Belfry that does not run is not started
 * for these. */

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "belfryctl-backup.h"
#include "belfryctl-command.h"
#include "belfryctl-output.h"
#include "belfryctl-text.h"

#define NAME           "org.belfry.Belfry1"
#define PATH           "/org/belfry/Belfry1"
#define ADMINISTRATION NAME ".Administration"
#define SESSIONS       NAME ".Sessions"

/* Administration is served on the bus only, whose policy says who may call it. A client would take
 * the socket of workers where there is one. */
static GDBusConnection *
connect_to_bus (const char *bus, GError **error)
{
  if (g_str_equal (bus, "session"))
    return g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  if (g_str_equal (bus, "system"))
    return g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, error);
  if (g_path_is_absolute (bus))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("%s: this can be done on a bus only, not at the socket of workers"), bus);
      return NULL;
    }
  return g_dbus_connection_new_for_address_sync (
      bus,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
}

/* A copy of a large database takes its time, so there is no time-out.
 *
 * @fd: (out) (optional): the descriptor that it gave */
static GVariant *
administer (Belfryctl *ctl, const char *method, GVariant *parameters, int *fd, GError **error)
{
  g_autoptr (GVariant) owned = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  g_autoptr (GDBusConnection) connection = connect_to_bus (ctl->bus, error);
  g_autoptr (GUnixFDList) list = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (connection == NULL)
    return NULL;
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, NAME, PATH, ADMINISTRATION, method, owned, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
      G_MAXINT, NULL, &list, NULL, error);
  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  if (reply == NULL)
    return NULL;
  if (fd != NULL && (list == NULL || (*fd = g_unix_fd_list_get (list, 0, error)) < 0))
    return NULL;
  return g_steal_pointer (&reply);
}

static struct
{
  gboolean force;
} backup_options;

const GOptionEntry belfryctl_backup_options[] = {
  { "force", 0, 0, G_OPTION_ARG_NONE, &backup_options.force, N_ ("Replace a backup that is there"),
    NULL },
  { NULL },
};

/* Copies the database into a file. */
gboolean
belfryctl_backup (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autoptr (GVariant) reply = NULL;
  gboolean success;
  int fd;

  if (!belfryctl_backup_check (arguments[0], backup_options.force, error))
    return FALSE;
  reply = administer (ctl, "Backup", NULL, &fd, error);
  if (reply == NULL)
    return FALSE;
  success = belfryctl_backup_save (fd, arguments[0], backup_options.force, error);
  close (fd);
  if (success && ctl->json)
    {
      belfryctl_json_add_string (json, "file", arguments[0]);
      g_string_append_c (json, '}');
      belfryctl_print_json (json);
    }
  return success;
}

/* Prints what is kept of a user. It is JSON in any case. */
gboolean
belfryctl_export (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  int fd;

  reply = administer (ctl, "ExportUser", g_variant_new ("(s)", arguments[0]), &fd, error);
  return reply != NULL && belfryctl_print_json_lines (fd, error);
}

static struct
{
  gboolean yes;
} erase_options;

const GOptionEntry belfryctl_erase_options[] = {
  { "yes", 0, 0, G_OPTION_ARG_NONE, &erase_options.yes, N_ ("Do not ask"), NULL },
  { NULL },
};

/* Erases what is kept of a user. */
gboolean
belfryctl_erase (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autofree char *user = belfryctl_text_plain (arguments[0]);
  g_autofree char *question = g_strdup_printf (_ ("Erase all that is kept of %s?"), user);
  g_autoptr (GVariant) reply = NULL;
  guint count;

  if (!erase_options.yes && !belfryctl_confirm (question))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("nothing was erased"));
      return FALSE;
    }
  reply = administer (ctl, "EraseUser", g_variant_new ("(s)", arguments[0]), NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", &count);
  if (ctl->json)
    belfryctl_print_count ("count", count);
  else
    g_print (ngettext ("%u notification erased\n", "%u notifications erased\n", count), count);
  return TRUE;
}

static void
print_status (GVariant *properties, gboolean json)
{
  g_autoptr (GString) object = g_string_new ("{");
  guint n_clients = 0;
  guint n_users = 0;
  guint max_clients = 0;
  guint max_per_user = 0;

  g_variant_lookup (properties, "ConnectedClients", "u", &n_clients);
  g_variant_lookup (properties, "ConnectedUsers", "u", &n_users);
  g_variant_lookup (properties, "MaxTotalConnections", "u", &max_clients);
  g_variant_lookup (properties, "MaxConnectionsPerUser", "u", &max_per_user);
  if (!json)
    {
      g_print (_ ("Connected clients: %u of %u\n"), n_clients, max_clients);
      g_print (_ ("Connected users: %u\n"), n_users);
      return;
    }
  belfryctl_json_add_int (object, "connectedClients", n_clients);
  belfryctl_json_add_int (object, "connectedUsers", n_users);
  belfryctl_json_add_int (object, "maxTotalConnections", max_clients);
  belfryctl_json_add_int (object, "maxConnectionsPerUser", max_per_user);
  g_string_append_c (object, '}');
  belfryctl_print_json (object);
}

/* Says how many are connected. */
gboolean
belfryctl_status (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autoptr (BelfryClient) client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) properties = NULL;

  if (client == NULL)
    return FALSE;
  reply = g_dbus_connection_call_sync (belfry_client_get_connection (client), NAME, PATH,
                                       "org.freedesktop.DBus.Properties", "GetAll",
                                       g_variant_new ("(s)", SESSIONS), G_VARIANT_TYPE ("(a{sv})"),
                                       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error);
  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(@a{sv})", &properties);
  print_status (properties, ctl->json);
  return TRUE;
}
