/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-problem.h"

#include <string.h>

#include "belfry-frames.h"
#include "belfry-json-private.h"

/* When it is worth to come back where nobody has said so, in ms. */
#define RETRY_AFTER 5000

/* The status that says the same as the code of an error. */
static const struct
{
  const char *code;
  guint status;
} statuses[] = {
  { "BUSY", SOUP_STATUS_SERVICE_UNAVAILABLE },
  { "CONNECTION_LIMIT_PER_USER_EXCEEDED", BELFRY_STATUS_TOO_MANY_REQUESTS },
  { "CONNECTION_LIMIT_TOTAL_EXCEEDED", SOUP_STATUS_SERVICE_UNAVAILABLE },
  { "DISCONNECTED", SOUP_STATUS_FORBIDDEN },
  { "FORBIDDEN", SOUP_STATUS_FORBIDDEN },
  { "INVALID_MESSAGE", SOUP_STATUS_BAD_REQUEST },
  { "INVALID_TOKEN", SOUP_STATUS_UNAUTHORIZED },
  { "LENGTH_REQUIRED", SOUP_STATUS_LENGTH_REQUIRED },
  { "METHOD_NOT_ALLOWED", SOUP_STATUS_METHOD_NOT_ALLOWED },
  { "NOT_FOUND", SOUP_STATUS_NOT_FOUND },
  { "NOT_REGISTERED", SOUP_STATUS_UNAUTHORIZED },
  { "RATE_LIMITED", BELFRY_STATUS_TOO_MANY_REQUESTS },
  { "SERVER_SHUTDOWN", SOUP_STATUS_SERVICE_UNAVAILABLE },
  { "TIMEOUT", SOUP_STATUS_GATEWAY_TIMEOUT },
  { "TOKEN_EXPIRED", SOUP_STATUS_UNAUTHORIZED },
  { "TOO_LARGE", SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE },
  { "UNAVAILABLE", SOUP_STATUS_SERVICE_UNAVAILABLE },
  { "UNKNOWN_TYPE", SOUP_STATUS_NOT_FOUND },
  { "UNSUPPORTED_MEDIA_TYPE", SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE },
};

/* Codes that are not ours are those of workers and handlers, who refuse what they understood. */
static guint
get_status (const char *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (g_str_equal (code, statuses[i].code))
      return statuses[i].status;
  return SOUP_STATUS_UNPROCESSABLE_ENTITY;
}

/* libsoup has no phrase for all of them. */
const char *
belfry_problem_get_phrase (guint status)
{
  if (status == BELFRY_STATUS_UPGRADE_REQUIRED)
    return "Upgrade Required";
  if (status == BELFRY_STATUS_TOO_MANY_REQUESTS)
    return "Too Many Requests";
  return soup_status_get_phrase (status);
}

char *
belfry_problem_to_json (guint status, const char *code, const char *detail)
{
  GString *json = g_string_new ("{\"type\":\"about:blank\",\"title\":");

  belfry_json_append_string (json, belfry_problem_get_phrase (status));
  g_string_append_printf (json, ",\"status\":%u,\"code\":", status);
  belfry_json_append_string (json, code);
  g_string_append (json, ",\"detail\":");
  belfry_json_append_string (json, detail);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* A whole answer. @headers: more of them, each with its line end */
GBytes *
belfry_problem_to_answer (guint status, const char *code, const char *detail, const char *headers)
{
  g_autofree char *json = belfry_problem_to_json (status, code, detail);
  char *answer =
      g_strdup_printf ("HTTP/1.1 %u %s\r\n"
                       "Server: Belfry\r\n"
                       "Content-Type: application/problem+json\r\n"
                       "X-Content-Type-Options: nosniff\r\n"
                       "Cache-Control: no-store\r\n"
                       "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                       "Connection: close\r\n%s\r\n%s",
                       status, belfry_problem_get_phrase (status), strlen (json), headers, json);

  return g_bytes_new_take (answer, strlen (answer));
}

static GBytes *
from_code (const char *code, const char *detail, gint64 retry_after, const char *headers)
{
  guint status = get_status (code);
  g_autofree char *all = NULL;

  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE || status == BELFRY_STATUS_TOO_MANY_REQUESTS)
    all = g_strdup_printf ("Retry-After: %" G_GINT64_FORMAT "\r\n%s", (retry_after + 999) / 1000,
                           headers);
  /* RFC 6750, section 3: without a token there is no error to tell. */
  else if (status == SOUP_STATUS_UNAUTHORIZED)
    all = g_strconcat (g_str_equal (code, "NOT_REGISTERED")
                           ? "WWW-Authenticate: Bearer\r\n"
                           : "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n",
                       headers, NULL);
  return belfry_problem_to_answer (status, code, detail, all != NULL ? all : headers);
}

/* The same, with the status of @code and what belongs to that. */
GBytes *
belfry_problem_from_code (const char *code, const char *detail, const char *headers)
{
  return from_code (code, detail, RETRY_AFTER, headers);
}

/* A whole answer that says what @frame, an error of Belfry's, says. */
GBytes *
belfry_problem_from_frame (GBytes *frame, const char *headers)
{
  gsize length;
  const char *text = g_bytes_get_data (frame, &length);
  const BelfryJsonValue object = { text, length, BELFRY_JSON_OBJECT };
  BelfryJsonValue data;
  BelfryJsonValue value;
  gint64 retry_after = RETRY_AFTER;
  g_autofree char *code = NULL;
  g_autofree char *detail = NULL;

  belfry_json_lookup (&object, "data", &data);
  belfry_json_lookup (&data, "code", &value);
  code = belfry_json_value_dup_string (&value);
  belfry_json_lookup (&data, "message", &value);
  detail = belfry_json_value_dup_string (&value);
  belfry_json_lookup (&data, "retryAfter", &value);
  if (!belfry_json_value_get_int64 (&value, &retry_after))
    retry_after = RETRY_AFTER;
  return from_code (code, detail != NULL ? detail : "", retry_after, headers);
}
