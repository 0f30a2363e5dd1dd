/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-bouncer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

/* Under which a message, and the connection of a peer, keep their grant. */
#define GRANT_KEY "belfry-bus-grant"

struct _BelfryBusBouncer
{
  gatomicrefcount ref_count;
  GPtrArray *rights; /* of BelfryBusRight; NULL if everybody may do everything */
  gboolean needs_units;
  BelfryBusGrant *all;
  BelfryBusGrant *none;
  BelfryBusBouncerFunc on_known;
  gpointer user_data;
  GMutex mutex;      /* of what follows, when it is changed or another thread looks */
  GHashTable *names; /* unique name → Name */
};

/* One that calls, as long as it is on the bus. */
typedef struct
{
  GDBusConnection *connection;
  BelfryBusGrant *grant; /* NULL while the bus is asked */
  guint subscription;
  gboolean gone; /* though the bus has not answered yet */
} Name;

/* A question to the bus. */
typedef struct
{
  BelfryBusBouncer *bouncer;
  char *name;
} Question;

static void
name_free (gpointer data)
{
  Name *name = data;

  g_dbus_connection_signal_unsubscribe (name->connection, name->subscription);
  g_object_unref (name->connection);
  g_clear_pointer (&name->grant, belfry_bus_grant_unref);
  g_free (name);
}

/* @rights: (nullable) (element-type BelfryBusRight): NULL, or none, let everybody do everything */
BelfryBusBouncer *
belfry_bus_bouncer_new (GPtrArray *rights)
{
  BelfryBusBouncer *self = g_new0 (BelfryBusBouncer, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, name_free);
  self->all = belfry_bus_grant_new_for_all ();
  self->none = belfry_bus_grant_new_for_none ("the bus does not say who you are");
  if (rights != NULL && rights->len > 0)
    self->rights = g_ptr_array_ref (rights);
  for (guint i = 0; self->rights != NULL && i < rights->len; i++)
    self->needs_units |= belfry_bus_right_needs_unit (g_ptr_array_index (rights, i));
  return self;
}

BelfryBusBouncer *
belfry_bus_bouncer_ref (BelfryBusBouncer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* In whatever thread, if it is closed. */
void
belfry_bus_bouncer_unref (BelfryBusBouncer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->names);
  belfry_bus_grant_unref (self->all);
  belfry_bus_grant_unref (self->none);
  g_clear_pointer (&self->rights, g_ptr_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Forgets everybody, and tells nobody of whom the bus is still asked. */
void
belfry_bus_bouncer_close (BelfryBusBouncer *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->on_known = NULL;
  g_hash_table_remove_all (self->names);
}

/* @func: called for each name that was asked for, once */
void
belfry_bus_bouncer_set_on_known (BelfryBusBouncer *self,
                                 BelfryBusBouncerFunc func,
                                 gpointer user_data)
{
  self->on_known = func;
  self->user_data = user_data;
}

static gboolean
is_process_of (pid_t pid, uid_t uid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid);
  g_autofree char *status = NULL;
  const char *line;
  guint effective;

  /* Whom the file itself belongs to says less: it may be root's. */
  if (!g_file_get_contents (path, &status, NULL, NULL))
    return FALSE;
  line = strstr (status, "\nUid:");
  return line != NULL && sscanf (line, " Uid: %*u %u", &effective) == 1 && effective == uid;
}

/* The unit of a user's own manager is not looked at: anybody can give one whatever name.
 *
 * The process that has connected may have ended, with its connection in another's hands, and its
 * number may be that of a process of the unit now. If that is of another user, it is not the one.
 *
 * Returns: (transfer full) (nullable) */
static char *
find_system_unit (uid_t uid, pid_t pid)
{
  g_autofree char *unit = NULL;
  char *found = NULL;

  if (pid <= 0 || sd_pid_get_unit (pid, &found) < 0)
    return NULL;
  unit = g_strdup (found);
  free (found);
  return is_process_of (pid, uid) ? g_steal_pointer (&unit) : NULL;
}

/* What a process may do.
 *
 * @pid: 0 if it is not known
 *
 * Returns: (transfer full) */
BelfryBusGrant *
belfry_bus_bouncer_get_grant_of (BelfryBusBouncer *self, uid_t uid, pid_t pid)
{
  g_autofree char *unit = NULL;

  if (uid == 0 || uid == geteuid ())
    return belfry_bus_grant_ref (self->all);
  if (self->rights == NULL)
    return belfry_bus_grant_new_for_none ("only root and the user that Belfry runs as may connect");
  if (self->needs_units)
    unit = find_system_unit (uid, pid);
  return belfry_bus_grant_new (self->rights, uid, unit);
}

/* Takes note of who a peer without a bus is: the kernel has said so when it connected. */
void
belfry_bus_bouncer_meet_peer (BelfryBusBouncer *self, GDBusConnection *connection)
{
  GCredentials *credentials = g_dbus_connection_get_peer_credentials (connection);
  uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t) -1;
  pid_t pid = credentials != NULL ? g_credentials_get_unix_pid (credentials, NULL) : -1;

  g_object_set_data_full (G_OBJECT (connection), GRANT_KEY,
                          belfry_bus_bouncer_get_grant_of (self, uid, pid),
                          (GDestroyNotify) belfry_bus_grant_unref);
}

