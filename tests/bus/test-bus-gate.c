/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may wait for an answer, and whose turn it is. Two ends of one socket: one behind the gate,
 * whose methods answer when the test says so, and one that sends what a bus daemon would hand on.
 */

#include "belfry-bus-gate.h"
#include "belfry-bus-turns.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>

#define NAME "org.belfry.Belfry1.Notifications"
#define PATH "/org/belfry/Belfry1"

typedef struct
{
  BelfryBusGate *gate;
  GDBusConnection *server;
  GDBusConnection *client;
  GQueue held;    /* of GDBusMethodInvocation */
  GQueue answers; /* of GDBusMessage: what came back, under the lock */
  GMutex mutex;
} Fixture;

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *object_path,
         const char *interface,
         const char *name,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  Fixture *fixture = user_data;

  g_queue_push_tail (&fixture->held, invocation);
}

static GDBusMessage *
on_answer (GDBusConnection *connection,
           GDBusMessage *message,
           gboolean incoming,
           gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&fixture->mutex);

  if (!incoming)
    return message;
  g_queue_push_tail (&fixture->answers, message);
  g_main_context_wakeup (NULL);
  return NULL;
}

static GDBusConnection *
connect_end (int fd, GDBusConnectionFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;
  GDBusConnection *connection;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL, flags, NULL, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static gpointer
connect_client (gpointer data)
{
  return connect_end (GPOINTER_TO_INT (data), G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL, { 0 } };
  static const char *const xml =
      "<node><interface name='" NAME "'>"
      "<method name='CountUnread'><arg type='s' name='user_id' direction='in'/>"
      "<arg type='t' name='count' direction='out'/></method></interface></node>";
  g_autoptr (GDBusNodeInfo) node = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int fds[2];

  g_mutex_init (&fixture->mutex);
  g_queue_init (&fixture->held);
  g_queue_init (&fixture->answers);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  thread = g_thread_new ("client", connect_client, GINT_TO_POINTER (fds[1]));
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  fixture->server = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid,
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, NULL,
                                                NULL, &error);
  g_assert_no_error (error);
  fixture->client = g_thread_join (thread);

  fixture->gate = belfry_bus_gate_new ();
  belfry_bus_gate_guard (fixture->gate, fixture->server, TRUE);
  node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_dbus_connection_register_object (fixture->server, PATH, node->interfaces[0],
                                                       &vtable, fixture, NULL, &error),
                    !=, 0);
  g_dbus_connection_add_filter (fixture->client, on_answer, fixture, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_dbus_connection_close_sync (fixture->client, NULL, NULL);
  g_dbus_connection_close_sync (fixture->server, NULL, NULL);
  g_object_unref (fixture->client);
  g_object_unref (fixture->server);
  /* GDBus lets go of a filter in its own time. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  belfry_bus_gate_unref (fixture->gate);
  g_queue_clear_full (&fixture->answers, g_object_unref);
  g_mutex_clear (&fixture->mutex);
}

static void
call (Fixture *fixture, const char *sender, guint32 serial, GVariant *body, GDBusMessageFlags flags)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (NULL, PATH, NAME, "CountUnread");
  g_autoptr (GError) error = NULL;

  g_dbus_message_set_sender (message, sender);
  g_dbus_message_set_body (message, body);
  g_dbus_message_set_flags (message, flags);
  g_dbus_message_set_serial (message, serial);
  g_dbus_connection_send_message (fixture->client, message,
                                  G_DBUS_SEND_MESSAGE_FLAGS_PRESERVE_SERIAL, NULL, &error);
  g_assert_no_error (error);
}

static void
call_many (Fixture *fixture, const char *sender, guint32 first_serial, guint n)
{
  for (guint i = 0; i < n; i++)
    call (fixture, sender, first_serial + i, g_variant_new ("(s)", "alice"),
          G_DBUS_MESSAGE_FLAGS_NONE);
}

static guint
n_answers (Fixture *fixture)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&fixture->mutex);

  return g_queue_get_length (&fixture->answers);
}

static gboolean
on_late (gpointer user_data)
{
  g_error ("What has to get through the gate, or be refused there, is not");
  return G_SOURCE_REMOVE;
}

static void
wait_for (Fixture *fixture, guint n_held, guint n_answered)
{
  guint late = g_timeout_add_seconds (60, on_late, NULL);

  while (g_queue_get_length (&fixture->held) < n_held || n_answers (fixture) < n_answered)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
  g_assert_cmpuint (g_queue_get_length (&fixture->held), ==, n_held);
  g_assert_cmpuint (n_answers (fixture), ==, n_answered);
}

static void
assert_refused (Fixture *fixture, const char *error, const char *words)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&fixture->mutex);
  g_autoptr (GDBusMessage) answer = g_queue_pop_head (&fixture->answers);

  g_assert_nonnull (answer);
  g_assert_cmpstr (g_dbus_message_get_error_name (answer), ==, error);
  g_assert_nonnull (strstr (g_dbus_message_get_arg0 (answer), words));
}

static void
answer_all (Fixture *fixture)
{
  GDBusMethodInvocation *invocation;

  while ((invocation = g_queue_pop_head (&fixture->held)) != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", (guint64) 0));
}

/* Its answer is the last: what was sent before it has been dealt with. */
static void
wait_until_handled (Fixture *fixture, guint32 serial, guint n_answered)
{
  g_autoptr (GDBusMessage) ping =
      g_dbus_message_new_method_call (NULL, "/", "org.freedesktop.DBus.Peer", "Ping");

  g_dbus_message_set_serial (ping, serial);
  g_dbus_message_set_sender (ping, ":1.1000");
  g_dbus_connection_send_message (fixture->client, ping, G_DBUS_SEND_MESSAGE_FLAGS_PRESERVE_SERIAL,
                                  NULL, NULL);
  while (n_answers (fixture) < n_answered + 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_answers (fixture), ==, n_answered + 1);
}

#define BUSY "org.belfry.Belfry1.Error.Busy"

static void
test_one_caller (Fixture *fixture, gconstpointer data)
{
  call_many (fixture, ":1.1", 1, BELFRY_BUS_MAX_CALLS_PER_CALLER + 1);
  call_many (fixture, ":1.2", 1, 1);
  wait_for (fixture, BELFRY_BUS_MAX_CALLS_PER_CALLER + 1, 1);
  assert_refused (fixture, BUSY, "wait for answers");

  answer_all (fixture);
  wait_for (fixture, 0, BELFRY_BUS_MAX_CALLS_PER_CALLER + 1);
  g_assert_cmpuint (belfry_bus_gate_get_n_calls (fixture->gate), ==, 0);
  call_many (fixture, ":1.1", 1, BELFRY_BUS_MAX_CALLS_PER_CALLER);
  wait_for (fixture, BELFRY_BUS_MAX_CALLS_PER_CALLER, BELFRY_BUS_MAX_CALLS_PER_CALLER + 1);
  answer_all (fixture);
}

static void
test_all_callers (Fixture *fixture, gconstpointer data)
{
  const guint n_callers = BELFRY_BUS_MAX_CALLS / BELFRY_BUS_MAX_CALLS_PER_CALLER;

  for (guint i = 0; i < n_callers; i++)
    {
      g_autofree char *sender = g_strdup_printf (":1.%u", i);

      call_many (fixture, sender, 1, BELFRY_BUS_MAX_CALLS_PER_CALLER);
    }
  call_many (fixture, ":1.100", 1, 1);
  wait_for (fixture, BELFRY_BUS_MAX_CALLS, 1);
  assert_refused (fixture, BUSY, "8,192");
  answer_all (fixture);
}

static void
call_with_bytes (Fixture *fixture, const char *sender, guint32 serial, gsize bytes)
{
  g_autofree char *text = g_strnfill (bytes, 'a');

  call (fixture, sender, serial, g_variant_new ("(s)", text), G_DBUS_MESSAGE_FLAGS_NONE);
}

static void
test_bytes (Fixture *fixture, gconstpointer data)
{
  const guint n = BELFRY_BUS_MAX_BYTES / BELFRY_BUS_MAX_CALL_BYTES;

  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < n; i++)
        call_with_bytes (fixture, ":1.1", 1 + i, BELFRY_BUS_MAX_CALL_BYTES - 64);
      /* The overhead of each makes the last one too much. */
      wait_for (fixture, n - 1, 1);
      assert_refused (fixture, BUSY, "32 MiB");
      answer_all (fixture);
      wait_for (fixture, 0, n - 1);
      for (guint i = 0; i < n - 1; i++)
        g_object_unref (g_queue_pop_head (&fixture->answers));
    }
}

