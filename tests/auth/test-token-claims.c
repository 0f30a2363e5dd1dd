/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "token-maker.h"

#define HEADER "{\"alg\":\"HS256\"}"
#define EXP    "\"exp\":2000003600"
#define SUB    "\"sub\":\"alice\""

static TestKey *key;

static BelfryTokenVerifier *
verifier_with (BelfryTokenPolicy policy)
{
  return test_verifier_with_policy (key, NULL, policy);
}

static void
assert_taken_with (BelfryTokenPolicy policy, const char *claims, const char *user_id)
{
  g_autoptr (BelfryTokenVerifier) verifier = verifier_with (policy);
  g_autofree char *token = test_token_sign (key, HEADER, claims);

  test_assert_user (verifier, token, user_id);
}

static void
assert_refused_with (BelfryTokenPolicy policy, const char *claims, const char *why)
{
  g_autoptr (BelfryTokenVerifier) verifier = verifier_with (policy);
  g_autofree char *token = test_token_sign (key, HEADER, claims);

  test_assert_refused (verifier, token, why);
}

static void
assert_taken (const char *claims, const char *user_id)
{
  assert_taken_with ((BelfryTokenPolicy){ NULL }, claims, user_id);
}

static void
assert_refused (const char *claims, const char *why)
{
  assert_refused_with ((BelfryTokenPolicy){ NULL }, claims, why);
}

/* @expires_at: µs since 1970: good a µs before, expired then */
static void
assert_expires_at (guint leeway, const char *claims, gint64 expires_at)
{
  g_autoptr (BelfryTokenVerifier) verifier =
      verifier_with ((BelfryTokenPolicy){ .leeway = leeway });
  g_autofree char *token = test_token_sign (key, HEADER, claims);
  g_auto (BelfryToken) result = { NULL };
  g_autoptr (GError) error = NULL;

  belfry_token_verifier_verify (verifier, token, expires_at - 1, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (result.expires_at, ==, expires_at);
  test_assert_refused_at (verifier, token, expires_at, BELFRY_TOKEN_ERROR_EXPIRED, "has expired");
  test_assert_refused_at (verifier, token, G_MAXINT64, BELFRY_TOKEN_ERROR_EXPIRED, "has expired");
}

static void
test_expiry (void)
{
  assert_expires_at (0, "{" SUB ",\"exp\":2000000001}", TEST_NOW + G_USEC_PER_SEC);
  assert_expires_at (0, "{" SUB ",\"exp\":2000000000.5}", TEST_NOW + G_USEC_PER_SEC / 2);
  assert_expires_at (0, "{" SUB ",\"exp\":2e9}", TEST_NOW);
  assert_expires_at (0, "{" SUB ",\"exp\":1}", G_USEC_PER_SEC);
}

static void
test_leeway (void)
{
  assert_expires_at (60, "{" SUB ",\"exp\":2000000000}", TEST_NOW + 60 * G_USEC_PER_SEC);
  assert_expires_at (7, "{" SUB ",\"exp\":2000000000.25}",
                     TEST_NOW + 7 * G_USEC_PER_SEC + G_USEC_PER_SEC / 4);
  assert_expires_at (60, "{" SUB ",\"exp\":253402300799}",
                     G_GINT64_CONSTANT (253402300859) * G_USEC_PER_SEC);
}

static void
test_long_expired (void)
{
  static const char *const dates[] = {
    "0",      "-0",     "-1",     "-0.5", "-9223373000000", "-9223372036854775808",
    "-1e300", "-1e400", "1e-400", "1"
  };
  g_autoptr (BelfryTokenVerifier) verifier = verifier_with ((BelfryTokenPolicy){ .leeway = 60 });

  for (guint i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{" SUB ",\"exp\":%s}", dates[i]);
      g_autofree char *token = test_token_sign (key, HEADER, claims);

      test_assert_refused_at (verifier, token, TEST_NOW, BELFRY_TOKEN_ERROR_EXPIRED, "has expired");
    }
}

/* 2^63, 2^64 + 1 and the like wrap around in json-glib; 2000003600000 are milliseconds. */
static void
test_no_date (void)
{
  static const char *const dates[] = { "1e400",
                                       "1e300",
                                       "1e18",
                                       "9223372036854775807",
                                       "9223372036854775808.0",
                                       "9007199254740992",
                                       "2000003600000",
                                       "253402300800",
                                       "253402300800.0" };
  static const char *const wrapping[] = { "9223372036854775808", "18446744073709551615",
                                          "18446744073709551617", "-9223372036854775809",
                                          "100000000000000000000000000000000000000000" };

  for (guint i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{" SUB ",\"exp\":%s}", dates[i]);

      assert_refused (claims, "exp: not a date before the year 10000");
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrapping); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{" SUB ",\"exp\":%s}", wrapping[i]);

      assert_refused (claims, "an integer of more than 64 bits");
    }
}

