/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Copies of the database, and of what it keeps of one user, made in a thread and with a connection
 * of their own. The copy is made beside the database, where there is room and a right to write, and
 * is a file without a name when it is handed over. */
void belfry_store_copy_start (const char *path,
                              const char *user_id,
                              gpointer source,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
void belfry_store_copy_clean_up (const char *path);

G_END_DECLS
