/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-retention.h"
#include "belfry-store.h"

G_BEGIN_DECLS

/* The store over libgda. */
#define BELFRY_TYPE_SQL_STORE (belfry_sql_store_get_type ())
G_DECLARE_FINAL_TYPE (BelfrySqlStore, belfry_sql_store, BELFRY, SQL_STORE, GObject)

typedef struct
{
  gboolean new_epoch; /* whether the database is a restored backup */
  BelfryRetention retention;
} BelfrySqlStoreOptions;

BelfrySqlStore *
belfry_sql_store_open (const char *path, const BelfrySqlStoreOptions *options, GError **error);
void belfry_sql_store_close (BelfrySqlStore *self);

G_END_DECLS
