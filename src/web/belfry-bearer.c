/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bearer.h"

#include <string.h>

#define SCHEME "Bearer "

gboolean
belfry_bearer_check (SoupMessageHeaders *headers,
                     BelfryTokenVerifier *verifier,
                     BelfryToken *token,
                     const char **code,
                     char **detail)
{
  const char *authorization = soup_message_headers_get_list (headers, "Authorization");
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (authorization == NULL || g_ascii_strncasecmp (authorization, SCHEME, strlen (SCHEME)) != 0)
    {
      *code = "NOT_REGISTERED";
      *detail = g_strdup ("Authorization: expected Bearer and a token");
      return FALSE;
    }
  text = g_strstrip (g_strdup (authorization + strlen (SCHEME)));
  if (belfry_token_verifier_verify (verifier, text, g_get_real_time (), token, &error))
    return TRUE;
  g_info ("A token was refused: %s", error->message);
  *code = g_error_matches (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_EXPIRED) ? "TOKEN_EXPIRED"
                                                                                  : "INVALID_TOKEN";
  *detail = g_strdup (error->message);
  return FALSE;
}
