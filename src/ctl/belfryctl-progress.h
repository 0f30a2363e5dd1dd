/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A line on the terminal that shows how far a long work is. Where standard error is no terminal it
 * shows nothing. */
typedef struct BelfryctlProgress BelfryctlProgress;

BelfryctlProgress *belfryctl_progress_new (guint64 total_bytes);
void belfryctl_progress_end (BelfryctlProgress *self);
void belfryctl_progress_set (BelfryctlProgress *self, guint64 lines, guint64 bytes);
void belfryctl_progress_clear (BelfryctlProgress *self);

G_END_DECLS
