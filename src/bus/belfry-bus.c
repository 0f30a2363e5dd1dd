/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-private.h"

#include "belfry-bus-cost.h"
#include "belfry-dbus-info.h"
#include "belfry-error.h"

G_DEFINE_FINAL_TYPE (BelfryBus, belfry_bus, G_TYPE_OBJECT)

static gboolean
check_notifications (BelfryBusGrant *grant, GError **error)
{
  return belfry_bus_grant_check_type (grant, BELFRY_BUS_NOTIFICATIONS_TYPE, error);
}

static const struct
{
  const GDBusInterfaceInfo *info;
  const BelfryBusMethod *methods;
  gboolean (*check) (BelfryBusGrant *grant, GError **error); /* who may call it at all */
  gboolean only_on_bus;                                      /* whose policy says so as well */
} interfaces[] = {
  { &org_belfry_belfry1_notifications_interface, belfry_bus_notifications_methods,
    check_notifications, FALSE },
  { &org_belfry_belfry1_sessions_interface, belfry_bus_sessions_methods,
    belfry_bus_grant_check_worker, FALSE },
  { &org_belfry_belfry1_administration_interface, belfry_bus_administration_methods,
    belfry_bus_grant_check_administrator, TRUE },
};

#define N_INTERFACES G_N_ELEMENTS (interfaces)

#define PROPERTIES "org.freedesktop.DBus.Properties"

typedef struct
{
  GDBusConnection *connection;
  guint ids[N_INTERFACES];
} Registration;

static void
registration_free (gpointer data)
{
  Registration *registration = data;

  for (guint i = 0; i < N_INTERFACES; i++)
    if (registration->ids[i] != 0)
      g_dbus_connection_unregister_object (registration->connection, registration->ids[i]);
  g_object_unref (registration->connection);
  g_free (registration);
}

/* Answers with an error, which is taken over. */
void
belfry_bus_take_error (GDBusMethodInvocation *invocation, GError *error)
{
  g_dbus_method_invocation_take_error (invocation, error);
}

/* What the caller may do. Returns: (transfer none) */
BelfryBusGrant *
belfry_bus_get_grant (BelfryBus *self, GDBusMethodInvocation *invocation)
{
  return belfry_bus_bouncer_get_grant (self->bouncer,
                                       g_dbus_method_invocation_get_message (invocation));
}

static BelfryBusMethodFunc
find_method (guint interface, const char *name)
{
  for (const BelfryBusMethod *method = interfaces[interface].methods; method->name != NULL;
       method++)
    if (g_str_equal (name, method->name))
      return method->func;
  return NULL;
}

static void
call_method (BelfryBus *self, GDBusMethodInvocation *invocation)
{
  const char *interface = g_dbus_method_invocation_get_interface_name (invocation);
  const char *name = g_dbus_method_invocation_get_method_name (invocation);
  GError *error = NULL;
  guint i = 0;

  if (g_str_equal (interface, PROPERTIES))
    {
      if (belfry_bus_grant_check_worker (belfry_bus_get_grant (self, invocation), &error))
        belfry_bus_answer_properties (self, invocation);
      else
        belfry_bus_take_error (invocation, error);
      return;
    }
  while (!g_str_equal (interface, interfaces[i].info->name))
    i++;
  if (interfaces[i].check (belfry_bus_get_grant (self, invocation), &error))
    find_method (i, name) (self, g_dbus_method_invocation_get_parameters (invocation), invocation);
  else
    belfry_bus_take_error (invocation, error);
}

/* The call's turn has come. */
static void
handle (GDBusMethodInvocation *invocation, gpointer user_data)
{
  BelfryBus *self = user_data;

  if (self->shut_down)
    g_dbus_method_invocation_return_error_literal (invocation, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                                                   "Belfry is going down: call again later");
  else
    call_method (self, invocation);
}

static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *object_path,
                const char *interface,
                const char *name,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  BelfryBus *self = user_data;

  belfry_bus_turns_add (self->turns, invocation, belfry_bus_cost (name, parameters));
}

/* Without functions for properties GDBus gives us the calls that read them, as any others. */
static const GDBusInterfaceVTable vtable = { on_method_call, NULL, NULL, { 0 } };

static void
belfry_bus_dispose (GObject *object)
{
  BelfryBus *self = BELFRY_BUS (object);

  if (self->creations != NULL)
    belfry_bus_creations_close (self->creations);
  g_clear_pointer (&self->creations, belfry_bus_creations_unref);
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  if (self->bouncer != NULL)
    belfry_bus_bouncer_close (self->bouncer);
  g_clear_pointer (&self->turns, belfry_bus_turns_free);
  g_clear_pointer (&self->subscribers, belfry_bus_subscribers_free);
  if (self->activator != NULL)
    {
      belfry_handler_chain_remove (self->context.chain, BELFRY_MESSAGE_HANDLER (self->activator));
      belfry_bus_activator_close (self->activator);
    }
  g_clear_object (&self->activator);
  if (self->worker_handler != NULL)
    belfry_handler_chain_remove (self->context.chain,
                                 BELFRY_MESSAGE_HANDLER (self->worker_handler));
  g_clear_object (&self->worker_handler);
  g_clear_pointer (&self->gate, belfry_bus_gate_unref);
  g_clear_pointer (&self->bouncer, belfry_bus_bouncer_unref);
  g_clear_object (&self->context.service);
  g_clear_object (&self->context.registry);
  g_clear_object (&self->context.chain);

  G_OBJECT_CLASS (belfry_bus_parent_class)->dispose (object);
}

