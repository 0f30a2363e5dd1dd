/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-checkpointer.h"
#include "belfry-inbox-writer.h"
#include "belfry-mailbox.h"
#include "belfry-mark-file.h"
#include "belfry-retention.h"

G_BEGIN_DECLS

/* What the threads of the store send to the main thread. */
typedef struct
{
  GPtrArray *changes; /* of BelfryChange: what a transaction did; NULL for a read */
  GPtrArray *writes;  /* of BelfryStoreWrite: those that are answered by it */
  BelfryStoreRead *read;
} BelfryStoreResult;

/* The writer's thread: everything that waits is committed together. */
typedef struct _BelfryStoreWriter BelfryStoreWriter;

BelfryStoreWriter *belfry_store_writer_new (BelfrySql *sql,
                                            BelfryMarkFile *mark,
                                            const BelfryRetention *retention,
                                            BelfryCheckpointer *checkpointer,
                                            BelfryMailbox *results,
                                            GError **error);
void belfry_store_writer_submit (BelfryStoreWriter *self, BelfryStoreWrite *write);
void belfry_store_writer_stop (BelfryStoreWriter *self);

/* The reader's thread: lists and counts go first, then registrations, in batches, then pages. */
typedef struct _BelfryStoreReader BelfryStoreReader;

BelfryStoreReader *belfry_store_reader_new (BelfrySql *sql, BelfryMailbox *results);
void belfry_store_reader_submit (BelfryStoreReader *self, BelfryStoreRead *read);
void belfry_store_reader_stop (BelfryStoreReader *self);

G_END_DECLS
