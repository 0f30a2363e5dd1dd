/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "belfry-token-json-check.h"

G_BEGIN_DECLS

JsonObject *belfry_token_json_parse (BelfryTokenJsonCheck check,
                                     const char *text,
                                     gsize length,
                                     GError **error);

const char *belfry_token_json_get_text (JsonNode *node);

G_END_DECLS
