/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-activator.h"

#include "belfry-message-private.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

/* What may wait: as many as a worker may have open, and as many of one session. */
#define MAX_WAITING             1024
#define MAX_WAITING_PER_SESSION 32

/* How long a message waits, and the bus is given to start a service. */
#define MAX_WAIT (30 * G_USEC_PER_SEC)

/* After one that has failed to start: clients must not have it tried all the time. */
#define PAUSE_AFTER_FAILURE G_USEC_PER_SEC

/* From one start to the next, so that one that dies of each message is not started for each. */
#define PAUSE_BETWEEN_STARTS G_USEC_PER_SEC

struct _BelfryBusActivator
{
  GObject parent_instance;

  BelfryBusWorkerHandler *workers;
  GDBusConnection *connection; /* NULL without a bus */
  GHashTable *services;        /* name → Service */
  GHashTable *types;           /* type → Service, unowned */
  GHashTable *sessions;        /* id → how many of its messages wait */
  GQueue waiting;              /* of Waiting, the oldest first */
};

typedef struct
{
  BelfryBusActivator *activator;
  char *name;
  char *owner; /* who has the name, or NULL */
  guint watch;
  guint n_waiting;
  gboolean starting;
  gboolean started;  /* since the first of those that wait came */
  gint64 not_before; /* monotonic, µs: until then messages are refused */
  gint64 next_start; /* monotonic, µs: until then they wait for it */
} Service;

/* A message for which its worker is being started. */
typedef struct
{
  Service *service;
  BelfryMessage *message;
  gint64 deadline; /* monotonic, µs */
} Waiting;

/* A question to the bus about a service, which may be declared no more when the answer comes. */
typedef struct
{
  BelfryBusActivator *activator;
  char *name;
} Question;

static void belfry_bus_activator_iface_init (BelfryMessageHandlerInterface *iface);
static void start_if_due (Service *service);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryBusActivator,
                               belfry_bus_activator,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      belfry_bus_activator_iface_init))

static guint
count_of_session (BelfryBusActivator *self, const char *session_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->sessions, session_id));
}

static void
add_waiting (Service *service, BelfryMessage *message)
{
  BelfryBusActivator *self = service->activator;
  const char *session_id = belfry_message_get_session_id (message);
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting){ service, g_object_ref (message), g_get_monotonic_time () + MAX_WAIT };
  g_queue_push_tail (&self->waiting, waiting);
  service->n_waiting++;
  g_hash_table_replace (self->sessions, g_strdup (session_id),
                        GUINT_TO_POINTER (count_of_session (self, session_id) + 1));
}

/* Takes one out of the queue. Returns: (transfer full): its message */
static BelfryMessage *
take_waiting (BelfryBusActivator *self, GList *link)
{
  Waiting *waiting = link->data;
  BelfryMessage *message = waiting->message;
  const char *session_id = belfry_message_get_session_id (message);
  guint n = count_of_session (self, session_id) - 1;

  if (n == 0)
    g_hash_table_remove (self->sessions, session_id);
  else
    g_hash_table_replace (self->sessions, g_strdup (session_id), GUINT_TO_POINTER (n));
  if (--waiting->service->n_waiting == 0)
    waiting->service->started = FALSE;
  g_queue_delete_link (&self->waiting, link);
  g_free (waiting);
  return message;
}

static void
refuse (BelfryMessage *message, const char *code, const char *text)
{
  if (!belfry_message_is_answered (message))
    belfry_message_reply_error (message, code, text, NULL);
}

static void
fail (Service *service, const char *text)
{
  BelfryBusActivator *self = service->activator;
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  GList *next;

  for (GList *link = self->waiting.head; link != NULL; link = next)
    {
      next = link->next;
      if (((Waiting *) link->data)->service == service)
        g_ptr_array_add (messages, take_waiting (self, link));
    }
  service->not_before = g_get_monotonic_time () + PAUSE_AFTER_FAILURE;
  for (guint i = 0; i < messages->len; i++)
    refuse (g_ptr_array_index (messages, i), "UNAVAILABLE", text);
}

/* It has gone, and messages wait. Those that came while one was there that was on its way out have
 * another one started; those for which one was started get no second. */
static void
on_service_gone (Service *service)
{
  if (service->n_waiting == 0 || service->starting || service->owner != NULL)
    return;
  if (!service->started)
    {
      start_if_due (service);
      return;
    }
  g_warning ("%s has gone without handling the messages that it was started for", service->name);
  fail (service, "The worker has gone without handling this type");
}

