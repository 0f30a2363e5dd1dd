/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-transport.h"

#include "belfry-web-worker.h"

/* What the kernel took is reported in steps: the main thread counts with that. */
#define REPORT_STEP (16 * 1024)

/* Takes a place in @worker, and takes @peer (nullable) over. */
void
belfry_transport_init (BelfryTransport *self,
                       const BelfryTransportFuncs *funcs,
                       BelfryWebWorker *worker,
                       BelfrySocket *socket,
                       char *peer)
{
  self->funcs = funcs;
  self->worker = worker;
  self->socket = socket;
  self->peer = peer;
  self->since = belfry_web_worker_get_now (worker);
  self->handle = belfry_web_worker_enter (worker, self);
}

/* Makes it one of the connections that the server may have, which stays as long as it likes.
 *
 * Returns: FALSE if there are as many as there may be: then it is only good for being refused */
gboolean
belfry_transport_connect (BelfryTransport *self)
{
  self->slot = belfry_connection_limit_take (belfry_web_worker_get_limit (self->worker));
  belfry_socket_keep (self->socket);
  return self->slot != NULL;
}

void
belfry_transport_free (BelfryTransport *self)
{
  belfry_transport_leave (self);
  g_free (self->peer);
  self->funcs->free (self);
}

/* It no longer counts: its place is free, and the main thread forgets it. */
void
belfry_transport_leave (BelfryTransport *self)
{
  const BelfryWebEvent gone = { .connection = self->handle, .kind = BELFRY_WEB_GONE };

  if (self->left_at != 0)
    return;
  self->left_at = belfry_web_worker_get_now (self->worker);
  g_clear_pointer (&self->slot, belfry_connection_slot_free);
  if (self->opened)
    belfry_web_worker_tell (self->worker, &gone);
}

/* Nothing more is read. What was sent still arrives, without us. It is freed. */
void
belfry_transport_end (BelfryTransport *self)
{
  belfry_socket_set_owner (self->socket, NULL, NULL);
  belfry_socket_close (self->socket);
  belfry_web_worker_forget (self->worker, self);
}

/* Sends one frame. Nothing follows the last one. */
void
belfry_transport_send (BelfryTransport *self, GBytes *text)
{
  if (self->left_at == 0)
    self->funcs->send (self, text);
}

/* Sends @last (nullable), then ends the connection as @close_code says. It may be freed. */
void
belfry_transport_close (BelfryTransport *self, guint close_code, GBytes *last)
{
  if (self->left_at == 0)
    self->funcs->close (self, close_code, last);
}

/* Ends the connection for @reason. It may be freed. @id_json and @message: (nullable) */
void
belfry_transport_refuse (BelfryTransport *self,
                         BelfryCloseReason reason,
                         const char *id_json,
                         const char *message,
                         gint64 retry_after)
{
  g_autoptr (GBytes) last = belfry_close_reason_to_frame (reason, id_json, message, retry_after);

  belfry_transport_close (self, belfry_close_reason_get_close_code (reason), last);
}

void
belfry_transport_handled (BelfryTransport *self)
{
  self->funcs->handled (self);
}

void
belfry_transport_sweep (BelfryTransport *self, gint64 now)
{
  self->funcs->sweep (self, now);
}

static void
open_in_main (BelfryTransport *self)
{
  const BelfryWebEvent opened = {
    .connection = self->handle,
    .kind = BELFRY_WEB_OPENED,
    .payload = g_steal_pointer (&self->peer),
    .connected_at = g_get_real_time () - (belfry_web_worker_get_now (self->worker) - self->since),
  };

  self->opened = TRUE;
  belfry_web_worker_tell (self->worker, &opened);
}

/* Gives a frame to the main thread, which knows the connection from the first one on. Takes
 * @frame over. */
void
belfry_transport_forward (BelfryTransport *self, BelfryClientFrame *frame)
{
  const BelfryWebEvent event = { .connection = self->handle,
                                 .kind = BELFRY_WEB_FRAME,
                                 .payload = frame };

  if (!self->opened)
    open_in_main (self);
  belfry_web_worker_tell (self->worker, &event);
}

/* Tells the main thread what the kernel took. */
void
belfry_transport_report (BelfryTransport *self)
{
  BelfryWebEvent taken = { .connection = self->handle, .kind = BELFRY_WEB_TAKEN };

  self->unreported += belfry_socket_take_credit (self->socket);
  if (self->unreported < REPORT_STEP || !self->opened || self->left_at != 0)
    return;
  taken.bytes = self->unreported;
  self->unreported = 0;
  belfry_web_worker_tell (self->worker, &taken);
}

/* Whether something has waited for too long for the peer to read it. @now: monotonic, µs */
gboolean
belfry_transport_is_slow (BelfryTransport *self, gint64 now)
{
  return belfry_socket_get_queued (self->socket) > 0
         && now - belfry_socket_get_last_sent (self->socket) >= BELFRY_SLOW_TIME;
}
