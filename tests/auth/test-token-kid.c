/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "token-maker.h"

static TestKey *secret;
static TestKey *old_key;
static TestKey *new_key;
static TestKey *ed25519;

static void
assert_taken (BelfryTokenVerifier *verifier, const TestKey *key, const char *header)
{
  g_autofree char *token = test_token_sign (key, header, TEST_CLAIMS);

  test_assert_user (verifier, token, "alice");
}

static void
assert_refused (BelfryTokenVerifier *verifier,
                const TestKey *key,
                const char *header,
                const char *why)
{
  g_autofree char *token = test_token_sign (key, header, TEST_CLAIMS);

  test_assert_refused (verifier, token, why);
}

/* Two keys for ES256 called "old" and "new", one for EdDSA called "ed". */
static char *
named_keys (void)
{
  g_autofree char *first = test_key_to_jwk (old_key, "\"kid\":\"old\"");
  g_autofree char *second = test_key_to_jwk (new_key, "\"kid\":\"new\"");
  g_autofree char *third = test_key_to_jwk (ed25519, "\"kid\":\"ed\"");

  return test_jwks (first, second, third, NULL);
}

static void
test_rotated (void)
{
  g_autofree char *jwks = named_keys ();
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

  assert_taken (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"old\"}");
  assert_taken (verifier, new_key, "{\"alg\":\"ES256\",\"kid\":\"new\"}");
  assert_refused (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"new\"}", "the signature");
  assert_refused (verifier, new_key, "{\"alg\":\"ES256\",\"kid\":\"old\"}", "the signature");
}

static void
test_without_kid (void)
{
  g_autofree char *jwks = named_keys ();
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (secret, jwks);

  assert_taken (verifier, old_key, "{\"alg\":\"ES256\"}");
  assert_taken (verifier, new_key, "{\"alg\":\"ES256\"}");
  assert_taken (verifier, ed25519, "{\"alg\":\"EdDSA\"}");
  assert_taken (verifier, secret, "{\"alg\":\"HS256\"}");
}

static void
test_unknown_kid (void)
{
  g_autofree char *jwks = named_keys ();
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

  assert_refused (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"hidden\"}", "no key");
  assert_refused (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"OLD\"}", "no key");
  assert_refused (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"\"}", "no key");
}

static void
test_kid_of_other_algorithm (void)
{
  g_autofree char *jwks = named_keys ();
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (secret, jwks);

  assert_refused (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"ed\"}", "no key");
  assert_refused (verifier, old_key, "{\"alg\":\"EdDSA\",\"kid\":\"old\"}", "no key");
  assert_refused (verifier, secret, "{\"alg\":\"HS256\",\"kid\":\"old\"}", "no key");
}

static void
test_same_kid (void)
{
  g_autofree char *first = test_key_to_jwk (old_key, "\"kid\":\"a\"");
  g_autofree char *second = test_key_to_jwk (ed25519, "\"kid\":\"a\"");
  g_autofree char *jwks = test_jwks (first, second, NULL);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

  assert_taken (verifier, old_key, "{\"alg\":\"ES256\",\"kid\":\"a\"}");
  assert_taken (verifier, ed25519, "{\"alg\":\"EdDSA\",\"kid\":\"a\"}");
}

static void
test_secret (void)
{
  g_autofree char *jwks = named_keys ();
  g_autoptr (BelfryTokenVerifier) alone = test_verifier (secret, NULL);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (secret, jwks);

  assert_taken (alone, secret, "{\"alg\":\"HS256\"}");
  assert_taken (alone, secret, "{\"alg\":\"HS256\",\"kid\":\"its own\"}");
  assert_taken (verifier, secret, "{\"alg\":\"HS256\",\"kid\":\"its own\"}");
}

static void
test_nameless_keys (void)
{
  g_autofree char *first = test_key_to_jwk (old_key, NULL);
  g_autofree char *second = test_key_to_jwk (new_key, NULL);
  g_autofree char *third = test_key_to_jwk (ed25519, "\"kid\":\"ed\"");
  g_autofree char *jwks = test_jwks (first, second, third, NULL);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);

  assert_taken (verifier, old_key, "{\"alg\":\"ES256\"}");
  assert_taken (verifier, new_key, "{\"alg\":\"ES256\",\"kid\":\"its own\"}");
  assert_refused (verifier, new_key, "{\"alg\":\"ES256\",\"kid\":\"ed\"}", "no key");
  assert_refused (verifier, ed25519, "{\"alg\":\"EdDSA\",\"kid\":\"its own\"}", "no key");
}

static void
test_wrong_type (void)
{
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (secret, NULL);

  assert_refused (verifier, secret, "{\"alg\":\"HS256\",\"kid\":null}", "kid: expected a string");
  assert_refused (verifier, secret, "{\"alg\":\"HS256\",\"kid\":7}", "kid: expected a string");
  assert_refused (verifier, secret, "{\"alg\":\"HS256\",\"kid\":[\"a\"]}",
                  "kid: expected a string");
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  secret = test_key_new ("HS256");
  old_key = test_key_new ("ES256");
  new_key = test_key_new ("ES256");
  ed25519 = test_key_new ("EdDSA");

#define ADD(path, func) g_test_add_func ("/token/kid/" path, func)
  ADD ("old-and-new-key-both-verify", test_rotated);
  ADD ("token-without-it-may-be-of-any-key", test_without_kid);
  ADD ("unknown-is-refused", test_unknown_kid);
  ADD ("of-another-algorithms-key-is-refused", test_kid_of_other_algorithm);
  ADD ("shared-by-two-algorithms-finds-both-keys", test_same_kid);
  ADD ("of-no-key-leads-to-the-secret", test_secret);
  ADD ("of-no-key-leads-to-keys-without-a-name", test_nameless_keys);
  ADD ("that-is-no-string-is-refused", test_wrong_type);
#undef ADD

  result = g_test_run ();
  test_key_free (secret);
  test_key_free (old_key);
  test_key_free (new_key);
  test_key_free (ed25519);
  return result;
}
