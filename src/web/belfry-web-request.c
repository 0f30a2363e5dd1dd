/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-request.h"

#include <errno.h>
#include <string.h>

#include "belfry-event-stream.h"
#include "belfry-handshake.h"
#include "belfry-peer-address.h"
#include "belfry-problem.h"
#include "belfry-request-end.h"
#include "belfry-request-target.h"
#include "belfry-web-answer.h"
#include "belfry-web-call.h"
#include "belfry-web-socket.h"

/* Bytes that a header may have. */
#define HEADER_MAX (64 * 1024)

/* Of a Content-Length. No such number overflows. */
#define LENGTH_DIGITS 18

typedef struct
{
  BelfryWebWorker *worker;
  BelfryRequestEnd end;
  GByteArray *kept; /* what has come of a header that is not complete, or NULL */
} BelfryWebRequest;

static void
request_free (BelfryWebRequest *self)
{
  g_clear_pointer (&self->kept, g_byte_array_unref);
  g_free (self);
}

/* Returns: (transfer full) (nullable): where the client is; NULL if it has gone */
static char *
dup_peer (BelfrySocket *socket, const BelfryWebOptions *options, SoupMessageHeaders *headers)
{
  g_autofree char *peer = belfry_socket_dup_peer (socket);

  if (peer == NULL)
    return NULL;
  return belfry_peer_address_choose (peer,
                                     soup_message_headers_get_list (headers, "X-Forwarded-For"),
                                     (const char *const *) options->trusted_proxies);
}

/* Whether it is certain where the body ends: RFC 9112, section 6.3. libsoup takes the last of
 * several lengths, and reads those that are negative or too large as something else. */
static gboolean
is_end_certain (SoupMessageHeaders *headers)
{
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  const char *coding = soup_message_headers_get_list (headers, "Transfer-Encoding");

  return soup_message_headers_get_encoding (headers) != SOUP_ENCODING_UNRECOGNIZED
         && (coding == NULL || g_ascii_strcasecmp (coding, "chunked") == 0)
         && (length == NULL
             || (length[0] != '\0' && strlen (length) <= LENGTH_DIGITS
                 && strspn (length, "0123456789") == strlen (length)));
}

/* Answers a request with a body of which the end is not certain. Version 3.2 of libsoup refuses
 * some of them, too, but forgets the target of the request then, which can have 64 KiB. */
static void
refuse_body (BelfrySocket *socket, SoupMessageHeaders *headers)
{
  g_autoptr (GBytes) answer =
      soup_message_headers_get_list (headers, "Transfer-Encoding") != NULL
          ? belfry_problem_to_answer (SOUP_STATUS_NOT_IMPLEMENTED, "LENGTH_REQUIRED",
                                      "Transfer-Encoding: expected none", "")
          : belfry_problem_from_code ("INVALID_MESSAGE",
                                      "Content-Length: expected one number of bytes", "");

  belfry_web_answer_end (socket, answer);
}

typedef enum
{
  FOR_SOUP,
  ANSWERED, /* or somebody else's, with nothing more to read */
  UPGRADED, /* with the WebSocket */
  CALLED,   /* with the call, which waits for a body */
} Outcome;

/* Who goes on with what is behind the header. */
typedef union
{
  BelfryWebSocket *web_socket;
  BelfryWebCall *call;
} Successor;

/* Does what a request asks for whose header was understood. */
static Outcome
route (BelfryWebRequest *self,
       BelfrySocket *socket,
       const char *method,
       const char *target,
       SoupHTTPVersion version,
       SoupMessageHeaders *headers,
       Successor *successor)
{
  const BelfryWebOptions *options = belfry_web_worker_get_options (self->worker);
  const char *host = soup_message_headers_get_one (headers, "Host");
  g_autoptr (GUri) uri = belfry_request_target_parse (host, target);
  g_autofree char *path = uri != NULL ? g_uri_unescape_string (g_uri_get_path (uri), NULL) : NULL;
  g_autoptr (GBytes) handshake = NULL;
  gboolean is_for_events;
  char *peer;

  if (path == NULL || (host == NULL && version != SOUP_HTTP_1_0))
    return FOR_SOUP;
  is_for_events = g_str_equal (path, "/events") && g_str_equal (method, "GET")
                  && !belfry_request_target_has_body (headers)
                  && belfry_web_answer_is_let_in (options, headers);
  if (!is_for_events && belfry_web_call_is_for (path))
    {
      successor->call = belfry_web_call_begin (self->worker, socket, method, uri, headers);
      return successor->call != NULL ? CALLED : ANSWERED;
    }
  if (!is_for_events
      && (!belfry_handshake_check (method, path, version, headers)
          || !belfry_web_answer_is_let_in (options, headers)))
    return FOR_SOUP;
  peer = dup_peer (socket, options, headers);
  if (peer == NULL)
    return FOR_SOUP;
  if (is_for_events)
    {
      belfry_event_stream_begin (self->worker, socket, peer, uri, headers);
      return ANSWERED;
    }
  handshake = belfry_handshake_answer (headers);
  belfry_socket_send (socket, handshake, 0);
  successor->web_socket = belfry_web_socket_begin (self->worker, socket, peer);
  return UPGRADED;
}

