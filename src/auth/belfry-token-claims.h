/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "belfry-token-policy.h"
#include "belfry-token.h"

G_BEGIN_DECLS

gboolean belfry_token_claims_read (JsonObject *claims,
                                   const BelfryTokenPolicy *policy,
                                   gint64 now,
                                   BelfryToken *result,
                                   GError **error);

G_END_DECLS
