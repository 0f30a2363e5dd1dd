/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token-json.h"

#include <gio/gio.h>
#include <string.h>

static const char *
skip_string (const char *p)
{
  for (p++; *p != '"'; p++)
    if (*p == '\\')
      p++;
  return p + 1;
}

/* json-glib lets integers beyond 64 bits wrap around without a word: 18446744073709551617 is read
 * as -1 and -18446744073709551615 as 1, which would be another user.
 *
 * @text: known to be JSON */
static gboolean
integers_fit (const char *text, const char *end)
{
  const char *p = text;

  while (p < end)
    {
      const char *number = p;
      gsize length;

      if (*p == '"')
        {
          p = skip_string (p);
          continue;
        }
      if (*p != '-' && !g_ascii_isdigit (*p))
        {
          p++;
          continue;
        }
      /* All of the number; one with a fraction or an exponent becomes a double, which cannot wrap.
       */
      while (p < end && (g_ascii_isalnum (*p) || *p == '-' || *p == '+' || *p == '.'))
        p++;
      length = p - number;
      if (strspn (number, "-0123456789") >= length)
        {
          g_autofree char *integer = g_strndup (number, length);

          if (!g_ascii_string_to_signed (integer, 10, G_MININT64, G_MAXINT64, NULL, NULL))
            return FALSE;
        }
    }
  return TRUE;
}

/* Reads one JSON object.
 *
 * @text: @length bytes, and a NUL behind them
 * @error: what @check says, or G_IO_ERROR_INVALID_DATA; never with a part of @text in it
 * Returns: (transfer full) (nullable): NULL with @error set */
JsonObject *
belfry_token_json_parse (BelfryTokenJsonCheck check, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root;

  if (!check (text, (gssize) length, error))
    return NULL;
  if (!integers_fit (text, text + length))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "an integer of more than 64 bits");
      return NULL;
    }

  parser = json_parser_new_immutable ();
  /* Its own message would quote the text. What is left for it to refuse is half of a pair of
   * surrogates. */
  if (!json_parser_load_from_data (parser, text, (gssize) length, NULL)
      || (root = json_parser_get_root (parser)) == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a string that is no text");
      return NULL;
    }
  return json_node_dup_object (root);
}

/* Returns: (transfer none) (nullable): the text of a JSON string; NULL if @node is NULL or anything
 *   else */
const char *
belfry_token_json_get_text (JsonNode *node)
{
  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}
