/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-message-private.h"

G_BEGIN_DECLS

/* Requests: messages that were given to a handler and are not answered yet. */

/* How long a handler has to answer a message that wants a reply, in µs. */
#define BELFRY_REQUEST_TIMEOUT (30 * G_USEC_PER_SEC)

/* Those of one connection. It starts zeroed. */
typedef struct
{
  GQueue open;
  guint n_waiting; /* how many of them want a reply */
} BelfryRequests;

/* All that want a reply, the oldest first: as each has the same time, this is also the order in
 * which they run out. It starts zeroed. */
typedef struct
{
  GQueue waiting;
} BelfryRequestClock;

/* The answer of a request. @id_json is NULL if the client gave no id, and so wants no reply.
 * @code is NULL if @text is the data of a reply. */
typedef void (*BelfryRequestAnswerFunc) (BelfryMessage *message,
                                         const char *id_json,
                                         const char *code,
                                         const char *text,
                                         gpointer user_data);

void belfry_requests_add (BelfryRequests *self,
                          BelfryRequestClock *clock,
                          BelfryMessage *message,
                          const char *id_json,
                          BelfryRequestAnswerFunc answer,
                          gpointer user_data);
void belfry_requests_disown (BelfryRequests *self);
void belfry_request_clock_sweep (BelfryRequestClock *self, gint64 now);

G_END_DECLS
