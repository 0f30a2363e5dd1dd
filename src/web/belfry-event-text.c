/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-event-text.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-json-private.h"

/* Room for the field names of an event, its type, epoch and position. */
#define OVERHEAD 256

/* Each line break begins a new line of data. In JSON they are white space, so that it does not
 * matter which of the three kinds they were. */
static void
append_data (GString *event, const BelfryJsonValue *data)
{
  const char *line = data->text;
  const char *end = data->text + data->length;

  while (line != NULL)
    {
      const char *stop = line;

      while (stop < end && *stop != '\n' && *stop != '\r')
        stop++;
      g_string_append (event, "data: ");
      g_string_append_len (event, line, stop - line);
      g_string_append_c (event, '\n');
      if (stop == end)
        return;
      line = stop + (stop[0] == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    }
}

/* A position is one in what Belfry says only: others may have a member of that name. */
static gboolean
get_position (const char *type, const BelfryJsonValue *data, gint64 *position)
{
  BelfryJsonValue value;

  return belfry_type_is_reserved (type) && !g_str_equal (type, "reply")
         && belfry_json_lookup (data, "position", &value)
         && belfry_json_value_get_int64 (&value, position);
}

/* @frame: a frame that Belfry made
 * @epoch: what positions belong to */
GBytes *
belfry_event_text_new (GBytes *frame, const char *epoch)
{
  gsize length;
  const char *text = g_bytes_get_data (frame, &length);
  const BelfryJsonValue object = { text, length, BELFRY_JSON_OBJECT };
  GString *event = g_string_sized_new (length + OVERHEAD);
  BelfryJsonValue value;
  BelfryJsonValue data;
  g_autofree char *type = NULL;
  gint64 position;

  belfry_json_lookup (&object, "type", &value);
  belfry_json_lookup (&object, "data", &data);
  type = belfry_json_value_dup_string (&value);
  g_string_append_printf (event, "event: %s\n", type);
  append_data (event, &data);
  if (get_position (type, &data, &position))
    g_string_append_printf (event, "id: %s/%" G_GINT64_FORMAT "\n", epoch, position);
  g_string_append_c (event, '\n');
  return g_string_free_to_bytes (event);
}
