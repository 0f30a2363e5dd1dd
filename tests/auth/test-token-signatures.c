/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "token-maker.h"

enum
{
  HS256,
  RS256,
  ES256,
  EDDSA,
  N_ALGORITHMS,
};

static const char *const headers[N_ALGORITHMS] = {
  "{\"alg\":\"HS256\"}",
  "{\"alg\":\"RS256\"}",
  "{\"alg\":\"ES256\"}",
  "{\"alg\":\"EdDSA\"}",
};

static TestKey *keys[N_ALGORITHMS];
static TestKey *strangers[N_ALGORITHMS];
static BelfryTokenVerifier *all; /* takes all of @keys */

static BelfryTokenVerifier *
verifier_of_all (void)
{
  g_autofree char *rsa = test_key_to_jwk (keys[RS256], "\"kid\":\"rsa\"");
  g_autofree char *p256 = test_key_to_jwk (keys[ES256], "\"kid\":\"p256\"");
  g_autofree char *ed25519 = test_key_to_jwk (keys[EDDSA], "\"kid\":\"ed25519\"");
  g_autofree char *jwks = test_jwks (rsa, p256, ed25519, NULL);

  return test_verifier (keys[HS256], jwks);
}

static void
test_right_key (void)
{
  for (guint i = 0; i < N_ALGORITHMS; i++)
    {
      g_autofree char *token = test_token_sign (keys[i], headers[i], TEST_CLAIMS);

      test_assert_user (all, token, "alice");
    }
}

static void
test_wrong_key (void)
{
  for (guint i = 0; i < N_ALGORITHMS; i++)
    {
      g_autofree char *token = test_token_sign (strangers[i], headers[i], TEST_CLAIMS);

      test_assert_refused (all, token, "the signature is not right");
    }
}

/* The key of an algorithm signs, the header names another one. */
static void
test_other_algorithm (void)
{
  static const char *const names[] = { "HS256", "HS384", "HS512",  "RS256", "RS384", "RS512",
                                       "PS256", "ES256", "ES384",  "EdDSA", "none",  "Ed25519",
                                       "rs256", "hs256", "RS256 ", "" };

  for (guint i = 0; i < N_ALGORITHMS; i++)
    for (guint n = 0; n < G_N_ELEMENTS (names); n++)
      {
        g_autofree char *header = g_strdup_printf ("{\"alg\":\"%s\"}", names[n]);
        g_autofree char *token = test_token_sign (keys[i], header, TEST_CLAIMS);

        if (!g_str_equal (names[n], keys[i]->alg))
          test_assert_refused (all, token, "");
      }
}

static void
test_none (void)
{
  static const char *const names[] = { "none", "None", "NONE", "nOnE", "" };

  for (guint n = 0; n < G_N_ELEMENTS (names); n++)
    {
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"%s\"}", names[n]);
      g_autofree char *bare = test_token_join (header, TEST_CLAIMS, NULL);

      test_assert_refused (all, bare, "empty");
      for (guint i = 0; i < N_ALGORITHMS; i++)
        {
          g_autofree char *token = test_token_sign (keys[i], header, TEST_CLAIMS);

          test_assert_refused (all, token, "no key");
        }
    }
}

static void
test_alg_of_wrong_type (void)
{
  static const char *const bad[] = { "{}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}",
                                     "{\"alg\":256}", "{\"ALG\":\"HS256\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *token = test_token_sign (keys[HS256], bad[i], TEST_CLAIMS);

      test_assert_refused (all, token, "header: alg: expected a string");
    }
}

/* The classic: a public key is known to all, and its bytes make an HMAC as good as any. */
static void
test_hs256_with_public_key (gconstpointer data)
{
  gnutls_x509_crt_fmt_t format = GPOINTER_TO_INT (data);
  static const char *const confused[] = { "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"HS256\",\"kid\":\"rsa\"}",
                                          "{\"alg\":\"RS256\"}",
                                          "{\"alg\":\"RS256\",\"kid\":\"rsa\"}" };
  g_autofree char *jwk = test_key_to_jwk (keys[RS256], "\"kid\":\"rsa\"");
  g_autofree char *jwks = test_jwks (jwk, NULL);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);
  g_autoptr (TestKey) with_newline = NULL;
  g_autoptr (TestKey) without = NULL;
  gnutls_pubkey_t pubkey;
  gnutls_datum_t bytes;

  g_assert_cmpint (gnutls_pubkey_init (&pubkey), ==, 0);
  g_assert_cmpint (gnutls_pubkey_import_privkey (pubkey, keys[RS256]->privkey, 0, 0), ==, 0);
  g_assert_cmpint (gnutls_pubkey_export2 (pubkey, format, &bytes), ==, 0);
  with_newline = test_key_new_secret (bytes.data, bytes.size);
  without = test_key_new_secret (bytes.data, bytes.size - 1);
  gnutls_free (bytes.data);
  gnutls_pubkey_deinit (pubkey);

  for (guint i = 0; i < G_N_ELEMENTS (confused); i++)
    {
      g_autofree char *first = test_token_sign (with_newline, confused[i], TEST_CLAIMS);
      g_autofree char *second = test_token_sign (without, confused[i], TEST_CLAIMS);

      test_assert_refused (verifier, first, "");
      test_assert_refused (verifier, second, "");
      test_assert_refused (all, first, "");
      test_assert_refused (all, second, "");
    }
}

