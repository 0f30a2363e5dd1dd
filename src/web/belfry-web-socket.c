/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-socket.h"

#include <errno.h>
#include <string.h>

#include "belfry-frame-parser.h"
#include "belfry-frame-reader.h"
#include "belfry-frames.h"
#include "belfry-rate-limit.h"
#include "belfry-web-worker.h"

/* Bytes of one message of a client. */
#define MESSAGE_MAX (64 * 1024)

/* Frames, and bytes of them, that the main thread may have of one client before no more is read. */
#define PENDING_FRAMES 64
#define PENDING_BYTES  (64 * 1024)

/* RFC 6455, section 5.2. */
#define OPCODE_CLOSE 0x8
#define OPCODE_PING  0x9
#define OPCODE_PONG  0xa
#define CONTROL_MAX  125

/* How long a peer has to answer a Close. */
#define CLOSE_TIME (5 * G_USEC_PER_SEC)

struct _BelfryWebSocket
{
  BelfryTransport transport;
  BelfryFrameReader reader;
  BelfryRateLimit rate;
  gint64 quiet_since; /* monotonic, µs: the heartbeat counts from here at the earliest */
  guint pending_bytes;
  guint pending; /* frames that the main thread has not dealt with; it can be over the bound */
  guint pinged : 1;
};

static BelfryWebSocket *
web_socket_of (BelfryTransport *transport)
{
  return (BelfryWebSocket *) transport;
}

/* Sends one text frame: its bytes are the same for every client that gets it. A data frame must not
 * follow a Close (RFC 6455, section 5.5.1): belfry_transport_send() sees to it. */
static void
web_socket_send (BelfryTransport *transport, GBytes *text)
{
  belfry_socket_send (transport->socket, belfry_web_worker_frame (transport->worker, text),
                      (guint) g_bytes_get_size (text));
}

static void
send_frame (BelfryWebSocket *self, GBytes *text)
{
  g_autoptr (GBytes) owned = text;

  belfry_transport_send (&self->transport, owned);
}

/* Sends a control frame, which has at most 125 bytes of payload. */
static void
send_control (BelfryWebSocket *self, guint8 opcode, const guint8 *payload, gsize length)
{
  guint8 frame[2 + CONTROL_MAX];
  g_autoptr (GBytes) bytes = NULL;

  frame[0] = 0x80 | opcode;
  frame[1] = (guint8) length;
  if (length > 0)
    memcpy (frame + 2, payload, length);
  bytes = g_bytes_new (frame, 2 + length);
  belfry_socket_send (self->transport.socket, bytes, 0);
}

/* Sends a Close as the last frame of all. */
static void
send_close (BelfryWebSocket *self, guint close_code)
{
  const guint8 payload[] = { (guint8) (close_code >> 8), (guint8) close_code };

  send_control (self, OPCODE_CLOSE, payload,
                close_code == BELFRY_CLOSE_CODE_NO_STATUS ? 0 : sizeof payload);
  belfry_transport_leave (&self->transport);
}

/* Sends @last (nullable), then a Close with @close_code. The connection is closed when the peer's
 * Close has come, or when it does not come in time. */
static void
web_socket_close (BelfryTransport *transport, guint close_code, GBytes *last)
{
  if (last != NULL)
    web_socket_send (transport, last);
  send_close (web_socket_of (transport), close_code);
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
  belfry_socket_hold_input (self->transport.socket, is_held (self));
}

/* Gives a frame to the main thread. Takes @frame over. */
static void
forward (BelfryWebSocket *self, BelfryClientFrame *frame, gsize size)
{
  self->pending++;
  self->pending_bytes += (guint) size;
  belfry_transport_forward (&self->transport, frame);
  update_hold (self);
}

