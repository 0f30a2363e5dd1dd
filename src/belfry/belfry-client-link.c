/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client-link.h"

#define NAME "org.belfry.Belfry1"
#define PATH "/org/belfry/Belfry1"
#define BUS  "org.freedesktop.DBus"

/* ms. Belfry is looked for again after a time that grows, and is never the same for two clients. */
#define FIRST_DELAY 50
#define LAST_DELAY  1000

struct _BelfryClientLink
{
  const BelfryClientLinkFuncs *funcs;
  gpointer user_data;
  char *bus;    /* as it was given, or NULL */
  char *socket; /* the address of the socket that goes before the bus, or NULL */
  GCancellable *closed;

  GDBusConnection *connection; /* or NULL */
  gulong closed_id;
  guint signal_id;
  guint watch_id;       /* of the name, if it is a bus */
  gboolean knows_owner; /* the watch has said whether there is one */
  char *owner;          /* Belfry's unique name, or NULL; NULL without a bus */

  gboolean up;
  gboolean wanted;  /* calls wait: the bus may start Belfry */
  gboolean looking; /* a step of look() has not ended yet */
  guint delay;
  GSource *retry;
};

static gpointer
run (gpointer context)
{
  g_main_context_push_thread_default (context);
  g_main_loop_run (g_main_loop_new (context, FALSE));
  return NULL;
}

/* The context of the thread in which links are used. Both live as long as the process. */
GMainContext *
belfry_client_link_get_context (void)
{
  static GMainContext *context;

  if (g_once_init_enter (&context))
    {
      GMainContext *made = g_main_context_new ();

      g_thread_unref (g_thread_new ("belfry-client", run, made));
      g_once_init_leave (&context, made);
    }
  return context;
}

/* Calls @func in the thread of the links, once.
 *
 * Returns: (transfer full): the source, for g_source_destroy() */
GSource *
belfry_client_link_add_timeout (guint milliseconds, GSourceFunc func, gpointer user_data)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, belfry_client_link_get_context ());
  return source;
}

/* @delay: 0 at first
 *
 * Returns: how long to wait before the next attempt, in ms */
guint
belfry_client_link_next_delay (guint *delay)
{
  *delay = *delay == 0 ? FIRST_DELAY : MIN (*delay * 2, LAST_DELAY);
  return (guint) (*delay * g_random_double_range (0.5, 1));
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
has_bus (BelfryClientLink *self)
{
  return self->bus == NULL || !g_path_is_absolute (self->bus);
}

static gboolean
is_on_bus (BelfryClientLink *self)
{
  return self->watch_id != 0;
}

static gboolean
is_closed (BelfryClientLink *self)
{
  return g_cancellable_is_cancelled (self->closed);
}

static void
link_clear (gpointer data)
{
  BelfryClientLink *self = data;

  g_object_unref (self->closed);
  g_free (self->socket);
  g_free (self->bus);
}

/* Steps that have not ended hold a reference. */
static void
link_release (BelfryClientLink *self)
{
  g_rc_box_release_full (self, link_clear);
}

BelfryClientLink *
belfry_client_link_new (const char *bus, const BelfryClientLinkFuncs *funcs, gpointer user_data)
{
  BelfryClientLink *self = g_rc_box_new0 (BelfryClientLink);

  self->funcs = funcs;
  self->user_data = user_data;
  self->bus = g_strdup (bus);
  self->socket = get_socket_address (bus);
  self->closed = g_cancellable_new ();
  return self;
}

static void
drop_connection (BelfryClientLink *self)
{
  if (self->connection == NULL)
    return;
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  g_dbus_connection_signal_unsubscribe (self->connection, self->signal_id);
  g_clear_signal_handler (&self->closed_id, self->connection);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->owner, g_free);
  self->knows_owner = FALSE;
}

static void
stop_retrying (BelfryClientLink *self)
{
  if (self->retry != NULL)
    g_source_destroy (self->retry);
  g_clear_pointer (&self->retry, g_source_unref);
}

/* Nothing is told any more. */
void
belfry_client_link_close (BelfryClientLink *self)
{
  g_cancellable_cancel (self->closed);
  stop_retrying (self);
  drop_connection (self);
  link_release (self);
}

static gboolean
on_retry (gpointer user_data)
{
  BelfryClientLink *self = user_data;

  stop_retrying (self);
  belfry_client_link_look (self);
  return G_SOURCE_REMOVE;
}

/* On a bus, the watch tells when Belfry comes by itself; calls that wait have the bus start it. */
static void
retry_later (BelfryClientLink *self)
{
  if (is_closed (self) || self->up || self->looking || self->retry != NULL
      || (is_on_bus (self) && !self->wanted))
    return;
  self->retry =
      belfry_client_link_add_timeout (belfry_client_link_next_delay (&self->delay), on_retry, self);
}

static void
look_in_vain (BelfryClientLink *self, const GError *error)
{
  self->looking = FALSE;
  self->funcs->failed (error, self->user_data);
  retry_later (self);
}

static void
come (BelfryClientLink *self)
{
  self->looking = FALSE;
  self->up = TRUE;
  self->funcs->came (self->user_data);
}

static void
go (BelfryClientLink *self)
{
  if (!self->up)
    return;
  self->up = FALSE;
  self->funcs->went (self->user_data);
}

/* Anybody can send a signal to somebody on a bus. */
static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  BelfryClientLink *self = user_data;

  if (is_on_bus (self) && g_strcmp0 (sender, self->owner) != 0)
    return;
  self->funcs->received (signal, parameters, self->user_data);
}

