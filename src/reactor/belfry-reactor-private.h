/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-cell.h"
#include "belfry-reactor.h"
#include "belfry-watch.h"

G_BEGIN_DECLS

/* How long things may take, in µs. They are for tests to change, before the reactor is started. */
typedef struct
{
  /* A request, until it has come and its answer is written, or until it has become something that
   * lasts: belfry_socket_keep(). libsoup answers one request of a connection. */
  gint64 request;

  /* A closed socket, until the peer has read the rest and closed, too. Closing at once could make
   * the kernel throw away what the peer has not read, an error frame, say. */
  gint64 linger;
} BelfryReactorTimes;

BelfryReactorTimes *belfry_reactor_get_times (BelfryReactor *self);

/* For the parts of the reactor, in its thread. */
void belfry_reactor_add_watch (BelfryReactor *self, int fd, guint32 events, BelfryWatch *watch);
void belfry_reactor_remove_watch (BelfryReactor *self, int fd);
void belfry_reactor_mark_cell (BelfryReactor *self, BelfryCell *cell);
BelfryCell *belfry_reactor_join_cell (BelfryReactor *self);
void belfry_reactor_part_cell (BelfryReactor *self, BelfryCell *cell);
void belfry_reactor_serve (BelfryReactor *self, BelfrySocket *socket);
void belfry_reactor_forget_socket (BelfryReactor *self, BelfrySocket *socket);
void belfry_reactor_set_deadline (BelfryReactor *self, BelfrySocket *socket, gint64 deadline);
gboolean belfry_reactor_is_stopping (BelfryReactor *self);

/* From any thread: the reactor takes the socket @fd over. */
void belfry_reactor_adopt (BelfryReactor *self, int fd);

G_END_DECLS
