/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "holding.h"

#include <string.h>

#include "belfry-connection.h"

static void holding_store_iface_init (BelfryStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HoldingStore,
                               holding_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_STORE, holding_store_iface_init))

typedef struct
{
  HoldingStore *store;
  BelfryStoreReadFunc done;
  gpointer user_data;
} Forwarded;

static void
on_answer (BelfryStoreRead *read, gpointer user_data)
{
  g_autofree Forwarded *forwarded = user_data;
  BelfryStoreRead *copy = g_memdup2 (read, sizeof *read);

  g_assert_no_error (read->error);
  /* The fields move to the copy. */
  memset (&read->user_id, 0, sizeof *read - G_STRUCT_OFFSET (BelfryStoreRead, user_id));
  copy->done = forwarded->done;
  copy->user_data = forwarded->user_data;
  g_queue_push_tail (&forwarded->store->reads, copy);
  forwarded->store->n_underway--;
}

static void
holding_store_read (BelfryStore *store, BelfryStoreRead *read)
{
  HoldingStore *self = HOLDING_STORE (store);
  Forwarded *forwarded = g_new0 (Forwarded, 1);

  *forwarded = (Forwarded){ self, read->done, read->user_data };
  read->done = on_answer;
  read->user_data = forwarded;
  self->n_underway++;
  belfry_store_read (BELFRY_STORE (self->fixture->store), read);
}

static void
holding_store_set_listener (BelfryStore *store, BelfryStoreListener listener, gpointer user_data)
{
  HoldingStore *self = HOLDING_STORE (store);

  self->listener = listener;
  self->listener_data = user_data;
}

static const char *
holding_store_get_epoch (BelfryStore *store)
{
  return belfry_store_get_epoch (BELFRY_STORE (HOLDING_STORE (store)->fixture->store));
}

static void
holding_store_iface_init (BelfryStoreInterface *iface)
{
  iface->read = holding_store_read;
  iface->set_listener = holding_store_set_listener;
  iface->get_epoch = holding_store_get_epoch;
}

static void
holding_store_class_init (HoldingStoreClass *klass)
{
}

static void
holding_store_init (HoldingStore *self)
{
}

static void holding_sink_iface_init (BelfrySessionSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HoldingSink,
                               holding_sink,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_SESSION_SINK,
                                                      holding_sink_iface_init))

static void
holding_sink_send (BelfrySessionSink *sink, guint64 connection, GBytes *text)
{
  HoldingSink *self = HOLDING_SINK (sink);

  g_queue_push_tail (&self->frames, g_bytes_ref (text));
  self->n_bytes += g_bytes_get_size (text);
  /* `registered` and `caught_up` need no credit. */
  g_assert_cmpuint (self->n_bytes, <=, BELFRY_CREDIT + 2048);
}

static void
holding_sink_close (BelfrySessionSink *sink, guint64 connection, guint close_code, GBytes *text)
{
  HOLDING_SINK (sink)->close_code = close_code;
}

static void
holding_sink_handled (BelfrySessionSink *sink, guint64 connection)
{
}

static void
holding_sink_iface_init (BelfrySessionSinkInterface *iface)
{
  iface->send = holding_sink_send;
  iface->close = holding_sink_close;
  iface->handled = holding_sink_handled;
}

static void
holding_sink_class_init (HoldingSinkClass *klass)
{
}

static void
holding_sink_init (HoldingSink *self)
{
}

void
holding_sink_drop_frames (HoldingSink *self)
{
  g_queue_clear_full (&self->frames, (GDestroyNotify) g_bytes_unref);
  self->n_bytes = 0;
}
