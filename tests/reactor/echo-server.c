/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "echo-server.h"

#include <libsoup/soup.h>
#include <string.h>

#include "belfry-reactor-private.h"
#include "belfry-stream-private.h"

static gpointer *
server_of (EchoServer *server, BelfryReactor *reactor)
{
  return &server->servers[reactor == server->reactors[1]];
}

static void
on_message (SoupWebsocketConnection *connection, int type, GBytes *message, gpointer user_data)
{
  gsize length;
  const char *text = g_bytes_get_data (message, &length);

  if (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return;
  if (strcmp (text, "bye") == 0)
    {
      soup_websocket_connection_send_text (connection, "farewell");
      soup_websocket_connection_close (connection, 4000, "bye");
    }
  else if (strcmp (text, "huge") == 0)
    {
      g_autofree char *megabyte = g_strnfill (1024 * 1024, 'h');

      soup_websocket_connection_send_text (connection, megabyte);
    }
  else
    soup_websocket_connection_send_text (connection, text);
}

static void
on_closed (SoupWebsocketConnection *connection, gpointer user_data)
{
  g_object_unref (connection);
}

static void
on_websocket (SoupServer *soup,
              SoupServerMessage *message,
              const char *path,
              SoupWebsocketConnection *connection,
              gpointer user_data)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (soup_websocket_connection_get_io_stream (connection), "base-iostream", &base, NULL);
  belfry_socket_keep (BELFRY_STREAM (base)->socket);
  g_signal_connect (g_object_ref (connection), "message", G_CALLBACK (on_message), NULL);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), NULL);
}

static void
start (BelfryReactor *reactor, gpointer user_data)
{
  SoupServer *soup = soup_server_new (NULL, NULL);

  soup_server_remove_websocket_extension (soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_websocket_handler (soup, "/echo", NULL, NULL, on_websocket, NULL, NULL);
  *server_of (user_data, reactor) = soup;
}

static void
accepted (BelfryReactor *reactor, BelfrySocket *socket, gpointer user_data)
{
  SoupServer *soup = *server_of (user_data, reactor);
  g_autoptr (GSocketAddress) local = belfry_socket_get_local_address (socket);
  g_autoptr (GSocketAddress) remote = belfry_socket_get_remote_address (socket);
  BelfryStream *stream = belfry_stream_new (socket, NULL, 0);

  belfry_stream_enter (stream);
  if (local == NULL || remote == NULL)
    belfry_socket_close (socket);
  else
    soup_server_accept_iostream (soup, G_IO_STREAM (stream), local, remote, NULL);
  belfry_stream_leave (stream);
}

static void
woken (BelfryReactor *reactor, gpointer user_data)
{
  EchoServer *server = user_data;

  if (reactor == server->reactors[0] && g_atomic_int_get (&server->stopping))
    belfry_acceptor_close (server->acceptor);
}

static void
tick (BelfryReactor *reactor, gpointer user_data)
{
}

static void
stop (BelfryReactor *reactor, gpointer user_data)
{
  gpointer *soup = server_of (user_data, reactor);

  soup_server_disconnect (*soup);
  g_clear_object (soup);
}

static const BelfryReactorFuncs funcs = { start, accepted, woken, tick, stop };

/* @request_time: µs that a request may take; 0 for as long as usual */
void
echo_server_start (EchoServer *server, gint64 request_time)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (server->reactors); i++)
    {
      server->reactors[i] = belfry_reactor_new ("echo", &funcs, server);
      if (request_time > 0)
        belfry_reactor_get_times (server->reactors[i])->request = request_time;
    }
  server->acceptor =
      belfry_acceptor_new (any, server->reactors, G_N_ELEMENTS (server->reactors), &error);
  g_assert_no_error (error);
  server->port = g_inet_socket_address_get_port (
      G_INET_SOCKET_ADDRESS (belfry_acceptor_get_address (server->acceptor)));
  for (guint i = 0; i < G_N_ELEMENTS (server->reactors); i++)
    belfry_reactor_start (server->reactors[i]);
}

/* @grace: µs */
void
echo_server_stop (EchoServer *server, gint64 grace)
{
  g_atomic_int_set (&server->stopping, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (server->reactors); i++)
    belfry_reactor_stop (server->reactors[i], grace);
  for (guint i = 0; i < G_N_ELEMENTS (server->reactors); i++)
    belfry_reactor_free (server->reactors[i]);
  belfry_acceptor_free (server->acceptor);
}

guint
echo_server_get_n_sockets (EchoServer *server)
{
  return belfry_reactor_get_n_sockets (server->reactors[0])
         + belfry_reactor_get_n_sockets (server->reactors[1]);
}
