/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client-private.h"

#include "belfry-error.h"

#define NAME "org.belfry.Belfry1"
#define PATH "/org/belfry/Belfry1"

/* The system bus holds 128 unanswered calls of a connection, which others in the process may use,
 * too. A client keeps half as many in flight: these, and one that blocks. Threads that block at the
 * same time have one each; whoever starts more than sixty of them is beyond the bound. */
#define MAX_IN_FLIGHT 63

/**
 * BelfryClient:
 *
 * A worker's side of Belfry: it creates notifications and sends messages, over D-Bus.
 *
 * Who the worker is, the bus knows: it needs no secret. Belfry is started by the bus if it is not
 * there.
 *
 * A Belfry may also have a private socket, which spares each message the way through the bus
 * daemon. A client for the session bus tries `$XDG_RUNTIME_DIR/belfry/workers` first, one for the
 * system bus `/run/belfry/workers`; if nobody listens there, or the worker is not let in, it takes
 * the bus. When the socket is closed, since Belfry has ended, the next call connects again, in the
 * same way.
 *
 * However many asynchronous calls are made at once, only so many are sent as Belfry and the bus
 * take well; the others wait for their turn, in order. All asynchronous calls of a client have to
 * be made in one thread, the blocking ones may be made in any.
 *
 * An argument that Belfry refuses, and a limit that is passed, is an error of [error@Belfry.Error].
 * If Belfry cannot be reached, or does not answer, it is one of #GDBusError or #GIOError. Then a
 * notification may have been stored all the same: with an `idempotency-key` it can safely be
 * created again.
 *
 * What is not here, Belfry's signals for example, is there on
 * [method@Belfry.Client.get_connection].
 *
 * Since: 0.1
 */
struct _BelfryClient
{
  GObject parent_instance;

  char *bus;    /* as it was given, or NULL */
  GMutex mutex; /* over the connection */
  GDBusConnection *connection;
  gboolean connecting;
  guint in_flight;
  GQueue waiting; /* tasks of calls that are not sent yet */
};

G_DEFINE_FINAL_TYPE (BelfryClient, belfry_client, G_TYPE_OBJECT)

static void
belfry_client_finalize (GObject *object)
{
  BelfryClient *self = BELFRY_CLIENT (object);

  g_clear_object (&self->connection);
  g_mutex_clear (&self->mutex);
  g_free (self->bus);

  G_OBJECT_CLASS (belfry_client_parent_class)->finalize (object);
}

static void
belfry_client_class_init (BelfryClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_client_finalize;

  /* Registers the names of the errors with GDBus. */
  belfry_error_quark ();
}

static void
belfry_client_init (BelfryClient *self)
{
  g_mutex_init (&self->mutex);
  g_queue_init (&self->waiting);
}

static GBusType
well_known_bus (const char *bus)
{
  if (bus == NULL || g_str_equal (bus, "session"))
    return G_BUS_TYPE_SESSION;
  return g_str_equal (bus, "system") ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_NONE;
}

