/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-routes.h"

#include <string.h>

#include "belfry-browser-resources.h"
#include "belfry-json-private.h"
#include "belfry-origin-policy.h"

#define BROWSER "/org/belfry/browser"

/* RFC 9110, section 15.5.22. */
#define STATUS_UPGRADE_REQUIRED 426

#define WEBSOCKET_VERSION "13"

/* Nothing but our own files, and nothing inline. */
#define CONTENT_SECURITY_POLICY                                                   \
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " \
  "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct
{
  const char *path;
  const char *file;
  const char *type;
} pages[] = {
  { "/", BROWSER "/index.html", "text/html; charset=utf-8" },
  { "/bell.svg", BROWSER "/bell.svg", "image/svg+xml" },
  { "/demo.css", BROWSER "/demo.css", "text/css; charset=utf-8" },
  { "/demo.js", BROWSER "/demo.js", "text/javascript; charset=utf-8" },
  { "/text.js", BROWSER "/text.js", "text/javascript; charset=utf-8" },
  { "/texts.json", BROWSER "/texts.json", "application/json" },
};

/* libsoup has no phrase for all of them. */
static const char *
get_phrase (guint status)
{
  return status == STATUS_UPGRADE_REQUIRED ? "Upgrade Required" : soup_status_get_phrase (status);
}

/* A problem as RFC 9457 writes it. */
static char *
problem_to_json (guint status, const char *detail)
{
  GString *json = g_string_new ("{\"type\":\"about:blank\",\"title\":");

  belfry_json_append_string (json, get_phrase (status));
  g_string_append_printf (json, ",\"status\":%u,\"detail\":", status);
  belfry_json_append_string (json, detail);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
set_answer (SoupServerMessage *message, guint status, const char *type, GBytes *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_server_message_set_status (message, status, get_phrase (status));
  soup_message_headers_replace (headers, "Content-Type", type);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  /* libsoup keeps a connection only if it listens itself, and closes it otherwise. */
  soup_message_headers_replace (headers, "Connection", "close");
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), body);
}

static void
set_problem (SoupServerMessage *message, guint status, const char *detail)
{
  g_autofree char *json = problem_to_json (status, detail);
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  set_answer (message, status, "application/problem+json", body);
}

static gboolean
wants_to_read (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  if (method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD)
    return TRUE;
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                "GET, HEAD");
  set_problem (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "This can only be read");
  return FALSE;
}

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    if (g_str_equal (path, pages[i].path) && wants_to_read (message))
      {
        g_autoptr (GBytes) body =
            g_resource_lookup_data (belfry_browser_get_resource (), pages[i].file, 0, NULL);

        set_answer (message, SOUP_STATUS_OK, pages[i].type, body);
      }
  if (soup_server_message_get_status (message) == 0)
    set_problem (message, SOUP_STATUS_NOT_FOUND, "There is nothing at this path");
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
    set_problem (message, SOUP_STATUS_NOT_FOUND, "There is nothing at this path");
  else if (wants_to_read (message))
    set_answer (message, SOUP_STATUS_OK, "application/json", body);
}

static void
set_bad_handshake (SoupServerMessage *message, const char *detail)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *response = soup_server_message_get_response_headers (message);
  const char *version = soup_message_headers_get_one (request, "Sec-WebSocket-Version");

  if (g_strcmp0 (version, WEBSOCKET_VERSION) == 0)
    {
      set_problem (message, SOUP_STATUS_BAD_REQUEST, detail);
      return;
    }
  /* RFC 6455, section 4.4. */
  soup_message_headers_replace (response, "Sec-WebSocket-Version", WEBSOCKET_VERSION);
  set_problem (message, STATUS_UPGRADE_REQUIRED, "This speaks version 13 of the protocol");
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
    set_problem (message, SOUP_STATUS_NOT_FOUND, "There is nothing at this path");
  else if (soup_server_message_get_method (message) != SOUP_METHOD_GET)
    {
      soup_message_headers_replace (response, "Allow", "GET");
      set_problem (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "A WebSocket begins with a GET");
    }
  else if (upgrade == NULL || g_ascii_strcasecmp (upgrade, "websocket") != 0)
    {
      soup_message_headers_replace (response, "Upgrade", "websocket");
      set_problem (message, STATUS_UPGRADE_REQUIRED, "This is a WebSocket");
    }
  else if (!soup_websocket_server_check_handshake (message, NULL, NULL, NULL, &error))
    set_bad_handshake (message, error->message);
  else
    set_bad_handshake (message, "The handshake is not one of RFC 6455");
}

static gboolean
has_body (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  return encoding == SOUP_ENCODING_CHUNKED
         || (encoding == SOUP_ENCODING_CONTENT_LENGTH
             && soup_message_headers_get_content_length (headers) > 0);
}

/* No route takes a body, and libsoup would read one of any size before it answers. So it is taken
 * the connection, which gets its answer here and is closed. */
static void
refuse_body (SoupServerMessage *message)
{
  g_autofree char *json = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (GIOStream) stream = NULL;

  json = problem_to_json (SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "Nothing here takes a body");
  answer = g_strdup_printf ("HTTP/1.1 413 %s\r\n"
                            "Content-Type: application/problem+json\r\n"
                            "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                            "Connection: close\r\n\r\n%s",
                            soup_status_get_phrase (SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE),
                            strlen (json), json);
  stream = soup_server_message_steal_connection (message);
  /* The stream takes everything at once. */
  g_output_stream_write (g_io_stream_get_output_stream (stream), answer, strlen (answer), NULL,
                         NULL);
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

  if (has_body (message))
    refuse_body (message);
  else if (!belfry_origin_policy_allows ((const char *const *) options->allowed_origins,
                                         soup_message_headers_get_list (headers, "Origin"),
                                         soup_message_headers_get_one (headers, "Host")))
    set_problem (message, SOUP_STATUS_FORBIDDEN, "Pages of this origin are not let in");
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
