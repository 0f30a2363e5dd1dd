/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-sql.h"
#include "belfry-store.h"

G_BEGIN_DECLS

/* Answers what is asked of inboxes. It belongs to the reader's thread. */
gboolean belfry_inbox_reader_read (BelfrySql *sql, BelfryStoreRead *read, GError **error);
gboolean belfry_inbox_reader_read_list (BelfrySql *sql, BelfryStoreRead *read, GError **error);
gboolean belfry_inbox_reader_read_states (BelfrySql *sql, GPtrArray *reads, GError **error);

G_END_DECLS
