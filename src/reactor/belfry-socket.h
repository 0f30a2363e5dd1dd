/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A connected socket in a reactor. It belongs to the reactor's thread. There may be very many, so
 * it is a plain struct: neither an object nor a source of a main context.
 *
 * Writing never blocks and never fails for want of room: what is written is kept whole and sent at
 * the end of the turn, together with everything else for this socket. */
typedef struct _BelfrySocket BelfrySocket;

/* Who uses the socket. It is told of what happens at the end of the reactor's turn. */
typedef struct
{
  /* belfry_socket_read() has something to say. It is called once for each thing that comes; what is
   * not read then has to be read some other time. */
  void (*ready) (BelfrySocket *socket, gpointer owner);

  /* The kernel has taken what had credit: belfry_socket_take_credit(). Nullable. */
  void (*sent) (BelfrySocket *socket, gpointer owner);

  /* The last call: the socket is freed. */
  void (*gone) (BelfrySocket *socket, gpointer owner);
} BelfrySocketOwner;

void belfry_socket_set_owner (BelfrySocket *self, const BelfrySocketOwner *funcs, gpointer owner);
void belfry_socket_keep (BelfrySocket *self);

gssize belfry_socket_read (BelfrySocket *self, void *buffer, gsize count);
gboolean belfry_socket_is_readable (BelfrySocket *self);
void belfry_socket_hold_input (BelfrySocket *self, gboolean hold);

void belfry_socket_send (BelfrySocket *self, GBytes *bytes, guint credit);
guint belfry_socket_take_credit (BelfrySocket *self);
gsize belfry_socket_get_queued (BelfrySocket *self);

gint64 belfry_socket_get_last_received (BelfrySocket *self);
gint64 belfry_socket_get_last_sent (BelfrySocket *self);
GSocketAddress *belfry_socket_get_local_address (BelfrySocket *self);
GSocketAddress *belfry_socket_get_remote_address (BelfrySocket *self);

char *belfry_socket_dup_peer (BelfrySocket *self);

void belfry_socket_close (BelfrySocket *self);
void belfry_socket_abort (BelfrySocket *self);

G_END_DECLS
