/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods and properties of org.belfry.Belfry1.Sessions. */

#include <string.h>

#include "belfry-argument.h"
#include "belfry-bus-private.h"
#include "belfry-dbus-info.h"
#include "belfry-error.h"

#define USERS_MAX    10000
#define LIST_DEFAULT 100
#define LIST_MAX     10000
#define TEXT_MAX     1024

static void
answer_sent (GDBusMethodInvocation *invocation, int n_sessions, GError *error)
{
  if (n_sessions < 0)
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", (guint) n_sessions));
}

/* Whether the caller may send messages of @type at all. A refusal repeats the type, so it has to be
 * one. */
static gboolean
check_type (BelfryBusGrant *grant, const char *type, GError **error)
{
  return belfry_argument_check_type (type, error)
         && belfry_bus_grant_check_type (grant, type, error);
}

static gboolean
check_user (BelfryBusGrant *grant, const char *type, const char *user_id, GError **error)
{
  return belfry_argument_check_user_id (user_id, error)
         && belfry_bus_grant_check_user (grant, type, "user_id", user_id, error);
}

static void
send_to_user (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  BelfryBusGrant *grant = belfry_bus_get_grant (self, invocation);
  const char *user_ids[2] = { NULL, NULL };
  const char *type;
  const char *data;
  int n = -1;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s&s)", &user_ids[0], &type, &data);
  if (check_type (grant, type, &error) && check_user (grant, type, user_ids[0], &error))
    n = belfry_session_registry_send_to_users (self->context.registry, user_ids, type, data,
                                               &error);
  answer_sent (invocation, n, error);
}

static gboolean
check_user_ids (BelfryBusGrant *grant,
                const char *type,
                const char *const *user_ids,
                GError **error)
{
  guint n = g_strv_length ((GStrv) user_ids);

  if (n == 0 || n > USERS_MAX)
    {
      g_set_error (error, BELFRY_ERROR, n == 0 ? BELFRY_ERROR_INVALID_ARGS : BELFRY_ERROR_TOO_LARGE,
                   "user_ids: %u of them, expected 1 to %d", n, USERS_MAX);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (!check_user (grant, type, user_ids[i], error))
      {
        g_prefix_error (error, "user_ids[%u]: ", i);
        return FALSE;
      }
  return TRUE;
}

static void
send_to_users (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  BelfryBusGrant *grant = belfry_bus_get_grant (self, invocation);
  g_autofree const char **user_ids = NULL;
  const char *type;
  const char *data;
  int n = -1;
  GError *error = NULL;

  g_variant_get (parameters, "(^a&s&s&s)", &user_ids, &type, &data);
  if (check_type (grant, type, &error) && check_user_ids (grant, type, user_ids, &error))
    n = belfry_session_registry_send_to_users (self->context.registry, user_ids, type, data,
                                               &error);
  answer_sent (invocation, n, error);
}

static void
broadcast (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  BelfryBusGrant *grant = belfry_bus_get_grant (self, invocation);
  const char *type;
  const char *data;
  GError *error = NULL;
  int n = -1;

  g_variant_get (parameters, "(&s&s)", &type, &data);
  if (check_type (grant, type, &error)
      && belfry_bus_grant_check_everybody (grant, type, "a broadcast", &error))
    n = belfry_session_registry_broadcast (self->context.registry, type, data, &error);
  answer_sent (invocation, n, error);
}

static GVariant *
session_to_variant (BelfrySession *session)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "session-id",
                         g_variant_new_string (belfry_session_get_id (session)));
  g_variant_builder_add (&builder, "{sv}", "user-id",
                         g_variant_new_string (belfry_session_get_user_id (session)));
  g_variant_builder_add (&builder, "{sv}", "connected-at",
                         g_variant_new_int64 (belfry_session_get_connected_at (session)));
  g_variant_builder_add (&builder, "{sv}", "peer",
                         g_variant_new_string (belfry_session_get_peer (session)));
  g_variant_builder_add (&builder, "{sv}", "live",
                         g_variant_new_boolean (belfry_session_get_live (session)));
  return g_variant_builder_end (&builder);
}

static gboolean
read_query (GVariant *query, const char **user_id, guint *limit, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *unowned;

  g_variant_iter_init (&iter, query);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &unowned))
    {
      g_autoptr (GVariant) value = unowned;

      if (g_str_equal (name, "user-id"))
        {
          if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_STRING, error))
            return FALSE;
          *user_id = g_variant_get_string (value, NULL);
          if (!belfry_argument_check_user_id (*user_id, error))
            {
              g_prefix_error (error, "query: ");
              return FALSE;
            }
        }
      else if (g_str_equal (name, "limit"))
        {
          if (!belfry_argument_check_option ("query", name, value, G_VARIANT_TYPE_UINT32, error))
            return FALSE;
          *limit = g_variant_get_uint32 (value);
          if (*limit < 1 || *limit > LIST_MAX)
            {
              g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "query: limit: %u, expected 1 to %d", *limit, LIST_MAX);
              return FALSE;
            }
        }
      else
        {
          belfry_argument_set_unknown_option ("query", name, "user-id and limit", error);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_query (BelfryBusGrant *grant, const char *user_id, GError **error)
{
  if (user_id != NULL)
    return belfry_bus_grant_check_user (grant, NULL, "query: user-id", user_id, error);
  return belfry_bus_grant_check_everybody (grant, NULL, "query: one without user-id", error);
}

static void
list_sessions (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) query = g_variant_get_child_value (parameters, 0);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) sessions = NULL;
  const char *user_id = NULL;
  guint limit = LIST_DEFAULT;
  GError *error = NULL;

  if (!read_query (query, &user_id, &limit, &error)
      || !check_query (belfry_bus_get_grant (self, invocation), user_id, &error))
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  sessions = belfry_session_registry_list_sessions (self->context.registry, user_id);
  for (guint i = 0; i < sessions->len && i < limit; i++)
    g_variant_builder_add_value (&builder, session_to_variant (g_ptr_array_index (sessions, i)));
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(aa{sv}u)", &builder, sessions->len));
}

