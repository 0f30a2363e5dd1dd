/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-call.h"

#include <errno.h>
#include <string.h>

#include "belfry-api-request.h"
#include "belfry-bearer.h"
#include "belfry-json-private.h"
#include "belfry-problem.h"
#include "belfry-request-target.h"
#include "belfry-web-answer.h"
#include "belfry-web-worker.h"

#define BODY_MAX 65536

/* How long the main thread has: a little longer than a handler, which has 30 s. Whoever asks
 * whether the server is ready does not wait so long. */
#define ANSWER_TIME (35 * G_USEC_PER_SEC)
#define READY_TIME  (5 * G_USEC_PER_SEC)

/* How long a browser may remember what it may send, in seconds. */
#define PREFLIGHT_AGE "600"

struct _BelfryWebCall
{
  BelfryTransport transport;
  BelfryApiRequest *request; /* NULL when the main thread has it, or it is refused */
  BelfryApiRoute route;
  GByteArray *body; /* NULL if there is none */
  gsize length;     /* of the body */
  char *cors;       /* headers of the answer */
  char *if_none_match;
  char *user_id;   /* whose open call it is; NULL before, and if it is nobody's */
  gint64 asked_at; /* monotonic, µs: when the main thread got it; 0 before */
  gboolean counts; /* among those that the main thread has */
  gboolean is_head;
};

static BelfryWebCall *
call_of (BelfryTransport *transport)
{
  return (BelfryWebCall *) transport;
}

/* RFC 9110, section 9.3.2: HEAD is answered with the header alone, whatever it says.
 *
 * @answer: (transfer full) */
static GBytes *
cut_body (GBytes *answer)
{
  g_autoptr (GBytes) owned = answer;
  gsize length;
  const char *text = g_bytes_get_data (owned, &length);
  const char *end = g_strstr_len (text, (gssize) length, "\r\n\r\n");

  return g_bytes_new_from_bytes (owned, 0, (gsize) (end - text) + 4);
}

static void
leave_main (BelfryWebCall *self)
{
  if (self->counts)
    belfry_web_worker_answer_call (self->transport.worker);
  self->counts = FALSE;
}

/* Sends the whole answer. It ends when the client has taken that, and not before: a closed socket
 * has little time for what is left. */
static void
end_with (BelfryWebCall *self, GBytes *answer)
{
  g_autoptr (GBytes) owned = self->is_head ? cut_body (answer) : answer;

  leave_main (self);
  /* What is still to come of the body changes nothing. */
  g_clear_pointer (&self->request, belfry_api_request_free);
  belfry_socket_keep (self->transport.socket);
  belfry_socket_send (self->transport.socket, owned, (guint) g_bytes_get_size (owned));
  belfry_transport_leave (&self->transport);
}

static gboolean
has_tag (BelfryWebCall *self)
{
  return self->route == BELFRY_API_LIST || self->route == BELFRY_API_COUNT;
}

/* RFC 9110, section 13.1.2. */
static gboolean
is_known (BelfryWebCall *self, const char *tag)
{
  g_auto (GStrv) tags =
      g_strsplit (self->if_none_match != NULL ? self->if_none_match : "", ",", -1);

  for (guint i = 0; tags[i] != NULL; i++)
    {
      const char *known = g_strstrip (tags[i]);

      if (g_str_equal (known, "*") || g_str_equal (known, tag)
          || (g_str_has_prefix (known, "W/") && g_str_equal (known + 2, tag)))
        return TRUE;
    }
  return FALSE;
}

/* The tag is made of the answer itself: whatever changes that, changes it. */
static char *
make_tag (const BelfryJsonValue *data)
{
  g_autofree char *digest =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data->text, data->length);

  return g_strdup_printf ("\"%.32s\"", digest);
}

