/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server-keys.h"

#include "belfry-error.h"
#include "belfry-json-private.h"

static gboolean
load (const char *path, GBytes **bytes, GError **error)
{
  char *contents;
  gsize length;

  if (path == NULL)
    return TRUE;
  if (!g_file_get_contents (path, &contents, &length, error))
    return FALSE;
  *bytes = g_bytes_new_take (contents, length);
  return TRUE;
}

/* Reads the keys that the configuration names. It blocks, and may run in any thread.
 *
 * @error: BELFRY_ERROR_INVALID_ARGS if a file does not hold what it should, and GFileError */
BelfryTokenVerifier *
belfry_server_keys_load (BelfryServerConfig *config, GError **error)
{
  const BelfryTokenPolicy policy = {
    .audience = config->jwt_audience,
    .issuer = config->jwt_issuer,
    .user_claim = config->jwt_user_claim,
    .leeway = config->jwt_leeway,
  };
  g_autoptr (GBytes) secret = NULL;
  g_autoptr (GBytes) jwks = NULL;
  g_autofree char *jwks_text = NULL;
  g_autoptr (BelfryKeySet) keys = NULL;
  g_autoptr (GError) local_error = NULL;

  if (config->jwt_secret_file == NULL && config->jwt_jwks_file == NULL)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "jwt-secret-file or jwt-jwks-file: one of them is needed, so that "
                           "tokens can be checked");
      return NULL;
    }
  if (!load (config->jwt_secret_file, &secret, error)
      || !load (config->jwt_jwks_file, &jwks, error))
    return NULL;
  if (jwks != NULL)
    jwks_text = g_strndup (g_bytes_get_data (jwks, NULL), g_bytes_get_size (jwks));

  keys = belfry_key_set_new (secret, jwks_text, belfry_json_scan_claims, &local_error);
  if (keys == NULL)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, local_error->message);
      return NULL;
    }
  return belfry_token_verifier_new (keys, &policy, belfry_json_scan_claims);
}
