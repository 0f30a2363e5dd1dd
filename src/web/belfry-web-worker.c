/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-worker.h"

#include <string.h>

#include "belfry-event-text.h"
#include "belfry-frames.h"
#include "belfry-open-calls.h"
#include "belfry-stream.h"
#include "belfry-transport.h"
#include "belfry-web-request.h"
#include "belfry-web-routes.h"

/* After a restart, so many clients come back in a second, in the mean. */
#define RETURNS_PER_SECOND 1000

/* Requests over HTTP that the main thread may have of one reactor. */
#define CALLS_MAX 256

/* How many of one user there may be, with those whose answer waits for the client to read it: such
 * take memory, but must not be in the way of others. */
#define CALLS_MAX_PER_USER 256

/* Bytes that are read at once. Frames that are whole in there are handled in there. */
#define BUFFER_SIZE (16 * 1024)

struct _BelfryWebWorker
{
  guint number;
  const BelfryWebOptions *options;
  BelfryReactor *reactor;
  GPtrArray *acceptors; /* unowned; the first worker has them all */
  BelfryConnectionLimit *limit;
  BelfryTokenVerifier *verifier;
  BelfryMailbox *events;   /* to the main thread, unowned */
  BelfryMailbox *commands; /* from the main thread */
  GArray *taken;
  SoupServer *soup;
  SoupMessageHeaders *headers; /* of the request that is looked at */
  guint8 *buffer;              /* what was read last, of all connections */

  GPtrArray *transports; /* by slot; NULL where one is free */
  GArray *generations;   /* of guint32, by slot */
  GArray *free_slots;    /* of guint */

  guint n_calls;               /* that the main thread has */
  BelfryOpenCalls *open_calls; /* also those whose answer has not been read */

  char *epoch;
  GBytes *connected; /* the first frame, the same for all */

  /* What was sent last, as WebSockets and event streams get it. A text for many is written once, as
   * all get it in a row. Of the two, what nobody wanted is NULL. */
  GBytes *last_text;
  GBytes *last_frame;
  GBytes *last_event;
};

/* Another text than the last one is to be sent. */
static void
set_text (BelfryWebWorker *self, GBytes *text)
{
  if (self->last_text == text)
    return;
  g_clear_pointer (&self->last_text, g_bytes_unref);
  g_clear_pointer (&self->last_frame, g_bytes_unref);
  g_clear_pointer (&self->last_event, g_bytes_unref);
  self->last_text = g_bytes_ref (text);
}

/* The text as a WebSocket frame that is not masked: RFC 6455, section 5.2.
 *
 * Returns: (transfer none): the frame, until the next call */
GBytes *
belfry_web_worker_frame (BelfryWebWorker *self, GBytes *text)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (text, &length);
  guint8 header[10] = { 0x81 };
  gsize header_length = 2;
  guint8 *frame;

  set_text (self, text);
  if (self->last_frame != NULL)
    return self->last_frame;

  if (length < 126)
    header[1] = (guint8) length;
  else
    {
      guint n = length <= G_MAXUINT16 ? 2 : 8;

      header[1] = n == 2 ? 126 : 127;
      for (guint i = 0; i < n; i++)
        header[2 + i] = (guint8) ((guint64) length >> (8 * (n - 1 - i)));
      header_length += n;
    }
  frame = g_malloc (header_length + length);
  memcpy (frame, header, header_length);
  memcpy (frame + header_length, data, length);
  self->last_frame = g_bytes_new_take (frame, header_length + length);
  return self->last_frame;
}

/* The text as an event of a stream.
 *
 * Returns: (transfer none): the event, until the next call */
GBytes *
belfry_web_worker_event (BelfryWebWorker *self, GBytes *text)
{
  set_text (self, text);
  if (self->last_event == NULL)
    self->last_event = belfry_event_text_new (text, self->epoch);
  return self->last_event;
}

