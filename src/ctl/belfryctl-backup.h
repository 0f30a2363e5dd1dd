/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean belfryctl_backup_check (const char *path, gboolean force, GError **error);
gboolean belfryctl_backup_save (int fd, const char *path, gboolean force, GError **error);

G_END_DECLS
