/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client on a private bus, against a service that keeps each call until the test answers it.
 * GDBus checks the calls against the published interfaces before the service sees them. The calls
 * that block are tested from Python, against belfryd. */

#include "belfry-client.h"

#include <glib/gstdio.h>

#include "belfry-dbus-info.h"
#include "belfry-error.h"

/* What the client keeps in flight without the one that blocks. */
#define MAX_IN_FLIGHT 63

typedef struct
{
  GTestDBus *bus;
  GDBusConnection *service;
  BelfryClient *client;
  GDBusConnection *peer; /* the service's end of the socket */
  GPtrArray *calls;      /* of GDBusMethodInvocation, those that are not answered */
  GPtrArray *results;    /* of GAsyncResult, those that the client has ended */
} Fixture;

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

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->results, g_object_ref (result));
}

/* Waits until so many calls have come. */
static void
wait_for_calls (Fixture *fixture, guint n)
{
  while (fixture->calls->len < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->calls->len, ==, n);
}

/* Waits until so many calls have ended for the client. */
static void
wait_for_results (Fixture *fixture, guint n)
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
static void
sync_with_service (Fixture *fixture)
{
  gboolean synced = FALSE;

  g_dbus_connection_call (belfry_client_get_connection (fixture->client), "org.belfry.Belfry1",
                          "/org/belfry/Belfry1", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_synced, &synced);
  while (!synced)
    g_main_context_iteration (NULL, TRUE);
}

static GDBusMethodInvocation *
take_call (Fixture *fixture)
{
  g_assert_cmpuint (fixture->calls->len, >, 0);
  return g_ptr_array_steal_index (fixture->calls, 0);
}

static void
answer (Fixture *fixture, const char *reply)
{
  g_dbus_method_invocation_return_value (take_call (fixture), g_variant_new_parsed (reply));
}

static void
answer_id (Fixture *fixture, guint64 id)
{
  g_dbus_method_invocation_return_value (take_call (fixture), g_variant_new ("(t)", id));
}

static GAsyncResult *
take_result (Fixture *fixture)
{
  wait_for_results (fixture, 1);
  return g_ptr_array_steal_index (fixture->results, 0);
}

static const char *
get_data (Fixture *fixture, guint i)
{
  GVariant *parameters =
      g_dbus_method_invocation_get_parameters (g_ptr_array_index (fixture->calls, i));
  const char *data;

  g_variant_get (parameters, "(&s&s@a{sv})", NULL, &data, NULL);
  return data;
}

static void export(Fixture *fixture,
                   GDBusConnection *connection,
                   const GDBusInterfaceInfo *interface)
{
  const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GError) error = NULL;

  g_dbus_connection_register_object (connection, "/org/belfry/Belfry1",
                                     (GDBusInterfaceInfo *) interface, &vtable, fixture, NULL,
                                     &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  const char *address;

  fixture->calls = g_ptr_array_new ();
  fixture->results = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  address = g_test_dbus_get_bus_address (fixture->bus);

  fixture->service =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  export(fixture, fixture->service, &org_belfry_belfry1_notifications_interface);
  export(fixture, fixture->service, &org_belfry_belfry1_sessions_interface);
  reply = g_dbus_connection_call_sync (fixture->service, "org.freedesktop.DBus", "/",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", "org.belfry.Belfry1", 0), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);

  fixture->client = belfry_client_new_sync (address, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;

  g_assert_cmpuint (fixture->calls->len, ==, 0);
  g_assert_cmpuint (fixture->results->len, ==, 0);
  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &client);
  g_clear_object (&fixture->client);
  g_assert_null (client);

  g_dbus_connection_close_sync (fixture->service, NULL, NULL);
  g_clear_object (&fixture->service);
  g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
  g_ptr_array_unref (fixture->calls);
  g_ptr_array_unref (fixture->results);
}

static void
create (Fixture *fixture, guint n, GCancellable *cancellable)
{
  g_autofree char *data = g_strdup_printf ("%u", n);

  belfry_client_create_async (fixture->client, "alice", data, NULL, cancellable, on_result,
                              fixture);
}

static void
assert_created (Fixture *fixture, gint64 id)
{
  g_autoptr (GAsyncResult) result = take_result (fixture);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, id);
  g_assert_no_error (error);
}