static void
belfry_bus_class_init (BelfryBusClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = belfry_bus_dispose;

  for (guint i = 0; i < N_INTERFACES; i++)
    for (guint j = 0; interfaces[i].info->methods[j] != NULL; j++)
      g_assert (find_method (i, interfaces[i].info->methods[j]->name) != NULL);
}

static void
belfry_bus_init (BelfryBus *self)
{
  self->connections = g_ptr_array_new_with_free_func (registration_free);
  self->gate = belfry_bus_gate_new ();
}

/* @rights: (nullable) (element-type BelfryBusRight): who may do what; NULL, or none, leaves it to
 * the bus to say who may call */
BelfryBus *
belfry_bus_new (const BelfryBusContext *context, GPtrArray *rights)
{
  BelfryBus *self = g_object_new (BELFRY_TYPE_BUS, NULL);

  self->context = *context;
  g_object_ref (context->service);
  g_object_ref (context->registry);
  g_object_ref (context->chain);
  self->bouncer = belfry_bus_bouncer_new (rights);
  self->turns = belfry_bus_turns_new (self->gate, self->bouncer, handle, self);
  self->creations = belfry_bus_creations_new (context->service, self->bouncer, context->max_data);
  belfry_bus_creations_attach (self->creations, self->gate);
  self->subscribers = belfry_bus_subscribers_new (context->service, context->registry);
  self->worker_handler = belfry_bus_worker_handler_new (context->registry, context->max_data);
  belfry_handler_chain_add (context->chain, BELFRY_MESSAGE_HANDLER (self->worker_handler));
  self->activator = belfry_bus_activator_new (self->worker_handler);
  belfry_handler_chain_add (context->chain, BELFRY_MESSAGE_HANDLER (self->activator));
  return self;
}

/* Answers calls on @connection, of a bus or of a peer, from now on. */
gboolean
belfry_bus_serve (BelfryBus *self, GDBusConnection *connection, GError **error)
{
  Registration *registration = g_new0 (Registration, 1);
  gboolean is_bus =
      (g_dbus_connection_get_flags (connection) & G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION)
      != 0;

  registration->connection = g_object_ref (connection);
  g_ptr_array_add (self->connections, registration);
  if (is_bus)
    belfry_bus_activator_set_connection (self->activator, connection);
  else
    belfry_bus_bouncer_meet_peer (self->bouncer, connection);
  belfry_bus_gate_guard (self->gate, connection, is_bus);
  for (guint i = 0; i < N_INTERFACES; i++)
    {
      if (interfaces[i].only_on_bus && !is_bus)
        continue;
      registration->ids[i] = g_dbus_connection_register_object (
          connection, BELFRY_BUS_PATH, (GDBusInterfaceInfo *) interfaces[i].info, &vtable, self,
          NULL, error);
      if (registration->ids[i] == 0)
        return FALSE;
    }
  return TRUE;
}

/* Sets which services of the bus handle which types, in place of those that did. A bus has to be
 * served.
 *
 * @types: type → name on the bus */
void
belfry_bus_declare_handlers (BelfryBus *self, GHashTable *types)
{
  belfry_bus_activator_declare (self->activator, types);
}

/* Ends what has waited for too long. */
void
belfry_bus_sweep (BelfryBus *self)
{
  belfry_bus_activator_sweep (self->activator);
}

/* Whether a process may call anything, or is to be turned away.
 *
 * @uid: its user
 * @pid: its number, 0 if it is not known */
gboolean
belfry_bus_admits (BelfryBus *self, uid_t uid, pid_t pid)
{
  g_autoptr (BelfryBusGrant) grant = belfry_bus_bouncer_get_grant_of (self->bouncer, uid, pid);

  return belfry_bus_grant_check_worker (grant, NULL);
}

/* The connection of a peer is closed. What it has called is done, though there is nobody to tell.
 */
void
belfry_bus_leave (BelfryBus *self, GDBusConnection *connection)
{
  belfry_bus_gate_forget (self->gate, connection);
  for (guint i = 0; i < self->connections->len; i++)
    if (((Registration *) g_ptr_array_index (self->connections, i))->connection == connection)
      {
        g_ptr_array_remove_index_fast (self->connections, i);
        return;
      }
}

/* Refuses calls from now on; those that have begun are still answered. */
void
belfry_bus_shut_down (BelfryBus *self)
{
  self->shut_down = TRUE;
  belfry_bus_creations_close (self->creations);
}

/* How many calls are unanswered. */
guint
belfry_bus_get_n_calls (BelfryBus *self)
{
  return belfry_bus_gate_get_n_calls (self->gate);
}
