/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>

#include "belfry-bridge.h"

#define APPLICATION_ID "org.belfry.DesktopBridge"

/* As GNU programs: 2 says that the call was wrong, 1 that something else was. */
#define EXIT_USAGE 2

typedef struct
{
  GApplication *application;
  char *bus;
  char *user_id;
  BelfryClient *client;
  BelfryBridgeDesktop *desktop;
  BelfryBridge *bridge;
  int status;
} Program;

static void
program_clear (Program *program)
{
  g_clear_pointer (&program->bridge, belfry_bridge_free);
  g_clear_object (&program->desktop);
  g_clear_object (&program->client);
  g_clear_object (&program->application);
  g_free (program->user_id);
  g_free (program->bus);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Program, program_clear)

static int
fail (const char *message, int status)
{
  g_printerr ("belfry-desktop-bridge: %s\n", message);
  return status;
}

/* The client is there before any click can come, which may be what started the program. Making it
 * blocks, but there is nobody yet who would wait. */
static void
on_startup (GApplication *application, Program *program)
{
  g_autoptr (GError) error = NULL;

  program->client = belfry_client_new_sync (program->bus, NULL, &error);
  if (program->client == NULL)
    {
      program->status = fail (error->message, EXIT_FAILURE);
      g_application_quit (application);
      return;
    }
  g_application_hold (application);
  program->desktop = belfry_bridge_desktop_new (application);
  program->bridge = belfry_bridge_new (program->client, program->user_id, program->desktop);
}

/* Somebody clicked on a card that offers nothing, or on the program itself, which has no window. */
static void
on_activate (GApplication *application, Program *program)
{
}

/* What was shown is taken back, and that has to be on its way before the program ends. */
static void
on_shutdown (GApplication *application, Program *program)
{
  GDBusConnection *bus = g_application_get_dbus_connection (application);

  g_clear_pointer (&program->bridge, belfry_bridge_free);
  if (bus != NULL)
    g_dbus_connection_flush_sync (bus, NULL, NULL);
}

static gboolean
on_terminate (gpointer user_data)
{
  g_application_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* Returns: whether there is anything to be run; else @status is what the program ends with */
static gboolean
read_options (Program *program, int *argc, char ***argv, int *status)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "user", 0, 0, G_OPTION_ARG_STRING, &program->user_id,
      N_ ("Whose notifications are shown (the name you are logged in by)"), N_ ("ID") },
    { "bus", 0, 0, G_OPTION_ARG_STRING, &program->bus,
      N_ ("Where Belfry is: session, system, an address or the path of a socket (session)"),
      N_ ("BUS") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (
      context, N_ ("Shows what you have not read as notifications of the desktop."));
  *status = EXIT_USAGE;
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      fail (error->message, *status);
      return FALSE;
    }
  if (*argc > 1)
    {
      g_autofree char *message =
          g_strdup_printf (_ ("“%s”: there is nothing but options"), (*argv)[1]);

      fail (message, *status);
      return FALSE;
    }
  if (version)
    {
      g_print ("belfry-desktop-bridge " BELFRY_VERSION "\n");
      *status = EXIT_SUCCESS;
      return FALSE;
    }
  if (program->user_id == NULL)
    program->user_id = g_strdup (g_get_user_name ());
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_auto (Program) program = { .status = EXIT_SUCCESS };
  int status;

  setlocale (LC_ALL, "");
  /* What --version and --help print is output; what is logged is not. */
  g_log_writer_default_set_use_stderr (TRUE);
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("belfry-desktop-bridge");

  if (!read_options (&program, &argc, &argv, &status))
    return status;

  program.application = g_application_new (APPLICATION_ID, G_APPLICATION_IS_SERVICE);
  g_signal_connect (program.application, "startup", G_CALLBACK (on_startup), &program);
  g_signal_connect (program.application, "activate", G_CALLBACK (on_activate), &program);
  g_signal_connect (program.application, "shutdown", G_CALLBACK (on_shutdown), &program);
  g_unix_signal_add (SIGTERM, on_terminate, program.application);
  g_unix_signal_add (SIGINT, on_terminate, program.application);
  status = g_application_run (program.application, 1, argv);
  return status != EXIT_SUCCESS ? status : program.status;
}
