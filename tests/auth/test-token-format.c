/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "token-maker.h"

#define HEADER "{\"alg\":\"HS256\"}"
#define EXP    "\"exp\":2000003600"

static TestKey *key;
static BelfryTokenVerifier *verifier;

static void
assert_claims_refused (const char *claims, const char *why)
{
  g_autofree char *token = test_token_sign (key, HEADER, claims);

  test_assert_refused (verifier, token, why);
}

static void
assert_header_refused (const char *header, const char *why)
{
  g_autofree char *token = test_token_sign (key, header, TEST_CLAIMS);

  test_assert_refused (verifier, token, why);
}

/* @header and @claims are the encoded texts, and what is signed. */
static char *
sign_encoded (const char *header, const char *claims)
{
  g_autofree char *input = g_strdup_printf ("%s.%s", header, claims);
  g_autoptr (GByteArray) signature = test_key_sign (key, input);
  g_autofree char *text = test_base64url (signature->data, signature->len);

  return g_strdup_printf ("%s.%s", input, text);
}

static void
test_parts (void)
{
  g_autofree char *good = test_token_sign (key, HEADER, TEST_CLAIMS);
  g_auto (GStrv) parts = g_strsplit (good, ".", 3);
  g_autofree char *one = g_strdup (parts[0]);
  g_autofree char *two = g_strjoin (".", parts[0], parts[1], NULL);
  g_autofree char *four = g_strjoin (".", good, parts[2], NULL);
  g_autofree char *four_empty = g_strconcat (good, ".", NULL);
  g_autofree char *five = g_strjoin (".", good, "", "", NULL);
  const char *const bad[] = { "", "a", ".", one, two, four, four_empty, five, "...." };

  test_assert_user (verifier, good, "alice");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    test_assert_refused (verifier, bad[i], "expected three parts");
}

static void
test_empty_parts (void)
{
  g_autofree char *good = test_token_sign (key, HEADER, TEST_CLAIMS);
  g_auto (GStrv) parts = g_strsplit (good, ".", 3);
  g_autofree char *no_header = sign_encoded ("", parts[1]);
  g_autofree char *no_claims = sign_encoded (parts[0], "");
  g_autofree char *no_signature = g_strjoin (".", parts[0], parts[1], "", NULL);
  const char *const bad[] = { "..", no_header, no_claims, no_signature };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    test_assert_refused (verifier, bad[i], "one of the three parts is empty");
}

/* 16 KiB are taken, a byte more is not. Four bytes of JSON's white space make no difference. */
static void
test_length (void)
{
  g_autofree char *space = g_strnfill (16 * 1024, ' ');
  g_autofree char *longest = NULL;
  g_autofree char *longer = NULL;
  g_autofree char *longer_token = NULL;
  g_autofree char *garbage = g_strnfill (20 * 1024, 'A');
  g_autofree char *points = g_strnfill (20 * 1024, '.');
  gsize length = 0;

  for (gsize n = 12200; length < 16 * 1024; n++)
    {
      g_autofree char *claims = g_strdup_printf ("%.*s%s", (int) n, space, TEST_CLAIMS);
      g_autofree char *token = test_token_sign (key, HEADER, claims);

      length = strlen (token);
      if (length == 16 * 1024)
        longest = g_steal_pointer (&token);
    }
  g_assert_nonnull (longest);
  test_assert_user (verifier, longest, "alice");
  longer = g_strconcat (longest, "A", NULL);
  longer_token = g_strconcat (longest, ".", NULL);
  test_assert_refused (verifier, longer, "longer than 16 KiB");
  test_assert_refused (verifier, longer_token, "longer than 16 KiB");
  test_assert_refused (verifier, garbage, "longer than 16 KiB");
  test_assert_refused (verifier, points, "longer than 16 KiB");
}

/* Everything that another decoder would take for the same bytes. */
static void
test_base64 (void)
{
  g_autofree char *good = test_token_sign (key, HEADER, TEST_CLAIMS);
  g_auto (GStrv) parts = g_strsplit (good, ".", 3);
  static const char *const additions[] = { "=", "==", "\n", " ", "+", "/", "*", "\xc3\xa9" };

  for (guint i = 0; i < G_N_ELEMENTS (additions); i++)
    {
      g_autofree char *header_part = g_strconcat (parts[0], additions[i], NULL);
      g_autofree char *header = sign_encoded (header_part, parts[1]);
      g_autofree char *claims_part = g_strconcat (parts[1], additions[i], NULL);
      g_autofree char *claims = sign_encoded (parts[0], claims_part);
      g_autofree char *signature = g_strconcat (good, additions[i], NULL);
      g_autofree char *in_front = g_strconcat (additions[i], good, NULL);

      test_assert_refused (verifier, header, "header: not base64url");
      test_assert_refused (verifier, claims, "claims: not base64url");
      test_assert_refused (verifier, signature, "signature: not base64url");
      test_assert_refused (verifier, in_front, "header: not base64url");
    }
}

