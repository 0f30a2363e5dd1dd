/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-retention.h"
#include "belfry-sql.h"
#include "belfry-store.h"
#include "belfry-user-cache.h"

G_BEGIN_DECLS

/* What is done to inboxes inside one transaction: it gives out the positions, keeps the counts, and
 * notes every change for those who have to be told. It belongs to the writer's thread. */
typedef struct
{
  BelfrySql *sql;
  BelfryUserCache *users;
  gint64 position;  /* the newest one that was given out */
  gint64 committed; /* the newest one that is durable */
  gint64 next_user_key;
  gint64 next_expiry;   /* µs since 1970; 0 if nothing expires. It may be too early */
  gint64 retained;      /* the user key up to which this pass of retention has come */
  gint64 old;           /* ids above it are too young for retention by age */
  gint64 now;           /* µs since 1970: the time of the transaction */
  GString *created;     /* rows that are to be inserted before anything else is done, or NULL */
  GPtrArray *changes;   /* of BelfryChange, in the order of their positions for each user */
  GPtrArray *unsettled; /* of BelfryUser, unowned: to be settled in this transaction */
} BelfryInboxWriter;

BelfryInboxWriter *belfry_inbox_writer_new (BelfrySql *sql, GError **error);
void belfry_inbox_writer_free (BelfryInboxWriter *self);

void belfry_inbox_writer_begin (BelfryInboxWriter *self);
gboolean belfry_inbox_writer_commit (BelfryInboxWriter *self, GError **error);
void belfry_inbox_writer_rollback (BelfryInboxWriter *self);

gboolean belfry_inbox_writer_create (BelfryInboxWriter *self, GPtrArray *writes, GError **error);
gboolean
belfry_inbox_writer_apply (BelfryInboxWriter *self, BelfryStoreWrite *write, GError **error);
gboolean belfry_inbox_writer_expire (BelfryInboxWriter *self, gboolean *more, GError **error);
gboolean belfry_inbox_writer_retain (BelfryInboxWriter *self,
                                     const BelfryRetention *retention,
                                     gboolean *more,
                                     GError **error);
gboolean belfry_inbox_writer_drop_tombstones (BelfryInboxWriter *self,
                                              gint64 before,
                                              gboolean *more,
                                              GError **error);

/* How many new notifications a user's row may leave out: so many the readers have to count. */
#define BELFRY_TAIL_MAX 64

/* For the parts of the writer. */
gboolean belfry_inbox_writer_insert_created (BelfryInboxWriter *self, GError **error);
gboolean belfry_inbox_writer_ensure_users (BelfryInboxWriter *self,
                                           GHashTable *ids,
                                           gboolean create,
                                           GError **error);
void belfry_inbox_writer_settle (BelfryInboxWriter *self, BelfryUser *user);
void belfry_inbox_writer_forget (BelfryInboxWriter *self, BelfryUser *user);
BelfryChange *belfry_inbox_writer_note (BelfryInboxWriter *self,
                                        BelfryChangeKind kind,
                                        BelfryUser *user,
                                        gint64 position);
gboolean belfry_inbox_writer_remove_rows (BelfryInboxWriter *self,
                                          GString *ids,
                                          gint64 base,
                                          GError **error);

G_END_DECLS
