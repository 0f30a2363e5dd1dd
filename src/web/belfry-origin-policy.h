/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean
belfry_origin_policy_allows (const char *const *allowed, const char *origin, const char *host);

G_END_DECLS