/* 32 bytes leave two bits of the last character unused, so four of them look alike. */
static void
test_trailing_bits (void)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  g_autofree char *token = test_token_sign (key, HEADER, TEST_CLAIMS);
  char *last = token + strlen (token) - 1;
  const char *place = strchr (alphabet, *last);

  for (guint i = 1; i < 4; i++)
    {
      *last = place[i];
      test_assert_refused (verifier, token, "signature: not base64url");
    }
}

static void
test_header_json (void)
{
  assert_header_refused ("garbage", "header: byte 0");
  assert_header_refused ("[]", "header: byte 0");
  assert_header_refused ("{\"alg\":\"HS256\"", "header: byte 14");
  assert_header_refused ("{'alg':'HS256'}", "header: byte 1");
  assert_header_refused ("{\"alg\":\"HS256\"}{}", "header: byte 15");
  assert_header_refused ("/**/{\"alg\":\"HS256\"}", "header: byte 0");
  assert_header_refused ("{\"alg\":\"none\",\"alg\":\"HS256\"}", "header: byte 14");
  assert_header_refused ("{\"alg\":\"HS256\",\"x\":\"hidden\xff\"}", "header: byte 26");
  assert_header_refused ("{\"alg\":\"HS256\\u0000\"}", "header: byte");
}

static void
test_claims_json (void)
{
  assert_claims_refused ("hidden", "claims: byte 0");
  assert_claims_refused ("[" TEST_CLAIMS "]", "claims: byte 0");
  assert_claims_refused ("\"hidden\"", "claims: byte 0");
  assert_claims_refused ("{\"sub\":\"hidden\"," EXP ",}", "claims: byte");
  assert_claims_refused ("{\"sub\":\"hidden\",\"exp\":02000003600}", "claims: byte");
  assert_claims_refused ("{\"sub\":\"hidden\",\"exp\":0x7fffffff}", "claims: byte");
  assert_claims_refused ("{\"sub\":\"hidden\",\"exp\":Infinity}", "claims: byte");
  assert_claims_refused ("{\"sub\":\"hidden\",\"exp\":NaN}", "claims: byte");
  assert_claims_refused (TEST_CLAIMS TEST_CLAIMS, "claims: byte");
  assert_claims_refused ("var x=" TEST_CLAIMS ";", "claims: byte 0");
  assert_claims_refused ("\xef\xbb\xbf" TEST_CLAIMS, "claims: byte 0");
}

static void
test_nesting (void)
{
  g_autofree char *brackets = g_strnfill (12000, '[');
  g_autofree char *in_object = g_strconcat ("{\"a\":", brackets, NULL);
  g_autofree char *header = g_strconcat ("{\"alg\":\"HS256\",\"a\":", brackets, NULL);

  assert_claims_refused (brackets, "claims: byte 0");
  assert_claims_refused (in_object, "claims: byte 36");
  assert_header_refused (brackets, "header: byte 0");
  assert_header_refused (header, "header: byte 50");
}

/* json-glib leaks the string before it, and a header comes from anybody: LeakSanitizer sees it. */
static void
test_surrogates (void)
{
  static const char *const bad[] = { "\\ud800",          "\\ud800\\u0041",
                                     "\\ud800x",         "\\ud800\\n",
                                     "\\uDBFF\\uDBFF",   "\\udc00",
                                     "\\udfff\\ud800",   "\\ud83d\\ude00\\ude00",
                                     "\\ud800\\\\udc00", "\\ud83d\\ud83d\\ude00" };
  static const char *const good[] = { "\\ud83d\\ude00", "\\uD83D\\uDE00\\uDBFF\\uDFFF", "\\\\ud800",
                                      "\\ud7ff\\ue000", "\\u0d80" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"HS256\",\"a\":\"%s\"}", bad[i]);
      g_autofree char *name = g_strdup_printf ("{\"alg\":\"HS256\",\"x\":[{\"%s\":1}]}", bad[i]);

      assert_header_refused (header, "header: half of a pair of surrogates");
      assert_header_refused (name, "header: half of a pair of surrogates");
    }
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"HS256\",\"a\":\"%s\"}", good[i]);
      g_autofree char *token = test_token_sign (key, header, TEST_CLAIMS);

      test_assert_user (verifier, token, "alice");
    }
}

static void
test_other_claims (void)
{
  static const char *const claims[] = {
    "{\"sub\":\"alice\"," EXP ",\"a\":[1,2.5,-3e7,\"18446744073709551617\",{\"b\":null}]}",
    "{\"sub\":\"alice\"," EXP ",\"a\":1234567890123456789,\"b\":-9223372036854775808}",
    "{\"sub\":\"alice\"," EXP ",\"a\":0.18446744073709551617,\"b\":18446744073709551617e0}",
    "{\"sub\":\"alice\"," EXP ",\"\\\"7\":\"\\\\\",\"18446744073709551617\":true}",
    " \r\n\t{ \"sub\" : \"alice\" , " EXP " } ",
  };

  for (guint i = 0; i < G_N_ELEMENTS (claims); i++)
    {
      g_autofree char *token = test_token_sign (key, HEADER, claims[i]);

      test_assert_user (verifier, token, "alice");
    }
  assert_claims_refused ("{\"sub\":\"alice\"," EXP ",\"a\":[18446744073709551617]}", "64 bits");
}

