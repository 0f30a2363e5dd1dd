/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gnutls/abstract.h>

#include "belfry-token-verifier.h"

G_BEGIN_DECLS

/* The issuer's side: makes keys and signs tokens, with GnuTLS and nothing of src/auth. */

#define TEST_NOW (G_GINT64_CONSTANT (2000000000) * G_USEC_PER_SEC) /* µs: in the year 2033 */

/* Claims that are good at TEST_NOW. */
#define TEST_CLAIMS "{\"sub\":\"alice\",\"exp\":2000003600}"

typedef struct
{
  const char *alg;
  gnutls_privkey_t privkey; /* NULL for HS256 */
  GBytes *secret;           /* NULL for the others */
} TestKey;

TestKey *test_key_new (const char *alg);
TestKey *test_key_new_secret (const void *secret, gsize length);
TestKey *test_key_new_rsa (guint bits);
void test_key_free (TestKey *self);
GByteArray *test_key_sign (const TestKey *self, const char *input);
char *test_key_to_jwk (const TestKey *self, const char *members);

char *test_base64url (const void *bytes, gsize length);
char *test_token_join (const char *header, const char *claims, const GByteArray *signature);
char *test_token_sign (const TestKey *key, const char *header, const char *claims);

char *test_jwks (const char *first, ...) G_GNUC_NULL_TERMINATED;
BelfryKeySet *test_key_set (const TestKey *secret, const char *jwks);
BelfryTokenVerifier *test_verifier (const TestKey *secret, const char *jwks);
BelfryTokenVerifier *
test_verifier_with_policy (const TestKey *secret, const char *jwks, BelfryTokenPolicy policy);

void test_assert_user (BelfryTokenVerifier *verifier, const char *token, const char *user_id);
void test_assert_refused (BelfryTokenVerifier *verifier, const char *token, const char *why);
void test_assert_refused_at (BelfryTokenVerifier *verifier,
                             const char *token,
                             gint64 now,
                             BelfryTokenError code,
                             const char *why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestKey, test_key_free)

G_END_DECLS
