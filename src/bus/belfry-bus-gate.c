/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-gate.h"

#include <string.h>

#include "belfry-dbus-info.h"

#define ERROR_PREFIX "org.belfry.Belfry1.Error."

/* Messages that the bus daemon or GDBus handle for us cost about this much, too. */
#define CALL_OVERHEAD 256

/* Under which an incoming message keeps its Call. */
#define CALL_KEY "belfry-bus-call"

/* On an answer of the gate itself: that of a call that was never let in, though one that was may
 * have the same serial. */
#define REFUSAL_KEY "belfry-refusal"

/* Under which a connection keeps its Guard. */
#define GUARD_KEY "belfry-bus-guard"

struct _BelfryBusGate
{
  gatomicrefcount ref_count;
  GMutex mutex;
  GHashTable *callers; /* key → Caller, those with calls that are not answered */
  guint n_calls;
  gsize bytes;
  guint n_peers;
  BelfryBusGateFunc on_room;
  gpointer user_data;
  GDestroyNotify destroy;
  BelfryBusGateCallFunc on_call;
  gpointer call_data;
  GDestroyNotify call_destroy;
};

typedef struct
{
  char *key;
  GHashTable *calls; /* serial → Call */
  gsize bytes;
  guint n_waiting; /* of the calls, those that have not begun */
  guint cost;      /* of those that have begun, or begin */
  gboolean waits;  /* for room to begin another one */
  gboolean gone;
} Caller;

/* One call that is not answered. Its message holds it, too, and may outlive it here. */
typedef struct
{
  BelfryBusGate *gate;
  Caller *caller; /* NULL when it is not counted any more */
  guint32 serial;
  gsize bytes;
  guint cost;
  gboolean wants_no_reply;
  gboolean begun;
  gboolean handled; /* what is left of it is its answer, on its way */
} Call;

/* What the filter of one connection knows. */
typedef struct
{
  BelfryBusGate *gate;
  char *peer;         /* the key of its one caller, if there is no bus daemon to name them */
  int unsent_signals; /* bytes, atomic */
} Guard;

static void
caller_free (gpointer data)
{
  Caller *caller = data;

  g_hash_table_unref (caller->calls);
  g_free (caller->key);
  g_free (caller);
}

BelfryBusGate *
belfry_bus_gate_new (void)
{
  BelfryBusGate *self = g_new0 (BelfryBusGate, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->callers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, caller_free);
  return self;
}

