/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-key-set-private.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "belfry-jwk.h"
#include "belfry-token-json.h"
#include "belfry-token.h"

#define SECRET_MIN 32           /* bytes, as long as the hash: RFC 7518, section 3.2 */
#define JWKS_MAX   (256 * 1024) /* bytes */
#define KEYS_MAX   100

struct _BelfryKeySet
{
  gatomicrefcount ref_count;
  GPtrArray *keys; /* of BelfryTokenKey */
};

/* A file that was written with an editor ends in a newline that nobody means. */
static gsize
length_without_newline (const guchar *bytes, gsize length)
{
  if (length > 0 && bytes[length - 1] == '\n')
    {
      length--;
      if (length > 0 && bytes[length - 1] == '\r')
        length--;
    }
  return length;
}

static gboolean
add_secret (BelfryKeySet *self, GBytes *secret, GError **error)
{
  gsize length;
  const guchar *bytes = g_bytes_get_data (secret, &length);

  length = length_without_newline (bytes, length);
  if (length < SECRET_MIN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("the secret: %zu bytes, expected at least %d"), length, SECRET_MIN);
      return FALSE;
    }
  g_ptr_array_add (self->keys, belfry_token_key_new_secret (bytes, length));
  return TRUE;
}

static gboolean
has_kid (BelfryKeySet *self, const char *kid, const char *alg)
{
  for (guint i = 0; i < self->keys->len; i++)
    {
      const BelfryTokenKey *key = g_ptr_array_index (self->keys, i);

      if (g_strcmp0 (belfry_token_key_get_kid (key), kid) == 0
          && (alg == NULL || g_str_equal (belfry_token_key_get_alg (key), alg)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
add_jwk (BelfryKeySet *self, JsonNode *node, guint index, GError **error)
{
  g_autoptr (BelfryTokenKey) key = NULL;
  const char *kid;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("keys[%u]: expected an object"),
                   index);
      return FALSE;
    }
  if (!belfry_jwk_read (json_node_get_object (node), index, &key, error))
    return FALSE;
  if (key == NULL)
    return TRUE;

  kid = belfry_token_key_get_kid (key);
  if (kid != NULL && has_kid (self, kid, belfry_token_key_get_alg (key)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("keys[%u].kid: an earlier key for %s has the same"), index,
                   belfry_token_key_get_alg (key));
      return FALSE;
    }
  g_ptr_array_add (self->keys, g_steal_pointer (&key));
  return TRUE;
}

static gboolean
add_jwks (BelfryKeySet *self, const char *jwks, BelfryTokenJsonCheck check, GError **error)
{
  gsize length = strlen (jwks);
  g_autoptr (JsonObject) set = NULL;
  JsonNode *node;
  JsonArray *array;
  guint n_keys;

  if (length > JWKS_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%zu bytes, at most %d are allowed"), length, JWKS_MAX);
      return FALSE;
    }
  set = belfry_token_json_parse (check, jwks, length, error);
  if (set == NULL)
    return FALSE;
  node = json_object_get_member (set, "keys");
  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("keys: expected an array"));
      return FALSE;
    }
  array = json_node_get_array (node);
  n_keys = json_array_get_length (array);
  if (n_keys > KEYS_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("keys: %u, at most %d are allowed"), n_keys, KEYS_MAX);
      return FALSE;
    }
  for (guint i = 0; i < n_keys; i++)
    if (!add_jwk (self, json_array_get_element (array, i), i, error))
      return FALSE;
  return TRUE;
}

/* Reads the keys that an operator configured.
 *
 * @secret: (nullable): the key for HS256, as a file holds it: one newline at its end does not
 *   count, then there must be 32 bytes or more
 * @jwks: (nullable): a JSON Web Key Set (RFC 7517): at most 256 KiB and 100 keys. Keys for RS256
 *   (RSA), ES256 (EC with P-256) and EdDSA (OKP with Ed25519) are taken, others passed over
 * @check: the JSON scanner
 * @error: what @check says, or G_IO_ERROR_INVALID_DATA, saying which key and member is wrong
 * Returns: (transfer full) (nullable): NULL with @error set, also if there would be no key */
BelfryKeySet *
belfry_key_set_new (GBytes *secret, const char *jwks, BelfryTokenJsonCheck check, GError **error)
{
  g_autoptr (BelfryKeySet) self = NULL;

  g_return_val_if_fail (check != NULL, NULL);

  self = g_new0 (BelfryKeySet, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_token_key_free);

  if (jwks != NULL && !add_jwks (self, jwks, check, error))
    {
      g_prefix_error (error, _ ("the key set: "));
      return NULL;
    }
  if (secret != NULL && !add_secret (self, secret, error))
    return NULL;
  if (self->keys->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           _ ("no key that tokens can be verified with"));
      return NULL;
    }
  return g_steal_pointer (&self);
}

BelfryKeySet *
belfry_key_set_ref (BelfryKeySet *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_key_set_unref (BelfryKeySet *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->keys);
  g_free (self);
}

/* Finds the key and checks the signature with it.
 *
 * The key decides which algorithm it is, and the header must say the same; else somebody could
 * sign with HS256 and the bytes of a public key, or not at all.
 *
 * A token that names its key is for that key alone. If no key has the name, those without one are
 * tried: the secret, and keys of a set whose issuer names none. Their issuer may well write a name
 * into its tokens for its own use, and every key here is trusted alike. But a name that is known
 * never leads to another key. A token without `kid` may be of any key.
 *
 * @kid, @alg: from the header of the token; @kid is NULL if there is none
 * @error: BELFRY_TOKEN_ERROR_INVALID
 * Returns: whether one of the keys made the signature */
gboolean
belfry_key_set_verify (BelfryKeySet *self,
                       const char *kid,
                       const char *alg,
                       const BelfrySignedInput *signed_input,
                       GError **error)
{
  const char *wanted = kid != NULL && has_kid (self, kid, NULL) ? kid : NULL;
  gboolean tried = FALSE;

  for (guint i = 0; i < self->keys->len; i++)
    {
      const BelfryTokenKey *key = g_ptr_array_index (self->keys, i);

      if (kid != NULL && g_strcmp0 (belfry_token_key_get_kid (key), wanted) != 0)
        continue;
      if (!g_str_equal (belfry_token_key_get_alg (key), alg))
        continue;
      if (belfry_token_key_verify (key, signed_input))
        return TRUE;
      tried = TRUE;
    }
  g_set_error_literal (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID,
                       tried ? "the signature is not right" : "no key for its “kid” and “alg”");
  return FALSE;
}