static GBytes *
make_answer (BelfryWebCall *self, const BelfryJsonValue *data)
{
  g_autofree char *tag = has_tag (self) ? make_tag (data) : NULL;
  GString *answer = g_string_sized_new (data->length + 512);
  gboolean known = tag != NULL && is_known (self, tag);

  g_string_append_printf (answer, "HTTP/1.1 %s\r\nServer: Belfry\r\nConnection: close\r\n%s",
                          known ? "304 Not Modified" : "200 OK", self->cors);
  if (tag != NULL)
    g_string_append_printf (answer,
                            "ETag: %s\r\n"
                            "Cache-Control: private, no-cache\r\n"
                            "Vary: Authorization\r\n",
                            tag);
  else
    g_string_append (answer, "Cache-Control: no-store\r\n");
  if (!known)
    g_string_append_printf (answer,
                            "Content-Type: application/json\r\n"
                            "X-Content-Type-Options: nosniff\r\n"
                            "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                            data->length);
  g_string_append (answer, "\r\n");
  if (!known)
    g_string_append_len (answer, data->text, (gssize) data->length);
  return g_string_free_to_bytes (answer);
}

static GBytes *
make_removed_answer (BelfryWebCall *self, const BelfryJsonValue *data)
{
  BelfryJsonValue value;
  gint64 count = 0;
  char *answer;

  if (!belfry_json_lookup (data, "count", &value) || !belfry_json_value_get_int64 (&value, &count)
      || count == 0)
    return belfry_problem_from_code ("NOT_FOUND", "The user has no such notification", self->cors);
  answer = g_strconcat ("HTTP/1.1 204 No Content\r\n"
                        "Server: Belfry\r\n"
                        "Connection: close\r\n",
                        self->cors, "\r\n", NULL);
  return g_bytes_new_take (answer, strlen (answer));
}

/* The main thread's answer is the frame that a WebSocket would get: a reply or an error. */
static void
call_send (BelfryTransport *transport, GBytes *text)
{
  BelfryWebCall *self = call_of (transport);
  gsize length;
  const char *start = g_bytes_get_data (text, &length);
  const BelfryJsonValue frame = { start, length, BELFRY_JSON_OBJECT };
  BelfryJsonValue type;
  BelfryJsonValue data;

  belfry_json_lookup (&frame, "type", &type);
  belfry_json_lookup (&frame, "data", &data);
  if (belfry_json_value_equals (&type, "error"))
    end_with (self, belfry_problem_from_frame (text, self->cors));
  else if (self->route == BELFRY_API_REMOVE)
    end_with (self, make_removed_answer (self, &data));
  else
    end_with (self, make_answer (self, &data));
}

/* The server goes down. What the main thread has it still answers. */
static void
call_close (BelfryTransport *transport, guint close_code, GBytes *last)
{
  BelfryWebCall *self = call_of (transport);

  if (self->asked_at == 0)
    end_with (self, belfry_problem_from_frame (last, self->cors));
}

static void
call_handled (BelfryTransport *transport)
{
}

static void
call_sweep (BelfryTransport *transport, gint64 now)
{
  BelfryWebCall *self = call_of (transport);
  gint64 time = self->route == BELFRY_API_READY ? READY_TIME : ANSWER_TIME;

  if (transport->left_at != 0)
    {
      if (belfry_transport_is_slow (transport, now))
        belfry_socket_abort (transport->socket);
    }
  else if (self->asked_at != 0 && now - self->asked_at >= time)
    end_with (self, belfry_problem_from_code ("BUSY", "The database does not answer", self->cors));
}

static void
call_free (BelfryTransport *transport)
{
  BelfryWebCall *self = call_of (transport);

  leave_main (self);
  if (self->user_id != NULL)
    belfry_web_worker_end_call (transport->worker, self->user_id);
  g_free (self->user_id);
  g_clear_pointer (&self->request, belfry_api_request_free);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_free (self->cors);
  g_free (self->if_none_match);
  g_free (self);
}

static const BelfryTransportFuncs transport_funcs = {
  call_send, call_close, call_handled, call_sweep, call_free,
};

/* Gives it to the main thread. */
static void
ask (BelfryWebCall *self)
{
  BelfryWebWorker *worker = self->transport.worker;
  BelfryWebEvent event = { .connection = self->transport.handle, .kind = BELFRY_WEB_CALL };

  /* Whoever asks whether the server is ready is nobody, and all are answered at once. */
  if (self->request->user_id != NULL
      && !(self->counts = belfry_web_worker_begin_call (worker, self->request->user_id)))
    {
      end_with (self, belfry_problem_from_code ("BUSY", "Too many requests wait: try again later",
                                                self->cors));
      return;
    }
  self->user_id = g_strdup (self->request->user_id);
  self->asked_at = belfry_web_worker_get_now (worker);
  /* It has come whole, and now it is for us to answer in time. */
  belfry_socket_keep (self->transport.socket);
  event.payload = g_steal_pointer (&self->request);
  belfry_web_worker_tell (worker, &event);
}

static void
end_body (BelfryWebCall *self)
{
  g_autoptr (GError) error = NULL;

  if (belfry_api_request_take_body (self->request, (const char *) self->body->data, self->body->len,
                                    &error))
    ask (self);
  else
    end_with (self, belfry_problem_from_code ("INVALID_MESSAGE", error->message, self->cors));
}

/* Takes a part of the body. What comes behind that is thrown away. */
void
belfry_web_call_take (BelfryWebCall *self, const guint8 *bytes, gsize length)
{
  if (self->request == NULL || self->body == NULL)
    return;
  g_byte_array_append (self->body, bytes, (guint) MIN (length, self->length - self->body->len));
  if (self->body->len == self->length)
    end_body (self);
}

/* Whether nothing of it is waited for any more. */
static gboolean
is_whole (BelfryWebCall *self)
{
  return self->asked_at != 0 || self->transport.left_at != 0;
}

static void
on_ready (BelfrySocket *socket, gpointer owner)
{
  BelfryWebCall *self = owner;
  gsize size;
  guint8 *buffer = belfry_web_worker_get_buffer (self->transport.worker, &size);
  gssize n = belfry_socket_read (socket, buffer, size);

  if (n > 0)
    belfry_web_call_take (self, buffer, (gsize) n);
  /* Who has said everything may close that direction, and still wants the answer. Who is gone
   * altogether shows it when that is sent. */
  else if (n != -EAGAIN && (n < 0 || !is_whole (self)))
    {
      belfry_transport_leave (&self->transport);
      belfry_transport_end (&self->transport);
    }
}

static void
on_gone (BelfrySocket *socket, gpointer owner)
{
  BelfryWebCall *self = owner;

  belfry_web_worker_forget (self->transport.worker, &self->transport);
}

static void
on_sent (BelfrySocket *socket, gpointer owner)
{
  BelfryWebCall *self = owner;

  belfry_socket_take_credit (socket);
  if (self->transport.left_at != 0 && belfry_socket_get_queued (socket) == 0)
    belfry_transport_end (&self->transport);
}

static const BelfrySocketOwner owner_funcs = { on_ready, on_sent, on_gone };

/* The answer to a browser that asks what a page may send. */
static GBytes *
make_preflight_answer (BelfryApiRoute route, const char *cors)
{
  char *answer = g_strconcat (
      "HTTP/1.1 204 No Content\r\n"
      "Server: Belfry\r\n"
      "Connection: close\r\n"
      "Access-Control-Allow-Methods: ",
      belfry_api_route_get_methods (route),
      "\r\n"
      "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match, Last-Event-ID\r\n"
      "Access-Control-Max-Age: " PREFLIGHT_AGE "\r\n",
      cors, "\r\n", NULL);

  return g_bytes_new_take (answer, strlen (answer));
}

static GBytes *
refuse_method (BelfryApiRoute route, const char *cors)
{
  const char *methods = belfry_api_route_get_methods (route);
  g_autofree char *headers = g_strconcat ("Allow: ", methods, "\r\n", cors, NULL);
  g_autofree char *detail = g_strconcat ("Here it is ", methods, NULL);

  return belfry_problem_from_code ("METHOD_NOT_ALLOWED", detail, headers);
}

/* Looks at what is said of the body. Returns: (nullable): the answer if it is not taken */
static GBytes *
check_body (BelfryApiRoute route, SoupMessageHeaders *headers, const char *cors)
{
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  if (!belfry_api_route_has_body (route))
    return belfry_request_target_has_body (headers)
               ? belfry_problem_from_code ("TOO_LARGE", "Nothing here takes a body", cors)
               : NULL;
  if (type == NULL || g_ascii_strcasecmp (type, "application/json") != 0)
    return belfry_problem_from_code ("UNSUPPORTED_MEDIA_TYPE",
                                     "Content-Type: expected application/json", cors);
  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH)
    return belfry_problem_from_code ("LENGTH_REQUIRED", "Content-Length: expected the size", cors);
  if (soup_message_headers_get_content_length (headers) > BODY_MAX)
    return belfry_problem_from_code (
        "TOO_LARGE", "body: expected at most " G_STRINGIFY (BODY_MAX) " bytes", cors);
  return NULL;
}