static BelfryBusGate *
gate_ref (BelfryBusGate *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_bus_gate_unref (BelfryBusGate *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->callers);
  g_clear_pointer (&self->user_data, self->destroy);
  g_clear_pointer (&self->call_data, self->call_destroy);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Has @func called, in whatever thread, when a caller that belfry_bus_gate_begin() held up may go
 * on. It belongs before the first connection. */
void
belfry_bus_gate_set_on_room (BelfryBusGate *self,
                             BelfryBusGateFunc func,
                             gpointer user_data,
                             GDestroyNotify destroy)
{
  self->on_room = func;
  self->user_data = user_data;
  self->destroy = destroy;
}

/* Has @func asked of each call that is let in whether it takes it, in GDBus's own thread. What it
 * takes it answers; all else goes to the main thread. It belongs before the first connection. */
void
belfry_bus_gate_set_on_call (BelfryBusGate *self,
                             BelfryBusGateCallFunc func,
                             gpointer user_data,
                             GDestroyNotify destroy)
{
  self->on_call = func;
  self->call_data = user_data;
  self->call_destroy = destroy;
}

static const char *
caller_of (Guard *guard, const char *name)
{
  if (guard->peer != NULL)
    return guard->peer;
  return name != NULL ? name : "";
}

static gsize
size_of_body (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  return body != NULL ? g_variant_get_size (body) : 0;
}

/* The call is counted no more. Returns: whether its caller may begin another */
static gboolean
forget (BelfryBusGate *self, Call *call)
{
  Caller *caller = call->caller;
  gboolean room;

  call->caller = NULL;
  self->n_calls--;
  self->bytes -= call->bytes;
  caller->bytes -= call->bytes;
  caller->cost -= call->cost;
  caller->n_waiting -= !call->begun;
  room = caller->waits && caller->cost <= BELFRY_BUS_MAX_COST_PER_CALLER / 2;
  if (room)
    caller->waits = FALSE;
  g_hash_table_remove (caller->calls, GUINT_TO_POINTER (call->serial));
  if (g_hash_table_size (caller->calls) == 0)
    g_hash_table_remove (self->callers, caller->key);
  return room;
}

static void
tell_room (BelfryBusGate *self, gboolean room)
{
  if (room && self->on_room != NULL)
    self->on_room (self->user_data);
}

/* Nobody works on the call any more. If its answer can still go out, it is counted until then: so
 * the answers that a caller does not read are bounded as well. */
static void
on_message_freed (gpointer data)
{
  Call *call = data;
  BelfryBusGate *gate = call->gate;
  gboolean room = FALSE;

  g_mutex_lock (&gate->mutex);
  call->handled = TRUE;
  if (call->caller != NULL && call->caller->gone)
    room = forget (gate, call);
  g_mutex_unlock (&gate->mutex);
  tell_room (gate, room);
  g_atomic_rc_box_release (call);
  belfry_bus_gate_unref (gate);
}

static Caller *
ensure_caller (BelfryBusGate *self, const char *key)
{
  Caller *caller = g_hash_table_lookup (self->callers, key);

  if (caller != NULL)
    return caller;
  caller = g_new0 (Caller, 1);
  caller->key = g_strdup (key);
  caller->calls = g_hash_table_new_full (NULL, NULL, NULL, g_atomic_rc_box_release);
  g_hash_table_insert (self->callers, caller->key, caller);
  return caller;
}

typedef enum
{
  ENTERED,
  TOO_MANY,
  REPEATED
} Entry;

/* Lets a call in and counts it, if there is room. One caller who fills it all up does not keep the
 * small calls of others out. */
static Entry
enter (Guard *guard, GDBusMessage *message, gboolean wants_no_reply)
{
  BelfryBusGate *self = guard->gate;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const char *key = caller_of (guard, g_dbus_message_get_sender (message));
  guint32 serial = g_dbus_message_get_serial (message);
  gsize bytes = CALL_OVERHEAD + size_of_body (message);
  Caller *caller = g_hash_table_lookup (self->callers, key);
  guint n = caller != NULL ? g_hash_table_size (caller->calls) : 0;
  gsize share = bytes + (caller != NULL ? caller->bytes : 0);
  Call *call;

  if (caller != NULL && g_hash_table_contains (caller->calls, GUINT_TO_POINTER (serial)))
    return REPEATED;
  if (n >= BELFRY_BUS_MAX_CALLS_PER_CALLER || self->n_calls >= BELFRY_BUS_MAX_CALLS
      || (self->bytes + bytes > BELFRY_BUS_MAX_BYTES && share > BELFRY_BUS_SURE_BYTES))
    return TOO_MANY;

  caller = ensure_caller (self, key);
  call = g_atomic_rc_box_new0 (Call);
  call->gate = gate_ref (self);
  call->caller = caller;
  call->serial = serial;
  call->bytes = bytes;
  call->wants_no_reply = wants_no_reply;
  g_hash_table_insert (caller->calls, GUINT_TO_POINTER (serial), g_atomic_rc_box_acquire (call));
  g_object_set_data_full (G_OBJECT (message), CALL_KEY, call, on_message_freed);
  caller->n_waiting++;
  caller->bytes += bytes;
  self->bytes += bytes;
  self->n_calls++;
  return ENTERED;
}

/* A reply goes out. Returns: FALSE if its caller wanted none */
static gboolean
leave (Guard *guard, GDBusMessage *message)
{
  BelfryBusGate *self = guard->gate;
  guint32 serial = g_dbus_message_get_reply_serial (message);
  Caller *caller;
  Call *call;
  gboolean wanted = TRUE;
  gboolean room = FALSE;

  g_mutex_lock (&self->mutex);
  caller = g_hash_table_lookup (self->callers,
                                caller_of (guard, g_dbus_message_get_destination (message)));
  call = caller != NULL ? g_hash_table_lookup (caller->calls, GUINT_TO_POINTER (serial)) : NULL;
  if (call != NULL)
    {
      wanted = !call->wants_no_reply;
      room = forget (self, call);
    }
  g_mutex_unlock (&self->mutex);
  tell_room (self, room);
  return wanted;
}

static Call *
call_of (GDBusMessage *message)
{
  return g_object_get_data (G_OBJECT (message), CALL_KEY);
}

/* Takes room for a call that costs so much, beside what its caller has going on. One that is larger
 * than the bound has room alone. */
static gboolean
take_room (Call *call, guint cost)
{
  Caller *caller = call->caller;

  if (caller->cost > 0 && caller->cost + cost > BELFRY_BUS_MAX_COST_PER_CALLER)
    return FALSE;
  call->cost = cost;
  caller->cost += cost;
  return TRUE;
}

/* Whether work on a call may begin, its turn having come. If not, the gate tells when to ask again.
 */
gboolean
belfry_bus_gate_begin (BelfryBusGate *self, GDBusMessage *message, guint cost)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Call *call = call_of (message);

  if (call == NULL || call->caller == NULL)
    return TRUE;
  call->caller->waits = !take_room (call, cost);
  return !call->caller->waits;
}

