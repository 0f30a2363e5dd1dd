/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-call.h"

struct _BelfryCallBook
{
  GHashTable *calls; /* id → BelfryCall */
  GHashTable *users; /* user id → GPtrArray of the calls of both sides, unowned */
  BelfryDeadlines *deadlines;
};

static void
call_free (gpointer data)
{
  BelfryCall *call = data;

  for (guint i = 0; i < BELFRY_CALL_N_SIDES; i++)
    {
      g_free (call->sides[i].user_id);
      g_free (call->sides[i].session_id);
      g_free (call->sides[i].key);
    }
  g_free (call->id);
  g_free (call->about);
  g_free (call);
}

BelfryCallBook *
belfry_call_book_new (void)
{
  BelfryCallBook *self = g_new0 (BelfryCallBook, 1);

  self->calls = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, call_free);
  self->users =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->deadlines = belfry_deadlines_new ();
  return self;
}

void
belfry_call_book_free (BelfryCallBook *self)
{
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->calls);
  belfry_deadlines_free (self->deadlines);
  g_free (self);
}

gboolean
belfry_call_book_is_empty (BelfryCallBook *self)
{
  return g_hash_table_size (self->calls) == 0;
}

static void
add_to_user (BelfryCallBook *self, const char *user_id, BelfryCall *call)
{
  GPtrArray *calls = g_hash_table_lookup (self->users, user_id);

  if (calls == NULL)
    {
      calls = g_ptr_array_new ();
      g_hash_table_insert (self->users, g_strdup (user_id), calls);
    }
  g_ptr_array_add (calls, call);
}

static void
remove_from_user (BelfryCallBook *self, const char *user_id, BelfryCall *call)
{
  GPtrArray *calls = g_hash_table_lookup (self->users, user_id);

  g_ptr_array_remove (calls, call);
  if (calls->len == 0)
    g_hash_table_remove (self->users, user_id);
}

static gint64
from_now (gint64 seconds)
{
  return g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

/* A call that rings for so many seconds. The book owns it. */
BelfryCall *
belfry_call_book_begin (BelfryCallBook *self,
                        const char *caller,
                        const char *session_id,
                        const char *callee,
                        const char *about,
                        gint64 seconds)
{
  BelfryCall *call = g_new0 (BelfryCall, 1);

  call->id = g_uuid_string_random ();
  call->about = g_strdup (about);
  call->begun_at = from_now (0);
  call->sides[BELFRY_CALL_CALLER].user_id = g_strdup (caller);
  call->sides[BELFRY_CALL_CALLER].session_id = g_strdup (session_id);
  call->sides[BELFRY_CALL_CALLER].key = g_uuid_string_random ();
  call->sides[BELFRY_CALL_CALLEE].user_id = g_strdup (callee);
  g_hash_table_insert (self->calls, call->id, call);
  add_to_user (self, caller, call);
  add_to_user (self, callee, call);
  belfry_deadlines_set (self->deadlines, &call->deadline, from_now (seconds));
  return call;
}

/* An open call waits for whoever is away, for each side from when that one left. */
static void
update_deadline (BelfryCallBook *self, BelfryCall *call)
{
  gint64 first = G_MAXINT64;

  for (guint i = 0; i < BELFRY_CALL_N_SIDES; i++)
    if (call->sides[i].session_id == NULL)
      first = MIN (first, call->sides[i].left_at);
  if (first == G_MAXINT64)
    belfry_deadlines_clear (self->deadlines, &call->deadline);
  else
    belfry_deadlines_set (self->deadlines, &call->deadline,
                          first + BELFRY_CALL_PATIENCE * G_USEC_PER_SEC);
}

void
belfry_call_book_accept (BelfryCallBook *self, BelfryCall *call, const char *session_id)
{
  BelfryCallSide *callee = &call->sides[BELFRY_CALL_CALLEE];

  call->state = BELFRY_CALL_OPEN;
  callee->session_id = g_strdup (session_id);
  callee->key = g_uuid_string_random ();
  /* While it rang nobody waited for the caller. */
  call->sides[BELFRY_CALL_CALLER].left_at = from_now (0);
  update_deadline (self, call);
}

static void
forget (BelfryCallBook *self, BelfryCall *call)
{
  belfry_deadlines_clear (self->deadlines, &call->deadline);
  for (guint i = 0; i < BELFRY_CALL_N_SIDES; i++)
    remove_from_user (self, call->sides[i].user_id, call);
  g_hash_table_remove (self->calls, call->id);
}

/* @call is not to be used afterwards: one that has just begun is kept, so that it counts, and
 * others are gone. */
void
belfry_call_book_end (BelfryCallBook *self, BelfryCall *call)
{
  gint64 until = call->begun_at + BELFRY_CALL_PATIENCE * G_USEC_PER_SEC;

  if (call->state == BELFRY_CALL_SPENT || until <= from_now (0))
    {
      forget (self, call);
      return;
    }
  call->state = BELFRY_CALL_SPENT;
  belfry_deadlines_set (self->deadlines, &call->deadline, until);
}

/* The session of one side has gone. An invitation runs on; a call waits for so long. */
void
belfry_call_book_leave (BelfryCallBook *self, BelfryCall *call, BelfryCallRole role)
{
  g_clear_pointer (&call->sides[role].session_id, g_free);
  call->sides[role].left_at = from_now (0);
  if (call->state == BELFRY_CALL_OPEN)
    update_deadline (self, call);
}

void
belfry_call_book_come_back (BelfryCallBook *self,
                            BelfryCall *call,
                            BelfryCallRole role,
                            const char *session_id)
{
  g_free (call->sides[role].session_id);
  call->sides[role].session_id = g_strdup (session_id);
  if (call->state == BELFRY_CALL_OPEN)
    update_deadline (self, call);
}

/* Returns: (nullable): a call that has not ended */
BelfryCall *
belfry_call_book_lookup (BelfryCallBook *self, const char *id)
{
  BelfryCall *call = g_hash_table_lookup (self->calls, id);

  return call != NULL && call->state != BELFRY_CALL_SPENT ? call : NULL;
}

/* Returns: (transfer container): the calls of a user that have not ended, in no order */
GPtrArray *
belfry_call_book_list (BelfryCallBook *self, const char *user_id)
{
  GPtrArray *list = g_ptr_array_new ();
  GPtrArray *calls = g_hash_table_lookup (self->users, user_id);

  for (guint i = 0; calls != NULL && i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);

      if (call->state != BELFRY_CALL_SPENT)
        g_ptr_array_add (list, call);
    }
  return list;
}

