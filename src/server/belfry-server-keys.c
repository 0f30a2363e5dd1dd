/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server-keys.h"

#include <glib/gi18n-lib.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

static gboolean
load (const char *option, const char *path, GBytes **bytes, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  char *contents;
  gsize length;

  if (path == NULL)
    return TRUE;
  if (!g_file_get_contents (path, &contents, &length, &local_error))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: %s", option,
                   local_error->message);
      return FALSE;
    }
  *bytes = g_bytes_new_take (contents, length);
  return TRUE;
}

static BelfryKeySet *
read_keys (const char *option, GBytes *secret, const char *jwks, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  BelfryKeySet *keys = belfry_key_set_new (secret, jwks, belfry_json_scan_claims, &local_error);

  if (keys == NULL)
    g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: %s", option,
                 local_error->message);
  return keys;
}

/* Reads the keys that the configuration names. It blocks, and may run in any thread.
 *
 * @error: BELFRY_ERROR_INVALID_ARGS, naming the option, if a file is not there or does not hold
 * what it should */
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

  if (config->jwt_secret_file == NULL && config->jwt_jwks_file == NULL)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           _ ("jwt-secret-file or jwt-jwks-file: one of them is needed, so that "
                              "tokens can be checked"));
      return NULL;
    }
  if (!load ("jwt-secret-file", config->jwt_secret_file, &secret, error)
      || !load ("jwt-jwks-file", config->jwt_jwks_file, &jwks, error))
    return NULL;
  if (jwks != NULL)
    jwks_text = g_strndup (g_bytes_get_data (jwks, NULL), g_bytes_get_size (jwks));

  /* The secret alone first, to know which option is at fault. */
  if (secret != NULL && !(keys = read_keys ("jwt-secret-file", secret, NULL, error)))
    return NULL;
  if (jwks != NULL)
    {
      g_clear_pointer (&keys, belfry_key_set_unref);
      if (!(keys = read_keys ("jwt-jwks-file", secret, jwks_text, error)))
        return NULL;
    }
  return belfry_token_verifier_new (keys, &policy, belfry_json_scan_claims);
}
