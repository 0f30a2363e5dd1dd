/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gio/gio.h>
#include <string.h>

#include "belfry-json-private.h"
#include "token-maker.h"

#define P256_X "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define P256_Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define P256   "\"kty\":\"EC\",\"crv\":\"P-256\"," P256_X "," P256_Y

static TestKey *rsa;
static TestKey *p256;
static TestKey *ed25519;
static char *expected_warning; /* the next one must have it in it */

/* Structured messages pass by g_test_expect_message(). */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (expected_warning != NULL && (level & G_LOG_LEVEL_WARNING)
        && g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, expected_warning))
      {
        g_clear_pointer (&expected_warning, g_free);
        return G_LOG_WRITER_HANDLED;
      }
  return g_log_writer_default (level, fields, n_fields, data);
}

static void
assert_refused (GBytes *secret, const char *jwks, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BelfryKeySet) set = belfry_key_set_new (secret, jwks, belfry_json_scan_claims, &error);

  g_assert_null (set);
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("refused with “%s”, expected “%s”", error->message, why);
}

static void
assert_jwk_refused (const char *jwk, const char *why)
{
  g_autofree char *jwks = test_jwks (jwk, NULL);

  assert_refused (NULL, jwks, why);
}

/* A key that was passed over leaves a set without keys. */
static void
assert_passed_over (const char *jwk)
{
  assert_jwk_refused (jwk, "no key that tokens can be verified with");
}

static void
assert_secret_works (const char *file, gsize file_length, gsize key_length)
{
  g_autoptr (TestKey) whole = test_key_new_secret (file, file_length);
  g_autoptr (TestKey) key = test_key_new_secret (file, key_length);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (whole, NULL);
  g_autofree char *token = test_token_sign (key, "{\"alg\":\"HS256\"}", TEST_CLAIMS);

  test_assert_user (verifier, token, "alice");
}

#define BYTES_31 "0123456789012345678901234567890"

static void
test_secret_newline (void)
{
  assert_secret_works (BYTES_31 "1", 32, 32);
  assert_secret_works (BYTES_31 "1\n", 33, 32);
  assert_secret_works (BYTES_31 "1\r\n", 34, 32);
  assert_secret_works (BYTES_31 "1\n\n", 34, 33);
  assert_secret_works (BYTES_31 "1\n\r\n", 35, 33);
  assert_secret_works (BYTES_31 "1\r", 33, 33);
  assert_secret_works (BYTES_31 "\0\n", 33, 32);
}

static void
test_short_secret (void)
{
  static const char *const files[] = { BYTES_31, BYTES_31 "\n", BYTES_31 "\r\n" };
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) newline = g_bytes_new_static ("\r\n", 2);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GBytes) secret = g_bytes_new_static (files[i], strlen (files[i]));

      assert_refused (secret, NULL, "31 bytes, expected at least 32");
    }
  assert_refused (empty, NULL, "0 bytes, expected at least 32");
  assert_refused (newline, NULL, "0 bytes, expected at least 32");
}

static void
test_short_secret_beside_keys (void)
{
  g_autoptr (GBytes) secret = g_bytes_new_static ("short", 5);

  assert_refused (secret, "{\"keys\":[{" P256 "}]}", "5 bytes, expected at least 32");
}

static void
test_all_kinds (void)
{
  const TestKey *keys[] = { rsa, p256, ed25519 };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *jwk = test_key_to_jwk (keys[i], NULL);
      g_autofree char *jwks = test_jwks (jwk, NULL);
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"%s\"}", keys[i]->alg);
      g_autofree char *token = test_token_sign (keys[i], header, TEST_CLAIMS);
      g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

      test_assert_user (verifier, token, "alice");
    }
}

static void
test_purpose_that_fits (void)
{
  g_autofree char *jwk =
      test_key_to_jwk (p256, "\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"],"
                             "\"x5t\":7,\"d\":\"private\",\"kid\":\"\"");
  g_autofree char *jwks = test_jwks (jwk, NULL);
  g_autoptr (BelfryKeySet) set = test_key_set (NULL, jwks);

  g_assert_nonnull (set);
}

