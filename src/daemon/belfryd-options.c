/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryd-options.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <systemd/sd-daemon.h>

#include "belfry-error.h"

typedef struct
{
  GHashTable *values; /* name of an option → GPtrArray of texts */
  char *config_file;
  gboolean version;
  gboolean verbose;
} CommandLine;

static void
command_line_clear (CommandLine *line)
{
  g_hash_table_unref (line->values);
  g_free (line->config_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandLine, command_line_clear)

static gboolean
on_option (const char *option, const char *value, gpointer data, GError **error)
{
  CommandLine *line = data;
  const char *name = option + 2; /* behind the dashes */
  GPtrArray *values = g_hash_table_lookup (line->values, name);

  if (values == NULL)
    {
      values = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (line->values, g_strdup (name), values);
    }
  g_ptr_array_add (values, g_strdup (value != NULL ? value : "true"));
  return TRUE;
}

#define OPTION(name, description, argument)                                                \
  {                                                                                        \
    name, 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) (gsize) on_option, description, argument \
  }
#define SWITCH(name, description)                                                       \
  {                                                                                     \
    name, 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) (gsize) on_option, \
        description, NULL                                                               \
  }

static GOptionContext *
make_context (CommandLine *line)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &line->config_file,
      N_ ("Read options from a file; the command line goes before it"), N_ ("FILE") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &line->version, N_ ("Print the version"), NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &line->verbose, N_ ("Log more"), NULL },
    OPTION ("bus", N_ ("Serve workers on this bus: session, system or an address"), N_ ("BUS")),
    OPTION ("worker-socket", N_ ("Serve workers on this socket, too, without a bus between"),
            N_ ("PATH")),
    OPTION ("allow-worker",
            N_ ("Let in these workers only, for these types and users; may be given several times"),
            N_ ("ENTRY")),
    OPTION ("handler-dir",
            N_ ("Look here for handler files, and nowhere else; may be given several times"),
            N_ ("FOLDER")),
    OPTION ("listen", N_ ("Listen here; may be given several times"), N_ ("HOST:PORT")),
    OPTION ("database", N_ ("Keep notifications here"), N_ ("sqlite:PATH")),
    SWITCH ("new-epoch", N_ ("The database is a restored backup: every client lists afresh")),
    OPTION ("retention-age", N_ ("Drop read notifications after so many days (0: never)"),
            N_ ("DAYS")),
    OPTION ("retention-count", N_ ("Drop a user's read ones behind the newest so many (0: none)"),
            N_ ("N")),
    SWITCH ("retention-unread", N_ ("Let retention drop unread ones, too")),
    OPTION ("jwt-secret-file", N_ ("The secret of tokens signed with HS256"), N_ ("FILE")),
    OPTION ("jwt-jwks-file", N_ ("The public keys of tokens signed with RS256, ES256, EdDSA"),
            N_ ("FILE")),
    OPTION ("jwt-user-claim", N_ ("The claim of a token that says who it is (sub)"), N_ ("NAME")),
    OPTION ("jwt-audience", N_ ("Take only tokens for this audience"), N_ ("AUDIENCE")),
    OPTION ("jwt-issuer", N_ ("Take only tokens of this issuer"), N_ ("ISSUER")),
    OPTION ("jwt-leeway", N_ ("By how much the issuer's clock may differ: 0 to 60 (0)"),
            N_ ("SECONDS")),
    OPTION ("max-total-connections", N_ ("How many connections there may be (10000)"), N_ ("N")),
    OPTION ("max-connections-per-user", N_ ("How many connections a user may have (20)"), N_ ("N")),
    OPTION ("max-data-size", N_ ("How large a notification's data may be (65536)"), N_ ("BYTES")),
    OPTION ("allow-origin", N_ ("Let in pages of this origin, too; may be given several times"),
            N_ ("ORIGIN")),
    OPTION ("trusted-proxy",
            N_ ("Believe this reverse proxy where a client is; may be given several times"),
            N_ ("ADDRESS")),
    SWITCH ("numeric-user-ids", N_ ("Send user ids that are numbers as numbers")),
    SWITCH ("signalling", N_ ("Let clients call each other, for WebRTC")),
    OPTION ("turn-url", N_ ("Tell them of this STUN or TURN server; may be given several times"),
            N_ ("URL")),
    OPTION ("turn-secret-file", N_ ("The secret that is shared with the TURN servers"),
            N_ ("FILE")),
    OPTION ("turn-lifetime", N_ ("How long credentials for TURN are good: 60 to 86400 (3600)"),
            N_ ("SECONDS")),
    { NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new ("belfryd", NULL, NULL, line, NULL);

  g_option_context_set_summary (
      context, _ ("Keeps notifications, and rings them in every browser tab of their users."));
  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  return context;
}

