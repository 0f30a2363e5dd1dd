/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-deadlines.h"

G_BEGIN_DECLS

/* Calls: two users, a session of each, and how far they are. Nothing is sent from here. */

/* How long an invitation rings at most, a side may be away, and a call that was begun counts, in
 * seconds. */
#define BELFRY_CALL_PATIENCE 30

/* How many calls a user may have begun, or take part in, or be rung for. */
#define BELFRY_CALLS_MAX 8

typedef enum
{
  BELFRY_CALL_RINGING,
  BELFRY_CALL_OPEN,
  BELFRY_CALL_SPENT, /* ended; it counts against its caller until its time is over */
} BelfryCallState;

typedef enum
{
  BELFRY_CALL_CALLER,
  BELFRY_CALL_CALLEE,
  BELFRY_CALL_N_SIDES,
} BelfryCallRole;

typedef struct
{
  char *user_id;
  char *session_id; /* NULL while it is away, or nobody has accepted */
  char *key;        /* what a later session shows to take its place; NULL before it is told */
  gint64 left_at;   /* monotonic, µs: since when it is away from an open call */
} BelfryCallSide;

typedef struct
{
  char *id;
  char *about; /* what the caller said of it, a JSON object */
  BelfryCallState state;
  gboolean rings;  /* the callee was told */
  gint64 begun_at; /* monotonic, µs */
  BelfryDeadline deadline;
  BelfryCallSide sides[BELFRY_CALL_N_SIDES];
} BelfryCall;

typedef struct _BelfryCallBook BelfryCallBook;

BelfryCallBook *belfry_call_book_new (void);
void belfry_call_book_free (BelfryCallBook *self);
gboolean belfry_call_book_is_empty (BelfryCallBook *self);

BelfryCall *belfry_call_book_begin (BelfryCallBook *self,
                                    const char *caller,
                                    const char *session_id,
                                    const char *callee,
                                    const char *about,
                                    gint64 seconds);
void belfry_call_book_accept (BelfryCallBook *self, BelfryCall *call, const char *session_id);
void belfry_call_book_end (BelfryCallBook *self, BelfryCall *call);

void belfry_call_book_leave (BelfryCallBook *self, BelfryCall *call, BelfryCallRole role);
void belfry_call_book_come_back (BelfryCallBook *self,
                                 BelfryCall *call,
                                 BelfryCallRole role,
                                 const char *session_id);

BelfryCall *belfry_call_book_lookup (BelfryCallBook *self, const char *id);
BelfryCall *
belfry_call_book_find_ringing (BelfryCallBook *self, const char *caller, const char *callee);
GPtrArray *belfry_call_book_list (BelfryCallBook *self, const char *user_id);
guint belfry_call_book_count_begun (BelfryCallBook *self, const char *user_id);
guint belfry_call_book_count_ringing (BelfryCallBook *self, const char *user_id);
guint belfry_call_book_count_open (BelfryCallBook *self, const char *user_id);
BelfryCall *belfry_call_book_pop_due (BelfryCallBook *self);

gboolean belfry_call_find_session (BelfryCall *call, const char *session_id, BelfryCallRole *role);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryCallBook, belfry_call_book_free)

G_END_DECLS
