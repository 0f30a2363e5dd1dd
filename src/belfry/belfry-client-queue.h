/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-link.h"

G_BEGIN_DECLS

/* A client's calls: those that wait for their turn, or for Belfry, and those in flight. It keeps
 * their order, bounds how many are in flight, repeats what may be repeated, and gives up in time.
 *
 * Calls come from any thread, and have their end in the thread of the links. */
typedef struct _BelfryClientQueue BelfryClientQueue;
typedef struct _BelfryClientCall BelfryClientCall;

/* One method of the bus interface. */
typedef struct
{
  const char *interface;
  const char *name;
  const char *reply_type;
  int timeout; /* ms; 0 for the default of GDBus, 25 seconds */
  /* Whether a call that may have been done can be done once more. NULL: never. */
  gboolean (*can_repeat) (GVariant *parameters);
  /* Belfry has done it. Called before the caller is told; NULL: for nothing. */
  void (*done) (gpointer agent, GVariant *parameters);
  gboolean of_no_use_later; /* to another Belfry than the one that is there */
} BelfryClientMethod;

/* Those of one lane go before all of the next. Those that open end when there is a connection. */
typedef enum
{
  BELFRY_CLIENT_LANE_RENEWAL,
  BELFRY_CLIENT_LANE_BLOCKING,
  BELFRY_CLIENT_LANE_ASYNC,
  BELFRY_CLIENT_LANE_OPENING,
} BelfryClientLane;

/* Takes @reply and @error over. */
typedef void (*BelfryClientCallFunc) (GVariant *reply, GError *error, gpointer user_data);

BelfryClientCall *belfry_client_call_new (BelfryClientLane lane,
                                          const BelfryClientMethod *method,
                                          GVariant *parameters,
                                          BelfryClientCallFunc func,
                                          gpointer user_data);

BelfryClientCall *belfry_client_call_ref (BelfryClientCall *self);

void belfry_client_call_unref (BelfryClientCall *self);

void belfry_client_call_cancel (BelfryClientCall *self);

void belfry_client_call_watch (BelfryClientCall *self,
                               GCancellable *cancellable,
                               GCallback cancelled,
                               gpointer user_data,
                               GClosureNotify destroy);

BelfryClientQueue *
belfry_client_queue_new (BelfryClientLink *link, void (*idle) (gpointer agent), gpointer agent);

void belfry_client_queue_free (BelfryClientQueue *self);

void belfry_client_queue_add (BelfryClientQueue *self, BelfryClientCall *call);

void belfry_client_queue_cancel (BelfryClientQueue *self, BelfryClientCall *call);

gboolean belfry_client_queue_is_idle (BelfryClientQueue *self);

void belfry_client_queue_set_patience (BelfryClientQueue *self, guint patience);

void belfry_client_queue_connected (BelfryClientQueue *self);

void belfry_client_queue_came (BelfryClientQueue *self);

void belfry_client_queue_went (BelfryClientQueue *self);

void belfry_client_queue_failed (BelfryClientQueue *self, const GError *error);

G_END_DECLS
