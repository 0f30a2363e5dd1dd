/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "belfry-token-key.h"

G_BEGIN_DECLS

gboolean belfry_jwk_read (JsonObject *jwk, guint index, BelfryTokenKey **key, GError **error);

G_END_DECLS
