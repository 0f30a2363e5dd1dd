/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server.h"

#include <glib/gi18n-lib.h>
#include <sys/resource.h>

#include "belfry-bus-handler-files.h"
#include "belfry-bus.h"
#include "belfry-error.h"
#include "belfry-handler-chain-private.h"
#include "belfry-inbox-handler.h"
#include "belfry-server-bus.h"
#include "belfry-server-config-private.h"
#include "belfry-server-keys.h"
#include "belfry-server-signalling.h"
#include "belfry-sql-store.h"
#include "belfry-web-server.h"
#include "belfry-worker-socket.h"

/* Descriptors that are needed beside those of the connections. */
#define OTHER_DESCRIPTORS 512

/* Where it listens if nobody has said where. */
#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 8080

/**
 * BelfryServer:
 *
 * Belfry, whole: the database, the web side and the bus, put together. `belfryd` is little more
 * than this; a program of yours may embed it, to handle messages of its own in the same process.
 *
 * It works in the default main context.
 *
 * Since: 0.1
 */
struct _BelfryServer
{
  GObject parent_instance;

  BelfryServerConfig *config;
  BelfrySqlStore *store;
  BelfryNotificationService *service;
  BelfryHandlerChain *chain;
  BelfryMessageHandler *inbox;
  BelfrySessionRegistry *registry;
  BelfryWebServer *web;
  BelfryBus *bus;
  GDBusConnection *connection;
  BelfryWorkerSocket *worker_socket;
  guint sweep_id;
  guint n_reloads; /* that have begun */
  guint reload;    /* the one in use */
};

G_DEFINE_FINAL_TYPE (BelfryServer, belfry_server, G_TYPE_OBJECT)

enum
{
  BUS_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
belfry_server_dispose (GObject *object)
{
  BelfryServer *self = BELFRY_SERVER (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_pointer (&self->worker_socket, belfry_worker_socket_free);
  g_clear_object (&self->bus);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  if (self->web != NULL)
    {
      belfry_web_server_shut_down (self->web, 0);
      belfry_web_server_wait (self->web);
    }
  g_clear_object (&self->web);
  g_clear_object (&self->registry);
  g_clear_object (&self->chain);
  g_clear_object (&self->inbox);
  if (self->store != NULL)
    belfry_sql_store_close (self->store);
  g_clear_object (&self->service);
  g_clear_object (&self->store);
  g_clear_object (&self->config);

  G_OBJECT_CLASS (belfry_server_parent_class)->dispose (object);
}

static void
belfry_server_class_init (BelfryServerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = belfry_server_dispose;

  /**
   * BelfryServer::bus-lost:
   * @self: the server
   *
   * The connection to the bus has broken: no worker can reach the server any more. Sessions and
   * what is stored are well; a program should stop the server and end.
   *
   * Since: 0.1
   */
  signals[BUS_LOST] = g_signal_new ("bus-lost", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
belfry_server_init (BelfryServer *self)
{
}

/**
 * belfry_server_new:
 * @config: what the operator has decided; it must not change afterwards
 *
 * Makes a server that is not started.
 *
 * Returns: (transfer full): the server
 *
 * Since: 0.1
 */
BelfryServer *
belfry_server_new (BelfryServerConfig *config)
{
  BelfryServer *self;

  g_return_val_if_fail (BELFRY_IS_SERVER_CONFIG (config), NULL);

  self = g_object_new (BELFRY_TYPE_SERVER, NULL);
  self->config = g_object_ref (config);
  self->chain = belfry_handler_chain_new ();
  return self;
}

static void
raise_descriptor_limit (BelfryServer *self)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0
      || limit.rlim_cur < self->config->web.max_connections + OTHER_DESCRIPTORS)
    g_warning ("%u connections are allowed, but only %lu descriptors",
               self->config->web.max_connections, (gulong) limit.rlim_cur);
}

static gboolean
open_store (BelfryServer *self, GError **error)
{
  const BelfryServerConfig *config = self->config;
  const BelfrySqlStoreOptions options = {
    .new_epoch = config->new_epoch,
    .retention = { config->retention_age, config->retention_count, config->retention_unread },
  };
  g_autofree char *directory = NULL;

  if (config->database == NULL)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           _ ("database: expected sqlite:PATH"));
      return FALSE;
    }
  directory = g_path_get_dirname (config->database);
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE,
                   _ ("database: %s: the folder cannot be made"), directory);
      return FALSE;
    }
  self->store = belfry_sql_store_open (config->database, &options, error);
  if (self->store == NULL)
    g_prefix_error (error, "database: ");
  return self->store != NULL;
}

