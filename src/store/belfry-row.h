/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-sql.h"
#include "belfry-store.h"
#include "belfry-user-cache.h"

G_BEGIN_DECLS

BelfryStoreRow belfry_row_read (BelfrySqlRows *rows, guint row, const char *user_id);
BelfryUser belfry_row_read_user (BelfrySqlRows *rows, guint row);
gsize belfry_row_get_size (BelfrySqlRows *rows, guint row);

G_END_DECLS
