/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-sql.h"

G_BEGIN_DECLS

/* A thread that brings what is in the log into the database, so that no commit has to wait for it.
 */
typedef struct _BelfryCheckpointer BelfryCheckpointer;

BelfryCheckpointer *belfry_checkpointer_new (BelfrySql *sql);
void belfry_checkpointer_notify (BelfryCheckpointer *self);
void belfry_checkpointer_stop (BelfryCheckpointer *self);

G_END_DECLS
