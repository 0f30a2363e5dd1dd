/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client when Belfry is away, comes, goes in the middle of a call, or is too busy. */

#include "belfry-error.h"
#include "client-fixture.h"

static void
create_with_key (Fixture *fixture, const char *key)
{
  belfry_client_create_async (fixture->client, "alice", key,
                              g_variant_new_parsed ("{'idempotency-key': <%s>}", key), NULL,
                              fixture_on_result, fixture);
}

static void
create (Fixture *fixture, const char *data)
{
  belfry_client_create_async (fixture->client, "alice", data, NULL, NULL, fixture_on_result,
                              fixture);
}

static void
assert_next (Fixture *fixture, const char *data)
{
  if (fixture->calls->len == 0)
    fixture_wait_for_calls (fixture, 1);
  g_assert_cmpstr (fixture_get_data (fixture, 0), ==, data);
}

static void
assert_method (Fixture *fixture, guint i, const char *method)
{
  g_assert_cmpstr (g_dbus_method_invocation_get_method_name (g_ptr_array_index (fixture->calls, i)),
                   ==, method);
}

static void
refuse (Fixture *fixture, int code)
{
  g_dbus_method_invocation_return_error_literal (fixture_take_call (fixture), BELFRY_ERROR, code,
                                                 "because");
}

/* The one call that has ended failed.
 *
 * Returns: (transfer full): the error */
static GError *
take_error (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = fixture_take_result (fixture);
  GError *error = NULL;

  g_assert_cmpint (belfry_client_create_finish (fixture->client, result, &error), ==, -1);
  return error;
}

static void
wait_until (BelfryClient *client, gboolean available)
{
  while (belfry_client_get_available (client) != available)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_calls_wait_for_belfry_and_come_in_order (Fixture *fixture, gconstpointer data)
{
  fixture_release_name (fixture);
  for (guint i = 0; i < 3; i++)
    fixture_create (fixture, i, NULL);
  wait_until (fixture->client, FALSE);
  fixture_create (fixture, 3, NULL);
  g_assert_cmpuint (fixture->results->len, ==, 0);

  fixture_take_name (fixture);
  fixture_wait_for_calls (fixture, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      g_assert_cmpstr (fixture_get_data (fixture, 0), ==, expected);
      fixture_answer_id (fixture, i + 1);
      fixture_assert_created (fixture, i + 1);
    }
}

static void
test_what_is_safe_is_repeated_in_its_place (Fixture *fixture, gconstpointer data)
{
  create_with_key (fixture, "1");
  create_with_key (fixture, "2");
  fixture_wait_for_calls (fixture, 2);
  create_with_key (fixture, "3");
  fixture_kill_service (fixture);
  create_with_key (fixture, "4");
  fixture_start_service (fixture);

  fixture_wait_for_calls (fixture, 4);
  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      g_assert_cmpstr (fixture_get_data (fixture, 0), ==, expected);
      fixture_answer_id (fixture, i);
      fixture_assert_created (fixture, i);
    }
}

static void
test_what_is_not_safe_is_not_repeated_and_says_so (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  create (fixture, "1");
  fixture_wait_for_calls (fixture, 1);
  fixture_kill_service (fixture);
  error = take_error (fixture);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
  g_assert_true (g_str_has_prefix (error->message, "it may have been done or not"));
  g_assert_nonnull (strstr (error->message, "idempotency-key"));

  /* One that had not been sent waits all the same. */
  create (fixture, "2");
  fixture_start_service (fixture);
  assert_next (fixture, "2");
  fixture_answer_id (fixture, 2);
  fixture_assert_created (fixture, 2);
}