static void
test_sure_bytes (Fixture *fixture, gconstpointer data)
{
  const guint n = BELFRY_BUS_MAX_BYTES / BELFRY_BUS_MAX_CALL_BYTES;

  for (guint i = 0; i < n; i++)
    call_with_bytes (fixture, ":1.1", 1 + i, BELFRY_BUS_MAX_CALL_BYTES - 1024);
  call_with_bytes (fixture, ":1.1", 1 + n, 8192);
  wait_for (fixture, n, 1);
  assert_refused (fixture, BUSY, "32 MiB");
  call_with_bytes (fixture, ":1.2", 1, BELFRY_BUS_SURE_BYTES / 2);
  wait_for (fixture, n + 1, 0);
  call_with_bytes (fixture, ":1.2", 2, BELFRY_BUS_SURE_BYTES / 2);
  wait_for (fixture, n + 1, 1);
  assert_refused (fixture, BUSY, "32 MiB");
  answer_all (fixture);
}

static void
test_large_call (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (BELFRY_BUS_MAX_CALL_BYTES, 'a');

  call (fixture, ":1.1", 1, g_variant_new ("(s)", text), G_DBUS_MESSAGE_FLAGS_NONE);
  wait_for (fixture, 0, 1);
  assert_refused (fixture, "org.belfry.Belfry1.Error.TooLarge", "user_id: 8388609 bytes");
}

