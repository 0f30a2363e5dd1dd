/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Key files that say which service of the bus handles which types of messages: belfry-handler(5).
 */
GHashTable *belfry_bus_handler_files_read (const char *const *folders);

G_END_DECLS