static void
ask (Service *service,
     const char *method,
     GVariant *arguments,
     const char *answer,
     GAsyncReadyCallback callback)
{
  Question *question = g_new (Question, 1);

  *question = (Question){ g_object_ref (service->activator), g_strdup (service->name) };
  g_dbus_connection_call (service->activator->connection, BUS_NAME, BUS_PATH, BUS_NAME, method,
                          arguments, G_VARIANT_TYPE (answer), G_DBUS_CALL_FLAGS_NONE,
                          MAX_WAIT / 1000, NULL, callback, question);
}

/* Returns: (nullable): whom it was about, if that is declared still */
static Service *
question_end (Question *question)
{
  Service *service = g_hash_table_lookup (question->activator->services, question->name);

  g_object_unref (question->activator);
  g_free (question->name);
  g_free (question);
  return service;
}

static void
on_owner_confirmed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = question_end (user_data);
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (service != NULL && reply == NULL)
    on_service_gone (service);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = question_end (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (service == NULL)
    return;
  service->starting = FALSE;
  if (reply == NULL)
    {
      g_warning ("%s, which handles messages, is not started: %s", service->name, error->message);
      fail (service, "The worker that handles this type cannot be started");
      return;
    }
  service->started = service->n_waiting > 0;
  /* It may have gone before this answer was seen. */
  if (service->owner == NULL)
    ask (service, "GetNameOwner", g_variant_new ("(s)", service->name), "(s)", on_owner_confirmed);
}

static void
start (Service *service)
{
  g_info ("Starting %s, which handles messages", service->name);
  service->starting = TRUE;
  service->next_start = g_get_monotonic_time () + PAUSE_BETWEEN_STARTS;
  ask (service, "StartServiceByName", g_variant_new ("(su)", service->name, 0), "(u)", on_started);
}

/* If messages wait and nobody is there. When it is too early, the sweep asks again. */
static void
start_if_due (Service *service)
{
  if (service->n_waiting > 0 && service->owner == NULL && !service->starting && !service->started
      && g_get_monotonic_time () >= service->next_start)
    start (service);
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  Service *service = user_data;

  g_free (service->owner);
  service->owner = g_strdup (owner);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Service *service = user_data;

  g_clear_pointer (&service->owner, g_free);
  on_service_gone (service);
}

static Service *
ensure_service (BelfryBusActivator *self, const char *name)
{
  Service *service = g_hash_table_lookup (self->services, name);

  if (service != NULL)
    return service;
  service = g_new0 (Service, 1);
  service->activator = self;
  service->name = g_strdup (name);
  service->watch =
      g_bus_watch_name_on_connection (self->connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                      on_appeared, on_vanished, service, NULL);
  g_hash_table_insert (self->services, service->name, service);
  return service;
}

static void
service_free (gpointer data)
{
  Service *service = data;

  g_bus_unwatch_name (service->watch);
  g_free (service->owner);
  g_free (service->name);
  g_free (service);
}

static BelfryHandlerResult
belfry_bus_activator_handle_message (BelfryMessageHandler *handler,
                                     BelfrySession *session,
                                     BelfryMessage *message)
{
  BelfryBusActivator *self = BELFRY_BUS_ACTIVATOR (handler);
  const char *type = belfry_message_get_message_type (message);
  Service *service = g_hash_table_lookup (self->types, type);

  /* A worker that handles it, but not for this user, is the only one there can be. */
  if (service == NULL || belfry_bus_worker_handler_handles (self->workers, type))
    return BELFRY_HANDLER_RESULT_NOT_MINE;
  if (service->n_waiting >= MAX_WAITING
      || count_of_session (self, belfry_message_get_session_id (message))
             >= MAX_WAITING_PER_SESSION)
    refuse (message, "BUSY", "Too many messages wait for the worker to start");
  else if (service->n_waiting == 0 && service->owner == NULL
           && g_get_monotonic_time () < service->not_before)
    refuse (message, "UNAVAILABLE", "The worker that handles this type has just failed to start");
  else
    {
      add_waiting (service, message);
      start_if_due (service);
    }
  return BELFRY_HANDLER_RESULT_TAKEN;
}

static void
belfry_bus_activator_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = belfry_bus_activator_handle_message;
}

/* Forgets what waits, unanswered: the clients are told of the end by other ways. */
void
belfry_bus_activator_close (BelfryBusActivator *self)
{
  while (!g_queue_is_empty (&self->waiting))
    g_object_unref (take_waiting (self, self->waiting.head));
  g_hash_table_remove_all (self->types);
  g_hash_table_remove_all (self->services);
}

