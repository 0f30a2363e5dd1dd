/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The object that a worker has: how it is made, its properties, and how its methods become calls.
 */

#include "belfry-client-private.h"

#include "belfry-error.h"

#define DEFAULT_PATIENCE 30 /* s */

/**
 * BelfryClient:
 *
 * A worker's side of Belfry: it creates notifications, hears of them, sends messages and answers
 * those of browser tabs, over D-Bus.
 *
 * Who the worker is, the bus knows: it needs no secret. Belfry is started by the bus if it is not
 * there.
 *
 * A Belfry may also have a private socket, which spares each message the way through the bus
 * daemon. A client for the session bus tries `$XDG_RUNTIME_DIR/belfry/workers` first, one for the
 * system bus `/run/belfry/workers`; if nobody listens there, or the worker is not let in, it takes
 * the bus. Its connection is its own: no other client in the process shares it.
 *
 * ## Calls
 *
 * However many asynchronous calls are made at once, only so many are sent as Belfry and the bus
 * take well; the others wait for their turn, in order. Calls may be made in any thread; an
 * asynchronous one ends in the thread-default main context in which it was made, a blocking one
 * needs no main loop.
 *
 * A call keeps its client until it has ended. When the last reference to the client goes, so does
 * its connection: Belfry ends the subscription, and the messages that are not answered.
 *
 * All clients of a process work in a thread that a child of fork() does not have. There, a client
 * that was made before is of no use, and no other can be made: calls would wait for ever.
 *
 * An argument that Belfry refuses, and a limit that is passed, is an error of [error@Belfry.Error].
 *
 * ## When Belfry is away
 *
 * Calls wait until Belfry is back, and are then sent in order. Whoever waits has the bus start it.
 * If Belfry was away for [property@Belfry.Client:patience] without a break, a call ends with the
 * last error, which is one of #GDBusError or #GIOError, and says that it gave up.
 *
 * Of a call that Belfry was working on when it went, nobody knows whether it was done. It is
 * repeated if that does no harm: whatever reads, marks or removes, an update, a subscription, a
 * creation with an `idempotency-key`. Another one ends with an error that says so. The counts of a
 * call that was repeated are those of its last time. A call that Belfry was too busy for changed
 * nothing, and is always repeated.
 *
 * What was subscribed to, and the types that are handled, are asked for again before anything else.
 *
 * Since: 0.1
 */
struct _BelfryClient
{
  GObject parent_instance;

  char *bus; /* as it was given, or NULL */
  guint patience;
  BelfryClientAgent *agent;
  GMutex mutex;                /* over the connection */
  GDBusConnection *connection; /* the one that was asked for last */
};

