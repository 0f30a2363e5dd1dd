/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-jwk.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "belfry-base64url.h"
#include "belfry-token-json.h"

#define COORDINATE_LENGTH 32 /* bytes, on P-256 and Ed25519 */
#define RSA_MIN_BITS      2048
#define RSA_MAX_BITS      16384 /* more would only cost time */
#define RSA_MAX_EXPONENT  8     /* bytes */

typedef gboolean (*ImportFunc) (gnutls_pubkey_t pubkey, JsonObject *jwk, GError **error);

typedef struct
{
  const char *kty;
  const char *crv; /* NULL if it has no curves */
  BelfryTokenAlgorithm algorithm;
  ImportFunc import;
} Kind;

/* Errors start with the member; belfry_jwk_read() puts the key in front of it. */
static gboolean
fault (GError **error, const char *member, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: %s", member, _ (what));
  return FALSE;
}

/* @text: (out) (transfer none) (nullable): NULL if there is no such member
 * Returns: FALSE if it is not a string */
static gboolean
read_text (JsonObject *jwk, const char *member, const char **text, GError **error)
{
  JsonNode *node = json_object_get_member (jwk, member);

  *text = belfry_token_json_get_text (node);
  return node == NULL || *text != NULL || fault (error, member, N_ ("expected a string"));
}

static gboolean
read_required_text (JsonObject *jwk, const char *member, const char **text, GError **error)
{
  return read_text (jwk, member, text, error)
         && (*text != NULL || fault (error, member, N_ ("missing")));
}

/* Returns: (transfer full) (nullable): one byte or more; NULL with @error set */
static guchar *
read_bytes (JsonObject *jwk, const char *member, gsize *length, GError **error)
{
  g_autofree guchar *bytes = NULL;
  const char *text;

  if (!read_required_text (jwk, member, &text, error))
    return NULL;
  bytes = belfry_base64url_decode (text, strlen (text), length);
  if (bytes == NULL || *length == 0)
    {
      fault (error, member, N_ ("expected base64url without padding"));
      return NULL;
    }
  return g_steal_pointer (&bytes);
}

/* RFC 7518, section 6.2.1.2: with all its leading zeros */
static guchar *
read_coordinate (JsonObject *jwk, const char *member, GError **error)
{
  gsize length = 0;
  g_autofree guchar *bytes = read_bytes (jwk, member, &length, error);

  if (bytes != NULL && length != COORDINATE_LENGTH)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("%s: %zu bytes, expected %d"),
                   member, length, COORDINATE_LENGTH);
      return NULL;
    }
  return g_steal_pointer (&bytes);
}

/* With an exponent of 1 anybody could sign, and with an even one nobody. */
static gboolean
is_rsa_exponent (const guchar *bytes, gsize length)
{
  guint64 exponent = 0;

  if (length > RSA_MAX_EXPONENT)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    exponent = exponent << 8 | bytes[i];
  return exponent >= 3 && exponent % 2 == 1;
}

static gboolean
import_rsa (gnutls_pubkey_t pubkey, JsonObject *jwk, GError **error)
{
  gsize n_length = 0;
  gsize e_length = 0;
  g_autofree guchar *n = read_bytes (jwk, "n", &n_length, error);
  g_autofree guchar *e = n != NULL ? read_bytes (jwk, "e", &e_length, error) : NULL;
  gnutls_datum_t modulus = { n, (guint) n_length };
  gnutls_datum_t exponent = { e, (guint) e_length };
  guint bits = 0;

  if (n == NULL || e == NULL)
    return FALSE;
  if (n[n_length - 1] % 2 == 0)
    return fault (error, "n", N_ ("expected an odd number"));
  if (!is_rsa_exponent (e, e_length))
    return fault (error, "e", N_ ("expected an odd number from 3 to 2^64 - 1"));
  if (gnutls_pubkey_import_rsa_raw (pubkey, &modulus, &exponent) < 0
      || gnutls_pubkey_get_pk_algorithm (pubkey, &bits) != GNUTLS_PK_RSA)
    return fault (error, "n", N_ ("not accepted by GnuTLS"));
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("n: %u bits, expected %d to %d"),
                   bits, RSA_MIN_BITS, RSA_MAX_BITS);
      return FALSE;
    }
  return TRUE;
}

static gboolean
import_p256 (gnutls_pubkey_t pubkey, JsonObject *jwk, GError **error)
{
  g_autofree guchar *x = read_coordinate (jwk, "x", error);
  g_autofree guchar *y = x != NULL ? read_coordinate (jwk, "y", error) : NULL;
  gnutls_datum_t x_datum = { x, COORDINATE_LENGTH };
  gnutls_datum_t y_datum = { y, COORDINATE_LENGTH };

  if (x == NULL || y == NULL)
    return FALSE;
  /* The import itself takes any two numbers. */
  if (gnutls_pubkey_import_ecc_raw (pubkey, GNUTLS_ECC_CURVE_SECP256R1, &x_datum, &y_datum) < 0
      || gnutls_pubkey_verify_params (pubkey) < 0)
    return fault (error, "x, y", N_ ("expected a point on the curve"));
  return TRUE;
}