static void
test_only_so_many_calls_are_in_flight_and_all_come_in_order (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    create (fixture, i, NULL);

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      wait_for_calls (fixture, MIN (MAX_IN_FLIGHT, 200 - i));
      sync_with_service (fixture);
      g_assert_cmpuint (fixture->calls->len, ==, MIN (MAX_IN_FLIGHT, 200 - i));
      g_assert_cmpstr (get_data (fixture, 0), ==, expected);
      answer_id (fixture, 1000 + i);
      assert_created (fixture, 1000 + i);
    }
}

static void
test_a_call_that_fails_makes_room_for_another (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2 * MAX_IN_FLIGHT; i++)
    create (fixture, i, NULL);

  for (guint i = 0; i < 2 * MAX_IN_FLIGHT; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;

      wait_for_calls (fixture, MIN (MAX_IN_FLIGHT, 2 * MAX_IN_FLIGHT - i));
      sync_with_service (fixture);
      g_assert_cmpuint (fixture->calls->len, ==, MIN (MAX_IN_FLIGHT, 2 * MAX_IN_FLIGHT - i));
      g_dbus_method_invocation_return_error_literal (take_call (fixture), BELFRY_ERROR,
                                                     BELFRY_ERROR_STORAGE, "full");
      result = take_result (fixture);
      g_assert_cmpint (belfry_client_create_finish (fixture->client, result, NULL), ==, -1);
    }
}

static void
test_what_is_cancelled_while_it_waits_is_never_sent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < MAX_IN_FLIGHT; i++)
    create (fixture, i, NULL);
  create (fixture, 1000, cancellable);
  create (fixture, 2000, NULL);
  wait_for_calls (fixture, MAX_IN_FLIGHT);
  g_cancellable_cancel (cancellable);
  result = take_result (fixture);
  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  answer_id (fixture, 1);
  assert_created (fixture, 1);
  wait_for_calls (fixture, MAX_IN_FLIGHT);
  g_assert_cmpstr (get_data (fixture, MAX_IN_FLIGHT - 1), ==, "2000");
  while (fixture->calls->len > 0)
    {
      answer_id (fixture, 1);
      assert_created (fixture, 1);
    }
}

static void
test_the_client_lives_until_its_calls_have_ended (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;

  create (fixture, 0, NULL);
  wait_for_calls (fixture, 1);
  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &client);
  g_object_unref (fixture->client);
  g_assert_nonnull (client);

  answer_id (fixture, 7);
  wait_for_results (fixture, 1);
  fixture->client = BELFRY_CLIENT (g_async_result_get_source_object (fixture->results->pdata[0]));
  assert_created (fixture, 7);
  g_object_remove_weak_pointer (G_OBJECT (client), (gpointer *) &client);
}

static void
test_an_error_comes_back_as_it_was (Fixture *fixture, gconstpointer data)
{
  belfry_client_set_patience (fixture->client, 0);
  for (int code = BELFRY_ERROR_INVALID_ARGS; code <= BELFRY_ERROR_STORAGE; code++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      create (fixture, 0, NULL);
      wait_for_calls (fixture, 1);
      g_dbus_method_invocation_return_error_literal (take_call (fixture), BELFRY_ERROR, code,
                                                     "data: 17 is too much");
      result = take_result (fixture);
      g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
      g_assert_error (error, BELFRY_ERROR, code);
      g_assert_cmpstr (error->message, ==, "data: 17 is too much");
    }
}

