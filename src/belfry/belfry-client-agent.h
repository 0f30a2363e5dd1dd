/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-queue.h"
#include "belfry-client.h"

G_BEGIN_DECLS

/* What works for a client in the thread of the links, so that it does so whatever the program's
 * threads do: it carries calls there, and what Belfry tells to the client's main context, and keeps
 * what has to be said again to a Belfry that was started anew. */
typedef struct
{
  gatomicrefcount ref_count;
  GWeakRef client;
  GMainContext *context; /* where the client's signals are emitted */

  GMutex mutex;                /* over the next three */
  GQueue incoming;             /* calls that have not come to the queue yet */
  GDBusConnection *connection; /* the link's, or NULL */
  gboolean available;
  int patience; /* s, atomic */

  /* The rest is of the thread of the links. */
  BelfryClientLink *link; /* NULL when the client has gone */
  BelfryClientQueue *queue;
  gboolean closing;
  GVariant *subscription; /* the arguments of Subscribe, or NULL */
  GHashTable *types;      /* a set, those that are handled */
} BelfryClientAgent;

typedef void (*BelfryClientTellFunc) (BelfryClient *client, gpointer data);

BelfryClientAgent *belfry_client_agent_new (BelfryClient *client, const char *bus);

BelfryClientAgent *belfry_client_agent_ref (BelfryClientAgent *self);

void belfry_client_agent_unref (BelfryClientAgent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryClientAgent, belfry_client_agent_unref)

void belfry_client_agent_close (BelfryClientAgent *self);

void belfry_client_agent_set_patience (BelfryClientAgent *self, guint patience);

gboolean belfry_client_agent_get_available (BelfryClientAgent *self);

GDBusConnection *belfry_client_agent_ref_connection (BelfryClientAgent *self);

void belfry_client_agent_call (BelfryClientAgent *self,
                               BelfryClientCall *call,
                               GCancellable *cancellable);

void belfry_client_agent_tell (BelfryClientAgent *self,
                               BelfryClientTellFunc func,
                               gpointer data,
                               GDestroyNotify destroy);

G_END_DECLS
