/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The data of notifications and messages as a GVariant and back. It is done here and not by
 * json-glib, which writes the highest unsigned numbers as negative ones, writes "nan.0", and ends a
 * string at \u0000. */

#include "belfry-data.h"

#include <math.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

#define MAX_SIZE (128 * 1024) /* bytes, the highest limit that a belfryd can have */

/* GVariant itself allows more than the stack is asked for here. */
#define MAX_DEPTH (4 * BELFRY_JSON_MAX_DEPTH)

static gboolean append_value (GString *json, GVariant *value, guint depth, GError **error);

/* The shortest text that reads as the same number. */
static gboolean
append_double (GString *json, double number, GError **error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  char format[] = "%.15g";

  if (!isfinite (number))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "expected a number that JSON can hold, not %f", number);
      return FALSE;
    }
  for (char digit = '5'; digit <= '7'; digit++)
    {
      format[3] = digit;
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  g_string_append (json, text);
  return TRUE;
}

static gboolean
append_items (GString *json, GVariant *array, guint depth, GError **error)
{
  gsize n = g_variant_n_children (array);

  g_string_append_c (json, '[');
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (array, i);

      if (i > 0)
        g_string_append_c (json, ',');
      if (!append_value (json, item, depth, error))
        {
          g_prefix_error (error, "[%" G_GSIZE_FORMAT "]: ", i);
          return FALSE;
        }
    }
  g_string_append_c (json, ']');
  return TRUE;
}

static gboolean
append_members (GString *json, GVariant *dictionary, guint depth, GError **error)
{
  gsize n = g_variant_n_children (dictionary);

  g_string_append_c (json, '{');
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (dictionary, i);
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);

      if (!g_variant_is_of_type (key, G_VARIANT_TYPE_STRING))
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "expected keys of type “s”, not “%s”", g_variant_get_type_string (key));
          return FALSE;
        }
      if (i > 0)
        g_string_append_c (json, ',');
      belfry_json_append_string (json, g_variant_get_string (key, NULL));
      g_string_append_c (json, ':');
      if (!append_value (json, value, depth, error))
        {
          g_prefix_error (error, "%s: ", g_variant_get_string (key, NULL));
          return FALSE;
        }
    }
  g_string_append_c (json, '}');
  return TRUE;
}

static gboolean
append_inner (GString *json, GVariant *value, guint depth, GError **error)
{
  g_autoptr (GVariant) inner = g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE)
                                   ? g_variant_get_maybe (value)
                                   : g_variant_get_variant (value);

  if (inner != NULL)
    return append_value (json, inner, depth, error);
  g_string_append (json, "null");
  return TRUE;
}

static gboolean
append_value (GString *json, GVariant *value, guint depth, GError **error)
{
  if (depth == 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "deeper than %d",
                   BELFRY_JSON_MAX_DEPTH);
      return FALSE;
    }
  depth--;
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      g_string_append (json, g_variant_get_boolean (value) ? "true" : "false");
      return TRUE;
    case G_VARIANT_CLASS_BYTE:
      belfry_json_append_int (json, g_variant_get_byte (value));
      return TRUE;
    case G_VARIANT_CLASS_INT16:
      belfry_json_append_int (json, g_variant_get_int16 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      belfry_json_append_int (json, g_variant_get_uint16 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      belfry_json_append_int (json, g_variant_get_int32 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      belfry_json_append_int (json, g_variant_get_uint32 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      belfry_json_append_int (json, g_variant_get_int64 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT64:
      g_string_append_printf (json, "%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
      return TRUE;
    case G_VARIANT_CLASS_DOUBLE:
      return append_double (json, g_variant_get_double (value), error);
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      belfry_json_append_string (json, g_variant_get_string (value, NULL));
      return TRUE;
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_VARIANT:
      return append_inner (json, value, depth, error);
    case G_VARIANT_CLASS_ARRAY:
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY))
        return append_members (json, value, depth, error);
      return append_items (json, value, depth, error);
    case G_VARIANT_CLASS_TUPLE:
      return append_items (json, value, depth, error);
    default:
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "a value of type “%s” has no form in JSON", g_variant_get_type_string (value));
      return FALSE;
    }
}

/**
 * belfry_data_from_variant:
 * @data: a dictionary (`a{sv}`; a floating one is consumed)
 * @error: return location for an error
 *
 * Writes a dictionary as the JSON object that notifications and messages are made of. Dictionaries
 * become objects, arrays and tuples become arrays, a maybe that holds nothing becomes null.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, which names the member, if it has no form in JSON (a number
 * that is not finite, a key that is no string), or nests deeper than 32; %BELFRY_ERROR_TOO_LARGE
 * beyond 128 KiB.
 *
 * Returns: (transfer full): the object as UTF-8 text, or %NULL with @error set
 *
 * Since: 0.1
 */
char *
belfry_data_from_variant (GVariant *data, GError **error)
{
  g_autoptr (GVariant) owned = NULL;
  g_autoptr (GString) json = NULL;

  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (g_variant_is_of_type (data, G_VARIANT_TYPE_VARDICT), NULL);

  owned = g_variant_ref_sink (data);
  json = g_string_new (NULL);
  if (!append_value (json, owned, MAX_DEPTH, error)
      || !belfry_json_scan (json->str, (gssize) json->len, BELFRY_JSON_MAX_DEPTH, NULL, error))
    {
      g_prefix_error (error, "data: ");
      return NULL;
    }
  if (json->len > MAX_SIZE)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
                   "data: %" G_GSIZE_FORMAT " bytes, at most %d are allowed", json->len, MAX_SIZE);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&json), FALSE);
}

