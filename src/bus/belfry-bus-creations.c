/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-creations.h"

#include "belfry-argument.h"
#include "belfry-bus-cost.h"
#include "belfry-bus.h"
#include "belfry-dbus-info.h"
#include "belfry-draft-private.h"
#include "belfry-error.h"
#include "belfry-notification-service-private.h"

struct _BelfryBusCreations
{
  gatomicrefcount ref_count;
  BelfryBusBouncer *bouncer;
  gsize max_data;
  GMutex mutex;                       /* of what follows */
  BelfryNotificationService *service; /* NULL when it is closed */
};

/* A call that the store works on. */
typedef struct
{
  GDBusConnection *connection;
  GDBusMessage *message;
} Call;

BelfryBusCreations *
belfry_bus_creations_new (BelfryNotificationService *service,
                          BelfryBusBouncer *bouncer,
                          gsize max_data)
{
  BelfryBusCreations *self = g_new0 (BelfryBusCreations, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->service = g_object_ref (service);
  self->bouncer = belfry_bus_bouncer_ref (bouncer);
  self->max_data = max_data;
  return self;
}

/* Nothing reaches the store any more when this returns. In the main thread. */
void
belfry_bus_creations_close (BelfryBusCreations *self)
{
  g_mutex_lock (&self->mutex);
  g_clear_object (&self->service);
  g_mutex_unlock (&self->mutex);
}

void
belfry_bus_creations_unref (BelfryBusCreations *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->service == NULL);
  belfry_bus_bouncer_unref (self->bouncer);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Sends @reply, which is taken over. Who has gone gets none. */
static void
answer (GDBusConnection *connection, GDBusMessage *reply)
{
  g_autoptr (GDBusMessage) owned = reply;

  g_dbus_connection_send_message (connection, owned, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
answer_with_error (GDBusConnection *connection, GDBusMessage *message, const GError *error)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);

  answer (connection, g_dbus_message_new_method_error_literal (message, name, error->message));
}

static gboolean
is_for_one (GDBusMessage *message)
{
  return g_str_equal (g_dbus_message_get_member (message), "Create");
}

static GVariant *
ids_to_variant (GDBusMessage *message, GArray *ids)
{
  if (is_for_one (message))
    return g_variant_new ("(t)", (guint64) g_array_index (ids, gint64, 0));
  return g_variant_new ("(@at)", g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, ids->data,
                                                            ids->len, sizeof (gint64)));
}

/* In the main thread: what was created is durable, and has been told. */
static void
on_created (BelfryStoreWrite *write, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GDBusConnection) connection = call->connection;
  g_autoptr (GDBusMessage) message = call->message;
  GDBusMessage *reply;

  if (write->error != NULL)
    {
      answer_with_error (connection, message, write->error);
      return;
    }
  reply = g_dbus_message_new_method_reply (message);
  g_dbus_message_set_body (reply, ids_to_variant (message, write->result_ids));
  answer (connection, reply);
}

/* Reads one (ssa{sv}), child by child: g_variant_get() would read its format anew for each of many.
 */
static BelfryDraft *
read_draft (BelfryBusCreations *self, BelfryBusGrant *grant, GVariant *fields, GError **error)
{
  g_autoptr (GVariant) user_id = g_variant_get_child_value (fields, 0);
  g_autoptr (GVariant) data = g_variant_get_child_value (fields, 1);
  g_autoptr (GVariant) options = g_variant_get_child_value (fields, 2);
  g_autoptr (BelfryDraft) draft =
      belfry_draft_new_within (g_variant_get_string (user_id, NULL),
                               g_variant_get_string (data, NULL), self->max_data, options, error);

  /* A refusal repeats the user id, so it has to be one. */
  if (draft == NULL
      || !belfry_bus_grant_check_user (grant, BELFRY_BUS_NOTIFICATIONS_TYPE, "user_id",
                                       belfry_draft_get_user_id (draft), error))
    return NULL;
  return g_steal_pointer (&draft);
}