static void
test_without_belfry_the_bus_says_so (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = g_dbus_connection_call_sync (
      fixture->service, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReleaseName",
      g_variant_new ("(s)", "org.belfry.Belfry1"), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  belfry_client_set_patience (fixture->client, 0);
  create (fixture, 0, NULL);
  result = take_result (fixture);
  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
}

/* Waits for the one call, which has to be this one, and answers it.
 *
 * Returns: (transfer full): its result */
static GAsyncResult *
serve (Fixture *fixture, const char *method, const char *parameters, const char *reply)
{
  GDBusMethodInvocation *call;
  g_autofree char *text = NULL;

  wait_for_calls (fixture, 1);
  call = g_ptr_array_index (fixture->calls, 0);
  text = g_variant_print (g_dbus_method_invocation_get_parameters (call), FALSE);
  g_assert_cmpstr (g_dbus_method_invocation_get_method_name (call), ==, method);
  g_assert_cmpstr (text, ==, parameters);
  answer (fixture, reply);
  return take_result (fixture);
}

static void
test_creating_and_updating (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;
  g_autoptr (GAsyncResult) created = NULL;
  g_autoptr (GAsyncResult) created_many = NULL;
  g_autoptr (GAsyncResult) updated = NULL;
  g_autofree gint64 *ids = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_ids;

  belfry_client_create_async (client, "alice", "{}", g_variant_new_parsed ("{'tag': <'mail'>}"),
                              NULL, on_result, fixture);
  created =
      serve (fixture, "Create", "('alice', '{}', {'tag': <'mail'>})", "(uint64 9007199254740991,)");
  g_assert_cmpint (belfry_client_create_finish (client, created, &error), ==,
                   G_GINT64_CONSTANT (9007199254740991));
  g_assert_no_error (error);

  belfry_client_create_many_async (
      client,
      g_variant_new_parsed ("[('alice', '{}', @a{sv} {}), ('bob', '{}', {'expires': <int64 9>})]"),
      NULL, on_result, fixture);
  created_many = serve (fixture, "CreateMany",
                        "([('alice', '{}', {}), ('bob', '{}', {'expires': <int64 9>})],)",
                        "([uint64 5, 9007199254740991],)");
  ids = belfry_client_create_many_finish (client, created_many, &n_ids, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_ids, ==, 2);
  g_assert_cmpint (ids[0], ==, 5);
  g_assert_cmpint (ids[1], ==, G_GINT64_CONSTANT (9007199254740991));

  belfry_client_update_async (client, "alice", 5, "{\"n\":1}", NULL, on_result, fixture);
  updated = serve (fixture, "Update", "('alice', 5, '{\"n\":1}')", "()");
  g_assert_true (belfry_client_update_finish (client, updated, &error));
  g_assert_no_error (error);
}

#define NOTIFICATION                                                                   \
  "{'id': <uint64 5>, 'user-id': <'alice'>, 'data': <'{}'>, 'created-at': <int64 1>, " \
  "'read': <true>, 'position': <uint64 7>}"

static void
test_reading (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;
  g_autoptr (GAsyncResult) got = NULL;
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) listed_again = NULL;
  g_autoptr (GAsyncResult) counted = NULL;
  g_autoptr (BelfryNotification) notification = NULL;
  g_autoptr (GPtrArray) notifications = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  gint64 total = 0;

  belfry_client_get_async (client, "alice", 5, NULL, on_result, fixture);
  got = serve (fixture, "Get", "('alice', 5)", "(" NOTIFICATION ",)");
  notification = belfry_client_get_finish (client, got, &error);
  g_assert_no_error (error);
  g_assert_cmpint (belfry_notification_get_position (notification), ==, 7);

  belfry_client_list_async (client, "alice", g_variant_new_parsed ("{'unread': <true>}"), NULL,
                            on_result, fixture);
  listed = serve (fixture, "List", "('alice', {'unread': <true>})",
                  "([" NOTIFICATION "," NOTIFICATION "], uint64 70)");
  notifications = belfry_client_list_finish (client, listed, &total, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (notifications->len, ==, 2);
  g_assert_cmpint (total, ==, 70);
  g_assert_cmpint (belfry_notification_get_id (g_ptr_array_index (notifications, 1)), ==, 5);

  belfry_client_list_async (client, "alice", NULL, NULL, on_result, fixture);
  listed_again = serve (fixture, "List", "('alice', {})", "(@aa{sv} [], uint64 0)");
  none = belfry_client_list_finish (client, listed_again, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  belfry_client_count_unread_async (client, "alice", NULL, on_result, fixture);
  counted = serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)");
  g_assert_cmpint (belfry_client_count_unread_finish (client, counted, &error), ==, 3);
  g_assert_no_error (error);
}

static void
test_marking_and_removing (Fixture *fixture, gconstpointer data)
{
  static const gint64 ids[] = { 5, G_GINT64_CONSTANT (9007199254740991) };
  BelfryClient *client = fixture->client;
  g_autoptr (GAsyncResult) marked = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (GAsyncResult) removed_all = NULL;
  g_autoptr (GError) error = NULL;

  belfry_client_mark_read_async (client, "alice", ids, 2, NULL, on_result, fixture);
  marked = serve (fixture, "MarkRead", "('alice', [5, 9007199254740991])", "(uint32 2,)");
  g_assert_cmpint (belfry_client_mark_read_finish (client, marked, &error), ==, 2);
  g_assert_no_error (error);

  belfry_client_remove_async (client, "alice", ids, 1, NULL, on_result, fixture);
  removed = serve (fixture, "Remove", "('alice', [5])", "(uint32 1,)");
  g_assert_cmpint (belfry_client_remove_finish (client, removed, &error), ==, 1);
  g_assert_no_error (error);

  belfry_client_remove_all_async (client, "alice", NULL, on_result, fixture);
  removed_all = serve (fixture, "RemoveAll", "('alice',)", "(uint32 4294967295,)");
  g_assert_cmpint (belfry_client_remove_all_finish (client, removed_all, &error), ==,
                   G_GINT64_CONSTANT (4294967295));
  g_assert_no_error (error);
}

static void
test_sending (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) broadcast = NULL;
  g_autoptr (GError) error = NULL;

  belfry_client_send_to_user_async (client, "alice", "chat", "{}", NULL, on_result, fixture);
  sent = serve (fixture, "SendToUser", "('alice', 'chat', '{}')", "(uint32 2,)");
  g_assert_cmpint (belfry_client_send_to_user_finish (client, sent, &error), ==, 2);
  g_assert_no_error (error);

  belfry_client_broadcast_async (client, "chat", "{}", NULL, on_result, fixture);
  broadcast = serve (fixture, "Broadcast", "('chat', '{}')", "(uint32 0,)");
  g_assert_cmpint (belfry_client_broadcast_finish (client, broadcast, &error), ==, 0);
  g_assert_no_error (error);
}

