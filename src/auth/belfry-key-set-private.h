/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-key-set.h"
#include "belfry-token-key.h"

G_BEGIN_DECLS

gboolean belfry_key_set_verify (BelfryKeySet *self,
                                const char *kid,
                                const char *alg,
                                const BelfrySignedInput *signed_input,
                                GError **error);

G_END_DECLS