static void
on_name_gone (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *signal,
              GVariant *parameters,
              gpointer user_data)
{
  BelfryBusBouncer *self = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const char *key;
  Name *name;

  g_variant_get_child (parameters, 0, "&s", &key);
  name = g_hash_table_lookup (self->names, key);
  if (name == NULL)
    return;
  name->gone = TRUE;
  if (name->grant != NULL)
    g_hash_table_remove (self->names, key);
}

/* Returns: (transfer full) */
static BelfryBusGrant *
read_credentials (BelfryBusBouncer *self, GVariant *reply)
{
  g_autoptr (GVariant) credentials = g_variant_get_child_value (reply, 0);
  guint32 uid;
  guint32 pid = 0;

  if (!g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    return belfry_bus_grant_ref (self->none);
  g_variant_lookup (credentials, "ProcessID", "u", &pid);
  return belfry_bus_bouncer_get_grant_of (self, uid, (pid_t) pid);
}

/* One who has gone meanwhile is of no interest any more, but its calls still have to end. */
static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  BelfryBusBouncer *self = question->bouncer;
  g_autofree char *key = question->name;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (BelfryBusGrant) grant =
      reply != NULL ? read_credentials (self, reply) : belfry_bus_grant_ref (self->none);
  Name *name;

  g_free (question);
  if (reply == NULL)
    g_debug ("Nobody knows who %s is: %s", key, error->message);
  g_mutex_lock (&self->mutex);
  name = g_hash_table_lookup (self->names, key);
  if (name != NULL && (reply == NULL || name->gone))
    g_hash_table_remove (self->names, key);
  else if (name != NULL)
    name->grant = belfry_bus_grant_ref (grant);
  g_mutex_unlock (&self->mutex);
  if (self->on_known != NULL)
    self->on_known (key, grant, self->user_data);
  belfry_bus_bouncer_unref (self);
}

/* Asks the bus who @name is, if it is not being asked already. It is told that the name goes only
 * from before the question on, so it cannot miss that. */
void
belfry_bus_bouncer_ask (BelfryBusBouncer *self, GDBusConnection *connection, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Question *question;
  Name *name;

  if (g_hash_table_contains (self->names, key))
    return;
  name = g_new0 (Name, 1);
  name->connection = g_object_ref (connection);
  name->subscription = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, BUS_NAME, "NameOwnerChanged", BUS_PATH, key, G_DBUS_SIGNAL_FLAGS_NONE,
      on_name_gone, self, NULL);
  g_hash_table_insert (self->names, g_strdup (key), name);

  question = g_new (Question, 1);
  *question = (Question){ belfry_bus_bouncer_ref (self), g_strdup (key) };
  g_dbus_connection_call (connection, BUS_NAME, BUS_PATH, BUS_NAME, "GetConnectionCredentials",
                          g_variant_new ("(s)", key), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_credentials, question);
}

/* Lets @message know what its caller may do. In any thread.
 *
 * Returns: FALSE if the bus has to be asked first who that is */
gboolean
belfry_bus_bouncer_introduce (BelfryBusBouncer *self,
                              GDBusConnection *connection,
                              GDBusMessage *message)
{
  const char *sender = g_dbus_message_get_sender (message);
  BelfryBusGrant *grant;

  if (self->rights == NULL || g_object_get_data (G_OBJECT (message), GRANT_KEY) != NULL)
    return TRUE;
  if (sender != NULL)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
      const Name *name = g_hash_table_lookup (self->names, sender);

      if (name == NULL || name->grant == NULL)
        return FALSE;
      belfry_bus_bouncer_introduce_with (message, name->grant);
      return TRUE;
    }
  grant = g_object_get_data (G_OBJECT (connection), GRANT_KEY);
  belfry_bus_bouncer_introduce_with (message, grant != NULL ? grant : self->none);
  return TRUE;
}

void
belfry_bus_bouncer_introduce_with (GDBusMessage *message, BelfryBusGrant *grant)
{
  g_object_set_data_full (G_OBJECT (message), GRANT_KEY, belfry_bus_grant_ref (grant),
                          (GDestroyNotify) belfry_bus_grant_unref);
}

/* What the caller of @message may do: nothing, if it was not introduced. In any thread.
 *
 * Returns: (transfer none) */
BelfryBusGrant *
belfry_bus_bouncer_get_grant (BelfryBusBouncer *self, GDBusMessage *message)
{
  BelfryBusGrant *grant;

  if (self->rights == NULL)
    return self->all;
  grant = g_object_get_data (G_OBJECT (message), GRANT_KEY);
  return grant != NULL ? grant : self->none;
}
