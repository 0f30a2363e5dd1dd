/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-api-request.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-error.h"
#include "belfry-frame-parser.h"

#define NOTIFICATIONS "/api/notifications"

/* The data of a message stands in the body. */
#define BODY_MAX_DEPTH (BELFRY_JSON_MAX_DEPTH + 1)

static const struct
{
  const char *path; /* what ends with a slash is followed by an id */
  const char *methods;
  const char *type; /* of the message that asks for the same */
  gboolean has_body;
} routes[] = {
  [BELFRY_API_LIST] = { NOTIFICATIONS, "GET, HEAD", "list" },
  [BELFRY_API_COUNT] = { NOTIFICATIONS "/count", "GET, HEAD", "unread_count" },
  [BELFRY_API_READ] = { NOTIFICATIONS "/read", "POST", "mark_read", TRUE },
  [BELFRY_API_UNREAD] = { NOTIFICATIONS "/unread", "POST", "mark_unread", TRUE },
  [BELFRY_API_REMOVE] = { NOTIFICATIONS "/", "DELETE", "remove" },
  [BELFRY_API_MESSAGE] = { "/api/messages", "POST", NULL, TRUE },
  [BELFRY_API_READY] = { "/readyz", "GET, HEAD", NULL },
  [BELFRY_API_EVENTS] = { "/events", "GET", NULL },
};

void
belfry_api_request_free (BelfryApiRequest *self)
{
  g_free (self->user_id);
  g_free (self->type);
  g_free (self->data);
  g_free (self->session_id);
  g_free (self);
}

static gboolean
is_id (const char *text)
{
  return text[0] != '0' && g_ascii_string_to_signed (text, 10, 1, BELFRY_POSITION_MAX, NULL, NULL)
         && strspn (text, "0123456789") == strlen (text);
}

gboolean
belfry_api_route_find (const char *path, BelfryApiRoute *route)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      const char *known = routes[i].path;

      if (g_str_has_suffix (known, "/")
              ? g_str_has_prefix (path, known) && is_id (path + strlen (known))
              : g_str_equal (path, known))
        {
          *route = i;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
belfry_api_route_allows (BelfryApiRoute route, const char *method)
{
  g_auto (GStrv) methods = g_strsplit (routes[route].methods, ", ", -1);

  return g_strv_contains ((const char *const *) methods, method);
}

gboolean
belfry_api_route_has_body (BelfryApiRoute route)
{
  return routes[route].has_body;
}

gboolean
belfry_api_route_needs_token (BelfryApiRoute route)
{
  return route != BELFRY_API_READY;
}

/* Returns: those that it understands, as the header Allow wants them */
const char *
belfry_api_route_get_methods (BelfryApiRoute route)
{
  return routes[route].methods;
}

/* A value stands in the JSON as what it looks like: what is wrong with it is told by whoever reads
 * it there. */
static void
append_value (GString *json, const char *value)
{
  const char *digits = value + (value[0] == '-' ? 1 : 0);
  gboolean is_integer = digits[0] != '\0' && strspn (digits, "0123456789") == strlen (digits)
                        && (digits[0] != '0' || digits[1] == '\0');

  if (is_integer || g_str_equal (value, "true") || g_str_equal (value, "false"))
    g_string_append (json, value);
  else
    belfry_json_append_string (json, value);
}

/* Returns: (transfer full) (nullable): the parameters as a JSON object, or NULL with @error */
static char *
query_to_json (const char *query, const char *const *known, GError **error)
{
  g_auto (GStrv) parameters = g_strsplit (query, "&", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) json = g_string_new ("{");

  for (guint i = 0; parameters[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (parameters[i], "=", 2);
      g_autofree char *name = g_uri_unescape_string (parts[0] != NULL ? parts[0] : "", NULL);
      g_autofree char *value = g_uri_unescape_string (
          name != NULL && parts[0] != NULL && parts[1] != NULL ? parts[1] : "", NULL);

      if (name == NULL || value == NULL || !g_utf8_validate (name, -1, NULL)
          || !g_utf8_validate (value, -1, NULL))
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "query: the escapes of parameter %u are not UTF-8", i + 1);
          return NULL;
        }
      if (!g_strv_contains (known, name))
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "query: “%s” is no parameter here", name);
          return NULL;
        }
      if (g_hash_table_contains (seen, name))
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "query: %s: given more than once", name);
          return NULL;
        }
      g_string_append (json, i > 0 ? "," : "");
      belfry_json_append_string (json, name);
      g_string_append_c (json, ':');
      append_value (json, value);
      g_hash_table_add (seen, g_steal_pointer (&name));
    }
  g_string_append_c (json, '}');
  return g_strdup (json->str);
}