static void
test_exp_type (void)
{
  assert_refused ("{" SUB "}", "exp: missing");
  assert_refused ("{" SUB ",\"exp\":null}", "exp: expected a number");
  assert_refused ("{" SUB ",\"exp\":\"2000003600\"}", "exp: expected a number");
  assert_refused ("{" SUB ",\"exp\":true}", "exp: expected a number");
  assert_refused ("{" SUB ",\"exp\":[2000003600]}", "exp: expected a number");
  assert_refused ("{" SUB ",\"exp\":{}}", "exp: expected a number");
}

static void
test_not_before (void)
{
  static const BelfryTokenPolicy leeway = { .leeway = 60 };

  assert_taken ("{" SUB "," EXP ",\"nbf\":2000000000}", "alice");
  assert_taken ("{" SUB "," EXP ",\"nbf\":-1e400}", "alice");
  assert_refused ("{" SUB "," EXP ",\"nbf\":2000000001}", "nbf: the token is not yet valid");
  assert_refused ("{" SUB "," EXP ",\"nbf\":2000000000.5}", "nbf: the token is not yet valid");
  assert_refused ("{" SUB "," EXP ",\"nbf\":253402300799}", "nbf: the token is not yet valid");
  assert_refused ("{" SUB "," EXP ",\"nbf\":1e400}", "nbf: not a date");
  assert_refused ("{" SUB "," EXP ",\"nbf\":1e300}", "nbf: not a date");
  assert_refused ("{" SUB "," EXP ",\"nbf\":\"1\"}", "nbf: expected a number");
  assert_refused ("{" SUB "," EXP ",\"nbf\":null}", "nbf: expected a number");
  assert_taken_with (leeway, "{" SUB "," EXP ",\"nbf\":2000000060}", "alice");
  assert_refused_with (leeway, "{" SUB "," EXP ",\"nbf\":2000000060.5}", "not yet valid");
}

static void
test_audience (void)
{
  static const BelfryTokenPolicy policy = { .audience = "belfry" };

  assert_taken_with (policy, "{" SUB "," EXP ",\"aud\":\"belfry\"}", "alice");
  assert_taken_with (policy, "{" SUB "," EXP ",\"aud\":[\"hidden\",\"belfry\"]}", "alice");
  assert_refused_with (policy, "{" SUB "," EXP "}", "aud: the token is for somebody else");
  assert_refused_with (policy, "{" SUB "," EXP ",\"aud\":\"hidden\"}", "for somebody else");
  assert_refused_with (policy, "{" SUB "," EXP ",\"aud\":\"Belfry\"}", "for somebody else");
  assert_refused_with (policy, "{" SUB "," EXP ",\"aud\":\"belfry2\"}", "for somebody else");
  assert_refused_with (policy, "{" SUB "," EXP ",\"aud\":[]}", "for somebody else");
  assert_refused_with (policy, "{" SUB "," EXP ",\"aud\":[\"bel\",\"fry\"]}", "for somebody else");
}

static void
test_audience_type (void)
{
  static const BelfryTokenPolicy policy = { .audience = "belfry" };
  static const char *const bad[] = {
    "null", "7", "{}", "{\"belfry\":1}", "[\"belfry\",7]", "[[\"belfry\"]]", "[null]"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{" SUB "," EXP ",\"aud\":%s}", bad[i]);

      assert_refused_with (policy, claims, "aud: expected a string or an array of strings");
      assert_refused (claims, "aud: expected a string or an array of strings");
    }
}

