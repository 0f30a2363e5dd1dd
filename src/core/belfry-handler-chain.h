/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-message-handler.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_HANDLER_CHAIN (belfry_handler_chain_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryHandlerChain, belfry_handler_chain, BELFRY, HANDLER_CHAIN, GObject)

BELFRY_API
void belfry_handler_chain_add (BelfryHandlerChain *self, BelfryMessageHandler *handler);
BELFRY_API
void belfry_handler_chain_remove (BelfryHandlerChain *self, BelfryMessageHandler *handler);

G_END_DECLS
