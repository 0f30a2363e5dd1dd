/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-event-text.h"

#include <string.h>

static void
assert_becomes (const char *frame, const char *event)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (frame, strlen (frame));
  g_autoptr (GBytes) made = belfry_event_text_new (bytes, "epoch");
  gsize length;
  const char *text = g_bytes_get_data (made, &length);

  g_assert_cmpmem (text, length, event, strlen (event));
}

static void
test_a_position_becomes_the_id (void)
{
  assert_becomes ("{\"type\":\"caught_up\",\"data\":{\"unreadCount\":0,\"position\":7}}",
                  "event: caught_up\ndata: {\"unreadCount\":0,\"position\":7}\nid: epoch/7\n\n");
  assert_becomes ("{\"type\":\"registered\",\"id\":1,\"data\":{\"position\":9007199254740991}}",
                  "event: registered\ndata: {\"position\":9007199254740991}\n"
                  "id: epoch/9007199254740991\n\n");
}

static void
test_what_others_call_a_position_is_none (void)
{
  assert_becomes ("{\"type\":\"a.b\",\"data\":{\"position\":7}}",
                  "event: a.b\ndata: {\"position\":7}\n\n");
  assert_becomes ("{\"type\":\"reply\",\"id\":1,\"data\":{\"position\":7}}",
                  "event: reply\ndata: {\"position\":7}\n\n");
  assert_becomes ("{\"type\":\"notification_received\",\"data\":{\"data\":{\"position\":7}}}",
                  "event: notification_received\ndata: {\"data\":{\"position\":7}}\n\n");
}

static void
test_each_line_break_begins_a_line (void)
{
  assert_becomes ("{\"type\":\"a\",\"data\":{\n\"x\":\r1,\r\n\n\r\r\n\"y\":2}}",
                  "event: a\ndata: {\ndata: \"x\":\ndata: 1,\ndata: \ndata: \ndata: \n"
                  "data: \"y\":2}\n\n");
  /* Those of Unicode are none here, and escapes are no breaks. */
  assert_becomes ("{\"type\":\"a\",\"data\":{\"x\":\"\xe2\x80\xa8\\n\"}}",
                  "event: a\ndata: {\"x\":\"\xe2\x80\xa8\\n\"}\n\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/event-text/a-position-becomes-the-id", test_a_position_becomes_the_id);
  g_test_add_func ("/event-text/what-others-call-a-position-is-none",
                   test_what_others_call_a_position_is_none);
  g_test_add_func ("/event-text/each-line-break-begins-a-line", test_each_line_break_begins_a_line);
  return g_test_run ();
}
