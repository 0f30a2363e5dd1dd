/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bridge-desktop.h"

#include <glib/gi18n.h>

#define PORTAL              "org.freedesktop.portal.Desktop"
#define PORTAL_PATH         "/org/freedesktop/portal/desktop"
#define PORTAL_NOTIFICATION "org.freedesktop.portal.Notification"
#define PORTAL_OPEN_URI     "org.freedesktop.portal.OpenURI"

/* How long a portal that went may take to come back, and one that came to be complete. */
#define PORTAL_PATIENCE 5 /* seconds */

#define ACTION_OPEN      "open"
#define ACTION_MARK_READ "mark-read"

/* Cards go to the portal if one is on the bus, or can be started, else to GApplication, which knows
 * the desktop's own ways. What the portal showed before it went cannot be clicked any more, so
 * whoever comes back begins with nothing. */
typedef enum
{
  PLACE_UNKNOWN,
  PLACE_PORTAL,
  PLACE_APPLICATION,
} Place;

struct _BelfryBridgeDesktop
{
  GObject parent_instance;

  GApplication *application;
  GDBusConnection *bus;
  Place place;
  guint watch;
  guint subscription;
  gboolean has_appeared; /* the portal, at any time */
  GCancellable *asking;  /* (nullable): of the question what it can do */
  guint n_asked;
  guint timeout;
  GHashTable *keys; /* of the cards that GApplication shows */
};

G_DEFINE_FINAL_TYPE (BelfryBridgeDesktop, belfry_bridge_desktop, G_TYPE_OBJECT)

enum
{
  EMPTIED,
  ACTIVATED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
stop_waiting (BelfryBridgeDesktop *self)
{
  g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  g_clear_handle_id (&self->timeout, g_source_remove);
}

static void
belfry_bridge_desktop_dispose (GObject *object)
{
  BelfryBridgeDesktop *self = BELFRY_BRIDGE_DESKTOP (object);

  stop_waiting (self);
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  self->subscription = 0;

  G_OBJECT_CLASS (belfry_bridge_desktop_parent_class)->dispose (object);
}

static void
belfry_bridge_desktop_finalize (GObject *object)
{
  BelfryBridgeDesktop *self = BELFRY_BRIDGE_DESKTOP (object);

  g_hash_table_unref (self->keys);
  g_object_unref (self->bus);
  g_object_unref (self->application);

  G_OBJECT_CLASS (belfry_bridge_desktop_parent_class)->finalize (object);
}

static void
belfry_bridge_desktop_class_init (BelfryBridgeDesktopClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = belfry_bridge_desktop_dispose;
  object_class->finalize = belfry_bridge_desktop_finalize;

  signals[EMPTIED] = g_signal_new ("emptied", BELFRY_TYPE_BRIDGE_DESKTOP, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ACTIVATED] =
      g_signal_new ("activated", BELFRY_TYPE_BRIDGE_DESKTOP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_BOOLEAN);
}

static void
belfry_bridge_desktop_init (BelfryBridgeDesktop *self)
{
  self->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
move_to (BelfryBridgeDesktop *self, Place place)
{
  GHashTableIter iter;
  const char *key;

  stop_waiting (self);
  if (place == self->place)
    return;
  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, NULL))
    g_application_withdraw_notification (self->application, key);
  g_hash_table_remove_all (self->keys);

  self->place = place;
  if (place == PLACE_UNKNOWN)
    return;
  g_message ("%s", place == PLACE_PORTAL ? _ ("Showing notifications through the portal")
                                         : _ ("Showing notifications without a portal"));
  g_signal_emit (self, signals[EMPTIED], 0);
}

static void ask_portal (BelfryBridgeDesktop *self);

static gboolean
on_ask_again (gpointer user_data)
{
  BelfryBridgeDesktop *self = user_data;

  self->timeout = 0;
  ask_portal (self);
  return G_SOURCE_REMOVE;
}

static void
on_version (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryBridgeDesktop *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (error == NULL)
    {
      move_to (self, PLACE_PORTAL);
      return;
    }
  if (self->n_asked < PORTAL_PATIENCE)
    {
      g_info ("The portal does not know of notifications yet: %s", error->message);
      self->timeout = g_timeout_add_seconds (1, on_ask_again, self);
      return;
    }
  g_info ("The portal shows no notifications: %s", error->message);
  move_to (self, PLACE_APPLICATION);
}

