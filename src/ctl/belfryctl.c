/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <unistd.h>

#include "belfry-error.h"
#include "belfryctl-backup.h"

#define NAME           "org.belfry.Belfry1"
#define PATH           "/org/belfry/Belfry1"
#define ADMINISTRATION NAME ".Administration"
#define SESSIONS       NAME ".Sessions"

/* As belfryd: 2 says that the call was wrong, 1 that something else was. */
#define EXIT_USAGE 2

typedef struct
{
  char *bus;
  gboolean force;
  gboolean version;
} Options;

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

/* Calls a method. A Belfry that does not run is not started for it.
 *
 * @fd: (out) (optional): the descriptor that it gave */
static GVariant *
call (GDBusConnection *connection,
      const char *interface,
      const char *method,
      GVariant *parameters,
      int *fd,
      GError **error)
{
  g_autoptr (GUnixFDList) list = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, NAME, PATH, interface, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
      G_MAXINT, NULL, &list, NULL, error);

  if (reply == NULL)
    {
      if (error != NULL)
        g_dbus_error_strip_remote_error (*error);
      return NULL;
    }
  if (fd != NULL && (list == NULL || (*fd = g_unix_fd_list_get (list, 0, error)) < 0))
    return NULL;
  return g_steal_pointer (&reply);
}

static gboolean
backup (GDBusConnection *connection, const char *path, const Options *options, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  gboolean success;
  int fd;

  if (!belfryctl_backup_check (path, options->force, error))
    return FALSE;
  reply = call (connection, ADMINISTRATION, "Backup", NULL, &fd, error);
  if (reply == NULL)
    return FALSE;
  success = belfryctl_backup_save (fd, path, options->force, error);
  close (fd);
  return success;
}

static gboolean
export_user (GDBusConnection *connection,
             const char *user_id,
             const Options *options,
             GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  gboolean success;
  int fd;

  reply =
      call (connection, ADMINISTRATION, "ExportUser", g_variant_new ("(s)", user_id), &fd, error);
  if (reply == NULL)
    return FALSE;
  success = belfryctl_copy (fd, STDOUT_FILENO, error);
  close (fd);
  return success;
}

static gboolean
erase_user (GDBusConnection *connection,
            const char *user_id,
            const Options *options,
            GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  guint count;

  reply =
      call (connection, ADMINISTRATION, "EraseUser", g_variant_new ("(s)", user_id), NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", &count);
  g_print (ngettext ("%u notification erased\n", "%u notifications erased\n", count), count);
  return TRUE;
}

static gboolean
status (GDBusConnection *connection, const char *nothing, const Options *options, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) properties = NULL;
  guint n_clients = 0;
  guint n_users = 0;
  guint max_clients = 0;

  reply = call (connection, "org.freedesktop.DBus.Properties", "GetAll",
                g_variant_new ("(s)", SESSIONS), NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(@a{sv})", &properties);
  g_variant_lookup (properties, "ConnectedClients", "u", &n_clients);
  g_variant_lookup (properties, "ConnectedUsers", "u", &n_users);
  g_variant_lookup (properties, "MaxTotalConnections", "u", &max_clients);
  g_print (_ ("Connected clients: %u of %u\n"), n_clients, max_clients);
  g_print (_ ("Connected users: %u\n"), n_users);
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean takes_argument;
  gboolean (*func) (GDBusConnection *connection,
                    const char *argument,
                    const Options *options,
                    GError **error);
} commands[] = {
  { "backup", TRUE, backup },
  { "export", TRUE, export_user },
  { "erase", TRUE, erase_user },
  { "status", FALSE, status },
};

static GOptionContext *
make_context (Options *options)
{
  const GOptionEntry entries[] = {
    { "bus", 0, 0, G_OPTION_ARG_STRING, &options->bus,
      N_ ("Where Belfry is: session, system or an address (system)"), N_ ("BUS") },
    { "force", 0, 0, G_OPTION_ARG_NONE, &options->force, N_ ("Replace a backup that is there"),
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version"), NULL },
    { NULL },
  };
  GOptionContext *context = g_option_context_new (_ ("COMMAND"));

  g_option_context_set_summary (context, _ ("Administers a Belfry that runs."));
  g_option_context_set_description (
      context, _ ("Commands:\n"
                  "  backup FILE   Copy the database into a file\n"
                  "  export USER   Print what is kept of a user, as lines of JSON\n"
                  "  erase USER    Erase what is kept of a user\n"
                  "  status        Print how many are connected\n"));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return context;
}

static int
fail (const GError *error, int exit_status)
{
  g_printerr ("belfryctl: %s\n", error->message);
  return exit_status;
}

static int
run (const Options *options, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = NULL;

  for (guint i = 0; argc >= 2 && i < G_N_ELEMENTS (commands); i++)
    {
      if (!g_str_equal (argv[1], commands[i].name) || argc != (commands[i].takes_argument ? 3 : 2))
        continue;
      connection = connect_to_bus (options->bus != NULL ? options->bus : "system", &error);
      if (connection == NULL || !commands[i].func (connection, argv[2], options, &error))
        return fail (error, EXIT_FAILURE);
      return EXIT_SUCCESS;
    }
  g_printerr ("belfryctl: %s\n", _ ("there is no such command; see --help"));
  return EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *bus = NULL;
  Options options = { NULL };

  /* Registers the names of the errors with GDBus. */
  belfry_error_quark ();

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  context = make_context (&options);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return fail (error, EXIT_USAGE);
  bus = options.bus;
  if (options.version)
    {
      g_print ("belfryctl %s\n", BELFRY_VERSION);
      return EXIT_SUCCESS;
    }
  return run (&options, argc, argv);
}
