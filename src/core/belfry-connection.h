/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-frame.h"
#include "belfry-close-reason.h"
#include "belfry-session-sink.h"

G_BEGIN_DECLS

/* The main thread's side of one connection to a client: what may be sent to it (credit), what it
 * has sent (its frames, handled in order), and as whom it is registered (its session). */
typedef struct _BelfryConnection BelfryConnection;
typedef struct _BelfrySession BelfrySession;
typedef struct _BelfrySessionRegistry BelfrySessionRegistry;

/* Bytes that may be handed over and not yet taken by the kernel. It bounds the memory that one
 * client can cost, whatever waits for it. */
#define BELFRY_CREDIT (256 * 1024)

/* The largest answer, or page, that is begun: so much credit is set aside for it. */
#define BELFRY_ANSWER_MAX (128 * 1024)

BelfryConnection *belfry_connection_new (BelfrySessionRegistry *registry,
                                         BelfrySessionSink *sink,
                                         guint64 handle,
                                         const char *peer,
                                         gint64 connected_at);
BelfryConnection *belfry_connection_ref (BelfryConnection *self);
void belfry_connection_unref (BelfryConnection *self);

const char *belfry_connection_get_peer (BelfryConnection *self);
gint64 belfry_connection_get_connected_at (BelfryConnection *self);
BelfrySession *belfry_connection_get_session (BelfryConnection *self);
void belfry_connection_set_session (BelfryConnection *self, BelfrySession *session);

void belfry_connection_receive (BelfryConnection *self, BelfryClientFrame *frame);
void belfry_connection_resume (BelfryConnection *self);
void belfry_connection_taken (BelfryConnection *self, gsize bytes);
void belfry_connection_gone (BelfryConnection *self);

gboolean belfry_connection_has_credit (BelfryConnection *self, gsize bytes);
gboolean belfry_connection_has_room (BelfryConnection *self);
void belfry_connection_send (BelfryConnection *self, GBytes *text);
void belfry_connection_close (BelfryConnection *self,
                              BelfryCloseReason reason,
                              const char *id_json,
                              const char *message);
void belfry_connection_disown_requests (BelfryConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryConnection, belfry_connection_unref)

G_END_DECLS
