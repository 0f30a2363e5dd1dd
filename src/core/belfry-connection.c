/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-connection.h"

#include "belfry-argument.h"
#include "belfry-frames.h"
#include "belfry-handler-chain-private.h"
#include "belfry-request.h"
#include "belfry-session-private.h"
#include "belfry-session-registry-private.h"

/* A connection may have so many requests open that wait for a reply of a handler. Belfry's own do
 * not count: of those there is one at a time. */
#define MAX_WAITING_REQUESTS 32

/* What a frame adds to the data in it. */
#define FRAME_OVERHEAD 1024

/* The sink reports in steps, so up to this much of what the kernel took may not be reported. Any
 * one frame must fit beside it, or it would wait for ever. */
#define UNREPORTED_MAX (32 * 1024)
G_STATIC_ASSERT (BELFRY_DATA_MAX + FRAME_OVERHEAD + UNREPORTED_MAX <= BELFRY_CREDIT);

struct _BelfryConnection
{
  grefcount ref_count;
  BelfrySessionRegistry *registry; /* unowned: it outlives its connections */
  BelfrySessionSink *sink;         /* NULL once it is closed or gone */
  guint64 handle;
  char *peer;
  gint64 connected_at;

  BelfrySession *session;
  gsize out; /* bytes handed over, and not known to be taken */
  GQueue frames;
  BelfryRequests requests;
  gboolean waiting;    /* the frame that was handled last must be answered before the next one */
  gboolean processing; /* guards against itself */
};

/* @connected_at: µs since 1970 */
BelfryConnection *
belfry_connection_new (BelfrySessionRegistry *registry,
                       BelfrySessionSink *sink,
                       guint64 handle,
                       const char *peer,
                       gint64 connected_at)
{
  BelfryConnection *self = g_new0 (BelfryConnection, 1);

  g_ref_count_init (&self->ref_count);
  self->registry = registry;
  self->sink = g_object_ref (sink);
  self->handle = handle;
  self->peer = g_strdup (peer);
  self->connected_at = connected_at;
  return self;
}