static void
test_key_in_header (void)
{
  g_autofree char *jwk = test_key_to_jwk (strangers[ES256], NULL);
  g_autofree char *header = g_strdup_printf (
      "{\"alg\":\"ES256\",\"jwk\":%s,\"jku\":\"https://example.org/\",\"x5u\":\"\"}", jwk);
  g_autofree char *token = test_token_sign (strangers[ES256], header, TEST_CLAIMS);
  g_autofree char *harmless = test_token_sign (keys[ES256], header, TEST_CLAIMS);

  test_assert_refused (all, token, "the signature is not right");
  test_assert_user (all, harmless, "alice");
}

static void
assert_signature_refused (guint algorithm, const GByteArray *signature)
{
  g_autofree char *token = test_token_join (headers[algorithm], TEST_CLAIMS, signature);

  test_assert_refused (all, token, signature->len > 0 ? "the signature is not right" : "empty");
}

static GByteArray *
sign_claims (const TestKey *key, guint algorithm)
{
  g_autofree char *input = test_token_join (headers[algorithm], TEST_CLAIMS, NULL);

  *strrchr (input, '.') = '\0';
  return test_key_sign (key, input);
}

static void
test_flipped (gconstpointer data)
{
  guint algorithm = GPOINTER_TO_UINT (data);
  g_autoptr (GByteArray) signature = sign_claims (keys[algorithm], algorithm);

  for (guint i = 0; i < signature->len; i++)
    for (guint bit = 1; bit < 256; bit <<= 1)
      {
        signature->data[i] ^= bit;
        assert_signature_refused (algorithm, signature);
        signature->data[i] ^= bit;
      }
}

static void
test_other_length (gconstpointer data)
{
  guint algorithm = GPOINTER_TO_UINT (data);
  g_autoptr (GByteArray) signature = sign_claims (keys[algorithm], algorithm);
  g_autoptr (GByteArray) longer = g_byte_array_new ();

  g_byte_array_append (longer, (const guchar *) "", 1);
  g_byte_array_append (longer, signature->data, signature->len);
  assert_signature_refused (algorithm, longer);
  g_byte_array_remove_index (longer, 0);
  g_byte_array_append (longer, (const guchar *) "", 1);
  assert_signature_refused (algorithm, longer);

  while (signature->len > 0)
    {
      g_byte_array_set_size (signature, signature->len - 1);
      assert_signature_refused (algorithm, signature);
    }
}

static void
test_moved (void)
{
  for (guint i = 0; i < N_ALGORITHMS; i++)
    {
      g_autoptr (GByteArray) signature = sign_claims (keys[i], i);
      g_autofree char *claims =
          test_token_join (headers[i], "{\"sub\":\"admin\",\"exp\":2000003600}", signature);
      g_autofree char *space = test_token_join (headers[i], TEST_CLAIMS " ", signature);

      test_assert_refused (all, claims, "the signature is not right");
      test_assert_refused (all, space, "the signature is not right");
    }
}

static void
test_es256_der (void)
{
  g_autofree char *input = test_token_join (headers[ES256], TEST_CLAIMS, NULL);
  g_autoptr (GByteArray) array = g_byte_array_new ();
  gnutls_datum_t data = { NULL };
  gnutls_datum_t der;

  *strrchr (input, '.') = '\0';
  data = (gnutls_datum_t){ (guchar *) input, (guint) strlen (input) };
  g_assert_cmpint (
      gnutls_privkey_sign_data2 (keys[ES256]->privkey, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &der),
      ==, 0);
  g_byte_array_append (array, der.data, der.size);
  gnutls_free (der.data);
  assert_signature_refused (ES256, array);
}

/* CVE-2022-21449: r and s that are 0 fitted every key there. */
static void
test_es256_zero (void)
{
  g_autoptr (GByteArray) good = sign_claims (keys[ES256], ES256);
  g_autoptr (GByteArray) array = g_byte_array_new ();

  g_byte_array_set_size (array, 64);
  memset (array->data, 0, 64);
  assert_signature_refused (ES256, array);
  memcpy (array->data, good->data, 32);
  assert_signature_refused (ES256, array);
  memset (array->data, 0, 32);
  memcpy (array->data + 32, good->data + 32, 32);
  assert_signature_refused (ES256, array);
}

/* One in 256 starts with a zero, which DER leaves out, and every second with a byte above 127, to
 * which DER adds one. */
