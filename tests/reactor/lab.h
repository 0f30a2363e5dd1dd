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

#define LAB_PATIENCE (20 * G_USEC_PER_SEC)

/* What lab_write_much() writes, which no socket takes at once. */
#define LAB_CHUNK    10000
#define LAB_N_CHUNKS 200
#define LAB_MUCH     (LAB_CHUNK * LAB_N_CHUNKS)

typedef void (*LabFunc) (Lab *lab, gpointer user_data);
typedef gboolean (*LabCondition) (Lab *lab, gpointer user_data);

Lab *lab_new (void);
void lab_start (Lab *lab);
void lab_start_without_times (Lab *lab);
void lab_free (Lab *lab);
int lab_connect (Lab *lab, int type);
void lab_call (Lab *lab, LabFunc func, gpointer user_data);
void lab_wait (Lab *lab, LabCondition condition, gpointer user_data);
void lab_wait_sockets (Lab *lab, guint n);

void lab_write_much (Lab *lab, gpointer user_data);
gboolean lab_is_lingering (Lab *lab, gpointer user_data);

void lab_peer_send (int peer, const char *text);
void lab_peer_send_junk (int peer);
void lab_peer_receive_all (int peer, gsize length);
void lab_assert_event (GAsyncQueue *events, const char *expected);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lab, lab_free)