/* Tells the main thread. The event's payload is handed over. */
void
belfry_web_worker_tell (BelfryWebWorker *self, const BelfryWebEvent *event)
{
  belfry_mailbox_post (self->events, event);
}

static BelfryTransport *
find_transport (BelfryWebWorker *self, guint64 handle)
{
  guint slot = belfry_web_handle_get_slot (handle);
  BelfryTransport *transport;

  if (slot >= self->transports->len)
    return NULL;
  transport = g_ptr_array_index (self->transports, slot);
  return transport != NULL && transport->handle == handle ? transport : NULL;
}

static guint
take_slot (BelfryWebWorker *self)
{
  const guint32 none = 0;
  guint slot;

  if (self->free_slots->len == 0)
    {
      g_ptr_array_add (self->transports, NULL);
      g_array_append_val (self->generations, none);
      return self->transports->len - 1;
    }
  slot = g_array_index (self->free_slots, guint, self->free_slots->len - 1);
  g_array_set_size (self->free_slots, self->free_slots->len - 1);
  return slot;
}

/* Gives @transport a place. It is the worker's from now on.
 *
 * Returns: by what it is known */
guint64
belfry_web_worker_enter (BelfryWebWorker *self, BelfryTransport *transport)
{
  guint slot = take_slot (self);

  g_ptr_array_index (self->transports, slot) = transport;
  return belfry_web_handle (self->number, slot, g_array_index (self->generations, guint32, slot));
}

/* @transport has ended: it is freed. */
void
belfry_web_worker_forget (BelfryWebWorker *self, BelfryTransport *transport)
{
  guint slot = belfry_web_handle_get_slot (transport->handle);

  g_ptr_array_index (self->transports, slot) = NULL;
  g_array_index (self->generations, guint32, slot)++;
  g_array_append_val (self->free_slots, slot);
  belfry_transport_free (transport);
}

/* A call is about to be given to the main thread. Returns: FALSE if that has enough of them, or the
 *   user has */
gboolean
belfry_web_worker_begin_call (BelfryWebWorker *self, const char *user_id)
{
  if (self->n_calls == CALLS_MAX
      || !belfry_open_calls_add (self->open_calls, user_id, CALLS_MAX_PER_USER))
    return FALSE;
  self->n_calls++;
  return TRUE;
}

/* The main thread no longer has it. */
void
belfry_web_worker_answer_call (BelfryWebWorker *self)
{
  self->n_calls--;
}

/* Its answer has been read, or nobody does that any more. */
void
belfry_web_worker_end_call (BelfryWebWorker *self, const char *user_id)
{
  belfry_open_calls_remove (self->open_calls, user_id);
}

/* Gives @socket to libsoup, which reads @bytes again. */
void
belfry_web_worker_serve (BelfryWebWorker *self,
                         BelfrySocket *socket,
                         const guint8 *bytes,
                         gsize length)
{
  g_autoptr (GSocketAddress) local = belfry_socket_get_local_address (socket);
  g_autoptr (GSocketAddress) remote = belfry_socket_get_remote_address (socket);
  BelfryStream *stream = belfry_stream_new (socket, bytes, length);
  g_autoptr (GError) error = NULL;

  belfry_stream_enter (stream);
  if (local == NULL || remote == NULL)
    belfry_socket_close (socket);
  else if (!soup_server_accept_iostream (self->soup, G_IO_STREAM (stream), local, remote, &error))
    g_warning ("A connection was not taken: %s", error->message);
  belfry_stream_leave (stream);
}

static void
send_everybody_away (BelfryWebWorker *self)
{
  guint n = belfry_connection_limit_get_taken (self->limit);
  gint64 spread = 1000 + n * (gint64) 1000 / RETURNS_PER_SECOND;

  for (guint i = 0; i < self->acceptors->len; i++)
    belfry_acceptor_close (g_ptr_array_index (self->acceptors, i));
  for (guint i = 0; i < self->transports->len; i++)
    {
      BelfryTransport *transport = g_ptr_array_index (self->transports, i);

      if (transport != NULL)
        belfry_transport_refuse (transport, BELFRY_CLOSE_SHUTDOWN, NULL, NULL,
                                 g_random_int_range (0, (gint32) spread));
    }
}

