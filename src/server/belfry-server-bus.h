/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GDBusConnection *belfry_server_bus_connect (const char *bus, GError **error);
gboolean belfry_server_bus_own_name (GDBusConnection *connection, GError **error);

G_END_DECLS
