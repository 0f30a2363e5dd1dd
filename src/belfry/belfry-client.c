/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client.h"

#include "belfry-error.h"

#define NAME          "org.belfry.Belfry1"
#define PATH          "/org/belfry/Belfry1"
#define NOTIFICATIONS "org.belfry.Belfry1.Notifications"
#define SESSIONS      "org.belfry.Belfry1.Sessions"

/**
 * BelfryClient:
 *
 * A worker's side of Belfry: it creates notifications, over D-Bus.
 *
 * Who the worker is, the bus knows: it needs no secret. Belfry is started by the bus if it is not
 * there.
 *
 * Since: 0.1
 */
struct _BelfryClient
{
  GObject parent_instance;

  GDBusConnection *connection;
};

G_DEFINE_FINAL_TYPE (BelfryClient, belfry_client, G_TYPE_OBJECT)

static void
belfry_client_finalize (GObject *object)
{
  g_clear_object (&BELFRY_CLIENT (object)->connection);

  G_OBJECT_CLASS (belfry_client_parent_class)->finalize (object);
}

static void
belfry_client_class_init (BelfryClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_client_finalize;
}

static void
belfry_client_init (BelfryClient *self)
{
}

static GBusType
well_known_bus (const char *bus)
{
  if (bus == NULL || g_str_equal (bus, "session"))
    return G_BUS_TYPE_SESSION;
  return g_str_equal (bus, "system") ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_NONE;
}

/* Takes @connection over. */
static BelfryClient *
take_connection (GDBusConnection *connection)
{
  BelfryClient *self;

  if (connection == NULL)
    return NULL;
  /* So that errors come back as what they were. */
  belfry_error_quark ();
  self = g_object_new (BELFRY_TYPE_CLIENT, NULL);
  self->connection = connection;
  return self;
}

static void
return_client (GTask *task, GDBusConnection *connection, GError *error)
{
  if (connection == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, take_connection (connection), g_object_unref);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  return_client (task, g_bus_get_finish (result, &error), error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  return_client (task, g_dbus_connection_new_for_address_finish (result, &error), error);
}

/**
 * belfry_client_new:
 * @bus: (nullable): the bus that Belfry is on: `session`, `system`, or a D-Bus address; %NULL for
 *   the session bus
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the client is there
 * @user_data: for @callback
 *
 * Makes a client.
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
  GBusType type = well_known_bus (bus);

  g_task_set_name (task, "[belfry] new");
  if (type != G_BUS_TYPE_NONE)
    g_bus_get (type, cancellable, on_bus, task);
  else
    g_dbus_connection_new_for_address (bus,
                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                           | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                       NULL, cancellable, on_connected, task);
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
 *   the session bus
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
  GBusType type = well_known_bus (bus);

  if (type != G_BUS_TYPE_NONE)
    return take_connection (g_bus_get_sync (type, cancellable, error));
  return take_connection (
      g_dbus_connection_new_for_address_sync (bus,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, cancellable, error));
}

static GVariant *
create_parameters (const char *user_id, const char *data, GVariant *options)
{
  if (options == NULL)
    options = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  return g_variant_new ("(ss@a{sv})", user_id, data, options);
}

/* Takes @reply over. Returns: the id in it, or -1 */
static gint64
read_id (GVariant *reply, GError **error)
{
  g_autoptr (GVariant) owned = reply;
  guint64 id;

  if (reply == NULL)
    {
      if (error != NULL)
        g_dbus_error_strip_remote_error (*error);
      return -1;
    }
  g_variant_get (reply, "(t)", &id);
  return (gint64) id;
}

/* Takes @reply over. Returns: the number in it, or -1 */
static int
read_count (GVariant *reply, GError **error)
{
  g_autoptr (GVariant) owned = reply;
  guint count;

  if (reply == NULL)
    {
      if (error != NULL)
        g_dbus_error_strip_remote_error (*error);
      return -1;
    }
  g_variant_get (reply, "(u)", &count);
  return (int) count;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
}

/* A floating @parameters is consumed. */
static void
call (BelfryClient *self,
      const char *interface,
      const char *method,
      GVariant *parameters,
      const char *reply_type,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_name (task, method);
  g_dbus_connection_call (self->connection, NAME, PATH, interface, method, parameters,
                          G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE, -1, cancellable,
                          on_answer, task);
}

static GVariant *
call_sync (BelfryClient *self,
           const char *interface,
           const char *method,
           GVariant *parameters,
           const char *reply_type,
           GCancellable *cancellable,
           GError **error)
{
  return g_dbus_connection_call_sync (self->connection, NAME, PATH, interface, method, parameters,
                                      G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE, -1,
                                      cancellable, error);
}

/**
 * belfry_client_create_async:
 * @self: a client
 * @user_id: for whom: 1 to 128 bytes of UTF-8 without control characters
 * @data: the content: one JSON object as UTF-8 text, at most 64 KiB unless the server is told
 *   otherwise, and 32 deep
 * @options: (nullable): a dictionary (`a{sv}`) with any of `idempotency-key` (`s`), `tag` (`s`) and
 *   `expires` (`x`, seconds)
 * @cancellable: (nullable): does not undo what was stored
 * @callback: (scope async): called when the notification is durable
 * @user_data: for @callback
 *
 * Creates a notification and rings it in every browser tab of its user.
 *
 * Since: 0.1
 */
void
belfry_client_create_async (BelfryClient *self,
                            const char *user_id,
                            const char *data,
                            GVariant *options,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && data != NULL);

  call (self, NOTIFICATIONS, "Create", create_parameters (user_id, data, options), "(t)",
        cancellable, callback, user_data);
}

