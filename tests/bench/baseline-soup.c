/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Belfry is measured against: the same WebSockets on a plain SoupServer, and the same call on
 * D-Bus. It stores nothing and checks nothing. Each client says {"user":N}; Create sends user N a
 * frame. It takes the address of the bus, and prints its port. */

#include <libsoup/soup.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "belfry-dbus-info.h"

#define BACKLOG 4096

static const char frame[] =
    "{\"type\":\"notification_received\",\"data\":{\"id\":%lu,\"userId\":\"%s\",\"data\":%s,"
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
on_call (GDBusConnection *bus,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  static gulong id = 0;
  const char *user;
  const char *data;
  g_autofree char *text = NULL;
  SoupWebsocketConnection *target;

  g_variant_get (parameters, "(&s&sa{sv})", &user, &data, NULL);
  target = g_hash_table_lookup (users, GSIZE_TO_POINTER (strtoul (user, NULL, 10)));
  text = g_strdup_printf (frame, ++id, user, data);
  soup_websocket_connection_send_text (target, text);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", id));
}

static GDBusConnection *
serve_calls (const char *address)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  if (bus == NULL
      || g_dbus_connection_register_object (
             bus, "/org/belfry/Belfry1",
             (GDBusInterfaceInfo *) &org_belfry_belfry1_notifications_interface, &vtable, NULL,
             NULL, &error)
             == 0)
    g_error ("%s", error->message);
  g_bus_own_name_on_connection (bus, "org.belfry.Belfry1", G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL,
                                NULL, NULL);
  return bus;
}

/* SoupServer's own listener takes one connection an iteration and keeps no more than ten waiting:
 * ten thousand would be minutes. */
static gboolean
on_connections (GSocket *listener, GIOCondition condition, gpointer data)
{
  SoupServer *server = data;
  GSocket *accepted;

  while ((accepted = g_socket_accept (listener, NULL, NULL)) != NULL)
    {
      g_autoptr (GSocket) socket = accepted;
      g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
      g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
      g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);
      g_autoptr (GError) error = NULL;

      g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
      if (!soup_server_accept_iostream (server, G_IO_STREAM (stream), local, remote, &error))
        g_error ("%s", error->message);
    }
  return G_SOURCE_CONTINUE;
}

/* Returns: (transfer full): a socket of loopback that has the server take what connects to it */
static GSocket *
listen_for (SoupServer *server)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSource) source = NULL;
  GSocket *listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  if (listener == NULL || !g_socket_bind (listener, address, TRUE, &error))
    g_error ("%s", error->message);
  g_socket_set_listen_backlog (listener, BACKLOG);
  g_socket_set_blocking (listener, FALSE);
  if (!g_socket_listen (listener, &error))
    g_error ("%s", error->message);
  source = g_socket_create_source (listener, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_connections), server, NULL);
  g_source_attach (source, NULL);
  return listener;
}

static guint16
get_port (GSocket *listener)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (listener, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

int
main (int argc, char **argv)
{
  g_autoptr (GDBusConnection) bus = serve_calls (argv[1]);
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSocket) listener = NULL;
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  users = g_hash_table_new (NULL, NULL);
  soup_server_remove_websocket_extension (server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_websocket_handler (server, "/ws", NULL, NULL, on_client, NULL, NULL);
  listener = listen_for (server);
  printf ("%u\n", get_port (listener));
  fflush (stdout);
  g_main_loop_run (loop);
  return 0;
}
