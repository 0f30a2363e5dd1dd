/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods of org.belfry.Belfry1.Notifications. */

#include "belfry-argument.h"
#include "belfry-bus-private.h"
#include "belfry-error.h"
#include "belfry-notification-private.h"
#include "belfry-notification-service-private.h"

#define LIST_DEFAULT   100
#define LIST_MAX       1000
#define LIST_MAX_BYTES (8 * 1024 * 1024)

G_STATIC_ASSERT (sizeof (guint64) == sizeof (gint64));

/* Returns: FALSE, with the call answered, if @user_id is none, or none for the caller */
static gboolean
check_user_id (BelfryBus *self, GDBusMethodInvocation *invocation, const char *user_id)
{
  GError *error = NULL;

  if (belfry_argument_check_user_id (user_id, &error)
      && belfry_bus_grant_check_user (belfry_bus_get_grant (self, invocation),
                                      BELFRY_BUS_NOTIFICATIONS_TYPE, "user_id", user_id, &error))
    return TRUE;
  belfry_bus_take_error (invocation, error);
  return FALSE;
}

/* One that had to wait for its turn. Its answer is a message of its own. */
static void
create (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GDBusMethodInvocation) owned = invocation;

  belfry_bus_creations_create (self->creations, g_dbus_method_invocation_get_connection (owned),
                               g_dbus_method_invocation_get_message (owned));
}

static void
on_updated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (!belfry_notification_service_update_finish (BELFRY_NOTIFICATION_SERVICE (source), result,
                                                  &error))
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
update (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;
  const char *data;
  guint64 id;

  g_variant_get (parameters, "(&st&s)", &user_id, &id, &data);
  if (check_user_id (self, invocation, user_id))
    belfry_notification_service_update_async (self->context.service, user_id, (gint64) id, data,
                                              NULL, on_updated, invocation);
}

static void
on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (BelfryNotification) notification = NULL;
  GError *error = NULL;

  notification =
      belfry_notification_service_get_finish (BELFRY_NOTIFICATION_SERVICE (source), result, &error);
  if (notification == NULL)
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (
        invocation, g_variant_new ("(@a{sv})", belfry_notification_to_variant (notification)));
}

static void
get (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;
  guint64 id;

  g_variant_get (parameters, "(&st)", &user_id, &id);
  if (check_user_id (self, invocation, user_id))
    belfry_notification_service_get_async (self->context.service, user_id, (gint64) id, NULL,
                                           on_got, invocation);
}

typedef struct
{
  guint64 before;
  guint limit;
  gboolean only_unread;
  const char *tag; /* the query's */
} Query;

