/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-socket.h"

G_BEGIN_DECLS

/* A thread with an epoll of its own, and the sockets that live in it. */
typedef struct _BelfryReactor BelfryReactor;

/* What the user of a reactor does in its thread. */
typedef struct
{
  void (*start) (BelfryReactor *reactor, gpointer user_data);

  /* A connection was accepted: set the owner of the socket */
  void (*accepted) (BelfryReactor *reactor, BelfrySocket *socket, gpointer user_data);

  /* belfry_reactor_wake() was called since the last time. */
  void (*woken) (BelfryReactor *reactor, gpointer user_data);

  /* Once a second. */
  void (*tick) (BelfryReactor *reactor, gpointer user_data);

  /* No socket is left: belfry_reactor_stop() ends after this. */
  void (*stop) (BelfryReactor *reactor, gpointer user_data);
} BelfryReactorFuncs;

BelfryReactor *
belfry_reactor_new (const char *name, const BelfryReactorFuncs *funcs, gpointer user_data);
void belfry_reactor_start (BelfryReactor *self);
void belfry_reactor_stop (BelfryReactor *self, gint64 grace);
gboolean belfry_reactor_has_ended (BelfryReactor *self);
void belfry_reactor_join (BelfryReactor *self);
void belfry_reactor_free (BelfryReactor *self);

void belfry_reactor_wake (BelfryReactor *self);
guint belfry_reactor_get_n_sockets (BelfryReactor *self);
gint64 belfry_reactor_get_now (BelfryReactor *self);

G_END_DECLS
