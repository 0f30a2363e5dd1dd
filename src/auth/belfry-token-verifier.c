/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token-verifier.h"

#include <string.h>

#include "belfry-base64url.h"
#include "belfry-key-set-private.h"
#include "belfry-token-claims.h"
#include "belfry-token-json.h"

#define TOKEN_MAX (16 * 1024) /* bytes */

/* A header that was understood, in a token whose signature was good. */
typedef struct
{
  char *text; /* as it came */
  gsize length;
  char *kid; /* nullable */
  char *alg;
} KnownHeader;

struct _BelfryTokenVerifier
{
  gatomicrefcount ref_count;
  BelfryKeySet *keys;
  BelfryTokenJsonCheck check;
  char *audience;
  char *issuer;
  char *user_claim;
  guint leeway; /* seconds */

  /* Who issues tokens writes the same header into all of them, and to parse it takes half as long
   * as everything else. Atomic: it is set once. */
  KnownHeader *known;
};

/* The compact serialisation of RFC 7515, section 7.1: HEADER.CLAIMS.SIGNATURE */
typedef struct
{
  const char *header;
  gsize header_length;
  const char *claims;
  gsize claims_length;
  const char *signature;
  gsize signature_length;
} Parts;

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID, what);
  return FALSE;
}

static gboolean
split (const char *token, Parts *parts, GError **error)
{
  gsize length = strnlen (token, TOKEN_MAX + 1);
  const char *first;
  const char *second;

  if (length > TOKEN_MAX)
    return refuse (error, "longer than 16 KiB");
  first = strchr (token, '.');
  second = first != NULL ? strchr (first + 1, '.') : NULL;
  if (second == NULL || strchr (second + 1, '.') != NULL)
    return refuse (error, "expected three parts with points between them");

  *parts = (Parts){
    .header = token,
    .header_length = first - token,
    .claims = first + 1,
    .claims_length = second - first - 1,
    .signature = second + 1,
    .signature_length = token + length - second - 1,
  };
  if (parts->header_length == 0 || parts->claims_length == 0 || parts->signature_length == 0)
    return refuse (error, "one of the three parts is empty");
  return TRUE;
}

/* @name: for messages
 * Returns: (transfer full) (nullable): NULL with @error set */
static JsonObject *
read_object (BelfryTokenVerifier *self,
             const char *name,
             const char *text,
             gsize length,
             GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gsize json_length;
  g_autofree guchar *json = belfry_base64url_decode (text, length, &json_length);
  JsonObject *object;

  if (json == NULL)
    {
      g_set_error (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID, "%s: not base64url",
                   name);
      return NULL;
    }
  object = belfry_token_json_parse (self->check, (const char *) json, json_length, &local_error);
  if (object == NULL)
    g_set_error (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID, "%s: %s", name,
                 local_error->message);
  return object;
}

/* @kid: (out) (nullable): NULL if there is none; it belongs to @header, as does @alg */
static gboolean
read_header (JsonObject *header, const char **kid, const char **alg, GError **error)
{
  JsonNode *kid_node = json_object_get_member (header, "kid");

  /* RFC 7515, section 4.1.11: what it lists must be understood, and we understand nothing. */
  if (json_object_has_member (header, "crit"))
    return refuse (error, "header: crit: not supported");
  *alg = belfry_token_json_get_text (json_object_get_member (header, "alg"));
  if (*alg == NULL)
    return refuse (error, "header: alg: expected a string");
  *kid = belfry_token_json_get_text (kid_node);
  if (kid_node != NULL && *kid == NULL)
    return refuse (error, "header: kid: expected a string");
  return TRUE;
}

static void
known_header_free (KnownHeader *header)
{
  g_free (header->text);
  g_free (header->kid);
  g_free (header->alg);
  g_free (header);
}

static gboolean
is_known (const KnownHeader *known, const Parts *parts)
{
  return known != NULL && known->length == parts->header_length
         && memcmp (known->text, parts->header, known->length) == 0;
}

