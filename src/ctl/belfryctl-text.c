/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryctl-text.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "belfry-json-private.h"
#include "belfryctl-command.h"

/* Ids are below this, so that JavaScript can count them. */
#define ID_END (G_GINT64_CONSTANT (1) << 53)

/* More than Belfry can be told to take as the data of a notification. */
#define DATA_MAX (1024 * 1024)

static gboolean
steers_a_terminal (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  /* The joiners are part of words, and of emoji. */
  if (c == 0x200c || c == 0x200d)
    return FALSE;
  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR
         || type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_SURROGATE;
}

/* What comes from elsewhere must not move the cursor, colour a screen or turn the direction of
 * writing: such characters become spaces.
 *
 * Returns: (transfer full): one line */
char *
belfryctl_text_plain (const char *text)
{
  GString *plain = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (plain, steers_a_terminal (c) ? ' ' : c);
    }
  return g_string_free (plain, FALSE);
}

static guint
width_of (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

/* Returns: the columns that @text takes on a terminal */
guint
belfryctl_text_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    width += width_of (g_utf8_get_char (p));
  return width;
}

/* Returns: (transfer full): @text, cut to @width columns if it needs more */
char *
belfryctl_text_fit (const char *text, guint width)
{
  const char *p = text;
  guint used = 0;
  g_autofree char *begin = NULL;

  if (belfryctl_text_width (text) <= width)
    return g_strdup (text);
  for (; *p != '\0'; p = g_utf8_next_char (p))
    {
      guint n = width_of (g_utf8_get_char (p));

      if (used + n + 1 > width)
        break;
      used += n;
    }
  begin = g_strndup (text, (gsize) (p - text));
  return g_strconcat (begin, "…", NULL);
}

static char *
lookup_string (const BelfryJsonValue *object, const char *name)
{
  BelfryJsonValue value;

  if (!belfry_json_lookup (object, name, &value) || value.kind != BELFRY_JSON_STRING)
    return NULL;
  return belfry_json_value_dup_string (&value);
}

/* Without the white space between what it consists of. */
static char *
compact_json (const char *json)
{
  GString *compact = g_string_new (NULL);
  gboolean in_string = FALSE;

  for (const char *p = json; *p != '\0'; p++)
    {
      if (!in_string && strchr (" \t\r\n", *p) != NULL)
        continue;
      if (*p == '"')
        in_string = !in_string;
      g_string_append_c (compact, *p);
      if (in_string && *p == '\\')
        g_string_append_c (compact, *++p);
    }
  return g_string_free (compact, FALSE);
}

/* Returns: (transfer full): title and body, or else the JSON */
char *
belfryctl_text_of_data (const char *data)
{
  BelfryJsonValue object;
  g_autofree char *title = NULL;
  g_autofree char *body = NULL;

  if (belfry_json_scan (data, -1, BELFRY_JSON_MAX_DEPTH, &object, NULL))
    {
      title = lookup_string (&object, "title");
      body = lookup_string (&object, "body");
    }
  if (title == NULL && body == NULL)
    return compact_json (data);
  if (title == NULL || body == NULL)
    return g_strdup (title != NULL ? title : body);
  return g_strconcat (title, " — ", body, NULL);
}

/* Returns: (transfer full): date and time where one is */
char *
belfryctl_text_of_time (gint64 microseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (microseconds / G_USEC_PER_SEC);

  return g_date_time_format (time, "%Y-%m-%d %H:%M");
}

/* Seconds, or a number with one of the units s, m, h and d. */
gboolean
belfryctl_parse_duration (const char *text, gint64 *seconds, GError **error)
{
  static const struct
  {
    const char *unit;
    guint seconds;
  } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
  char *end;
  guint64 number = g_ascii_strtoull (text, &end, 10);

  for (guint i = 0; g_ascii_isdigit (text[0]) && i < G_N_ELEMENTS (units); i++)
    {
      if (!g_str_equal (end, units[i].unit) || number > G_MAXINT32)
        continue;
      *seconds = (gint64) number * units[i].seconds;
      return TRUE;
    }
  return belfryctl_usage_error (
      error, _ ("%s: expected seconds, or a number with s, m, h or d, such as 15m"), text);
}

gboolean
belfryctl_parse_id (const char *text, gint64 *id, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 1, ID_END - 1, &number, NULL))
    return belfryctl_usage_error (error, _ ("%s: expected the id of a notification"), text);
  *id = (gint64) number;
  return TRUE;
}

/* Returns: (transfer full) (nullable): gint64 */
GArray *
belfryctl_parse_ids (char **texts, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (; *texts != NULL; texts++)
    {
      gint64 id;

      if (!belfryctl_parse_id (*texts, &id, error))
        return NULL;
      g_array_append_val (ids, id);
    }
  return g_steal_pointer (&ids);
}

/* What is given as JSON: the text itself, or "-" for what standard input has.
 *
 * Returns: (transfer full) (nullable): text */
char *
belfryctl_parse_data (const char *text, GError **error)
{
  g_autoptr (GString) data = g_string_new (NULL);
  char buffer[4096];
  gsize n;

  if (!g_str_equal (text, "-"))
    return g_strdup (text);
  while (data->len <= DATA_MAX && (n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    g_string_append_len (data, buffer, (gssize) n);
  if (ferror (stdin) || data->len > DATA_MAX || !g_utf8_validate_len (data->str, data->len, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("standard input: expected JSON of at most %d bytes"), DATA_MAX);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&data), FALSE);
}
