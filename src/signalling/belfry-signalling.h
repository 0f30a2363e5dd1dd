/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-message-handler.h"
#include "belfry-session-registry.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_SIGNALLING (belfry_signalling_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfrySignalling, belfry_signalling, BELFRY, SIGNALLING, GObject)

BELFRY_API
BelfrySignalling *belfry_signalling_new (BelfrySessionRegistry *sessions);
BELFRY_API
gboolean belfry_signalling_set_servers (BelfrySignalling *self,
                                        const char *const *urls,
                                        const char *secret,
                                        guint lifetime,
                                        GError **error);

G_END_DECLS
