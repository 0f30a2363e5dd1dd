/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-sql.h"

G_BEGIN_DECLS

/* The schema version that this program works with: the number of migrations. */
#define BELFRY_SCHEMA_VERSION 2

gboolean belfry_schema_prepare (BelfrySql *sql, GError **error);

G_END_DECLS
