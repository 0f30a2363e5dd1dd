/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-frames.h"

#include <json-glib/json-glib.h>

static void
add_text (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
add_number (JsonBuilder *builder, const char *name, gint64 number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static JsonBuilder *
begin (const char *room)
{
  JsonBuilder *builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  if (room != NULL)
    add_text (builder, "room", room);
  return builder;
}

static char *
end (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
add_message (JsonBuilder *builder, ChatMessage *message)
{
  add_number (builder, "seq", message->seq);
  add_text (builder, "from", message->author);
  add_text (builder, "key", message->key);
  add_text (builder, "text", message->text);
  add_number (builder, "at", message->at);
}

char *
chat_frame_presence (const char *room, const char *user_id, gboolean here)
{
  g_autoptr (JsonBuilder) builder = begin (room);

  add_text (builder, "user", user_id);
  add_boolean (builder, "here", here);
  return end (builder);
}

char *
chat_frame_typing (const char *room, const char *user_id)
{
  g_autoptr (JsonBuilder) builder = begin (room);

  add_text (builder, "user", user_id);
  return end (builder);
}

char *
chat_frame_said (const char *room, ChatMessage *message)
{
  g_autoptr (JsonBuilder) builder = begin (room);

  add_message (builder, message);
  return end (builder);
}

/* What the author is told: it is stored, under this number. */
char *
chat_frame_receipt (ChatMessage *message)
{
  g_autoptr (JsonBuilder) builder = begin (NULL);

  add_number (builder, "seq", message->seq);
  add_number (builder, "at", message->at);
  return end (builder);
}

/* @members: (nullable): who is there, for one who joins */
char *
chat_frame_page (const char *room, ChatPage *page, const char *const *members)
{
  g_autoptr (JsonBuilder) builder = begin (room);

  if (members != NULL)
    {
      json_builder_set_member_name (builder, "members");
      json_builder_begin_array (builder);
      for (guint i = 0; members[i] != NULL; i++)
        json_builder_add_string_value (builder, members[i]);
      json_builder_end_array (builder);
    }
  json_builder_set_member_name (builder, "messages");
  json_builder_begin_array (builder);
  for (guint i = 0; i < page->messages->len; i++)
    {
      json_builder_begin_object (builder);
      add_message (builder, g_ptr_array_index (page->messages, i));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  add_boolean (builder, "more", page->more);
  add_number (builder, "newest", page->newest);
  return end (builder);
}
