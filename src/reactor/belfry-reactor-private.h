/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-cell.h"
#include "belfry-reactor.h"
#include "belfry-watch.h"

G_BEGIN_DECLS

/* For the parts of the reactor, in its thread. */
void belfry_reactor_add_watch (BelfryReactor *self, int fd, guint32 events, BelfryWatch *watch);
void belfry_reactor_remove_watch (BelfryReactor *self, int fd);
void belfry_reactor_mark_cell (BelfryReactor *self, BelfryCell *cell);
void belfry_reactor_serve (BelfryReactor *self, BelfryStream *stream);
void belfry_reactor_forget_stream (BelfryReactor *self, BelfryStream *stream);

/* From any thread: the reactor takes the socket @fd over. @local and @remote are referenced. */
void
belfry_reactor_adopt (BelfryReactor *self, int fd, GSocketAddress *local, GSocketAddress *remote);

G_END_DECLS