G_DEFINE_FINAL_TYPE (BelfryClient, belfry_client, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_BUS,
  PROP_AVAILABLE,
  PROP_PATIENCE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
belfry_client_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  BelfryClient *self = BELFRY_CLIENT (object);

  switch (prop_id)
    {
    case PROP_BUS:
      g_value_set_string (value, self->bus);
      break;
    case PROP_AVAILABLE:
      g_value_set_boolean (value, belfry_client_get_available (self));
      break;
    case PROP_PATIENCE:
      g_value_set_uint (value, self->patience);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
belfry_client_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  BelfryClient *self = BELFRY_CLIENT (object);

  switch (prop_id)
    {
    case PROP_BUS:
      self->bus = g_value_dup_string (value);
      break;
    case PROP_PATIENCE:
      belfry_client_set_patience (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
belfry_client_constructed (GObject *object)
{
  BelfryClient *self = BELFRY_CLIENT (object);

  G_OBJECT_CLASS (belfry_client_parent_class)->constructed (object);
  self->agent = belfry_client_agent_new (self, self->bus);
  belfry_client_agent_set_patience (self->agent, self->patience);
}

static void
belfry_client_finalize (GObject *object)
{
  BelfryClient *self = BELFRY_CLIENT (object);

  belfry_client_agent_close (self->agent);
  belfry_client_agent_unref (self->agent);
  g_clear_object (&self->connection);
  g_mutex_clear (&self->mutex);
  g_free (self->bus);

  G_OBJECT_CLASS (belfry_client_parent_class)->finalize (object);
}

static void
belfry_client_class_init (BelfryClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = belfry_client_get_property;
  object_class->set_property = belfry_client_set_property;
  object_class->constructed = belfry_client_constructed;
  object_class->finalize = belfry_client_finalize;

  /**
   * BelfryClient:bus: (getter get_bus)
   *
   * The bus that was asked for: `session`, `system`, a D-Bus address, or the absolute path of a
   * private socket. %NULL stands for the session bus.
   *
   * Since: 0.1
   */
  properties[PROP_BUS] = g_param_spec_string (
      "bus", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * BelfryClient:available: (getter get_available)
   *
   * Whether Belfry can be called right now, as far as is known. A call may be made all the same: it
   * waits.
   *
   * Since: 0.1
   */
  properties[PROP_AVAILABLE] = g_param_spec_boolean ("available", NULL, NULL, FALSE,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * BelfryClient:patience: (getter get_patience) (setter set_patience)
   *
   * How long a call waits while Belfry is away, or too busy, without a break, in seconds. 0: not at
   * all, it ends with the first error.
   *
   * Since: 0.1
   */
  properties[PROP_PATIENCE] =
      g_param_spec_uint ("patience", NULL, NULL, 0, G_MAXUINT, DEFAULT_PATIENCE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  belfry_client_init_signals (klass);
  belfry_client_init_messages (klass);

  /* Registers the names of the errors with GDBus. */
  belfry_error_quark ();
}

static void
belfry_client_init (BelfryClient *self)
{
  g_mutex_init (&self->mutex);
  self->patience = DEFAULT_PATIENCE;
}

/* An asynchronous call that has ended. */
typedef struct
{
  GTask *task;
  GVariant *reply;
  GError *error;
} Ended;

static void
ended_free (gpointer data)
{
  Ended *ended = data;

  g_clear_pointer (&ended->reply, g_variant_unref);
  g_clear_error (&ended->error);
  g_object_unref (ended->task);
  g_free (ended);
}

static gboolean
on_ended (gpointer user_data)
{
  Ended *ended = user_data;

  if (ended->error != NULL)
    g_task_return_error (ended->task, g_steal_pointer (&ended->error));
  else
    g_task_return_pointer (ended->task, g_steal_pointer (&ended->reply),
                           (GDestroyNotify) g_variant_unref);
  return G_SOURCE_REMOVE;
}

/* Ends the call of a task. The task goes to where it came from before it is let go, so that the
 * client does not have its last reference in the thread of the links. Takes all three over. */
static void
return_reply (GVariant *reply, GError *error, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Ended *ended = g_new0 (Ended, 1);

  ended->task = user_data;
  ended->reply = reply;
  ended->error = error;
  g_source_set_priority (source, g_task_get_priority (ended->task));
  g_source_set_callback (source, on_ended, ended, ended_free);
  g_source_attach (source, g_task_get_context (ended->task));
}

/* One who blocks until a call has ended. */
typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean ended;
  GVariant *reply;
  GError *error;
} Waiter;

static void
wake (GVariant *reply, GError *error, gpointer user_data)
{
  Waiter *waiter = user_data;

  g_mutex_lock (&waiter->mutex);
  waiter->reply = reply;
  waiter->error = error;
  waiter->ended = TRUE;
  g_cond_signal (&waiter->cond);
  g_mutex_unlock (&waiter->mutex);
}

/* Takes @reply, if it is not NULL, to where a reply is wanted. */
static gboolean
wait_for (BelfryClient *self,
          BelfryClientLane lane,
          const BelfryClientMethod *method,
          GVariant *parameters,
          GCancellable *cancellable,
          GVariant **reply,
          GError **error)
{
  Waiter waiter = { 0 };

  g_mutex_init (&waiter.mutex);
  g_cond_init (&waiter.cond);
  belfry_client_agent_call (
      self->agent, belfry_client_call_new (lane, method, parameters, wake, &waiter), cancellable);
  g_mutex_lock (&waiter.mutex);
  while (!waiter.ended)
    g_cond_wait (&waiter.cond, &waiter.mutex);
  g_mutex_unlock (&waiter.mutex);
  g_cond_clear (&waiter.cond);
  g_mutex_clear (&waiter.mutex);

  if (reply != NULL)
    *reply = waiter.reply;
  if (waiter.error == NULL)
    return TRUE;
  g_propagate_error (error, waiter.error);
  return FALSE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  g_task_propagate_pointer (G_TASK (result), &error);
  if (error == NULL)
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * belfry_client_new:
 * @bus: (nullable): the bus that Belfry is on: `session`, `system`, or a D-Bus address; %NULL for
 *   the session bus; or the absolute path of Belfry's private socket
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the client is there
 * @user_data: for @callback
 *
 * Makes a client, in whose thread-default main context its signals are emitted. End it with
 * [ctor@Belfry.Client.new_finish].
 *
 * The bus or the socket has to be there. Belfry may come to the bus later. There is no time-out: at
 * a socket whose Belfry is still being started, or hangs, it waits until that one answers.
 *
 * Since: 0.1
 */
void
belfry_client_new (const char *bus,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (BelfryClient) self = g_object_new (BELFRY_TYPE_CLIENT, "bus", bus, NULL);
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GTask *opened = g_task_new (self, cancellable, on_opened, task);

  g_task_set_name (task, "belfry_client_new");
  g_task_set_name (opened, "[belfry] open");
  belfry_client_agent_call (
      self->agent,
      belfry_client_call_new (BELFRY_CLIENT_LANE_OPENING, NULL, NULL, return_reply, opened),
      cancellable);
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
 * Makes a client, and blocks until it is there: see [func@Belfry.Client.new].
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
  g_autoptr (BelfryClient) self = g_object_new (BELFRY_TYPE_CLIENT, "bus", bus, NULL);

  if (!wait_for (self, BELFRY_CLIENT_LANE_OPENING, NULL, NULL, cancellable, NULL, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * belfry_client_get_bus: (get-property bus)
 * @self: a client
 *
 * Gets the bus that was asked for.
 *
 * Returns: (transfer none) (nullable): the bus, or %NULL for the session bus
 *
 * Since: 0.1
 */
const char *
belfry_client_get_bus (BelfryClient *self)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  return self->bus;
}

/**
 * belfry_client_get_available: (get-property available)
 * @self: a client
 *
 * Gets whether Belfry can be called right now, as far as is known.
 *
 * Returns: %TRUE if it can
 *
 * Since: 0.1
 */
gboolean
belfry_client_get_available (BelfryClient *self)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_agent_get_available (self->agent);
}

/**
 * belfry_client_get_patience: (get-property patience)
 * @self: a client
 *
 * Gets how long a call waits while Belfry is away.
 *
 * Returns: the time in seconds
 *
 * Since: 0.1
 */
guint
belfry_client_get_patience (BelfryClient *self)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), 0);

  return self->patience;
}

/**
 * belfry_client_set_patience: (set-property patience)
 * @self: a client
 * @patience: the time in seconds, 0 for not at all
 *
 * Sets how long a call waits while Belfry is away, or too busy. It holds for calls that wait
 * already, too.
 *
 * Since: 0.1
 */
void
belfry_client_set_patience (BelfryClient *self, guint patience)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));

  if (patience == self->patience)
    return;
  self->patience = patience;
  belfry_client_agent_set_patience (self->agent, patience);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PATIENCE]);
}