/* Returns: (nullable): the address of the socket that goes before this bus */
static char *
get_socket_address (const char *bus)
{
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  switch (well_known_bus (bus))
    {
    case G_BUS_TYPE_SESSION:
      path = g_build_filename (g_get_user_runtime_dir (), "belfry", "workers", NULL);
      break;
    case G_BUS_TYPE_SYSTEM:
      path = g_strdup ("/run/belfry/workers");
      break;
    default:
      if (!g_path_is_absolute (bus))
        return NULL;
      path = g_strdup (bus);
    }
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

/* Whoever names a socket wants no other. */
static gboolean
has_bus (const char *bus)
{
  return bus == NULL || !g_path_is_absolute (bus);
}

/* It blocks. */
static GDBusConnection *
connect_to (const char *bus, GCancellable *cancellable, GError **error)
{
  g_autofree char *socket = get_socket_address (bus);
  g_autoptr (GError) local = NULL;
  GDBusConnection *connection = NULL;

  if (socket != NULL)
    connection = g_dbus_connection_new_for_address_sync (
        socket, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, cancellable, &local);
  if (connection != NULL)
    return connection;
  if (!has_bus (bus) || g_cancellable_is_cancelled (cancellable))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (well_known_bus (bus) != G_BUS_TYPE_NONE)
    return g_bus_get_sync (well_known_bus (bus), cancellable, error);
  return g_dbus_connection_new_for_address_sync (
      bus,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, cancellable, error);
}

/* Takes @connection over. */
static BelfryClient *
take_connection (const char *bus, GDBusConnection *connection)
{
  BelfryClient *self;

  if (connection == NULL)
    return NULL;
  self = g_object_new (BELFRY_TYPE_CLIENT, NULL);
  self->bus = g_strdup (bus);
  self->connection = connection;
  return self;
}

static void on_bus (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_connected (GObject *source, GAsyncResult *result, gpointer user_data);

static void
on_socket (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *bus = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else if (!has_bus (bus) || g_cancellable_is_cancelled (cancellable))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_bus_get (well_known_bus (bus), cancellable, on_bus, g_steal_pointer (&task));
}

/* Takes @connection over, or @error if it is NULL. */
static void
return_connection (GTask *task, GDBusConnection *connection, GError *error)
{
  if (connection == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, connection, g_object_unref);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_bus_get_finish (result, &error);

  return_connection (task, connection, error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  return_connection (task, connection, error);
}

/* What connect_to() does. The task gives a GDBusConnection. */
static void
connect_async (const char *bus,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autofree char *socket = get_socket_address (bus);

  g_task_set_name (task, "[belfry] connect");
  g_task_set_task_data (task, g_strdup (bus), g_free);
  if (socket != NULL)
    g_dbus_connection_new_for_address (socket, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                                       cancellable, on_socket, task);
  else
    g_dbus_connection_new_for_address (bus,
                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                           | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                       NULL, cancellable, on_connected, task);
}

static void
on_first_connection (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_task_propagate_pointer (G_TASK (result), &error);

  if (connection == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, take_connection (g_task_get_task_data (task), connection),
                           g_object_unref);
}

/**
 * belfry_client_new:
 * @bus: (nullable): the bus that Belfry is on: `session`, `system`, or a D-Bus address; %NULL for
 *   the session bus; or the absolute path of Belfry's private socket
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the client is there
 * @user_data: for @callback
 *
 * Makes a client. End it with [ctor@Belfry.Client.new_finish].
 *
 * Since: 0.1
 */
void
belfry_client_new (const char *bus,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_name (task, "belfry_client_new");
  g_task_set_task_data (task, g_strdup (bus), g_free);
  connect_async (bus, cancellable, on_first_connection, task);
}

/**
 * belfry_client_new_finish: (constructor)
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [func@Belfry.Client.new].
 *
 * Errors: those of #GIOError, if there is no such bus.
 *
 * Returns: (transfer full): the client, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryClient *
belfry_client_new_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * belfry_client_new_sync: (constructor)
 * @bus: (nullable): the bus that Belfry is on: `session`, `system`, or a D-Bus address; %NULL for
 *   the session bus; or the absolute path of Belfry's private socket
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Makes a client, and blocks until it is there.
 *
 * Errors: those of #GIOError, if there is no such bus.
 *
 * Returns: (transfer full): the client, or %NULL with @error set
 *
 * Since: 0.1
 */
BelfryClient *
belfry_client_new_sync (const char *bus, GCancellable *cancellable, GError **error)
{
  return take_connection (bus, connect_to (bus, cancellable, error));
}

/**
 * belfry_client_get_connection:
 * @self: a client
 *
 * Gets the connection, for what the client has no function for: the methods and signals are those
 * of the interfaces `org.belfry.Belfry1.Notifications` and `org.belfry.Belfry1.Sessions`.
 *
 * It may be one to the private socket, where no signal has a sender: whoever subscribes to signals
 * gives none. When that is closed, the next call makes another, so keep a reference to one that you
 * go on using.
 *
 * Returns: (transfer none): the connection
 *
 * Since: 0.1
 */
GDBusConnection *
belfry_client_get_connection (BelfryClient *self)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return self->connection;
}

typedef struct
{
  const BelfryClientMethod *method;
  GVariant *parameters;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_variant_unref (call->parameters);
  g_free (call);
}

static int
get_timeout (const BelfryClientMethod *method)
{
  return method->timeout == 0 ? -1 : method->timeout;
}

static void on_answer (GObject *source, GAsyncResult *result, gpointer user_data);
static void send_waiting (BelfryClient *self);

/* A bus comes back by other means, or never: only the way to the socket is made anew.
 *
 * Returns: (transfer full) (nullable): the connection, if it is of use */
static GDBusConnection *
ref_connection (BelfryClient *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  GDBusConnectionFlags flags = g_dbus_connection_get_flags (self->connection);

  if ((flags & G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION) == 0
      && g_dbus_connection_is_closed (self->connection))
    return NULL;
  return g_object_ref (self->connection);
}

static void
take_new_connection (BelfryClient *self, GDBusConnection *connection)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_object_unref (self->connection);
  self->connection = connection;
}

static void
on_reconnected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BelfryClient) self = user_data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_task_propagate_pointer (G_TASK (result), &error);
  GTask *task;

  self->connecting = FALSE;
  if (connection != NULL)
    {
      take_new_connection (self, connection);
      send_waiting (self);
      return;
    }
  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      g_object_unref (task);
    }
}