/* What the work on a call begins with is done, so that a later one of its caller can no longer
 * overtake it. */
void
belfry_bus_gate_begun (BelfryBusGate *self, GDBusMessage *message)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Call *call = call_of (message);

  if (call == NULL || call->begun)
    return;
  call->begun = TRUE;
  if (call->caller != NULL)
    call->caller->n_waiting--;
}

/* Whether work on a call may begin as soon as it is let in: there is room, and no earlier one of
 * its caller waits. */
gboolean
belfry_bus_gate_begin_at_once (BelfryBusGate *self, GDBusMessage *message, guint cost)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Call *call = call_of (message);

  if (call->caller == NULL || call->caller->n_waiting > 1 || !take_room (call, cost))
    return FALSE;
  call->begun = TRUE;
  call->caller->n_waiting--;
  return TRUE;
}

/* Answers @message here, and takes it over. */
static GDBusMessage *
refuse (GDBusConnection *connection,
        GDBusMessage *message,
        gboolean wants_no_reply,
        const char *error,
        const char *text)
{
  g_autoptr (GDBusMessage) owned = message;
  g_autoptr (GDBusMessage) reply = NULL;

  if (wants_no_reply)
    return NULL;
  reply = g_dbus_message_new_method_error_literal (message, error, text);
  g_object_set_data (G_OBJECT (reply), REFUSAL_KEY, reply);
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  return NULL;
}

static const GDBusMethodInfo *
find_method (GDBusMessage *message)
{
  static const GDBusInterfaceInfo *const interfaces[] = {
    &org_belfry_belfry1_notifications_interface,
    &org_belfry_belfry1_sessions_interface,
    &org_belfry_belfry1_administration_interface,
  };
  const char *interface = g_dbus_message_get_interface (message);
  const char *member = g_dbus_message_get_member (message);

  for (guint i = 0; i < G_N_ELEMENTS (interfaces); i++)
    if (g_strcmp0 (interface, interfaces[i]->name) == 0 && member != NULL)
      return g_dbus_interface_info_lookup_method ((GDBusInterfaceInfo *) interfaces[i], member);
  return NULL;
}

/* GDBus would refuse arguments of other types in words, and by an error, of its own. */
static char *
find_signature_fault (GDBusMessage *message)
{
  const GDBusMethodInfo *method = find_method (message);
  g_autoptr (GString) expected = g_string_new (NULL);
  const char *signature = g_dbus_message_get_signature (message);

  if (method == NULL)
    return NULL;
  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_string_append (expected, method->in_args[i]->signature);
  if (g_str_equal (expected->str, signature != NULL ? signature : ""))
    return NULL;
  return g_strdup_printf ("arguments: %s takes (%s), not (%s)", method->name, expected->str,
                          signature != NULL ? signature : "");
}

/* Names the largest argument, since it is the one to look at. */
static char *
describe_size (GDBusMessage *message)
{
  const GDBusMethodInfo *method = find_method (message);
  GVariant *body = g_dbus_message_get_body (message);
  const char *name = "arguments";
  gsize largest = 0;

  for (gsize i = 0; method != NULL && i < g_variant_n_children (body); i++)
    {
      g_autoptr (GVariant) argument = g_variant_get_child_value (body, i);

      if (g_variant_get_size (argument) > largest)
        {
          largest = g_variant_get_size (argument);
          name = method->in_args[i]->name;
        }
    }
  return g_strdup_printf ("%s: %" G_GSIZE_FORMAT " bytes in one call, at most %d are allowed", name,
                          size_of_body (message), BELFRY_BUS_MAX_CALL_BYTES);
}

/* Returns: (transfer full): @message, or a copy that can be changed */
static GDBusMessage *
unlock (GDBusMessage *message)
{
  g_autoptr (GDBusMessage) original = NULL;

  if (!g_dbus_message_get_locked (message))
    return message;
  original = message;
  return g_dbus_message_copy (original, NULL);
}

