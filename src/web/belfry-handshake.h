/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The opening handshake of a WebSocket: RFC 6455, section 4.2. */
gboolean belfry_handshake_check (const char *method,
                                 const char *path,
                                 SoupHTTPVersion version,
                                 SoupMessageHeaders *headers);
GBytes *belfry_handshake_answer (SoupMessageHeaders *headers);

G_END_DECLS