static void
test_issuer (void)
{
  static const BelfryTokenPolicy policy = { .issuer = "https://id.example.org" };

  assert_taken_with (policy, "{" SUB "," EXP ",\"iss\":\"https:\\/\\/id.example.org\"}", "alice");
  assert_refused_with (policy, "{" SUB "," EXP "}", "iss: not the issuer");
  assert_refused_with (policy, "{" SUB "," EXP ",\"iss\":\"https://id.example.org/\"}",
                       "iss: not the issuer");
  assert_refused_with (policy, "{" SUB "," EXP ",\"iss\":\"hidden\"}", "iss: not the issuer");
  assert_refused_with (policy, "{" SUB "," EXP ",\"iss\":[\"https://id.example.org\"]}",
                       "iss: expected a string");
  assert_refused ("{" SUB "," EXP ",\"iss\":null}", "iss: expected a string");
}

static void
test_unasked (void)
{
  assert_taken ("{" SUB "," EXP ",\"iss\":\"any\",\"aud\":[\"any\"],\"iat\":\"\",\"jti\":{}}",
                "alice");
}

static void
test_user_text (void)
{
  g_autofree char *longest = g_strnfill (128, 'a');
  g_autofree char *claims = g_strdup_printf ("{\"sub\":\"%s\"," EXP "}", longest);
  g_autofree char *too_long = g_strdup_printf ("{\"sub\":\"%s\xc3\xa9\"," EXP "}", longest + 1);

  assert_taken ("{\"sub\":\"a\"," EXP "}", "a");
  assert_taken ("{\"sub\":\" \\u00e4\\ud83d\\ude00 \\\"\\u00a0\"," EXP "}", " ä😀 \"\xc2\xa0");
  assert_taken (claims, longest);
  assert_refused (too_long, "sub: expected 1 to 128 bytes");
  assert_refused ("{\"sub\":\"\"," EXP "}", "sub: expected 1 to 128 bytes");
}

static void
test_user_control_character (void)
{
  for (guint c = 1; c < 0xa0; c++)
    {
      g_autofree char *claims = g_strdup_printf ("{\"sub\":\"hidden\\u%04xhidden\"," EXP "}", c);

      if (c < 0x20 || c >= 0x7f)
        assert_refused (claims, "sub: a control character");
    }
  assert_refused ("{\"sub\":\"hidden\\n\"," EXP "}", "sub: a control character");
  assert_refused ("{\"sub\":\"hidden\x7f\"," EXP "}", "sub: a control character");
  assert_refused ("{\"sub\":\"hidden\xc2\x85\"," EXP "}", "sub: a control character");
  assert_refused ("{\"sub\":\"hidden\n\"," EXP "}", "claims: byte 14");
}

static void
test_user_nul (void)
{
  assert_refused ("{\"sub\":\"admin\\u0000x\"," EXP "}", "claims: byte");
  assert_refused ("{\"sub\":\"alice\",\"a\\u0000\":1," EXP "}", "claims: byte");
}

static void
test_user_no_text (void)
{
  assert_refused ("{\"sub\":\"hidden\\ud800\"," EXP "}", "claims: half of a pair");
  assert_refused ("{\"sub\":\"hidden\\udc00\\ud800\"," EXP "}", "claims: half of a pair");
  assert_refused ("{\"sub\":\"hidden\xff\"," EXP "}", "claims: byte 14");
  assert_refused ("{\"sub\":\"hidden\xc0\x80\"," EXP "}", "claims: byte 14");
}

static void
test_user_integer (void)
{
  assert_taken ("{\"sub\":42," EXP "}", "42");
  assert_taken ("{\"sub\":0," EXP "}", "0");
  assert_taken ("{\"sub\":-0," EXP "}", "0");
  assert_taken ("{\"sub\":-7," EXP "}", "-7");
  assert_taken ("{\"sub\":9007199254740991," EXP "}", "9007199254740991");
  assert_taken ("{\"sub\":-9007199254740991," EXP "}", "-9007199254740991");
}

static void
test_user_huge_integer (void)
{
  assert_refused ("{\"sub\":9007199254740992," EXP "}", "sub: expected an integer below 2^53");
  assert_refused ("{\"sub\":-9007199254740992," EXP "}", "sub: expected an integer below 2^53");
  assert_refused ("{\"sub\":9223372036854775807," EXP "}", "sub: expected an integer below 2^53");
  assert_refused ("{\"sub\":-9223372036854775808," EXP "}", "sub: expected an integer below 2^53");
  assert_refused ("{\"sub\":18446744073709551617," EXP "}", "an integer of more than 64 bits");
  assert_refused ("{\"sub\":-18446744073709551615," EXP "}", "an integer of more than 64 bits");
}

