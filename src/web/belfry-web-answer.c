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
  return status == BELFRY_STATUS_UPGRADE_REQUIRED ? "Upgrade Required"
                                                  : soup_status_get_phrase (status);
}

/* A problem as RFC 9457 writes it. */
char *
belfry_web_answer_problem_json (guint status, const char *detail)
{
  GString *json = g_string_new ("{\"type\":\"about:blank\",\"title\":");

  belfry_json_append_string (json, get_phrase (status));
  g_string_append_printf (json, ",\"status\":%u,\"detail\":", status);
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
belfry_web_answer_set_problem (SoupServerMessage *message, guint status, const char *detail)
{
  g_autofree char *json = belfry_web_answer_problem_json (status, detail);
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
  belfry_web_answer_set_problem (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "This can only be read");
  return FALSE;
}