/* @query: (nullable): as it stands in the request
 * Returns: (transfer full): the request, without what a token and a body say */
BelfryApiRequest *
belfry_api_request_new (BelfryApiRoute route, const char *path, const char *query, GError **error)
{
  static const char *const none[] = { NULL };
  static const char *const of_list[] = { "before", "limit", "unread", NULL };
  g_autoptr (BelfryApiRequest) self = g_new0 (BelfryApiRequest, 1);

  self->route = route;
  self->type = g_strdup (routes[route].type);
  self->wants_reply = TRUE;
  if (query == NULL || query[0] == '\0')
    self->data = g_strdup ("{}");
  else
    self->data = query_to_json (query, route == BELFRY_API_LIST ? of_list : none, error);
  if (self->data == NULL)
    return NULL;
  if (route == BELFRY_API_REMOVE)
    {
      g_free (self->data);
      self->data =
          g_strdup_printf ("{\"ids\":[%s]}", path + strlen (routes[BELFRY_API_REMOVE].path));
    }
  return g_steal_pointer (&self);
}

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, text);
  return FALSE;
}

/* Either some are read, or all up to one. */
static gboolean
take_read (BelfryApiRequest *self, const BelfryJsonValue *body, GError **error)
{
  BelfryJsonValue value;
  gboolean has_ids = belfry_json_lookup (body, "ids", &value);

  if (!belfry_json_lookup (body, "upTo", &value))
    return TRUE;
  if (has_ids)
    return refuse (error, "ids, upTo: expected one of them, not both");
  g_free (self->type);
  self->type = g_strdup ("mark_all_read");
  return TRUE;
}

static gboolean
take_message (BelfryApiRequest *self, const BelfryJsonValue *body, GError **error)
{
  g_autofree char *token = NULL;
  g_autoptr (BelfryClientFrame) frame =
      belfry_frame_parser_parse (body->text, body->length, &token);
  BelfryJsonValue value;

  if (frame->kind == BELFRY_CLIENT_FRAME_FAULT)
    return refuse (error, frame->text);
  if (belfry_json_lookup (body, "sessionId", &value) && value.kind == BELFRY_JSON_STRING)
    self->session_id = belfry_json_value_dup_string (&value);
  if (self->session_id == NULL)
    return refuse (error, "sessionId: expected a string");
  if (belfry_json_lookup (body, "reply", &value)
      && !belfry_json_value_get_boolean (&value, &self->wants_reply))
    return refuse (error, "reply: expected true or false");
  if (frame->kind == BELFRY_CLIENT_FRAME_REGISTER)
    return refuse (error, "type: a session registers with the request for its stream");
  self->type =
      frame->kind == BELFRY_CLIENT_FRAME_PING ? g_strdup ("ping") : g_steal_pointer (&frame->type);
  g_free (self->data);
  self->data = frame->data != NULL ? g_steal_pointer (&frame->data) : g_strdup ("{}");
  return TRUE;
}

/* @body: what the client sent, of @length bytes */
gboolean
belfry_api_request_take_body (BelfryApiRequest *self,
                              const char *body,
                              gsize length,
                              GError **error)
{
  BelfryJsonValue object;

  if (!belfry_json_scan (body, (gssize) length, BODY_MAX_DEPTH, &object, error))
    {
      g_prefix_error (error, "body: ");
      return FALSE;
    }
  if (self->route == BELFRY_API_MESSAGE)
    return take_message (self, &object, error);
  g_free (self->data);
  self->data = g_strndup (object.text, object.length);
  return self->route != BELFRY_API_READ || take_read (self, &object, error);
}
