/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* What is asked of a server. */
typedef enum
{
  LOAD_CALL_CREATE,    /* one notification, or a batch of them */
  LOAD_CALL_SEND,      /* one message to a batch of users */
  LOAD_CALL_BROADCAST, /* one message to all users */
  LOAD_CALL_LIST,      /* a user's newest 20 */
  LOAD_CALL_COUNT,     /* a user's unread ones */
} LoadCall;

/* One run of a benchmark: which messages are made, and when each began and was answered. Messages
 * are numbered; a creation is a message of its own, also within a batch. */
typedef struct
{
  LoadCall call;
  guint first_user;
  guint n_users;
  guint batch;
  guint in_flight;  /* how many calls may be unanswered */
  guint data_bytes; /* of each message */

  GRand *rand;
  gint64 *starts;  /* by message, monotonic, µs */
  gint64 *answers; /* the same */
  guint next;      /* the message that is made next */
  guint end;       /* where to stop */
  gint64 deadline; /* when to stop if that comes first, monotonic, µs; 0: never */
} LoadRun;

void load_run_init (LoadRun *run, guint n_messages);
void load_run_clear (LoadRun *run);

guint load_run_pick_user (LoadRun *run);
gboolean load_run_has_next (LoadRun *run);
guint load_run_get_size (LoadRun *run, guint first);
guint load_run_begin_call (LoadRun *run);
void load_run_end_call (LoadRun *run, guint first);
char *load_run_make_data (LoadRun *run, guint message);
guint *load_run_pick_users (LoadRun *run);
