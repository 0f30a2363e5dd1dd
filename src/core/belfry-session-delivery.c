/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of a session that delivers: it applies the rule of belfry-cursor.c to what the inbox
 * says and to what the store has. docs/delivery.md explains it. */

#include "belfry-session-private.h"

#include "belfry-argument.h"
#include "belfry-frames.h"
#include "belfry-session-registry-private.h"

#define PAGE_ROWS 100

G_STATIC_ASSERT (PAGE_ROWS <= BELFRY_IDS_MAX);

static const char *
user_json (BelfrySession *self)
{
  return belfry_inbox_get_user_json (self->inbox);
}

/* Answers a register. @resumed: whether the client asked to resume */
static void
send_registered (BelfrySession *self,
                 const char *id_json,
                 gboolean resumed,
                 gboolean recovered,
                 const BelfryInboxState *state)
{
  BelfryFrameRegistered registered = {
    .user_json = user_json (self),
    .session_id = self->id,
    .epoch = belfry_session_registry_get_epoch (self->registry),
    .counts = { self->cursor.sent, state->unread, BELFRY_COUNTED_AT_POSITION },
    .resumed = resumed,
    .recovered = recovered,
  };
  g_autoptr (GBytes) text = NULL;

  if (self->cursor.sent != state->position)
    registered.counts.unread_at = state->position;
  text = belfry_frame_registered (id_json, &registered);
  belfry_connection_send (self->connection, text);
}

static void
send_caught_up (BelfrySession *self, const BelfryInboxState *state)
{
  BelfryFrameCounts counts = { self->cursor.sent, state->unread, BELFRY_COUNTED_AT_POSITION };
  g_autoptr (GBytes) text = NULL;

  if (!self->tell_caught_up)
    return;
  self->tell_caught_up = FALSE;
  text = belfry_frame_caught_up (&counts);
  belfry_connection_send (self->connection, text);
}

/* The client becomes registered. @resume: it gave @since. @same_epoch: its epoch is ours, or was
 * left out */
void
belfry_session_start (BelfrySession *self,
                      gboolean resume,
                      gint64 since,
                      gboolean same_epoch,
                      const BelfryInboxState *state,
                      const char *id_json)
{
  gboolean recovered = belfry_cursor_start (&self->cursor, resume && same_epoch, since, state);

  self->registered = TRUE;
  self->tell_caught_up = recovered;
  send_registered (self, id_json, resume, recovered, state);
  if (self->cursor.live)
    send_caught_up (self, state);
  belfry_session_catch_up (self);
}

/* The client registered again as the same user: it learns where it stands. */
void
belfry_session_answer_register (BelfrySession *self,
                                const char *id_json,
                                const BelfryInboxState *state)
{
  send_registered (self, id_json, FALSE, FALSE, state);
}

/* The client registered again, and the store cannot say where it stands. It stays registered. */
void
belfry_session_answer_busy (BelfrySession *self, const char *id_json)
{
  g_autoptr (GBytes) text = belfry_frame_error (
      id_json, "BUSY", "The database does not answer: try again later", FALSE, BELFRY_NO_RETRY);

  belfry_connection_send (self->connection, text);
}

/* Something happened in the inbox. @frame: (inout): the text for it, encoded for the first session
 * that needs it and shared by all */
void
belfry_session_deliver (BelfrySession *self, BelfryChange *change, GBytes **frame)
{
  gboolean has_credit = FALSE;

  if (self->cursor.live)
    {
      if (*frame == NULL)
        *frame = belfry_inbox_encode (self->inbox, change);
      has_credit = belfry_connection_has_credit (self->connection, g_bytes_get_size (*frame));
    }
  if (belfry_cursor_may_tell (&self->cursor, change->previous, change->position, has_credit))
    {
      belfry_connection_send (self->connection, *frame);
      belfry_cursor_told_live (&self->cursor, change->position);
    }
  else
    belfry_session_catch_up (self);
}

/* Returns: FALSE if there is no credit for it */
static gboolean
send_in_page (BelfrySession *self, GBytes *text)
{
  g_autoptr (GBytes) owned = text;

  if (!belfry_connection_has_credit (self->connection, g_bytes_get_size (owned)))
    return FALSE;
  belfry_connection_send (self->connection, owned);
  return TRUE;
}

