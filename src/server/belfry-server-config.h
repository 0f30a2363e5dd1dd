/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_SERVER_CONFIG (belfry_server_config_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryServerConfig, belfry_server_config, BELFRY, SERVER_CONFIG, GObject)

BELFRY_API
BelfryServerConfig *belfry_server_config_new (void);

BELFRY_API
gboolean belfry_server_config_set (BelfryServerConfig *self,
                                   const char *name,
                                   const char *const *values,
                                   GError **error);
BELFRY_API
gboolean
belfry_server_config_load_file (BelfryServerConfig *self, const char *path, GError **error);
BELFRY_API
gboolean belfry_server_config_load_environment (BelfryServerConfig *self, GError **error);
BELFRY_API
gboolean
belfry_server_config_add_socket (BelfryServerConfig *self, GSocket *socket, GError **error);

G_END_DECLS
