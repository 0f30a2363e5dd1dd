/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "belfry-error.h"
#include "belfry-server.h"
#include "belfryd-options.h"

/* As GNU programs: 2 says that the call was wrong, 1 that something else was. */
#define EXIT_USAGE 2

typedef struct
{
  BelfryServer *server;
  GMainLoop *loop;
  gboolean stopping;
  int status;
} Daemon;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Daemon *daemon = user_data;

  belfry_server_stop_finish (BELFRY_SERVER (source), result, NULL);
  g_main_loop_quit (daemon->loop);
}

static void
stop (Daemon *daemon)
{
  if (daemon->stopping)
    return;
  daemon->stopping = TRUE;
  sd_notify (FALSE, "STOPPING=1");
  g_message (_ ("Going down"));
  belfry_server_stop_async (daemon->server, on_stopped, daemon);
}

static gboolean
on_terminate (gpointer user_data)
{
  stop (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_bus_lost (BelfryServer *server, Daemon *daemon)
{
  if (daemon->stopping)
    return;
  g_warning (_ ("The connection to the bus is lost"));
  daemon->status = EXIT_FAILURE;
  stop (daemon);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Daemon *daemon = user_data;
  g_autoptr (GError) error = NULL;

  if (belfry_server_reload_finish (BELFRY_SERVER (source), result, &error))
    g_message (_ ("The keys for tokens were read again"));
  else
    g_warning (_ ("The old keys for tokens stay in use: %s"), error->message);
  if (!daemon->stopping)
    sd_notify (FALSE, "READY=1");
}

static gboolean
on_hang_up (gpointer user_data)
{
  Daemon *daemon = user_data;

  if (daemon->stopping)
    return G_SOURCE_CONTINUE;
  sd_notifyf (FALSE, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  belfry_server_reload_async (daemon->server, NULL, on_reloaded, daemon);
  return G_SOURCE_CONTINUE;
}

static void
announce (Daemon *daemon)
{
  g_autoptr (GPtrArray) addresses = belfry_server_get_addresses (daemon->server);

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *address = g_socket_connectable_to_string (g_ptr_array_index (addresses, i));

      g_message (_ ("Listening on %s"), address);
    }
  sd_notify (FALSE, "READY=1");
}

static void
run (Daemon *daemon)
{
  g_unix_signal_add (SIGTERM, on_terminate, daemon);
  g_unix_signal_add (SIGINT, on_terminate, daemon);
  g_unix_signal_add (SIGHUP, on_hang_up, daemon);
  g_signal_connect (daemon->server, "bus-lost", G_CALLBACK (on_bus_lost), daemon);
  announce (daemon);
  g_main_loop_run (daemon->loop);
}

static int
fail (const GError *error, int status)
{
  g_printerr ("belfryd: %s\n", error->message);
  return status;
}

int
main (int argc, char **argv)
{
  g_autoptr (BelfryServerConfig) config = NULL;
  g_autoptr (BelfryServer) server = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autoptr (GError) error = NULL;
  Daemon daemon = { .status = EXIT_SUCCESS };

  /* A file that may not grow any more (setrlimit(2)) is like a full disk, no reason to die. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  /* What --version and --help print is output; what is logged is not. */
  g_log_writer_default_set_use_stderr (TRUE);
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  config = belfryd_options_read (argc, argv, &error);
  if (error != NULL)
    return fail (error, EXIT_USAGE);
  if (config == NULL)
    return EXIT_SUCCESS;

  loop = g_main_loop_new (NULL, FALSE);
  server = belfry_server_new (config);
  if (!belfry_server_start (server, &error))
    return fail (error, g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS)
                            ? EXIT_USAGE
                            : EXIT_FAILURE);
  daemon.server = server;
  daemon.loop = loop;
  run (&daemon);
  return daemon.status;
}
