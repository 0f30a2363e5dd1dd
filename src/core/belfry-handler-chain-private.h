/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-handler-chain.h"

G_BEGIN_DECLS

BelfryHandlerChain *belfry_handler_chain_new (void);
void belfry_handler_chain_handle (BelfryHandlerChain *self,
                                  BelfrySession *session,
                                  BelfryMessage *message);

G_END_DECLS
