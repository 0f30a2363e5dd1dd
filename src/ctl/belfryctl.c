/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program: which command is called, with which options. */

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "belfry-error.h"
#include "belfryctl-command.h"
#include "belfryctl-output.h"

/* As belfryd: 2 says that the call was wrong, 1 that something else was. */
#define EXIT_USAGE 2

/* So far apart are a command and what was meant for it. */
#define TYPING_MISTAKES 2

static const BelfryctlCommand commands[] = {
  { "send", N_ ("USER JSON|--title TEXT"), N_ ("Create a notification, and print its id"),
    belfryctl_send_options, 1, 2, belfryctl_send },
  { "list", N_ ("USER"), N_ ("List a user's notifications, the newest first"),
    belfryctl_list_options, 1, 1, belfryctl_list },
  { "watch", N_ ("USER"), N_ ("Print what happens to a user's notifications, as it happens"), NULL,
    1, 1, belfryctl_watch },
  { "read", N_ ("USER ID…|--all"), N_ ("Mark notifications as read"), belfryctl_read_options, 1,
    BELFRYCTL_ANY_NUMBER, belfryctl_read },
  { "unread", N_ ("USER ID…"), N_ ("Mark notifications as unread"), NULL, 2, BELFRYCTL_ANY_NUMBER,
    belfryctl_unread },
  { "remove", N_ ("USER ID…|--all"), N_ ("Remove notifications"), belfryctl_remove_options, 1,
    BELFRYCTL_ANY_NUMBER, belfryctl_remove },
  { "message", N_ ("USER TYPE JSON"), N_ ("Send a message to a user's open tabs; it is not kept"),
    NULL, 3, 3, belfryctl_message },
  { "broadcast", N_ ("TYPE JSON"), N_ ("Send a message to all open tabs; it is not kept"), NULL, 2,
    2, belfryctl_broadcast },
  { "sessions", N_ ("[USER]"), N_ ("List who is connected"), belfryctl_sessions_options, 0, 1,
    belfryctl_sessions },
  { "disconnect", N_ ("SESSION|--user USER"), N_ ("End a session, or all of a user"),
    belfryctl_disconnect_options, 0, 1, belfryctl_disconnect },
  { "import", N_ ("FILE|-"), N_ ("Create what a file has: a notification, in JSON, a line"),
    belfryctl_import_options, 1, 1, belfryctl_import },
  { "export", N_ ("USER"), N_ ("Print what is kept of a user, as lines of JSON"), NULL, 1, 1,
    belfryctl_export },
  { "erase", N_ ("USER"), N_ ("Erase what is kept of a user"), belfryctl_erase_options, 1, 1,
    belfryctl_erase },
  { "backup", N_ ("FILE"), N_ ("Copy the database into a file"), belfryctl_backup_options, 1, 1,
    belfryctl_backup },
  { "status", NULL, N_ ("Print how many are connected"), NULL, 0, 0, belfryctl_status },
  { "token", N_ ("USER --secret-file FILE"),
    N_ ("Print a token for development, as a login server would sign it"), belfryctl_token_options,
    1, 1, belfryctl_token },
};

static struct
{
  char *bus;
  char *colour;
  gboolean json;
  gboolean version;
} options;

static const GOptionEntry common_options[] = {
  { "bus", 0, 0, G_OPTION_ARG_STRING, &options.bus,
    N_ ("Where Belfry is: session, system or an address (system)"), N_ ("BUS") },
  { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_ ("Print JSON"), NULL },
  { "color", 0, 0, G_OPTION_ARG_STRING, &options.colour,
    N_ ("Use colours: auto, always or never (auto)"), N_ ("WHEN") },
  { "version", 0, 0, G_OPTION_ARG_NONE, &options.version, N_ ("Print the version"), NULL },
  { NULL },
};

/* An error that says that the call is wrong.
 *
 * Returns: FALSE */
gboolean
belfryctl_usage_error (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
  va_end (arguments);
  return FALSE;
}

/* Returns: (transfer full) (nullable): a client for the Belfry that was asked for */
BelfryClient *
belfryctl_connect (Belfryctl *ctl, BelfryctlPatience patience, GError **error)
{
  BelfryClient *client = belfry_client_new_sync (ctl->bus, NULL, error);

  if (client != NULL && patience == BELFRYCTL_AT_ONCE)
    g_object_set (client, "patience", 0, NULL);
  return client;
}

static const BelfryctlCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (name, commands[i].name))
        return &commands[i];
    }
  return NULL;
}

/* The first argument that is neither an option nor the value of one that every command has.
 *
 * Returns: (nullable): the name */
static char *
find_name (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      if (g_str_equal (argv[i], "--bus") || g_str_equal (argv[i], "--color"))
        i++;
      else if (argv[i][0] != '-')
        return argv[i];
    }
  return NULL;
}

/* Whether the one becomes the other by so many letters put in, left out or exchanged, or fewer. */
static gboolean
is_near (const char *a, const char *b, guint mistakes)
{
  for (; *a != '\0' && *a == *b; a++)
    b++;
  if (*a == *b || mistakes == 0)
    return *a == *b;
  return (*a != '\0' && is_near (a + 1, b, mistakes - 1))
         || (*b != '\0' && is_near (a, b + 1, mistakes - 1))
         || (*a != '\0' && *b != '\0' && is_near (a + 1, b + 1, mistakes - 1));
}

