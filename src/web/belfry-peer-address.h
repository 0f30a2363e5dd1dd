/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *belfry_peer_address_choose (const char *peer,
                                  const char *forwarded_for,
                                  const char *const *trusted_proxies);

G_END_DECLS
