/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plays the delivery rule through random interleavings of one inbox, one session and one client.
 * The rule is the daemon's, all else is a model: commits whose signals come late, hints of other
 * processes that may overtake each other, pages that are old when they are handled, a client that
 * reads slowly, comes and goes, and retention. */

#include <string.h>

#include "belfry-cursor.h"
#include "belfry-notification-private.h"

#define MAX_ROWS 512
#define SEEDS    4000

typedef enum
{
  UNREAD,
  READ,
  REMOVED,
  N_FLAGS
} Flag;

/* A row as it is at one moment; the client's belief of it, too. */
typedef struct
{
  gint64 id; /* 0 for one that is not there */
  gint64 position;
  gint64 content_position;
  Flag flag;
  guint edits;
} Row;

typedef struct
{
  gint64 previous;
  Row row;
} Change;

typedef struct
{
  GArray *changed; /* of Row */
  GArray *created;
  BelfryInboxState state;
  guint limit;
} Page;

typedef struct
{
  GRand *rand;
  Row rows[MAX_ROWS]; /* the store: by id */
  BelfryInboxState state;
  GQueue pending; /* of Change: committed, not yet signalled */
  GQueue hints;   /* of Change: of all that another process did, only the position is told */

  Row beliefs[MAX_ROWS]; /* the client */
  gint64 last_received;
  gint64 token;

  gboolean open; /* the session */
  BelfryCursor cursor;
  guint room; /* frames that may go before the client has read */
  Page *page;
  gint64 told_at[MAX_ROWS]; /* position of the change that this session told last, by id */
} Play;

static guint
pick (Play *play, guint n)
{
  return (guint) g_rand_int_range (play->rand, 0, (gint32) n);
}

static void
page_free (Page *page)
{
  g_array_unref (page->changed);
  g_array_unref (page->created);
  g_free (page);
}

/* The store */

static gint64
pick_living (Play *play)
{
  gint64 ids[MAX_ROWS];
  guint n = 0;

  for (gint64 id = 1; id < MAX_ROWS; id++)
    if (play->rows[id].id != 0 && play->rows[id].flag != REMOVED)
      ids[n++] = id;
  return n > 0 ? ids[pick (play, n)] : 0;
}

static void
commit (Play *play)
{
  Change *change = g_new0 (Change, 1);
  gint64 id = pick (play, 100) < 45 ? pick_living (play) : 0;
  gint64 position = play->state.position + 1;
  Row *row = &play->rows[id != 0 ? id : position];

  if (id == 0)
    *row = (Row){ .id = position, .content_position = position };
  else if (pick (play, 4) == 0)
    {
      row->edits++;
      row->content_position = position;
    }
  else
    row->flag = (Flag) pick (play, N_FLAGS);
  row->position = position;
  *change = (Change){ play->state.position, *row };
  play->state.position = position;
  g_queue_push_tail (pick (play, 100) < 80 ? &play->pending : &play->hints, change);
}

static void
drop_tombstones (Play *play)
{
  for (gint64 id = 1; id < MAX_ROWS; id++)
    if (play->rows[id].id != 0 && play->rows[id].flag == REMOVED)
      {
        play->state.horizon = MAX (play->state.horizon, play->rows[id].position);
        play->rows[id].id = 0;
      }
}

static int
by_position (gconstpointer a, gconstpointer b)
{
  return ((const Row *) a)->position < ((const Row *) b)->position ? -1 : 1;
}

static Page *
page_new (Play *play, guint limit)
{
  Page *page = g_new0 (Page, 1);

  page->changed = g_array_new (FALSE, FALSE, sizeof (Row));
  page->created = g_array_new (FALSE, FALSE, sizeof (Row));
  page->state = play->state;
  page->limit = limit;
  for (gint64 id = 1; id < MAX_ROWS; id++)
    {
      const Row *row = &play->rows[id];

      if (row->id == 0)
        continue;
      if (id > play->cursor.sent)
        g_array_append_val (page->created, *row);
      else if (row->position > play->cursor.told && row->position > id)
        g_array_append_val (page->changed, *row);
    }
  g_array_sort (page->changed, by_position);
  g_array_set_size (page->changed, MIN (page->changed->len, limit));
  g_array_set_size (page->created, MIN (page->created->len, limit));
  return page;
}

