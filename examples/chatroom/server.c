/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server with a chatroom: chat-server belfryd.conf chat.db */

#include <belfry-server.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

#include "chat-handler.h"

typedef struct
{
  BelfryServer *server;
  GMainLoop *loop;
} Program;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Program *program = user_data;

  belfry_server_stop_finish (program->server, result, NULL);
  g_main_loop_quit (program->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  Program *program = user_data;

  belfry_server_stop_async (program->server, on_stopped, program);
  return G_SOURCE_REMOVE;
}

static gboolean
start (BelfryServer *server, ChatStore *store, GError **error)
{
  g_autoptr (ChatHandler) handler = NULL;
  g_autoptr (GPtrArray) addresses = NULL;

  if (!belfry_server_start (server, error))
    return FALSE;
  /* The registry is there from now on. Messages come only when the main loop runs. */
  handler = chat_handler_new (belfry_server_get_sessions (server), store);
  belfry_handler_chain_add (belfry_server_get_handlers (server), BELFRY_MESSAGE_HANDLER (handler));
  addresses = belfry_server_get_addresses (server);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *address = g_socket_connectable_to_string (g_ptr_array_index (addresses, i));

      g_print ("Listening on %s\n", address);
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  /* It goes last: the server's handler uses it. */
  g_autoptr (ChatStore) store = NULL;
  g_autoptr (BelfryServerConfig) config = belfry_server_config_new ();
  g_autoptr (BelfryServer) server = NULL;
  Program program = { NULL, loop };

  setvbuf (stdout, NULL, _IOLBF, 0);
  if (argc != 3)
    {
      g_printerr ("usage: chat-server belfryd.conf chat.db\n");
      return 1;
    }
  if (!belfry_server_config_load_file (config, argv[1], &error)
      || (store = chat_store_new (argv[2], &error)) == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  server = belfry_server_new (config);
  program.server = server;
  if (!start (server, store, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_unix_signal_add (SIGTERM, on_terminate, &program);
  g_unix_signal_add (SIGINT, on_terminate, &program);
  g_main_loop_run (loop);
  return 0;
}
