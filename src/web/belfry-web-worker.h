/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-acceptor.h"
#include "belfry-mailbox.h"
#include "belfry-reactor.h"
#include "belfry-token-verifier.h"
#include "belfry-transport.h"
#include "belfry-web-options.h"
#include "belfry-web-wire.h"

G_BEGIN_DECLS

/* One reactor with the WebSockets and event streams that live there, and libsoup for everything
 * else. */

BelfryWebWorker *belfry_web_worker_new (guint number,
                                        const BelfryWebOptions *options,
                                        BelfryConnectionLimit *limit,
                                        BelfryTokenVerifier *verifier,
                                        const char *epoch,
                                        BelfryMailbox *events);
void belfry_web_worker_free (BelfryWebWorker *self);

BelfryReactor *belfry_web_worker_get_reactor (BelfryWebWorker *self);
void belfry_web_worker_own_acceptor (BelfryWebWorker *self, BelfryAcceptor *acceptor);
void belfry_web_worker_post (BelfryWebWorker *self, const BelfryWebCommand *command);
void belfry_web_worker_post_quietly (BelfryWebWorker *self, const BelfryWebCommand *command);
void belfry_web_worker_wake (BelfryWebWorker *self);

/* For its requests and sockets, in its thread. */
const BelfryWebOptions *belfry_web_worker_get_options (BelfryWebWorker *self);
guint8 *belfry_web_worker_get_buffer (BelfryWebWorker *self, gsize *size);
SoupMessageHeaders *belfry_web_worker_get_headers (BelfryWebWorker *self);
void belfry_web_worker_serve (BelfryWebWorker *self,
                              BelfrySocket *socket,
                              const guint8 *bytes,
                              gsize length);
BelfryTokenVerifier *belfry_web_worker_get_verifier (BelfryWebWorker *self);
gint64 belfry_web_worker_get_now (BelfryWebWorker *self);
BelfryConnectionLimit *belfry_web_worker_get_limit (BelfryWebWorker *self);
GBytes *belfry_web_worker_get_connected (BelfryWebWorker *self);
GBytes *belfry_web_worker_frame (BelfryWebWorker *self, GBytes *text);
GBytes *belfry_web_worker_event (BelfryWebWorker *self, GBytes *text);
void belfry_web_worker_tell (BelfryWebWorker *self, const BelfryWebEvent *event);
gboolean belfry_web_worker_begin_call (BelfryWebWorker *self, const char *user_id);
void belfry_web_worker_answer_call (BelfryWebWorker *self);
void belfry_web_worker_end_call (BelfryWebWorker *self, const char *user_id);
guint64 belfry_web_worker_enter (BelfryWebWorker *self, BelfryTransport *transport);
void belfry_web_worker_forget (BelfryWebWorker *self, BelfryTransport *transport);

G_END_DECLS