static void
belfry_bus_activator_finalize (GObject *object)
{
  BelfryBusActivator *self = BELFRY_BUS_ACTIVATOR (object);

  g_hash_table_unref (self->types);
  g_hash_table_unref (self->services);
  g_hash_table_unref (self->sessions);
  g_clear_object (&self->connection);
  g_object_unref (self->workers);

  G_OBJECT_CLASS (belfry_bus_activator_parent_class)->finalize (object);
}

static void
belfry_bus_activator_class_init (BelfryBusActivatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_bus_activator_finalize;
}

static void
belfry_bus_activator_init (BelfryBusActivator *self)
{
  self->services = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, service_free);
  self->types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->waiting);
}

BelfryBusActivator *
belfry_bus_activator_new (BelfryBusWorkerHandler *workers)
{
  BelfryBusActivator *self = g_object_new (BELFRY_TYPE_BUS_ACTIVATOR, NULL);

  self->workers = g_object_ref (workers);
  return self;
}

/* @connection: of the bus that starts services */
void
belfry_bus_activator_set_connection (BelfryBusActivator *self, GDBusConnection *connection)
{
  g_set_object (&self->connection, connection);
}

static gboolean
is_without_use (gpointer key, gpointer value, gpointer user_data)
{
  GHashTableIter iter;
  gpointer used;

  g_hash_table_iter_init (&iter, user_data);
  while (g_hash_table_iter_next (&iter, NULL, &used))
    if (used == value)
      return FALSE;
  return TRUE;
}

/* Sets which types are declared, in place of those that were. What waits for a service that its
 * type is declared for no more is told that it is in vain.
 *
 * @types: type → name on the bus */
void
belfry_bus_activator_declare (BelfryBusActivator *self, GHashTable *types)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  const char *type;
  const char *name;
  GList *next;

  g_hash_table_remove_all (self->types);
  g_hash_table_iter_init (&iter, types);
  while (g_hash_table_iter_next (&iter, (gpointer *) &type, (gpointer *) &name))
    g_hash_table_insert (self->types, g_strdup (type), ensure_service (self, name));

  for (GList *link = self->waiting.head; link != NULL; link = next)
    {
      const Waiting *waiting = link->data;

      next = link->next;
      type = belfry_message_get_message_type (waiting->message);
      if (g_hash_table_lookup (self->types, type) != waiting->service)
        g_ptr_array_add (messages, take_waiting (self, link));
    }
  g_hash_table_foreach_remove (self->services, is_without_use, self->types);
  for (guint i = 0; i < messages->len; i++)
    refuse (g_ptr_array_index (messages, i), "UNAVAILABLE", "The type is not declared any more");
}

/* Whether @sender, NULL if it is not on the bus, may handle these types: one that is declared for a
 * service is for the owner of that name alone. */
gboolean
belfry_bus_activator_check_types (BelfryBusActivator *self,
                                  const char *sender,
                                  const char *const *types,
                                  GError **error)
{
  for (guint i = 0; types[i] != NULL; i++)
    {
      const Service *service = g_hash_table_lookup (self->types, types[i]);

      if (service == NULL || (sender != NULL && g_strcmp0 (service->owner, sender) == 0))
        continue;
      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
                   "types: “%s” is declared for %s, and you do not own that name", types[i],
                   service->name);
      return FALSE;
    }
  return TRUE;
}

/* A worker has taken some types: gives it what has waited for them, in order. */
void
belfry_bus_activator_hand_over (BelfryBusActivator *self)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  GList *next;

  for (GList *link = self->waiting.head; link != NULL; link = next)
    {
      const Waiting *waiting = link->data;

      next = link->next;
      if (belfry_bus_worker_handler_handles (self->workers,
                                             belfry_message_get_message_type (waiting->message)))
        g_ptr_array_add (messages, take_waiting (self, link));
    }
  for (guint i = 0; i < messages->len; i++)
    {
      BelfryMessage *message = g_ptr_array_index (messages, i);

      if (!belfry_message_is_answered (message)
          && !belfry_bus_worker_handler_hand_over (self->workers, message))
        refuse (message, "UNKNOWN_TYPE", "Nobody handles messages of this type");
    }
}

/* Ends the wait of those whose time is over, and starts what had to wait for that. */
void
belfry_bus_activator_sweep (BelfryBusActivator *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  Service *service;
  GList *first;

  while ((first = self->waiting.head) != NULL && ((Waiting *) first->data)->deadline <= now)
    {
      g_autoptr (BelfryMessage) message = take_waiting (self, first);

      refuse (message, "TIMEOUT", "No worker has taken it in time");
    }
  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &service))
    start_if_due (service);
}