/* Of several threads that come here, the first one has its way. */
static void
remember_header (BelfryTokenVerifier *self, const Parts *parts, const char *kid, const char *alg)
{
  KnownHeader *header = g_new (KnownHeader, 1);

  *header = (KnownHeader){
    .text = g_strndup (parts->header, parts->header_length),
    .length = parts->header_length,
    .kid = g_strdup (kid),
    .alg = g_strdup (alg),
  };
  if (!g_atomic_pointer_compare_and_exchange (&self->known, NULL, header))
    known_header_free (header);
}

static gboolean
verify_signature (BelfryTokenVerifier *self, const Parts *parts, GError **error)
{
  const KnownHeader *known = g_atomic_pointer_get (&self->known);
  g_autoptr (JsonObject) header = NULL;
  g_autofree guchar *signature = NULL;
  BelfrySignedInput signed_input = { .input = parts->header };
  const char *kid = NULL;
  const char *alg = NULL;

  if (is_known (known, parts))
    {
      kid = known->kid;
      alg = known->alg;
    }
  else
    {
      header = read_object (self, "header", parts->header, parts->header_length, error);
      if (header == NULL || !read_header (header, &kid, &alg, error))
        return FALSE;
    }
  signature = belfry_base64url_decode (parts->signature, parts->signature_length,
                                       &signed_input.signature_length);
  if (signature == NULL)
    return refuse (error, "signature: not base64url");

  /* Header and claims as they came, with the point between them. */
  signed_input.input_length = parts->header_length + 1 + parts->claims_length;
  signed_input.signature = signature;
  if (!belfry_key_set_verify (self->keys, kid, alg, &signed_input, error))
    return FALSE;
  if (known == NULL)
    remember_header (self, parts, kid, alg);
  return TRUE;
}

/* @keys: referenced
 * @policy: copied
 * @check: the JSON scanner
 * Returns: (transfer full) */
BelfryTokenVerifier *
belfry_token_verifier_new (BelfryKeySet *keys,
                           const BelfryTokenPolicy *policy,
                           BelfryTokenJsonCheck check)
{
  BelfryTokenVerifier *self;

  g_return_val_if_fail (keys != NULL && policy != NULL && check != NULL, NULL);
  g_return_val_if_fail (policy->leeway <= BELFRY_TOKEN_LEEWAY_MAX, NULL);

  self = g_new0 (BelfryTokenVerifier, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->keys = belfry_key_set_ref (keys);
  self->check = check;
  self->audience = g_strdup (policy->audience);
  self->issuer = g_strdup (policy->issuer);
  self->user_claim = g_strdup (policy->user_claim != NULL ? policy->user_claim : "sub");
  self->leeway = policy->leeway;
  return self;
}

BelfryTokenVerifier *
belfry_token_verifier_ref (BelfryTokenVerifier *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_token_verifier_unref (BelfryTokenVerifier *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  belfry_key_set_unref (self->keys);
  g_clear_pointer (&self->known, known_header_free);
  g_free (self->audience);
  g_free (self->issuer);
  g_free (self->user_claim);
  g_free (self);
}

/* Finds out whose token it is. Any thread may call it at any time; it takes no lock.
 *
 * @token: what a client sent, NUL-terminated; more than 16 KiB of it are refused
 * @now: µs since 1970
 * @result: (out caller-allocates): what it says; freed with belfry_token_clear(). Nothing is set on
 *   an error
 * @error: BELFRY_TOKEN_ERROR_INVALID, or BELFRY_TOKEN_ERROR_EXPIRED if it is over and that is all
 *   that is wrong
 * Returns: whether it is a good token */
gboolean
belfry_token_verifier_verify (BelfryTokenVerifier *self,
                              const char *token,
                              gint64 now,
                              BelfryToken *result,
                              GError **error)
{
  BelfryTokenPolicy policy = { self->audience, self->issuer, self->user_claim, self->leeway };
  g_autoptr (JsonObject) claims = NULL;
  Parts parts = { NULL };

  g_return_val_if_fail (token != NULL && result != NULL, FALSE);

  /* The claims are not even looked at before the signature is good. */
  if (!split (token, &parts, error) || !verify_signature (self, &parts, error))
    return FALSE;
  claims = read_object (self, "claims", parts.claims, parts.claims_length, error);
  return claims != NULL && belfry_token_claims_read (claims, &policy, now, result, error);
}
