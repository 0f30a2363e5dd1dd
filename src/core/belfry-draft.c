/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-draft-private.h"

#include "belfry-argument.h"
#include "belfry-error.h"

/**
 * BelfryDraft:
 *
 * A notification that is to be created: checked, and not changed afterwards.
 *
 * Since: 0.1
 */
struct _BelfryDraft
{
  GObject parent_instance;

  char *user_id;
  char *data;
  char *idempotency_key;
  char *tag;
  gint64 expires;
};

G_DEFINE_FINAL_TYPE (BelfryDraft, belfry_draft, G_TYPE_OBJECT)

static void
belfry_draft_finalize (GObject *object)
{
  BelfryDraft *self = BELFRY_DRAFT (object);

  g_free (self->user_id);
  g_free (self->data);
  g_free (self->idempotency_key);
  g_free (self->tag);

  G_OBJECT_CLASS (belfry_draft_parent_class)->finalize (object);
}

static void
belfry_draft_class_init (BelfryDraftClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_draft_finalize;
}

static void
belfry_draft_init (BelfryDraft *self)
{
}

static gboolean
read_text_option (const char *name, GVariant *value, char **text, GError **error)
{
  const char *string;

  if (!belfry_argument_check_option ("options", name, value, G_VARIANT_TYPE_STRING, error))
    return FALSE;
  string = g_variant_get_string (value, NULL);
  if (!belfry_argument_check_text (name, string, BELFRY_KEY_MAX, error))
    {
      g_prefix_error (error, "options: ");
      return FALSE;
    }
  g_free (*text);
  *text = g_strdup (string);
  return TRUE;
}

static gboolean
read_expires_option (BelfryDraft *self, GVariant *value, GError **error)
{
  if (!belfry_argument_check_option ("options", "expires", value, G_VARIANT_TYPE_INT64, error))
    return FALSE;
  self->expires = g_variant_get_int64 (value);
  if (self->expires < 1 || self->expires > BELFRY_EXPIRES_MAX)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "options: expires: %" G_GINT64_FORMAT
                   " seconds, expected 1 to %" G_GINT64_FORMAT,
                   self->expires, BELFRY_EXPIRES_MAX);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_options (BelfryDraft *self, GVariant *options, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *unowned;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &unowned))
    {
      g_autoptr (GVariant) value = unowned;
      gboolean good;

      if (g_str_equal (name, "idempotency-key"))
        good = read_text_option (name, value, &self->idempotency_key, error);
      else if (g_str_equal (name, "tag"))
        good = read_text_option (name, value, &self->tag, error);
      else if (g_str_equal (name, "expires"))
        good = read_expires_option (self, value, error);
      else
        {
          belfry_argument_set_unknown_option ("options", name, "idempotency-key, tag and expires",
                                              error);
          good = FALSE;
        }
      if (!good)
        return FALSE;
    }
  return TRUE;
}

/**
 * belfry_draft_new:
 * @user_id: for whom: 1 to 128 bytes of UTF-8 without control characters
 * @data: the content: one JSON object as UTF-8 text, at most 32 deep and 128 KiB long. White space
 *   around it goes, everything inside stays byte for byte
 * @options: (nullable): a dictionary (`a{sv}`) with any of `idempotency-key` (`s`, 1 to 128 bytes),
 *   `tag` (`s`, 1 to 128 bytes) and `expires` (`x`, 1 to 315,360,000 seconds from its creation)
 * @error: return location for an error
 *
 * Checks what a notification is to be made of.
 *
 * A second draft with the same idempotency key of the same user creates nothing and gives the id
 * of the first, for ever. A draft with a tag removes the user's earlier notification with that
 * tag.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS or %BELFRY_ERROR_TOO_LARGE, naming the argument and the limit.
 *
 * Returns: (transfer full): the draft, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryDraft *
belfry_draft_new (const char *user_id, const char *data, GVariant *options, GError **error)
{
  g_return_val_if_fail (user_id != NULL && data != NULL, NULL);
  g_return_val_if_fail (options == NULL || g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT),
                        NULL);

  return belfry_draft_new_within (user_id, data, BELFRY_DATA_MAX, options, error);
}

/* The same for who knows the limit of the service that the draft is for, so that whoever is refused
 * is told that limit. @max_data: 1 to BELFRY_DATA_MAX bytes */
BelfryDraft *
belfry_draft_new_within (const char *user_id,
                         const char *data,
                         gsize max_data,
                         GVariant *options,
                         GError **error)
{
  g_autoptr (BelfryDraft) self = NULL;
  BelfryJsonValue object;

  if (!belfry_argument_check_user_id (user_id, error)
      || !belfry_argument_check_data (data, max_data, &object, error))
    return NULL;

  self = g_object_new (BELFRY_TYPE_DRAFT, NULL);
  if (options != NULL && !read_options (self, options, error))
    return NULL;
  self->user_id = g_strdup (user_id);
  self->data = g_strndup (object.text, object.length);
  return g_steal_pointer (&self);
}

/**
 * belfry_draft_get_user_id:
 * @self: a draft
 *
 * Gets for whom it is.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_draft_get_user_id (BelfryDraft *self)
{
  g_return_val_if_fail (BELFRY_IS_DRAFT (self), NULL);

  return self->user_id;
}

/**
 * belfry_draft_get_data:
 * @self: a draft
 *
 * Gets the content.
 *
 * Returns: (transfer none): one JSON object as UTF-8 text
 *
 * Since: 0.1
 */
const char *
belfry_draft_get_data (BelfryDraft *self)
{
  g_return_val_if_fail (BELFRY_IS_DRAFT (self), NULL);

  return self->data;
}

/**
 * belfry_draft_get_idempotency_key:
 * @self: a draft
 *
 * Gets the key that makes a repeated creation harmless.
 *
 * Returns: (transfer none) (nullable): the key
 *
 * Since: 0.1
 */
const char *
belfry_draft_get_idempotency_key (BelfryDraft *self)
{
  g_return_val_if_fail (BELFRY_IS_DRAFT (self), NULL);

  return self->idempotency_key;
}

/**
 * belfry_draft_get_tag:
 * @self: a draft
 *
 * Gets the tag under which it replaces an earlier notification.
 *
 * Returns: (transfer none) (nullable): the tag
 *
 * Since: 0.1
 */
const char *
belfry_draft_get_tag (BelfryDraft *self)
{
  g_return_val_if_fail (BELFRY_IS_DRAFT (self), NULL);

  return self->tag;
}

/**
 * belfry_draft_get_expires:
 * @self: a draft
 *
 * Gets how long it lives.
 *
 * Returns: seconds from its creation, or 0 for ever
 *
 * Since: 0.1
 */
gint64
belfry_draft_get_expires (BelfryDraft *self)
{
  g_return_val_if_fail (BELFRY_IS_DRAFT (self), 0);

  return self->expires;
}
