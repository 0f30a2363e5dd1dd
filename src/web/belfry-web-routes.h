/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-web-options.h"

G_BEGIN_DECLS

/* What there is beside the WebSocket: the demo page, and whether the server is well. */
void belfry_web_routes_add (SoupServer *server, const BelfryWebOptions *options);

G_END_DECLS
