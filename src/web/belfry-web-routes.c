/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-routes.h"

#include <string.h>

#include "belfry-problem.h"
#include "belfry-request-target.h"
#include "belfry-web-answer.h"
#include "belfry-web-pages.h"

#define WEBSOCKET_VERSION "13"

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  if (!belfry_web_pages_answer (message, path))
    belfry_web_answer_set_problem (message, SOUP_STATUS_NOT_FOUND, "NOT_FOUND",
                                   "There is nothing at this path");
}

static void
on_health (SoupServer *server,
           SoupServerMessage *message,
           const char *path,
           GHashTable *query,
           gpointer user_data)
{
  static const char ok[] = "{\"status\":\"ok\"}";
  g_autoptr (GBytes) body = g_bytes_new_static (ok, strlen (ok));

  if (!g_str_equal (path, "/healthz"))
    belfry_web_answer_set_problem (message, SOUP_STATUS_NOT_FOUND, "NOT_FOUND",
                                   "There is nothing at this path");
  else if (belfry_web_answer_may_read (message))
    belfry_web_answer_set (message, SOUP_STATUS_OK, "application/json", body);
}

static void
set_bad_handshake (SoupServerMessage *message, const char *detail)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *response = soup_server_message_get_response_headers (message);
  const char *version = soup_message_headers_get_one (request, "Sec-WebSocket-Version");

  if (g_strcmp0 (version, WEBSOCKET_VERSION) == 0)
    {
      belfry_web_answer_set_problem (message, SOUP_STATUS_BAD_REQUEST, "INVALID_MESSAGE", detail);
      return;
    }
  /* RFC 6455, section 4.4. */
  soup_message_headers_replace (response, "Sec-WebSocket-Version", WEBSOCKET_VERSION);
  belfry_web_answer_set_problem (message, BELFRY_STATUS_UPGRADE_REQUIRED, "UPGRADE_REQUIRED",
                                 "This speaks version 13 of the protocol");
}

/* What is no handshake that belfry_handshake_check() accepts: it is told why. */
static void
on_websocket_request (SoupServer *server,
                      SoupServerMessage *message,
                      const char *path,
                      GHashTable *query,
                      gpointer user_data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *response = soup_server_message_get_response_headers (message);
  const char *upgrade = soup_message_headers_get_one (headers, "Upgrade");
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (path, "/ws"))
    belfry_web_answer_set_problem (message, SOUP_STATUS_NOT_FOUND, "NOT_FOUND",
                                   "There is nothing at this path");
  else if (soup_server_message_get_method (message) != SOUP_METHOD_GET)
    {
      soup_message_headers_replace (response, "Allow", "GET");
      belfry_web_answer_set_problem (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED",
                                     "A WebSocket begins with a GET");
    }
  else if (upgrade == NULL || g_ascii_strcasecmp (upgrade, "websocket") != 0)
    {
      soup_message_headers_replace (response, "Upgrade", "websocket");
      belfry_web_answer_set_problem (message, BELFRY_STATUS_UPGRADE_REQUIRED, "UPGRADE_REQUIRED",
                                     "This is a WebSocket");
    }
  else if (!soup_websocket_server_check_handshake (message, NULL, NULL, NULL, &error))
    set_bad_handshake (message, error->message);
  else
    set_bad_handshake (message, "The handshake is not one of RFC 6455");
}

/* No route takes a body, and libsoup would read one of any size before it answers. So it is taken
 * the connection, which gets its answer here and is closed. */
static void
refuse_body (SoupServerMessage *message, const BelfryWebOptions *options)
{
  const char *origin =
      soup_message_headers_get_list (soup_server_message_get_request_headers (message), "Origin");
  g_autofree char *cors = belfry_web_answer_cors_headers (options, origin);
  g_autoptr (GBytes) answer =
      belfry_problem_from_code ("TOO_LARGE", "Nothing here takes a body", cors);
  g_autoptr (GIOStream) stream = NULL;

  stream = soup_server_message_steal_connection (message);
  /* The stream takes everything at once. */
  g_output_stream_write (g_io_stream_get_output_stream (stream), g_bytes_get_data (answer, NULL),
                         g_bytes_get_size (answer), NULL, NULL);
  g_io_stream_close (stream, NULL, NULL);
}

/* The headers are there. What holds for every path is looked at here. */
static void
on_headers (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  const BelfryWebOptions *options = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  belfry_web_answer_let_in (message, options);
  if (belfry_request_target_has_body (headers))
    refuse_body (message, options);
  else if (!belfry_web_answer_is_let_in (options, headers))
    belfry_web_answer_set_problem (message, SOUP_STATUS_FORBIDDEN, "FORBIDDEN",
                                   "Pages of this origin are not let in");
}

/* @options has to live as long as @server. */
void
belfry_web_routes_add (SoupServer *server, const BelfryWebOptions *options)
{
  static const struct
  {
    const char *path;
    SoupServerCallback handle;
  } routes[] = {
    { NULL, on_request },
    { "/healthz", on_health },
    { "/ws", on_websocket_request },
  };

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      soup_server_add_handler (server, routes[i].path, routes[i].handle, NULL, NULL);
      /* libsoup asks the one of the path, and no other. */
      soup_server_add_early_handler (server, routes[i].path, on_headers, (gpointer) options, NULL);
    }
}
