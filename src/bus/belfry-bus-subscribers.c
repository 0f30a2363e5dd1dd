/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-subscribers.h"

#include "belfry-argument.h"
#include "belfry-bus-caller.h"
#include "belfry-change-private.h"
#include "belfry-error.h"

#define NOTIFICATIONS "org.belfry.Belfry1.Notifications"
#define SESSIONS      "org.belfry.Belfry1.Sessions"

typedef enum
{
  CREATED,
  UPDATED,
  READ,
  REMOVED,
  USER_CONNECTED,
  USER_DISCONNECTED,
  N_SIGNALS
} Signal;

static const struct
{
  const char *interface;
  const char *name;
} signals[] = {
  [CREATED] = { NOTIFICATIONS, "Created" },
  [UPDATED] = { NOTIFICATIONS, "Updated" },
  [READ] = { NOTIFICATIONS, "Read" },
  [REMOVED] = { NOTIFICATIONS, "Removed" },
  [USER_CONNECTED] = { SESSIONS, "UserConnected" },
  [USER_DISCONNECTED] = { SESSIONS, "UserDisconnected" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (signals) == N_SIGNALS);

#define ALL_SIGNALS ((1u << N_SIGNALS) - 1)

typedef struct
{
  BelfryBusCaller *caller;
  char *user_prefix; /* or NULL */
  guint signals;     /* a bit for each Signal */
} Subscriber;

struct _BelfryBusSubscribers
{
  BelfryNotificationService *service;
  BelfrySessionRegistry *registry;
  GHashTable *subscribers; /* key of the caller → Subscriber */
};

static void
subscriber_free (gpointer data)
{
  Subscriber *subscriber = data;

  belfry_bus_caller_free (subscriber->caller);
  g_free (subscriber->user_prefix);
  g_free (subscriber);
}

/* A floating @parameters is consumed. */
static void
emit (BelfryBusSubscribers *self, Signal signal, const char *user_id, GVariant *parameters)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
  GHashTableIter iter;
  Subscriber *subscriber;

  g_hash_table_iter_init (&iter, self->subscribers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &subscriber))
    if ((subscriber->signals & 1u << signal) != 0
        && (subscriber->user_prefix == NULL || g_str_has_prefix (user_id, subscriber->user_prefix)))
      belfry_bus_caller_emit (subscriber->caller, signals[signal].interface, signals[signal].name,
                              owned);
}

static GVariant *
ids_to_variant (BelfryChange *change)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, change->ids->data, change->ids->len,
                                    sizeof (gint64));
}

