/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-web-worker.h"

G_BEGIN_DECLS

/* A connection until it is known what it asks for: WebSockets and event streams are answered here,
 * everything else is libsoup's. */
void belfry_web_request_begin (BelfryWebWorker *worker, BelfrySocket *socket);

G_END_DECLS