static void
make_core (BelfryServer *self)
{
  const BelfryServerConfig *config = self->config;
  const BelfrySessionRegistryOptions options = {
    .max_connections_per_user = config->max_connections_per_user,
    .numeric_user_ids = config->numeric_user_ids,
    .max_data = config->max_data,
  };

  self->service = belfry_notification_service_new (BELFRY_STORE (self->store), config->max_data);
  self->inbox = belfry_inbox_handler_new (self->service, config->numeric_user_ids);
  belfry_handler_chain_add (self->chain, self->inbox);
  self->registry = belfry_session_registry_new (self->service, self->chain, &options);
}

static gboolean
set_listen_fault (GError **error, GSocketAddress *address)
{
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  g_prefix_error (error, "listen: %s: ", text);
  return FALSE;
}

static gboolean
has_socket_at (BelfryServer *self, GSocketAddress *address)
{
  g_autofree char *wanted = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  for (guint i = 0; i < self->config->sockets->len; i++)
    {
      g_autoptr (GSocketAddress) local =
          g_socket_get_local_address (g_ptr_array_index (self->config->sockets, i), NULL);
      g_autofree char *text =
          local != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local)) : NULL;

      if (g_strcmp0 (text, wanted) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
listen_on (BelfryServer *self, GSocketAddress *address, GError **error)
{
  return has_socket_at (self, address) || belfry_web_server_listen (self->web, address, error)
         || set_listen_fault (error, address);
}

static gboolean
make_web (BelfryServer *self, BelfryTokenVerifier *verifier, GError **error)
{
  const GPtrArray *addresses = self->config->listen;
  const GPtrArray *sockets = self->config->sockets;

  self->web = belfry_web_server_new (self->registry, BELFRY_INBOX_HANDLER (self->inbox), verifier,
                                     &self->config->web);
  for (guint i = 0; i < sockets->len; i++)
    if (!belfry_web_server_adopt (self->web, g_ptr_array_index (sockets, i), error))
      return FALSE;
  for (guint i = 0; i < addresses->len; i++)
    if (!listen_on (self, g_ptr_array_index (addresses, i), error))
      return FALSE;
  if (addresses->len == 0 && sockets->len == 0)
    {
      g_autoptr (GSocketAddress) address =
          g_inet_socket_address_new_from_string (DEFAULT_HOST, DEFAULT_PORT);

      return listen_on (self, address, error);
    }
  return TRUE;
}

static void
on_bus_closed (GDBusConnection *connection,
               gboolean remote_peer_vanished,
               GError *error,
               gpointer user_data)
{
  g_signal_emit (user_data, signals[BUS_LOST], 0);
}

static guint
get_n_connections (gpointer user_data)
{
  BelfryServer *self = user_data;

  /* Workers can still ask when the browsers' side has been stopped. */
  return self->web != NULL ? belfry_web_server_get_n_connections (self->web) : 0;
}

/* Returns: (transfer full) */
static GHashTable *
read_handler_files (BelfryServer *self)
{
  return belfry_bus_handler_files_read ((const char *const *) self->config->handler_dirs);
}

static gboolean
make_bus (BelfryServer *self, GError **error)
{
  const BelfryBusContext context = {
    .service = self->service,
    .registry = self->registry,
    .chain = self->chain,
    .max_data = self->config->max_data,
    .max_connections = self->config->web.max_connections,
    .max_connections_per_user = self->config->max_connections_per_user,
    .get_n_connections = get_n_connections,
    .user_data = self,
  };
  g_autoptr (GHashTable) handlers = NULL;

  self->connection = belfry_server_bus_connect (self->config->bus, error);
  if (self->connection == NULL)
    {
      g_prefix_error (error, "bus: %s: ", self->config->bus);
      return FALSE;
    }
  g_dbus_connection_set_exit_on_close (self->connection, FALSE);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_bus_closed), self);
  self->bus = belfry_bus_new (&context, self->config->rights);
  if (!belfry_bus_serve (self->bus, self->connection, error))
    return FALSE;
  handlers = read_handler_files (self);
  belfry_bus_declare_handlers (self->bus, handlers);
  return TRUE;
}