static void
test_signature (Fixture *fixture, gconstpointer data)
{
  call (fixture, ":1.1", 1, g_variant_new ("(u)", 1), G_DBUS_MESSAGE_FLAGS_NONE);
  wait_for (fixture, 0, 1);
  assert_refused (fixture, "org.belfry.Belfry1.Error.InvalidArgs",
                  "CountUnread takes (s), not (u)");
}

static void
test_no_reply (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < BELFRY_BUS_MAX_CALLS_PER_CALLER + 1; i++)
    call (fixture, ":1.1", 1 + i, g_variant_new ("(s)", "alice"),
          G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  /* One too many, which nobody wants to hear of. */
  wait_until_handled (fixture, 5000, 0);
  wait_for (fixture, BELFRY_BUS_MAX_CALLS_PER_CALLER, 1);
  answer_all (fixture);
  wait_until_handled (fixture, 5001, 1);
  g_assert_cmpuint (belfry_bus_gate_get_n_calls (fixture->gate), ==, 0);
}

/* Otherwise they would be counted once and not be given back, or be a way past the bounds. */
static void
test_repeated_serial (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      call (fixture, ":1.1", 1, g_variant_new ("(s)", "alice"),
            G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
      call_many (fixture, ":1.1", 1, 1);
    }
  wait_until_handled (fixture, 5000, 0);
  wait_for (fixture, 1, 1);
  g_assert_cmpuint (belfry_bus_gate_get_n_calls (fixture->gate), ==, 1);
  /* The refusal of one that is wrong is not taken for the answer of the other. */
  call (fixture, ":1.1", 1, g_variant_new ("(u)", 1), G_DBUS_MESSAGE_FLAGS_NONE);
  wait_until_handled (fixture, 5001, 2);
  g_assert_cmpuint (belfry_bus_gate_get_n_calls (fixture->gate), ==, 1);
  answer_all (fixture);
  wait_until_handled (fixture, 5002, 3);
  g_assert_cmpuint (belfry_bus_gate_get_n_calls (fixture->gate), ==, 0);

  call_many (fixture, ":1.1", 1, BELFRY_BUS_MAX_CALLS_PER_CALLER);
  wait_for (fixture, BELFRY_BUS_MAX_CALLS_PER_CALLER, 4);
  answer_all (fixture);
}

#define ADD(path, test) g_test_add ("/bus-gate/" path, Fixture, NULL, set_up, test, tear_down)

static void
note_turn (GDBusMethodInvocation *invocation, gpointer user_data)
{
  GString *turns = user_data;

  g_string_append (turns, g_dbus_method_invocation_get_sender (invocation));
  g_string_append_c (turns, ' ');
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(t)", (guint64) 0));
}

static void
test_callers_take_turns (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) turns = g_string_new (NULL);
  BelfryBusBouncer *bouncer = belfry_bus_bouncer_new (NULL);
  BelfryBusTurns *ring = belfry_bus_turns_new (fixture->gate, bouncer, note_turn, turns);
  GDBusMethodInvocation *invocation;

  call_many (fixture, ":1.1", 1, 4);
  call_many (fixture, ":1.2", 1, 2);
  wait_for (fixture, 6, 0);
  while ((invocation = g_queue_pop_head (&fixture->held)) != NULL)
    belfry_bus_turns_add (ring, invocation, 1);
  wait_for (fixture, 0, 6);
  g_assert_cmpstr (turns->str, ==, ":1.1 :1.2 :1.1 :1.2 :1.1 :1.1 ");
  belfry_bus_turns_free (ring);
  belfry_bus_bouncer_close (bouncer);
  belfry_bus_bouncer_unref (bouncer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("one-caller-has-1024-unanswered-calls", test_one_caller);
  ADD ("all-callers-have-8192-unanswered-calls", test_all_callers);
  ADD ("all-callers-have-32-mebibytes", test_bytes);
  ADD ("one-who-has-filled-it-leaves-others-a-share", test_sure_bytes);
  ADD ("one-call-has-8-mebibytes", test_large_call);
  ADD ("arguments-of-other-types-are-refused", test_signature);
  ADD ("calls-that-want-no-reply-count", test_no_reply);
  ADD ("a-repeated-serial-is-dropped", test_repeated_serial);
  ADD ("callers-take-turns", test_callers_take_turns);
  return g_test_run ();
}
