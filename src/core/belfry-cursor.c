/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-cursor.h"

static void
set_all (BelfryCursor *self, gint64 position)
{
  self->sent = self->told = self->settled = position;
}

/* Where a session begins. @resume: the client gave @since, and its epoch is ours or was left out.
 *
 * Returns: whether the client is recovered: what it missed after @since will be replayed */
gboolean
belfry_cursor_start (BelfryCursor *self,
                     gboolean resume,
                     gint64 since,
                     const BelfryInboxState *state)
{
  gboolean recovered =
      resume && (since == 0 || (state->horizon <= since && since <= state->position));

  set_all (self, recovered ? since : state->position);
  /* Changes that were signalled before this read have raised the target already. */
  self->target = MAX (self->target, state->position);
  self->live = self->sent >= self->target;
  return recovered;
}

/* A change was committed. @previous is the user's position before it, @position the one after it:
 * another process may have made the one before.
 *
 * Returns: whether it goes out now; if not, it has been told, or a page will tell it */
gboolean
belfry_cursor_may_tell (BelfryCursor *self, gint64 previous, gint64 position, gboolean has_credit)
{
  if (position <= self->sent)
    return FALSE;
  self->target = MAX (self->target, position);
  self->live = self->live && has_credit && previous <= self->sent;
  return self->live;
}

void
belfry_cursor_told_live (BelfryCursor *self, gint64 position)
{
  set_all (self, position);
}

/* A page is asked for. */
void
belfry_cursor_asked (BelfryCursor *self)
{
  self->asked = self->target;
}

/* Whether a removal that had to be told is gone for good. So it is, too, when positions were there
 * and are no longer: the user was erased. */
gboolean
belfry_cursor_page_is_behind (const BelfryCursor *self, const BelfryInboxState *state)
{
  return (self->sent > 0 && self->told < state->horizon) || state->position < self->asked;
}

/* How the present state of a known row is told. Its content is compared with P0 and not with P:
 * of a row that was edited and then read, only one frame comes, at the position of the reading. */
BelfryTell
belfry_cursor_classify (const BelfryCursor *self, const BelfryStoreRow *row)
{
  if (row->removed)
    return BELFRY_TELL_REMOVED;
  if (row->content_position > self->settled || !belfry_notification_get_read (row->notification))
    return BELFRY_TELL_UPDATED;
  return BELFRY_TELL_READ;
}

void
belfry_cursor_told_change (BelfryCursor *self, const BelfryStoreRow *row)
{
  self->told = row->position;
}

/* A page had no more changes of known rows. */
void
belfry_cursor_told_changes (BelfryCursor *self, const BelfryInboxState *state)
{
  self->told = self->settled = MAX (self->told, state->position);
}

/* A new row was sent in its present state, or skipped because it is removed. */
void
belfry_cursor_told_row (BelfryCursor *self, const BelfryStoreRow *row)
{
  self->sent = row->id;
}

/* A page had no more new rows either. */
void
belfry_cursor_told_all (BelfryCursor *self, const BelfryInboxState *state)
{
  set_all (self, MAX (self->sent, state->position));
  self->live = self->sent >= self->target;
}
