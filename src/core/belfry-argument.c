/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-argument.h"

#include <string.h>

#include "belfry-error.h"

/* What Belfry itself sends or takes: no handler and no worker may use these. */
static const char *const reserved_types[] = {
  "connected",
  "registered",
  "notification_received",
  "error",
  "notification_updated",
  "notifications_read",
  "notifications_removed",
  "caught_up",
  "reply",
  "register",
  "list",
  "mark_read",
  "mark_unread",
  "remove",
  "mark_all_read",
  "unread_count",
  "ping",
  NULL,
};

/* U+0000–001F and U+007F–009F: a name with one of these looks like another one. */
static gboolean
has_control_character (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      guchar c = *p;

      if (c < 0x20 || c == 0x7f || (c == 0xc2 && (guchar) p[1] < 0xa0))
        return TRUE;
    }
  return FALSE;
}

gboolean
belfry_argument_check_text (const char *name, const char *text, gsize max, GError **error)
{
  gsize length = strlen (text);

  if (length == 0 || length > max)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "%s: %" G_GSIZE_FORMAT " bytes, expected 1 to %" G_GSIZE_FORMAT, name, length,
                   max);
      return FALSE;
    }
  if (!g_utf8_validate (text, length, NULL))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: not UTF-8", name);
      return FALSE;
    }
  return TRUE;
}

gboolean
belfry_argument_check_user_id (const char *user_id, GError **error)
{
  if (!belfry_argument_check_text ("user_id", user_id, BELFRY_USER_ID_MAX, error))
    return FALSE;
  if (has_control_character (user_id))
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "user_id: a control character, which is not allowed");
      return FALSE;
    }
  return TRUE;
}

gboolean
belfry_argument_check_type (const char *type, GError **error)
{
  gsize length = strspn (type, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

  if (length == 0 || length > BELFRY_TYPE_MAX || type[length] != '\0')
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "type: expected 1 to %d of [a-z0-9_.-]", BELFRY_TYPE_MAX);
      return FALSE;
    }
  return TRUE;
}

gboolean
belfry_argument_check_data (const char *data, gsize max, BelfryJsonValue *object, GError **error)
{
  if (!belfry_json_scan (data, -1, BELFRY_JSON_MAX_DEPTH, object, error))
    {
      g_prefix_error (error, "data: ");
      return FALSE;
    }
  if (object->length > max)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
                   "data: %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT " are allowed",
                   object->length, max);
      return FALSE;
    }
  return TRUE;
}

/* Checks the type of what a dictionary argument has under @name. */
gboolean
belfry_argument_check_option (const char *argument,
                              const char *name,
                              GVariant *value,
                              const GVariantType *expected,
                              GError **error)
{
  if (g_variant_is_of_type (value, expected))
    return TRUE;
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
               "%s: “%s” has the type %s, expected %.*s", argument, name,
               g_variant_get_type_string (value), (int) g_variant_type_get_string_length (expected),
               g_variant_type_peek_string (expected));
  return FALSE;
}

/* Somebody has mistyped: says what there is. */
void
belfry_argument_set_unknown_option (const char *argument,
                                    const char *name,
                                    const char *known,
                                    GError **error)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: unknown “%s”, there are %s",
               argument, name, known);
}

gboolean
belfry_type_is_reserved (const char *type)
{
  return g_strv_contains (reserved_types, type);
}