/**
 * belfry_client_create_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.create_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY,
 * %BELFRY_ERROR_STORAGE, and those of #GDBusError if Belfry cannot be reached.
 *
 * Returns: the id, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_create_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return read_id (g_task_propagate_pointer (G_TASK (result), error), error);
}

/**
 * belfry_client_create_sync:
 * @self: a client
 * @user_id: for whom
 * @data: the content
 * @options: (nullable): a dictionary (`a{sv}`)
 * @cancellable: (nullable): does not undo what was stored
 * @error: return location for an error
 *
 * Creates a notification, and blocks until it is durable: see
 * [method@Belfry.Client.create_async].
 *
 * Errors: as [method@Belfry.Client.create_finish].
 *
 * Returns: the id, or -1 with @error set
 *
 * Since: 0.1
 */
gint64
belfry_client_create_sync (BelfryClient *self,
                           const char *user_id,
                           const char *data,
                           GVariant *options,
                           GCancellable *cancellable,
                           GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL && data != NULL, -1);

  return read_id (call_sync (self, NOTIFICATIONS, "Create",
                             create_parameters (user_id, data, options), "(t)", cancellable, error),
                  error);
}

/**
 * belfry_client_send_to_user_async:
 * @self: a client
 * @user_id: to whom
 * @type: a message type of yours: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's own
 * @data: the content: one JSON object as UTF-8 text
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the message is on its way
 * @user_data: for @callback
 *
 * Sends a message, which is not stored, to every session that a user has now.
 *
 * Since: 0.1
 */
void
belfry_client_send_to_user_async (BelfryClient *self,
                                  const char *user_id,
                                  const char *type,
                                  const char *data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (user_id != NULL && type != NULL && data != NULL);

  call (self, SESSIONS, "SendToUser", g_variant_new ("(sss)", user_id, type, data), "(u)",
        cancellable, callback, user_data);
}

/**
 * belfry_client_send_to_user_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.send_to_user_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of
 * #GDBusError if Belfry cannot be reached.
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
int
belfry_client_send_to_user_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return read_count (g_task_propagate_pointer (G_TASK (result), error), error);
}

/**
 * belfry_client_send_to_user_sync:
 * @self: a client
 * @user_id: to whom
 * @type: a message type of yours
 * @data: the content
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a message, and blocks until it is on its way: see
 * [method@Belfry.Client.send_to_user_async].
 *
 * Errors: as [method@Belfry.Client.send_to_user_finish].
 *
 * Returns: how many sessions took it, or -1 with @error set
 *
 * Since: 0.1
 */
int
belfry_client_send_to_user_sync (BelfryClient *self,
                                 const char *user_id,
                                 const char *type,
                                 const char *data,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), -1);
  g_return_val_if_fail (user_id != NULL && type != NULL && data != NULL, -1);

  return read_count (call_sync (self, SESSIONS, "SendToUser",
                                g_variant_new ("(sss)", user_id, type, data), "(u)", cancellable,
                                error),
                     error);
}