static gboolean
admits_worker (uid_t uid, pid_t pid, gpointer user_data)
{
  return belfry_bus_admits (BELFRY_SERVER (user_data)->bus, uid, pid);
}

static void
on_worker (GDBusConnection *connection, gpointer user_data)
{
  BelfryServer *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!belfry_bus_serve (self->bus, connection, &error))
    g_critical ("A worker is not served: %s", error->message);
  g_dbus_connection_start_message_processing (connection);
}

static void
on_worker_gone (GDBusConnection *connection, gpointer user_data)
{
  belfry_bus_leave (BELFRY_SERVER (user_data)->bus, connection);
}

static gboolean
make_worker_socket (BelfryServer *self, GError **error)
{
  const BelfryServerConfig *config = self->config;

  if (config->worker_socket == NULL)
    return TRUE;
  self->worker_socket =
      belfry_worker_socket_new (config->worker_socket, config->rights != NULL, error);
  return self->worker_socket != NULL;
}

static gboolean
on_sweep (gpointer user_data)
{
  BelfryServer *self = user_data;

  belfry_session_registry_sweep (self->registry);
  belfry_bus_sweep (self->bus);
  return G_SOURCE_CONTINUE;
}

/**
 * belfry_server_start:
 * @self: a server that was not started
 * @error: return location for an error
 *
 * Opens the database, listens, and takes the name on the bus: when it returns, workers and clients
 * are served. It blocks for as long as that takes, and belongs to the start of a program.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if the configuration is not good, and others for what is not
 * to be had: %BELFRY_ERROR_STORAGE, %BELFRY_ERROR_BUSY, %BELFRY_ERROR_EXISTS,
 * %G_IO_ERROR_ADDRESS_IN_USE.
 *
 * Returns: %TRUE, or %FALSE with @error set; then the server is of no more use
 *
 * Since: 0.1
 */
gboolean
belfry_server_start (BelfryServer *self, GError **error)
{
  g_autoptr (BelfryTokenVerifier) verifier = NULL;

  g_return_val_if_fail (BELFRY_IS_SERVER (self), FALSE);
  g_return_val_if_fail (self->store == NULL, FALSE);

  verifier = belfry_server_keys_load (self->config, error);
  if (verifier == NULL || !open_store (self, error))
    return FALSE;
  raise_descriptor_limit (self);
  make_core (self);
  if (!belfry_server_signalling_add (self->config, self->registry, self->chain, error)
      || !make_web (self, verifier, error) || !make_bus (self, error)
      || !make_worker_socket (self, error))
    return FALSE;
  belfry_web_server_start (self->web);
  self->sweep_id = g_timeout_add_seconds (1, on_sweep, self);
  if (!belfry_server_bus_own_name (self->connection, error))
    return FALSE;
  if (self->worker_socket != NULL)
    belfry_worker_socket_start (self->worker_socket, admits_worker, on_worker, on_worker_gone,
                                self);
  return TRUE;
}

/* How long the calls that have begun are waited for when the server goes down, and then how long
 * the clients have to take their leave. */
#define DRAIN_TIME    (2 * G_USEC_PER_SEC)
#define LEAVE_TIME    (2 * G_USEC_PER_SEC)
#define STOP_INTERVAL 10  /* ms */
#define FLUSH_TIME    500 /* ms */