/* Looks at everything that a header says.
 *
 * Returns: (transfer full) (nullable): the answer, if that is all there is to it; else NULL with
 *   @request */
static GBytes *
check_header (BelfryWebWorker *worker,
              const char *method,
              GUri *uri,
              SoupMessageHeaders *headers,
              const char *cors,
              BelfryApiRequest **request)
{
  const BelfryWebOptions *options = belfry_web_worker_get_options (worker);
  g_autofree char *path = g_uri_unescape_string (g_uri_get_path (uri), NULL);
  g_auto (BelfryToken) token = { 0 };
  g_autoptr (BelfryApiRequest) made = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *detail = NULL;
  BelfryApiRoute route;
  const char *code;
  GBytes *answer;

  if (!belfry_web_answer_is_let_in (options, headers))
    return belfry_problem_from_code ("FORBIDDEN", "Pages of this origin are not let in", cors);
  if (!belfry_api_route_find (path, &route))
    return belfry_problem_from_code ("NOT_FOUND", "There is nothing at this path", cors);
  if (g_str_equal (method, "OPTIONS")
      && soup_message_headers_get_one (headers, "Access-Control-Request-Method") != NULL
      && !belfry_request_target_has_body (headers))
    return make_preflight_answer (route, cors);
  if (!belfry_api_route_allows (route, method))
    return refuse_method (route, cors);
  answer = check_body (route, headers, cors);
  if (answer != NULL)
    return answer;
  if (belfry_api_route_needs_token (route)
      && !belfry_bearer_check (headers, belfry_web_worker_get_verifier (worker), &token, &code,
                               &detail))
    return belfry_problem_from_code (code, detail, cors);
  made = belfry_api_request_new (route, path, g_uri_get_query (uri), &error);
  if (made == NULL)
    return belfry_problem_from_code ("INVALID_MESSAGE", error->message, cors);
  made->user_id = g_steal_pointer (&token.user_id);
  *request = g_steal_pointer (&made);
  return NULL;
}