/* Tells the changes of a page, in frames that carry the position C: rows of the same kind that
 * follow each other share one. Returns: FALSE if the credit was not enough */
static gboolean
tell_changed (BelfrySession *self, BelfryStoreRead *page)
{
  const BelfryStoreRow *rows = (const BelfryStoreRow *) (gpointer) page->changed->data;
  BelfryFrameCounts counts = { self->cursor.sent, page->state.unread, page->state.position };
  gint64 ids[PAGE_ROWS];

  for (guint i = 0; i < page->changed->len;)
    {
      BelfryTell tell = belfry_cursor_classify (&self->cursor, &rows[i]);
      guint n = 0;
      GBytes *text;

      if (tell == BELFRY_TELL_UPDATED)
        {
          text = belfry_frame_notification ("notification_updated", rows[i].notification,
                                            user_json (self), &counts);
          n = 1;
        }
      else
        {
          while (i + n < page->changed->len
                 && belfry_cursor_classify (&self->cursor, &rows[i + n]) == tell)
            {
              ids[n] = rows[i + n].id;
              n++;
            }
          text = belfry_frame_ids (tell == BELFRY_TELL_READ ? "notifications_read"
                                                            : "notifications_removed",
                                   ids, n, &counts);
        }
      if (!send_in_page (self, text))
        return FALSE;
      i += n;
      belfry_cursor_told_change (&self->cursor, &rows[i - 1]);
    }
  return TRUE;
}

static gboolean
tell_new (BelfrySession *self, BelfryStoreRead *page)
{
  for (guint i = 0; i < page->rows->len; i++)
    {
      const BelfryStoreRow *row = &g_array_index (page->rows, BelfryStoreRow, i);
      BelfryFrameCounts counts = { row->id, page->state.unread, page->state.position };

      if (!row->removed
          && !send_in_page (self,
                            belfry_frame_notification ("notification_received", row->notification,
                                                       user_json (self), &counts)))
        return FALSE;
      belfry_cursor_told_row (&self->cursor, row);
    }
  return TRUE;
}

/* Returns: whether the page was told whole */
static gboolean
tell_page (BelfrySession *self, BelfryStoreRead *page)
{
  if (!tell_changed (self, page))
    return FALSE;
  if (page->more_changed)
    return TRUE;
  belfry_cursor_told_changes (&self->cursor, &page->state);

  if (!tell_new (self, page))
    return FALSE;
  if (page->more)
    return TRUE;
  belfry_cursor_told_all (&self->cursor, &page->state);
  send_caught_up (self, &page->state);
  return TRUE;
}

static void
on_page (BelfryStoreRead *page, gpointer user_data)
{
  g_autoptr (BelfrySession) self = user_data;

  self->reading = FALSE;
  if (self->registry == NULL)
    return;
  if (page->error != NULL)
    belfry_session_registry_retry (self->registry, self);
  else if (belfry_cursor_page_is_behind (&self->cursor, &page->state))
    belfry_connection_close (self->connection, BELFRY_CLOSE_SLOW_CONSUMER, NULL,
                             "What had to be told is no longer kept");
  else if (tell_page (self, page))
    belfry_session_catch_up (self);
  /* Otherwise it goes on when the client has read: belfry_connection_taken(). */
}

/* Reads the next page if the session is not live and its client reads. */
void
belfry_session_catch_up (BelfrySession *self)
{
  BelfryStoreRead *read;

  if (!self->registered || self->cursor.live || self->reading || self->registry == NULL
      || !belfry_connection_has_room (self->connection))
    return;

  self->reading = TRUE;
  belfry_cursor_asked (&self->cursor);
  read = belfry_store_read_new (BELFRY_READ_PAGE, belfry_session_get_user_id (self));
  read->sent = self->cursor.sent;
  read->told = self->cursor.told;
  read->limit = PAGE_ROWS;
  read->max_bytes = BELFRY_ANSWER_MAX;
  read->done = on_page;
  read->user_data = g_object_ref (self);
  belfry_store_read (belfry_session_registry_get_store (self->registry), read);
}