static void
test_a_notification_that_is_none_is_an_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) got = NULL;
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GError) get_error = NULL;
  g_autoptr (GError) list_error = NULL;

  belfry_client_get_async (fixture->client, "alice", 5, NULL, on_result, fixture);
  got = serve (fixture, "Get", "('alice', 5)", "(@a{sv} {},)");
  g_assert_null (belfry_client_get_finish (fixture->client, got, &get_error));
  g_assert_error (get_error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);

  belfry_client_list_async (fixture->client, "alice", NULL, NULL, on_result, fixture);
  listed = serve (fixture, "List", "('alice', {})", "([" NOTIFICATION ", {}], uint64 2)");
  g_assert_null (belfry_client_list_finish (fixture->client, listed, NULL, &list_error));
  g_assert_error (list_error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
}

static void
test_it_finds_the_session_bus_by_itself (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { NULL, "session" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (BelfryClient) client = NULL;
      g_autoptr (GError) error = NULL;

      belfry_client_new (names[i], NULL, on_result, fixture);
      result = take_result (fixture);
      client = belfry_client_new_finish (result, &error);
      g_assert_no_error (error);
      /* The bus of the test is the session bus, and goes away as planned. */
      g_dbus_connection_set_exit_on_close (belfry_client_get_connection (client), FALSE);
      belfry_client_count_unread_async (client, "alice", NULL, on_result, fixture);
      g_object_unref (serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)"));
    }
}

static gboolean
on_worker (GDBusServer *server, GDBusConnection *connection, gpointer user_data)
{
  Fixture *fixture = user_data;

  export(fixture, connection, &org_belfry_belfry1_notifications_interface);
  fixture->peer = g_object_ref (connection);
  return TRUE;
}

/* Makes what belfryd has with --worker-socket, where the client of a session looks for it. */
static GDBusServer *
open_socket (Fixture *fixture, const char *path)
{
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  GDBusServer *server =
      g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);

  g_assert_no_error (error);
  g_signal_connect (server, "new-connection", G_CALLBACK (on_worker), fixture);
  g_dbus_server_start (server);
  return server;
}

