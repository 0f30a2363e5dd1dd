/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryctl-line.h"

#include <glib/gi18n.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

/* The line around the data is one level more. */
#define MAX_DEPTH (BELFRY_JSON_MAX_DEPTH + 1)

void
belfryctl_line_free (BelfryctlLine *self)
{
  g_free (self->user_id);
  g_free (self->data);
  g_free (self->tag);
  g_free (self->key);
  g_free (self);
}

static gboolean
set_fault (GError **error, const char *name, const char *fault)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: %s", name, fault);
  return FALSE;
}

static gboolean
read_string (const BelfryJsonValue *value, const char *name, char **string, GError **error)
{
  if (value->kind != BELFRY_JSON_STRING)
    return set_fault (error, name, _ ("expected a string"));
  g_free (*string);
  *string = belfry_json_value_dup_string (value);
  if (*string == NULL)
    return set_fault (error, name, _ ("expected a string without \\u0000"));
  return TRUE;
}

static gboolean
read_number (const BelfryJsonValue *value, const char *name, gint64 *number, GError **error)
{
  if (!belfry_json_value_get_int64 (value, number) || *number < 1)
    return set_fault (error, name, _ ("expected an integer from 1 on"));
  return TRUE;
}

/* What an export says as a time is given to Belfry as seconds from now. */
static gboolean
read_expires_at (BelfryctlLine *self, const BelfryJsonValue *value, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GDateTime) time = NULL;

  if (!read_string (value, "expiresAt", &text, error))
    return FALSE;
  time = g_date_time_new_from_iso8601 (text, NULL);
  if (time == NULL)
    return set_fault (error, "expiresAt", _ ("expected a time as 2026-01-31T12:00:00.000Z"));
  self->expires = g_date_time_to_unix (time) - g_get_real_time () / G_USEC_PER_SEC;
  if (self->expires < 1)
    self->kind = BELFRYCTL_LINE_EXPIRED;
  return TRUE;
}

static gboolean
read_member (BelfryctlLine *self,
             const BelfryJsonValue *key,
             const BelfryJsonValue *value,
             GError **error)
{
  g_autofree char *name = NULL;

  if (belfry_json_value_equals (key, "userId"))
    return read_string (value, "userId", &self->user_id, error);
  if (belfry_json_value_equals (key, "tag"))
    return read_string (value, "tag", &self->tag, error);
  if (belfry_json_value_equals (key, "key"))
    return read_string (value, "key", &self->key, error);
  if (belfry_json_value_equals (key, "idempotencyKey"))
    {
      self->kind = BELFRYCTL_LINE_KEY;
      return read_string (value, "idempotencyKey", &self->key, error);
    }
  if (belfry_json_value_equals (key, "id"))
    return read_number (value, "id", &self->id, error);
  if (belfry_json_value_equals (key, "expires"))
    return read_number (value, "expires", &self->expires, error);
  if (belfry_json_value_equals (key, "expiresAt"))
    return read_expires_at (self, value, error);
  if (belfry_json_value_equals (key, "read"))
    return belfry_json_value_get_boolean (value, &self->read)
           || set_fault (error, "read", _ ("expected true or false"));
  if (belfry_json_value_equals (key, "data"))
    {
      if (value->kind != BELFRY_JSON_OBJECT)
        return set_fault (error, "data", _ ("expected an object"));
      g_free (self->data);
      self->data = g_strndup (value->text, value->length);
      return TRUE;
    }
  /* Belfry gives these itself. */
  if (belfry_json_value_equals (key, "createdAt") || belfry_json_value_equals (key, "position"))
    return TRUE;
  name = belfry_json_value_dup_string (key);
  return set_fault (error, name != NULL ? name : "\\u0000", _ ("there is no such member"));
}

static gboolean
is_empty (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
        return FALSE;
    }
  return TRUE;
}

/* Reads a line as far as that needs no Belfry, which knows the limits of what it takes.
 *
 * Returns: (transfer full) (nullable): what it says, or NULL with BELFRY_ERROR_INVALID_ARGS or
 *   BELFRY_ERROR_TOO_LARGE */
BelfryctlLine *
belfryctl_line_parse (const char *text, gsize length, guint64 number, GError **error)
{
  g_autoptr (BelfryctlLine) self = g_new0 (BelfryctlLine, 1);
  BelfryJsonValue object, key, value;
  BelfryJsonIter iter;

  self->number = number;
  self->bytes = length + 1;
  if (is_empty (text, length))
    return g_steal_pointer (&self);
  if (!belfry_json_scan (text, (gssize) length, MAX_DEPTH, &object, error))
    return NULL;
  self->kind = BELFRYCTL_LINE_NOTIFICATION;
  belfry_json_iter_init (&iter, &object);
  while (belfry_json_iter_next (&iter, &key, &value))
    {
      if (!read_member (self, &key, &value, error))
        return NULL;
    }
  if (self->kind == BELFRYCTL_LINE_KEY && self->id == 0)
    set_fault (error, "id", _ ("is missing"));
  else if (self->kind != BELFRYCTL_LINE_KEY && self->user_id == NULL)
    set_fault (error, "userId", _ ("is missing"));
  else if (self->kind != BELFRYCTL_LINE_KEY && self->data == NULL)
    set_fault (error, "data", _ ("is missing"));
  else
    return g_steal_pointer (&self);
  return NULL;
}

/* Returns: (transfer floating): as CreateMany takes it */
GVariant *
belfryctl_line_to_variant (const BelfryctlLine *self)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&options, "idempotency-key", "s", self->key);
  if (self->tag != NULL)
    g_variant_dict_insert (&options, "tag", "s", self->tag);
  if (self->expires != 0)
    g_variant_dict_insert (&options, "expires", "x", self->expires);
  return g_variant_new ("(ss@a{sv})", self->user_id, self->data, g_variant_dict_end (&options));
}

struct BelfryctlLineKeys
{
  GHashTable *counts; /* the beginning of a digest → how many lines had it, from 1 on */
};

BelfryctlLineKeys *
belfryctl_line_keys_new (void)
{
  BelfryctlLineKeys *self = g_new0 (BelfryctlLineKeys, 1);

  self->counts = g_hash_table_new (NULL, NULL);
  return self;
}

void
belfryctl_line_keys_free (BelfryctlLineKeys *self)
{
  g_hash_table_unref (self->counts);
  g_free (self);
}

/* The key is the same whenever the same file is imported: it is made of the text, and of how many
 * equal lines went before. Of a digest a few bytes are enough to count by: two lines that they do
 * not tell apart have different digests in their keys all the same.
 *
 * Returns: (transfer full): the key */
char *
belfryctl_line_keys_next (BelfryctlLineKeys *self, const char *text, gsize length)
{
  g_autofree char *digest =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
  g_autofree char *beginning = g_strndup (digest, 2 * sizeof (guint64));
  gpointer short_digest = GSIZE_TO_POINTER (g_ascii_strtoull (beginning, NULL, 16));
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, short_digest));

  g_hash_table_insert (self->counts, short_digest, GUINT_TO_POINTER (count + 1));
  return g_strdup_printf ("sha256:%s:%u", digest, count);
}