/* The client */

/* A session sends only what there is room for, and tells nothing twice. */
static void
spend (Play *play, const Row *row)
{
  g_assert_cmpuint (play->room, >, 0);
  play->room--;
  g_assert_cmpint (row->position, >, play->told_at[row->id]);
  play->told_at[row->id] = row->position;
}

static void
receive (Play *play, const Row *row, gint64 position)
{
  Row *belief = &play->beliefs[row->id];

  spend (play, row);
  g_assert_cmpint (belief->id, ==, 0);
  g_assert_cmpint (row->id, >, play->last_received);
  *belief = *row;
  play->last_received = row->id;
  play->token = MAX (play->token, position);
}

static void
hear (Play *play, BelfryTell tell, const Row *row, gint64 position)
{
  Row *belief = &play->beliefs[row->id];

  spend (play, row);
  play->token = MAX (play->token, position);
  if (belief->id == 0)
    {
      /* Only the end of something may be told to one who never had it. */
      g_assert_true (play->rows[row->id].id == 0 || play->rows[row->id].flag == REMOVED);
      return;
    }
  switch (tell)
    {
    case BELFRY_TELL_REMOVED:
      belief->flag = REMOVED;
      break;
    case BELFRY_TELL_UPDATED:
      *belief = *row;
      break;
    case BELFRY_TELL_READ:
      belief->flag = READ;
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
list_afresh (Play *play)
{
  for (gint64 id = 1; id < MAX_ROWS; id++)
    {
      play->beliefs[id] = (Row){ 0 };
      if (play->rows[id].id != 0 && play->rows[id].flag != REMOVED)
        {
          play->beliefs[id] = play->rows[id];
          play->last_received = id;
        }
    }
  play->token = play->state.position;
}

/* The session: what belfry-session-delivery.c does around the cursor */

static void
end_session (Play *play)
{
  g_clear_pointer (&play->page, page_free);
  play->open = FALSE;
}

static void
begin_session (Play *play, guint room)
{
  play->open = TRUE;
  play->room = room;
  play->cursor = (BelfryCursor){ 0 };
  memset (play->told_at, 0, sizeof play->told_at);
  if (!belfry_cursor_start (&play->cursor, TRUE, play->token, &play->state))
    list_afresh (play);
}

static BelfryTell
classify (Play *play, const Row *row)
{
  const BelfryNotificationFields fields = { .data = "{}", .read = row->flag == READ };
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&fields);
  const BelfryStoreRow store_row = {
    .id = row->id,
    .position = row->position,
    .content_position = row->content_position,
    .removed = row->flag == REMOVED,
    .notification = notification,
  };

  return belfry_cursor_classify (&play->cursor, &store_row);
}

/* How the service tells a change as it happens. */
static BelfryTell
kind_of_change (const Row *row)
{
  if (row->flag == REMOVED)
    return BELFRY_TELL_REMOVED;
  return row->flag == UNREAD || row->content_position == row->position ? BELFRY_TELL_UPDATED
                                                                       : BELFRY_TELL_READ;
}

static void
on_change (Play *play, const Change *change)
{
  const Row *row = &change->row;

  if (!belfry_cursor_may_tell (&play->cursor, change->previous, row->position, play->room > 0))
    return;
  if (row->id == row->position)
    receive (play, row, row->position);
  else
    hear (play, kind_of_change (row), row, row->position);
  belfry_cursor_told_live (&play->cursor, row->position);
}

/* Another process changed something: nothing is known of it but that there is more. */
static void
on_hint (Play *play, gint64 position)
{
  if (position <= play->cursor.sent)
    return;
  play->cursor.target = MAX (play->cursor.target, position);
  play->cursor.live = FALSE;
}

static void
read_page (Play *play, guint limit)
{
  if (!play->cursor.live && play->page == NULL && play->room > 0)
    play->page = page_new (play, limit);
}

static void
tell_page (Play *play, Page *page)
{
  for (guint i = 0; i < page->changed->len; i++)
    {
      const Row *row = &g_array_index (page->changed, Row, i);
      const BelfryStoreRow store_row = { .id = row->id, .position = row->position };

      if (play->room == 0)
        return;
      hear (play, classify (play, row), row, play->cursor.sent);
      belfry_cursor_told_change (&play->cursor, &store_row);
    }
  if (page->changed->len == page->limit)
    return;
  belfry_cursor_told_changes (&play->cursor, &page->state);

  for (guint i = 0; i < page->created->len; i++)
    {
      const Row *row = &g_array_index (page->created, Row, i);
      const BelfryStoreRow store_row = { .id = row->id };

      if (play->room == 0)
        return;
      if (row->flag != REMOVED)
        receive (play, row, row->id);
      belfry_cursor_told_row (&play->cursor, &store_row);
    }
  if (page->created->len == page->limit)
    return;
  belfry_cursor_told_all (&play->cursor, &page->state);
  play->token = MAX (play->token, play->cursor.sent); /* caught_up */
}

static void
handle_page (Play *play)
{
  Page *page = g_steal_pointer (&play->page);

  if (page == NULL)
    return;
  if (belfry_cursor_page_is_behind (&play->cursor, &page->state))
    end_session (play); /* SLOW_CONSUMER */
  else
    tell_page (play, page);
  page_free (page);
}

static void
step (Play *play)
{
  guint op = pick (play, 100);
  g_autofree Change *change = NULL;

  if (op < 35)
    commit (play);
  else if (op < 60)
    {
      change = g_queue_pop_head (&play->pending);
      if (change != NULL && play->open)
        on_change (play, change);
    }
  else if (op < 66)
    {
      if (!g_queue_is_empty (&play->hints))
        change = g_queue_pop_nth (&play->hints, pick (play, play->hints.length));
      if (change != NULL && play->open)
        on_hint (play, change->row.position);
    }
  else if (op < 76 && play->open)
    read_page (play, 1 + pick (play, 4));
  else if (op < 86 && play->open)
    handle_page (play);
  else if (op < 92 && play->open)
    play->room += pick (play, 6);
  else if (op < 95)
    end_session (play);
  else if (op < 97)
    drop_tombstones (play);
  else if (!play->open)
    begin_session (play, 1 + pick (play, 6));
}

/* At last every signal has come and the client reads: does everything arrive? */
static void
settle (Play *play)
{
  while (!g_queue_is_empty (&play->pending) || !g_queue_is_empty (&play->hints))
    {
      g_autofree Change *change = g_queue_pop_head (&play->pending);
      g_autofree Change *hint = g_queue_pop_head (&play->hints);

      if (change != NULL && play->open)
        on_change (play, change);
      if (hint != NULL && play->open)
        on_hint (play, hint->row.position);
    }
  for (guint i = 0; i < 10000; i++)
    {
      if (!play->open)
        begin_session (play, G_MAXUINT);
      play->room = G_MAXUINT;
      if (play->cursor.live)
        return;
      read_page (play, 3);
      handle_page (play);
    }
  g_assert_not_reached ();
}

static void
play_one (guint32 seed)
{
  g_autofree Play *play = g_new0 (Play, 1);
  guint n;

  play->rand = g_rand_new_with_seed (seed);
  n = 20 + pick (play, 380);
  for (guint i = 0; i < n; i++)
    step (play);
  settle (play);

  for (gint64 id = 1; id < MAX_ROWS; id++)
    {
      const Row *row = &play->rows[id];
      const Row *belief = &play->beliefs[id];
      gboolean lives = row->id != 0 && row->flag != REMOVED;

      g_assert_cmpint (lives, ==, belief->id != 0 && belief->flag != REMOVED);
      if (!lives)
        continue;
      g_assert_cmpint (belief->flag, ==, row->flag);
      g_assert_cmpuint (belief->edits, ==, row->edits);
    }
  end_session (play);
  g_queue_clear_full (&play->pending, g_free);
  g_queue_clear_full (&play->hints, g_free);
  g_rand_free (play->rand);
}

static void
test_every_client_ends_with_the_view_of_the_store (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    play_one (seed);
}

static void
test_only_a_position_that_can_be_resumed_is_recovered (void)
{
  const BelfryInboxState state = { .position = 50, .horizon = 20 };
  const struct
  {
    gint64 since;
    gboolean recovered;
  } cases[] = {
    { 0, TRUE },  { 1, FALSE }, { 19, FALSE }, { 20, TRUE },
    { 49, TRUE }, { 50, TRUE }, { 51, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BelfryCursor cursor = { 0 };

      g_assert_cmpint (belfry_cursor_start (&cursor, TRUE, cases[i].since, &state), ==,
                       cases[i].recovered);
      g_assert_cmpint (cursor.sent, ==, cases[i].recovered ? cases[i].since : 50);
      g_assert_cmpint (cursor.live, ==, cursor.sent == 50);
    }
}

static void
test_a_client_that_asks_for_nothing_starts_at_the_newest (void)
{
  const BelfryInboxState state = { .position = 50 };
  BelfryCursor cursor = { 0 };

  g_assert_false (belfry_cursor_start (&cursor, FALSE, 0, &state));
  g_assert_cmpint (cursor.sent, ==, 50);
  g_assert_true (cursor.live);
}

static void
test_what_was_signalled_before_the_start_is_caught_up_with (void)
{
  const BelfryInboxState state = { .position = 50 };
  BelfryCursor cursor = { 0 };

  g_assert_false (belfry_cursor_may_tell (&cursor, 50, 51, TRUE));
  belfry_cursor_start (&cursor, FALSE, 0, &state);
  g_assert_false (cursor.live);
  g_assert_cmpint (cursor.target, ==, 51);
}

/* Positions only grow, unless all that was kept of the user is erased. */
static void
test_a_page_without_what_was_there_is_behind (void)
{
  const BelfryInboxState before = { .position = 50 };
  const BelfryInboxState erased = { 0 };
  const BelfryInboxState written_again = { .position = 90, .horizon = 80 };
  BelfryCursor cursor = { 0 };

  belfry_cursor_start (&cursor, FALSE, 0, &before);
  g_assert_false (belfry_cursor_may_tell (&cursor, 50, 51, FALSE));
  belfry_cursor_asked (&cursor);
  g_assert_true (belfry_cursor_page_is_behind (&cursor, &erased));
  g_assert_true (belfry_cursor_page_is_behind (&cursor, &written_again));

  /* What is signalled while a page is on its way need not be in it. */
  g_assert_false (belfry_cursor_may_tell (&cursor, 51, 52, FALSE));
  g_assert_false (
      belfry_cursor_page_is_behind (&cursor, &(const BelfryInboxState){ .position = 51 }));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cursor/every-client-ends-with-the-view-of-the-store",
                   test_every_client_ends_with_the_view_of_the_store);
  g_test_add_func ("/cursor/only-a-position-that-can-be-resumed-is-recovered",
                   test_only_a_position_that_can_be_resumed_is_recovered);
  g_test_add_func ("/cursor/a-client-that-asks-for-nothing-starts-at-the-newest",
                   test_a_client_that_asks_for_nothing_starts_at_the_newest);
  g_test_add_func ("/cursor/what-was-signalled-before-the-start-is-caught-up-with",
                   test_what_was_signalled_before_the_start_is_caught_up_with);
  g_test_add_func ("/cursor/a-page-without-what-was-there-is-behind",
                   test_a_page_without_what_was_there_is_behind);
  return g_test_run ();
}