static void
test_many_are_repeated_if_each_has_a_key (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) failed = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autofree gint64 *ids = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_ids;

  belfry_client_create_many_async (
      fixture->client,
      g_variant_new_parsed (
          "[('a', '{}', {'idempotency-key': <'k'>}), ('b', '{}', {'tag': <'t'>})]"),
      NULL, fixture_on_result, fixture);
  fixture_wait_for_calls (fixture, 1);
  fixture_kill_service (fixture);
  failed = fixture_take_result (fixture);
  g_assert_null (belfry_client_create_many_finish (fixture->client, failed, &n_ids, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
  g_clear_error (&error);

  fixture_start_service (fixture);
  belfry_client_create_many_async (
      fixture->client,
      g_variant_new_parsed (
          "[('a', '{}', {'idempotency-key': <'k'>}), ('b', '{}', {'idempotency-key': <'k'>})]"),
      NULL, fixture_on_result, fixture);
  fixture_wait_for_calls (fixture, 1);
  fixture_kill_service (fixture);
  fixture_start_service (fixture);
  fixture_wait_for_calls (fixture, 1);
  fixture_answer (fixture, "([uint64 1, 2],)");
  done = fixture_take_result (fixture);
  ids = belfry_client_create_many_finish (fixture->client, done, &n_ids, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_ids, ==, 2);
}

static void
test_a_busy_belfry_is_asked_again_in_order (Fixture *fixture, gconstpointer data)
{
  for (guint i = 1; i <= 3; i++)
    fixture_create (fixture, i, NULL);
  fixture_wait_for_calls (fixture, 3);
  refuse (fixture, BELFRY_ERROR_BUSY);
  refuse (fixture, BELFRY_ERROR_BUSY);
  fixture_sync_with_service (fixture);
  fixture_create (fixture, 4, NULL);

  fixture_wait_for_calls (fixture, 4);
  g_assert_cmpstr (fixture_get_data (fixture, 0), ==, "3");
  g_assert_cmpstr (fixture_get_data (fixture, 1), ==, "1");
  g_assert_cmpstr (fixture_get_data (fixture, 2), ==, "2");
  g_assert_cmpstr (fixture_get_data (fixture, 3), ==, "4");
  while (fixture->calls->len > 0)
    {
      fixture_answer_id (fixture, 1);
      fixture_assert_created (fixture, 1);
    }
}

static void
fail_call (Fixture *fixture, const char *name)
{
  g_dbus_method_invocation_return_dbus_error (fixture_take_call (fixture), name, "because");
}

static void
test_what_the_bus_has_no_room_for_is_sent_again (Fixture *fixture, gconstpointer data)
{
  create (fixture, "1");
  fixture_wait_for_calls (fixture, 1);
  fail_call (fixture, "org.freedesktop.DBus.Error.LimitsExceeded");
  assert_next (fixture, "1");
  fixture_answer_id (fixture, 1);
  fixture_assert_created (fixture, 1);
}

static void
test_what_is_never_answered_is_repeated_now_and_then (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;

  belfry_client_set_patience (fixture->client, 1);
  create_with_key (fixture, "1");
  while (fixture->results->len == 0)
    {
      for (; fixture->calls->len > 0; n++)
        fail_call (fixture, "org.freedesktop.DBus.Error.NoReply");
      g_main_context_iteration (NULL, TRUE);
    }
  error = take_error (fixture);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
  g_assert_true (g_str_has_prefix (error->message, "gave up after 1 seconds: "));
  g_assert_cmpuint (n, >, 1);
  g_assert_cmpuint (n, <, 40);
}

static void
test_a_call_gives_up_when_belfry_stays_away (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  belfry_client_set_patience (fixture->client, 1);
  fixture_release_name (fixture);
  create (fixture, "1");
  error = take_error (fixture);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  g_assert_true (g_str_has_prefix (error->message, "gave up after 1 seconds: "));
}

static void
test_a_call_gives_up_when_belfry_stays_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  belfry_client_set_patience (fixture->client, 1);
  create (fixture, "1");
  while (fixture->results->len == 0)
    {
      if (fixture->calls->len > 0)
        refuse (fixture, BELFRY_ERROR_BUSY);
      g_main_context_iteration (NULL, TRUE);
    }
  error = take_error (fixture);
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "gave up after 1 seconds: because");
}

