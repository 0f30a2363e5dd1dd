/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "token-maker.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "belfry-json-private.h"

static void
check_gnutls (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

TestKey *
test_key_new_secret (const void *secret, gsize length)
{
  TestKey *self = g_new0 (TestKey, 1);

  self->alg = "HS256";
  self->secret = g_bytes_new (secret, length);
  return self;
}

static TestKey *
generate (const char *alg, gnutls_pk_algorithm_t algorithm, guint bits)
{
  TestKey *self = g_new0 (TestKey, 1);

  self->alg = alg;
  check_gnutls (gnutls_privkey_init (&self->privkey));
  check_gnutls (gnutls_privkey_generate (self->privkey, algorithm, bits, 0));
  return self;
}

TestKey *
test_key_new_rsa (guint bits)
{
  return generate ("RS256", GNUTLS_PK_RSA, bits);
}

TestKey *
test_key_new (const char *alg)
{
  if (g_str_equal (alg, "HS256"))
    {
      guchar secret[32];

      check_gnutls (gnutls_rnd (GNUTLS_RND_RANDOM, secret, sizeof secret));
      secret[sizeof secret - 1] |= 0x80; /* never a newline */
      return test_key_new_secret (secret, sizeof secret);
    }
  if (g_str_equal (alg, "RS256"))
    return test_key_new_rsa (2048);
  if (g_str_equal (alg, "ES256"))
    return generate ("ES256", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
  if (g_str_equal (alg, "EdDSA"))
    return generate ("EdDSA", GNUTLS_PK_EDDSA_ED25519,
                     GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_ED25519));
  g_assert_not_reached ();
}

void
test_key_free (TestKey *self)
{
  if (self->privkey != NULL)
    gnutls_privkey_deinit (self->privkey);
  g_clear_pointer (&self->secret, g_bytes_unref);
  g_free (self);
}

/* Puts @number to the end of 32 bytes, whatever zeros it has or lacks in front. */
static void
append_32_bytes (GByteArray *array, const gnutls_datum_t *number)
{
  static const guchar zeros[32];
  guint skip = number->size > 32 ? number->size - 32 : 0;

  g_byte_array_append (array, zeros, 32 - (number->size - skip));
  g_byte_array_append (array, number->data + skip, number->size - skip);
}

static void
append_rs (GByteArray *array, const gnutls_datum_t *der)
{
  gnutls_datum_t r;
  gnutls_datum_t s;

  check_gnutls (gnutls_decode_rs_value (der, &r, &s));
  append_32_bytes (array, &r);
  append_32_bytes (array, &s);
  gnutls_free (r.data);
  gnutls_free (s.data);
}

static gnutls_sign_algorithm_t
sign_algorithm (const TestKey *self)
{
  if (g_str_equal (self->alg, "RS256"))
    return GNUTLS_SIGN_RSA_SHA256;
  if (g_str_equal (self->alg, "ES256"))
    return GNUTLS_SIGN_ECDSA_SHA256;
  return GNUTLS_SIGN_EDDSA_ED25519;
}

/* Returns: (transfer full): the signature as a token has it */
GByteArray *
test_key_sign (const TestKey *self, const char *input)
{
  GByteArray *array = g_byte_array_new ();
  gnutls_datum_t data = { (guchar *) input, (guint) strlen (input) };
  gnutls_datum_t signature;

  if (self->secret != NULL)
    {
      gsize length;
      const void *secret = g_bytes_get_data (self->secret, &length);

      g_byte_array_set_size (array, 32);
      check_gnutls (
          gnutls_hmac_fast (GNUTLS_MAC_SHA256, secret, length, data.data, data.size, array->data));
      return array;
    }

  check_gnutls (
      gnutls_privkey_sign_data2 (self->privkey, sign_algorithm (self), 0, &data, &signature));
  if (g_str_equal (self->alg, "ES256"))
    append_rs (array, &signature);
  else
    g_byte_array_append (array, signature.data, signature.size);
  gnutls_free (signature.data);
  return array;
}

static void
append_member (GString *json, const char *name, const gnutls_datum_t *value)
{
  g_autofree char *text = test_base64url (value->data, value->size);

  g_string_append_printf (json, ",\"%s\":\"%s\"", name, text);
}

/* @members: (nullable): more members, as JSON without braces */
char *
test_key_to_jwk (const TestKey *self, const char *members)
{
  g_autoptr (GString) json = g_string_new (NULL);
  gnutls_datum_t x = { NULL };
  gnutls_datum_t y = { NULL };

  if (g_str_equal (self->alg, "RS256"))
    {
      check_gnutls (gnutls_privkey_export_rsa_raw2 (self->privkey, &x, &y, NULL, NULL, NULL, NULL,
                                                    NULL, NULL, GNUTLS_EXPORT_FLAG_NO_LZ));
      g_string_append (json, "{\"kty\":\"RSA\"");
      append_member (json, "n", &x);
      append_member (json, "e", &y);
    }
  else
    {
      gnutls_ecc_curve_t curve;

      check_gnutls (gnutls_privkey_export_ecc_raw2 (self->privkey, &curve, &x, &y, NULL, 0));
      if (curve == GNUTLS_ECC_CURVE_SECP256R1)
        {
          g_autoptr (GByteArray) x32 = g_byte_array_new ();
          g_autoptr (GByteArray) y32 = g_byte_array_new ();

          append_32_bytes (x32, &x);
          append_32_bytes (y32, &y);
          g_string_append (json, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
          append_member (json, "x", &(gnutls_datum_t){ x32->data, x32->len });
          append_member (json, "y", &(gnutls_datum_t){ y32->data, y32->len });
        }
      else
        {
          g_string_append (json, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"");
          append_member (json, "x", &x);
        }
    }
  gnutls_free (x.data);
  gnutls_free (y.data);
  if (members != NULL)
    g_string_append_printf (json, ",%s", members);
  g_string_append_c (json, '}');
  return g_string_free (g_steal_pointer (&json), FALSE);
}

char *
test_base64url (const void *bytes, gsize length)
{
  char *text = g_base64_encode (bytes, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  *strchrnul (text, '=') = '\0';
  return text;
}

/* @signature: (nullable): nothing behind the second point */
char *
test_token_join (const char *header, const char *claims, const GByteArray *signature)
{
  g_autofree char *first = test_base64url (header, strlen (header));
  g_autofree char *second = test_base64url (claims, strlen (claims));
  g_autofree char *third =
      signature != NULL ? test_base64url (signature->data, signature->len) : g_strdup ("");

  return g_strjoin (".", first, second, third, NULL);
}

char *
test_token_sign (const TestKey *key, const char *header, const char *claims)
{
  g_autofree char *unsigned_token = test_token_join (header, claims, NULL);
  g_autoptr (GByteArray) signature = NULL;

  *strrchr (unsigned_token, '.') = '\0';
  signature = test_key_sign (key, unsigned_token);
  return test_token_join (header, claims, signature);
}

/* A key set of JWKs as JSON. */
char *
test_jwks (const char *first, ...)
{
  g_autoptr (GString) json = g_string_new ("{\"keys\":[");
  const char *jwk;
  va_list args;

  g_string_append (json, first);
  va_start (args, first);
  while ((jwk = va_arg (args, const char *)) != NULL)
    g_string_append_printf (json, ",%s", jwk);
  va_end (args);
  g_string_append (json, "]}");
  return g_string_free (g_steal_pointer (&json), FALSE);
}

BelfryKeySet *
test_key_set (const TestKey *secret, const char *jwks)
{
  g_autoptr (GError) error = NULL;
  BelfryKeySet *set = belfry_key_set_new (secret != NULL ? secret->secret : NULL, jwks,
                                          belfry_json_scan_claims, &error);

  g_assert_no_error (error);
  g_assert_nonnull (set);
  return set;
}

BelfryTokenVerifier *
test_verifier_with_policy (const TestKey *secret, const char *jwks, BelfryTokenPolicy policy)
{
  g_autoptr (BelfryKeySet) keys = test_key_set (secret, jwks);

  return belfry_token_verifier_new (keys, &policy, belfry_json_scan_claims);
}

BelfryTokenVerifier *
test_verifier (const TestKey *secret, const char *jwks)
{
  return test_verifier_with_policy (secret, jwks, (BelfryTokenPolicy){ NULL });
}

void
test_assert_user (BelfryTokenVerifier *verifier, const char *token, const char *user_id)
{
  g_autoptr (GError) error = NULL;
  g_auto (BelfryToken) result = { NULL };
  gboolean good = belfry_token_verifier_verify (verifier, token, TEST_NOW, &result, &error);

  g_assert_no_error (error);
  g_assert_true (good);
  g_assert_cmpstr (result.user_id, ==, user_id);
}

/* What was refused goes to logs, where nobody may find a token. */
static void
assert_not_quoted (const char *token, const char *message)
{
  g_auto (GStrv) parts = g_strsplit (token, ".", -1);

  g_assert_true (g_utf8_validate (message, -1, NULL));
  for (guint i = 0; parts[i] != NULL; i++)
    if (strlen (parts[i]) >= 8)
      g_assert_null (strstr (message, parts[i]));
  g_assert_null (strstr (message, "hidden"));
}

/* @why: a part of the message. Claims that have "hidden" in them must not be quoted. */
void
test_assert_refused_at (BelfryTokenVerifier *verifier,
                        const char *token,
                        gint64 now,
                        BelfryTokenError code,
                        const char *why)
{
  g_autoptr (GError) error = NULL;
  g_auto (BelfryToken) result = { NULL };

  g_assert_false (belfry_token_verifier_verify (verifier, token, now, &result, &error));
  g_assert_error (error, BELFRY_TOKEN_ERROR, (int) code);
  g_assert_null (result.user_id);
  g_assert_cmpint (result.expires_at, ==, 0);
  assert_not_quoted (token, error->message);
  if (strstr (error->message, why) == NULL)
    g_error ("refused with “%s”, expected “%s”", error->message, why);
}

void
test_assert_refused (BelfryTokenVerifier *verifier, const char *token, const char *why)
{
  test_assert_refused_at (verifier, token, TEST_NOW, BELFRY_TOKEN_ERROR_INVALID, why);
}
