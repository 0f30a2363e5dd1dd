/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-event-stream.h"

#include <errno.h>
#include <string.h>

#include "belfry-argument.h"
#include "belfry-bearer.h"
#include "belfry-event-text.h"
#include "belfry-frames.h"
#include "belfry-problem.h"
#include "belfry-web-answer.h"
#include "belfry-web-worker.h"

/* A line that says nothing: it shows both sides, and proxies, that the other is there. */
#define COMMENT ":\n\n"

struct _BelfryEventStream
{
  BelfryTransport transport;
  char *cors;     /* headers of the answer; NULL once it has begun */
  gint64 told_at; /* monotonic, µs: when something was sent last */
};

static BelfryEventStream *
stream_of (BelfryTransport *transport)
{
  return (BelfryEventStream *) transport;
}

static void
write_text (BelfryEventStream *self, char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  belfry_socket_send (self->transport.socket, bytes, 0);
}

/* The client is registered: its stream begins. */
static void
begin (BelfryEventStream *self)
{
  BelfryWebWorker *worker = self->transport.worker;
  g_autofree char *cors = g_steal_pointer (&self->cors);

  write_text (self, g_strconcat ("HTTP/1.1 200 OK\r\n"
                                 "Server: Belfry\r\n"
                                 "Content-Type: text/event-stream\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "X-Accel-Buffering: no\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: close\r\n",
                                 cors, "\r\n", NULL));
  belfry_socket_send (self->transport.socket,
                      belfry_web_worker_event (worker, belfry_web_worker_get_connected (worker)),
                      0);
}

static void
event_stream_send (BelfryTransport *transport, GBytes *text)
{
  BelfryEventStream *self = stream_of (transport);

  if (self->cors != NULL)
    begin (self);
  /* The main thread counts with the frame, not with what it is written as. */
  belfry_socket_send (transport->socket, belfry_web_worker_event (transport->worker, text),
                      (guint) g_bytes_get_size (text));
  self->told_at = belfry_web_worker_get_now (transport->worker);
}

/* The end of the stream is the end of the connection. */
static void
event_stream_close (BelfryTransport *transport, guint close_code, GBytes *last)
{
  BelfryEventStream *self = stream_of (transport);

  if (last != NULL && self->cors != NULL)
    {
      g_autoptr (GBytes) answer = belfry_problem_from_frame (last, self->cors);

      belfry_socket_send (transport->socket, answer, 0);
    }
  else if (last != NULL)
    event_stream_send (transport, last);
  belfry_transport_leave (transport);
  belfry_transport_end (transport);
}

/* There is nothing that it would not send: a client's messages come by other requests. */
static void
event_stream_handled (BelfryTransport *transport)
{
}

static void
event_stream_sweep (BelfryTransport *transport, gint64 now)
{
  BelfryEventStream *self = stream_of (transport);

  if (self->cors != NULL)
    {
      if (now - transport->since >= BELFRY_REGISTRATION_TIME)
        belfry_transport_refuse (transport, BELFRY_CLOSE_BUSY, NULL, NULL, BELFRY_NO_RETRY);
    }
  else if (belfry_transport_is_slow (transport, now))
    belfry_transport_refuse (transport, BELFRY_CLOSE_SLOW_CONSUMER, NULL, NULL, BELFRY_NO_RETRY);
  /* What waits for the peer is sign enough. */
  else if (belfry_socket_get_queued (transport->socket) == 0
           && now - self->told_at >= BELFRY_HEARTBEAT * (gint64) 1000)
    {
      write_text (self, g_strdup (COMMENT));
      self->told_at = now;
    }
}

static void
event_stream_free (BelfryTransport *transport)
{
  BelfryEventStream *self = stream_of (transport);

  g_free (self->cors);
  g_free (self);
}

static const BelfryTransportFuncs transport_funcs = {
  event_stream_send,  event_stream_close, event_stream_handled,
  event_stream_sweep, event_stream_free,
};

