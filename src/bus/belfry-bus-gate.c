/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-gate.h"

#include <string.h>

#include "belfry-dbus-info.h"

#define ERROR_PREFIX "org.belfry.Belfry1.Error."

/* Messages that the bus daemon or GDBus handle for us cost about this much, too. */
#define CALL_OVERHEAD 256

struct _BelfryBusGate
{
  gatomicrefcount ref_count;
  GMutex mutex;
  GHashTable *callers; /* name → how many calls are unanswered */
  GHashTable *calls;   /* set of Call */
  gsize bytes;
};

/* One call that is not answered. */
typedef struct
{
  char *caller;
  guint32 serial;
  gsize bytes;
  gboolean wants_no_reply;
} Call;

static guint
call_hash (gconstpointer data)
{
  const Call *call = data;

  return g_str_hash (call->caller) ^ call->serial * 2654435761u;
}

static gboolean
call_equal (gconstpointer a, gconstpointer b)
{
  const Call *one = a;
  const Call *other = b;

  return one->serial == other->serial && g_str_equal (one->caller, other->caller);
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->caller);
  g_free (call);
}

BelfryBusGate *
belfry_bus_gate_new (void)
{
  BelfryBusGate *self = g_new0 (BelfryBusGate, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->callers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->calls = g_hash_table_new_full (call_hash, call_equal, call_free, NULL);
  return self;
}

void
belfry_bus_gate_unref (BelfryBusGate *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->callers);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Without a bus daemon there is one caller to a connection, and it has no name. */
static const char *
caller_of (const char *name)
{
  return name != NULL ? name : "";
}

static gsize
size_of_body (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  return body != NULL ? g_variant_get_size (body) : 0;
}

typedef enum
{
  ENTERED,
  TOO_MANY,
  REPEATED
} Entry;

/* Lets a call in and counts it, if there is room. */
static Entry
enter (BelfryBusGate *self, GDBusMessage *message, gboolean wants_no_reply)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const char *caller = caller_of (g_dbus_message_get_sender (message));
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->callers, caller));
  gsize bytes = CALL_OVERHEAD + size_of_body (message);
  const Call key = { (char *) caller, g_dbus_message_get_serial (message), 0, FALSE };
  Call *call;

  if (g_hash_table_contains (self->calls, &key))
    return REPEATED;
  if (n >= BELFRY_BUS_MAX_CALLS_PER_CALLER
      || g_hash_table_size (self->calls) >= BELFRY_BUS_MAX_CALLS
      || self->bytes + bytes > BELFRY_BUS_MAX_BYTES)
    return TOO_MANY;

  call = g_new (Call, 1);
  *call = (Call){ g_strdup (caller), g_dbus_message_get_serial (message), bytes, wants_no_reply };
  g_hash_table_add (self->calls, call);
  g_hash_table_insert (self->callers, g_strdup (caller), GUINT_TO_POINTER (n + 1));
  self->bytes += bytes;
  return ENTERED;
}

/* A reply goes out. Returns: FALSE if its caller wanted none */
static gboolean
leave (BelfryBusGate *self, GDBusMessage *message)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const char *caller = caller_of (g_dbus_message_get_destination (message));
  const Call key = { (char *) caller, g_dbus_message_get_reply_serial (message), 0, FALSE };
  Call *call = g_hash_table_lookup (self->calls, &key);
  gboolean wanted;
  guint n;

  if (call == NULL)
    return TRUE;
  wanted = !call->wants_no_reply;
  self->bytes -= call->bytes;
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->callers, caller));
  if (n > 1)
    g_hash_table_insert (self->callers, g_strdup (caller), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (self->callers, caller);
  g_hash_table_remove (self->calls, call);
  return wanted;
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
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  return NULL;
}

static const GDBusMethodInfo *
find_method (GDBusMessage *message)
{
  static const GDBusInterfaceInfo *const interfaces[] = {
    &org_belfry_belfry1_notifications_interface,
    &org_belfry_belfry1_sessions_interface,
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

static GDBusMessage *
take_call (BelfryBusGate *self, GDBusConnection *connection, GDBusMessage *message)
{
  GDBusMessageFlags flags = g_dbus_message_get_flags (message);
  gboolean wants_no_reply = (flags & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) != 0;
  g_autofree char *fault = find_signature_fault (message);

  if (fault != NULL)
    return refuse (connection, message, wants_no_reply, ERROR_PREFIX "InvalidArgs", fault);
  if (size_of_body (message) > BELFRY_BUS_MAX_CALL_BYTES)
    {
      g_autofree char *text = describe_size (message);

      return refuse (connection, message, wants_no_reply, ERROR_PREFIX "TooLarge", text);
    }
  switch (enter (self, message, wants_no_reply))
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
      break;
    }
  if (!wants_no_reply)
    return message;

  /* So that every call is answered, and so is seen to end; leave() drops the answer. */
  if (g_dbus_message_get_locked (message))
    {
      g_autoptr (GDBusMessage) original = message;

      message = g_dbus_message_copy (original, NULL);
    }
  g_dbus_message_set_flags (message, flags & ~(guint) G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  return message;
}

static GDBusMessage *
filter (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  BelfryBusGate *self = user_data;
  GDBusMessageType type = g_dbus_message_get_message_type (message);

  if (incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return take_call (self, connection, message);
  if (!incoming && (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR)
      && !leave (self, message))
    {
      g_object_unref (message);
      return NULL;
    }
  return message;
}

/* Counts the calls that come in on @connection from now on. */
void
belfry_bus_gate_guard (BelfryBusGate *self, GDBusConnection *connection)
{
  g_atomic_ref_count_inc (&self->ref_count);
  g_dbus_connection_add_filter (connection, filter, self, (GDestroyNotify) belfry_bus_gate_unref);
}

/* How many calls are unanswered. */
guint
belfry_bus_gate_get_n_calls (BelfryBusGate *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_hash_table_size (self->calls);
}