/* Does what a header asks for, unless that is libsoup's. @length: with the empty line */
static Outcome
answer (BelfryWebRequest *self,
        BelfrySocket *socket,
        const guint8 *header,
        gsize length,
        Successor *successor)
{
  SoupMessageHeaders *headers = belfry_web_worker_get_headers (self->worker);
  /* The empty line does not belong to what libsoup parses; it has one byte or two. */
  gsize text_length = length - (length > 1 && header[length - 2] == '\r' ? 2 : 1);
  g_autofree char *text = g_memdup2 (header, text_length + 1);
  g_autofree char *method = NULL;
  g_autofree char *target = NULL;
  SoupHTTPVersion version;

  /* What follows is not for libsoup to look at, not even by mistake. */
  text[text_length] = '\0';
  if (soup_headers_parse_request (text, (int) text_length, headers, &method, &target, &version)
      != SOUP_STATUS_OK)
    return FOR_SOUP;
  if (!is_end_certain (headers))
    {
      refuse_body (socket, headers);
      return ANSWERED;
    }
  return route (self, socket, method, target, version, headers, successor);
}

/* The connection asks for something else, or for nothing that could be understood. */
static void
give_to_soup (BelfryWebRequest *self, BelfrySocket *socket, const guint8 *bytes, gsize length)
{
  if (self->kept != NULL)
    {
      g_byte_array_append (self->kept, bytes, (guint) length);
      belfry_web_worker_serve (self->worker, socket, self->kept->data, self->kept->len);
    }
  else
    belfry_web_worker_serve (self->worker, socket, bytes, length);
  request_free (self);
}

/* The header ends @end bytes into @bytes; what is behind it are frames, or a body. */
static void
end_header (BelfryWebRequest *self, BelfrySocket *socket, guint8 *bytes, gsize length, gsize end)
{
  Successor successor;
  Outcome outcome;

  if (self->kept == NULL)
    outcome = answer (self, socket, bytes, end, &successor);
  else
    {
      guint before = self->kept->len;

      g_byte_array_append (self->kept, bytes, (guint) end);
      outcome = answer (self, socket, self->kept->data, self->kept->len, &successor);
      g_byte_array_set_size (self->kept, before);
    }
  if (outcome == FOR_SOUP)
    {
      give_to_soup (self, socket, bytes, length);
      return;
    }
  request_free (self);
  if (outcome == UPGRADED)
    belfry_web_socket_take (successor.web_socket, bytes + end, length - end);
  else if (outcome == CALLED)
    belfry_web_call_take (successor.call, bytes + end, length - end);
}

static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  BelfryWebRequest *self = owner;
  gsize size;
  guint8 *buffer = belfry_web_worker_get_buffer (self->worker, &size);
  gssize n = belfry_socket_read (socket, buffer, size);
  gsize kept = self->kept != NULL ? self->kept->len : 0;
  gsize end;

  if (n == -EAGAIN)
    return;
  end = n > 0 ? belfry_request_end_find (&self->end, buffer, (gsize) n) : 0;
  /* A header that ends too early or too late is nobody's: libsoup would take some of those, and
   * what it must not see could be in there. */
  if (n <= 0 || kept + (end > 0 ? end : (gsize) n) > HEADER_MAX)
    {
      belfry_socket_set_owner (socket, NULL, NULL);
      belfry_socket_close (socket);
      request_free (self);
    }
  else if (end > 0)
    end_header (self, socket, buffer, (gsize) n, end);
  else
    {
      if (self->kept == NULL)
        self->kept = g_byte_array_new ();
      g_byte_array_append (self->kept, buffer, (guint) n);
    }
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  request_free (owner);
}

static const BelfrySocketOwner owner_funcs = { on_ready, NULL, on_gone };

/* Takes @socket, which was just accepted. */
void
belfry_web_request_begin (BelfryWebWorker *worker, BelfrySocket *socket)
{
  BelfryWebRequest *self = g_new0 (BelfryWebRequest, 1);

  self->worker = worker;
  belfry_socket_set_owner (socket, &owner_funcs, self);
}
