/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-session-sink.h"
#include "store-fixture.h"

/* A store that answers what the real one does, when it is told to. */
#define TYPE_HOLDING_STORE (holding_store_get_type ())
G_DECLARE_FINAL_TYPE (HoldingStore, holding_store, HOLDING, STORE, GObject)

struct _HoldingStore
{
  GObject parent_instance;

  StoreFixture *fixture; /* the real one */
  BelfryStoreListener listener;
  gpointer listener_data;
  GQueue reads;     /* of BelfryStoreRead, answered and held */
  guint n_underway; /* reads that are not answered yet */
};

/* A sink that keeps what is sent until somebody reads it. */
#define TYPE_HOLDING_SINK (holding_sink_get_type ())
G_DECLARE_FINAL_TYPE (HoldingSink, holding_sink, HOLDING, SINK, GObject)

struct _HoldingSink
{
  GObject parent_instance;

  GQueue frames; /* of GBytes, sent and not read */
  gsize n_bytes;
  guint close_code;
};

void holding_sink_drop_frames (HoldingSink *self);
