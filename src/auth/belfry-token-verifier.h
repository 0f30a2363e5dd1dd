/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-key-set.h"
#include "belfry-token-json-check.h"
#include "belfry-token-policy.h"
#include "belfry-token.h"

G_BEGIN_DECLS

/* A JSON Web Token goes in, a user id comes out. It does not change, and threads share it. */
typedef struct _BelfryTokenVerifier BelfryTokenVerifier;

BelfryTokenVerifier *belfry_token_verifier_new (BelfryKeySet *keys,
                                                const BelfryTokenPolicy *policy,
                                                BelfryTokenJsonCheck check);
BelfryTokenVerifier *belfry_token_verifier_ref (BelfryTokenVerifier *self);
void belfry_token_verifier_unref (BelfryTokenVerifier *self);

gboolean belfry_token_verifier_verify (BelfryTokenVerifier *self,
                                       const char *token,
                                       gint64 now,
                                       BelfryToken *result,
                                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryTokenVerifier, belfry_token_verifier_unref)

G_END_DECLS