/* Nothing is expected of the client but its end. */
static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  BelfryEventStream *self = owner;
  gsize size;
  guint8 *buffer = belfry_web_worker_get_buffer (self->transport.worker, &size);
  gssize n = belfry_socket_read (socket, buffer, size);

  if (n <= 0 && n != -EAGAIN)
    {
      belfry_transport_leave (&self->transport);
      belfry_transport_end (&self->transport);
    }
}

static void
on_sent (BelfrySocket *socket, gpointer owner)
{
  BelfryEventStream *self = owner;

  belfry_transport_report (&self->transport);
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  BelfryEventStream *self = owner;

  belfry_web_worker_forget (self->transport.worker, &self->transport);
}

static const BelfrySocketOwner owner_funcs = { on_ready, on_sent, on_gone };

/* Answers a request that becomes no stream. */
static void
refuse (BelfrySocket *socket, const char *cors, const char *code, const char *detail)
{
  g_autoptr (GBytes) answer = belfry_problem_from_code (code, detail, cors);

  belfry_web_answer_end (socket, answer);
}

/* Reads the header by which a client resumes: EPOCH/POSITION.
 *
 * Returns: FALSE if it says something else */
static gboolean
read_last_event_id (SoupMessageHeaders *headers, BelfryClientFrame *frame)
{
  const char *text = soup_message_headers_get_list (headers, "Last-Event-ID");
  const char *slash = text != NULL ? strrchr (text, '/') : NULL;

  if (text == NULL || text[0] == '\0')
    return TRUE;
  if (slash == NULL || slash == text || !g_ascii_isdigit (slash[1])
      || !g_ascii_string_to_signed (slash + 1, 10, 0, BELFRY_POSITION_MAX, &frame->since, NULL))
    return FALSE;
  frame->epoch = g_strndup (text, (gsize) (slash - text));
  frame->resume = TRUE;
  return TRUE;
}

static void
open_stream (BelfryWebWorker *worker,
             BelfrySocket *socket,
             char *peer,
             char *cors,
             BelfryClientFrame *frame)
{
  BelfryEventStream *self = g_new0 (BelfryEventStream, 1);

  self->cors = cors;
  self->told_at = belfry_web_worker_get_now (worker);
  belfry_socket_set_owner (socket, &owner_funcs, self);
  belfry_transport_init (&self->transport, &transport_funcs, worker, socket, peer);
  if (belfry_transport_connect (&self->transport))
    {
      belfry_transport_forward (&self->transport, frame);
      return;
    }
  belfry_client_frame_free (frame);
  belfry_transport_refuse (&self->transport, BELFRY_CLOSE_LIMIT_TOTAL, NULL, NULL, BELFRY_NO_RETRY);
}

/* Takes @socket, on which a GET for an event stream came, and @peer over. */
void
belfry_event_stream_begin (BelfryWebWorker *worker,
                           BelfrySocket *socket,
                           char *peer,
                           GUri *uri,
                           SoupMessageHeaders *headers)
{
  const BelfryWebOptions *options = belfry_web_worker_get_options (worker);
  g_autofree char *owned_peer = peer;
  g_autofree char *cors =
      belfry_web_answer_cors_headers (options, soup_message_headers_get_list (headers, "Origin"));
  g_autoptr (BelfryClientFrame) frame = g_new0 (BelfryClientFrame, 1);
  g_auto (BelfryToken) token = { 0 };
  g_autofree char *detail = NULL;
  const char *code;

  if (g_uri_get_query (uri) != NULL)
    refuse (socket, cors, "INVALID_MESSAGE", "query: there are no parameters here");
  else if (!belfry_bearer_check (headers, belfry_web_worker_get_verifier (worker), &token, &code,
                                 &detail))
    refuse (socket, cors, code, detail);
  else if (!read_last_event_id (headers, frame))
    refuse (socket, cors, "INVALID_MESSAGE",
            "Last-Event-ID: expected an epoch, a slash, and an integer from 0 to 9007199254740991");
  else
    {
      frame->kind = BELFRY_CLIENT_FRAME_REGISTER;
      frame->user_id = g_steal_pointer (&token.user_id);
      frame->expires_at = token.expires_at;
      open_stream (worker, socket, g_steal_pointer (&owned_peer), g_steal_pointer (&cors),
                   g_steal_pointer (&frame));
    }
}
