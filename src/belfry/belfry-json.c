/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-json-private.h"

#include <string.h>
#include <time.h>

#include "belfry-error.h"

typedef struct
{
  const char *start;
  const char *p;
  const char *end;
  guint max_depth;
  gboolean refuse_nul;
  GError **error;
} Scanner;

static gboolean
fault (Scanner *s, const char *what)
{
  g_set_error (s->error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "byte %" G_GSIZE_FORMAT ": %s",
               (gsize) (s->p - s->start), what);
  return FALSE;
}

static inline const char *
skip_space (const char *p, const char *end)
{
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    p++;
  return p;
}

static inline gboolean
is_digit (const Scanner *s)
{
  return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static gboolean
scan_digits (Scanner *s)
{
  if (!is_digit (s))
    return fault (s, "expected a digit");
  while (is_digit (s))
    s->p++;
  return TRUE;
}

/* RFC 8259, section 6 */
static gboolean
scan_number (Scanner *s)
{
  if (*s->p == '-')
    s->p++;
  if (s->p < s->end && *s->p == '0')
    {
      s->p++;
      if (is_digit (s))
        return fault (s, "a number starts with a superfluous 0");
    }
  else if (!scan_digits (s))
    return FALSE;

  if (s->p < s->end && *s->p == '.')
    {
      s->p++;
      if (!scan_digits (s))
        return FALSE;
    }
  if (s->p < s->end && (*s->p == 'e' || *s->p == 'E'))
    {
      s->p++;
      if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
        s->p++;
      if (!scan_digits (s))
        return FALSE;
    }
  return TRUE;
}

static gboolean
scan_literal (Scanner *s, const char *literal, gsize length)
{
  if ((gsize) (s->end - s->p) < length || memcmp (s->p, literal, length) != 0)
    return fault (s, "expected a value");
  s->p += length;
  return TRUE;
}

/* One code point beyond ASCII: RFC 3629, section 4, with its bounds on the second byte. */
static gboolean
scan_utf8 (Scanner *s)
{
  const guchar *c = (const guchar *) s->p;
  gsize left = s->end - s->p;
  gsize length;
  guchar low = 0x80;
  guchar high = 0xbf;

  if (c[0] >= 0xc2 && c[0] <= 0xdf)
    length = 2;
  else if ((c[0] & 0xf0) == 0xe0)
    length = 3;
  else if (c[0] >= 0xf0 && c[0] <= 0xf4)
    length = 4;
  else
    return fault (s, "not UTF-8");

  if (c[0] == 0xe0)
    low = 0xa0;
  else if (c[0] == 0xed)
    high = 0x9f;
  else if (c[0] == 0xf0)
    low = 0x90;
  else if (c[0] == 0xf4)
    high = 0x8f;

  if (left < length || c[1] < low || c[1] > high)
    return fault (s, "not UTF-8");
  for (gsize i = 2; i < length; i++)
    if ((c[i] & 0xc0) != 0x80)
      return fault (s, "not UTF-8");

  s->p += length;
  return TRUE;
}

static gboolean
scan_escape (Scanner *s)
{
  s->p++;
  if (s->p == s->end)
    return fault (s, "a string without end");
  if (*s->p == 'u')
    {
      for (int i = 1; i <= 4; i++)
        if (s->p + i >= s->end || !g_ascii_isxdigit (s->p[i]))
          return fault (s, "expected four hexadecimal digits after \\u");
      if (s->refuse_nul && memcmp (s->p + 1, "0000", 4) == 0)
        return fault (s, "\\u0000 is not allowed here");
      s->p += 5;
      return TRUE;
    }
  if (*s->p == '\0' || strchr ("\"\\/bfnrt", *s->p) == NULL)
    return fault (s, "unknown escape");
  s->p++;
  return TRUE;
}

static gboolean
scan_string (Scanner *s)
{
  s->p++;
  while (s->p < s->end)
    {
      guchar c = *s->p;

      if (c == '"')
        {
          s->p++;
          return TRUE;
        }
      if (c == '\\')
        {
          if (!scan_escape (s))
            return FALSE;
        }
      else if (c < 0x20)
        return fault (s, "a control character in a string");
      else if (c < 0x80)
        s->p++;
      else if (!scan_utf8 (s))
        return FALSE;
    }
  return fault (s, "a string without end");
}

static gboolean
scan_key (Scanner *s)
{
  if (s->p == s->end || *s->p != '"')
    return fault (s, "expected a member name in double quotes");
  if (!scan_string (s))
    return FALSE;
  s->p = skip_space (s->p, s->end);
  if (s->p == s->end || *s->p != ':')
    return fault (s, "expected ':'");
  s->p = skip_space (s->p + 1, s->end);
  return TRUE;
}

static gboolean
scan_scalar (Scanner *s)
{
  switch (*s->p)
    {
    case '"':
      return scan_string (s);
    case 't':
      return scan_literal (s, "true", 4);
    case 'f':
      return scan_literal (s, "false", 5);
    case 'n':
      return scan_literal (s, "null", 4);
    default:
      if (*s->p == '-' || is_digit (s))
        return scan_number (s);
      return fault (s, "expected a value");
    }
}

/* Walks one object without recursion: a bit for each open container, 1 for an object. */
static gboolean
scan_object (Scanner *s)
{
  guint64 objects = 0;
  guint depth = 0;

  for (;;)
    {
      if (s->p == s->end)
        return fault (s, "the text ends too early");

      /* A value starts here. */
      if (*s->p == '{' || *s->p == '[')
        {
          char close = *s->p == '{' ? '}' : ']';

          if (depth == s->max_depth)
            {
              g_autofree char *what = g_strdup_printf ("nested more than %u deep", depth);

              return fault (s, what);
            }
          depth++;
          objects = objects << 1 | (close == '}');
          s->p = skip_space (s->p + 1, s->end);
          if (s->p == s->end || *s->p != close)
            {
              if (close == '}' && !scan_key (s))
                return FALSE;
              continue;
            }
        }
      else if (scan_scalar (s))
        s->p = skip_space (s->p, s->end);
      else
        return FALSE;

      /* A value ended here: close what it completes, then go on behind a comma. */
      while (s->p < s->end && *s->p == (objects & 1 ? '}' : ']'))
        {
          s->p++;
          objects >>= 1;
          if (--depth == 0)
            return TRUE;
          s->p = skip_space (s->p, s->end);
        }
      if (s->p == s->end || *s->p != ',')
        return fault (s, objects & 1 ? "expected ',' or '}'" : "expected ',' or ']'");
      s->p = skip_space (s->p + 1, s->end);
      if ((objects & 1) && !scan_key (s))
        return FALSE;
    }
}

static gboolean
scan (Scanner *s, BelfryJsonValue *object)
{
  const char *first;
  const char *last;

  s->p = first = skip_space (s->p, s->end);
  if (s->p == s->end || *s->p != '{')
    return fault (s, "expected an object, '{'");
  if (!scan_object (s))
    return FALSE;
  last = s->p;
  s->p = skip_space (s->p, s->end);
  if (s->p != s->end)
    return fault (s, "expected nothing after the object");

  if (object != NULL)
    *object = (BelfryJsonValue){ first, last - first, BELFRY_JSON_OBJECT };
  return TRUE;
}

/* Checks that @text (@length bytes, or up to its NUL if @length is -1) is one JSON object, white
 * space around it apart, and valid UTF-8.
 *
 * @max_depth: how deep containers may nest, counting the outer one: 64 at most
 * @object: (out) (optional): the object without the white space around it
 * @error: BELFRY_ERROR_INVALID_ARGS, "byte N: what is wrong there" */
gboolean
belfry_json_scan (const char *text,
                  gssize length,
                  guint max_depth,
                  BelfryJsonValue *object,
                  GError **error)
{
  Scanner s = {
    .start = text,
    .p = text,
    .end = text + (length < 0 ? strlen (text) : (gsize) length),
    .max_depth = max_depth,
    .error = error,
  };

  g_return_val_if_fail (max_depth <= 64, FALSE);

  return scan (&s, object);
}

/* As belfry_json_scan(), for what says who somebody is. It also refuses a member name that the
 * outer object has twice, as two readers could believe different ones, and \u0000 anywhere, which
 * ends a string early in C. */
gboolean
belfry_json_scan_claims (const char *text, gssize length, GError **error)
{
  Scanner s = {
    .start = text,
    .p = text,
    .end = text + (length < 0 ? strlen (text) : (gsize) length),
    .max_depth = BELFRY_JSON_MAX_DEPTH,
    .refuse_nul = TRUE,
    .error = error,
  };
  g_autoptr (GHashTable) names = NULL;
  BelfryJsonValue object;
  BelfryJsonValue key;
  BelfryJsonIter iter;

  if (!scan (&s, &object))
    return FALSE;

  names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  belfry_json_iter_init (&iter, &object);
  while (belfry_json_iter_next (&iter, &key, NULL))
    {
      char *name = belfry_json_value_dup_string (&key);

      if (name == NULL || !g_hash_table_add (names, name))
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "byte %" G_GSIZE_FORMAT ": a member name that is given twice or is no text",
                       (gsize) (key.text - text));
          return FALSE;
        }
    }
  return TRUE;
}

