/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-frames.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-json-private.h"

#define PROTOCOL_VERSION 1

static void
append_boolean (GString *json, gboolean truth)
{
  g_string_append (json, truth ? "true" : "false");
}

static GString *
begin (const char *type, gsize size)
{
  GString *json = g_string_sized_new (size);

  g_string_append (json, "{\"type\":\"");
  g_string_append (json, type);
  g_string_append_c (json, '"');
  return json;
}

static void
append_id (GString *json, const char *id_json)
{
  if (id_json == NULL)
    return;
  g_string_append (json, ",\"id\":");
  g_string_append (json, id_json);
}

static void
append_counts (GString *json, const BelfryFrameCounts *counts)
{
  g_string_append (json, "\"unreadCount\":");
  belfry_json_append_int (json, counts->unread);
  g_string_append (json, ",\"position\":");
  belfry_json_append_int (json, counts->position);
  if (counts->unread_at != BELFRY_COUNTED_AT_POSITION)
    {
      g_string_append (json, ",\"unreadAt\":");
      belfry_json_append_int (json, counts->unread_at);
    }
}

/* Ends the data object and the frame. */
static GBytes *
end (GString *json)
{
  g_string_append (json, "}}");
  return g_string_free_to_bytes (json);
}

/* A user id as it stands in frames. @numeric: one that is written as JavaScript would write a
 * number below 2^53 becomes a number, as QuickDapp's frontends expect it. */
char *
belfry_frame_user_json (const char *user_id, gboolean numeric)
{
  g_autoptr (GString) json = NULL;
  gint64 number;

  if (numeric && (user_id[0] != '0' || user_id[1] == '\0')
      && strspn (user_id, "0123456789") == strlen (user_id)
      && g_ascii_string_to_signed (user_id, 10, 0, BELFRY_POSITION_MAX, &number, NULL))
    return g_strdup (user_id);

  json = g_string_new (NULL);
  belfry_json_append_string (json, user_id);
  /* There is one for each inbox: without the room that a GString leaves. */
  return g_strdup (json->str);
}

/* @heartbeat: ms of silence after which the server looks whether the peer is still there */
GBytes *
belfry_frame_connected (guint heartbeat)
{
  GString *json = begin ("connected", 128);

  g_string_append_printf (
      json, ",\"data\":{\"message\":\"Connected to Belfry\",\"version\":%d,\"heartbeat\":%u",
      PROTOCOL_VERSION, heartbeat);
  return end (json);
}

GBytes *
belfry_frame_registered (const char *id_json, const BelfryFrameRegistered *registered)
{
  GString *json = begin ("registered", 256);

  append_id (json, id_json);
  g_string_append (json, ",\"data\":{\"userId\":");
  g_string_append (json, registered->user_json);
  g_string_append (json, ",\"message\":\"Registered\",\"sessionId\":");
  belfry_json_append_string (json, registered->session_id);
  g_string_append (json, ",\"epoch\":");
  belfry_json_append_string (json, registered->epoch);
  if (registered->resumed)
    {
      g_string_append (json, ",\"recovered\":");
      append_boolean (json, registered->recovered);
    }
  g_string_append_c (json, ',');
  append_counts (json, &registered->counts);
  return end (json);
}

/* The members of a notification, without braces: its data is spliced, byte for byte. */
void
belfry_frame_append_notification (GString *json,
                                  BelfryNotification *notification,
                                  const char *user_json)
{
  g_string_append (json, "\"id\":");
  belfry_json_append_int (json, belfry_notification_get_id (notification));
  g_string_append (json, ",\"userId\":");
  g_string_append (json, user_json);
  g_string_append (json, ",\"data\":");
  g_string_append (json, belfry_notification_get_data (notification));
  g_string_append (json, ",\"createdAt\":");
  belfry_json_append_time (json, belfry_notification_get_created_at (notification));
  g_string_append (json, ",\"read\":");
  append_boolean (json, belfry_notification_get_read (notification));
}

/* @type: notification_received or notification_updated */
GBytes *
belfry_frame_notification (const char *type,
                           BelfryNotification *notification,
                           const char *user_json,
                           const BelfryFrameCounts *counts)
{
  const char *data = belfry_notification_get_data (notification);
  GString *json = begin (type, strlen (data) + strlen (user_json) + 256);

  g_string_append (json, ",\"data\":{");
  belfry_frame_append_notification (json, notification, user_json);
  g_string_append_c (json, ',');
  append_counts (json, counts);
  return end (json);
}

/* @type: notifications_read or notifications_removed */
GBytes *
belfry_frame_ids (const char *type, const gint64 *ids, gsize n_ids, const BelfryFrameCounts *counts)
{
  GString *json = begin (type, 128 + n_ids * 8);

  g_string_append (json, ",\"data\":{\"ids\":[");
  for (gsize i = 0; i < n_ids; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      belfry_json_append_int (json, ids[i]);
    }
  g_string_append (json, "],");
  append_counts (json, counts);
  return end (json);
}

GBytes *
belfry_frame_caught_up (const BelfryFrameCounts *counts)
{
  GString *json = begin ("caught_up", 128);

  g_string_append (json, ",\"data\":{");
  append_counts (json, counts);
  return end (json);
}

/* @data: a JSON object that the scanner has seen */
static GBytes *
object_frame (const char *type, const char *id_json, const char *data)
{
  GString *json = begin (type, strlen (data) + 128);

  append_id (json, id_json);
  g_string_append (json, ",\"data\":");
  g_string_append (json, data);
  g_string_append_c (json, '}');
  return g_string_free_to_bytes (json);
}

GBytes *
belfry_frame_message (const char *type, const char *data)
{
  return object_frame (type, NULL, data);
}

GBytes *
belfry_frame_reply (const char *id_json, const char *data)
{
  return object_frame ("reply", id_json, data);
}

/* @retry_after: ms after which it is worth to come back, or BELFRY_NO_RETRY */
GBytes *
belfry_frame_error (const char *id_json,
                    const char *code,
                    const char *message,
                    gboolean fatal,
                    gint64 retry_after)
{
  GString *json = begin ("error", 256);

  append_id (json, id_json);
  g_string_append (json, ",\"data\":{\"code\":");
  belfry_json_append_string (json, code);
  g_string_append (json, ",\"message\":");
  belfry_json_append_string (json, message);
  g_string_append (json, ",\"fatal\":");
  append_boolean (json, fatal);
  g_string_append (json, ",\"retryAfter\":");
  if (retry_after == BELFRY_NO_RETRY)
    g_string_append (json, "null");
  else
    belfry_json_append_int (json, retry_after);
  return end (json);
}
