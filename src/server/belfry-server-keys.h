/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-server-config-private.h"
#include "belfry-token-verifier.h"

G_BEGIN_DECLS

BelfryTokenVerifier *belfry_server_keys_load (BelfryServerConfig *config, GError **error);

G_END_DECLS