static GDBusMessage *
take_call (Guard *guard, GDBusConnection *connection, GDBusMessage *message)
{
  BelfryBusGate *self = guard->gate;
  GDBusMessageFlags flags = g_dbus_message_get_flags (message);
  gboolean wants_no_reply = (flags & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) != 0;
  g_autofree char *fault = NULL;

  /* Nobody has checked the name that a peer gives itself. */
  if (guard->peer != NULL && g_dbus_message_get_sender (message) != NULL)
    {
      message = unlock (message);
      g_dbus_message_set_sender (message, NULL);
    }
  /* They would be held open until the call is answered. */
  if (g_dbus_message_get_num_unix_fds (message) > 0)
    return refuse (connection, message, wants_no_reply, ERROR_PREFIX "InvalidArgs",
                   "arguments: no file descriptors are taken");
  fault = find_signature_fault (message);
  if (fault != NULL)
    return refuse (connection, message, wants_no_reply, ERROR_PREFIX "InvalidArgs", fault);
  if (size_of_body (message) > BELFRY_BUS_MAX_CALL_BYTES)
    {
      g_autofree char *text = describe_size (message);

      return refuse (connection, message, wants_no_reply, ERROR_PREFIX "TooLarge", text);
    }
  /* So that every call is answered, and so is seen to end; leave() drops the answer. */
  if (wants_no_reply)
    {
      message = unlock (message);
      g_dbus_message_set_flags (message, flags & ~(guint) G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
    }
  switch (enter (guard, message, wants_no_reply))
    {
    case TOO_MANY:
      return refuse (connection, message, wants_no_reply, ERROR_PREFIX "Busy",
                     "Too many calls are unanswered (1,024 of one caller, 8,192 or 32 MiB in all): "
                     "wait for answers before you call again");
    case REPEATED:
      /* The protocol forbids it. An answer could not be told from that to the first, and two calls
       * that are counted as one would be a way past the bounds. */
      g_debug ("A call was dropped: its serial is that of one that is not answered");
      g_object_unref (message);
      return NULL;
    case ENTERED:
    default:
      if (self->on_call == NULL || !self->on_call (self, connection, message, self->call_data))
        return message;
      g_object_unref (message);
      return NULL;
    }
}

static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  Guard *guard = user_data;
  GDBusMessageType type = g_dbus_message_get_message_type (message);

  if (incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return take_call (guard, connection, message);
  if (!incoming && type == G_DBUS_MESSAGE_TYPE_SIGNAL && guard->peer != NULL)
    g_atomic_int_add (&guard->unsent_signals, -(int) (CALL_OVERHEAD + size_of_body (message)));
  if (!incoming && (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR)
      && g_object_get_data (G_OBJECT (message), REFUSAL_KEY) == NULL && !leave (guard, message))
    {
      g_object_unref (message);
      return NULL;
    }
  return message;
}

static void
guard_free (gpointer data)
{
  Guard *guard = data;

  belfry_bus_gate_unref (guard->gate);
  g_free (guard->peer);
  g_free (guard);
}

static Guard *
guard_of (GDBusConnection *connection)
{
  return g_object_get_data (G_OBJECT (connection), GUARD_KEY);
}

/* Counts the calls that come in on @connection from now on.
 *
 * @is_bus: whether a bus daemon is there, which says who calls */
void
belfry_bus_gate_guard (BelfryBusGate *self, GDBusConnection *connection, gboolean is_bus)
{
  Guard *guard = g_new0 (Guard, 1);

  guard->gate = gate_ref (self);
  if (!is_bus)
    guard->peer = g_strdup_printf ("peer %u", ++self->n_peers);
  g_object_set_data (G_OBJECT (connection), GUARD_KEY, guard);
  g_dbus_connection_add_filter (connection, filter, guard, guard_free);
}

/* @connection, which has no bus daemon, is closed. Answers that were on their way are not. */
void
belfry_bus_gate_forget (BelfryBusGate *self, GDBusConnection *connection)
{
  g_autoptr (GList) calls = NULL;
  Caller *caller;
  gboolean room = FALSE;

  g_mutex_lock (&self->mutex);
  caller = g_hash_table_lookup (self->callers, guard_of (connection)->peer);
  if (caller != NULL)
    {
      caller->gone = TRUE;
      calls = g_hash_table_get_values (caller->calls);
    }
  for (GList *link = calls; link != NULL; link = link->next)
    if (((Call *) link->data)->handled)
      room |= forget (self, link->data);
  g_mutex_unlock (&self->mutex);
  tell_room (self, room);
}

/* Whether a signal may be sent. A bus daemon parts with one who does not read; here we have to.
 *
 * Returns: FALSE if so much is unread that there is no use in going on */
gboolean
belfry_bus_gate_count_signal (GDBusConnection *connection, GVariant *parameters)
{
  Guard *guard = guard_of (connection);
  int size = (int) (CALL_OVERHEAD + g_variant_get_size (parameters));

  return g_atomic_int_add (&guard->unsent_signals, size) + size <= BELFRY_BUS_MAX_UNSENT_SIGNALS;
}

/* How many calls are unanswered. */
guint
belfry_bus_gate_get_n_calls (BelfryBusGate *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->n_calls;
}
