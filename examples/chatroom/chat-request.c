/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-request.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_ROOM      64
#define MAX_KEY       64
#define MAX_TEXT      2000
#define MAX_LIMIT     100
#define DEFAULT_LIMIT 50
#define NAME_LETTERS  "abcdefghijklmnopqrstuvwxyz0123456789-"

static const char *const types[] = {
  [CHAT_REQUEST_JOIN] = "chat.join",       [CHAT_REQUEST_SAY] = "chat.say",
  [CHAT_REQUEST_HISTORY] = "chat.history", [CHAT_REQUEST_TYPING] = "chat.typing",
  [CHAT_REQUEST_LEAVE] = "chat.leave",     NULL,
};

void
chat_request_free (ChatRequest *self)
{
  g_free (self->room);
  g_free (self->key);
  g_free (self->text);
  g_free (self);
}

gboolean
chat_request_is_one (BelfryMessage *message)
{
  return g_strv_contains (types, belfry_message_get_message_type (message));
}

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, text);
  return FALSE;
}

static const char *
get_text (JsonObject *data, const char *name)
{
  JsonNode *node = json_object_get_member (data, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* A name of our own: it can be shown, and compared, without surprises. */
static gboolean
is_name (const char *text, gsize max)
{
  return text != NULL && *text != '\0' && strlen (text) <= max
         && text[strspn (text, NAME_LETTERS)] == '\0';
}

/* Whether there is something to read, and nothing that plays tricks. */
static gboolean
is_plain_text (const char *text)
{
  gboolean has_something = FALSE;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c != '\n' && c != '\t' && (c < 0x20 || (c >= 0x7f && c < 0xa0)))
        return FALSE;
      has_something |= !g_unichar_isspace (c);
    }
  return has_something && g_utf8_strlen (text, -1) <= MAX_TEXT;
}

static gboolean
parse_text (ChatRequest *self, JsonObject *data, GError **error)
{
  const char *key = get_text (data, "key");
  const char *text = get_text (data, "text");

  if (!is_name (key, MAX_KEY))
    return refuse (error, "key: expected 1 to 64 of a-z, 0-9 and -");
  if (text == NULL || !is_plain_text (text))
    return refuse (error, "text: expected 1 to 2000 characters, not only white space, and no "
                          "control characters");
  self->key = g_strdup (key);
  self->text = g_strdup (text);
  return TRUE;
}

/* Returns: whether it is absent, or a number from @min to @max */
static gboolean
get_number (JsonObject *data, const char *name, gint64 min, gint64 max, gint64 *number)
{
  JsonNode *node = json_object_get_member (data, name);

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *number = json_node_get_int (node);
  return *number >= min && *number <= max;
}

/* Where a page begins: at the newest, if nothing else is said. */
static gboolean
parse_page (ChatRequest *self, JsonObject *data, const char *forwards, GError **error)
{
  const gint64 max = ((gint64) 1 << 53) - 1;
  gint64 after = -1;
  gint64 before = max;
  gint64 limit = DEFAULT_LIMIT;

  if (!get_number (data, forwards, 0, max, &after))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s: expected an integer from 0 to 2^53-1", forwards);
      return FALSE;
    }
  if (!get_number (data, "before", 0, max, &before))
    return refuse (error, "before: expected an integer from 0 to 2^53-1");
  if (!get_number (data, "limit", 1, MAX_LIMIT, &limit))
    return refuse (error, "limit: expected an integer from 1 to 100");
  if (after >= 0 && json_object_has_member (data, "before"))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "before: not together with %s",
                   forwards);
      return FALSE;
    }
  self->backwards = after < 0;
  self->from = self->backwards ? before : after;
  self->limit = (guint) limit;
  return TRUE;
}

static gboolean
parse (ChatRequest *self, JsonObject *data, GError **error)
{
  const char *room = get_text (data, "room");

  if (!is_name (room, MAX_ROOM))
    return refuse (error, "room: expected 1 to 64 of a-z, 0-9 and -");
  self->room = g_strdup (room);
  switch (self->kind)
    {
    case CHAT_REQUEST_JOIN:
      return parse_page (self, data, "since", error);
    case CHAT_REQUEST_SAY:
      return parse_text (self, data, error);
    case CHAT_REQUEST_HISTORY:
      return parse_page (self, data, "after", error);
    case CHAT_REQUEST_TYPING:
    case CHAT_REQUEST_LEAVE:
      break;
    }
  return TRUE;
}

/* Whether a U+0000 is in the text of @json, where json-glib would end a string. */
static gboolean
has_zero (const char *json)
{
  for (const char *p = strchr (json, '\\'); p != NULL; p = strchr (p + 2, '\\'))
    if (g_str_has_prefix (p, "\\u0000"))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): NULL with @error, which names the field and the limit */
ChatRequest *
chat_request_parse (BelfryMessage *message, GError **error)
{
  g_autoptr (ChatRequest) self = g_new0 (ChatRequest, 1);
  g_autoptr (JsonParser) parser = json_parser_new ();
  const char *json = belfry_message_get_data (message);

  while (!g_str_equal (types[self->kind], belfry_message_get_message_type (message)))
    self->kind++;
  if (has_zero (json))
    {
      refuse (error, "data: U+0000 is not allowed");
      return NULL;
    }
  if (!json_parser_load_from_data (parser, json, -1, NULL))
    {
      /* It is JSON, so it is a text that is no text. */
      refuse (error, "data: half of a surrogate pair is not allowed");
      return NULL;
    }
  if (!parse (self, json_node_get_object (json_parser_get_root (parser)), error))
    return NULL;
  return g_steal_pointer (&self);
}
