/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-private.h"

#include "belfry-bus-cost.h"
#include "belfry-dbus-info.h"
#include "belfry-error.h"

G_DEFINE_FINAL_TYPE (BelfryBus, belfry_bus, G_TYPE_OBJECT)

static const struct
{
  const GDBusInterfaceInfo *info;
  const BelfryBusMethod *methods;
  gboolean only_on_bus; /* whose policy says who may call it */
} interfaces[] = {
  { &org_belfry_belfry1_notifications_interface, belfry_bus_notifications_methods, FALSE },
  { &org_belfry_belfry1_sessions_interface, belfry_bus_sessions_methods, FALSE },
  { &org_belfry_belfry1_administration_interface, belfry_bus_administration_methods, TRUE },
};

#define N_INTERFACES G_N_ELEMENTS (interfaces)

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

static BelfryBusMethodFunc
find_method (const char *interface, const char *name)
{
  for (guint i = 0; i < N_INTERFACES; i++)
    if (g_str_equal (interface, interfaces[i].info->name))
      for (const BelfryBusMethod *method = interfaces[i].methods; method->name != NULL; method++)
        if (g_str_equal (name, method->name))
          return method->func;
  return NULL;
}

/* The call's turn has come. */
static void
handle (GDBusMethodInvocation *invocation, gpointer user_data)
{
  BelfryBus *self = user_data;
  BelfryBusMethodFunc func = find_method (g_dbus_method_invocation_get_interface_name (invocation),
                                          g_dbus_method_invocation_get_method_name (invocation));

  if (self->shut_down)
    g_dbus_method_invocation_return_error_literal (invocation, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                                                   "Belfry is going down: call again later");
  else
    func (self, g_dbus_method_invocation_get_parameters (invocation), invocation);
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

static GVariant *
on_get_property (GDBusConnection *connection,
                 const char *sender,
                 const char *object_path,
                 const char *interface,
                 const char *name,
                 GError **error,
                 gpointer user_data)
{
  return belfry_bus_get_sessions_property (user_data, name);
}

static const GDBusInterfaceVTable vtable = { on_method_call, on_get_property, NULL, { 0 } };

static void
belfry_bus_dispose (GObject *object)
{
  BelfryBus *self = BELFRY_BUS (object);

  if (self->creations != NULL)
    belfry_bus_creations_close (self->creations);
  g_clear_pointer (&self->creations, belfry_bus_creations_unref);
  g_clear_pointer (&self->connections, g_ptr_array_unref);
  g_clear_pointer (&self->turns, belfry_bus_turns_free);
  g_clear_pointer (&self->subscribers, belfry_bus_subscribers_free);
  if (self->worker_handler != NULL)
    belfry_handler_chain_remove (self->context.chain,
                                 BELFRY_MESSAGE_HANDLER (self->worker_handler));
  g_clear_object (&self->worker_handler);
  g_clear_pointer (&self->gate, belfry_bus_gate_unref);
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
      g_assert (find_method (interfaces[i].info->name, interfaces[i].info->methods[j]->name)
                != NULL);
}

static void
belfry_bus_init (BelfryBus *self)
{
  self->connections = g_ptr_array_new_with_free_func (registration_free);
  self->gate = belfry_bus_gate_new ();
  self->turns = belfry_bus_turns_new (self->gate, handle, self);
}

BelfryBus *
belfry_bus_new (const BelfryBusContext *context)
{
  BelfryBus *self = g_object_new (BELFRY_TYPE_BUS, NULL);

  self->context = *context;
  g_object_ref (context->service);
  g_object_ref (context->registry);
  g_object_ref (context->chain);
  self->creations = belfry_bus_creations_new (context->service, context->max_data);
  belfry_bus_creations_attach (self->creations, self->gate);
  self->subscribers = belfry_bus_subscribers_new (context->service, context->registry);
  self->worker_handler = belfry_bus_worker_handler_new (context->registry, context->max_data);
  belfry_handler_chain_add (context->chain, BELFRY_MESSAGE_HANDLER (self->worker_handler));
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
