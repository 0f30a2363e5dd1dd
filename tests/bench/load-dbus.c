/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-dbus.h"

#include <gio/gio.h>

struct _LoadDBus
{
  LoadRun *run;
  GDBusConnection *connection;
  const char *name; /* of Belfry on the bus, or NULL without a bus */
  guint n_unanswered;
};

/* One call on its way. */
typedef struct
{
  LoadDBus *load;
  guint first;
  guint n;
} Call;

static GVariant *
make_notification (LoadRun *run, guint message)
{
  g_autofree char *user = g_strdup_printf ("%u", load_run_pick_user (run));
  g_autofree char *data = load_run_make_data (run, message);

  return g_variant_new ("(ss@a{sv})", user, data,
                        g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
}

static GVariant *
make_notifications (LoadRun *run, guint first, guint n)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssa{sv})"));

  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&builder, make_notification (run, first + i));
  return g_variant_new ("(a(ssa{sv}))", &builder);
}

static GVariant *
make_user_ids (LoadRun *run)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_autofree guint *users = load_run_pick_users (run);

  for (guint i = 0; i < run->batch; i++)
    g_variant_builder_add_value (&builder,
                                 g_variant_new_take_string (g_strdup_printf ("%u", users[i])));
  return g_variant_builder_end (&builder);
}

static GVariant *
make_list (LoadRun *run)
{
  g_auto (GVariantDict) query = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *user = g_strdup_printf ("%u", load_run_pick_user (run));

  g_variant_dict_insert (&query, "limit", "u", 20);
  return g_variant_new ("(s@a{sv})", user, g_variant_dict_end (&query));
}

static GVariant *
make_parameters (LoadRun *run, guint first, guint n, const char **method, const char **interface)
{
  g_autofree char *data = load_run_make_data (run, first);
  g_autofree char *user = NULL;

  *interface = "org.belfry.Belfry1.Notifications";
  switch (run->call)
    {
    case LOAD_CALL_CREATE:
      *method = run->batch == 1 ? "Create" : "CreateMany";
      return run->batch == 1 ? make_notification (run, first) : make_notifications (run, first, n);
    case LOAD_CALL_SEND:
      *interface = "org.belfry.Belfry1.Sessions";
      *method = "SendToUsers";
      return g_variant_new ("(@asss)", make_user_ids (run), "bench", data);
    case LOAD_CALL_BROADCAST:
      *interface = "org.belfry.Belfry1.Sessions";
      *method = "Broadcast";
      return g_variant_new ("(ss)", "bench", data);
    case LOAD_CALL_LIST:
      *method = "List";
      return make_list (run);
    case LOAD_CALL_COUNT:
      *method = "CountUnread";
      user = g_strdup_printf ("%u", load_run_pick_user (run));
      return g_variant_new ("(s)", user);
    default:
      g_assert_not_reached ();
    }
}

static void fill (LoadDBus *self);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_error ("%s", error->message);
  load_run_end_call (call->load->run, call->first, call->n);
  call->load->n_unanswered--;
  fill (call->load);
}

/* Calls as often as may be unanswered. */
static void
fill (LoadDBus *self)
{
  LoadRun *run = self->run;

  while (run->next < run->end && self->n_unanswered < run->in_flight)
    {
      Call *call = g_new0 (Call, 1);
      const char *method;
      const char *interface;
      GVariant *parameters;

      call->load = self;
      call->first = load_run_begin_call (run, &call->n);
      parameters = make_parameters (run, call->first, call->n, &method, &interface);
      self->n_unanswered++;
      g_dbus_connection_call (self->connection, self->name, "/org/belfry/Belfry1", interface,
                              method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer,
                              call);
    }
}

/* Makes calls until the run's end, and returns when all are answered. */
void
load_dbus_make_calls (LoadDBus *self)
{
  fill (self);
  while (self->n_unanswered > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* @is_bus: whether a bus is at @address, or Belfry itself */
LoadDBus *
load_dbus_open (LoadRun *run, const char *address, gboolean is_bus)
{
  GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT;
  g_autoptr (GError) error = NULL;
  LoadDBus *self = g_new0 (LoadDBus, 1);

  self->run = run;
  if (is_bus)
    {
      flags |= G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
      self->name = "org.belfry.Belfry1";
    }
  self->connection = g_dbus_connection_new_for_address_sync (address, flags, NULL, NULL, &error);
  if (self->connection == NULL)
    g_error ("%s", error->message);
  return self;
}

void
load_dbus_close (LoadDBus *self)
{
  g_object_unref (self->connection);
  g_free (self);
}
