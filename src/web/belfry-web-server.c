/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-server.h"

#include "belfry-connection.h"
#include "belfry-web-api.h"
#include "belfry-web-worker.h"

/* More threads than this would not pay: the main thread feeds them all. */
#define MAX_WORKERS 4

typedef struct
{
  GSource source;
  BelfryWebServer *server;
} WakingSource;

struct _BelfryWebServer
{
  GObject parent_instance;

  BelfrySessionRegistry *registry;
  BelfryWebApi *api;
  BelfryConnectionLimit *limit;
  BelfryMailboxSource *events;
  BelfryWebWorker *workers[MAX_WORKERS];
  BelfryReactor *reactors[MAX_WORKERS];
  GPtrArray *connections[MAX_WORKERS]; /* of BelfryConnection, by slot; NULL where there is none */
  guint n_workers;
  GPtrArray *acceptors;

  /* A text for many connections wakes the reactors when the main loop has nothing more to do in
   * this turn: the next such text often goes out with it, in one write for each connection. The
   * first connection that a text is for is told at once. */
  gconstpointer last_text; /* to compare with only */
  guint to_wake;           /* bits of the reactors that have it and do not know */
  GSource *waking;
};

static void belfry_web_server_iface_init (BelfrySessionSinkInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryWebServer,
                               belfry_web_server,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_SESSION_SINK,
                                                      belfry_web_server_iface_init))

static BelfryConnection **
place_of (BelfryWebServer *self, guint64 handle)
{
  GPtrArray *connections = self->connections[belfry_web_handle_get_reactor (handle)];
  guint slot = belfry_web_handle_get_slot (handle);

  if (slot >= connections->len)
    g_ptr_array_set_size (connections, (int) slot + 1);
  return (BelfryConnection **) &g_ptr_array_index (connections, slot);
}

