/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token-json.h"

#include <gio/gio.h>
#include <string.h>

/* The escape \uD800–\uDBFF (@low is FALSE) or \uDC00–\uDFFF (TRUE), which only mean something as a
 * pair: RFC 8259, section 7 */
static gboolean
is_surrogate (const char *p, gboolean low)
{
  return p[0] == '\\' && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D')
         && g_ascii_xdigit_value (p[3]) >= (low ? 12 : 8)
         && g_ascii_xdigit_value (p[3]) <= (low ? 15 : 11);
}

/* Returns: (nullable): behind the string; NULL if half of a pair is in it */
static const char *
skip_string (const char *p)
{
  for (p++; *p != '"';)
    {
      gboolean high = is_surrogate (p, FALSE);

      if (*p != '\\')
        p++;
      else if (p[1] != 'u')
        p += 2;
      else if (is_surrogate (p, TRUE) || (high && !is_surrogate (p + 6, TRUE)))
        return NULL;
      else
        p += high ? 12 : 6;
    }
  return p + 1;
}

static const char *
skip_number (const char *p)
{
  while (g_ascii_isalnum (*p) || *p == '-' || *p == '+' || *p == '.')
    p++;
  return p;
}

/* One with a fraction or an exponent becomes a double, which does not wrap around. */
static gboolean
fits (const char *number, gsize length)
{
  g_autofree char *integer = NULL;

  if (strspn (number, "-0123456789") < length)
    return TRUE;
  integer = g_strndup (number, length);
  return g_ascii_string_to_signed (integer, 10, G_MININT64, G_MAXINT64, NULL, NULL);
}

/* Finds what is JSON, but what json-glib gets wrong. It leaks the string so far when it meets half
 * of a pair of surrogates, and a header comes from anybody. Integers beyond 64 bits wrap around in
 * it without a word: 18446744073709551617 is read as -1, and -18446744073709551615 as 1, which
 * would be another user.
 *
 * @text: known to be JSON
 * Returns: (nullable): what is wrong */
static const char *
find_fault (const char *text, const char *end)
{
  const char *p = text;

  while (p < end)
    {
      const char *start = p;

      if (*p == '"')
        {
          p = skip_string (p);
          if (p == NULL)
            return "half of a pair of surrogates";
        }
      else if (*p == '-' || g_ascii_isdigit (*p))
        {
          p = skip_number (p);
          if (!fits (start, p - start))
            return "an integer of more than 64 bits";
        }
      else
        p++;
    }
  return NULL;
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
  const char *fault;
  JsonNode *root;

  if (!check (text, (gssize) length, error))
    return NULL;
  fault = find_fault (text, text + length);
  if (fault != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, fault);
      return NULL;
    }

  /* Nothing is left for it to refuse. If it does, its own message would quote the text. */
  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, (gssize) length, NULL)
      || (root = json_parser_get_root (parser)) == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "not read by json-glib");
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