/* Any change of any byte of a token is noticed. */
static void
test_every_byte (void)
{
  g_autofree char *good = test_token_sign (key, HEADER, TEST_CLAIMS);
  gsize length = strlen (good);

  for (gsize i = 0; i < length; i++)
    for (guint c = 0; c < 256; c++)
      {
        g_autofree char *token = g_memdup2 (good, length + 1);

        if (token[i] == (char) c)
          continue;
        token[i] = (char) c;
        test_assert_refused (verifier, token, "");
      }
}

static char *
random_json (const char *start)
{
  static const char *const pieces[] = {
    "{",        "}",     "[",        "]",       ",",         ":",        "\"",   "\\",
    "\"sub\"",  "\"a\"", "\"exp\":", EXP ",",   "\"é\"",     "1e999",    "-",    "0",
    "1",        "true",  "null",     "\\u0000", "\\ud800",   "\\udc00",  "\n",   "\"aud\":",
    "\xff",     "\"x\"", "e",        ".",       "922337203", " ",        "\x7f", TEST_CLAIMS,
    "\"iss\":", HEADER,  "\"kid\":", "\"\\u",   "\"\\ud83d", "\\ude00\""
  };
  g_autoptr (GString) json = g_string_new (NULL);
  guint n = (guint) g_test_rand_int_range (1, 12);

  if (g_test_rand_bit ())
    g_string_append (json, start);
  while (n-- > 0)
    g_string_append (json, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
  if (g_test_rand_bit ())
    g_string_append (json, "}");
  return g_string_free (g_steal_pointer (&json), FALSE);
}

/* What anybody sends, and what the issuer signs without looking: whatever comes of it, nothing
 * breaks, and a user id is always one. */
static void
test_random_json (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *header = random_json ("{\"alg\":\"HS256\",\"x\":");
      g_autofree char *claims = random_json ("{" EXP ",\"sub\":");
      g_autofree char *token = test_token_sign (key, i % 2 ? header : HEADER, claims);
      g_autoptr (GError) error = NULL;
      g_auto (BelfryToken) result = { NULL };

      if (belfry_token_verifier_verify (verifier, token, TEST_NOW, &result, &error))
        {
          g_assert_true (g_utf8_validate (result.user_id, -1, NULL));
          g_assert_cmpint (result.expires_at, >, TEST_NOW);
        }
      else
        g_assert_nonnull (error);
    }
}

static void
test_a_header_that_was_seen_before (void)
{
  static const char *const others[] = { "{\"alg\":\"none\"}", "{\"alg\":\"HS256\",\"crit\":[]}",
                                        "{\"alg\":\"HS255\"}" };
  g_autofree char *good = test_token_sign (key, HEADER, TEST_CLAIMS);
  g_autofree char *spaced = test_token_sign (key, "{ \"alg\":\"HS256\" }", TEST_CLAIMS);
  g_auto (GStrv) parts = g_strsplit (good, ".", 3);
  g_autofree char *forged = g_strconcat (parts[0], ".", parts[1], ".AAAA", NULL);

  for (guint i = 0; i < 3; i++)
    {
      test_assert_user (verifier, good, "alice");
      /* That it is known is no pass: the signature counts, whatever the header. */
      test_assert_refused (verifier, forged, "signature");
      test_assert_user (verifier, spaced, "alice");
      for (guint j = 0; j < G_N_ELEMENTS (others); j++)
        {
          g_autofree char *token = test_token_sign (key, others[j], TEST_CLAIMS);

          test_assert_refused (verifier, token, "");
        }
    }
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  key = test_key_new ("HS256");
  verifier = test_verifier (key, NULL);

#define ADD(path, func) g_test_add_func ("/token/format/" path, func)
  ADD ("anything-but-three-parts-is-refused", test_parts);
  ADD ("empty-part-is-refused", test_empty_parts);
  ADD ("a-header-that-was-seen-before-is-no-pass", test_a_header_that_was_seen_before);
  ADD ("more-than-16-kib-is-refused", test_length);
  ADD ("padding-and-white-space-and-other-alphabets-are-refused", test_base64);
  ADD ("trailing-bits-that-are-not-zero-are-refused", test_trailing_bits);
  ADD ("header-that-is-not-one-json-object-is-refused", test_header_json);
  ADD ("claims-that-are-not-one-json-object-are-refused", test_claims_json);
  ADD ("deep-nesting-is-refused", test_nesting);
  ADD ("half-of-a-pair-of-surrogates-is-refused-and-leaks-nothing", test_surrogates);
  ADD ("claims-that-nobody-reads-may-be-anything", test_other_claims);
  ADD ("every-changed-byte-is-noticed", test_every_byte);
  ADD ("random-headers-and-claims-do-no-harm", test_random_json);
#undef ADD

  result = g_test_run ();
  belfry_token_verifier_unref (verifier);
  test_key_free (key);
  return result;
}
