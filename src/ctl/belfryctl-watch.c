/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to a user's notifications, as it happens.
 *
 * A signal tells an id; what a new notification says is fetched, and so that the lines come in the
 * order of the events, each waits for those before it. */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "belfryctl-command.h"
#include "belfryctl-output.h"
#include "belfryctl-text.h"

typedef enum
{
  CREATED,
  UPDATED,
  READ,
  REMOVED,
} Kind;

static const struct
{
  const char *signal;
  const char *name;  /* in JSON */
  const char *label; /* on a terminal */
  BelfryctlLook look;
} kinds[] = {
  [CREATED] = { "notification-created", "created", N_ ("created"), BELFRYCTL_GREEN },
  [UPDATED] = { "notification-updated", "updated", N_ ("updated"), BELFRYCTL_YELLOW },
  [READ] = { "notification-read", "read", N_ ("read"), BELFRYCTL_FAINT },
  [REMOVED] = { "notification-removed", "removed", N_ ("removed"), BELFRYCTL_RED },
};

typedef struct
{
  Belfryctl *ctl;
  BelfryClient *client;
  const char *user_id;
  GMainLoop *loop;
  GCancellable *cancellable;
  GQueue events; /* that are not printed yet, the oldest first */
  guint pending; /* calls that are not answered */
  gboolean subscribed;
  gboolean away;
  gboolean interrupted;
  GError *error;
} Watch;

typedef struct
{
  Watch *watch;
  Kind kind;
  gint64 id;
  gboolean is_fetched;
  BelfryNotification *notification; /* NULL if it has gone meanwhile, or was not asked for */
} Event;

static void
event_free (gpointer data)
{
  Event *event = data;

  g_clear_object (&event->notification);
  g_free (event);
}

