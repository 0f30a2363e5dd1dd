/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client's calls, against a service of the test. Those that block are tested from Python,
 * against belfryd. */

#include "client-fixture.h"

#include <glib/gstdio.h>

#include "belfry-dbus-info.h"
#include "belfry-error.h"

/* What the client keeps in flight without the one that blocks. */
#define MAX_IN_FLIGHT 63

static void
test_only_so_many_calls_are_in_flight_and_all_come_in_order (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    fixture_create (fixture, i, NULL);

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      fixture_wait_for_calls (fixture, MIN (MAX_IN_FLIGHT, 200 - i));
      fixture_sync_with_service (fixture);
      g_assert_cmpuint (fixture->calls->len, ==, MIN (MAX_IN_FLIGHT, 200 - i));
      g_assert_cmpstr (fixture_get_data (fixture, 0), ==, expected);
      fixture_answer_id (fixture, 1000 + i);
      fixture_assert_created (fixture, 1000 + i);
    }
}

static void
test_a_call_that_fails_makes_room_for_another (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2 * MAX_IN_FLIGHT; i++)
    fixture_create (fixture, i, NULL);

  for (guint i = 0; i < 2 * MAX_IN_FLIGHT; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;

      fixture_wait_for_calls (fixture, MIN (MAX_IN_FLIGHT, 2 * MAX_IN_FLIGHT - i));
      fixture_sync_with_service (fixture);
      g_assert_cmpuint (fixture->calls->len, ==, MIN (MAX_IN_FLIGHT, 2 * MAX_IN_FLIGHT - i));
      g_dbus_method_invocation_return_error_literal (fixture_take_call (fixture), BELFRY_ERROR,
                                                     BELFRY_ERROR_STORAGE, "full");
      result = fixture_take_result (fixture);
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
    fixture_create (fixture, i, NULL);
  fixture_create (fixture, 1000, cancellable);
  fixture_create (fixture, 2000, NULL);
  fixture_wait_for_calls (fixture, MAX_IN_FLIGHT);
  g_cancellable_cancel (cancellable);
  result = fixture_take_result (fixture);
  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  fixture_answer_id (fixture, 1);
  fixture_assert_created (fixture, 1);
  fixture_wait_for_calls (fixture, MAX_IN_FLIGHT);
  g_assert_cmpstr (fixture_get_data (fixture, MAX_IN_FLIGHT - 1), ==, "2000");
  while (fixture->calls->len > 0)
    {
      fixture_answer_id (fixture, 1);
      fixture_assert_created (fixture, 1);
    }
}

static void
test_the_client_lives_until_its_calls_have_ended (Fixture *fixture, gconstpointer data)
{
  BelfryClient *client = fixture->client;

  fixture_create (fixture, 0, NULL);
  fixture_wait_for_calls (fixture, 1);
  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &client);
  g_object_unref (fixture->client);
  g_assert_nonnull (client);

  fixture_answer_id (fixture, 7);
  fixture_wait_for_results (fixture, 1);
  fixture->client = BELFRY_CLIENT (g_async_result_get_source_object (fixture->results->pdata[0]));
  fixture_assert_created (fixture, 7);
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

      fixture_create (fixture, 0, NULL);
      fixture_wait_for_calls (fixture, 1);
      g_dbus_method_invocation_return_error_literal (fixture_take_call (fixture), BELFRY_ERROR,
                                                     code, "data: 17 is too much");
      result = fixture_take_result (fixture);
      g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
      g_assert_error (error, BELFRY_ERROR, code);
      g_assert_cmpstr (error->message, ==, "data: 17 is too much");
    }
}

