/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "belfry-frames.h"
#include "belfry-notification-private.h"

static void
assert_frame (GBytes *frame, const char *expected)
{
  g_autoptr (GBytes) owned = frame;
  g_autofree char *text = g_strndup (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));

  g_assert_cmpstr (text, ==, expected);
}

static void
test_a_notification_has_its_fields_and_its_time_in_utc (void)
{
  const BelfryNotificationFields fields = {
    .id = 9007199254740991,
    .user_id = "a\"b",
    .data = "{ \"n\":1.0 }",
    .created_at = 1798761599007999,
    .read = TRUE,
    .position = 7,
  };
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&fields);
  g_autofree char *user = belfry_frame_user_json ("a\"b", FALSE);
  const BelfryFrameCounts counts = { 5, 3, BELFRY_COUNTED_AT_POSITION };
  const BelfryFrameCounts late = { 5, 3, 9 };

  assert_frame (belfry_frame_notification ("notification_received", notification, user, &counts),
                "{\"type\":\"notification_received\",\"data\":{\"id\":9007199254740991,"
                "\"userId\":\"a\\\"b\",\"data\":{ \"n\":1.0 },"
                "\"createdAt\":\"2026-12-31T23:59:59.007Z\",\"read\":true,\"unreadCount\":3,"
                "\"position\":5}}");
  assert_frame (belfry_frame_notification ("notification_updated", notification, "1", &late),
                "{\"type\":\"notification_updated\",\"data\":{\"id\":9007199254740991,"
                "\"userId\":1,\"data\":{ \"n\":1.0 },"
                "\"createdAt\":\"2026-12-31T23:59:59.007Z\",\"read\":true,\"unreadCount\":3,"
                "\"position\":5,\"unreadAt\":9}}");
}

static void
test_ids_and_counts (void)
{
  const gint64 ids[] = { 1, 22, 333 };
  const BelfryFrameCounts counts = { 444, 0, BELFRY_COUNTED_AT_POSITION };

  assert_frame (belfry_frame_ids ("notifications_read", ids, 3, &counts),
                "{\"type\":\"notifications_read\",\"data\":{\"ids\":[1,22,333],\"unreadCount\":0,"
                "\"position\":444}}");
  assert_frame (belfry_frame_caught_up (&counts),
                "{\"type\":\"caught_up\",\"data\":{\"unreadCount\":0,\"position\":444}}");
}

static void
test_replies_and_errors_repeat_the_id_as_it_was (void)
{
  assert_frame (belfry_frame_reply ("\"a\\u0062\"", "{\"x\":1}"),
                "{\"type\":\"reply\",\"id\":\"a\\u0062\",\"data\":{\"x\":1}}");
  assert_frame (belfry_frame_error ("17", "BUSY", "say \"no\"\n", FALSE, BELFRY_NO_RETRY),
                "{\"type\":\"error\",\"id\":17,\"data\":{\"code\":\"BUSY\","
                "\"message\":\"say \\\"no\\\"\\u000a\",\"fatal\":false,\"retryAfter\":null}}");
  assert_frame (belfry_frame_error (NULL, "SERVER_SHUTDOWN", "", TRUE, 1500),
                "{\"type\":\"error\",\"data\":{\"code\":\"SERVER_SHUTDOWN\",\"message\":\"\","
                "\"fatal\":true,\"retryAfter\":1500}}");
}

static void
test_only_canonical_decimals_become_numbers (void)
{
  const struct
  {
    const char *user_id;
    const char *json;
  } cases[] = {
    { "0", "0" },
    { "42", "42" },
    { "9007199254740991", "9007199254740991" },
    { "9007199254740992", "\"9007199254740992\"" },
    { "007", "\"007\"" },
    { "-1", "\"-1\"" },
    { "+1", "\"+1\"" },
    { "1.0", "\"1.0\"" },
    { "1e3", "\"1e3\"" },
    { " 1", "\" 1\"" },
    { "alice", "\"alice\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *numeric = belfry_frame_user_json (cases[i].user_id, TRUE);
      g_autofree char *text = belfry_frame_user_json (cases[i].user_id, FALSE);

      g_assert_cmpstr (numeric, ==, cases[i].json);
      g_assert_true (text[0] == '"');
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frames/a-notification-has-its-fields-and-its-time-in-utc",
                   test_a_notification_has_its_fields_and_its_time_in_utc);
  g_test_add_func ("/frames/ids-and-counts", test_ids_and_counts);
  g_test_add_func ("/frames/replies-and-errors-repeat-the-id-as-it-was",
                   test_replies_and_errors_repeat_the_id_as_it_was);
  g_test_add_func ("/frames/only-canonical-decimals-become-numbers",
                   test_only_canonical_decimals_become_numbers);
  return g_test_run ();
}
