/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-answer.h"

#include <string.h>

#include "belfry-origin-policy.h"
#include "belfry-problem.h"

/* Nothing but our own files, and nothing inline. */
#define CONTENT_SECURITY_POLICY                                                   \
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " \
  "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

void
belfry_web_answer_set (SoupServerMessage *message, guint status, const char *type, GBytes *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_server_message_set_status (message, status, belfry_problem_get_phrase (status));
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
  g_autofree char *json = belfry_problem_to_json (status, code, detail);
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

/* Whether the page that a request with @headers comes from may talk to us. */
gboolean
belfry_web_answer_is_let_in (const BelfryWebOptions *options, SoupMessageHeaders *headers)
{
  return belfry_origin_policy_allows ((const char *const *) options->allowed_origins,
                                      soup_message_headers_get_list (headers, "Origin"),
                                      soup_message_headers_get_one (headers, "Host"));
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

/* Sends a whole answer of ours, and reads nothing more: @socket has nobody any more. */
void
belfry_web_answer_end (BelfrySocket *socket, GBytes *answer)
{
  belfry_socket_send (socket, answer, 0);
  belfry_socket_set_owner (socket, NULL, NULL);
  belfry_socket_close (socket);
}