static void
handle_event (gpointer message, gpointer user_data)
{
  BelfryWebServer *self = user_data;
  BelfryWebEvent *event = message;
  BelfryConnection **place = place_of (self, event->connection);
  g_autoptr (BelfryConnection) connection = NULL;

  switch ((BelfryWebEventKind) event->kind)
    {
    case BELFRY_WEB_OPENED:
      *place = belfry_connection_new (self->registry, BELFRY_SESSION_SINK (self), event->connection,
                                      event->payload, event->connected_at);
      g_free (event->payload);
      break;
    case BELFRY_WEB_FRAME:
      belfry_connection_receive (*place, event->payload);
      break;
    case BELFRY_WEB_TAKEN:
      belfry_connection_taken (*place, event->bytes);
      break;
    case BELFRY_WEB_GONE:
      connection = g_steal_pointer (place);
      belfry_connection_gone (connection);
      break;
    case BELFRY_WEB_CALL:
      belfry_web_api_handle (self->api, event->connection, event->payload);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
wake (BelfryWebServer *self)
{
  for (guint i = 0; self->to_wake != 0; i++)
    {
      if (self->to_wake & (1u << i))
        belfry_web_worker_wake (self->workers[i]);
      self->to_wake &= ~(1u << i);
    }
  self->last_text = NULL;
}

static gboolean
waking_source_prepare (GSource *source, int *timeout)
{
  wake (((WakingSource *) source)->server);
  *timeout = -1;
  return FALSE;
}

static GSourceFuncs waking_source_funcs = { .prepare = waking_source_prepare };

static void
post (BelfrySessionSink *sink, const BelfryWebCommand *command)
{
  BelfryWebServer *self = BELFRY_WEB_SERVER (sink);
  guint i = belfry_web_handle_get_reactor (command->connection);

  if (command->text != NULL && command->text == self->last_text)
    {
      belfry_web_worker_post_quietly (self->workers[i], command);
      self->to_wake |= 1u << i;
      return;
    }
  self->last_text = command->text;
  belfry_web_worker_post (self->workers[i], command);
}

static void
belfry_web_server_send (BelfrySessionSink *sink, guint64 connection, GBytes *text)
{
  const BelfryWebCommand command = { .kind = BELFRY_WEB_SEND,
                                     .connection = connection,
                                     .text = g_bytes_ref (text) };

  post (sink, &command);
}

static void
belfry_web_server_close (BelfrySessionSink *sink,
                         guint64 connection,
                         guint close_code,
                         GBytes *text)
{
  const BelfryWebCommand command = { .kind = BELFRY_WEB_CLOSE,
                                     .connection = connection,
                                     .close_code = (guint16) close_code,
                                     .text = g_bytes_ref (text) };

  post (sink, &command);
}

static void
belfry_web_server_handled (BelfrySessionSink *sink, guint64 connection)
{
  const BelfryWebCommand command = { .kind = BELFRY_WEB_HANDLED, .connection = connection };

  post (sink, &command);
}

static void
belfry_web_server_iface_init (BelfrySessionSinkInterface *iface)
{
  iface->send = belfry_web_server_send;
  iface->close = belfry_web_server_close;
  iface->handled = belfry_web_server_handled;
}

static void
belfry_web_server_finalize (GObject *object)
{
  BelfryWebServer *self = BELFRY_WEB_SERVER (object);

  g_ptr_array_unref (self->acceptors);
  belfry_connection_limit_unref (self->limit);
  g_object_unref (self->registry);

  G_OBJECT_CLASS (belfry_web_server_parent_class)->finalize (object);
}

static void
belfry_web_server_class_init (BelfryWebServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_web_server_finalize;
}

static void
belfry_web_server_init (BelfryWebServer *self)
{
  self->acceptors = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_acceptor_free);
}

/* @options has to live longer. End it with shut_down() and wait(). */
BelfryWebServer *
belfry_web_server_new (BelfrySessionRegistry *registry,
                       BelfryInboxHandler *inbox,
                       BelfryTokenVerifier *verifier,
                       const BelfryWebOptions *options)
{
  BelfryWebServer *self = g_object_new (BELFRY_TYPE_WEB_SERVER, NULL);

  self->registry = g_object_ref (registry);
  self->api = belfry_web_api_new (registry, inbox, BELFRY_SESSION_SINK (self));
  self->limit = belfry_connection_limit_new (options->max_connections);
  self->events = belfry_mailbox_source_new (NULL, "[belfry] web events", sizeof (BelfryWebEvent),
                                            handle_event, self);
  self->waking = g_source_new (&waking_source_funcs, sizeof (WakingSource));
  ((WakingSource *) self->waking)->server = self;
  g_source_set_static_name (self->waking, "[belfry] wake-up of reactors");
  /* It never has anything to dispatch, and so is asked in each turn if it comes first. */
  g_source_set_priority (self->waking, G_PRIORITY_HIGH);
  g_source_attach (self->waking, NULL);
  self->n_workers = CLAMP (g_get_num_processors (), 1, MAX_WORKERS);
  for (guint i = 0; i < self->n_workers; i++)
    {
      self->workers[i] = belfry_web_worker_new (i, options, self->limit, verifier,
                                                belfry_session_registry_get_epoch (registry),
                                                belfry_mailbox_source_get_mailbox (self->events));
      self->reactors[i] = belfry_web_worker_get_reactor (self->workers[i]);
      self->connections[i] = g_ptr_array_new ();
    }
  return self;
}

static gboolean
take_acceptor (BelfryWebServer *self, BelfryAcceptor *acceptor)
{
  if (acceptor == NULL)
    return FALSE;
  g_ptr_array_add (self->acceptors, acceptor);
  belfry_web_worker_own_acceptor (self->workers[0], acceptor);
  return TRUE;
}

/* Listens on one more address, before start(). @error: of the domain G_IO_ERROR */
gboolean
belfry_web_server_listen (BelfryWebServer *self, GSocketAddress *address, GError **error)
{
  return take_acceptor (self,
                        belfry_acceptor_new (address, self->reactors, self->n_workers, error));
}

/* Takes connections from one more socket, one that listens, before start(). @error: of the domain
 * G_IO_ERROR */
gboolean
belfry_web_server_adopt (BelfryWebServer *self, GSocket *listener, GError **error)
{
  return take_acceptor (self,
                        belfry_acceptor_new_for_socket (g_socket_get_fd (listener), self->reactors,
                                                        self->n_workers, error));
}

/* Returns: (transfer container) (element-type GSocketAddress): where it listens */
GPtrArray *
belfry_web_server_get_addresses (BelfryWebServer *self)
{
  GPtrArray *addresses = g_ptr_array_new ();

  for (guint i = 0; i < self->acceptors->len; i++)
    g_ptr_array_add (addresses,
                     belfry_acceptor_get_address (g_ptr_array_index (self->acceptors, i)));
  return addresses;
}

void
belfry_web_server_start (BelfryWebServer *self)
{
  for (guint i = 0; i < self->n_workers; i++)
    belfry_reactor_start (self->reactors[i]);
}

/* Tokens are checked with @verifier from now on; sessions that are registered stay. */
void
belfry_web_server_set_verifier (BelfryWebServer *self, BelfryTokenVerifier *verifier)
{
  for (guint i = 0; i < self->n_workers; i++)
    {
      const BelfryWebCommand command = { .kind = BELFRY_WEB_VERIFIER,
                                         .verifier = belfry_token_verifier_ref (verifier) };

      belfry_web_worker_post (self->workers[i], &command);
    }
}

/* How many WebSockets and event streams there are, registered or not. */
guint
belfry_web_server_get_n_connections (BelfryWebServer *self)
{
  return belfry_connection_limit_get_taken (self->limit);
}

/* Stops listening and sends everybody away. It does not wait. @grace: µs until those who stay are
 * cut off */
void
belfry_web_server_shut_down (BelfryWebServer *self, gint64 grace)
{
  const BelfryWebCommand command = { .kind = BELFRY_WEB_SHUTDOWN };

  for (guint i = 0; i < self->n_workers; i++)
    {
      belfry_web_worker_post (self->workers[i], &command);
      belfry_reactor_stop (self->reactors[i], grace);
    }
}

/* Whether the threads have ended, so that waiting for them takes no time. */
gboolean
belfry_web_server_is_down (BelfryWebServer *self)
{
  for (guint i = 0; i < self->n_workers; i++)
    if (!belfry_reactor_has_ended (self->reactors[i]))
      return FALSE;
  return TRUE;
}

/* Waits until the threads have ended: after shut_down(), or if it was never started. */
void
belfry_web_server_wait (BelfryWebServer *self)
{
  for (guint i = 0; i < self->n_workers; i++)
    belfry_reactor_join (self->reactors[i]);
  /* What they said last may be answered: to them, though they no longer hear it. */
  belfry_mailbox_source_free (self->events);
  g_clear_pointer (&self->api, belfry_web_api_free);
  wake (self);
  g_source_destroy (self->waking);
  g_clear_pointer (&self->waking, g_source_unref);
  for (guint i = 0; i < self->n_workers; i++)
    {
      belfry_web_worker_free (self->workers[i]);
      g_ptr_array_unref (self->connections[i]);
    }
  self->n_workers = 0;
}