/* A portal need not have a part for notifications, or not at once. */
static void
ask_portal (BelfryBridgeDesktop *self)
{
  self->n_asked++;
  g_clear_object (&self->asking);
  self->asking = g_cancellable_new ();
  g_dbus_connection_call (self->bus, PORTAL, PORTAL_PATH, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", PORTAL_NOTIFICATION, "version"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->asking,
                          on_version, self);
}

static void
on_portal_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  BelfryBridgeDesktop *self = user_data;

  stop_waiting (self);
  self->has_appeared = TRUE;
  self->n_asked = 0;
  ask_portal (self);
}

static gboolean
on_portal_stays_away (gpointer user_data)
{
  BelfryBridgeDesktop *self = user_data;

  self->timeout = 0;
  move_to (self, PLACE_APPLICATION);
  return G_SOURCE_REMOVE;
}

static void
on_portal_vanished (GDBusConnection *bus, const char *name, gpointer user_data)
{
  BelfryBridgeDesktop *self = user_data;

  stop_waiting (self);
  if (self->place == PLACE_APPLICATION || bus == NULL)
    return;
  if (!self->has_appeared)
    {
      move_to (self, PLACE_APPLICATION);
      return;
    }
  g_message (_ ("The portal is away"));
  move_to (self, PLACE_UNKNOWN);
  self->timeout = g_timeout_add_seconds (PORTAL_PATIENCE, on_portal_stays_away, self);
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "StartServiceByName",
                          g_variant_new ("(su)", PORTAL, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          NULL, NULL);
}

static void
emit_activated (BelfryBridgeDesktop *self, const char *action, GVariant *target)
{
  if (!g_variant_is_of_type (target, G_VARIANT_TYPE_INT64))
    return;
  g_signal_emit (self, signals[ACTIVATED], 0, g_variant_get_int64 (target),
                 g_str_equal (action, ACTION_OPEN));
}

static void
on_action_invoked (GDBusConnection *bus,
                   const char *sender,
                   const char *path,
                   const char *interface,
                   const char *signal,
                   GVariant *parameters,
                   gpointer user_data)
{
  g_autoptr (GVariant) targets = NULL;
  g_autoptr (GVariant) target = NULL;
  const char *action;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ssav)")))
    return;
  g_variant_get (parameters, "(&s&s@av)", NULL, &action, &targets);
  if (g_variant_n_children (targets) == 0)
    return;
  g_variant_get_child (targets, 0, "v", &target);
  emit_activated (user_data, action, target);
}

static void
on_action (GSimpleAction *action, GVariant *target, gpointer user_data)
{
  emit_activated (user_data, g_action_get_name (G_ACTION (action)), target);
}

static void
add_action (BelfryBridgeDesktop *self, const char *name)
{
  g_autoptr (GSimpleAction) action = g_simple_action_new (name, G_VARIANT_TYPE_INT64);

  g_signal_connect_object (action, "activate", G_CALLBACK (on_action), self, 0);
  g_action_map_add_action (G_ACTION_MAP (self->application), G_ACTION (action));
}

/* Returns: (transfer full): the desktop of @application, which is registered */
BelfryBridgeDesktop *
belfry_bridge_desktop_new (GApplication *application)
{
  BelfryBridgeDesktop *self = g_object_new (BELFRY_TYPE_BRIDGE_DESKTOP, NULL);

  self->application = g_object_ref (application);
  self->bus = g_object_ref (g_application_get_dbus_connection (application));
  add_action (self, ACTION_OPEN);
  add_action (self, ACTION_MARK_READ);
  self->subscription = g_dbus_connection_signal_subscribe (
      self->bus, PORTAL, PORTAL_NOTIFICATION, "ActionInvoked", PORTAL_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_action_invoked, self, NULL);
  self->watch =
      g_bus_watch_name_on_connection (self->bus, PORTAL, G_BUS_NAME_WATCHER_FLAGS_AUTO_START,
                                      on_portal_appeared, on_portal_vanished, self, NULL);
  return self;
}

gboolean
belfry_bridge_desktop_is_ready (BelfryBridgeDesktop *self)
{
  return self->place != PLACE_UNKNOWN;
}

/* Who comes back is shown everything again. */
static gboolean
has_gone (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
}

static void
on_portal_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *key = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (error != NULL && !has_gone (error))
    g_warning (_ ("The portal refused %s: %s"), key, error->message);
}

static void
call_portal (BelfryBridgeDesktop *self, const char *method, GVariant *parameters, const char *key)
{
  g_dbus_connection_call (self->bus, PORTAL, PORTAL_PATH, PORTAL_NOTIFICATION, method, parameters,
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_portal_answer, g_strdup (key));
}