static void
print_event_as_json (const Event *event)
{
  g_autoptr (GString) json = g_string_new ("{");

  belfryctl_json_add_string (json, "event", kinds[event->kind].name);
  belfryctl_json_add_int (json, "id", event->id);
  belfryctl_json_add_string (json, "userId", event->watch->user_id);
  if (event->notification != NULL)
    {
      g_autoptr (GString) object = g_string_new ("{");

      belfryctl_json_add_notification (object, event->notification);
      g_string_append_c (object, '}');
      belfryctl_json_add (json, "notification", object->str);
    }
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

/* Returns: the columns of the widest label */
static guint
get_label_width (void)
{
  guint width = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    width = MAX (width, belfryctl_text_width (_ (kinds[i].label)));
  return width;
}

static void
print_event (const Event *event)
{
  const char *label = _ (kinds[event->kind].label);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *spaces = g_strnfill (get_label_width () - belfryctl_text_width (label), ' ');
  g_autofree char *data = NULL;
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  g_autofree char *cut = NULL;
  guint width = belfryctl_terminal_width (STDOUT_FILENO);

  if (event->notification != NULL)
    data = belfryctl_text_of_data (belfry_notification_get_data (event->notification));
  text = belfryctl_text_plain (data != NULL ? data : "");
  line = g_strchomp (
      g_strdup_printf ("%s  %s%s  %" G_GINT64_FORMAT "  %s", time, label, spaces, event->id, text));
  cut = width > 0 ? belfryctl_text_fit (line, width) : g_strdup (line);
  belfryctl_print_line (cut, kinds[event->kind].look, event->watch->ctl->colour);
}

/* Prints what is complete, up to the first that is not. */
static void
print_events (Watch *watch)
{
  Event *event;

  while (!g_cancellable_is_cancelled (watch->cancellable)
         && (event = g_queue_peek_head (&watch->events)) != NULL && event->is_fetched)
    {
      if (watch->ctl->json)
        print_event_as_json (event);
      else
        print_event (event);
      event_free (g_queue_pop_head (&watch->events));
    }
  /* Whoever read along has gone. */
  if (ferror (stdout))
    g_main_loop_quit (watch->loop);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Event *event = user_data;
  Watch *watch = event->watch;
  g_autoptr (GError) error = NULL;

  /* One that was removed at once is told without what it said. */
  event->notification = belfry_client_get_finish (BELFRY_CLIENT (source), result, &error);
  event->is_fetched = TRUE;
  watch->pending--;
  print_events (watch);
}

static void
add_event (Watch *watch, Kind kind, const char *user_id, gint64 id)
{
  Event *event;

  /* The subscription is for all whose names begin so. */
  if (!g_str_equal (user_id, watch->user_id))
    return;
  event = g_new0 (Event, 1);
  event->watch = watch;
  event->kind = kind;
  event->id = id;
  event->is_fetched = kind == READ || kind == REMOVED;
  g_queue_push_tail (&watch->events, event);
  if (event->is_fetched)
    {
      print_events (watch);
      return;
    }
  watch->pending++;
  belfry_client_get_async (watch->client, user_id, id, watch->cancellable, on_fetched, event);
}

static void
on_created (BelfryClient *client, const char *user_id, gint64 id, Watch *watch)
{
  add_event (watch, CREATED, user_id, id);
}

static void
on_updated (BelfryClient *client, const char *user_id, gint64 id, Watch *watch)
{
  add_event (watch, UPDATED, user_id, id);
}

static void
on_read (BelfryClient *client, const char *user_id, gint64 id, Watch *watch)
{
  add_event (watch, READ, user_id, id);
}

static void
on_removed (BelfryClient *client, const char *user_id, gint64 id, Watch *watch)
{
  add_event (watch, REMOVED, user_id, id);
}

/* Says something of the watch itself: beside the lines, or in JSON as one of them. */
static void
say (Watch *watch, const char *event, const char *message)
{
  g_autoptr (GString) json = g_string_new ("{");

  if (!watch->ctl->json)
    {
      g_printerr ("%s\n", message);
      return;
    }
  belfryctl_json_add_string (json, "event", event);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

static void
on_subscribed (BelfryClient *client, Watch *watch)
{
  say (watch, "subscribed",
       watch->subscribed ? _ ("Belfry is back; what happened meanwhile was not told")
                         : _ ("Watching; Ctrl+C ends it"));
  watch->subscribed = TRUE;
  watch->away = FALSE;
}

static void
on_available (BelfryClient *client, GParamSpec *pspec, Watch *watch)
{
  gboolean available;

  g_object_get (client, "available", &available, NULL);
  if (available || watch->away || !watch->subscribed)
    return;
  watch->away = TRUE;
  say (watch, "away", _ ("Belfry has gone; waiting for it"));
}

static void
on_subscribe_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watch *watch = user_data;

  watch->pending--;
  if (!belfry_client_subscribe_finish (BELFRY_CLIENT (source), result, &watch->error))
    g_main_loop_quit (watch->loop);
}

static gboolean
on_interrupt (gpointer user_data)
{
  Watch *watch = user_data;

  watch->interrupted = TRUE;
  g_main_loop_quit (watch->loop);
  return G_SOURCE_CONTINUE;
}

/* Lets what is under way end, so that no answer comes to a watch that is over. */
static void
end (Watch *watch)
{
  g_signal_handlers_disconnect_by_data (watch->client, watch);
  g_cancellable_cancel (watch->cancellable);
  while (watch->pending > 0)
    g_main_context_iteration (NULL, TRUE);
  g_queue_clear_full (&watch->events, event_free);
}

gboolean
belfryctl_watch (Belfryctl *ctl, char **arguments, GError **error)
{
  static const char *const signals[] = { "Created", "Updated", "Read", "Removed", NULL };
  g_autoptr (BelfryClient) client = belfryctl_connect (ctl, BELFRYCTL_WAITING, error);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watch watch = { ctl, client, arguments[0], loop, cancellable, G_QUEUE_INIT };
  guint sources[2];

  if (client == NULL)
    return FALSE;
  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, &watch);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, &watch);
  g_signal_connect (client, kinds[CREATED].signal, G_CALLBACK (on_created), &watch);
  g_signal_connect (client, kinds[UPDATED].signal, G_CALLBACK (on_updated), &watch);
  g_signal_connect (client, kinds[READ].signal, G_CALLBACK (on_read), &watch);
  g_signal_connect (client, kinds[REMOVED].signal, G_CALLBACK (on_removed), &watch);
  g_signal_connect (client, "subscribed", G_CALLBACK (on_subscribed), &watch);
  g_signal_connect (client, "notify::available", G_CALLBACK (on_available), &watch);
  watch.pending++;
  belfry_client_subscribe_async (client, arguments[0], signals, cancellable, on_subscribe_answer,
                                 &watch);
  g_main_loop_run (loop);
  end (&watch);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  if (watch.interrupted)
    g_clear_error (&watch.error);
  if (watch.error != NULL)
    {
      g_propagate_error (error, watch.error);
      return FALSE;
    }
  return TRUE;
}
