/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-caller.h"

#include "belfry-bus-gate.h"
#include "belfry-bus.h"

struct _BelfryBusCaller
{
  GDBusConnection *connection;
  char *name; /* unique; NULL without a bus daemon, where the connection says who it is */
  char *key;
  guint watch;
  gulong closed_id;
  BelfryBusCallerGoneFunc gone;
  gpointer user_data;
};

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BelfryBusCaller *self = user_data;

  self->gone (self, self->user_data);
}

static void
on_closed (GDBusConnection *connection,
           gboolean remote_peer_vanished,
           GError *error,
           gpointer user_data)
{
  BelfryBusCaller *self = user_data;

  self->gone (self, self->user_data);
}

/* What tells one caller from another, as long as it is there. */
char *
belfry_bus_caller_key (GDBusMethodInvocation *invocation)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);

  if (sender != NULL)
    return g_strdup (sender);
  return g_strdup_printf ("%p", (void *) g_dbus_method_invocation_get_connection (invocation));
}

/* @gone may free the caller. */
BelfryBusCaller *
belfry_bus_caller_new (GDBusMethodInvocation *invocation,
                       BelfryBusCallerGoneFunc gone,
                       gpointer user_data)
{
  BelfryBusCaller *self = g_new0 (BelfryBusCaller, 1);

  self->connection = g_object_ref (g_dbus_method_invocation_get_connection (invocation));
  self->name = g_strdup (g_dbus_method_invocation_get_sender (invocation));
  self->key = belfry_bus_caller_key (invocation);
  self->gone = gone;
  self->user_data = user_data;
  if (self->name != NULL)
    self->watch = g_bus_watch_name_on_connection (
        self->connection, self->name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, self, NULL);
  else
    self->closed_id = g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  return self;
}

void
belfry_bus_caller_free (BelfryBusCaller *self)
{
  if (self->watch != 0)
    g_bus_unwatch_name (self->watch);
  g_clear_signal_handler (&self->closed_id, self->connection);
  g_object_unref (self->connection);
  g_free (self->name);
  g_free (self->key);
  g_free (self);
}

const char *
belfry_bus_caller_get_key (BelfryBusCaller *self)
{
  return self->key;
}

/* GDBus would wait until what is being written is read. */
static void
part (BelfryBusCaller *self)
{
  GIOStream *stream = g_dbus_connection_get_stream (self->connection);

  g_info ("A worker does not read its signals: its connection is closed");
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE,
                     NULL);
}

/* Sends a signal to this caller alone. A floating @parameters is consumed. */
void
belfry_bus_caller_emit (BelfryBusCaller *self,
                        const char *interface,
                        const char *signal,
                        GVariant *parameters)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
  g_autoptr (GError) error = NULL;

  if (self->name == NULL && !belfry_bus_gate_count_signal (self->connection, owned))
    part (self);
  else if (!g_dbus_connection_emit_signal (self->connection, self->name, BELFRY_BUS_PATH, interface,
                                           signal, owned, &error))
    g_debug ("%s was not sent: %s", signal, error->message);
}