/* In the folder that systemd made for the service, or in that of the user. */
static gboolean
set_default_database (BelfryServerConfig *config, GError **error)
{
  const char *state = g_getenv ("STATE_DIRECTORY");
  g_auto (GStrv) folders = state != NULL ? g_strsplit (state, ":", 2) : NULL;
  g_autofree char *path =
      folders != NULL ? g_build_filename (folders[0], "belfry.db", NULL)
                      : g_build_filename (g_get_user_data_dir (), "belfry", "belfry.db", NULL);
  g_autofree char *value = g_strconcat ("sqlite:", path, NULL);
  const char *const values[] = { value, NULL };

  return belfry_server_config_set (config, "database", values, error);
}

static gboolean
set_values (BelfryServerConfig *config, CommandLine *line, GError **error)
{
  GHashTableIter iter;
  const char *name;
  GPtrArray *values;

  g_hash_table_iter_init (&iter, line->values);
  while (g_hash_table_iter_next (&iter, (gpointer *) &name, (gpointer *) &values))
    {
      g_ptr_array_add (values, NULL);
      if (!belfry_server_config_set (config, name, (const char *const *) values->pdata, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
load_file (BelfryServerConfig *config, const char *path, GError **error)
{
  if (belfry_server_config_load_file (config, path, error))
    return TRUE;
  g_prefix_error (error, "config: ");
  return FALSE;
}

/* What systemd, or whoever else starts us, listens on already. */
static gboolean
take_sockets (BelfryServerConfig *config, GError **error)
{
  int n = sd_listen_fds (TRUE);

  if (n < 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "LISTEN_FDS: %s",
                   g_strerror (-n));
      return FALSE;
    }
  for (int i = 0; i < n; i++)
    {
      g_autoptr (GSocket) socket = g_socket_new_from_fd (SD_LISTEN_FDS_START + i, error);

      if (socket == NULL || !belfry_server_config_add_socket (config, socket, error))
        {
          g_prefix_error (error, "LISTEN_FDS: ");
          return FALSE;
        }
    }
  return TRUE;
}

/* Reads the options: the defaults, then a file, then the environment, then the command line.
 *
 * Returns: (nullable): the configuration; NULL with @error set, or without if there is nothing more
 *   to do */
BelfryServerConfig *
belfryd_options_read (int argc, char **argv, GError **error)
{
  g_autoptr (BelfryServerConfig) config = belfry_server_config_new ();
  g_auto (CommandLine) line = { NULL };
  g_autoptr (GOptionContext) context = NULL;

  line.values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  context = make_context (&line);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return NULL;
  if (argc > 1)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("“%s”: there is nothing but options"), argv[1]);
      return NULL;
    }
  if (line.version)
    {
      g_print ("belfryd %s\n", BELFRY_VERSION);
      return NULL;
    }
  if (line.verbose)
    g_log_set_debug_enabled (TRUE);

  if (!set_default_database (config, error)
      || (line.config_file != NULL && !load_file (config, line.config_file, error))
      || !belfry_server_config_load_environment (config, error)
      || !set_values (config, &line, error) || !take_sockets (config, error))
    return NULL;
  return g_steal_pointer (&config);
}