static gboolean
is_on_bus (BelfryClient *client)
{
  return (g_dbus_connection_get_flags (belfry_client_get_connection (client))
          & G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION)
         != 0;
}

static void
count_unread (Fixture *fixture, BelfryClient *client)
{
  belfry_client_count_unread_async (client, "alice", NULL, on_result, fixture);
  g_object_unref (serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)"));
}

static void
close_peer (Fixture *fixture)
{
  g_assert_true (g_dbus_connection_close_sync (fixture->peer, NULL, NULL));
  g_clear_object (&fixture->peer);
}

static void
test_the_socket_of_a_session_goes_before_its_bus (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "belfry", NULL);
  g_autofree char *path = g_build_filename (folder, "workers", NULL);
  g_autoptr (GDBusServer) server = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (BelfryClient) client = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  server = open_socket (fixture, path);
  belfry_client_new (NULL, NULL, on_result, fixture);
  result = take_result (fixture);
  client = belfry_client_new_finish (result, &error);
  g_assert_no_error (error);
  g_assert_false (is_on_bus (client));
  count_unread (fixture, client);

  /* Belfry ends, and there is another one. */
  close_peer (fixture);
  while (!g_dbus_connection_is_closed (belfry_client_get_connection (client)))
    g_main_context_iteration (NULL, TRUE);
  count_unread (fixture, client);
  g_assert_false (is_on_bus (client));

  /* And then one that is on the bus only. */
  g_dbus_server_stop (server);
  g_unlink (path);
  close_peer (fixture);
  while (!g_dbus_connection_is_closed (belfry_client_get_connection (client)))
    g_main_context_iteration (NULL, TRUE);
  count_unread (fixture, client);
  g_assert_true (is_on_bus (client));
  g_dbus_connection_set_exit_on_close (belfry_client_get_connection (client), FALSE);
}

static void
test_a_socket_that_is_named_is_the_only_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) sync_error = NULL;

  belfry_client_new ("/nonexistent/workers", NULL, on_result, fixture);
  result = take_result (fixture);
  g_assert_null (belfry_client_new_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (belfry_client_new_sync ("/nonexistent/workers", NULL, &sync_error));
  g_assert_error (sync_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_a_bus_that_is_not_there_is_an_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) sync_error = NULL;

  belfry_client_new ("unix:path=/nonexistent/bus", NULL, on_result, fixture);
  result = take_result (fixture);
  g_assert_null (belfry_client_new_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_assert_null (belfry_client_new_sync ("nonsense", NULL, &sync_error));
  g_assert_error (sync_error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

#define ADD(name, function) g_test_add ("/client/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  ADD ("only-so-many-calls-are-in-flight-and-all-come-in-order",
       test_only_so_many_calls_are_in_flight_and_all_come_in_order);
  ADD ("a-call-that-fails-makes-room-for-another", test_a_call_that_fails_makes_room_for_another);
  ADD ("what-is-cancelled-while-it-waits-is-never-sent",
       test_what_is_cancelled_while_it_waits_is_never_sent);
  ADD ("the-client-lives-until-its-calls-have-ended",
       test_the_client_lives_until_its_calls_have_ended);
  ADD ("an-error-comes-back-as-it-was", test_an_error_comes_back_as_it_was);
  ADD ("without-belfry-the-bus-says-so", test_without_belfry_the_bus_says_so);
  ADD ("creating-and-updating", test_creating_and_updating);
  ADD ("reading", test_reading);
  ADD ("marking-and-removing", test_marking_and_removing);
  ADD ("sending", test_sending);
  ADD ("a-notification-that-is-none-is-an-error", test_a_notification_that_is_none_is_an_error);
  ADD ("it-finds-the-session-bus-by-itself", test_it_finds_the_session_bus_by_itself);
  ADD ("the-socket-of-a-session-goes-before-its-bus",
       test_the_socket_of_a_session_goes_before_its_bus);
  ADD ("a-socket-that-is-named-is-the-only-way", test_a_socket_that_is_named_is_the_only_way);
  ADD ("a-bus-that-is-not-there-is-an-error", test_a_bus_that_is_not_there_is_an_error);
  return g_test_run ();
}
