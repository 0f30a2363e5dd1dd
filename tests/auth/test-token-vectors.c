/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "belfry-base64url.h"
#include "belfry-key-set-private.h"
#include "token-maker.h"

/* The claims of RFC 7515, appendices A.1 to A.3:
 * {"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true} */
#define CLAIMS \
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define EXPIRY (G_GINT64_CONSTANT (1300819380) * G_USEC_PER_SEC)

#define A1_KEY \
  "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define A1_TOKEN                                         \
  "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS "." \
  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

#define A2_KEY                                                                                    \
  "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26" \
  "mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"                           \
  "YpRPEwOWvG6b32690r2jZ47soMZo"                                                                  \
  "9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"                                     \
  "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlx"                                                        \
  "vb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"                                         \
  "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyu"                                                    \
  "XpoQ\"}"
#define A2_TOKEN                                                                          \
  "eyJhbGciOiJSUzI1NiJ9." CLAIMS "."                                                      \
  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_" \
  "O8W2Fp5juj"                                                                            \
  "Gbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"                                       \
  "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe"                                      \
  "7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"                                             \
  "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8"                                \
  "np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

#define A3_KEY                                                                               \
  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
  "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define A3_TOKEN                     \
  "eyJhbGciOiJFUzI1NiJ9." CLAIMS "." \
  "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

#define RFC8037_KEY \
  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RFC8037_INPUT "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define RFC8037_SIGNATURE \
  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

/* The tokens expired in 2011. That is found out only when the signature is good; a second before,
 * they are Joe's. */
static void
assert_token_of_joe (const TestKey *secret, const char *jwk, const char *token)
{
  g_autofree char *jwks = jwk != NULL ? test_jwks (jwk, NULL) : NULL;
  g_autoptr (BelfryTokenVerifier) verifier =
      test_verifier_with_policy (secret, jwks, (BelfryTokenPolicy){ .user_claim = "iss" });
  g_autofree char *broken = g_strdup (token);
  char *signature = strrchr (broken, '.') + 1;
  g_autoptr (GError) error = NULL;
  g_auto (BelfryToken) result = { NULL };

  *signature = *signature == 'A' ? 'B' : 'A';
  test_assert_refused_at (verifier, token, EXPIRY, BELFRY_TOKEN_ERROR_EXPIRED, "expired");
  test_assert_refused_at (verifier, broken, EXPIRY, BELFRY_TOKEN_ERROR_INVALID, "signature");

  belfry_token_verifier_verify (verifier, token, EXPIRY - 1, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (result.user_id, ==, "joe");
  g_assert_cmpint (result.expires_at, ==, EXPIRY);
}

static void
test_a1 (void)
{
  gsize length;
  g_autofree guchar *bytes = belfry_base64url_decode (A1_KEY, strlen (A1_KEY), &length);
  g_autoptr (TestKey) key = test_key_new_secret (bytes, length);

  assert_token_of_joe (key, NULL, A1_TOKEN);
}

static void
test_a2 (void)
{
  assert_token_of_joe (NULL, A2_KEY, A2_TOKEN);
}

static void
test_a3 (void)
{
  assert_token_of_joe (NULL, A3_KEY, A3_TOKEN);
}

/* Appendices A.2 and A.4: what is signed there is no JSON, so it only shows the signature. */
static void
test_rfc8037 (void)
{
  g_autofree char *jwks = test_jwks (RFC8037_KEY, NULL);
  g_autoptr (BelfryKeySet) keys = test_key_set (NULL, jwks);
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (NULL, jwks);
  g_autoptr (GError) error = NULL;
  gsize length;
  g_autofree guchar *signature =
      belfry_base64url_decode (RFC8037_SIGNATURE, strlen (RFC8037_SIGNATURE), &length);
  BelfrySignedInput signed_input = { RFC8037_INPUT, strlen (RFC8037_INPUT), signature, length };

  g_assert_true (belfry_key_set_verify (keys, NULL, "EdDSA", &signed_input, &error));
  g_assert_no_error (error);
  test_assert_refused (verifier, RFC8037_INPUT "." RFC8037_SIGNATURE, "claims: byte 0");

  signature[0] ^= 1;
  g_assert_false (belfry_key_set_verify (keys, NULL, "EdDSA", &signed_input, &error));
  g_assert_error (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID);
}

/* RFC 7519, section 6.1 */
static void
test_unsecured (void)
{
  g_autoptr (TestKey) secret = test_key_new ("HS256");
  g_autoptr (BelfryTokenVerifier) verifier = test_verifier (secret, "{\"keys\":[" A3_KEY "]}");

  test_assert_refused (verifier, "eyJhbGciOiJub25lIn0." CLAIMS ".", "empty");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/token/vector/rfc-7515-a-1-hs256", test_a1);
  g_test_add_func ("/token/vector/rfc-7515-a-2-rs256", test_a2);
  g_test_add_func ("/token/vector/rfc-7515-a-3-es256", test_a3);
  g_test_add_func ("/token/vector/rfc-8037-a-4-eddsa", test_rfc8037);
  g_test_add_func ("/token/vector/rfc-7519-6-1-unsecured-is-refused", test_unsecured);
  return g_test_run ();
}