/* Whether requests for @path are of this kind, with those for an event stream that no stream comes
 * of. */
gboolean
belfry_web_call_is_for (const char *path)
{
  BelfryApiRoute route;

  return g_str_has_prefix (path, "/api/") || belfry_api_route_find (path, &route);
}

/* curl waits for this before it sends a large body. */
static void
send_continue (BelfrySocket *socket, SoupMessageHeaders *headers)
{
  static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  if (soup_message_headers_get_expectations (headers) & SOUP_EXPECTATION_CONTINUE)
    belfry_socket_send (socket, bytes, 0);
}

/* Takes @socket, on which a request came.
 *
 * Returns: (transfer none) (nullable): what waits for a body, or NULL if there is nothing more to
 *   read */
BelfryWebCall *
belfry_web_call_begin (BelfryWebWorker *worker,
                       BelfrySocket *socket,
                       const char *method,
                       GUri *uri,
                       SoupMessageHeaders *headers)
{
  g_autofree char *cors = belfry_web_answer_cors_headers (
      belfry_web_worker_get_options (worker), soup_message_headers_get_list (headers, "Origin"));
  BelfryApiRequest *request = NULL;
  g_autoptr (GBytes) answer = check_header (worker, method, uri, headers, cors, &request);
  gboolean is_head = g_str_equal (method, "HEAD");
  BelfryWebCall *self;

  if (answer != NULL)
    {
      if (is_head)
        answer = cut_body (answer);
      belfry_web_answer_end (socket, answer);
      return NULL;
    }
  self = g_new0 (BelfryWebCall, 1);
  self->request = request;
  self->route = request->route;
  self->cors = g_steal_pointer (&cors);
  self->is_head = is_head;
  self->if_none_match = g_strdup (soup_message_headers_get_list (headers, "If-None-Match"));
  belfry_transport_init (&self->transport, &transport_funcs, worker, socket, NULL);
  belfry_socket_set_owner (socket, &owner_funcs, self);
  if (!belfry_api_route_has_body (self->route))
    {
      ask (self);
      return NULL;
    }
  self->body = g_byte_array_new ();
  self->length = (gsize) soup_message_headers_get_content_length (headers);
  send_continue (socket, headers);
  return self;
}
