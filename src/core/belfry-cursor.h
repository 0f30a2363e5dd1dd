/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-store.h"

G_BEGIN_DECLS

/* The delivery rule: what one session has told its client, and what may be told next. It is pure
 * arithmetic; docs/delivery.md explains it and why each clause is there. */
typedef struct
{
  gint64 sent;    /* C: every notification with id <= C has been sent */
  gint64 told;    /* P: every change with position <= P of those has been told */
  gint64 settled; /* P0: what P was when every change had last been told */
  gint64 target;  /* the newest position that is known to exist */
  gint64 asked;   /* what the target was when the page on its way was asked for */
  gboolean live;  /* changes go out as they happen; otherwise the session is catching up */
} BelfryCursor;

typedef enum
{
  BELFRY_TELL_REMOVED,
  BELFRY_TELL_UPDATED,
  BELFRY_TELL_READ,
} BelfryTell;

gboolean belfry_cursor_start (BelfryCursor *self,
                              gboolean resume,
                              gint64 since,
                              const BelfryInboxState *state);

gboolean
belfry_cursor_may_tell (BelfryCursor *self, gint64 previous, gint64 position, gboolean has_credit);
void belfry_cursor_told_live (BelfryCursor *self, gint64 position);

void belfry_cursor_asked (BelfryCursor *self);
gboolean belfry_cursor_page_is_behind (const BelfryCursor *self, const BelfryInboxState *state);
BelfryTell belfry_cursor_classify (const BelfryCursor *self, const BelfryStoreRow *row);
void belfry_cursor_told_change (BelfryCursor *self, const BelfryStoreRow *row);
void belfry_cursor_told_changes (BelfryCursor *self, const BelfryInboxState *state);
void belfry_cursor_told_row (BelfryCursor *self, const BelfryStoreRow *row);
void belfry_cursor_told_all (BelfryCursor *self, const BelfryInboxState *state);

G_END_DECLS
