/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Belfry's reactor is measured against: the same WebSockets on a plain SoupServer. It stores
 * nothing and checks nothing. Each client says {"user":N}; the text "push N S" on the path /control
 * sends user N a frame with sequence S. It prints its port. */

#include <libsoup/soup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char frame[] =
    "{\"type\":\"notification_received\",\"data\":{\"id\":%lu,\"userId\":\"%lu\",\"data\":{\"seq\":"
    "%lu,"
    "\"title\":\"Your order has shipped\",\"body\":\"It will be there tomorrow\"},"
    "\"createdAt\":\"2026-11-23T12:00:00.000Z\",\"read\":false,\"unreadCount\":1,\"position\":1}}";

static GHashTable *users; /* number → SoupWebsocketConnection */

static void
on_message (SoupWebsocketConnection *connection, int type, GBytes *message, gpointer data)
{
  const char *text = g_bytes_get_data (message, NULL);
  const char *user = strstr (text, "\"user\":");

  if (user == NULL)
    return;
  g_hash_table_insert (users, GSIZE_TO_POINTER (strtoul (user + 7, NULL, 10)),
                       g_object_ref (connection));
  soup_websocket_connection_send_text (connection, "{\"type\":\"registered\"}");
}

static void
on_client (SoupServer *server,
           SoupServerMessage *message,
           const char *path,
           SoupWebsocketConnection *connection,
           gpointer data)
{
  g_signal_connect (g_object_ref (connection), "message", G_CALLBACK (on_message), NULL);
}

static void
on_command (SoupWebsocketConnection *connection, int type, GBytes *message, gpointer data)
{
  gulong user;
  gulong sequence;
  g_autofree char *text = NULL;
  SoupWebsocketConnection *target;

  if (sscanf (g_bytes_get_data (message, NULL), "push %lu %lu", &user, &sequence) != 2)
    return;
  target = g_hash_table_lookup (users, GSIZE_TO_POINTER (user));
  text = g_strdup_printf (frame, sequence, user, sequence);
  soup_websocket_connection_send_text (target, text);
}

static void
on_control (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            SoupWebsocketConnection *connection,
            gpointer data)
{
  g_signal_connect (g_object_ref (connection), "message", G_CALLBACK (on_command), NULL);
}

int
main (void)
{
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  GSList *uris;
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  users = g_hash_table_new (NULL, NULL);
  soup_server_remove_websocket_extension (server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_websocket_handler (server, "/ws", NULL, NULL, on_client, NULL, NULL);
  soup_server_add_websocket_handler (server, "/control", NULL, NULL, on_control, NULL, NULL);
  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    g_error ("%s", error->message);
  uris = soup_server_get_uris (server);
  printf ("%d\n", g_uri_get_port (uris->data));
  fflush (stdout);
  g_main_loop_run (loop);
  return 0;
}