/* Returns: FALSE, with the call answered, if @text is too long for a client */
static gboolean
check_text (GDBusMethodInvocation *invocation, const char *name, const char *text)
{
  gsize length = strlen (text);

  if (length <= TEXT_MAX)
    return TRUE;
  g_dbus_method_invocation_return_error (invocation, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
                                         "%s: %" G_GSIZE_FORMAT " bytes, at most %d are allowed",
                                         name, length, TEXT_MAX);
  return FALSE;
}

static void
disconnect (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *session_id;
  const char *reason;
  BelfrySession *session;

  g_variant_get (parameters, "(&s&s)", &session_id, &reason);
  if (!check_text (invocation, "reason", reason))
    return;
  session = belfry_session_registry_lookup_session (self->context.registry, session_id);
  if (session == NULL)
    {
      g_dbus_method_invocation_return_error_literal (
          invocation, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND, "session_id: there is no such session");
      return;
    }
  /* Whose it is is not told. */
  if (!belfry_bus_grant_allows (belfry_bus_get_grant (self, invocation), NULL,
                                belfry_session_get_user_id (session)))
    {
      g_dbus_method_invocation_return_error_literal (
          invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
          "session_id: it is of a user that you are not for: see --allow-worker");
      return;
    }
  belfry_session_disconnect (session, reason);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
disconnect_user (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *user_id;
  const char *reason;
  guint n;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s)", &user_id, &reason);
  if (!check_user (belfry_bus_get_grant (self, invocation), NULL, user_id, &error))
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  if (!check_text (invocation, "reason", reason))
    return;
  n = belfry_session_registry_disconnect_user (self->context.registry, user_id, reason);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", n));
}

static void
handle_messages (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autofree const char **types = NULL;
  GError *error = NULL;

  g_variant_get (parameters, "(^a&s)", &types);
  if (!belfry_bus_activator_check_types (
          self->activator, g_dbus_method_invocation_get_sender (invocation), types, &error)
      || !belfry_bus_worker_handler_handle (self->worker_handler, invocation,
                                            belfry_bus_get_grant (self, invocation), types, &error))
    {
      belfry_bus_take_error (invocation, error);
      return;
    }
  g_dbus_method_invocation_return_value (invocation, NULL);
  belfry_bus_activator_hand_over (self->activator);
}

static void
stop_handling (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autofree const char **types = NULL;

  g_variant_get (parameters, "(^a&s)", &types);
  belfry_bus_worker_handler_stop (self->worker_handler, invocation, types);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
reply (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *session_id;
  const char *request_id;
  const char *data;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s&s)", &session_id, &request_id, &data);
  if (!belfry_bus_worker_handler_reply (self->worker_handler, invocation, session_id, request_id,
                                        data, &error))
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
reply_error (BelfryBus *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *session_id;
  const char *request_id;
  const char *code;
  const char *text;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s&s&s)", &session_id, &request_id, &code, &text);
  if (!check_text (invocation, "message", text))
    return;
  if (!belfry_bus_worker_handler_reply_error (self->worker_handler, invocation, session_id,
                                              request_id, code, text, &error))
    belfry_bus_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

const BelfryBusMethod belfry_bus_sessions_methods[] = {
  { "SendToUser", send_to_user },
  { "SendToUsers", send_to_users },
  { "Broadcast", broadcast },
  { "ListSessions", list_sessions },
  { "Disconnect", disconnect },
  { "DisconnectUser", disconnect_user },
  { "HandleMessages", handle_messages },
  { "StopHandling", stop_handling },
  { "Reply", reply },
  { "ReplyError", reply_error },
  { NULL, NULL },
};

static GVariant *
get_property (BelfryBus *self, const char *name)
{
  if (g_str_equal (name, "ConnectedClients"))
    return g_variant_new_uint32 (self->context.get_n_connections (self->context.user_data));
  if (g_str_equal (name, "ConnectedUsers"))
    return g_variant_new_uint32 (belfry_session_registry_get_n_users (self->context.registry));
  if (g_str_equal (name, "MaxTotalConnections"))
    return g_variant_new_uint32 (self->context.max_connections);
  return g_variant_new_uint32 (self->context.max_connections_per_user);
}

/* Answers Get and GetAll of org.freedesktop.DBus.Properties, of which GDBus has checked what they
 * ask for. This is the only interface that has properties. */
void
belfry_bus_answer_properties (BelfryBus *self, GDBusMethodInvocation *invocation)
{
  const GDBusPropertyInfo *property = g_dbus_method_invocation_get_property_info (invocation);
  GDBusPropertyInfo *const *all = org_belfry_belfry1_sessions_interface.properties;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (property != NULL)
    {
      g_dbus_method_invocation_return_value (
          invocation, g_variant_new ("(v)", get_property (self, property->name)));
      return;
    }
  for (guint i = 0; all[i] != NULL; i++)
    g_variant_builder_add (&builder, "{sv}", all[i]->name, get_property (self, all[i]->name));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{sv})", &builder));
}