/* From here on the text is known to be good, so that its structure can be relied on. */

static const char *
end_of_string (const char *p)
{
  for (p++; *p != '"'; p++)
    if (*p == '\\')
      p++;
  return p + 1;
}

static const char *
end_of_container (const char *p)
{
  guint depth = 0;

  for (;;)
    switch (*p)
      {
      case '"':
        p = end_of_string (p);
        break;
      case '{':
      case '[':
        depth++;
        p++;
        break;
      case '}':
      case ']':
        p++;
        if (--depth == 0)
          return p;
        break;
      default:
        p++;
        break;
      }
}

static const char *
end_of_word (const char *p)
{
  while (g_ascii_isalnum (*p) || *p == '-' || *p == '+' || *p == '.')
    p++;
  return p;
}

static const char *
read_value (const char *p, BelfryJsonValue *value)
{
  const char *end;
  BelfryJsonKind kind;

  switch (*p)
    {
    case '"':
      kind = BELFRY_JSON_STRING;
      end = end_of_string (p);
      break;
    case '{':
    case '[':
      kind = *p == '{' ? BELFRY_JSON_OBJECT : BELFRY_JSON_ARRAY;
      end = end_of_container (p);
      break;
    case 't':
    case 'f':
      kind = BELFRY_JSON_BOOLEAN;
      end = end_of_word (p);
      break;
    case 'n':
      kind = BELFRY_JSON_NULL;
      end = end_of_word (p);
      break;
    default:
      kind = BELFRY_JSON_NUMBER;
      end = end_of_word (p);
      break;
    }
  *value = (BelfryJsonValue){ p, end - p, kind };
  return end;
}