static gboolean
read_many (BelfryBusCreations *self,
           BelfryBusGrant *grant,
           GVariant *notifications,
           GPtrArray *drafts,
           GError **error)
{
  gsize n = g_variant_n_children (notifications);

  if (n == 0 || n > BELFRY_IDS_MAX)
    {
      g_set_error (error, BELFRY_ERROR, n == 0 ? BELFRY_ERROR_INVALID_ARGS : BELFRY_ERROR_TOO_LARGE,
                   "notifications: %" G_GSIZE_FORMAT " of them, expected 1 to %d", n,
                   BELFRY_IDS_MAX);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) fields = g_variant_get_child_value (notifications, i);
      BelfryDraft *draft = read_draft (self, grant, fields, error);

      if (draft == NULL)
        {
          g_prefix_error (error, "notifications[%" G_GSIZE_FORMAT "]: ", i);
          return FALSE;
        }
      g_ptr_array_add (drafts, draft);
    }
  return TRUE;
}

/* Returns: (transfer full): what @message wants to be created, or NULL with @error set */
static GPtrArray *
read_drafts (BelfryBusCreations *self, GDBusMessage *message, GError **error)
{
  BelfryBusGrant *grant = belfry_bus_bouncer_get_grant (self->bouncer, message);
  g_autoptr (GPtrArray) drafts = g_ptr_array_new_with_free_func (g_object_unref);
  GVariant *body = g_dbus_message_get_body (message);

  if (!belfry_bus_grant_check_type (grant, BELFRY_BUS_NOTIFICATIONS_TYPE, error))
    return NULL;
  if (is_for_one (message))
    {
      BelfryDraft *draft = read_draft (self, grant, body, error);

      if (draft == NULL)
        return NULL;
      g_ptr_array_add (drafts, draft);
    }
  else
    {
      g_autoptr (GVariant) notifications = g_variant_get_child_value (body, 0);

      if (!read_many (self, grant, notifications, drafts, error))
        return NULL;
    }
  return g_steal_pointer (&drafts);
}

/* Does what @message asks for, and answers it then. In any thread. */
void
belfry_bus_creations_create (BelfryBusCreations *self,
                             GDBusConnection *connection,
                             GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) drafts = read_drafts (self, message, &error);

  if (drafts != NULL)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

      if (self->service != NULL)
        {
          Call *call = g_new (Call, 1);

          *call = (Call){ g_object_ref (connection), g_object_ref (message) };
          belfry_notification_service_submit (self->service, g_steal_pointer (&drafts), on_created,
                                              call);
          return;
        }
      error = g_error_new_literal (BELFRY_ERROR, BELFRY_ERROR_BUSY,
                                   "Belfry is going down: call again later");
    }
  answer_with_error (connection, message, error);
}

static gboolean
is_creation (GDBusMessage *message)
{
  const char *member = g_dbus_message_get_member (message);

  return g_strcmp0 (member, "Create") == 0 || g_strcmp0 (member, "CreateMany") == 0;
}

/* In GDBus's thread: a call was let in. One that has to wait for its turn, for earlier calls of its
 * caller, or until it is known who that is, goes the way of all others, through the main thread. */
static gboolean
on_call (BelfryBusGate *gate,
         GDBusConnection *connection,
         GDBusMessage *message,
         gpointer user_data)
{
  BelfryBusCreations *self = user_data;
  const char *member = g_dbus_message_get_member (message);

  if (!is_creation (message) || g_strcmp0 (g_dbus_message_get_path (message), BELFRY_BUS_PATH) != 0
      || g_strcmp0 (g_dbus_message_get_interface (message),
                    org_belfry_belfry1_notifications_interface.name)
             != 0
      || !belfry_bus_bouncer_introduce (self->bouncer, connection, message)
      || !belfry_bus_gate_begin_at_once (
          gate, message, belfry_bus_cost (member, g_dbus_message_get_body (message))))
    return FALSE;
  belfry_bus_creations_create (self, connection, message);
  return TRUE;
}

/* Takes creations as soon as @gate lets them in. It belongs before the first connection. */
void
belfry_bus_creations_attach (BelfryBusCreations *self, BelfryBusGate *gate)
{
  g_atomic_ref_count_inc (&self->ref_count);
  belfry_bus_gate_set_on_call (gate, on_call, self, (GDestroyNotify) belfry_bus_creations_unref);
}