/* The main thread has dealt with a frame. */
static void
web_socket_handled (BelfryTransport *transport)
{
  BelfryWebSocket *self = web_socket_of (transport);

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

  if (belfry_token_verifier_verify (belfry_web_worker_get_verifier (self->transport.worker), text,
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
      belfry_transport_refuse (&self->transport, frame->reason, frame->id_json, frame->text,
                               BELFRY_NO_RETRY);
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
  if (frame->kind == BELFRY_CLIENT_FRAME_REGISTER || self->transport.opened)
    forward (self, g_steal_pointer (&frame), size);
  else
    answer_stranger (self, frame);
}

static void
take_message (BelfryWebSocket *self, BelfryFrameKind kind, const BelfryFrame *frame)
{
  g_autofree char *token = NULL;
  BelfryClientFrame *parsed;

  if (kind == BELFRY_FRAME_TEXT)
    parsed = belfry_frame_parser_parse ((const char *) frame->payload, frame->length, &token);
  else
    parsed = belfry_frame_parser_fault ("INVALID_MESSAGE", "expected text, not binary data");
  take_frame (self, parsed, token, frame->length);
}

/* Returns: FALSE if it is the last frame of the connection */
static gboolean
handle (BelfryWebSocket *self, BelfryFrameKind kind, const BelfryFrame *frame)
{
  /* Of one that was sent away, its Close is waited for. */
  if (self->transport.left_at != 0)
    return kind != BELFRY_FRAME_CLOSE && kind != BELFRY_FRAME_FAULT;
  /* Frames of all kinds count, pings and fragments, too. */
  if (kind != BELFRY_FRAME_FAULT
      && !belfry_rate_limit_take (&self->rate, 1,
                                  belfry_web_worker_get_now (self->transport.worker)))
    {
      belfry_transport_refuse (&self->transport, BELFRY_CLOSE_RATE_LIMITED, NULL, NULL,
                               BELFRY_NO_RETRY);
      return FALSE;
    }

  switch (kind)
    {
    case BELFRY_FRAME_TEXT:
    case BELFRY_FRAME_BINARY:
      take_message (self, kind, frame);
      return TRUE;
    case BELFRY_FRAME_PING:
      send_control (self, OPCODE_PONG, frame->payload, frame->length);
      return TRUE;
    case BELFRY_FRAME_CLOSE:
    case BELFRY_FRAME_FAULT:
      send_close (self, frame->close_code);
      return FALSE;
    case BELFRY_FRAME_PART:
    case BELFRY_FRAME_PONG:
    case BELFRY_FRAME_NONE:
    default:
      return TRUE;
    }
}

/* Handles the frames in @bytes, which are changed. It may be freed afterwards. */
void
belfry_web_socket_take (BelfryWebSocket *self, guint8 *bytes, gsize length)
{
  BelfryFrameKind kind;
  BelfryFrame frame;

  self->pinged = FALSE;
  while ((kind = belfry_frame_reader_next (&self->reader, &bytes, &length, MESSAGE_MAX, &frame))
         != BELFRY_FRAME_NONE)
    if (!handle (self, kind, &frame))
      {
        belfry_transport_end (&self->transport);
        return;
      }
}

static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  BelfryWebSocket *self = owner;
  gsize size;
  guint8 *buffer = belfry_web_worker_get_buffer (self->transport.worker, &size);
  gssize n = belfry_socket_read (socket, buffer, size);

  if (n > 0)
    belfry_web_socket_take (self, buffer, (gsize) n);
  else if (n != -EAGAIN)
    belfry_transport_end (&self->transport);
}

static void
on_sent (BelfrySocket *socket, gpointer owner)
{
  BelfryWebSocket *self = owner;

  belfry_transport_report (&self->transport);
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  BelfryWebSocket *self = owner;

  belfry_web_worker_forget (self->transport.worker, &self->transport);
}

static const BelfrySocketOwner owner_funcs = { on_ready, on_sent, on_gone };

static void
web_socket_free (BelfryTransport *transport)
{
  BelfryWebSocket *self = web_socket_of (transport);

  belfry_frame_reader_clear (&self->reader);
  g_free (self);
}

static void
web_socket_sweep (BelfryTransport *transport, gint64 now)
{
  BelfryWebSocket *self = web_socket_of (transport);
  const gint64 heartbeat = BELFRY_HEARTBEAT * (gint64) 1000;
  gint64 silence;

  if (self->transport.left_at != 0)
    {
      if (now - self->transport.left_at >= CLOSE_TIME)
        belfry_socket_abort (self->transport.socket);
      return;
    }
  if (!self->transport.opened && now - self->transport.since >= BELFRY_REGISTRATION_TIME)
    {
      belfry_transport_refuse (transport, BELFRY_CLOSE_REGISTRATION_TIMEOUT, NULL, NULL,
                               BELFRY_NO_RETRY);
      return;
    }

  /* While something waits for the peer it is its reading that counts, not its silence. */
  if (belfry_socket_get_queued (self->transport.socket) > 0)
    {
      self->quiet_since = now;
      if (belfry_transport_is_slow (transport, now))
        belfry_transport_refuse (transport, BELFRY_CLOSE_SLOW_CONSUMER, NULL, NULL,
                                 BELFRY_NO_RETRY);
      return;
    }
  /* What is not read cannot be heard. */
  if (is_held (self))
    self->quiet_since = now;
  silence = now - MAX (self->quiet_since, belfry_socket_get_last_received (self->transport.socket));
  if (silence >= 2 * heartbeat)
    belfry_transport_close (transport, BELFRY_CLOSE_CODE_SERVER_ERROR, NULL);
  else if (silence >= heartbeat && !self->pinged)
    {
      send_control (self, OPCODE_PING, NULL, 0);
      self->pinged = TRUE;
    }
}

static const BelfryTransportFuncs transport_funcs = {
  web_socket_send, web_socket_close, web_socket_handled, web_socket_sweep, web_socket_free,
};

/* Makes a WebSocket of @socket, with which hands were shaken. Takes @peer over.
 *
 * Returns: (transfer none): the WebSocket, which is freed when its connection ends */
BelfryWebSocket *
belfry_web_socket_begin (BelfryWebWorker *worker, BelfrySocket *socket, char *peer)
{
  BelfryWebSocket *self = g_new0 (BelfryWebSocket, 1);

  self->quiet_since = belfry_web_worker_get_now (worker);
  belfry_socket_set_owner (socket, &owner_funcs, self);
  belfry_transport_init (&self->transport, &transport_funcs, worker, socket, peer);
  if (belfry_transport_connect (&self->transport))
    belfry_transport_send (&self->transport, belfry_web_worker_get_connected (worker));
  else
    belfry_transport_refuse (&self->transport, BELFRY_CLOSE_LIMIT_TOTAL, NULL, NULL,
                             BELFRY_NO_RETRY);
  return self;
}
