/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bearer.h"

#include <string.h>

#define SCHEME "Bearer "

/* Looks whose token a request shows.
 *
 * Returns: FALSE with @fault, which starts zeroed, if it is none that is valid */
gboolean
belfry_bearer_check (SoupMessageHeaders *headers,
                     BelfryTokenVerifier *verifier,
                     BelfryToken *token,
                     BelfryBearerFault *fault)
{
  const char *authorization = soup_message_headers_get_list (headers, "Authorization");
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (authorization == NULL || g_ascii_strncasecmp (authorization, SCHEME, strlen (SCHEME)) != 0)
    {
      *fault = (BelfryBearerFault){
        "NOT_REGISTERED",
        g_strdup ("Authorization: expected Bearer and a token"),
        "Bearer",
      };
      return FALSE;
    }
  text = g_strstrip (g_strdup (authorization + strlen (SCHEME)));
  if (belfry_token_verifier_verify (verifier, text, g_get_real_time (), token, &error))
    return TRUE;
  g_info ("A token was refused: %s", error->message);
  *fault = (BelfryBearerFault){
    g_error_matches (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_EXPIRED) ? "TOKEN_EXPIRED"
                                                                            : "INVALID_TOKEN",
    g_strdup (error->message),
    "Bearer error=\"invalid_token\"",
  };
  return FALSE;
}