static void
test_without_patience_the_first_error_is_the_last (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) busy = NULL;
  g_autoptr (GError) lost = NULL;
  g_autoptr (GError) away = NULL;

  belfry_client_set_patience (fixture->client, 0);
  create (fixture, "1");
  fixture_wait_for_calls (fixture, 1);
  refuse (fixture, BELFRY_ERROR_BUSY);
  busy = take_error (fixture);
  g_assert_error (busy, BELFRY_ERROR, BELFRY_ERROR_BUSY);
  g_assert_cmpstr (busy->message, ==, "because");

  create_with_key (fixture, "2");
  fixture_wait_for_calls (fixture, 1);
  fixture_kill_service (fixture);
  lost = take_error (fixture);
  g_assert_error (lost, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);

  create_with_key (fixture, "3");
  away = take_error (fixture);
  g_assert_error (away, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
}

static void
test_patience_that_is_lost_is_lost_for_calls_that_wait (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  belfry_client_set_patience (fixture->client, G_MAXUINT);
  fixture_release_name (fixture);
  create (fixture, "1");
  wait_until (fixture->client, FALSE);
  belfry_client_set_patience (fixture->client, 1);
  error = take_error (fixture);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
}

/* 4,295 s in microseconds are a few more than 32 bits hold. */
static void
test_a_long_patience_is_long (Fixture *fixture, gconstpointer data)
{
  belfry_client_set_patience (fixture->client, 4295);
  fixture_release_name (fixture);
  create (fixture, "1");
  wait_until (fixture->client, FALSE);
  g_usleep (G_USEC_PER_SEC / 5);
  fixture_take_name (fixture);
  assert_next (fixture, "1");
  fixture_answer_id (fixture, 1);
  fixture_assert_created (fixture, 1);
}

static void
test_a_call_that_waits_can_be_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  fixture_release_name (fixture);
  fixture_create (fixture, 1, cancellable);
  fixture_create (fixture, 2, NULL);
  wait_until (fixture->client, FALSE);
  g_cancellable_cancel (cancellable);
  error = take_error (fixture);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  fixture_take_name (fixture);
  assert_next (fixture, "2");
  fixture_answer_id (fixture, 2);
  fixture_assert_created (fixture, 2);
}

static void
on_event (BelfryClient *client, guint *n)
{
  (*n)++;
}

static void
test_what_holds_is_said_again_before_anything_else (Fixture *fixture, gconstpointer data)
{
  static const char *const types[] = { "sum", NULL };
  static const char *const signals[] = { "Created", NULL };
  g_autoptr (GAsyncResult) subscribed = NULL;
  g_autoptr (GAsyncResult) handled = NULL;
  guint n_subscribed = 0;

  g_signal_connect (fixture->client, "subscribed", G_CALLBACK (on_event), &n_subscribed);
  belfry_client_subscribe_async (fixture->client, "a", signals, NULL, fixture_on_result, fixture);
  subscribed = fixture_serve (fixture, "Subscribe",
                              "({'user-prefix': <'a'>, 'signals': <['Created']>},)", "()");
  g_assert_true (belfry_client_subscribe_finish (fixture->client, subscribed, NULL));
  belfry_client_handle_messages_async (fixture->client, types, NULL, fixture_on_result, fixture);
  handled = fixture_serve (fixture, "HandleMessages", "(['sum'],)", "()");
  g_assert_true (belfry_client_handle_messages_finish (fixture->client, handled, NULL));
  g_assert_cmpuint (n_subscribed, ==, 1);

  /* Without a call that waits, and again, since it was not answered. */
  for (guint i = 0; i < 2; i++)
    {
      fixture_kill_service (fixture);
      fixture_start_service (fixture);
      fixture_wait_for_calls (fixture, 2);
      assert_method (fixture, 0, "Subscribe");
      assert_method (fixture, 1, "HandleMessages");
    }
  fixture_answer (fixture, "()");
  fixture_answer (fixture, "()");
  while (n_subscribed < 2)
    g_main_context_iteration (NULL, TRUE);

  /* With one that waits. */
  fixture_kill_service (fixture);
  wait_until (fixture->client, FALSE);
  create (fixture, "1");
  fixture_start_service (fixture);
  fixture_wait_for_calls (fixture, 3);
  assert_method (fixture, 0, "Subscribe");
  assert_method (fixture, 1, "HandleMessages");
  assert_method (fixture, 2, "Create");
  fixture_answer (fixture, "()");
  fixture_answer (fixture, "()");
  fixture_answer_id (fixture, 1);
  fixture_assert_created (fixture, 1);
  g_assert_cmpuint (n_subscribed, ==, 3);
}

