/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-call.h"

#include <stdio.h>

#include "load-message.h"

#define OBJECT_PATH "/org/belfry/Belfry1"

/* Which method a run calls. It is the same for all of its calls. Returns: (transfer full) */
GByteArray *
load_call_new_header (LoadRun *run, const char *destination)
{
  static const char notifications[] = "org.belfry.Belfry1.Notifications";
  static const char sessions[] = "org.belfry.Belfry1.Sessions";

  switch (run->call)
    {
    case LOAD_CALL_CREATE:
      if (run->batch == 1)
        return load_message_new_call (destination, OBJECT_PATH, notifications, "Create", "ssa{sv}");
      return load_message_new_call (destination, OBJECT_PATH, notifications, "CreateMany",
                                    "a(ssa{sv})");
    case LOAD_CALL_SEND:
      return load_message_new_call (destination, OBJECT_PATH, sessions, "SendToUsers", "asss");
    case LOAD_CALL_BROADCAST:
      return load_message_new_call (destination, OBJECT_PATH, sessions, "Broadcast", "ss");
    case LOAD_CALL_LIST:
      return load_message_new_call (destination, OBJECT_PATH, notifications, "List", "sa{sv}");
    case LOAD_CALL_COUNT:
      return load_message_new_call (destination, OBJECT_PATH, notifications, "CountUnread", "s");
    default:
      g_assert_not_reached ();
    }
}

static void
append_user (GByteArray *message, guint user)
{
  char text[16];

  snprintf (text, sizeof text, "%u", user);
  load_message_append_string (message, text);
}

static void
append_data (LoadRun *run, guint number, GByteArray *message)
{
  g_autofree char *data = load_run_make_data (run, number);

  load_message_append_string (message, data);
}

static void
append_notification (LoadRun *run, guint number, GByteArray *message)
{
  gsize options;

  append_user (message, load_run_pick_user (run));
  append_data (run, number, message);
  options = load_message_open_array (message, 8);
  load_message_close_array (message, options, 8);
}

static void
append_notifications (LoadRun *run, guint first, GByteArray *message)
{
  gsize array = load_message_open_array (message, 8);
  guint n = load_run_get_size (run, first);

  for (guint i = 0; i < n; i++)
    {
      load_message_align (message, 8);
      append_notification (run, first + i, message);
    }
  load_message_close_array (message, array, 8);
}

static void
append_users (LoadRun *run, GByteArray *message)
{
  g_autofree guint *users = load_run_pick_users (run);
  gsize array = load_message_open_array (message, 4);

  for (guint i = 0; i < run->batch; i++)
    append_user (message, users[i]);
  load_message_close_array (message, array, 4);
}

static void
append_query (GByteArray *message)
{
  gsize array = load_message_open_array (message, 8);

  load_message_append_string (message, "limit");
  load_message_append_signature (message, "u");
  load_message_append_uint32 (message, 20);
  load_message_close_array (message, array, 8);
}

/* What the call with the message @first says, behind a header as above. */
void
load_call_append_body (LoadRun *run, guint first, GByteArray *message)
{
  switch (run->call)
    {
    case LOAD_CALL_CREATE:
      if (run->batch == 1)
        append_notification (run, first, message);
      else
        append_notifications (run, first, message);
      break;
    case LOAD_CALL_SEND:
      append_users (run, message);
      load_message_append_string (message, "bench");
      append_data (run, first, message);
      break;
    case LOAD_CALL_BROADCAST:
      load_message_append_string (message, "bench");
      append_data (run, first, message);
      break;
    case LOAD_CALL_LIST:
      append_user (message, load_run_pick_user (run));
      append_query (message);
      break;
    case LOAD_CALL_COUNT:
      append_user (message, load_run_pick_user (run));
      break;
    default:
      g_assert_not_reached ();
    }
}