/**
 * belfry_client_get_connection:
 * @self: a client
 *
 * Gets the connection, for what the client has no function for: the methods and signals are those
 * of the interfaces `org.belfry.Belfry1.Notifications` and `org.belfry.Belfry1.Sessions`.
 *
 * It may be one to the private socket, where no signal has a sender: whoever subscribes to signals
 * gives none. When it is closed, the client makes another: what is returned is good until the next
 * time that it is asked for, so keep a reference to one that you go on using.
 *
 * Returns: (transfer none): the connection
 *
 * Since: 0.1
 */
GDBusConnection *
belfry_client_get_connection (BelfryClient *self)
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (BELFRY_IS_CLIENT (self), NULL);

  connection = belfry_client_agent_ref_connection (self->agent);
  locker = g_mutex_locker_new (&self->mutex);
  g_set_object (&self->connection, connection);
  return self->connection;
}

/* A floating @parameters is consumed. */
void
belfry_client_call_async (BelfryClient *self,
                          const BelfryClientMethod *method,
                          GVariant *parameters,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, (gpointer) method);
  g_task_set_name (task, method->name);
  belfry_client_agent_call (
      self->agent,
      belfry_client_call_new (BELFRY_CLIENT_LANE_ASYNC, method, parameters, return_reply, task),
      cancellable);
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
  GVariant *reply;

  wait_for (self, BELFRY_CLIENT_LANE_BLOCKING, method, parameters, cancellable, &reply, error);
  return reply;
}

BelfryClientAgent *
belfry_client_ref_agent (BelfryClient *self)
{
  return belfry_client_agent_ref (self->agent);
}

/* For methods that can always be done once more. */
gboolean
belfry_client_can_repeat (GVariant *parameters)
{
  return TRUE;
}

/* Whether Belfry has said no: it will not say yes the next time. */
gboolean
belfry_client_is_refusal (const GError *error)
{
  return error->domain == BELFRY_ERROR
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
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

/* Takes over @reply.
 *
 * Returns: whether it is one */
gboolean
belfry_client_take_nothing (GVariant *reply)
{
  g_autoptr (GVariant) owned = reply;

  return owned != NULL;
}

/* Returns: (transfer floating): @options, or an empty dictionary */
GVariant *
belfry_client_dictionary (GVariant *options)
{
  return options != NULL ? options : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}
