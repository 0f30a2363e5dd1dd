/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-batch-json.h"

#include "belfry-json-private.h"

GString *
belfry_batch_json_new (void)
{
  return g_string_new ("[");
}

static void
separate (GString *json)
{
  if (json->str[json->len - 1] != '[')
    g_string_append_c (json, ',');
}

void
belfry_batch_json_begin_row (GString *json)
{
  separate (json);
  g_string_append_c (json, '[');
}

void
belfry_batch_json_end_row (GString *json)
{
  g_string_append_c (json, ']');
}

void
belfry_batch_json_add_int (GString *json, gint64 number)
{
  separate (json);
  belfry_json_append_int (json, number);
}

/* @text: (nullable): UTF-8; the database gives it back byte for byte */
void
belfry_batch_json_add_text (GString *json, const char *text)
{
  if (text == NULL)
    {
      belfry_batch_json_add_null (json);
      return;
    }
  separate (json);
  belfry_json_append_string (json, text);
}

void
belfry_batch_json_add_null (GString *json)
{
  separate (json);
  g_string_append (json, "null");
}

/* Returns: (transfer none): the text, which goes with @json */
const char *
belfry_batch_json_end (GString *json)
{
  g_string_append_c (json, ']');
  return json->str;
}