static GVariant *read_value (const BelfryJsonValue *value, GError **error);

/* What is too large for an integer is what JavaScript takes it for. */
static GVariant *
read_number (const BelfryJsonValue *value, GError **error)
{
  g_autofree char *text = NULL;
  double number;
  gint64 integer;

  if (belfry_json_value_get_int64 (value, &integer))
    return g_variant_new_int64 (integer);
  text = g_strndup (value->text, value->length);
  number = g_ascii_strtod (text, NULL);
  if (isfinite (number))
    return g_variant_new_double (number);
  g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "a number is too large for a double");
  return NULL;
}

static char *
read_string (const BelfryJsonValue *value, GError **error)
{
  char *string = belfry_json_value_dup_string (value);

  if (string == NULL)
    g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                         "a string has U+0000 or half of a surrogate pair in it");
  return string;
}

static GVariant *
read_array (const BelfryJsonValue *value, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));
  BelfryJsonValue item;
  BelfryJsonIter iter;

  belfry_json_iter_init (&iter, value);
  for (gsize i = 0; belfry_json_iter_next (&iter, NULL, &item); i++)
    {
      GVariant *read = read_value (&item, error);

      if (read == NULL)
        {
          g_prefix_error (error, "[%" G_GSIZE_FORMAT "]: ", i);
          return NULL;
        }
      g_variant_builder_add (&builder, "v", read);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
read_object (const BelfryJsonValue *value, GError **error)
{
  g_auto (GVariantDict) dictionary = G_VARIANT_DICT_INIT (NULL);
  BelfryJsonValue key;
  BelfryJsonValue member;
  BelfryJsonIter iter;

  belfry_json_iter_init (&iter, value);
  while (belfry_json_iter_next (&iter, &key, &member))
    {
      g_autofree char *name = read_string (&key, error);
      GVariant *read = name != NULL ? read_value (&member, error) : NULL;

      if (read == NULL)
        {
          if (name != NULL)
            g_prefix_error (error, "%s: ", name);
          return NULL;
        }
      g_variant_dict_insert_value (&dictionary, name, read);
    }
  return g_variant_dict_end (&dictionary);
}

/* Returns: (transfer floating) */
static GVariant *
read_value (const BelfryJsonValue *value, GError **error)
{
  gboolean truth;
  char *string;

  switch (value->kind)
    {
    case BELFRY_JSON_NULL:
      return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
    case BELFRY_JSON_BOOLEAN:
      belfry_json_value_get_boolean (value, &truth);
      return g_variant_new_boolean (truth);
    case BELFRY_JSON_NUMBER:
      return read_number (value, error);
    case BELFRY_JSON_STRING:
      string = read_string (value, error);
      return string != NULL ? g_variant_new_take_string (string) : NULL;
    case BELFRY_JSON_ARRAY:
      return read_array (value, error);
    case BELFRY_JSON_OBJECT:
    default:
      return read_object (value, error);
    }
}

/**
 * belfry_data_to_variant:
 * @data: one JSON object as UTF-8 text, at most 32 deep
 * @error: return location for an error
 *
 * Reads the data of a notification or a message. Objects become dictionaries (`a{sv}`), arrays
 * `av`, integers `x`, other numbers `d`, null becomes a maybe of type `mv` that holds nothing. Of
 * two equal members the later one holds.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if @data is no such object, or holds what a #GVariant cannot:
 * U+0000 or half of a surrogate pair in a string, a number beyond a double's.
 *
 * Returns: (transfer full): a dictionary (`a{sv}`), or %NULL with @error set
 *
 * Since: 0.1
 */
GVariant *
belfry_data_to_variant (const char *data, GError **error)
{
  BelfryJsonValue object;
  GVariant *variant = NULL;

  g_return_val_if_fail (data != NULL, NULL);

  if (belfry_json_scan (data, -1, BELFRY_JSON_MAX_DEPTH, &object, error))
    variant = read_object (&object, error);
  if (variant == NULL)
    {
      g_prefix_error (error, "data: ");
      return NULL;
    }
  return g_variant_ref_sink (variant);
}