/* Sends what waits, as far as the limit allows. */
static void
send_waiting (BelfryClient *self)
{
  while (!self->connecting && self->in_flight < MAX_IN_FLIGHT && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr (GDBusConnection) connection = ref_connection (self);
      GTask *task;
      Call *call;

      if (connection == NULL)
        {
          self->connecting = TRUE;
          connect_async (self->bus, NULL, on_reconnected, g_object_ref (self));
          return;
        }
      task = g_queue_pop_head (&self->waiting);
      call = g_task_get_task_data (task);
      self->in_flight++;
      g_dbus_connection_call (connection, NAME, PATH, call->method->interface, call->method->name,
                              call->parameters, G_VARIANT_TYPE (call->method->reply_type),
                              G_DBUS_CALL_FLAGS_NONE, get_timeout (call->method),
                              g_task_get_cancellable (task), on_answer, task);
    }
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BelfryClient *self = g_task_get_source_object (task);
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  self->in_flight--;
  send_waiting (self);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
  else
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_error (task, error);
    }
}

/* A floating @parameters is consumed. One that is cancelled while it waits is never sent. */
void
belfry_client_call_async (BelfryClient *self,
                          const BelfryClientMethod *method,
                          GVariant *parameters,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->method = method;
  call->parameters = g_variant_ref_sink (parameters);
  g_task_set_source_tag (task, (gpointer) method);
  g_task_set_name (task, method->name);
  g_task_set_task_data (task, call, call_free);
  g_queue_push_tail (&self->waiting, task);
  send_waiting (self);
}

/* Returns: (transfer full) (nullable): a tuple of the method's reply type */
GVariant *
belfry_client_call_finish (BelfryClient *self,
                           const BelfryClientMethod *method,
                           GAsyncResult *result,
                           GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, (gpointer) method), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A floating @parameters is consumed.
 *
 * Returns: (transfer full) (nullable): a tuple of the method's reply type */
GVariant *
belfry_client_call_sync (BelfryClient *self,
                         const BelfryClientMethod *method,
                         GVariant *parameters,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (GDBusConnection) connection = ref_connection (self);
  GVariant *reply;

  if (connection == NULL)
    {
      connection = connect_to (self->bus, cancellable, error);
      if (connection == NULL)
        {
          g_variant_unref (g_variant_ref_sink (parameters));
          return NULL;
        }
      take_new_connection (self, g_object_ref (connection));
    }
  reply = g_dbus_connection_call_sync (connection, NAME, PATH, method->interface, method->name,
                                       parameters, G_VARIANT_TYPE (method->reply_type),
                                       G_DBUS_CALL_FLAGS_NONE, get_timeout (method), cancellable,
                                       error);

  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return reply;
}

/* Takes over @reply, a tuple of one "t" or "u".
 *
 * Returns: the number, or -1 if @reply is NULL */
gint64
belfry_client_take_number (GVariant *reply)
{
  g_autoptr (GVariant) owned = reply;
  g_autoptr (GVariant) number = NULL;

  if (reply == NULL)
    return -1;
  number = g_variant_get_child_value (reply, 0);
  if (g_variant_is_of_type (number, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (number);
  return (gint64) g_variant_get_uint64 (number);
}

/* Returns: (transfer floating): @options, or an empty dictionary */
GVariant *
belfry_client_dictionary (GVariant *options)
{
  return options != NULL ? options : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}