BelfryConnection *
belfry_connection_ref (BelfryConnection *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_connection_unref (BelfryConnection *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  belfry_connection_gone (self);
  g_free (self->peer);
  g_free (self);
}

const char *
belfry_connection_get_peer (BelfryConnection *self)
{
  return self->peer;
}

gint64
belfry_connection_get_connected_at (BelfryConnection *self)
{
  return self->connected_at;
}

BelfrySession *
belfry_connection_get_session (BelfryConnection *self)
{
  return self->session;
}

void
belfry_connection_set_session (BelfryConnection *self, BelfrySession *session)
{
  g_set_object (&self->session, session);
}

/* Whether a frame of @bytes may be handed over. While an answer is being made, the room that it
 * will take is set aside. */
gboolean
belfry_connection_has_credit (BelfryConnection *self, gsize bytes)
{
  gsize reserved = self->waiting ? BELFRY_ANSWER_MAX + FRAME_OVERHEAD : 0;

  return self->out + reserved + bytes <= BELFRY_CREDIT;
}

/* Whether an answer or a page may be begun. */
gboolean
belfry_connection_has_room (BelfryConnection *self)
{
  return belfry_connection_has_credit (self, BELFRY_ANSWER_MAX);
}

void
belfry_connection_send (BelfryConnection *self, GBytes *text)
{
  if (self->sink == NULL)
    return;
  self->out += g_bytes_get_size (text);
  belfry_session_sink_send (self->sink, self->handle, text);
}

static void
send_frame (BelfryConnection *self, GBytes *text)
{
  g_autoptr (GBytes) owned = text;

  belfry_connection_send (self, owned);
}

/* Ends the connection from this side: its place is free at once. */
void
belfry_connection_close (BelfryConnection *self,
                         BelfryCloseReason reason,
                         const char *id_json,
                         const char *message)
{
  g_autoptr (GBytes) last = NULL;

  if (self->sink == NULL)
    return;
  last = belfry_close_reason_to_frame (reason, id_json, message, BELFRY_NO_RETRY);
  belfry_session_sink_close (self->sink, self->handle, belfry_close_reason_get_close_code (reason),
                             last);
  belfry_connection_gone (self);
}

/* The client has gone, or is being sent away. */
void
belfry_connection_gone (BelfryConnection *self)
{
  g_autoptr (BelfrySession) session = g_steal_pointer (&self->session);

  g_clear_object (&self->sink);
  g_queue_clear_full (&self->frames, (GDestroyNotify) belfry_client_frame_free);
  belfry_requests_disown (&self->requests);
  if (session != NULL)
    belfry_session_end (session);
}

void
belfry_connection_disown_requests (BelfryConnection *self)
{
  belfry_requests_disown (&self->requests);
}

static void
on_answer (BelfryMessage *message,
           const char *id_json,
           const char *code,
           const char *text,
           gpointer user_data)
{
  g_autoptr (BelfryConnection) self = belfry_connection_ref (user_data);
  gboolean in_order = belfry_message_get_in_order (message);

  if (in_order)
    self->waiting = FALSE;

  if (code != NULL)
    {
      send_frame (self, belfry_frame_error (id_json, code, text, FALSE, BELFRY_NO_RETRY));
    }
  else if (id_json != NULL)
    {
      g_autoptr (GBytes) reply = belfry_frame_reply (id_json, text);

      /* For an answer in order there is room; a late one may find none. Then the client at least
       * learns that there was one. */
      if (in_order || belfry_connection_has_credit (self, g_bytes_get_size (reply)))
        belfry_connection_send (self, reply);
      else
        send_frame (self, belfry_frame_error (id_json, "BUSY",
                                              "The answer was dropped, because too much of what "
                                              "was sent before has not been read",
                                              FALSE, BELFRY_NO_RETRY));
    }
  if (in_order)
    belfry_connection_resume (self);
}

static void
handle_message (BelfryConnection *self, BelfryClientFrame *frame)
{
  /* A handler may disconnect it. */
  g_autoptr (BelfrySession) session = g_object_ref (self->session);
  g_autoptr (BelfryMessage) message = NULL;

  if (frame->id_json != NULL && self->requests.n_waiting >= MAX_WAITING_REQUESTS
      && !belfry_type_is_reserved (frame->type))
    {
      send_frame (self, belfry_frame_error (frame->id_json, "BUSY",
                                            "Too many requests of this session are open", FALSE,
                                            BELFRY_NO_RETRY));
      return;
    }

  message = belfry_message_new (frame->type, frame->data, -1, belfry_session_get_id (session),
                                belfry_session_get_user_id (session), frame->id_json != NULL);
  belfry_requests_add (&self->requests, belfry_session_registry_get_clock (self->registry), message,
                       frame->id_json, on_answer, self);
  belfry_handler_chain_handle (belfry_session_registry_get_chain (self->registry), session,
                               message);
  self->waiting = belfry_message_get_in_order (message) && !belfry_message_is_answered (message);
}

static void
handle_frame (BelfryConnection *self, BelfryClientFrame *frame)
{
  switch (frame->kind)
    {
    case BELFRY_CLIENT_FRAME_REGISTER:
      self->waiting = TRUE;
      belfry_session_registry_register (self->registry, self, frame);
      break;
    case BELFRY_CLIENT_FRAME_PING:
      if (frame->id_json != NULL)
        send_frame (self, belfry_frame_reply (frame->id_json, "{}"));
      break;
    case BELFRY_CLIENT_FRAME_MESSAGE:
      handle_message (self, frame);
      break;
    case BELFRY_CLIENT_FRAME_FAULT:
      send_frame (self, belfry_frame_error (frame->id_json, frame->code, frame->text, FALSE,
                                            BELFRY_NO_RETRY));
      break;
    case BELFRY_CLIENT_FRAME_FATAL:
      belfry_connection_close (self, frame->reason, frame->id_json, frame->text);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Handles the frames that wait, one after the other, as far as the client reads the answers. */
static void
process (BelfryConnection *self)
{
  g_autoptr (BelfryConnection) alive = NULL;

  if (self->processing)
    return;
  alive = belfry_connection_ref (self);
  self->processing = TRUE;
  while (self->sink != NULL && !self->waiting && belfry_connection_has_room (self))
    {
      g_autoptr (BelfryClientFrame) frame = g_queue_pop_head (&self->frames);

      if (frame == NULL)
        break;
      handle_frame (self, frame);
      if (self->sink != NULL)
        belfry_session_sink_handled (self->sink, self->handle);
    }
  self->processing = FALSE;
}

/* The client sent a frame, which is taken over. */
void
belfry_connection_receive (BelfryConnection *self, BelfryClientFrame *frame)
{
  g_queue_push_tail (&self->frames, frame);
  process (self);
}

/* There may be more room than before. */
static void
go_on (BelfryConnection *self)
{
  if (self->session != NULL)
    belfry_session_catch_up (self->session);
  process (self);
}

/* What the next frame had to wait for is done. */
void
belfry_connection_resume (BelfryConnection *self)
{
  self->waiting = FALSE;
  go_on (self);
}

/* The kernel took @bytes of what was handed over. */
void
belfry_connection_taken (BelfryConnection *self, gsize bytes)
{
  self->out -= MIN (bytes, self->out);
  go_on (self);
}
