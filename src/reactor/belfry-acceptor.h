/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-reactor.h"

G_BEGIN_DECLS

/* Accepts connections on one address and hands them to the reactor with the fewest. It lives in
 * the first reactor. */
typedef struct _BelfryAcceptor BelfryAcceptor;

BelfryAcceptor *belfry_acceptor_new (GSocketAddress *address,
                                     BelfryReactor *const *reactors,
                                     guint n_reactors,
                                     GError **error);
BelfryAcceptor *belfry_acceptor_new_for_socket (int fd,
                                                BelfryReactor *const *reactors,
                                                guint n_reactors,
                                                GError **error);
void belfry_acceptor_close (BelfryAcceptor *self);
void belfry_acceptor_free (BelfryAcceptor *self);
GSocketAddress *belfry_acceptor_get_address (BelfryAcceptor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryAcceptor, belfry_acceptor_free)

G_END_DECLS