static void
test_without_belfry_the_bus_says_so (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  fixture_release_name (fixture);
  belfry_client_set_patience (fixture->client, 0);
  fixture_create (fixture, 0, NULL);
  result = fixture_take_result (fixture);
  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
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
                              NULL, fixture_on_result, fixture);
  created = fixture_serve (fixture, "Create", "('alice', '{}', {'tag': <'mail'>})",
                           "(uint64 9007199254740991,)");
  g_assert_cmpint (belfry_client_create_finish (client, created, &error), ==,
                   G_GINT64_CONSTANT (9007199254740991));
  g_assert_no_error (error);

  belfry_client_create_many_async (
      client,
      g_variant_new_parsed ("[('alice', '{}', @a{sv} {}), ('bob', '{}', {'expires': <int64 9>})]"),
      NULL, fixture_on_result, fixture);
  created_many = fixture_serve (fixture, "CreateMany",
                                "([('alice', '{}', {}), ('bob', '{}', {'expires': <int64 9>})],)",
                                "([uint64 5, 9007199254740991],)");
  ids = belfry_client_create_many_finish (client, created_many, &n_ids, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_ids, ==, 2);
  g_assert_cmpint (ids[0], ==, 5);
  g_assert_cmpint (ids[1], ==, G_GINT64_CONSTANT (9007199254740991));

  belfry_client_update_async (client, "alice", 5, "{\"n\":1}", NULL, fixture_on_result, fixture);
  updated = fixture_serve (fixture, "Update", "('alice', 5, '{\"n\":1}')", "()");
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

  belfry_client_get_async (client, "alice", 5, NULL, fixture_on_result, fixture);
  got = fixture_serve (fixture, "Get", "('alice', 5)", "(" NOTIFICATION ",)");
  notification = belfry_client_get_finish (client, got, &error);
  g_assert_no_error (error);
  g_assert_cmpint (belfry_notification_get_position (notification), ==, 7);

  belfry_client_list_async (client, "alice", g_variant_new_parsed ("{'unread': <true>}"), NULL,
                            fixture_on_result, fixture);
  listed = fixture_serve (fixture, "List", "('alice', {'unread': <true>})",
                          "([" NOTIFICATION "," NOTIFICATION "], uint64 70)");
  notifications = belfry_client_list_finish (client, listed, &total, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (notifications->len, ==, 2);
  g_assert_cmpint (total, ==, 70);
  g_assert_cmpint (belfry_notification_get_id (g_ptr_array_index (notifications, 1)), ==, 5);

  belfry_client_list_async (client, "alice", NULL, NULL, fixture_on_result, fixture);
  listed_again = fixture_serve (fixture, "List", "('alice', {})", "(@aa{sv} [], uint64 0)");
  none = belfry_client_list_finish (client, listed_again, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  belfry_client_count_unread_async (client, "alice", NULL, fixture_on_result, fixture);
  counted = fixture_serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)");
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

  belfry_client_mark_read_async (client, "alice", ids, 2, NULL, fixture_on_result, fixture);
  marked = fixture_serve (fixture, "MarkRead", "('alice', [5, 9007199254740991])", "(uint32 2,)");
  g_assert_cmpint (belfry_client_mark_read_finish (client, marked, &error), ==, 2);
  g_assert_no_error (error);

  belfry_client_remove_async (client, "alice", ids, 1, NULL, fixture_on_result, fixture);
  removed = fixture_serve (fixture, "Remove", "('alice', [5])", "(uint32 1,)");
  g_assert_cmpint (belfry_client_remove_finish (client, removed, &error), ==, 1);
  g_assert_no_error (error);

  belfry_client_remove_all_async (client, "alice", NULL, fixture_on_result, fixture);
  removed_all = fixture_serve (fixture, "RemoveAll", "('alice',)", "(uint32 4294967295,)");
  g_assert_cmpint (belfry_client_remove_all_finish (client, removed_all, &error), ==,
                   G_GINT64_CONSTANT (4294967295));
  g_assert_no_error (error);
}

static void
test_sending (Fixture *fixture, gconstpointer data)
{
  static const char *const users[] = { "alice", "bob", NULL };
  BelfryClient *client = fixture->client;
  g_autoptr (GAsyncResult) sent = NULL;
  g_autoptr (GAsyncResult) sent_to_many = NULL;
  g_autoptr (GAsyncResult) broadcast = NULL;
  g_autoptr (GError) error = NULL;

  belfry_client_send_to_user_async (client, "alice", "chat", "{}", NULL, fixture_on_result,
                                    fixture);
  sent = fixture_serve (fixture, "SendToUser", "('alice', 'chat', '{}')", "(uint32 2,)");
  g_assert_cmpint (belfry_client_send_to_user_finish (client, sent, &error), ==, 2);
  g_assert_no_error (error);

  belfry_client_send_to_users_async (client, users, "chat", "{}", NULL, fixture_on_result, fixture);
  sent_to_many =
      fixture_serve (fixture, "SendToUsers", "(['alice', 'bob'], 'chat', '{}')", "(uint32 3,)");
  g_assert_cmpint (belfry_client_send_to_users_finish (client, sent_to_many, &error), ==, 3);
  g_assert_no_error (error);

  belfry_client_broadcast_async (client, "chat", "{}", NULL, fixture_on_result, fixture);
  broadcast = fixture_serve (fixture, "Broadcast", "('chat', '{}')", "(uint32 0,)");
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

  belfry_client_get_async (fixture->client, "alice", 5, NULL, fixture_on_result, fixture);
  got = fixture_serve (fixture, "Get", "('alice', 5)", "(@a{sv} {},)");
  g_assert_null (belfry_client_get_finish (fixture->client, got, &get_error));
  g_assert_error (get_error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);

  belfry_client_list_async (fixture->client, "alice", NULL, NULL, fixture_on_result, fixture);
  listed = fixture_serve (fixture, "List", "('alice', {})", "([" NOTIFICATION ", {}], uint64 2)");
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

      belfry_client_new (names[i], NULL, fixture_on_result, fixture);
      result = fixture_take_result (fixture);
      client = belfry_client_new_finish (result, &error);
      g_assert_no_error (error);
      /* The bus of the test is the session bus, and goes away as planned. */
      g_dbus_connection_set_exit_on_close (belfry_client_get_connection (client), FALSE);
      belfry_client_count_unread_async (client, "alice", NULL, fixture_on_result, fixture);
      g_object_unref (fixture_serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)"));
    }
}