static gboolean
import_ed25519 (gnutls_pubkey_t pubkey, JsonObject *jwk, GError **error)
{
  g_autofree guchar *x = read_coordinate (jwk, "x", error);
  gnutls_datum_t x_datum = { x, COORDINATE_LENGTH };

  if (x == NULL)
    return FALSE;
  if (gnutls_pubkey_import_ecc_raw (pubkey, GNUTLS_ECC_CURVE_ED25519, &x_datum, NULL) < 0)
    return fault (error, "x", N_ ("not accepted by GnuTLS"));
  return TRUE;
}

static const Kind kinds[] = {
  { "RSA", NULL, BELFRY_TOKEN_ALGORITHM_RS256, import_rsa },
  { "EC", "P-256", BELFRY_TOKEN_ALGORITHM_ES256, import_p256 },
  { "OKP", "Ed25519", BELFRY_TOKEN_ALGORITHM_EDDSA, import_ed25519 },
};

/* @kind: (out) (nullable): NULL if it is one that we don't know */
static gboolean
read_kind (JsonObject *jwk, const char *kty, const Kind **kind, GError **error)
{
  const char *crv;

  *kind = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (!g_str_equal (kinds[i].kty, kty))
        continue;
      if (kinds[i].crv != NULL)
        {
          if (!read_required_text (jwk, "crv", &crv, error))
            return FALSE;
          if (!g_str_equal (kinds[i].crv, crv))
            continue;
        }
      *kind = &kinds[i];
    }
  return TRUE;
}

/* @verifies: (out): whether there is no `key_ops`, or "verify" is among them */
static gboolean
read_key_ops (JsonObject *jwk, gboolean *verifies, GError **error)
{
  JsonNode *node = json_object_get_member (jwk, "key_ops");
  JsonArray *ops;

  *verifies = node == NULL;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return fault (error, "key_ops", N_ ("expected an array of strings"));
  ops = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (ops); i++)
    {
      const char *op = belfry_token_json_get_text (json_array_get_element (ops, i));

      if (op == NULL)
        return fault (error, "key_ops", N_ ("expected an array of strings"));
      if (g_str_equal (op, "verify"))
        *verifies = TRUE;
    }
  return TRUE;
}

/* @obstacle: (out) (nullable): why the key is not for verifying tokens; NULL if it is */
static gboolean
read_purpose (JsonObject *jwk, const Kind *kind, const char **obstacle, GError **error)
{
  const char *alg;
  const char *use;
  gboolean verifies;

  if (!read_text (jwk, "alg", &alg, error) || !read_text (jwk, "use", &use, error)
      || !read_key_ops (jwk, &verifies, error))
    return FALSE;

  *obstacle = NULL;
  if (alg != NULL && !g_str_equal (alg, belfry_token_algorithm_get_name (kind->algorithm)))
    *obstacle = "its “alg” is not supported";
  else if (use != NULL && !g_str_equal (use, "sig"))
    *obstacle = "its “use” is not “sig”";
  else if (!verifies)
    *obstacle = "“verify” is not among its “key_ops”";
  return TRUE;
}

static BelfryTokenKey *
import_key (JsonObject *jwk, const Kind *kind, GError **error)
{
  g_autoptr (BelfryTokenKey) key = NULL;
  gnutls_pubkey_t pubkey;
  const char *kid;

  if (!read_text (jwk, "kid", &kid, error))
    return NULL;
  if (gnutls_pubkey_init (&pubkey) < 0)
    {
      fault (error, "kty", N_ ("not accepted by GnuTLS"));
      return NULL;
    }
  key = belfry_token_key_new_public (kind->algorithm, pubkey, kid);
  if (!kind->import (pubkey, jwk, error))
    return NULL;
  return g_steal_pointer (&key);
}

/* @key: (out) (transfer full) (nullable): NULL if it is passed over */
static gboolean
read_key (JsonObject *jwk, guint index, BelfryTokenKey **key, GError **error)
{
  const Kind *kind;
  const char *kty;
  const char *obstacle = NULL;

  *key = NULL;
  if (!read_required_text (jwk, "kty", &kty, error) || !read_kind (jwk, kty, &kind, error))
    return FALSE;

  if (g_str_equal (kty, "oct"))
    {
      /* A set of public keys may be published, so no secret in it is one. */
      g_warning ("keys[%u] is passed over: a key set must not hold a secret", index);
      return TRUE;
    }
  if (kind == NULL)
    obstacle = "its “kty” or “crv” is not supported";
  else if (!read_purpose (jwk, kind, &obstacle, error))
    return FALSE;
  if (obstacle != NULL)
    {
      g_info ("keys[%u] is passed over: %s", index, obstacle);
      return TRUE;
    }

  *key = import_key (jwk, kind, error);
  return *key != NULL;
}

/* Reads one JSON Web Key (RFC 7517): the public part, whatever else there is.
 *
 * @index: its place in the key set, for messages
 * @key: (out) (transfer full) (nullable): NULL if the key is none that verifies tokens and is
 *   passed over
 * @error: G_IO_ERROR_INVALID_DATA, "keys[INDEX].MEMBER: what is wrong there"
 * Returns: FALSE with @error set if the key is malformed */
gboolean
belfry_jwk_read (JsonObject *jwk, guint index, BelfryTokenKey **key, GError **error)
{
  if (read_key (jwk, index, key, error))
    return TRUE;
  g_prefix_error (error, "keys[%u].", index);
  return FALSE;
}