static gboolean
read_query_option (const char *name, GVariant *value, Query *query, GError **error)
{
  if (g_str_equal (name, "before"))
    {
      if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_UINT64, error))
        return FALSE;
      query->before = g_variant_get_uint64 (value);
    }
  else if (g_str_equal (name, "limit"))
    {
      if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_UINT32, error))
        return FALSE;
      query->limit = g_variant_get_uint32 (value);
      if (query->limit < 1 || query->limit > LIST_MAX)
        {
          g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                       "query: limit: %u, expected 1 to %d", query->limit, LIST_MAX);
          return FALSE;
        }
    }
  else if (g_str_equal (name, "unread"))
    {
      if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_BOOLEAN, error))
        return FALSE;
      query->only_unread = g_variant_get_boolean (value);
    }
  else if (g_str_equal (name, "tag"))
    {
      if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_STRING, error))
        return FALSE;
      query->tag = g_variant_get_string (value, NULL);
      if (!belfry_argument_check_text (name, query->tag, BELFRY_KEY_MAX, error))
        {
          g_prefix_error (error, "query: ");
          return FALSE;
        }
    }
  else
    {
      belfry_argument_set_unknown_option ("query", name, "before, limit, unread and tag", error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_query (GVariant *dictionary, Query *query, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *unowned;

  *query = (Query){ .before = G_MAXINT64, .limit = LIST_DEFAULT };
  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &unowned))
    {
      g_autoptr (GVariant) value = unowned;

      if (!read_query_option (name, value, query, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GPtrArray) notifications = NULL;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  gint64 total;
  GError *error = NULL;

  notifications = belfry_notification_service_list_finish (
      BELFRY_NOTIFICATION_SERVICE (source), result, &total, NULL, NULL, NULL, &error);
  if (notifications == NULL)
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  for (guint i = 0; i < notifications->len; i++)
    g_variant_builder_add_value (
        &builder, belfry_notification_to_variant (g_ptr_array_index (notifications, i)));
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(aa{sv}t)", &builder, (guint64) total));
}

static void
list (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) dictionary = NULL;
  const char *user_id;
  Query query;
  GError *error = NULL;

  g_variant_get (parameters, "(&s@a{sv})", &user_id, &dictionary);
  if (!check_user_id (self, invocation, user_id))
    return;
  if (!read_query (dictionary, &query, &error))
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  belfry_notification_service_list_async (
      self->context.service, user_id, (gint64) MIN (query.before, (guint64) G_MAXINT64),
      query.limit, LIST_MAX_BYTES, query.only_unread, query.tag, NULL, on_listed, invocation);
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  gint64 count = belfry_notification_service_count_unread_finish (
      BELFRY_NOTIFICATION_SERVICE (source), result, NULL, &error);

  if (count < 0)
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", (guint64) count));
}

static void
count_unread (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;

  g_variant_get (parameters, "(&s)", &user_id);
  if (check_user_id (self, invocation, user_id))
    belfry_notification_service_count_unread_async (self->context.service, user_id, NULL,
                                                    on_counted, invocation);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  gint64 count = belfry_notification_service_change_finish (BELFRY_NOTIFICATION_SERVICE (source),
                                                            result, &error);

  if (count < 0)
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", (guint) count));
}

/* Does with some of a user's notifications what @change does. */
static void
change_some (BelfryBus *self,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             BelfryNotificationServiceChange change)
{
  g_autoptr (GVariant) ids = NULL;
  const char *user_id;
  const gint64 *array;
  gsize n;

  g_variant_get (parameters, "(&s@at)", &user_id, &ids);
  /* Ids beyond those of int64 become negative, and nobody has such a one. */
  array = g_variant_get_fixed_array (ids, &n, sizeof (gint64));
  if (!check_user_id (self, invocation, user_id))
    return;
  if (n == 0 || n > BELFRY_IDS_MAX)
    g_dbus_method_invocation_return_error (
        invocation, BELFRY_ERROR, n == 0 ? BELFRY_ERROR_INVALID_ARGS : BELFRY_ERROR_TOO_LARGE,
        "ids: %" G_GSIZE_FORMAT " of them, expected 1 to %d", n, BELFRY_IDS_MAX);
  else
    change (self->context.service, user_id, array, n, NULL, on_changed, invocation);
}

static void
mark_read (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  change_some (self, parameters, invocation, belfry_notification_service_mark_read_async);
}

static void
mark_unread (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  change_some (self, parameters, invocation, belfry_notification_service_mark_unread_async);
}

static void
remove_some (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  change_some (self, parameters, invocation, belfry_notification_service_remove_async);
}

static void
mark_all_read (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;

  g_variant_get (parameters, "(&s)", &user_id);
  if (check_user_id (self, invocation, user_id))
    belfry_notification_service_mark_all_read_async (self->context.service, user_id, G_MAXINT64,
                                                     NULL, on_changed, invocation);
}

static void
remove_all (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;

  g_variant_get (parameters, "(&s)", &user_id);
  if (check_user_id (self, invocation, user_id))
    belfry_notification_service_remove_all_async (self->context.service, user_id, NULL, on_changed,
                                                  invocation);
}

static void
subscribe (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) filter = g_variant_get_child_value (parameters, 0);
  GError *error = NULL;

  if (!belfry_bus_subscribers_add (self->subscribers, invocation, filter,
                                   belfry_bus_get_grant (self, invocation), &error))
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
unsubscribe (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  belfry_bus_subscribers_remove (self->subscribers, invocation);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

const BelfryBusMethod belfry_bus_notifications_methods[] = {
  { "Create", create },
  { "CreateMany", create },
  { "Update", update },
  { "Get", get },
  { "List", list },
  { "CountUnread", count_unread },
  { "MarkRead", mark_read },
  { "MarkUnread", mark_unread },
  { "Remove", remove_some },
  { "MarkAllRead", mark_all_read },
  { "RemoveAll", remove_all },
  { "Subscribe", subscribe },
  { "Unsubscribe", unsubscribe },
  { NULL, NULL },
};