static void
test_what_holds_is_said_until_belfry_listens (Fixture *fixture, gconstpointer data)
{
  guint n_subscribed = 0;

  belfry_client_set_patience (fixture->client, 0);
  g_signal_connect (fixture->client, "subscribed", G_CALLBACK (on_event), &n_subscribed);
  belfry_client_subscribe_async (fixture->client, NULL, NULL, NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "Subscribe", "({},)", "()"));
  fixture_kill_service (fixture);
  fixture_start_service (fixture);
  for (guint i = 0; i < 3; i++)
    {
      fixture_wait_for_calls (fixture, 1);
      refuse (fixture, BELFRY_ERROR_BUSY);
    }
  fixture_wait_for_calls (fixture, 1);
  fixture_answer (fixture, "()");
  while (n_subscribed < 2)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_what_was_ended_is_not_said_again (Fixture *fixture, gconstpointer data)
{
  static const char *const types[] = { "sum", "max", NULL };
  static const char *const one_type[] = { "sum", NULL };
  g_autofree const char **renewed = NULL;
  GAsyncResult *result;

  belfry_client_subscribe_async (fixture->client, NULL, NULL, NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "Subscribe", "({},)", "()"));
  belfry_client_handle_messages_async (fixture->client, types, NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "HandleMessages", "(['sum', 'max'],)", "()"));
  belfry_client_unsubscribe_async (fixture->client, NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "Unsubscribe", "()", "()"));
  belfry_client_stop_handling_async (fixture->client, one_type, NULL, fixture_on_result, fixture);
  result = fixture_serve (fixture, "StopHandling", "(['sum'],)", "()");
  g_assert_true (belfry_client_stop_handling_finish (fixture->client, result, NULL));
  g_object_unref (result);

  fixture_kill_service (fixture);
  create (fixture, "1");
  fixture_start_service (fixture);
  fixture_wait_for_calls (fixture, 2);
  assert_method (fixture, 0, "HandleMessages");
  g_variant_get (g_dbus_method_invocation_get_parameters (fixture->calls->pdata[0]), "(^a&s)",
                 &renewed);
  g_assert_cmpuint (g_strv_length ((char **) renewed), ==, 1);
  g_assert_cmpstr (renewed[0], ==, "max");
  assert_method (fixture, 1, "Create");
  fixture_answer (fixture, "()");
  fixture_answer_id (fixture, 1);
  fixture_assert_created (fixture, 1);
}

static void
on_lost (BelfryClient *client, const char *type, GError *error, GString *seen)
{
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_EXISTS);
  g_string_append (seen, type);
}

static GString *warnings;