static gboolean
on_worker (GDBusServer *server, GDBusConnection *connection, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture_export (fixture, connection, &org_belfry_belfry1_notifications_interface);
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
  belfry_client_count_unread_async (client, "alice", NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "CountUnread", "('alice',)", "(uint64 3,)"));
}

/* Belfry goes, and the client has another way to it. */
static void
lose_peer (Fixture *fixture, BelfryClient *client)
{
  g_autoptr (GDBusConnection) lost = g_object_ref (belfry_client_get_connection (client));
  GDBusConnection *peer = g_steal_pointer (&fixture->peer);

  g_assert_true (g_dbus_connection_close_sync (peer, NULL, NULL));
  g_object_unref (peer);
  while (belfry_client_get_connection (client) == lost || !belfry_client_get_available (client))
    g_main_context_iteration (NULL, TRUE);
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
  belfry_client_new (NULL, NULL, fixture_on_result, fixture);
  result = fixture_take_result (fixture);
  client = belfry_client_new_finish (result, &error);
  g_assert_no_error (error);
  g_assert_false (is_on_bus (client));
  count_unread (fixture, client);

  /* Belfry ends, and there is another one. */
  lose_peer (fixture, client);
  count_unread (fixture, client);
  g_assert_false (is_on_bus (client));

  /* And then one that is on the bus only. */
  g_dbus_server_stop (server);
  g_unlink (path);
  lose_peer (fixture, client);
  count_unread (fixture, client);
  g_assert_true (is_on_bus (client));
}

static void
test_a_socket_that_is_named_is_the_only_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) sync_error = NULL;

  belfry_client_new ("/nonexistent/workers", NULL, fixture_on_result, fixture);
  result = fixture_take_result (fixture);
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

  belfry_client_new ("unix:path=/nonexistent/bus", NULL, fixture_on_result, fixture);
  result = fixture_take_result (fixture);
  g_assert_null (belfry_client_new_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_assert_null (belfry_client_new_sync ("nonsense", NULL, &sync_error));
  g_assert_error (sync_error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  CLIENT_TEST ("/client/only-so-many-calls-are-in-flight-and-all-come-in-order",
               test_only_so_many_calls_are_in_flight_and_all_come_in_order);
  CLIENT_TEST ("/client/a-call-that-fails-makes-room-for-another",
               test_a_call_that_fails_makes_room_for_another);
  CLIENT_TEST ("/client/what-is-cancelled-while-it-waits-is-never-sent",
               test_what_is_cancelled_while_it_waits_is_never_sent);
  CLIENT_TEST ("/client/the-client-lives-until-its-calls-have-ended",
               test_the_client_lives_until_its_calls_have_ended);
  CLIENT_TEST ("/client/an-error-comes-back-as-it-was", test_an_error_comes_back_as_it_was);
  CLIENT_TEST ("/client/without-belfry-the-bus-says-so", test_without_belfry_the_bus_says_so);
  CLIENT_TEST ("/client/creating-and-updating", test_creating_and_updating);
  CLIENT_TEST ("/client/reading", test_reading);
  CLIENT_TEST ("/client/marking-and-removing", test_marking_and_removing);
  CLIENT_TEST ("/client/sending", test_sending);
  CLIENT_TEST ("/client/a-notification-that-is-none-is-an-error",
               test_a_notification_that_is_none_is_an_error);
  CLIENT_TEST ("/client/it-finds-the-session-bus-by-itself",
               test_it_finds_the_session_bus_by_itself);
  CLIENT_TEST ("/client/the-socket-of-a-session-goes-before-its-bus",
               test_the_socket_of_a_session_goes_before_its_bus);
  CLIENT_TEST ("/client/a-socket-that-is-named-is-the-only-way",
               test_a_socket_that_is_named_is_the_only_way);
  CLIENT_TEST ("/client/a-bus-that-is-not-there-is-an-error",
               test_a_bus_that_is_not_there_is_an_error);
  return g_test_run ();
}
