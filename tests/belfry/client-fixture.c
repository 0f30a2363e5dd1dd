/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client-fixture.h"

#include "belfry-dbus-info.h"

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->calls, invocation);
}

void
fixture_on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->results, g_object_ref (result));
}

/* Waits until so many calls have come. */
void
fixture_wait_for_calls (Fixture *fixture, guint n)
{
  while (fixture->calls->len < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->calls->len, ==, n);
}

/* Waits until so many calls have ended for the client. */
void
fixture_wait_for_results (Fixture *fixture, guint n)
{
  while (fixture->results->len < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->results->len, ==, n);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  g_assert_nonnull (reply);
  *(gboolean *) user_data = TRUE;
}

/* Returns when everything that the client has sent so far has come to the service. */
void
fixture_sync_with_service (Fixture *fixture)
{
  gboolean synced = FALSE;

  g_dbus_connection_call (belfry_client_get_connection (fixture->client), "org.belfry.Belfry1",
                          "/org/belfry/Belfry1", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_synced, &synced);
  while (!synced)
    g_main_context_iteration (NULL, TRUE);
}

GDBusMethodInvocation *
fixture_take_call (Fixture *fixture)
{
  g_assert_cmpuint (fixture->calls->len, >, 0);
  return g_ptr_array_steal_index (fixture->calls, 0);
}

void
fixture_answer (Fixture *fixture, const char *reply)
{
  g_dbus_method_invocation_return_value (fixture_take_call (fixture), g_variant_new_parsed (reply));
}

void
fixture_answer_id (Fixture *fixture, guint64 id)
{
  g_dbus_method_invocation_return_value (fixture_take_call (fixture), g_variant_new ("(t)", id));
}

GAsyncResult *
fixture_take_result (Fixture *fixture)
{
  fixture_wait_for_results (fixture, 1);
  return g_ptr_array_steal_index (fixture->results, 0);
}

const char *
fixture_get_data (Fixture *fixture, guint i)
{
  GVariant *parameters =
      g_dbus_method_invocation_get_parameters (g_ptr_array_index (fixture->calls, i));
  const char *data;

  g_variant_get (parameters, "(&s&s@a{sv})", NULL, &data, NULL);
  return data;
}

void
fixture_export (Fixture *fixture, GDBusConnection *connection, const GDBusInterfaceInfo *interface)
{
  const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GError) error = NULL;

  g_dbus_connection_register_object (connection, "/org/belfry/Belfry1",
                                     (GDBusInterfaceInfo *) interface, &vtable, fixture, NULL,
                                     &error);
  g_assert_no_error (error);
}

static void
call_bus (Fixture *fixture, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      fixture->service, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", method, parameters,
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
}

void
fixture_take_name (Fixture *fixture)
{
  call_bus (fixture, "RequestName", g_variant_new ("(su)", "org.belfry.Belfry1", 0));
}

void
fixture_release_name (Fixture *fixture)
{
  call_bus (fixture, "ReleaseName", g_variant_new ("(s)", "org.belfry.Belfry1"));
}

/* The service without the name. */
void
fixture_connect_service (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->service =
      g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (fixture->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  fixture_export (fixture, fixture->service, &org_belfry_belfry1_notifications_interface);
  fixture_export (fixture, fixture->service, &org_belfry_belfry1_sessions_interface);
}

/* The service dies, with the calls that it has. */
void
fixture_kill_service (Fixture *fixture)
{
  while (fixture->calls->len > 0)
    g_object_unref (fixture_take_call (fixture));
  g_dbus_connection_close_sync (fixture->service, NULL, NULL);
  g_clear_object (&fixture->service);
}

void
fixture_start_service (Fixture *fixture)
{
  fixture_connect_service (fixture);
  fixture_take_name (fixture);
}

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->calls = g_ptr_array_new ();
  fixture->results = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture_start_service (fixture);
  fixture->client =
      belfry_client_new_sync (g_test_dbus_get_bus_address (fixture->bus), NULL, &error);
  g_assert_no_error (error);
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;

  g_assert_cmpuint (fixture->calls->len, ==, 0);
  g_assert_cmpuint (fixture->results->len, ==, 0);
  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &client);
  g_clear_object (&fixture->client);
  g_assert_null (client);

  if (fixture->service != NULL)
    fixture_kill_service (fixture);
  g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
  g_ptr_array_unref (fixture->calls);
  g_ptr_array_unref (fixture->results);
}

void
fixture_create (Fixture *fixture, guint n, GCancellable *cancellable)
{
  g_autofree char *data = g_strdup_printf ("%u", n);

  belfry_client_create_async (fixture->client, "alice", data, NULL, cancellable, fixture_on_result,
                              fixture);
}

void
fixture_assert_created (Fixture *fixture, gint64 id)
{
  g_autoptr (GAsyncResult) result = fixture_take_result (fixture);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, id);
  g_assert_no_error (error);
}

/* Waits for the one call, which has to be this one, and answers it.
 *
 * Returns: (transfer full): its result */
GAsyncResult *
fixture_serve (Fixture *fixture, const char *method, const char *parameters, const char *reply)
{
  GDBusMethodInvocation *call;
  g_autofree char *text = NULL;

  fixture_wait_for_calls (fixture, 1);
  call = g_ptr_array_index (fixture->calls, 0);
  text = g_variant_print (g_dbus_method_invocation_get_parameters (call), FALSE);
  g_assert_cmpstr (g_dbus_method_invocation_get_method_name (call), ==, method);
  g_assert_cmpstr (text, ==, parameters);
  fixture_answer (fixture, reply);
  return fixture_take_result (fixture);
}
