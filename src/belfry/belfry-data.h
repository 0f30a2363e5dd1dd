/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

BELFRY_API
char *belfry_data_from_variant (GVariant *data, GError **error);
BELFRY_API
GVariant *belfry_data_to_variant (const char *data, GError **error);

G_END_DECLS
