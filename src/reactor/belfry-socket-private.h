/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-reactor.h"
#include "belfry-socket.h"
#include "belfry-watch.h"

G_BEGIN_DECLS

typedef enum
{
  BELFRY_SOCKET_OPEN,
  BELFRY_SOCKET_CLOSING,   /* its owner has closed it; what is queued is still sent */
  BELFRY_SOCKET_LINGERING, /* all is sent; waiting for the peer to close, too */
  BELFRY_SOCKET_CLOSED,
} BelfrySocketState;

typedef struct _BelfryChunk BelfryChunk;

struct _BelfrySocket
{
  BelfryReactor *reactor;
  BelfryWatch watch;
  const BelfrySocketOwner *owner_funcs;
  gpointer owner;
  int fd;
  guint place; /* among the sockets of the reactor */
  int broken;  /* errno of what has failed for good, or 0 */
  guint state : 2;
  guint to_serve : 1; /* it is on the reactor's list of sockets to serve */
  guint readable : 1; /* the kernel may have more for us */
  guint hang_up : 1;  /* the peer sends no more: a short read is not the last event */
  guint held : 1;     /* the owner wants nothing to be read */
  guint alert : 1;    /* the owner is to be told that it can read */
  guint writable : 1;
  gint64 deadline;      /* monotonic, µs: of the request, or of the lingering; 0 for none */
  GList expiring;       /* its link among those that have a deadline */
  gint64 last_received; /* monotonic, µs */
  gint64 last_sent;     /* monotonic, µs: when the queue last shrank or began */

  /* Output: belfry-socket-output.c */
  BelfryChunk *first;
  BelfryChunk *last;
  gsize queued;      /* bytes in the queue */
  gsize head_offset; /* of the first chunk: so much has been sent */
  guint credit;      /* of the chunks that have been sent since the last look */
};

int belfry_socket_get_fault (BelfrySocket *self);

void belfry_socket_flush (BelfrySocket *self);
void belfry_socket_clear_output (BelfrySocket *self);

BelfrySocket *belfry_socket_new (BelfryReactor *reactor, int fd);
void belfry_socket_serve (BelfrySocket *self);
void belfry_socket_break (BelfrySocket *self, int errnum);
void belfry_socket_expire (BelfrySocket *self);

G_END_DECLS