BelfryCall *
belfry_call_book_find_ringing (BelfryCallBook *self, const char *caller, const char *callee)
{
  g_autoptr (GPtrArray) calls = belfry_call_book_list (self, callee);

  for (guint i = 0; i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);

      if (call->state == BELFRY_CALL_RINGING
          && g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, caller)
          && g_str_equal (call->sides[BELFRY_CALL_CALLEE].user_id, callee))
        return call;
    }
  return NULL;
}

/* Those that count against a user who wants to begin another: also what has just ended. */
guint
belfry_call_book_count_begun (BelfryCallBook *self, const char *user_id)
{
  GPtrArray *calls = g_hash_table_lookup (self->users, user_id);
  guint n = 0;

  for (guint i = 0; calls != NULL && i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);

      n += g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, user_id);
    }
  return n;
}

/* How many invitations a user was told of. */
guint
belfry_call_book_count_ringing (BelfryCallBook *self, const char *user_id)
{
  g_autoptr (GPtrArray) calls = belfry_call_book_list (self, user_id);
  guint n = 0;

  for (guint i = 0; i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);

      n += call->state == BELFRY_CALL_RINGING && call->rings
           && g_str_equal (call->sides[BELFRY_CALL_CALLEE].user_id, user_id);
    }
  return n;
}

guint
belfry_call_book_count_open (BelfryCallBook *self, const char *user_id)
{
  g_autoptr (GPtrArray) calls = belfry_call_book_list (self, user_id);
  guint n = 0;

  for (guint i = 0; i < calls->len; i++)
    n += ((BelfryCall *) g_ptr_array_index (calls, i))->state == BELFRY_CALL_OPEN;
  return n;
}

/* Returns: (nullable): a call whose time is over, to be ended */
BelfryCall *
belfry_call_book_pop_due (BelfryCallBook *self)
{
  BelfryDeadline *due = belfry_deadlines_pop (self->deadlines, from_now (0));

  if (due == NULL)
    return NULL;
  return (BelfryCall *) G_STRUCT_MEMBER_P (due, -(glong) G_STRUCT_OFFSET (BelfryCall, deadline));
}

/* Returns: whether the session is one of the two, and which */
gboolean
belfry_call_find_session (BelfryCall *call, const char *session_id, BelfryCallRole *role)
{
  for (guint i = 0; i < BELFRY_CALL_N_SIDES; i++)
    if (g_strcmp0 (call->sides[i].session_id, session_id) == 0)
      {
        *role = i;
        return TRUE;
      }
  return FALSE;
}