typedef struct
{
  gint64 drain_until; /* monotonic, µs */
  gboolean leaving;
  gboolean closed; /* the store: what is called now is refused */
  gboolean ended;
} Stop;

static void
end_stop (GTask *task)
{
  Stop *stop = g_task_get_task_data (task);

  if (!stop->ended)
    g_task_return_boolean (task, TRUE);
  stop->ended = TRUE;
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  end_stop (task);
}

static gboolean
on_flush_time_over (gpointer user_data)
{
  end_stop (user_data);
  return G_SOURCE_REMOVE;
}

/* What was answered last is still on its way to the bus: the program must not end before it is
 * there, but a bus that does not take it must not keep the program. */
static void
flush_answers (BelfryServer *self, GTask *task)
{
  if (self->connection == NULL)
    {
      end_stop (task);
      return;
    }
  g_dbus_connection_flush (self->connection, NULL, on_flushed, g_object_ref (task));
  g_timeout_add_full (G_PRIORITY_DEFAULT, FLUSH_TIME, on_flush_time_over, g_object_ref (task),
                      g_object_unref);
}

static gboolean
is_draining (BelfryServer *self, Stop *stop)
{
  return self->bus != NULL && belfry_bus_get_n_calls (self->bus) > 0
         && g_get_monotonic_time () < stop->drain_until;
}

static gboolean
on_stop (gpointer user_data)
{
  GTask *task = user_data;
  BelfryServer *self = g_task_get_source_object (task);
  Stop *stop = g_task_get_task_data (task);

  if (!stop->leaving)
    {
      if (is_draining (self, stop))
        return G_SOURCE_CONTINUE;
      stop->leaving = TRUE;
      if (self->web != NULL)
        belfry_web_server_shut_down (self->web, LEAVE_TIME);
    }
  if (self->web != NULL && !belfry_web_server_is_down (self->web))
    return G_SOURCE_CONTINUE;

  if (!stop->closed)
    {
      if (self->web != NULL)
        belfry_web_server_wait (self->web);
      g_clear_object (&self->web);
      if (self->store != NULL)
        belfry_sql_store_close (self->store);
      stop->closed = TRUE;
      stop->drain_until = g_get_monotonic_time () + FLUSH_TIME * 1000;
    }
  /* Calls that were held up by others of the same caller get their turn only now. */
  if (is_draining (self, stop))
    return G_SOURCE_CONTINUE;
  flush_answers (self, task);
  return G_SOURCE_REMOVE;
}

/**
 * belfry_server_stop_async:
 * @self: a server
 * @callback: (scope async): called when it has stopped
 * @user_data: for @callback
 *
 * Stops the server: calls that have begun are answered, new ones are refused, what waits is
 * committed, and every client is told `SERVER_SHUTDOWN` and when to come back. It takes five
 * seconds at most.
 *
 * Since: 0.1
 */