static void
do_command (BelfryWebWorker *self, BelfryWebCommand *command)
{
  g_autoptr (GBytes) text = command->text;
  BelfryTransport *transport = find_transport (self, command->connection);

  switch ((BelfryWebCommandKind) command->kind)
    {
    case BELFRY_WEB_SEND:
      if (transport != NULL)
        belfry_transport_send (transport, text);
      break;
    case BELFRY_WEB_CLOSE:
      if (transport != NULL)
        belfry_transport_close (transport, command->close_code, text);
      break;
    case BELFRY_WEB_HANDLED:
      if (transport != NULL)
        belfry_transport_handled (transport);
      break;
    case BELFRY_WEB_VERIFIER:
      belfry_token_verifier_unref (self->verifier);
      self->verifier = command->verifier;
      break;
    case BELFRY_WEB_SHUTDOWN:
      send_everybody_away (self);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
on_start (BelfryReactor *reactor, gpointer user_data)
{
  BelfryWebWorker *self = user_data;

  self->soup = soup_server_new ("server-header", "Belfry", NULL);
  belfry_web_routes_add (self->soup, self->options);
}

static void
on_accepted (BelfryReactor *reactor, BelfrySocket *socket, gpointer user_data)
{
  belfry_web_request_begin (user_data, socket);
}

static void
on_woken (BelfryReactor *reactor, gpointer user_data)
{
  BelfryWebWorker *self = user_data;

  belfry_mailbox_take (self->commands, &self->taken);
  for (guint i = 0; i < self->taken->len; i++)
    do_command (self, &g_array_index (self->taken, BelfryWebCommand, i));
  g_array_set_size (self->taken, 0);
}

static void
on_tick (BelfryReactor *reactor, gpointer user_data)
{
  BelfryWebWorker *self = user_data;
  gint64 now = belfry_reactor_get_now (reactor);

  for (guint i = 0; i < self->transports->len; i++)
    {
      BelfryTransport *transport = g_ptr_array_index (self->transports, i);

      if (transport != NULL)
        belfry_transport_sweep (transport, now);
    }
}

static void
on_stop (BelfryReactor *reactor, gpointer user_data)
{
  BelfryWebWorker *self = user_data;

  soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
}

static const BelfryReactorFuncs reactor_funcs = {
  on_start, on_accepted, on_woken, on_tick, on_stop,
};

static void
wake_reactor (gpointer user_data)
{
  belfry_reactor_wake (user_data);
}

/* @options, @limit and @events have to live longer. */
BelfryWebWorker *
belfry_web_worker_new (guint number,
                       const BelfryWebOptions *options,
                       BelfryConnectionLimit *limit,
                       BelfryTokenVerifier *verifier,
                       const char *epoch,
                       BelfryMailbox *events)
{
  BelfryWebWorker *self = g_new0 (BelfryWebWorker, 1);
  g_autofree char *name = g_strdup_printf ("belfry-web-%u", number);

  self->number = number;
  self->options = options;
  self->limit = limit;
  self->verifier = belfry_token_verifier_ref (verifier);
  self->epoch = g_strdup (epoch);
  self->events = events;
  self->reactor = belfry_reactor_new (name, &reactor_funcs, self);
  self->commands = belfry_mailbox_new (sizeof (BelfryWebCommand), wake_reactor, self->reactor);
  self->taken = g_array_new (FALSE, FALSE, sizeof (BelfryWebCommand));
  self->acceptors = g_ptr_array_new ();
  self->transports = g_ptr_array_new ();
  self->open_calls = belfry_open_calls_new ();
  self->generations = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->free_slots = g_array_new (FALSE, FALSE, sizeof (guint));
  self->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  self->buffer = g_malloc (BUFFER_SIZE);
  self->connected = belfry_frame_connected (BELFRY_HEARTBEAT);
  return self;
}

/* Waits for the reactor, which must have been stopped. */
void
belfry_web_worker_free (BelfryWebWorker *self)
{
  belfry_reactor_free (self->reactor);
  belfry_mailbox_take (self->commands, &self->taken);
  for (guint i = 0; i < self->taken->len; i++)
    {
      BelfryWebCommand *command = &g_array_index (self->taken, BelfryWebCommand, i);

      g_clear_pointer (&command->text, g_bytes_unref);
      if (command->verifier != NULL)
        belfry_token_verifier_unref (command->verifier);
    }
  belfry_mailbox_free (self->commands);
  g_array_unref (self->taken);
  g_ptr_array_unref (self->acceptors);
  g_ptr_array_unref (self->transports);
  g_hash_table_unref (self->open_calls);
  g_array_unref (self->generations);
  g_array_unref (self->free_slots);
  soup_message_headers_unref (self->headers);
  g_free (self->buffer);
  g_bytes_unref (self->connected);
  g_clear_pointer (&self->last_text, g_bytes_unref);
  g_clear_pointer (&self->last_frame, g_bytes_unref);
  g_clear_pointer (&self->last_event, g_bytes_unref);
  g_free (self->epoch);
  belfry_token_verifier_unref (self->verifier);
  g_free (self);
}

BelfryReactor *
belfry_web_worker_get_reactor (BelfryWebWorker *self)
{
  return self->reactor;
}

/* @acceptor lives in this worker's reactor: it is closed there when the server goes down. Only
 * before the reactor is started. */
void
belfry_web_worker_own_acceptor (BelfryWebWorker *self, BelfryAcceptor *acceptor)
{
  g_ptr_array_add (self->acceptors, acceptor);
}

/* From the main thread. What @command points to is handed over. */
void
belfry_web_worker_post (BelfryWebWorker *self, const BelfryWebCommand *command)
{
  belfry_mailbox_post (self->commands, command);
}

/* The same, but the reactor learns of it only by belfry_web_worker_wake(). */
void
belfry_web_worker_post_quietly (BelfryWebWorker *self, const BelfryWebCommand *command)
{
  belfry_mailbox_post_quietly (self->commands, command);
}

void
belfry_web_worker_wake (BelfryWebWorker *self)
{
  belfry_mailbox_wake (self->commands);
}

BelfryTokenVerifier *
belfry_web_worker_get_verifier (BelfryWebWorker *self)
{
  return self->verifier;
}

BelfryConnectionLimit *
belfry_web_worker_get_limit (BelfryWebWorker *self)
{
  return self->limit;
}

/* Returns: (transfer none): the frame that every client gets first */
GBytes *
belfry_web_worker_get_connected (BelfryWebWorker *self)
{
  return self->connected;
}

const BelfryWebOptions *
belfry_web_worker_get_options (BelfryWebWorker *self)
{
  return self->options;
}

/* Returns: (transfer none): where to read to; what is in there is gone with the next read of any
 *   connection */
guint8 *
belfry_web_worker_get_buffer (BelfryWebWorker *self, gsize *size)
{
  *size = BUFFER_SIZE;
  return self->buffer;
}

/* Returns: (transfer none): empty headers, for the one request that is looked at */
SoupMessageHeaders *
belfry_web_worker_get_headers (BelfryWebWorker *self)
{
  soup_message_headers_clear (self->headers);
  return self->headers;
}

/* The time of the reactor's turn, monotonic, µs. */
gint64
belfry_web_worker_get_now (BelfryWebWorker *self)
{
  return belfry_reactor_get_now (self->reactor);
}
