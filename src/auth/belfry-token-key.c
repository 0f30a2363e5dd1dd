/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token-key.h"

#include <gnutls/crypto.h>

#define SHA256_LENGTH 32 /* bytes */
#define ES256_HALF    32 /* bytes, of r and of s: RFC 7518, section 3.4 */

/* The names are those of RFC 7518, section 3.1, and RFC 8037, section 3.1. */
static const struct
{
  const char *name;
  gnutls_sign_algorithm_t sign;
} algorithms[] = {
  [BELFRY_TOKEN_ALGORITHM_HS256] = { "HS256", GNUTLS_SIGN_UNKNOWN },
  [BELFRY_TOKEN_ALGORITHM_RS256] = { "RS256", GNUTLS_SIGN_RSA_SHA256 },
  [BELFRY_TOKEN_ALGORITHM_ES256] = { "ES256", GNUTLS_SIGN_ECDSA_SHA256 },
  [BELFRY_TOKEN_ALGORITHM_EDDSA] = { "EdDSA", GNUTLS_SIGN_EDDSA_ED25519 },
};

struct _BelfryTokenKey
{
  BelfryTokenAlgorithm algorithm;
  char *kid;              /* NULL if it has no name */
  gnutls_pubkey_t pubkey; /* NULL for HS256 */
  guchar *secret;         /* for HS256 only */
  gsize secret_length;
};

/* A key for HS256, without a name.
 *
 * @secret: @length bytes, which are copied
 * Returns: (transfer full) */
BelfryTokenKey *
belfry_token_key_new_secret (const guchar *secret, gsize length)
{
  BelfryTokenKey *self = g_new0 (BelfryTokenKey, 1);

  self->algorithm = BELFRY_TOKEN_ALGORITHM_HS256;
  self->secret = g_memdup2 (secret, length);
  self->secret_length = length;
  return self;
}

/* @algorithm: not HS256
 * @pubkey: (transfer full): a key of the kind that @algorithm needs
 * @kid: (nullable): its name in the key set
 * Returns: (transfer full) */
BelfryTokenKey *
belfry_token_key_new_public (BelfryTokenAlgorithm algorithm,
                             gnutls_pubkey_t pubkey,
                             const char *kid)
{
  BelfryTokenKey *self = g_new0 (BelfryTokenKey, 1);

  self->algorithm = algorithm;
  self->pubkey = pubkey;
  self->kid = g_strdup (kid);
  return self;
}

void
belfry_token_key_free (BelfryTokenKey *self)
{
  if (self->pubkey != NULL)
    gnutls_pubkey_deinit (self->pubkey);
  if (self->secret != NULL)
    gnutls_memset (self->secret, 0, self->secret_length);
  g_free (self->secret);
  g_free (self->kid);
  g_free (self);
}

/* Returns: (transfer none) (nullable): its name; NULL if it has none, as a secret */
const char *
belfry_token_key_get_kid (const BelfryTokenKey *self)
{
  return self->kid;
}

/* Returns: (transfer none): what the header of a token must have as its `alg` */
const char *
belfry_token_key_get_alg (const BelfryTokenKey *self)
{
  return belfry_token_algorithm_get_name (self->algorithm);
}

const char *
belfry_token_algorithm_get_name (BelfryTokenAlgorithm algorithm)
{
  return algorithms[algorithm].name;
}

static gboolean
verify_hmac (const BelfryTokenKey *self, const BelfrySignedInput *signed_input)
{
  guchar expected[SHA256_LENGTH];

  if (signed_input->signature_length != sizeof expected)
    return FALSE;
  if (gnutls_hmac_fast (GNUTLS_MAC_SHA256, self->secret, self->secret_length, signed_input->input,
                        signed_input->input_length, expected)
      < 0)
    return FALSE;
  /* In constant time: how far it was right would let somebody guess it byte by byte. */
  return gnutls_memcmp (expected, signed_input->signature, sizeof expected) == 0;
}

/* gnutls_pubkey_verify_data2() reads the key and writes nothing to it: it copies what it changes
 * (spki) to its stack, and Nettle gets the numbers as const (GnuTLS: lib/pubkey.c, lib/nettle/pk.c;
 * its manual, "Thread safety", allows read-only access to a shared object). So threads share a key
 * without a lock. */
static gboolean
verify_pubkey (const BelfryTokenKey *self,
               const BelfrySignedInput *signed_input,
               const gnutls_datum_t *signature)
{
  gnutls_datum_t input = { (guchar *) signed_input->input, (guint) signed_input->input_length };

  return gnutls_pubkey_verify_data2 (self->pubkey, algorithms[self->algorithm].sign, 0, &input,
                                     signature)
         >= 0;
}

/* A token has r and s one after the other, GnuTLS wants them in DER. */
static gboolean
verify_ecdsa (const BelfryTokenKey *self, const BelfrySignedInput *signed_input)
{
  guchar *bytes = (guchar *) signed_input->signature;
  gnutls_datum_t r = { bytes, ES256_HALF };
  gnutls_datum_t s = { bytes + ES256_HALF, ES256_HALF };
  gnutls_datum_t signature;
  gboolean good;

  if (signed_input->signature_length != 2 * ES256_HALF)
    return FALSE;
  if (gnutls_encode_rs_value (&signature, &r, &s) < 0)
    return FALSE;
  good = verify_pubkey (self, signed_input, &signature);
  gnutls_free (signature.data);
  return good;
}

/* Checks a signature with the key's own algorithm, whatever else there may be written.
 *
 * Returns: whether it is this key's signature */
gboolean
belfry_token_key_verify (const BelfryTokenKey *self, const BelfrySignedInput *signed_input)
{
  gnutls_datum_t signature = { (guchar *) signed_input->signature,
                               (guint) signed_input->signature_length };

  switch (self->algorithm)
    {
    case BELFRY_TOKEN_ALGORITHM_HS256:
      return verify_hmac (self, signed_input);
    case BELFRY_TOKEN_ALGORITHM_ES256:
      return verify_ecdsa (self, signed_input);
    case BELFRY_TOKEN_ALGORITHM_RS256:
    case BELFRY_TOKEN_ALGORITHM_EDDSA:
      /* GnuTLS refuses a signature that is not as long as the modulus, or 64 bytes. */
      return verify_pubkey (self, signed_input, &signature);
    default:
      g_return_val_if_reached (FALSE);
    }
}
