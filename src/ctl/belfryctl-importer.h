/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfryctl-command.h"
#include "belfryctl-line.h"

G_BEGIN_DECLS

/* What an import has done. */
typedef struct
{
  gulong lines; /* that were read */
  gulong stored;
  gulong read; /* of the stored ones */
  gulong faulty;
  gulong expired;
  gulong lost_keys; /* of notifications that are there no more */
} BelfryctlImportCounts;

/* Called for a line that is left out since it is faulty. */
typedef void (*BelfryctlFaultFunc) (guint64 line, const GError *error, gpointer user_data);

/* Called when it got further. */
typedef void (*BelfryctlDoneFunc) (guint64 lines, guint64 bytes, gpointer user_data);

typedef struct BelfryctlImporter BelfryctlImporter;

BelfryctlImporter *belfryctl_importer_new (BelfryClient *client,
                                           int fd,
                                           BelfryctlFaultFunc on_fault,
                                           BelfryctlDoneFunc on_done,
                                           gpointer user_data);
void belfryctl_importer_free (BelfryctlImporter *self);
gboolean belfryctl_importer_run (BelfryctlImporter *self, GError **error);
void belfryctl_importer_interrupt (BelfryctlImporter *self);
const BelfryctlImportCounts *belfryctl_importer_get_counts (BelfryctlImporter *self);
guint64 belfryctl_importer_get_first_open_line (BelfryctlImporter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryctlImporter, belfryctl_importer_free)

G_END_DECLS
