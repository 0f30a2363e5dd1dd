/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What a request that does not go to libsoup asks for, read as libsoup would read it. */
GUri *belfry_request_target_parse (const char *host, const char *target);
gboolean belfry_request_target_has_body (SoupMessageHeaders *headers);

G_END_DECLS