/* @container must be an object or array inside a text that belfry_json_scan() accepted. */
void
belfry_json_iter_init (BelfryJsonIter *iter, const BelfryJsonValue *container)
{
  g_return_if_fail (container->kind >= BELFRY_JSON_ARRAY);

  /* Behind the opening bracket, up to the closing one. */
  iter->end = container->text + container->length - 1;
  iter->next = skip_space (container->text + 1, iter->end);
}

/* @key: (out) (optional): the member name as a string value; NULL for an array
 * @value: (out) (optional): the value
 * Returns: FALSE when there is none left */
gboolean
belfry_json_iter_next (BelfryJsonIter *iter, BelfryJsonValue *key, BelfryJsonValue *value)
{
  BelfryJsonValue first;
  BelfryJsonValue second;
  const char *p;

  if (iter->next == iter->end)
    return FALSE;

  p = skip_space (read_value (iter->next, &first), iter->end);
  if (*p == ':')
    {
      p = skip_space (read_value (skip_space (p + 1, iter->end), &second), iter->end);
      if (key != NULL)
        *key = first;
      if (value != NULL)
        *value = second;
    }
  else if (value != NULL)
    *value = first;

  if (p != iter->end)
    p = skip_space (p + 1, iter->end);
  iter->next = p;
  return TRUE;
}

/* Of members with the same name the last counts, as everywhere in JSON. */
gboolean
belfry_json_lookup (const BelfryJsonValue *object, const char *name, BelfryJsonValue *value)
{
  BelfryJsonIter iter;
  BelfryJsonValue key;
  BelfryJsonValue found;
  gboolean result = FALSE;

  belfry_json_iter_init (&iter, object);
  while (belfry_json_iter_next (&iter, &key, &found))
    if (belfry_json_value_equals (&key, name))
      {
        *value = found;
        result = TRUE;
      }
  return result;
}

gboolean
belfry_json_value_equals (const BelfryJsonValue *value, const char *string)
{
  gsize length = value->length - 2;
  g_autofree char *unescaped = NULL;

  if (value->kind != BELFRY_JSON_STRING)
    return FALSE;
  if (memchr (value->text, '\\', value->length) == NULL)
    return length == strlen (string) && memcmp (value->text + 1, string, length) == 0;
  unescaped = belfry_json_value_dup_string (value);
  return g_strcmp0 (unescaped, string) == 0;
}

/* Only what is written as an integer is one: 1.0 and 1e3 are not. */
gboolean
belfry_json_value_get_int64 (const BelfryJsonValue *value, gint64 *number)
{
  char digits[24];

  if (value->kind != BELFRY_JSON_NUMBER || value->length >= sizeof digits)
    return FALSE;
  memcpy (digits, value->text, value->length);
  digits[value->length] = '\0';
  return g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, number, NULL);
}

