/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The D-Bus messages that the load writes and reads by hand, against GDBus. */

#include <gio/gio.h>
#include <string.h>

#include "load-call.h"
#include "load-message.h"

/* A call as GDBus reads it: what it says, and the header it says it with. */
static GDBusMessage *
make_call (LoadCall kind, guint batch, const char *destination)
{
  LoadRun run = { .call = kind,
                  .first_user = 7,
                  .n_users = batch,
                  .batch = batch,
                  .in_flight = 1,
                  .data_bytes = 24,
                  .end = 3 };
  g_autoptr (GByteArray) message = load_call_new_header (&run, destination);
  gsize header_length = message->len;
  g_autoptr (GError) error = NULL;
  GDBusMessage *parsed;

  load_run_init (&run, 3);
  load_call_append_body (&run, load_run_begin_call (&run), message);
  load_message_set_serial (message, 42, header_length);
  load_run_clear (&run);
  parsed = g_dbus_message_new_from_blob (message->data, message->len, G_DBUS_CAPABILITY_FLAGS_NONE,
                                         &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_dbus_message_get_serial (parsed), ==, 42);
  g_assert_cmpstr (g_dbus_message_get_path (parsed), ==, "/org/belfry/Belfry1");
  g_assert_cmpstr (g_dbus_message_get_destination (parsed), ==, destination);
  return parsed;
}

static void
assert_call (GDBusMessage *message, const char *interface, const char *member, const char *body)
{
  g_autofree char *text = g_variant_print (g_dbus_message_get_body (message), FALSE);

  g_assert_cmpstr (g_dbus_message_get_interface (message), ==, interface);
  g_assert_cmpstr (g_dbus_message_get_member (message), ==, member);
  g_assert_cmpstr (text, ==, body);
}

static void
test_calls_are_what_gdbus_reads (void)
{
  static const struct
  {
    LoadCall call;
    const char *interface;
    const char *member;
    const char *body;
  } calls[] = {
    { LOAD_CALL_CREATE, "org.belfry.Belfry1.Notifications", "Create",
      "('7', '{\"seq\":0,\"title\":\"Your\"}', {})" },
    { LOAD_CALL_BROADCAST, "org.belfry.Belfry1.Sessions", "Broadcast",
      "('bench', '{\"seq\":0,\"title\":\"Your\"}')" },
    { LOAD_CALL_LIST, "org.belfry.Belfry1.Notifications", "List", "('7', {'limit': <uint32 20>})" },
    { LOAD_CALL_COUNT, "org.belfry.Belfry1.Notifications", "CountUnread", "('7',)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GDBusMessage) message = make_call (calls[i].call, 1, "org.belfry.Belfry1");

      assert_call (message, calls[i].interface, calls[i].member, calls[i].body);
    }
}

static void
test_many_are_one_array (void)
{
  g_autoptr (GDBusMessage) message = make_call (LOAD_CALL_CREATE, 3, NULL);
  g_autoptr (GVariant) all = g_variant_get_child_value (g_dbus_message_get_body (message), 0);

  g_assert_cmpstr (g_dbus_message_get_member (message), ==, "CreateMany");
  g_assert_cmpuint (g_variant_n_children (all), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *expected = g_strdup_printf ("{\"seq\":%u,\"title\":\"Your\"}", i);
      const char *data;

      g_variant_get_child (all, i, "(&s&s@a{sv})", NULL, &data, NULL);
      g_assert_cmpstr (data, ==, expected);
    }
}

static void
test_users_are_one_array (void)
{
  g_autoptr (GDBusMessage) message = make_call (LOAD_CALL_SEND, 3, NULL);
  g_autofree const char **users = NULL;
  const char *type;

  g_variant_get (g_dbus_message_get_body (message), "(^a&s&s&s)", &users, &type, NULL);
  g_assert_cmpstr (g_dbus_message_get_member (message), ==, "SendToUsers");
  g_assert_cmpuint (g_strv_length ((char **) users), ==, 3);
  g_assert_cmpstr (type, ==, "bench");
}

static guint8 *
encode (GDBusMessage *message, gsize *length)
{
  g_autoptr (GError) error = NULL;
  guint8 *blob;

  g_dbus_message_set_serial (message, 9);
  /* What a bus adds, which is of no interest. */
  g_dbus_message_set_sender (message, "org.belfry.Belfry1");
  blob = g_dbus_message_to_blob (message, length, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return blob;
}

static GDBusMessage *
new_call (void)
{
  GDBusMessage *call = g_dbus_message_new_method_call (NULL, "/a", "a.b", "C");

  g_dbus_message_set_serial (call, 77);
  return call;
}

static void
test_replies_name_their_call (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_reply (call);
  g_autofree guint8 *blob = NULL;
  gsize length;
  LoadReply reply;

  g_dbus_message_set_body (message, g_variant_new ("(t)", G_GUINT64_CONSTANT (1)));
  blob = encode (message, &length);
  g_assert_cmpuint (load_message_parse (blob, length, &reply), ==, length);
  g_assert_cmpuint (reply.reply_serial, ==, 77);
  g_assert_null (reply.error_name);
}

static void
test_errors_have_their_text (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_error_literal (call, "org.belfry.Belfry1.Error.Busy", "later");
  g_autofree guint8 *blob = NULL;
  gsize length;
  LoadReply reply;

  blob = encode (message, &length);
  g_assert_cmpuint (load_message_parse (blob, length, &reply), ==, length);
  g_assert_cmpuint (reply.reply_serial, ==, 77);
  g_assert_cmpstr (reply.error_name, ==, "org.belfry.Belfry1.Error.Busy");
  g_assert_cmpstr (reply.error_text, ==, "later");
}

static void
test_signals_and_calls_are_no_replies (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GDBusMessage) signal = g_dbus_message_new_signal ("/a", "a.b", "NameAcquired");
  GDBusMessage *messages[] = { call, signal };

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      gsize length;
      LoadReply reply;
      g_autofree guint8 *blob = encode (messages[i], &length);

      g_assert_cmpuint (load_message_parse (blob, length, &reply), ==, length);
      g_assert_cmpuint (reply.reply_serial, ==, 0);
    }
}

static void
test_a_part_is_waited_for (void)
{
  g_autoptr (GDBusMessage) call = new_call ();
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_reply (call);
  g_autofree guint8 *blob = NULL;
  gsize length;

  g_dbus_message_set_body (message, g_variant_new ("(s)", "what was asked for"));
  blob = encode (message, &length);
  for (gsize n = 0; n < length; n++)
    {
      LoadReply reply;
      /* So that a sanitizer sees what is read beyond. */
      g_autofree guint8 *part = g_memdup2 (blob, n);

      g_assert_cmpuint (load_message_parse (part, n, &reply), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-message/calls-are-what-gdbus-reads", test_calls_are_what_gdbus_reads);
  g_test_add_func ("/load-message/many-are-one-array", test_many_are_one_array);
  g_test_add_func ("/load-message/users-are-one-array", test_users_are_one_array);
  g_test_add_func ("/load-message/replies-name-their-call", test_replies_name_their_call);
  g_test_add_func ("/load-message/errors-have-their-text", test_errors_have_their_text);
  g_test_add_func ("/load-message/signals-and-calls-are-no-replies",
                   test_signals_and_calls_are_no_replies);
  g_test_add_func ("/load-message/a-part-is-waited-for", test_a_part_is_waited_for);
  return g_test_run ();
}
