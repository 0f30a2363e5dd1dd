/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-run.h"

#include <string.h>

/* Prime, so that steps of it meet each of the users once. */
#define STRIDE 7919

/* Whatever the caller set stays. @n_messages: how many there will be in all */
void
load_run_init (LoadRun *run, guint n_messages)
{
  run->rand = g_rand_new_with_seed (1);
  run->starts = g_new0 (gint64, n_messages);
  run->answers = g_new0 (gint64, n_messages);
}

void
load_run_clear (LoadRun *run)
{
  g_clear_pointer (&run->rand, g_rand_free);
  g_clear_pointer (&run->starts, g_free);
  g_clear_pointer (&run->answers, g_free);
}

guint
load_run_pick_user (LoadRun *run)
{
  return run->first_user + (guint) g_rand_int_range (run->rand, 0, (gint32) run->n_users);
}

/* A batch of users, none twice. (transfer full) */
guint *
load_run_pick_users (LoadRun *run)
{
  guint *users = g_new (guint, run->batch);
  guint first = load_run_pick_user (run) - run->first_user;

  g_assert (run->batch <= run->n_users && run->n_users % STRIDE != 0);
  for (guint i = 0; i < run->batch; i++)
    users[i] = run->first_user + (guint) ((first + (guint64) i * STRIDE) % run->n_users);
  return users;
}

/* Whether there is another call to make. At the deadline those that were made are all. */
gboolean
load_run_has_next (LoadRun *run)
{
  if (run->deadline != 0 && g_get_monotonic_time () >= run->deadline)
    run->end = run->next;
  return run->next < run->end;
}

/* How many messages the call that begins with @first has. */
guint
load_run_get_size (LoadRun *run, guint first)
{
  return run->call == LOAD_CALL_CREATE ? MIN (run->batch, run->end - first) : 1;
}

/* Takes the messages of the next call. Returns: the first */
guint
load_run_begin_call (LoadRun *run)
{
  gint64 now = g_get_monotonic_time ();
  guint first = run->next;

  run->next += load_run_get_size (run, first);
  for (guint i = first; i < run->next; i++)
    run->starts[i] = now;
  return first;
}

void
load_run_end_call (LoadRun *run, guint first)
{
  gint64 now = g_get_monotonic_time ();
  guint n = load_run_get_size (run, first);

  for (guint i = first; i < first + n; i++)
    run->answers[i] = now;
}

/* A JSON object with the number of @message, as long as the run says. (transfer full) */
char *
load_run_make_data (LoadRun *run, guint message)
{
  static const char words[] = "Your order has shipped and will be there tomorrow. ";
  GString *text = g_string_new (NULL);

  g_string_printf (text, "{\"seq\":%u,\"title\":\"", message);
  for (guint i = 0; text->len + 2 < run->data_bytes; i++)
    g_string_append_c (text, words[i % strlen (words)]);
  g_string_append (text, "\"}");
  return g_string_free (text, FALSE);
}