static gboolean
set_no_such_command (const char *name, GError **error)
{
  for (guint mistakes = 1; mistakes <= TYPING_MISTAKES; mistakes++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
        {
          if (is_near (name, commands[i].name, mistakes))
            return belfryctl_usage_error (error, _ ("%s: there is no such command; is it %s?"),
                                          name, commands[i].name);
        }
    }
  return belfryctl_usage_error (error, _ ("%s: there is no such command; see --help"), name);
}

/* @command: (nullable): whose options and arguments are described */
static GOptionContext *
make_context (const BelfryctlCommand *command)
{
  g_autoptr (GString) list = g_string_new (_ ("Commands:"));
  g_autofree char *usage = NULL;
  GOptionContext *context;

  if (command == NULL)
    {
      context = g_option_context_new (_ ("COMMAND"));
      g_option_context_set_summary (context, _ ("Administers a Belfry that runs."));
      for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
        g_string_append_printf (list, "\n  %-12s%s", commands[i].name, _ (commands[i].summary));
      g_string_append_printf (list, "\n\n%s\n",
                              _ ("“belfryctl help COMMAND” tells the options of a command."));
      g_option_context_set_description (context, list->str);
    }
  else
    {
      usage = g_strdup_printf ("%s %s", command->name,
                               command->arguments != NULL ? _ (command->arguments) : "");
      context = g_option_context_new (g_strchomp (usage));
      g_option_context_set_summary (context, _ (command->summary));
      if (command->options != NULL)
        g_option_context_add_main_entries (context, command->options, GETTEXT_PACKAGE);
    }
  g_option_context_add_main_entries (context, common_options, GETTEXT_PACKAGE);
  return context;
}

static gboolean
print_help (const char *name, GError **error)
{
  g_autoptr (GOptionContext) context = NULL;
  g_autofree char *help = NULL;

  if (name != NULL && find_command (name) == NULL)
    return set_no_such_command (name, error);
  context = make_context (name != NULL ? find_command (name) : NULL);
  help = g_option_context_get_help (context, TRUE, NULL);
  g_print ("%s", help);
  return TRUE;
}

/* @arguments: those behind the command, NULL at the end */
static gboolean
check_arguments (const BelfryctlCommand *command, char **arguments, GError **error)
{
  guint n = g_strv_length (arguments);

  for (guint i = 0; i < n; i++)
    {
      if (!g_utf8_validate (arguments[i], -1, NULL))
        return belfryctl_usage_error (error, _ ("%s: argument %u is not UTF-8"), command->name,
                                      i + 1);
    }
  if (n < command->min_arguments)
    return belfryctl_usage_error (error, _ ("%s: something is missing; it takes %s"), command->name,
                                  _ (command->arguments));
  if (n > command->max_arguments)
    return belfryctl_usage_error (error, _ ("%s: one too many: “%s”"), command->name,
                                  arguments[command->max_arguments]);
  return TRUE;
}

/* GOption leaves "--" where an argument behind it could be taken for an option. */
static void
remove_separator (char **arguments)
{
  for (; *arguments != NULL; arguments++)
    {
      if (!g_str_equal (*arguments, "--"))
        continue;
      for (; *arguments != NULL; arguments++)
        arguments[0] = arguments[1];
      return;
    }
}

/* @argv: what the options have left, the command first */
static gboolean
run (const BelfryctlCommand *command, char **argv, GError **error)
{
  const char *bus = g_getenv ("BELFRY_BUS");
  Belfryctl ctl = { .json = options.json };
  gboolean success;

  if (!belfryctl_wants_colour (options.colour, &ctl.colour, error)
      || !check_arguments (command, argv + 1, error))
    return FALSE;
  if (options.bus != NULL)
    bus = options.bus;
  ctl.bus = g_strdup (bus != NULL && bus[0] != '\0' ? bus : "system");
  success = command->run (&ctl, argv + 1, error);
  g_free (ctl.bus);
  /* Nobody shall take half a list for the whole. */
  if (success && (fflush (stdout) != 0 || ferror (stdout)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                   _ ("standard output: not everything could be written"));
      return FALSE;
    }
  return success;
}

static gboolean
parse_and_run (int argc, char **argv, GError **error)
{
  const char *name = find_name (argc, argv);
  const BelfryctlCommand *command = name != NULL ? find_command (name) : NULL;
  g_autoptr (GOptionContext) context = make_context (command);

  if (name != NULL && command == NULL && !g_str_equal (name, "help"))
    return set_no_such_command (name, error);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (options.version)
    {
      g_print ("belfryctl %s\n", BELFRY_VERSION);
      return TRUE;
    }
  if (name == NULL)
    return belfryctl_usage_error (error, "%s", _ ("there is no command; see --help"));
  if (g_str_equal (name, "help"))
    return print_help (argc > 2 ? argv[2] : NULL, error);
  remove_separator (argv + 1);
  return run (command, argv + 1, error);
}

int
main (int argc, char **argv)
{
  /* Options that are wrong are forgotten with all others. */
  gboolean json = g_strv_contains ((const char *const *) argv, "--json");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  /* Registers the names of the errors with GDBus. */
  belfry_error_quark ();

  if (parse_and_run (argc, argv, &error))
    return EXIT_SUCCESS;
  belfryctl_print_error (error, json);
  return error->domain == G_OPTION_ERROR ? EXIT_USAGE : EXIT_FAILURE;
}
