/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-worker-handler.h"

#include "belfry-argument.h"
#include "belfry-bus-caller.h"
#include "belfry-error.h"

#define SESSIONS "org.belfry.Belfry1.Sessions"

#define MAX_OPEN_REQUESTS 1024
#define MAX_TYPES         1000

struct _BelfryBusWorkerHandler
{
  GObject parent_instance;

  BelfrySessionRegistry *registry;
  gsize max_data;
  GHashTable *workers; /* key of the caller → Worker */
  GHashTable *types;   /* type, the worker's → Worker */
  guint64 next_request;
};

/* One that handles types, or has requests left to answer. */
typedef struct
{
  BelfryBusWorkerHandler *handler;
  BelfryBusCaller *caller;
  BelfryBusGrant *grant;
  GHashTable *types;    /* set of owned strings */
  GHashTable *requests; /* request id → Request */
} Worker;

/* A message that waits for the worker's answer. It is alive as long as its session waits for it:
 * until it is answered, its time is over, or the session ends. */
typedef struct
{
  Worker *worker;
  BelfryMessage *message; /* unowned */
  char *id;
} Request;

static void belfry_bus_worker_handler_iface_init (BelfryMessageHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryBusWorkerHandler,
                               belfry_bus_worker_handler,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      belfry_bus_worker_handler_iface_init))

static void
drop_if_idle (Worker *worker)
{
  if (g_hash_table_size (worker->types) == 0 && g_hash_table_size (worker->requests) == 0)
    g_hash_table_remove (worker->handler->workers, belfry_bus_caller_get_key (worker->caller));
}

static void
on_message_gone (gpointer data, GObject *where_the_message_was)
{
  Request *request = data;
  Worker *worker = request->worker;

  request->message = NULL;
  g_hash_table_remove (worker->requests, request->id);
  drop_if_idle (worker);
}

static void
request_free (gpointer data)
{
  Request *request = data;

  if (request->message != NULL)
    g_object_weak_unref (G_OBJECT (request->message), on_message_gone, request);
  g_free (request->id);
  g_free (request);
}

static void
worker_free (gpointer data)
{
  Worker *worker = data;

  g_hash_table_unref (worker->requests);
  g_hash_table_unref (worker->types);
  belfry_bus_grant_unref (worker->grant);
  belfry_bus_caller_free (worker->caller);
  g_free (worker);
}

static void
forget_types (Worker *worker)
{
  GHashTableIter iter;
  const char *type;

  g_hash_table_iter_init (&iter, worker->types);
  while (g_hash_table_iter_next (&iter, (gpointer *) &type, NULL))
    g_hash_table_remove (worker->handler->types, type);
}

/* The worker has left the bus: nobody will answer its requests. */
static void
on_gone (BelfryBusCaller *caller, gpointer user_data)
{
  Worker *worker = user_data;
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  Request *request;

  g_hash_table_iter_init (&iter, worker->requests);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &request))
    g_ptr_array_add (messages, g_object_ref (request->message));
  forget_types (worker);
  g_hash_table_remove (worker->handler->workers, belfry_bus_caller_get_key (caller));

  for (guint i = 0; i < messages->len; i++)
    belfry_message_reply_error (g_ptr_array_index (messages, i), "UNAVAILABLE",
                                "The worker that handles this type has gone", NULL);
}

static Worker *
ensure_worker (BelfryBusWorkerHandler *self,
               GDBusMethodInvocation *invocation,
               BelfryBusGrant *grant)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);
  Worker *worker = g_hash_table_lookup (self->workers, key);

  if (worker != NULL)
    return worker;
  worker = g_new0 (Worker, 1);
  worker->handler = self;
  worker->types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  worker->requests = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, request_free);
  worker->caller = belfry_bus_caller_new (invocation, on_gone, worker);
  worker->grant = belfry_bus_grant_ref (grant);
  g_hash_table_insert (self->workers, (gpointer) belfry_bus_caller_get_key (worker->caller),
                       worker);
  return worker;
}

