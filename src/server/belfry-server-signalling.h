/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-handler-chain.h"
#include "belfry-server-config.h"
#include "belfry-session-registry.h"

G_BEGIN_DECLS

gboolean belfry_server_signalling_add (BelfryServerConfig *config,
                                       BelfrySessionRegistry *registry,
                                       BelfryHandlerChain *chain,
                                       GError **error);

G_END_DECLS
