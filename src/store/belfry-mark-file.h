/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A small file beside the database. It remembers a position that was committed, so that a restored
 * backup cannot pass for its later self, and its lock keeps a second Belfry away. */
typedef struct _BelfryMarkFile BelfryMarkFile;

BelfryMarkFile *belfry_mark_file_open (const char *database_path, GError **error);
void belfry_mark_file_close (BelfryMarkFile *self);

gboolean belfry_mark_file_is_ahead (BelfryMarkFile *self, const char *epoch, gint64 position);
gboolean belfry_mark_file_is_at (BelfryMarkFile *self, gint64 position);
void belfry_mark_file_set (BelfryMarkFile *self, const char *epoch, gint64 position);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryMarkFile, belfry_mark_file_close)

G_END_DECLS