static void
test_user_other_type (void)
{
  static const char *const bad[] = { "1.5",  "1.0",   "1e3", "1E400", "-0.0",       "true",
                                     "null", "false", "{}",  "[]",    "[\"alice\"]" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{\"sub\":%s," EXP "}", bad[i]);

      assert_refused (claims, "sub: expected a string or an integer");
    }
  assert_refused ("{" EXP "}", "sub: missing");
}

static void
test_user_claim (void)
{
  static const BelfryTokenPolicy policy = { .user_claim = "userId" };

  assert_taken_with (policy, "{" SUB ",\"userId\":\"bob\"," EXP "}", "bob");
  assert_taken_with (policy, "{\"userId\":7," EXP "}", "7");
  assert_refused_with (policy, "{" SUB "," EXP "}", "userId: missing");
}

static void
test_crit (void)
{
  g_autoptr (BelfryTokenVerifier) verifier = verifier_with ((BelfryTokenPolicy){ NULL });
  static const char *const values[] = { "[]", "[\"exp\"]", "null", "\"\"" };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *claims = g_strdup_printf ("{" SUB "," EXP ",\"crit\":%s}", values[i]);
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"HS256\",\"crit\":%s}", values[i]);
      g_autofree char *token = test_token_sign (key, header, TEST_CLAIMS);

      assert_refused (claims, "crit: not supported");
      test_assert_refused (verifier, token, "header: crit: not supported");
    }
}

static void
test_twice (void)
{
  assert_refused ("{" SUB ",\"sub\":\"hidden\"," EXP "}", "claims: byte");
  assert_refused ("{" SUB "," EXP "," EXP "}", "claims: byte");
  assert_refused ("{" SUB "," EXP ",\"\\u0065xp\":1}", "claims: byte");
}

static void
test_expired_comes_last (void)
{
  assert_refused ("{\"exp\":1}", "sub: missing");
  assert_refused_with ((BelfryTokenPolicy){ .audience = "belfry" }, "{" SUB ",\"exp\":1}",
                       "aud: the token is for somebody else");
  assert_refused ("{" SUB ",\"exp\":1,\"nbf\":2000000001}", "nbf: the token is not yet valid");
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  key = test_key_new ("HS256");

#define ADD(path, func) g_test_add_func ("/token/claims/" path, func)
  ADD ("token-is-expired-exactly-at-its-expiry", test_expiry);
  ADD ("leeway-is-part-of-the-expiry", test_leeway);
  ADD ("expiry-at-or-before-1970-is-expired", test_long_expired);
  ADD ("expiry-after-the-year-9999-is-refused", test_no_date);
  ADD ("expiry-missing-or-no-number-is-refused", test_exp_type);
  ADD ("not-yet-valid-is-refused", test_not_before);
  ADD ("audience-must-be-among-the-tokens", test_audience);
  ADD ("audience-of-a-wrong-type-is-refused", test_audience_type);
  ADD ("issuer-must-be-equal", test_issuer);
  ADD ("issuer-and-audience-that-nobody-asks-for-are-not-compared", test_unasked);
  ADD ("user-is-1-to-128-bytes", test_user_text);
  ADD ("user-with-a-control-character-is-refused", test_user_control_character);
  ADD ("user-with-nul-is-refused", test_user_nul);
  ADD ("user-that-is-no-text-is-refused", test_user_no_text);
  ADD ("user-may-be-an-integer", test_user_integer);
  ADD ("user-of-2-to-the-53-and-more-is-refused", test_user_huge_integer);
  ADD ("user-missing-or-fraction-or-boolean-or-null-is-refused", test_user_other_type);
  ADD ("user-comes-from-the-claim-that-is-configured", test_user_claim);
  ADD ("crit-is-refused-in-header-and-claims", test_crit);
  ADD ("claim-given-twice-is-refused", test_twice);
  ADD ("expired-is-said-only-if-all-else-is-right", test_expired_comes_last);
#undef ADD

  result = g_test_run ();
  test_key_free (key);
  return result;
}
