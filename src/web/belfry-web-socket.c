/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-socket.h"

#include "belfry-frame-parser.h"
#include "belfry-frames.h"
#include "belfry-rate-limit.h"
#include "belfry-web-worker.h"

/* Bytes of one message of a client. */
#define MESSAGE_MAX (64 * 1024)

/* Frames, and bytes of them, that the main thread may have of one client before no more is read. */
#define PENDING_FRAMES 64
#define PENDING_BYTES  (64 * 1024)

/* What the kernel took is reported in steps: the main thread counts with that. */
#define REPORT_STEP (16 * 1024)

#define REGISTRATION_TIME (30 * G_USEC_PER_SEC)
#define SLOW_TIME         (60 * G_USEC_PER_SEC)

/* How long a peer has to answer a Close. */
#define CLOSE_TIME (5 * G_USEC_PER_SEC)

struct _BelfryWebSocket
{
  BelfryWebWorker *worker;
  SoupWebsocketConnection *connection;
  BelfryStream *stream;
  BelfryFrameMeter *meter;
  guint64 handle;
  char *peer;                 /* until the main thread has it */
  BelfryConnectionSlot *slot; /* NULL as soon as it is sent away, or gone */
  BelfryRateLimit rate;
  gint64 since;       /* monotonic, µs: when it connected */
  gint64 quiet_since; /* monotonic, µs: the heartbeat counts from here at the earliest */
  gint64 left_at;     /* monotonic, µs: when it was sent away, or went; 0 before. Nothing that
                       * comes in afterwards counts */
  guint unreported;   /* bytes that the kernel took */
  guint pending_bytes;
  guint pending;    /* frames that the main thread has not dealt with; it can be over the bound */
  guint opened : 1; /* the main thread knows it */
  guint pinged : 1;
};

static gboolean on_received (BelfryStream *stream, BelfryFrameFault fault, gpointer owner);
static void on_sent (BelfryStream *stream, gpointer owner);

static const BelfryStreamOwner owner_funcs = { on_received, on_sent };

