/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-answer.h"

#include <string.h>

#include "belfry-json-private.h"

/* Nothing but our own files, and nothing inline. */
#define CONTENT_SECURITY_POLICY                                                   \
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " \
  "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* libsoup has no phrase for all of them. */
static const char *
get_phrase (guint status)
{
  if (status == BELFRY_STATUS_UPGRADE_REQUIRED)
    return "Upgrade Required";
  if (status == BELFRY_STATUS_TOO_MANY_REQUESTS)
    return "Too Many Requests";
  return soup_status_get_phrase (status);
}

/* A problem as RFC 9457 writes it. @code: one of those that errors over a WebSocket have, or one
 * for what there is over HTTP only */
static char *
problem_to_json (guint status, const char *code, const char *detail)
{
  GString *json = g_string_new ("{\"type\":\"about:blank\",\"title\":");

  belfry_json_append_string (json, get_phrase (status));
  g_string_append_printf (json, ",\"status\":%u,\"code\":", status);
  belfry_json_append_string (json, code);
  g_string_append (json, ",\"detail\":");
  belfry_json_append_string (json, detail);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

void
belfry_web_answer_set (SoupServerMessage *message, guint status, const char *type, GBytes *body)
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

void
belfry_web_answer_set_problem (SoupServerMessage *message,
                               guint status,
                               const char *code,
                               const char *detail)
{
  g_autofree char *json = problem_to_json (status, code, detail);
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  belfry_web_answer_set (message, status, "application/problem+json", body);
}

/* Returns: FALSE, with @message answered, if it asks for more than to read */
gboolean
belfry_web_answer_may_read (SoupServerMessage *message)
{
  const char *method = soup_server_message_get_method (message);

  if (method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD)
    return TRUE;
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                "GET, HEAD");
  belfry_web_answer_set_problem (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED",
                                 "This can only be read");
  return FALSE;
}

/* What a page may read beside what every page may. */
#define EXPOSED "ETag, Retry-After, WWW-Authenticate"

static gboolean
is_allowed (const BelfryWebOptions *options, const char *origin)
{
  const char *const *allowed = (const char *const *) options->allowed_origins;

  return origin != NULL && allowed != NULL && g_strv_contains (allowed, origin);
}

/* Lets a page of an origin that was allowed read the answer: the CORS protocol of the Fetch
 * standard. */
void
belfry_web_answer_let_in (SoupServerMessage *message, const BelfryWebOptions *options)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *origin =
      soup_message_headers_get_list (soup_server_message_get_request_headers (message), "Origin");

  soup_message_headers_append (headers, "Vary", "Origin");
  if (!is_allowed (options, origin))
    return;
  soup_message_headers_replace (headers, "Access-Control-Allow-Origin", origin);
  soup_message_headers_replace (headers, "Access-Control-Expose-Headers", EXPOSED);
}

/* The same, as text: header lines, each with its end. */
char *
belfry_web_answer_cors_headers (const BelfryWebOptions *options, const char *origin)
{
  if (!is_allowed (options, origin))
    return g_strdup ("Vary: Origin\r\n");
  return g_strconcat ("Vary: Origin\r\n"
                      "Access-Control-Allow-Origin: ",
                      origin, "\r\nAccess-Control-Expose-Headers: " EXPOSED "\r\n", NULL);
}

/* A whole answer. @headers: more of them, each with its line end */
GBytes *
belfry_web_answer_raw_problem (guint status,
                               const char *code,
                               const char *detail,
                               const char *headers)
{
  g_autofree char *json = problem_to_json (status, code, detail);
  char *answer = g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                                  "Server: Belfry\r\n"
                                  "Content-Type: application/problem+json\r\n"
                                  "X-Content-Type-Options: nosniff\r\n"
                                  "Cache-Control: no-cache\r\n"
                                  "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                                  "Connection: close\r\n%s\r\n%s",
                                  status, get_phrase (status), strlen (json), headers, json);

  return g_bytes_new_take (answer, strlen (answer));
}