static char *
add_request (BelfryBusWorkerHandler *self, Worker *worker, BelfryMessage *message)
{
  Request *request = g_new0 (Request, 1);

  request->worker = worker;
  request->message = message;
  request->id = g_strdup_printf ("%" G_GUINT64_FORMAT, ++self->next_request);
  g_object_weak_ref (G_OBJECT (message), on_message_gone, request);
  g_hash_table_insert (worker->requests, request->id, request);
  return request->id;
}

/* Whether a worker handles @type, be it for some users only. */
gboolean
belfry_bus_worker_handler_handles (BelfryBusWorkerHandler *self, const char *type)
{
  return g_hash_table_contains (self->types, type);
}

/* Gives @message to the worker that handles its type. Returns: FALSE if there is none for its user
 */
gboolean
belfry_bus_worker_handler_hand_over (BelfryBusWorkerHandler *self, BelfryMessage *message)
{
  const char *type = belfry_message_get_message_type (message);
  Worker *worker = g_hash_table_lookup (self->types, type);
  const char *request_id = "";

  /* For other users it is as if nobody handled the type. */
  if (worker == NULL
      || !belfry_bus_grant_allows (worker->grant, type, belfry_message_get_user_id (message)))
    return FALSE;
  if (belfry_message_get_wants_reply (message))
    {
      if (g_hash_table_size (worker->requests) >= MAX_OPEN_REQUESTS)
        {
          belfry_message_reply_error (message, "BUSY", "The worker has too many open requests",
                                      NULL);
          return TRUE;
        }
      request_id = add_request (self, worker, message);
    }
  belfry_bus_caller_emit (worker->caller, SESSIONS, "MessageReceived",
                          g_variant_new ("(sssss)", belfry_message_get_session_id (message),
                                         belfry_message_get_user_id (message), type,
                                         belfry_message_get_data (message), request_id));
  return TRUE;
}

static BelfryHandlerResult
belfry_bus_worker_handler_handle_message (BelfryMessageHandler *handler,
                                          BelfrySession *session,
                                          BelfryMessage *message)
{
  return belfry_bus_worker_handler_hand_over (BELFRY_BUS_WORKER_HANDLER (handler), message)
             ? BELFRY_HANDLER_RESULT_TAKEN
             : BELFRY_HANDLER_RESULT_NOT_MINE;
}

static void
belfry_bus_worker_handler_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = belfry_bus_worker_handler_handle_message;
}

static void
belfry_bus_worker_handler_finalize (GObject *object)
{
  BelfryBusWorkerHandler *self = BELFRY_BUS_WORKER_HANDLER (object);

  g_hash_table_unref (self->types);
  g_hash_table_unref (self->workers);
  g_object_unref (self->registry);

  G_OBJECT_CLASS (belfry_bus_worker_handler_parent_class)->finalize (object);
}

static void
belfry_bus_worker_handler_class_init (BelfryBusWorkerHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_bus_worker_handler_finalize;
}

static void
belfry_bus_worker_handler_init (BelfryBusWorkerHandler *self)
{
  self->workers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, worker_free);
  self->types = g_hash_table_new (g_str_hash, g_str_equal);
}

/* @max_data: how long a reply's data may be, in bytes */
BelfryBusWorkerHandler *
belfry_bus_worker_handler_new (BelfrySessionRegistry *registry, gsize max_data)
{
  BelfryBusWorkerHandler *self = g_object_new (BELFRY_TYPE_BUS_WORKER_HANDLER, NULL);

  self->registry = g_object_ref (registry);
  self->max_data = max_data;
  return self;
}

static gboolean
check_type (BelfryBusWorkerHandler *self,
            const char *type,
            Worker *caller,
            BelfryBusGrant *grant,
            GError **error)
{
  Worker *owner = g_hash_table_lookup (self->types, type);

  if (!belfry_argument_check_type (type, error))
    {
      g_prefix_error (error, "types: ");
      return FALSE;
    }
  if (belfry_type_is_reserved (type))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   "types: “%s” is one of Belfry's own", type);
      return FALSE;
    }
  if (!belfry_bus_grant_check_type (grant, type, error))
    return FALSE;
  if (owner != NULL && owner != caller)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_EXISTS,
                   "types: another caller handles “%s” already", type);
      return FALSE;
    }
  return TRUE;
}