static void
test_purpose_that_does_not_fit (void)
{
  assert_passed_over ("{" P256 ",\"alg\":\"ES384\"}");
  assert_passed_over ("{" P256 ",\"alg\":\"HS256\"}");
  assert_passed_over ("{" P256 ",\"alg\":\"none\"}");
  assert_passed_over ("{" P256 ",\"alg\":\"es256\"}");
  assert_passed_over ("{" P256 ",\"use\":\"enc\"}");
  assert_passed_over ("{" P256 ",\"key_ops\":[\"sign\"]}");
  assert_passed_over ("{" P256 ",\"key_ops\":[]}");
  assert_passed_over ("{\"kty\":\"RSA\",\"alg\":\"PS256\"}");
  assert_passed_over ("{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP\",\"use\":\"enc\"}");
}

static void
test_unknown_kinds (void)
{
  assert_passed_over ("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":7,\"kid\":7}");
  assert_passed_over ("{\"kty\":\"rsa\"}");
  assert_passed_over ("{\"kty\":\"EC\",\"crv\":\"P-384\"}");
  assert_passed_over ("{\"kty\":\"EC\",\"crv\":\"Ed25519\"}");
  assert_passed_over ("{\"kty\":\"OKP\",\"crv\":\"X25519\"}");
  assert_passed_over ("{\"kty\":\"OKP\",\"crv\":\"P-256\"}");
}

static void
test_passed_over_beside_good (void)
{
  g_autofree char *jwk = test_key_to_jwk (p256, "\"kid\":\"a\"");
  g_autofree char *jwks =
      test_jwks ("{\"kty\":\"AKP\"}", "{" P256 ",\"use\":\"enc\",\"kid\":\"a\"}", jwk, NULL);
  g_autofree char *token = test_token_sign (p256, "{\"alg\":\"ES256\",\"kid\":\"a\"}", TEST_CLAIMS);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

  test_assert_user (verifier, token, "alice");
}

static void
test_secret_in_key_set (void)
{
  g_autoptr (TestKey) secret = test_key_new ("HS256");
  g_autofree char *k = test_base64url (g_bytes_get_data (secret->secret, NULL), 32);
  g_autofree char *oct = g_strdup_printf ("{\"kty\":\"oct\",\"k\":\"%s\",\"alg\":\"HS256\"}", k);
  g_autofree char *jwk = test_key_to_jwk (p256, NULL);
  g_autofree char *jwks = test_jwks (oct, jwk, NULL);
  g_autofree char *token = test_token_sign (secret, "{\"alg\":\"HS256\"}", TEST_CLAIMS);
  g_autoptr (BelfryTokenVerifier) verifier = NULL;

  expected_warning = g_strdup ("keys[0] is passed over");
  verifier = test_verifier (NULL, jwks);
  g_assert_null (expected_warning);
  test_assert_refused (verifier, token, "no key");
}

static void
test_malformed_members (void)
{
  assert_jwk_refused ("7", "keys[0]: expected an object");
  assert_jwk_refused ("{}", "keys[0].kty: missing");
  assert_jwk_refused ("{\"kty\":null}", "keys[0].kty: expected a string");
  assert_jwk_refused ("{\"kty\":\"EC\"}", "keys[0].crv: missing");
  assert_jwk_refused ("{\"kty\":\"OKP\",\"crv\":[]}", "keys[0].crv: expected a string");
  assert_jwk_refused ("{" P256 ",\"alg\":null}", "keys[0].alg: expected a string");
  assert_jwk_refused ("{" P256 ",\"use\":1}", "keys[0].use: expected a string");
  assert_jwk_refused ("{" P256 ",\"kid\":1}", "keys[0].kid: expected a string");
  assert_jwk_refused ("{" P256 ",\"key_ops\":\"verify\"}", "keys[0].key_ops: expected an array");
  assert_jwk_refused ("{" P256 ",\"key_ops\":[\"verify\",1]}",
                      "keys[0].key_ops: expected an array");
}

