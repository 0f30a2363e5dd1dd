/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-store.h"

G_BEGIN_DECLS

/* The store over libgda. */
#define BELFRY_TYPE_SQL_STORE (belfry_sql_store_get_type ())
G_DECLARE_FINAL_TYPE (BelfrySqlStore, belfry_sql_store, BELFRY, SQL_STORE, GObject)

BelfrySqlStore *belfry_sql_store_open (const char *path, gboolean new_epoch, GError **error);
void belfry_sql_store_close (BelfrySqlStore *self);

G_END_DECLS