void
belfry_server_stop_async (BelfryServer *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  Stop *stop;

  g_return_if_fail (BELFRY_IS_SERVER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_name (task, "[belfry] stop");
  stop = g_new0 (Stop, 1);
  stop->drain_until = g_get_monotonic_time () + DRAIN_TIME;
  g_task_set_task_data (task, stop, g_free);
  if (self->bus != NULL)
    belfry_bus_shut_down (self->bus);
  if (self->worker_socket != NULL)
    belfry_worker_socket_stop (self->worker_socket);
  g_timeout_add_full (G_PRIORITY_DEFAULT, STOP_INTERVAL, on_stop, task, g_object_unref);
}

/**
 * belfry_server_stop_finish:
 * @self: a server
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.Server.stop_async]. It does not fail.
 *
 * Returns: %TRUE
 *
 * Since: 0.1
 */
gboolean
belfry_server_stop_finish (BelfryServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What was read again. */
typedef struct
{
  guint number;
  BelfryTokenVerifier *verifier; /* or NULL with @error set */
  GError *error;
  GHashTable *handlers;
} Reload;

static void
reload_free (gpointer data)
{
  Reload *reload = data;

  g_clear_pointer (&reload->verifier, belfry_token_verifier_unref);
  g_clear_error (&reload->error);
  g_hash_table_unref (reload->handlers);
  g_free (reload);
}

static void
reload_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  BelfryServer *self = source;
  Reload *reload = g_new0 (Reload, 1);

  reload->number = GPOINTER_TO_UINT (task_data);
  reload->verifier = belfry_server_keys_load (self->config, &reload->error);
  reload->handlers = read_handler_files (self);
  g_task_return_pointer (task, reload, reload_free);
}

/**
 * belfry_server_reload_async:
 * @self: a server that was started
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when what was read is in use, or was refused
 * @user_data: for @callback
 *
 * Reads the files with the keys for tokens again, and the handler files, which say which workers
 * the bus can start. Sessions that are registered stay, and so do workers that handle messages.
 *
 * Since: 0.1
 */
void
belfry_server_reload_async (BelfryServer *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (BELFRY_IS_SERVER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_name (task, "[belfry] reload");
  g_task_set_task_data (task, GUINT_TO_POINTER (++self->n_reloads), NULL);
  g_task_run_in_thread (task, reload_in_thread);
}

/**
 * belfry_server_reload_finish:
 * @self: a server
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@BelfryServer.Server.reload_async]. A handler file that is faulty is passed over with
 * a warning, and is no error. If another reload has begun later and ended earlier, what that one
 * has read stays in use.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if a file is not there or does not hold keys; then the old
 * keys stay in use, while the handler files are those that were read.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_server_reload_finish (BelfryServer *self, GAsyncResult *result, GError **error)
{
  Reload *reload;
  gboolean ok;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  reload = g_task_propagate_pointer (G_TASK (result), error);
  if (reload == NULL)
    return FALSE;
  ok = reload->verifier != NULL;
  if (reload->number > self->reload)
    {
      self->reload = reload->number;
      belfry_bus_declare_handlers (self->bus, reload->handlers);
      if (ok && self->web != NULL)
        belfry_web_server_set_verifier (self->web, reload->verifier);
    }
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&reload->error));
  reload_free (reload);
  return ok;
}

/**
 * belfry_server_get_addresses:
 * @self: a server that was started
 *
 * Gets where the server listens, with the real ports.
 *
 * Returns: (transfer container) (element-type Gio.SocketAddress): the addresses
 *
 * Since: 0.1
 */
GPtrArray *
belfry_server_get_addresses (BelfryServer *self)
{
  g_return_val_if_fail (BELFRY_IS_SERVER (self) && self->web != NULL, NULL);

  return belfry_web_server_get_addresses (self->web);
}

/**
 * belfry_server_get_service:
 * @self: a server that was started
 *
 * Gets what creates, lists, changes and removes notifications.
 *
 * Returns: (transfer none): the service
 *
 * Since: 0.1
 */
BelfryNotificationService *
belfry_server_get_service (BelfryServer *self)
{
  g_return_val_if_fail (BELFRY_IS_SERVER (self), NULL);

  return self->service;
}

/**
 * belfry_server_get_sessions:
 * @self: a server that was started
 *
 * Gets what knows the sessions.
 *
 * Returns: (transfer none): the registry
 *
 * Since: 0.1
 */
BelfrySessionRegistry *
belfry_server_get_sessions (BelfryServer *self)
{
  g_return_val_if_fail (BELFRY_IS_SERVER (self), NULL);

  return self->registry;
}

/**
 * belfry_server_get_handlers:
 * @self: a server
 *
 * Gets the chain of handlers, to add some of your own, before the start or later.
 *
 * Returns: (transfer none): the chain
 *
 * Since: 0.1
 */
BelfryHandlerChain *
belfry_server_get_handlers (BelfryServer *self)
{
  g_return_val_if_fail (BELFRY_IS_SERVER (self), NULL);

  return self->chain;
}