static void
test_es256_leading_zero (void)
{
  guint seen = 0;

  for (guint i = 0; seen != 3; i++)
    {
      g_autofree char *claims = g_strdup_printf ("{\"sub\":%u,\"exp\":2000003600}", i);
      g_autofree char *input = test_token_join (headers[ES256], claims, NULL);
      g_autoptr (GByteArray) signature = NULL;
      g_autofree char *token = NULL;
      g_autofree char *user_id = g_strdup_printf ("%u", i);

      *strrchr (input, '.') = '\0';
      signature = test_key_sign (keys[ES256], input);
      if (signature->data[0] != 0 && signature->data[32] != 0)
        continue;
      seen |= (signature->data[0] == 0 ? 1 : 0) | (signature->data[32] == 0 ? 2 : 0);
      token = test_token_join (headers[ES256], claims, signature);
      test_assert_user (all, token, user_id);
    }
}

/* The right key and the right header, but another scheme or hash. */
static void
test_rsa_other_scheme (void)
{
  static const gnutls_sign_algorithm_t algorithms[] = { GNUTLS_SIGN_RSA_SHA1,
                                                        GNUTLS_SIGN_RSA_SHA384,
                                                        GNUTLS_SIGN_RSA_SHA512,
                                                        GNUTLS_SIGN_RSA_PSS_RSAE_SHA256 };
  g_autofree char *input = test_token_join (headers[RS256], TEST_CLAIMS, NULL);
  gnutls_datum_t data;

  *strrchr (input, '.') = '\0';
  data = (gnutls_datum_t){ (guchar *) input, (guint) strlen (input) };
  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    {
      g_autoptr (GByteArray) array = g_byte_array_new ();
      gnutls_datum_t signature;

      g_assert_cmpint (
          gnutls_privkey_sign_data2 (keys[RS256]->privkey, algorithms[i], 0, &data, &signature), ==,
          0);
      g_byte_array_append (array, signature.data, signature.size);
      gnutls_free (signature.data);
      assert_signature_refused (RS256, array);
    }
}

static void
test_expired_with_bad_signature (void)
{
  g_autofree char *token =
      test_token_sign (strangers[HS256], headers[HS256], "{\"sub\":\"alice\",\"exp\":1}");

  test_assert_refused (all, token, "the signature is not right");
}

static void
test_claims_before_signature (void)
{
  g_autofree char *token = test_token_sign (strangers[HS256], headers[HS256], "garbage");

  test_assert_refused (all, token, "the signature is not right");
}

#define ADD_FOR_EACH(name, func)                                               \
  g_test_add_data_func ("/token/hs256-" name, GUINT_TO_POINTER (HS256), func); \
  g_test_add_data_func ("/token/rs256-" name, GUINT_TO_POINTER (RS256), func); \
  g_test_add_data_func ("/token/es256-" name, GUINT_TO_POINTER (ES256), func); \
  g_test_add_data_func ("/token/eddsa-" name, GUINT_TO_POINTER (EDDSA), func)

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < N_ALGORITHMS; i++)
    {
      static const char *const names[] = { "HS256", "RS256", "ES256", "EdDSA" };

      keys[i] = test_key_new (names[i]);
      strangers[i] = test_key_new (names[i]);
    }
  all = verifier_of_all ();

#define ADD(path, func) g_test_add_func ("/token/" path, func)
  ADD ("of-each-algorithm-is-taken", test_right_key);
  ADD ("of-a-wrong-key-is-refused", test_wrong_key);
  ADD ("with-another-algorithm-in-its-header-is-refused", test_other_algorithm);
  ADD ("with-alg-none-is-refused-with-and-without-a-signature", test_none);
  ADD ("with-alg-missing-or-no-string-is-refused", test_alg_of_wrong_type);
  g_test_add_data_func ("/token/hs256-signed-with-an-rsa-public-key-is-refused/pem",
                        GINT_TO_POINTER (GNUTLS_X509_FMT_PEM), test_hs256_with_public_key);
  g_test_add_data_func ("/token/hs256-signed-with-an-rsa-public-key-is-refused/der",
                        GINT_TO_POINTER (GNUTLS_X509_FMT_DER), test_hs256_with_public_key);
  ADD ("key-in-its-header-is-not-believed", test_key_in_header);
  ADD_FOR_EACH ("with-any-bit-of-its-signature-flipped-is-refused", test_flipped);
  ADD_FOR_EACH ("with-a-signature-of-any-other-length-is-refused", test_other_length);
  ADD ("with-the-signature-of-another-is-refused", test_moved);
  ADD ("es256-with-a-der-signature-is-refused", test_es256_der);
  ADD ("es256-with-r-or-s-zero-is-refused", test_es256_zero);
  ADD ("es256-with-leading-zeros-in-r-and-s-is-taken", test_es256_leading_zero);
  ADD ("rs256-with-pss-or-another-hash-is-refused", test_rsa_other_scheme);
  ADD ("expired-with-a-bad-signature-is-invalid", test_expired_with_bad_signature);
  ADD ("claims-are-not-read-before-the-signature-is-good", test_claims_before_signature);
#undef ADD

  result = g_test_run ();
  belfry_token_verifier_unref (all);
  for (guint i = 0; i < N_ALGORITHMS; i++)
    {
      test_key_free (keys[i]);
      test_key_free (strangers[i]);
    }
  return result;
}
