/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token.h"

G_DEFINE_QUARK (belfry - token - error - quark, belfry_token_error)

/* Frees what is in @token and zeroes it. It may be zeroed already. */
void
belfry_token_clear (BelfryToken *token)
{
  g_clear_pointer (&token->user_id, g_free);
  token->expires_at = 0;
}