gboolean
belfry_json_value_get_boolean (const BelfryJsonValue *value, gboolean *truth)
{
  if (value->kind != BELFRY_JSON_BOOLEAN)
    return FALSE;
  *truth = *value->text == 't';
  return TRUE;
}

static gunichar
read_hex4 (const char *p)
{
  gunichar c = 0;

  for (int i = 0; i < 4; i++)
    c = c << 4 | (gunichar) g_ascii_xdigit_value (p[i]);
  return c;
}

/* Reads \uXXXX at @p, or a pair of surrogates. */
static const char *
unescape_unicode (const char *p, gunichar *c)
{
  *c = read_hex4 (p + 2);
  p += 6;
  if (*c >= 0xd800 && *c <= 0xdbff && p[0] == '\\' && p[1] == 'u')
    {
      gunichar low = read_hex4 (p + 2);

      if (low >= 0xdc00 && low <= 0xdfff)
        {
          *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
          p += 6;
        }
    }
  return p;
}

/* Returns: (nullable): the text of a string; NULL if @value is none or if it cannot be text in C
 * and UTF-8 (\u0000, or half of a pair of surrogates) */
char *
belfry_json_value_dup_string (const BelfryJsonValue *value)
{
  static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
  g_autoptr (GString) string = NULL;
  const char *end = value->text + value->length - 1;

  if (value->kind != BELFRY_JSON_STRING)
    return NULL;

  string = g_string_sized_new (value->length);
  for (const char *p = value->text + 1; p < end;)
    {
      gunichar c;

      if (*p != '\\')
        {
          g_string_append_c (string, *p++);
        }
      else if (p[1] != 'u')
        {
          for (const char *e = escapes; *e != '\0'; e += 2)
            if (*e == p[1])
              g_string_append_c (string, e[1]);
          p += 2;
        }
      else
        {
          p = unescape_unicode (p, &c);
          if (c == 0 || (c >= 0xd800 && c <= 0xdfff))
            return NULL;
          g_string_append_unichar (string, c);
        }
    }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

/* Appends @string, which must be UTF-8, as a JSON string with its quotes. */
void
belfry_json_append_string (GString *json, const char *string)
{
  g_string_append_c (json, '"');
  for (const char *p = string; *p != '\0';)
    {
      gsize plain = 0;

      while ((guchar) p[plain] >= 0x20 && p[plain] != '"' && p[plain] != '\\')
        plain++;
      g_string_append_len (json, p, plain);
      p += plain;
      if (*p == '\0')
        break;
      if (*p == '"' || *p == '\\')
        {
          g_string_append_c (json, '\\');
          g_string_append_c (json, *p);
        }
      else
        g_string_append_printf (json, "\\u%04x", (guint) (guchar) *p);
      p++;
    }
  g_string_append_c (json, '"');
}

/* With leading zeros up to @width digits. By hand, as each frame has several numbers. */
static void
append_digits (GString *json, guint64 number, gsize width)
{
  char digits[20];
  gsize n = 0;

  do
    digits[sizeof digits - ++n] = '0' + number % 10;
  while ((number /= 10) > 0 || n < width);
  g_string_append_len (json, digits + sizeof digits - n, (gssize) n);
}

void
belfry_json_append_int (GString *json, gint64 number)
{
  if (number < 0)
    g_string_append_c (json, '-');
  append_digits (json, number < 0 ? -(guint64) number : (guint64) number, 1);
}

/* Appends a point in time, µs since 1970, as a JSON string: YYYY-MM-DDTHH:MM:SS.mmmZ (RFC 3339,
 * section 5.6), always in UTC and with three digits. */
void
belfry_json_append_time (GString *json, gint64 microseconds)
{
  time_t seconds = microseconds / G_USEC_PER_SEC;
  struct tm tm;

  gmtime_r (&seconds, &tm);
  g_string_append_c (json, '"');
  append_digits (json, (guint64) tm.tm_year + 1900, 4);
  g_string_append_c (json, '-');
  append_digits (json, (guint64) tm.tm_mon + 1, 2);
  g_string_append_c (json, '-');
  append_digits (json, (guint64) tm.tm_mday, 2);
  g_string_append_c (json, 'T');
  append_digits (json, (guint64) tm.tm_hour, 2);
  g_string_append_c (json, ':');
  append_digits (json, (guint64) tm.tm_min, 2);
  g_string_append_c (json, ':');
  append_digits (json, (guint64) tm.tm_sec, 2);
  g_string_append_c (json, '.');
  append_digits (json, (guint64) (microseconds % G_USEC_PER_SEC / 1000), 3);
  g_string_append (json, "Z\"");
}
