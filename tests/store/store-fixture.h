/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-sql-store.h"

/* A store on a file in a folder of its own, and calls that wait for the answer. */
typedef struct
{
  char *folder;
  char *path;
  BelfrySqlStore *store;
  BelfrySqlStoreOptions options; /* of the next opening */
  GPtrArray *changes;            /* of BelfryChange, as they were told */
} StoreFixture;

void store_fixture_set_up (StoreFixture *fixture, gconstpointer data);
void store_fixture_tear_down (StoreFixture *fixture, gconstpointer data);
void store_fixture_open (StoreFixture *fixture);
gboolean store_fixture_try_open (StoreFixture *fixture, GError **error);
void store_fixture_reopen (StoreFixture *fixture);
void store_fixture_close (StoreFixture *fixture);
void store_fixture_delete (StoreFixture *fixture);
void store_fixture_run_sql (StoreFixture *fixture, const char *sql);
char *store_fixture_ask_sql (StoreFixture *fixture, const char *sql);

BelfryDraft *store_fixture_draft (const char *user_id, const char *data, const char *options);
BelfryStoreWrite *store_fixture_write (StoreFixture *fixture, BelfryStoreWrite *write);
gint64 store_fixture_create (StoreFixture *fixture,
                             const char *user_id,
                             const char *data,
                             const char *options);
guint store_fixture_change (StoreFixture *fixture,
                            BelfryWriteKind kind,
                            const char *user_id,
                            const gint64 *ids,
                            guint n_ids);
void store_fixture_create_many (StoreFixture *fixture, const char *user_id, guint n);
BelfryStoreWrite *
store_fixture_update (StoreFixture *fixture, const char *user_id, gint64 id, const char *data);
BelfryStoreRead *store_fixture_read (StoreFixture *fixture, BelfryStoreRead *read);
BelfryInboxState store_fixture_state (StoreFixture *fixture, const char *user_id);
BelfryStoreRead *store_fixture_list (StoreFixture *fixture, const char *user_id);

BelfryChange *store_fixture_change_at (StoreFixture *fixture, guint i);
BelfryStoreRow *store_row_at (GArray *rows, guint i);
void store_fixture_check_counts (StoreFixture *fixture, const char *user_id);
void store_fixture_check_chains (StoreFixture *fixture);
gint64 store_fixture_check_acknowledged (StoreFixture *fixture, GHashTable *acknowledged);

#define STORE_TEST(path, func) \
  g_test_add (path, StoreFixture, NULL, store_fixture_set_up, func, store_fixture_tear_down)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreFixture, g_free)
