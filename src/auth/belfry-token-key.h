/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <gnutls/abstract.h>

G_BEGIN_DECLS

typedef enum
{
  BELFRY_TOKEN_ALGORITHM_HS256, /* HMAC with SHA-256 */
  BELFRY_TOKEN_ALGORITHM_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256 */
  BELFRY_TOKEN_ALGORITHM_ES256, /* ECDSA on P-256 with SHA-256 */
  BELFRY_TOKEN_ALGORITHM_EDDSA, /* Ed25519 */
} BelfryTokenAlgorithm;

/* One key and the one algorithm that it is for. It does not change, and threads share it. */
typedef struct _BelfryTokenKey BelfryTokenKey;

/* What was signed, and the signature. It borrows both. */
typedef struct
{
  const char *input;
  gsize input_length;
  const guchar *signature;
  gsize signature_length;
} BelfrySignedInput;

BelfryTokenKey *belfry_token_key_new_secret (const guchar *secret, gsize length);
BelfryTokenKey *belfry_token_key_new_public (BelfryTokenAlgorithm algorithm,
                                             gnutls_pubkey_t pubkey,
                                             const char *kid);
void belfry_token_key_free (BelfryTokenKey *self);

const char *belfry_token_key_get_kid (const BelfryTokenKey *self);
const char *belfry_token_key_get_alg (const BelfryTokenKey *self);
gboolean
belfry_token_key_verify (const BelfryTokenKey *self, const BelfrySignedInput *signed_input);

const char *belfry_token_algorithm_get_name (BelfryTokenAlgorithm algorithm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryTokenKey, belfry_token_key_free)

G_END_DECLS