static gboolean
is_open (BelfryWebSocket *self)
{
  return soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

/* It no longer counts: its place is free, and the main thread forgets it. */
static void
leave (BelfryWebSocket *self)
{
  const BelfryWebEvent gone = { .connection = self->handle, .kind = BELFRY_WEB_GONE };

  if (self->left_at != 0)
    return;
  self->left_at = belfry_web_worker_get_now (self->worker);
  g_clear_pointer (&self->slot, belfry_connection_slot_free);
  if (self->opened)
    belfry_web_worker_tell (self->worker, &gone);
}

/* Sends one text frame, past libsoup: the bytes are the same for every client that gets it. */
void
belfry_web_socket_send (BelfryWebSocket *self, GBytes *text)
{
  /* A data frame must not follow a Close: RFC 6455, section 5.5.1. */
  if (self->left_at != 0 || !is_open (self))
    return;
  belfry_stream_send (self->stream, belfry_web_worker_frame (self->worker, text),
                      (guint) g_bytes_get_size (text));
}

static void
send_frame (BelfryWebSocket *self, GBytes *text)
{
  g_autoptr (GBytes) owned = text;

  belfry_web_socket_send (self, owned);
}

/* Sends @last (nullable), then a Close with @close_code. libsoup refuses some codes that RFC 6455's
 * registry has (1012, 1013), so the frame is written here; for libsoup the connection stays open
 * until the peer's Close comes, and what it answers to that is dropped. */
void
belfry_web_socket_close (BelfryWebSocket *self, guint close_code, GBytes *last)
{
  const guint8 frame[] = { 0x88, 0x02, (guint8) (close_code >> 8), (guint8) close_code };
  g_autoptr (GBytes) bytes = NULL;

  if (self->left_at != 0)
    return;
  if (last != NULL)
    belfry_web_socket_send (self, last);
  if (is_open (self))
    {
      bytes = g_bytes_new (frame, sizeof frame);
      belfry_stream_send (self->stream, bytes, 0);
      belfry_stream_end (self->stream);
    }
  leave (self);
}

/* Ends the connection for @reason. @id_json and @message: (nullable) */
void
belfry_web_socket_refuse (BelfryWebSocket *self,
                          BelfryCloseReason reason,
                          const char *id_json,
                          const char *message,
                          gint64 retry_after)
{
  g_autoptr (GBytes) last = belfry_close_reason_to_frame (reason, id_json, message, retry_after);

  belfry_web_socket_close (self, belfry_close_reason_get_close_code (reason), last);
}

/* The main thread has enough to do for this client. */
static gboolean
is_held (BelfryWebSocket *self)
{
  return self->pending >= PENDING_FRAMES || self->pending_bytes >= PENDING_BYTES;
}

static void
update_hold (BelfryWebSocket *self)
{
  belfry_stream_hold_input (self->stream, is_held (self));
}

/* Gives a frame to the main thread. Takes @frame over. */
static void
forward (BelfryWebSocket *self, BelfryClientFrame *frame, gsize size)
{
  const BelfryWebEvent event = { .connection = self->handle,
                                 .kind = BELFRY_WEB_FRAME,
                                 .payload = frame };

  self->pending++;
  self->pending_bytes += (guint) size;
  belfry_web_worker_tell (self->worker, &event);
  update_hold (self);
}

/* The main thread has dealt with a frame. */
void
belfry_web_socket_handled (BelfryWebSocket *self)
{
  if (self->pending > 0)
    self->pending--;
  /* Which one it was does not matter: when none is left, no bytes are. */
  if (self->pending == 0)
    self->pending_bytes = 0;
  update_hold (self);
}

/* Checks the token of a register. A bad one makes @frame fatal. */
static void
verify (BelfryWebSocket *self, BelfryClientFrame *frame, const char *text)
{
  g_auto (BelfryToken) token = { 0 };
  g_autoptr (GError) error = NULL;

  if (belfry_token_verifier_verify (belfry_web_worker_get_verifier (self->worker), text,
                                    g_get_real_time (), &token, &error))
    {
      frame->user_id = g_steal_pointer (&token.user_id);
      frame->expires_at = token.expires_at;
      return;
    }
  g_info ("A token was refused: %s", error->message);
  frame->kind = BELFRY_CLIENT_FRAME_FATAL;
  frame->reason = g_error_matches (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_EXPIRED)
                      ? BELFRY_CLOSE_TOKEN_EXPIRED
                      : BELFRY_CLOSE_INVALID_TOKEN;
  frame->text = g_strdup (error->message);
}

static void
open_in_main (BelfryWebSocket *self)
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

/* Answers a frame of somebody who is not registered. */
static void
answer_stranger (BelfryWebSocket *self, const BelfryClientFrame *frame)
{
  switch (frame->kind)
    {
    case BELFRY_CLIENT_FRAME_PING:
      if (frame->id_json != NULL)
        send_frame (self, belfry_frame_reply (frame->id_json, "{}"));
      return;
    case BELFRY_CLIENT_FRAME_FAULT:
      if (!g_str_equal (frame->code, "UNKNOWN_TYPE"))
        {
          send_frame (self, belfry_frame_error (frame->id_json, frame->code, frame->text, FALSE,
                                                BELFRY_NO_RETRY));
          return;
        }
      break;
    case BELFRY_CLIENT_FRAME_FATAL:
      belfry_web_socket_refuse (self, frame->reason, frame->id_json, frame->text, BELFRY_NO_RETRY);
      return;
    case BELFRY_CLIENT_FRAME_REGISTER:
    case BELFRY_CLIENT_FRAME_MESSAGE:
    default:
      break;
    }
  send_frame (self, belfry_frame_error (frame->id_json, "NOT_REGISTERED",
                                        "Only register and ping are possible before a register",
                                        FALSE, BELFRY_NO_RETRY));
}

static void
take_frame (BelfryWebSocket *self, BelfryClientFrame *owned, const char *token, gsize size)
{
  g_autoptr (BelfryClientFrame) frame = owned;

  if (frame->kind == BELFRY_CLIENT_FRAME_REGISTER)
    verify (self, frame, token);
  if (frame->kind == BELFRY_CLIENT_FRAME_REGISTER && !self->opened)
    open_in_main (self);
  if (self->opened)
    forward (self, g_steal_pointer (&frame), size);
  else
    answer_stranger (self, frame);
}

static void
on_message (SoupWebsocketConnection *connection,
            SoupWebsocketDataType type,
            GBytes *message,
            BelfryWebSocket *self)
{
  g_autofree char *token = NULL;
  gsize size;
  const char *text = g_bytes_get_data (message, &size);

  if (self->left_at != 0)
    return;
  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    {
      BelfryClientFrame *frame = belfry_frame_parser_parse (text, size, &token);

      take_frame (self, frame, token, size);
    }
  else
    take_frame (self,
                belfry_frame_parser_fault ("INVALID_MESSAGE", "expected text, not binary data"),
                NULL, size);
}

/* Bytes of frames are on their way to libsoup. Returning FALSE makes it close without a word, so
 * what there is to say is said here. */
static gboolean
on_received (BelfryStream *stream, BelfryFrameFault fault, gpointer owner)
{
  BelfryWebSocket *self = owner;
  guint n_frames = belfry_frame_meter_take_frames (self->meter);

  self->pinged = FALSE;
  if (self->left_at != 0)
    return TRUE;
  if (fault == BELFRY_FRAME_FAULT_CONTROL)
    belfry_web_socket_close (self, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR, NULL);
  else if (fault == BELFRY_FRAME_FAULT_TOO_LARGE)
    belfry_web_socket_close (self, SOUP_WEBSOCKET_CLOSE_TOO_BIG, NULL);
  else if (!belfry_rate_limit_take (&self->rate, n_frames,
                                    belfry_web_worker_get_now (self->worker)))
    belfry_web_socket_refuse (self, BELFRY_CLOSE_RATE_LIMITED, NULL, NULL, BELFRY_NO_RETRY);
  return self->left_at == 0;
}

static void
on_sent (BelfryStream *stream, gpointer owner)
{
  BelfryWebSocket *self = owner;
  BelfryWebEvent taken = { .connection = self->handle, .kind = BELFRY_WEB_TAKEN };

  self->unreported += belfry_stream_take_credit (stream);
  if (self->unreported < REPORT_STEP || !self->opened || self->left_at != 0)
    return;
  taken.bytes = self->unreported;
  self->unreported = 0;
  belfry_web_worker_tell (self->worker, &taken);
}

static void
on_closing (SoupWebsocketConnection *connection, BelfryWebSocket *self)
{
  leave (self);
}

static void
on_closed (SoupWebsocketConnection *connection, BelfryWebSocket *self)
{
  leave (self);
  belfry_web_worker_forget (self->worker, self);
}

/* Takes @peer and @slot over. @slot: (nullable): NULL if there was none */
BelfryWebSocket *
belfry_web_socket_new (BelfryWebWorker *worker,
                       SoupWebsocketConnection *connection,
                       guint64 handle,
                       char *peer,
                       BelfryConnectionSlot *slot)
{
  BelfryWebSocket *self = g_new0 (BelfryWebSocket, 1);
  g_autoptr (GIOStream) stream = NULL;

  /* libsoup has wrapped what it was given. */
  g_object_get (soup_websocket_connection_get_io_stream (connection), "base-iostream", &stream,
                NULL);
  self->worker = worker;
  self->connection = g_object_ref (connection);
  self->stream = g_object_ref (BELFRY_STREAM (stream));
  self->handle = handle;
  self->peer = peer;
  self->slot = slot;
  self->since = self->quiet_since = belfry_web_worker_get_now (worker);
  self->meter = belfry_stream_start_frames (self->stream, MESSAGE_MAX);
  belfry_stream_set_owner (self->stream, &owner_funcs, self);
  soup_websocket_connection_set_max_incoming_payload_size (connection, MESSAGE_MAX);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (connection, "closing", G_CALLBACK (on_closing), self);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  return self;
}

void
belfry_web_socket_free (BelfryWebSocket *self)
{
  leave (self);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  belfry_stream_set_owner (self->stream, NULL, NULL);
  g_object_unref (self->connection);
  g_object_unref (self->stream);
  g_free (self->peer);
  g_free (self);
}

guint64
belfry_web_socket_get_handle (BelfryWebSocket *self)
{
  return self->handle;
}

/* A WebSocket Ping without payload, as libsoup has no call for it. */
static void
ping (BelfryWebSocket *self)
{
  static const guint8 frame[] = { 0x89, 0x00 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (frame, sizeof frame);

  if (!is_open (self))
    return;
  belfry_stream_send (self->stream, bytes, 0);
  self->pinged = TRUE;
}

/* Looks once a second what has run out. @now: monotonic, µs */
void
belfry_web_socket_sweep (BelfryWebSocket *self, gint64 now)
{
  const gint64 heartbeat = BELFRY_HEARTBEAT * (gint64) 1000;
  gint64 silence;

  if (self->left_at != 0)
    {
      if (now - self->left_at >= CLOSE_TIME)
        belfry_stream_abort (self->stream);
      return;
    }
  if (!self->opened && now - self->since >= REGISTRATION_TIME)
    {
      belfry_web_socket_refuse (self, BELFRY_CLOSE_REGISTRATION_TIMEOUT, NULL, NULL,
                                BELFRY_NO_RETRY);
      return;
    }

  /* While something waits for the peer it is its reading that counts, not its silence. */
  if (belfry_stream_get_queued (self->stream) > 0)
    {
      self->quiet_since = now;
      if (now - belfry_stream_get_last_sent (self->stream) >= SLOW_TIME)
        belfry_web_socket_refuse (self, BELFRY_CLOSE_SLOW_CONSUMER, NULL, NULL, BELFRY_NO_RETRY);
      return;
    }
  /* What is not read cannot be heard. */
  if (is_held (self))
    self->quiet_since = now;
  silence = now - MAX (self->quiet_since, belfry_stream_get_last_received (self->stream));
  if (silence >= 2 * heartbeat)
    belfry_web_socket_close (self, SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, NULL);
  else if (silence >= heartbeat && !self->pinged)
    ping (self);
}