static void
show_at_portal (BelfryBridgeDesktop *self, const BelfryBridgeCard *card, gboolean rings)
{
  g_auto (GVariantBuilder) fields = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&fields, "{sv}", "title", g_variant_new_string (card->title));
  g_variant_builder_add (&fields, "{sv}", "body", g_variant_new_string (card->body));
  g_variant_builder_add (&fields, "{sv}", "priority",
                         g_variant_new_string (rings ? "normal" : "low"));
  if (card->icon != NULL)
    {
      g_autoptr (GVariant) icon = g_icon_serialize (card->icon);

      g_variant_builder_add (&fields, "{sv}", "icon", icon);
    }
  if (card->id != 0)
    {
      g_auto (GVariantBuilder) button = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
      GVariant *buttons[1];

      g_variant_builder_add (&fields, "{sv}", "default-action", g_variant_new_string (ACTION_OPEN));
      g_variant_builder_add (&fields, "{sv}", "default-action-target",
                             g_variant_new_int64 (card->id));
      g_variant_builder_add (&button, "{sv}", "label", g_variant_new_string (_ ("Mark as read")));
      g_variant_builder_add (&button, "{sv}", "action", g_variant_new_string (ACTION_MARK_READ));
      g_variant_builder_add (&button, "{sv}", "target", g_variant_new_int64 (card->id));
      buttons[0] = g_variant_builder_end (&button);
      g_variant_builder_add (&fields, "{sv}", "buttons",
                             g_variant_new_array (G_VARIANT_TYPE_VARDICT, buttons, 1));
    }
  call_portal (self, "AddNotification", g_variant_new ("(sa{sv})", card->key, &fields), card->key);
}

static void
show_by_application (BelfryBridgeDesktop *self, const BelfryBridgeCard *card, gboolean rings)
{
  g_autoptr (GNotification) notification = g_notification_new (card->title);

  g_notification_set_body (notification, card->body);
  g_notification_set_priority (notification, rings ? G_NOTIFICATION_PRIORITY_NORMAL
                                                   : G_NOTIFICATION_PRIORITY_LOW);
  if (card->icon != NULL)
    g_notification_set_icon (notification, card->icon);
  if (card->id != 0)
    {
      g_notification_set_default_action_and_target (notification, "app." ACTION_OPEN, "x",
                                                    card->id);
      g_notification_add_button_with_target (notification, _ ("Mark as read"),
                                             "app." ACTION_MARK_READ, "x", card->id);
    }
  g_application_send_notification (self->application, card->key, notification);
  g_hash_table_add (self->keys, g_strdup (card->key));
}

/* In place of the one with the same key, if there is one.
 *
 * rings: whether the user is disturbed by it */
void
belfry_bridge_desktop_show (BelfryBridgeDesktop *self, const BelfryBridgeCard *card, gboolean rings)
{
  g_return_if_fail (self->place != PLACE_UNKNOWN);

  if (self->place == PLACE_PORTAL)
    show_at_portal (self, card, rings);
  else
    show_by_application (self, card, rings);
}

void
belfry_bridge_desktop_withdraw (BelfryBridgeDesktop *self, const char *key)
{
  g_return_if_fail (self->place != PLACE_UNKNOWN);

  if (self->place == PLACE_PORTAL)
    {
      call_portal (self, "RemoveNotification", g_variant_new ("(s)", key), key);
      return;
    }
  g_application_withdraw_notification (self->application, key);
  g_hash_table_remove (self->keys, key);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_app_info_launch_default_for_uri_finish (result, &error))
    g_warning (_ ("The address of a notification cannot be opened: %s"), error->message);
}

static void
on_opened_at_portal (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *url = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (error == NULL)
    return;
  g_info ("The portal does not open addresses: %s", error->message);
  g_app_info_launch_default_for_uri_async (url, NULL, NULL, on_opened, NULL);
}

/* Has the user's browser open it. */
void
belfry_bridge_desktop_open (BelfryBridgeDesktop *self, const char *url)
{
  if (self->place == PLACE_PORTAL)
    g_dbus_connection_call (self->bus, PORTAL, PORTAL_PATH, PORTAL_OPEN_URI, "OpenURI",
                            g_variant_new ("(ssa{sv})", "", url, NULL), NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_opened_at_portal, g_strdup (url));
  else
    g_app_info_launch_default_for_uri_async (url, NULL, NULL, on_opened, NULL);
}
