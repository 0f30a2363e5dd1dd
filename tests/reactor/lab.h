/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-reactor-private.h"
#include "belfry-socket-private.h"
#include "belfry-stream-private.h"

/* One reactor without libsoup, and what a test needs to look into its thread. */
typedef struct
{
  BelfryReactor *reactor;
  gboolean bare;        /* no stream is made of a socket */
  const char *received; /* what is said to have come on a socket before its stream was made */
  BelfrySocket *socket; /* the last one that was accepted */
  BelfryStream *stream; /* made of it, referenced */
  guint n_accepted;
  guint n_in_turn;
  guint most_in_turn; /* accepted between two sleeps of the reactor */
  gint64 last_turn;
  gpointer user_data; /* the test's own */
  GAsyncQueue *calls;
  GAsyncQueue *answers;
} Lab;

typedef void (*LabFunc) (Lab *lab, gpointer user_data);
typedef gboolean (*LabCondition) (Lab *lab, gpointer user_data);

Lab *lab_new (void);
void lab_start (Lab *lab);
void lab_free (Lab *lab);
int lab_connect (Lab *lab, int type);
void lab_call (Lab *lab, LabFunc func, gpointer user_data);
void lab_wait (Lab *lab, LabCondition condition, gpointer user_data);
void lab_wait_sockets (Lab *lab, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lab, lab_free)
