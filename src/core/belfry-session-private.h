/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-connection.h"
#include "belfry-connection-limit.h"
#include "belfry-cursor.h"
#include "belfry-deadlines.h"
#include "belfry-inbox-private.h"
#include "belfry-session.h"

G_BEGIN_DECLS

struct _BelfrySession
{
  GObject parent_instance;

  BelfrySessionRegistry *registry; /* unowned; NULL after the end */
  BelfryConnection *connection;    /* unowned; NULL after the end */
  BelfryInbox *inbox;
  GList in_inbox; /* its link among the sessions of its user */
  BelfryConnectionSlot *slot;
  BelfryDeadline expiry; /* of its token, against the wall clock */
  char *id;
  char *peer;
  gint64 connected_at;

  /* What it has told its client: belfry-session-delivery.c */
  BelfryCursor cursor;
  guint registered : 1;     /* the client knows that it is */
  guint reading : 1;        /* a page is on its way */
  guint tell_caught_up : 1; /* the client waits for `caught_up` */
};

BelfrySession *belfry_session_new (BelfrySessionRegistry *registry,
                                   BelfryConnection *connection,
                                   BelfryInbox *inbox,
                                   BelfryConnectionSlot *slot);
void belfry_session_end (BelfrySession *self);

void belfry_session_start (BelfrySession *self,
                           gboolean resume,
                           gint64 since,
                           gboolean same_epoch,
                           const BelfryInboxState *state,
                           const char *id_json);
void belfry_session_answer_register (BelfrySession *self,
                                     const char *id_json,
                                     const BelfryInboxState *state);
void belfry_session_answer_busy (BelfrySession *self, const char *id_json);
gboolean belfry_session_send_frame (BelfrySession *self, GBytes *text);

void belfry_session_deliver (BelfrySession *self, BelfryChange *change, GBytes **frame);
void belfry_session_catch_up (BelfrySession *self);

G_END_DECLS
