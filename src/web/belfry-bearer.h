/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-token-verifier.h"

G_BEGIN_DECLS

/* What is wrong with a request that shows no good token. */
typedef struct
{
  const char *code; /* of the problem */
  char *detail;
  const char *challenge; /* the value of WWW-Authenticate: RFC 6750, section 3 */
} BelfryBearerFault;

gboolean belfry_bearer_check (SoupMessageHeaders *headers,
                              BelfryTokenVerifier *verifier,
                              BelfryToken *token,
                              BelfryBearerFault *fault);

static inline void
belfry_bearer_fault_clear (BelfryBearerFault *fault)
{
  g_free (fault->detail);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BelfryBearerFault, belfry_bearer_fault_clear)

G_END_DECLS