static void
on_closed (GDBusConnection *connection,
           gboolean remote_peer_vanished,
           GError *error,
           gpointer user_data)
{
  BelfryClientLink *self = user_data;
  /* Nobody else would end that step. */
  gboolean watching = is_on_bus (self) && !self->knows_owner;

  drop_connection (self);
  go (self);
  if (watching)
    self->looking = FALSE;
  if (!self->looking)
    retry_later (self);
}

/* Takes @connection over. Belfry's signals are sent to their receivers alone, and so need no match
 * rule. */
static gboolean
use_connection (BelfryClientLink *self, GDBusConnection *connection, GError **error)
{
  drop_connection (self);
  self->connection = connection;
  self->closed_id = g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  self->signal_id =
      g_dbus_connection_signal_subscribe (connection, NULL, NULL, NULL, PATH, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NO_MATCH_RULE, on_signal, self, NULL);
  if (!g_dbus_connection_is_closed (connection))
    return TRUE;
  /* That may have been told before anybody listened. */
  drop_connection (self);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection is closed");
  return FALSE;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryClientLink *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (is_closed (self))
    {
      link_release (self);
      return;
    }
  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      look_in_vain (self, error);
    }
  else
    {
      self->looking = FALSE;
      if (self->owner != NULL)
        /* It may have a socket, too. */
        belfry_client_link_look (self);
      else
        retry_later (self);
    }
  link_release (self);
}

static void
ask_bus (BelfryClientLink *self)
{
  if (self->owner != NULL)
    come (self);
  else if (self->wanted)
    g_dbus_connection_call (self->connection, BUS, "/org/freedesktop/DBus", BUS,
                            "StartServiceByName", g_variant_new ("(su)", NAME, 0), NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, self->closed, on_started,
                            g_rc_box_acquire (self));
  else
    self->looking = FALSE;
}

static void
on_owner (BelfryClientLink *self, const char *owner)
{
  gboolean first = !self->knows_owner;

  g_free (self->owner);
  self->owner = g_strdup (owner);
  self->knows_owner = TRUE;
  if (owner == NULL)
    go (self);
  if (first)
    {
      ask_bus (self);
      self->funcs->connected (self->user_data);
    }
  else if (owner != NULL)
    belfry_client_link_look (self);
}

static void
on_name_appeared (GDBusConnection *connection,
                  const char *name,
                  const char *owner,
                  gpointer user_data)
{
  on_owner (user_data, owner);
}

static void
on_name_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  /* The connection is gone, too: that is told by itself. */
  if (connection != NULL)
    on_owner (user_data, NULL);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryClientLink *self = user_data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (is_closed (self))
    g_clear_object (&connection);
  else if (connection == NULL || !use_connection (self, connection, &error))
    look_in_vain (self, error);
  else
    self->watch_id =
        g_bus_watch_name_on_connection (connection, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                        on_name_appeared, on_name_vanished, self, NULL);
  link_release (self);
}

static void
look_on_bus (BelfryClientLink *self)
{
  GBusType type = well_known_bus (self->bus);
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  if (self->connection != NULL)
    {
      ask_bus (self);
      return;
    }
  if (type == G_BUS_TYPE_NONE)
    address = g_strdup (self->bus);
  else
    address = g_dbus_address_get_for_bus_sync (type, self->closed, &error);
  if (address == NULL)
    {
      look_in_vain (self, error);
      return;
    }
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->closed, on_bus, g_rc_box_acquire (self));
}

static void
on_socket (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryClientLink *self = user_data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (is_closed (self))
    g_clear_object (&connection);
  else if (connection != NULL && use_connection (self, connection, &error))
    {
      come (self);
      self->funcs->connected (self->user_data);
    }
  else if (has_bus (self))
    look_on_bus (self);
  else
    look_in_vain (self, error);
  link_release (self);
}

/* Looks for Belfry, unless that is going on or Belfry is there: at its socket, then on the bus. */
void
belfry_client_link_look (BelfryClientLink *self)
{
  if (self->up || self->looking)
    return;
  stop_retrying (self);
  self->looking = TRUE;
  if (self->socket != NULL)
    g_dbus_connection_new_for_address (self->socket, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                       NULL, self->closed, on_socket, g_rc_box_acquire (self));
  else
    look_on_bus (self);
}

void
belfry_client_link_set_wanted (BelfryClientLink *self, gboolean wanted)
{
  gboolean was_wanted = self->wanted;

  self->wanted = wanted;
  if (wanted && !was_wanted)
    belfry_client_link_look (self);
}

/* An answer shows that Belfry is there for good: the next time it goes, it is looked for soon. */
void
belfry_client_link_set_answered (BelfryClientLink *self)
{
  self->delay = 0;
}

gboolean
belfry_client_link_is_up (BelfryClientLink *self)
{
  return self->up && !g_dbus_connection_is_closed (self->connection);
}

/* Returns: (transfer none) (nullable): the connection */
GDBusConnection *
belfry_client_link_get_connection (BelfryClientLink *self)
{
  return self->connection;
}

/* Calls Belfry, which has to be up. The owner of the name is called, not the name: so a call does
 * not come to a Belfry that has just been started, and has not heard yet what holds for this
 * client.
 *
 * @timeout: in ms */
void
belfry_client_link_call (BelfryClientLink *self,
                         const char *interface,
                         const char *method,
                         GVariant *parameters,
                         const char *reply_type,
                         int timeout,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_dbus_connection_call (self->connection, self->owner, PATH, interface, method, parameters,
                          G_VARIANT_TYPE (reply_type), G_DBUS_CALL_FLAGS_NONE, timeout, NULL,
                          callback, user_data);
}