static GLogWriterOutput
keep_warning (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level != G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, data);
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append (warnings, fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
test_a_type_that_another_has_taken_is_lost_alone (Fixture *fixture, gconstpointer data)
{
  static const char *const types[] = { "sum", "max", NULL };
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GVariant) first = NULL;
  g_autofree const char **asked = NULL;

  g_signal_connect (fixture->client, "handling-lost", G_CALLBACK (on_lost), seen);
  belfry_client_handle_messages_async (fixture->client, types, NULL, fixture_on_result, fixture);
  g_object_unref (fixture_serve (fixture, "HandleMessages", "(['sum', 'max'],)", "()"));
  fixture_kill_service (fixture);
  fixture_start_service (fixture);

  /* All or none: so each is asked for by itself. */
  fixture_wait_for_calls (fixture, 1);
  refuse (fixture, BELFRY_ERROR_EXISTS);
  fixture_wait_for_calls (fixture, 2);
  first = g_variant_ref (g_dbus_method_invocation_get_parameters (fixture->calls->pdata[0]));
  g_string_truncate (warnings, 0);
  refuse (fixture, BELFRY_ERROR_EXISTS);
  fixture_answer (fixture, "()");
  while (seen->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_variant_get_child (first, 0, "^a&s", &asked);
  g_assert_cmpstr (seen->str, ==, asked[0]);
  g_assert_nonnull (strstr (warnings->str, seen->str));

  /* The other one stays. */
  fixture_kill_service (fixture);
  fixture_start_service (fixture);
  fixture_wait_for_calls (fixture, 1);
  assert_method (fixture, 0, "HandleMessages");
  fixture_answer (fixture, "()");
  fixture_sync_with_service (fixture);
  g_assert_cmpuint (seen->len, ==, 3);
}

static void
on_available (BelfryClient *client, GParamSpec *pspec, GString *seen)
{
  g_string_append_c (seen, belfry_client_get_available (client) ? '1' : '0');
}

static void
test_it_is_told_when_belfry_comes_and_goes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) seen = g_string_new (NULL);

  g_assert_true (belfry_client_get_available (fixture->client));
  /* That it was there from the start is told, too. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_signal_connect (fixture->client, "notify::available", G_CALLBACK (on_available), seen);
  fixture_release_name (fixture);
  while (seen->len < 1)
    g_main_context_iteration (NULL, TRUE);
  fixture_take_name (fixture);
  while (seen->len < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (seen->str, ==, "01");
}

#define ADD(name, function) CLIENT_TEST ("/client-restart/" name, function)

int
main (int argc, char **argv)
{
  int result;

  warnings = g_string_new (NULL);
  g_log_set_writer_func (keep_warning, NULL, NULL);
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  ADD ("calls-wait-for-belfry-and-come-in-order", test_calls_wait_for_belfry_and_come_in_order);
  ADD ("what-is-safe-is-repeated-in-its-place", test_what_is_safe_is_repeated_in_its_place);
  ADD ("what-is-not-safe-is-not-repeated-and-says-so",
       test_what_is_not_safe_is_not_repeated_and_says_so);
  ADD ("many-are-repeated-if-each-has-a-key", test_many_are_repeated_if_each_has_a_key);
  ADD ("a-busy-belfry-is-asked-again-in-order", test_a_busy_belfry_is_asked_again_in_order);
  ADD ("what-the-bus-has-no-room-for-is-sent-again",
       test_what_the_bus_has_no_room_for_is_sent_again);
  ADD ("what-is-never-answered-is-repeated-now-and-then",
       test_what_is_never_answered_is_repeated_now_and_then);
  ADD ("a-call-gives-up-when-belfry-stays-away", test_a_call_gives_up_when_belfry_stays_away);
  ADD ("a-call-gives-up-when-belfry-stays-busy", test_a_call_gives_up_when_belfry_stays_busy);
  ADD ("without-patience-the-first-error-is-the-last",
       test_without_patience_the_first_error_is_the_last);
  ADD ("patience-that-is-lost-is-lost-for-calls-that-wait",
       test_patience_that_is_lost_is_lost_for_calls_that_wait);
  ADD ("a-long-patience-is-long", test_a_long_patience_is_long);
  ADD ("a-call-that-waits-can-be-cancelled", test_a_call_that_waits_can_be_cancelled);
  ADD ("what-holds-is-said-again-before-anything-else",
       test_what_holds_is_said_again_before_anything_else);
  ADD ("what-holds-is-said-until-belfry-listens", test_what_holds_is_said_until_belfry_listens);
  ADD ("what-was-ended-is-not-said-again", test_what_was_ended_is_not_said_again);
  ADD ("a-type-that-another-has-taken-is-lost-alone",
       test_a_type_that_another_has_taken_is_lost_alone);
  ADD ("it-is-told-when-belfry-comes-and-goes", test_it_is_told_when_belfry_comes_and_goes);
  result = g_test_run ();
  g_string_free (warnings, TRUE);
  return result;
}