static void
on_change (BelfryNotificationService *service, BelfryChange *change, BelfryBusSubscribers *self)
{
  if (g_hash_table_size (self->subscribers) == 0)
    return;
  switch (change->kind)
    {
    case BELFRY_CHANGE_CREATED:
    case BELFRY_CHANGE_UPDATED:
      emit (self, change->kind == BELFRY_CHANGE_CREATED ? CREATED : UPDATED, change->user_id,
            g_variant_new ("(ts)", g_array_index (change->ids, gint64, 0), change->user_id));
      break;
    case BELFRY_CHANGE_READ:
    case BELFRY_CHANGE_REMOVED:
      emit (self, change->kind == BELFRY_CHANGE_READ ? READ : REMOVED, change->user_id,
            g_variant_new ("(s@at)", change->user_id, ids_to_variant (change)));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
on_user_connected (BelfrySessionRegistry *registry, const char *user_id, BelfryBusSubscribers *self)
{
  emit (self, USER_CONNECTED, user_id, g_variant_new ("(s)", user_id));
}

static void
on_user_disconnected (BelfrySessionRegistry *registry,
                      const char *user_id,
                      BelfryBusSubscribers *self)
{
  emit (self, USER_DISCONNECTED, user_id, g_variant_new ("(s)", user_id));
}

BelfryBusSubscribers *
belfry_bus_subscribers_new (BelfryNotificationService *service, BelfrySessionRegistry *registry)
{
  static const char *const changes[] = {
    "notification-created",
    "notification-updated",
    "notification-read",
    "notification-removed",
  };
  BelfryBusSubscribers *self = g_new0 (BelfryBusSubscribers, 1);

  self->service = g_object_ref (service);
  self->registry = g_object_ref (registry);
  self->subscribers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, subscriber_free);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect (service, changes[i], G_CALLBACK (on_change), self);
  g_signal_connect (registry, "user-connected", G_CALLBACK (on_user_connected), self);
  g_signal_connect (registry, "user-disconnected", G_CALLBACK (on_user_disconnected), self);
  return self;
}

void
belfry_bus_subscribers_free (BelfryBusSubscribers *self)
{
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_signal_handlers_disconnect_by_data (self->registry, self);
  g_object_unref (self->service);
  g_object_unref (self->registry);
  g_hash_table_unref (self->subscribers);
  g_free (self);
}

static void
on_gone (BelfryBusCaller *caller, gpointer user_data)
{
  BelfryBusSubscribers *self = user_data;

  g_hash_table_remove (self->subscribers, belfry_bus_caller_get_key (caller));
}

static gboolean
read_signals (GVariant *value, guint *bits, GError **error)
{
  g_autofree const char **names = NULL;

  if (!belfry_argument_check_option ("filter", "signals", value, G_VARIANT_TYPE_STRING_ARRAY,
                                     error))
    return FALSE;
  names = g_variant_get_strv (value, NULL);
  *bits = 0;
  for (guint i = 0; names[i] != NULL; i++)
    {
      guint signal = 0;

      while (signal < N_SIGNALS && !g_str_equal (names[i], signals[signal].name))
        signal++;
      if (signal == N_SIGNALS)
        {
          belfry_argument_set_unknown_option (
              "filter: signals", names[i],
              "Created, Updated, Read, Removed, UserConnected and UserDisconnected", error);
          return FALSE;
        }
      *bits |= 1u << signal;
    }
  return TRUE;
}

/* A longer one than a user id can be would fit nobody. The empty one fits all. */
static gboolean
read_prefix (GVariant *value, char **prefix, GError **error)
{
  gsize length;

  if (!belfry_argument_check_option ("filter", "user-prefix", value, G_VARIANT_TYPE_STRING, error))
    return FALSE;
  g_free (*prefix);
  *prefix = g_variant_dup_string (value, &length);
  if (length <= BELFRY_USER_ID_MAX)
    return TRUE;
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
               "filter: user-prefix: %" G_GSIZE_FORMAT " bytes, expected at most %d", length,
               BELFRY_USER_ID_MAX);
  return FALSE;
}

static gboolean
read_filter (GVariant *filter, Subscriber *subscriber, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *unowned;

  g_variant_iter_init (&iter, filter);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &unowned))
    {
      g_autoptr (GVariant) value = unowned;

      if (g_str_equal (name, "user-prefix"))
        {
          if (!read_prefix (value, &subscriber->user_prefix, error))
            return FALSE;
        }
      else if (g_str_equal (name, "signals"))
        {
          if (!read_signals (value, &subscriber->signals, error))
            return FALSE;
        }
      else
        {
          belfry_argument_set_unknown_option ("filter", name, "user-prefix and signals", error);
          return FALSE;
        }
    }
  return TRUE;
}

/* Only signals of users that the caller is for. */
static gboolean
check_filter (BelfryBusGrant *grant, const Subscriber *subscriber, GError **error)
{
  if (subscriber->user_prefix == NULL)
    return belfry_bus_grant_check_everybody (grant, BELFRY_BUS_NOTIFICATIONS_TYPE,
                                             "filter: one without user-prefix", error);
  return belfry_bus_grant_check_user (grant, BELFRY_BUS_NOTIFICATIONS_TYPE, "filter: user-prefix",
                                      subscriber->user_prefix, error);
}

/* Has the caller sent signals until it goes. A filter that is refused changes nothing. */
gboolean
belfry_bus_subscribers_add (BelfryBusSubscribers *self,
                            GDBusMethodInvocation *invocation,
                            GVariant *filter,
                            BelfryBusGrant *grant,
                            GError **error)
{
  Subscriber read = { .signals = ALL_SIGNALS };
  Subscriber *subscriber;

  if (!read_filter (filter, &read, error) || !check_filter (grant, &read, error))
    {
      g_free (read.user_prefix);
      return FALSE;
    }
  subscriber = g_memdup2 (&read, sizeof read);
  subscriber->caller = belfry_bus_caller_new (invocation, on_gone, self);
  g_hash_table_replace (self->subscribers,
                        (gpointer) belfry_bus_caller_get_key (subscriber->caller), subscriber);
  return TRUE;
}

void
belfry_bus_subscribers_remove (BelfryBusSubscribers *self, GDBusMethodInvocation *invocation)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);

  g_hash_table_remove (self->subscribers, key);
}