/* Gives the caller messages of these types: all or none. */
gboolean
belfry_bus_worker_handler_handle (BelfryBusWorkerHandler *self,
                                  GDBusMethodInvocation *invocation,
                                  BelfryBusGrant *grant,
                                  const char *const *types,
                                  GError **error)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);
  Worker *worker = g_hash_table_lookup (self->workers, key);
  guint n = worker != NULL ? g_hash_table_size (worker->types) : 0;
  g_autoptr (GHashTable) added = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  const char *type;

  for (guint i = 0; types[i] != NULL; i++)
    {
      if (!check_type (self, types[i], worker, grant, error))
        return FALSE;
      if (worker == NULL || !g_hash_table_contains (worker->types, types[i]))
        g_hash_table_add (added, (gpointer) types[i]);
    }
  n += g_hash_table_size (added);
  if (n > MAX_TYPES)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
                   "types: %u with those the caller handles already, at most %d are allowed", n,
                   MAX_TYPES);
      return FALSE;
    }

  g_hash_table_iter_init (&iter, added);
  while (g_hash_table_iter_next (&iter, (gpointer *) &type, NULL))
    {
      char *owned = g_strdup (type);

      worker = ensure_worker (self, invocation, grant);
      g_hash_table_add (worker->types, owned);
      g_hash_table_insert (self->types, owned, worker);
    }
  return TRUE;
}

/* Types that the caller does not handle are passed over. */
void
belfry_bus_worker_handler_stop (BelfryBusWorkerHandler *self,
                                GDBusMethodInvocation *invocation,
                                const char *const *types)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);
  Worker *worker = g_hash_table_lookup (self->workers, key);

  if (worker == NULL)
    return;
  for (guint i = 0; types[i] != NULL; i++)
    if (g_hash_table_contains (worker->types, types[i]))
      {
        g_hash_table_remove (self->types, types[i]);
        g_hash_table_remove (worker->types, types[i]);
      }
  drop_if_idle (worker);
}

/* Finds a request that the caller was asked. Returns: (transfer none) (nullable) */
static BelfryMessage *
find_request (BelfryBusWorkerHandler *self,
              GDBusMethodInvocation *invocation,
              const char *session_id,
              const char *request_id,
              GError **error)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);
  Worker *worker = g_hash_table_lookup (self->workers, key);
  Request *request = worker != NULL ? g_hash_table_lookup (worker->requests, request_id) : NULL;

  if (request != NULL && g_str_equal (belfry_message_get_session_id (request->message), session_id)
      && belfry_session_registry_lookup_session (self->registry, session_id) != NULL)
    return request->message;
  g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND,
                       "request_id: you have no such request open in this session");
  return NULL;
}

gboolean
belfry_bus_worker_handler_reply (BelfryBusWorkerHandler *self,
                                 GDBusMethodInvocation *invocation,
                                 const char *session_id,
                                 const char *request_id,
                                 const char *data,
                                 GError **error)
{
  BelfryMessage *message = find_request (self, invocation, session_id, request_id, error);
  BelfryJsonValue object;

  return message != NULL && belfry_argument_check_data (data, self->max_data, &object, error)
         && belfry_message_reply (message, data, error);
}

gboolean
belfry_bus_worker_handler_reply_error (BelfryBusWorkerHandler *self,
                                       GDBusMethodInvocation *invocation,
                                       const char *session_id,
                                       const char *request_id,
                                       const char *code,
                                       const char *message_text,
                                       GError **error)
{
  BelfryMessage *message = find_request (self, invocation, session_id, request_id, error);

  return message != NULL && belfry_message_reply_error (message, code, message_text, error);
}