static void
test_malformed_rsa (void)
{
  static const char *const exponents[] = { "AQ",   "AA",           "Ag",          "BA",
                                           "AAAB", "AQAAAAAAAAAB", "AQAAAAAAAAAD" };
  g_autofree char *ones = g_strnfill (341, '_');
  g_autofree char *even = g_strdup_printf ("{\"kty\":\"RSA\",\"n\":\"%sg\",\"e\":\"AQAB\"}", ones);

  assert_jwk_refused ("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "keys[0].n: missing");
  assert_jwk_refused ("{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
                      "keys[0].n: expected base64url");
  assert_jwk_refused ("{\"kty\":\"RSA\",\"n\":\"A+/=\",\"e\":\"AQAB\"}",
                      "keys[0].n: expected base64url");
  assert_jwk_refused ("{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "keys[0].e: missing");
  assert_jwk_refused ("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
                      "keys[0].n: 17 bits, expected 2048 to 16384");
  assert_jwk_refused (even, "keys[0].n: expected an odd number");
  for (guint i = 0; i < G_N_ELEMENTS (exponents); i++)
    {
      g_autofree char *jwk =
          g_strdup_printf ("{\"kty\":\"RSA\",\"n\":\"%sw\",\"e\":\"%s\"}", ones, exponents[i]);

      assert_jwk_refused (jwk, "keys[0].e: expected an odd number from 3");
    }
}

static void
test_weak_rsa (void)
{
  g_autoptr (TestKey) weak = test_key_new_rsa (1024);
  g_autofree char *good = test_key_to_jwk (p256, NULL);
  g_autofree char *jwk = test_key_to_jwk (weak, NULL);
  g_autofree char *jwks = test_jwks (good, jwk, NULL);

  assert_refused (NULL, jwks, "keys[1].n: 1024 bits, expected 2048 to 16384");
}

static void
test_huge_rsa (void)
{
  g_autofree char *n = g_strnfill (4 * 683, '_');
  g_autofree char *jwk = g_strdup_printf ("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);

  assert_jwk_refused (jwk, "keys[0].n: 16392 bits, expected 2048 to 16384");
}

static void
test_malformed_curves (void)
{
  assert_jwk_refused ("{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_Y "}", "keys[0].x: missing");
  assert_jwk_refused ("{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_X "}", "keys[0].y: missing");
  assert_jwk_refused ("{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_X ",\"y\":\"AQAB\"}",
                      "keys[0].y: 3 bytes, expected 32");
  assert_jwk_refused ("{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_X
                      ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
                      "keys[0].y: expected base64url");
  assert_jwk_refused ("{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_X
                      ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}",
                      "keys[0].x, y: expected a point on the curve");
  assert_jwk_refused ("{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "keys[0].x: missing");
  assert_jwk_refused ("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}",
                      "keys[0].x: 3 bytes, expected 32");
}

static void
test_same_kid (void)
{
  g_autofree char *jwk = test_key_to_jwk (ed25519, "\"kid\":\"a\"");
  g_autofree char *other_algorithm = test_jwks ("{" P256 ",\"kid\":\"a\"}", jwk, NULL);
  g_autoptr (BelfryKeySet) set = test_key_set (NULL, other_algorithm);
  g_autofree char *no_kid = test_jwks ("{" P256 "}", "{" P256 "}", NULL);
  g_autoptr (BelfryKeySet) nameless = test_key_set (NULL, no_kid);

  g_assert_nonnull (set);
  g_assert_nonnull (nameless);
  assert_refused (NULL, "{\"keys\":[{" P256 ",\"kid\":\"a\"},{" P256 ",\"kid\":\"a\"}]}",
                  "keys[1].kid: an earlier key for ES256 has the same");
}

static void
test_no_key (void)
{
  assert_refused (NULL, NULL, "no key that tokens can be verified with");
  assert_refused (NULL, "{\"keys\":[]}", "no key that tokens can be verified with");
}

static void
test_malformed_set (void)
{
  assert_refused (NULL, "", "the key set: byte 0");
  assert_refused (NULL, "[]", "the key set: byte 0");
  assert_refused (NULL, "{}", "the key set: keys: expected an array");
  assert_refused (NULL, "{\"keys\":{}}", "the key set: keys: expected an array");
  assert_refused (NULL, "{\"keys\":[],\"keys\":[]}", "the key set: byte 11");
  assert_refused (NULL, "{\"keys\":[{" P256 "}]}{}", "the key set: byte");
  assert_refused (NULL, "{\"keys\":[{" P256 ",\"kid\":\"\\ud800\"}]}",
                  "the key set: half of a pair");
}

static void
test_too_long (void)
{
  g_autofree char *space = g_strnfill (256 * 1024, ' ');
  g_autofree char *jwk = test_key_to_jwk (p256, NULL);
  g_autofree char *jwks = test_jwks (jwk, NULL);
  g_autofree char *longest = g_strconcat (jwks, space + strlen (jwks), NULL);
  g_autofree char *too_long = g_strconcat (longest, " ", NULL);
  g_autoptr (BelfryKeySet) set = test_key_set (NULL, longest);

  g_assert_nonnull (set);
  g_assert_cmpuint (strlen (longest), ==, 256 * 1024);
  assert_refused (NULL, too_long, "262145 bytes, at most 262144 are allowed");
}

static void
test_too_many (void)
{
  g_autoptr (GString) jwks = g_string_new ("{\"keys\":[{" P256 "}");
  g_autofree char *too_many = NULL;
  g_autofree char *as_many = NULL;
  g_autoptr (BelfryKeySet) set = NULL;

  for (guint i = 1; i < 100; i++)
    g_string_append (jwks, ",{\"kty\":\"AKP\"}");
  as_many = g_strconcat (jwks->str, "]}", NULL);
  too_many = g_strconcat (jwks->str, ",{\"kty\":\"AKP\"}]}", NULL);

  set = test_key_set (NULL, as_many);
  assert_refused (NULL, too_many, "keys: 101, at most 100 are allowed");
}

int
main (int argc, char *argv[])
{
  int result;

  g_log_set_writer_func (write_log, NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  rsa = test_key_new ("RS256");
  p256 = test_key_new ("ES256");
  ed25519 = test_key_new ("EdDSA");

#define ADD(path, func) g_test_add_func ("/key-set/" path, func)
  ADD ("secret-loses-exactly-one-newline", test_secret_newline);
  ADD ("secret-under-32-bytes-is-refused-with-its-length", test_short_secret);
  ADD ("secret-under-32-bytes-beside-good-keys-is-refused", test_short_secret_beside_keys);
  ADD ("rsa-and-p-256-and-ed25519-are-taken", test_all_kinds);
  ADD ("alg-and-use-and-key-ops-that-fit-are-taken", test_purpose_that_fits);
  ADD ("alg-or-use-or-key-ops-that-do-not-fit-are-passed-over", test_purpose_that_does_not_fit);
  ADD ("unknown-kty-or-crv-is-passed-over", test_unknown_kinds);
  ADD ("good-key-beside-ones-passed-over-is-taken", test_passed_over_beside_good);
  ADD ("secret-in-a-key-set-is-passed-over-with-a-warning", test_secret_in_key_set);
  ADD ("member-of-a-wrong-type-is-named", test_malformed_members);
  ADD ("malformed-rsa-key-is-refused", test_malformed_rsa);
  ADD ("rsa-under-2048-bits-is-refused", test_weak_rsa);
  ADD ("rsa-over-16384-bits-is-refused", test_huge_rsa);
  ADD ("malformed-p-256-or-ed25519-key-is-refused", test_malformed_curves);
  ADD ("same-kid-and-algorithm-twice-is-refused", test_same_kid);
  ADD ("set-without-a-key-is-refused", test_no_key);
  ADD ("anything-but-a-key-set-is-refused", test_malformed_set);
  ADD ("more-than-256-kib-is-refused", test_too_long);
  ADD ("more-than-100-keys-are-refused", test_too_many);
#undef ADD

  result = g_test_run ();
  test_key_free (rsa);
  test_key_free (p256);
  test_key_free (ed25519);
  return result;
}
