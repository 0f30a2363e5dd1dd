/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-worker.h"

#include <string.h>

#include "belfry-frames.h"
#include "belfry-stream.h"
#include "belfry-web-request.h"
#include "belfry-web-routes.h"

/* After a restart, so many clients come back in a second, in the mean. */
#define RETURNS_PER_SECOND 1000

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

  GPtrArray *sockets;  /* by slot; NULL where one is free */
  GArray *generations; /* of guint32, by slot */
  GArray *free_slots;  /* of guint */

  GBytes *connected; /* the first frame, the same for all */
  GBytes *last_text; /* what was framed last, and its frame */
  GBytes *last_frame;
};

/* The text as a WebSocket frame that is not masked: RFC 6455, section 5.2. A text for many is
 * framed once, as all get it in a row.
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

  if (self->last_text == text)
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

  g_clear_pointer (&self->last_text, g_bytes_unref);
  g_clear_pointer (&self->last_frame, g_bytes_unref);
  self->last_text = g_bytes_ref (text);
  self->last_frame = g_bytes_new_take (frame, header_length + length);
  return self->last_frame;
}

/* Tells the main thread. The event's payload is handed over. */
void
belfry_web_worker_tell (BelfryWebWorker *self, const BelfryWebEvent *event)
{
  belfry_mailbox_post (self->events, event);
}

static BelfryWebSocket *
find_socket (BelfryWebWorker *self, guint64 handle)
{
  guint slot = belfry_web_handle_get_slot (handle);
  BelfryWebSocket *socket;

  if (slot >= self->sockets->len)
    return NULL;
  socket = g_ptr_array_index (self->sockets, slot);
  return socket != NULL && belfry_web_socket_get_handle (socket) == handle ? socket : NULL;
}

static guint
take_slot (BelfryWebWorker *self)
{
  const guint32 none = 0;
  guint slot;

  if (self->free_slots->len == 0)
    {
      g_ptr_array_add (self->sockets, NULL);
      g_array_append_val (self->generations, none);
      return self->sockets->len - 1;
    }
  slot = g_array_index (self->free_slots, guint, self->free_slots->len - 1);
  g_array_set_size (self->free_slots, self->free_slots->len - 1);
  return slot;
}

/* @socket has ended. */
void
belfry_web_worker_forget (BelfryWebWorker *self, BelfryWebSocket *socket)
{
  guint slot = belfry_web_handle_get_slot (belfry_web_socket_get_handle (socket));

  g_ptr_array_index (self->sockets, slot) = NULL;
  g_array_index (self->generations, guint32, slot)++;
  g_array_append_val (self->free_slots, slot);
  belfry_web_socket_free (socket);
}

/* Makes a WebSocket of @socket, with which hands were shaken. Takes @peer over.
 *
 * Returns: (transfer none): the WebSocket */
BelfryWebSocket *
belfry_web_worker_open (BelfryWebWorker *self, BelfrySocket *socket, char *peer)
{
  BelfryConnectionSlot *place = belfry_connection_limit_take (self->limit);
  gboolean full = place == NULL;
  guint slot = take_slot (self);
  guint64 handle =
      belfry_web_handle (self->number, slot, g_array_index (self->generations, guint32, slot));
  BelfryWebSocket *web_socket = belfry_web_socket_new (self, socket, handle, peer, place);

  g_ptr_array_index (self->sockets, slot) = web_socket;
  if (full)
    belfry_web_socket_refuse (web_socket, BELFRY_CLOSE_LIMIT_TOTAL, NULL, NULL, BELFRY_NO_RETRY);
  else
    belfry_web_socket_send (web_socket, self->connected);
  return web_socket;
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
  for (guint i = 0; i < self->sockets->len; i++)
    {
      BelfryWebSocket *socket = g_ptr_array_index (self->sockets, i);

      if (socket != NULL)
        belfry_web_socket_refuse (socket, BELFRY_CLOSE_SHUTDOWN, NULL, NULL,
                                  g_random_int_range (0, (gint32) spread));
    }
}

static void
do_command (BelfryWebWorker *self, BelfryWebCommand *command)
{
  g_autoptr (GBytes) text = command->text;
  BelfryWebSocket *socket = find_socket (self, command->connection);

  switch ((BelfryWebCommandKind) command->kind)
    {
    case BELFRY_WEB_SEND:
      if (socket != NULL)
        belfry_web_socket_send (socket, text);
      break;
    case BELFRY_WEB_CLOSE:
      if (socket != NULL)
        belfry_web_socket_close (socket, command->close_code, text);
      break;
    case BELFRY_WEB_HANDLED:
      if (socket != NULL)
        belfry_web_socket_handled (socket);
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

  for (guint i = 0; i < self->sockets->len; i++)
    {
      BelfryWebSocket *socket = g_ptr_array_index (self->sockets, i);

      if (socket != NULL)
        belfry_web_socket_sweep (socket, now);
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
                       BelfryMailbox *events)
{
  BelfryWebWorker *self = g_new0 (BelfryWebWorker, 1);
  g_autofree char *name = g_strdup_printf ("belfry-web-%u", number);

  self->number = number;
  self->options = options;
  self->limit = limit;
  self->verifier = belfry_token_verifier_ref (verifier);
  self->events = events;
  self->reactor = belfry_reactor_new (name, &reactor_funcs, self);
  self->commands = belfry_mailbox_new (sizeof (BelfryWebCommand), wake_reactor, self->reactor);
  self->taken = g_array_new (FALSE, FALSE, sizeof (BelfryWebCommand));
  self->acceptors = g_ptr_array_new ();
  self->sockets = g_ptr_array_new ();
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
  g_ptr_array_unref (self->sockets);
  g_array_unref (self->generations);
  g_array_unref (self->free_slots);
  soup_message_headers_unref (self->headers);
  g_free (self->buffer);
  g_bytes_unref (self->connected);
  g_clear_pointer (&self->last_text, g_bytes_unref);
  g_clear_pointer (&self->last_frame, g_bytes_unref);
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
