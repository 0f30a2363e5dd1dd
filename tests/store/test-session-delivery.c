/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Drives real sessions over the real store through random interleavings: changes whose signals come
 * late or never, as those of another process, states and pages that are old when they are handled,
 * a client that reads slowly, asks for lists, comes and goes, messages that are not stored, and
 * retention. In the end the client has the view of the store, and it got each notification once and
 * in order, and never was more on its way than its credit allows.
 *
 * Only what stands between them is a model: a store that holds back what the real one answers, a
 * sink that holds frames until the client reads, and the client. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "belfry-handler-chain-private.h"
#include "belfry-inbox-handler.h"
#include "belfry-session-private.h"
#include "belfry-session-registry-private.h"
#include "holding.h"

#define SEEDS     30
#define STEPS_MAX 160

/* The play */

typedef struct
{
  char *data;
  gboolean read;
} Belief;

typedef struct
{
  StoreFixture *fixture;
  GRand *rand;
  char *user;
  GArray *ids;     /* of gint64: all that were created */
  GQueue pending;  /* of BelfryChange: committed, not signalled */
  guint n_created; /* makes each content unlike the others */
  guint n_large;   /* of so many in ten the content is large */
  guint diligence; /* the share of its turns, in percent, in which the client reads */

  HoldingStore *store;
  HoldingSink *sink;
  BelfryNotificationService *service;
  BelfryHandlerChain *chain;
  BelfrySessionRegistry *registry;
  BelfryConnection *connection; /* or NULL */

  GHashTable *told;    /* id → position of the change that this session told last */
  GHashTable *beliefs; /* the client: id → Belief */
  gint64 last_received;
  gint64 token;
  gint64 unread;
  gint64 unread_at;
  gboolean waits; /* for `caught_up` */
} Play;

static void
belief_free (gpointer data)
{
  Belief *belief = data;

  g_free (belief->data);
  g_free (belief);
}

static guint
pick (Play *play, guint n)
{
  return (guint) g_rand_int_range (play->rand, 0, (gint32) n);
}

/* Until what was asked of the real store is answered: what is read is as old as the question. */
static void
wait_for_store (Play *play)
{
  while (play->store->n_underway > 0)
    g_main_context_iteration (NULL, TRUE);
  /* What has a task of its own, as a list, ends in the loop. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The workers */

static char *
random_data (Play *play)
{
  g_autofree char *filling = g_strnfill (
      pick (play, 10) < play->n_large ? 20000 + pick (play, 40000) : pick (play, 100), 'x');

  return g_strdup_printf ("{\"n\":%u,\"f\":\"%s\"}", ++play->n_created, filling);
}

static gint64
random_id (Play *play)
{
  return play->ids->len > 0 ? g_array_index (play->ids, gint64, pick (play, play->ids->len)) : 1;
}

static void
create (Play *play)
{
  g_autofree char *data = random_data (play);
  gint64 id = store_fixture_create (play->fixture, play->user, data,
                                    pick (play, 8) == 0 ? "{'tag': <'t'>}" : NULL);

  g_array_append_val (play->ids, id);
}

static void
change (Play *play)
{
  static const BelfryWriteKind kinds[] = {
    BELFRY_WRITE_MARK_READ,
    BELFRY_WRITE_MARK_UNREAD,
    BELFRY_WRITE_REMOVE,
  };
  gint64 ids[3] = { random_id (play), random_id (play), random_id (play) };
  guint what = pick (play, 20);

  if (what < 14)
    store_fixture_change (play->fixture, kinds[pick (play, 3)], play->user, ids,
                          1 + pick (play, 3));
  else if (what < 19)
    {
      g_autofree char *data = random_data (play);
      g_autoptr (BelfryStoreWrite) write = NULL;

      write = store_fixture_update (play->fixture, play->user, ids[0], data);
    }
  else
    store_fixture_change (play->fixture, BELFRY_WRITE_MARK_ALL_READ, play->user, NULL, 0);
}

/* More changes than fit into one page. */
static void
burst (Play *play)
{
  store_fixture_create_many (play->fixture, play->user, 130);
  for (guint i = 0; i < play->fixture->changes->len; i++)
    g_array_append_val (play->ids, store_fixture_change_at (play->fixture, i)->position);
  store_fixture_change (play->fixture, BELFRY_WRITE_MARK_ALL_READ, play->user, NULL, 0);
}

/* Does something, and keeps its signals; some are never told, as if another process had done it. */
static void
commit (Play *play)
{
  g_ptr_array_set_size (play->fixture->changes, 0);
  if (pick (play, 100) < 3)
    burst (play);
  else if (pick (play, 100) < 55)
    create (play);
  else
    change (play);
  for (guint i = 0; i < play->fixture->changes->len; i++)
    if (pick (play, 100) < 85)
      g_queue_push_tail (&play->pending,
                         belfry_change_ref (store_fixture_change_at (play->fixture, i)));
}

/* Returns: (nullable): the session, if its client knows that it is registered */
static BelfrySession *
session_of (Play *play)
{
  BelfrySession *session =
      play->connection != NULL ? belfry_connection_get_session (play->connection) : NULL;

  return session != NULL && session->registered ? session : NULL;
}

/* What the session has told; nothing if there is none. */
static BelfryCursor
cursor_of (Play *play)
{
  BelfrySession *session = session_of (play);

  return session != NULL ? session->cursor : (BelfryCursor){ 0 };
}

/* Messages that are not stored, until not even a small one is taken. */
static void
fill_up (Play *play)
{
  static const gsize sizes[] = { 10000, 1000, 1 };
  BelfrySession *session = session_of (play);

  for (guint i = 0; session != NULL && i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *filling = g_strnfill (sizes[i], 'x');
      g_autofree char *data = g_strdup_printf ("{\"f\":\"%s\"}", filling);

      while (belfry_session_send (session, "news", data, NULL))
        ;
    }
}

/* A session tells no change twice. */
static void
tell (Play *play, gint64 id, gint64 position)
{
  gpointer before = g_hash_table_lookup (play->told, GSIZE_TO_POINTER (id));

  g_assert_cmpint (position, >, (gint64) GPOINTER_TO_SIZE (before));
  g_hash_table_insert (play->told, GSIZE_TO_POINTER (id), GSIZE_TO_POINTER (position));
}

static void
signal_one (Play *play)
{
  g_autoptr (BelfryChange) next = g_queue_pop_head (&play->pending);
  gint64 before = cursor_of (play).sent;

  if (next == NULL)
    return;
  play->store->listener (next, play->store->listener_data);
  if (cursor_of (play).sent == before)
    return;
  for (guint i = 0; i < next->ids->len; i++)
    tell (play, g_array_index (next->ids, gint64, i), next->position);
}

/* Hands over one answer of the store. */
static void
release_read (Play *play)
{
  BelfryStoreRead *read = g_queue_pop_head (&play->store->reads);
  BelfryCursor before = cursor_of (play);
  BelfryCursor after;

  if (read == NULL)
    return;
  read->done (read, read->user_data);
  after = cursor_of (play);
  /* Some of a page may be left to the next. */
  for (guint i = 0; read->kind == BELFRY_READ_PAGE && i < read->changed->len; i++)
    {
      const BelfryStoreRow *row = store_row_at (read->changed, i);

      if (row->position > before.told && row->position <= after.told)
        tell (play, row->id, row->position);
    }
  for (guint i = 0; read->kind == BELFRY_READ_PAGE && i < read->rows->len; i++)
    {
      const BelfryStoreRow *row = store_row_at (read->rows, i);

      if (row->id > before.sent && row->id <= after.sent)
        tell (play, row->id, row->position);
    }
  belfry_store_read_free (read);
}

/* The store drops old tombstones when it is opened. */
static void
drop_tombstones (Play *play)
{
  g_autofree char *n_left = NULL;

  store_fixture_close (play->fixture);
  store_fixture_run_sql (play->fixture, "UPDATE notification SET removed_at = 1 "
                                        "WHERE removed_at IS NOT NULL");
  store_fixture_open (play->fixture);
  do
    {
      g_clear_pointer (&n_left, g_free);
      n_left = store_fixture_ask_sql (play->fixture, "SELECT count (*) FROM notification "
                                                     "WHERE removed_at = 1");
      g_main_context_iteration (NULL, FALSE);
    }
  while (!g_str_equal (n_left, "0"));
}

/* The client */

static void
disconnect (Play *play)
{
  if (play->connection == NULL)
    return;
  belfry_connection_gone (play->connection);
  g_clear_pointer (&play->connection, belfry_connection_unref);
  g_hash_table_remove_all (play->told);
  holding_sink_drop_frames (play->sink);
}

static void
connect_client (Play *play)
{
  BelfryClientFrame *frame = g_new0 (BelfryClientFrame, 1);

  play->sink->close_code = 0;
  play->connection =
      belfry_connection_new (play->registry, BELFRY_SESSION_SINK (play->sink), 1, "peer", 0);
  frame->kind = BELFRY_CLIENT_FRAME_REGISTER;
  frame->user_id = g_strdup (play->user);
  frame->expires_at = G_MAXINT64;
  frame->resume = TRUE;
  frame->since = play->token;
  belfry_connection_receive (play->connection, frame);
}

/* The client asks for as long an answer as there is. */
static void
ask_for_list (Play *play)
{
  BelfryClientFrame *frame;

  if (session_of (play) == NULL)
    return;
  frame = g_new0 (BelfryClientFrame, 1);
  frame->kind = BELFRY_CLIENT_FRAME_MESSAGE;
  frame->id_json = g_strdup ("1");
  frame->type = g_strdup ("list");
  frame->data = g_strdup ("{\"limit\":100}");
  belfry_connection_receive (play->connection, frame);
}

static void
believe (Play *play, gint64 id, const char *data, gboolean read)
{
  Belief *belief = g_new0 (Belief, 1);

  *belief = (Belief){ g_strdup (data), read };
  g_hash_table_replace (play->beliefs, g_memdup2 (&id, sizeof id), belief);
}

static void
count (Play *play, gint64 unread, gint64 unread_at)
{
  if (unread_at < play->unread_at)
    return;
  play->unread = unread;
  play->unread_at = unread_at;
}

/* The client was not recovered: it takes what there is, but for what is newer than @position. That
 * will come by itself, or never if it is removed before, of which nothing would be told then. */
static void
list_afresh (Play *play, gint64 position)
{
  g_autoptr (BelfryStoreRead) list = store_fixture_list (play->fixture, play->user);

  g_hash_table_remove_all (play->beliefs);
  for (guint i = 0; i < list->rows->len; i++)
    {
      const BelfryStoreRow *row = store_row_at (list->rows, i);

      if (row->id <= position)
        believe (play, row->id, belfry_notification_get_data (row->notification),
                 belfry_notification_get_read (row->notification));
    }
  count (play, list->state.unread, list->state.position);
}

/* The object `data` of a notification, as the store has it. */
static char *
content_of (JsonObject *notification)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  json_generator_set_root (generator, json_object_get_member (notification, "data"));
  return json_generator_to_data (generator, NULL);
}

static void
hear_notification (Play *play, const char *type, JsonObject *data)
{
  g_autofree char *content = content_of (data);
  gint64 id = json_object_get_int_member (data, "id");

  if (g_str_equal (type, "notification_received"))
    {
      g_assert_cmpint (id, >, play->last_received);
      play->last_received = id;
    }
  else if (!g_hash_table_contains (play->beliefs, &id))
    {
      g_autofree char *sql = g_strdup_printf ("SELECT count (*) FROM notification WHERE id = "
                                              "%" G_GINT64_FORMAT " AND removed_at IS NULL",
                                              id);
      g_autofree char *n_living = store_fixture_ask_sql (play->fixture, sql);

      /* Only the end of something may be told to one who never had it. */
      g_assert_cmpstr (n_living, ==, "0");
      return;
    }
  believe (play, id, content, json_object_get_boolean_member (data, "read"));
}

static void
hear_ids (Play *play, const char *type, JsonObject *data)
{
  JsonArray *ids = json_object_get_array_member (data, "ids");

  for (guint i = 0; i < json_array_get_length (ids); i++)
    {
      gint64 id = json_array_get_int_element (ids, i);
      Belief *belief = g_hash_table_lookup (play->beliefs, &id);

      if (g_str_equal (type, "notifications_removed"))
        g_hash_table_remove (play->beliefs, &id);
      else if (belief != NULL)
        belief->read = TRUE;
    }
}

static void
hear (Play *play, GBytes *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize length;
  const char *bytes = g_bytes_get_data (text, &length);
  JsonObject *frame;
  JsonObject *data;
  const char *type;
  gint64 position;

  g_assert_true (json_parser_load_from_data (parser, bytes, (gssize) length, NULL));
  frame = json_node_get_object (json_parser_get_root (parser));
  type = json_object_get_string_member (frame, "type");
  /* These say nothing of where the client stands. */
  if (g_str_equal (type, "news") || g_str_equal (type, "reply"))
    return;
  data = json_object_get_object_member (frame, "data");
  position = json_object_get_int_member (data, "position");

  if (g_str_has_prefix (type, "notification_"))
    hear_notification (play, type, data);
  else if (g_str_has_prefix (type, "notifications_"))
    hear_ids (play, type, data);
  else if (g_str_equal (type, "caught_up"))
    {
      g_assert_true (play->waits);
      play->waits = FALSE;
    }
  else if (g_str_equal (type, "registered"))
    {
      play->waits = json_object_get_boolean_member (data, "recovered");
      if (!play->waits)
        {
          play->token = 0;
          list_afresh (play, position);
        }
    }
  play->token = MAX (play->token, position);
  count (play, json_object_get_int_member (data, "unreadCount"),
         json_object_get_int_member_with_default (data, "unreadAt", position));
}

static void
read_frames (Play *play, guint n)
{
  gsize taken = 0;

  for (; n > 0 && !g_queue_is_empty (&play->sink->frames); n--)
    {
      g_autoptr (GBytes) text = g_queue_pop_head (&play->sink->frames);

      play->sink->n_bytes -= g_bytes_get_size (text);
      taken += g_bytes_get_size (text);
      hear (play, text);
    }
  if (play->connection != NULL && taken > 0)
    belfry_connection_taken (play->connection, taken);
}

static void
step (Play *play)
{
  guint op = pick (play, 100);

  if (op < 35)
    commit (play);
  else if (op < 60)
    signal_one (play);
  else if (op < 62)
    fill_up (play);
  else if (op < 65)
    ask_for_list (play);
  else if (op < 74)
    release_read (play);
  else if (op < 88)
    read_frames (play, pick (play, 100) < play->diligence ? pick (play, 6) : 0);
  else if (op < 90)
    disconnect (play);
  else if (op < 95)
    drop_tombstones (play);
  else if (play->connection == NULL)
    connect_client (play);
  wait_for_store (play);
  if (play->sink->close_code != 0)
    disconnect (play);
}

/* At last every signal comes and the client reads: does everything arrive? */
static void
settle (Play *play)
{
  create (play);
  g_queue_push_tail (&play->pending, belfry_change_ref (g_ptr_array_index (
                                         play->fixture->changes, play->fixture->changes->len - 1)));
  while (!g_queue_is_empty (&play->pending))
    signal_one (play);
  for (guint i = 0; i < 1000 && !(cursor_of (play).live && g_queue_is_empty (&play->sink->frames));
       i++)
    {
      if (play->sink->close_code != 0)
        disconnect (play);
      if (play->connection == NULL)
        connect_client (play);
      wait_for_store (play);
      release_read (play);
      read_frames (play, G_MAXUINT);
    }
  g_assert_true (cursor_of (play).live);
  g_assert_false (play->waits);
}

static void
check (Play *play)
{
  g_autoptr (BelfryStoreRead) list = store_fixture_list (play->fixture, play->user);

  g_assert_cmpuint (g_hash_table_size (play->beliefs), ==, list->rows->len);
  for (guint i = 0; i < list->rows->len; i++)
    {
      const BelfryStoreRow *row = store_row_at (list->rows, i);
      const Belief *belief = g_hash_table_lookup (play->beliefs, &row->id);

      g_assert_nonnull (belief);
      g_assert_cmpstr (belief->data, ==, belfry_notification_get_data (row->notification));
      g_assert_cmpint (belief->read, ==, belfry_notification_get_read (row->notification));
    }
  g_assert_cmpint (play->unread, ==, list->state.unread);
  store_fixture_check_counts (play->fixture, play->user);
}

static void
begin (Play *play, StoreFixture *fixture, guint32 seed)
{
  static const BelfrySessionRegistryOptions options = {
    .max_connections_per_user = 20,
    .max_data = 64 * 1024,
  };
  g_autoptr (BelfryMessageHandler) handler = NULL;

  *play = (Play){ .fixture = fixture, .rand = g_rand_new_with_seed (seed) };
  play->user = g_strdup_printf ("user-%u", seed);
  play->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  play->n_large = 5 * pick (play, 3);
  play->diligence = pick (play, 2) == 0 ? 100 : 10;
  play->told = g_hash_table_new (NULL, NULL);
  play->beliefs = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, belief_free);
  play->store = g_object_new (TYPE_HOLDING_STORE, NULL);
  play->store->fixture = fixture;
  play->sink = g_object_new (TYPE_HOLDING_SINK, NULL);
  play->service = belfry_notification_service_new (BELFRY_STORE (play->store), options.max_data);
  play->chain = belfry_handler_chain_new ();
  handler = belfry_inbox_handler_new (play->service, FALSE);
  belfry_handler_chain_add (play->chain, handler);
  play->registry = belfry_session_registry_new (play->service, play->chain, &options);
}

static void
end (Play *play)
{
  disconnect (play);
  while (!g_queue_is_empty (&play->store->reads))
    release_read (play);
  g_queue_clear_full (&play->pending, (GDestroyNotify) belfry_change_unref);
  g_object_unref (play->registry);
  g_object_unref (play->chain);
  g_object_unref (play->service);
  g_object_unref (play->sink);
  g_object_unref (play->store);
  g_hash_table_unref (play->told);
  g_hash_table_unref (play->beliefs);
  g_array_unref (play->ids);
  g_rand_free (play->rand);
  g_free (play->user);
}

static void
play_one (StoreFixture *fixture, guint32 seed)
{
  Play play;
  guint n_steps;

  begin (&play, fixture, seed);
  n_steps = 20 + pick (&play, STEPS_MAX - 20);
  for (guint i = 0; i < n_steps; i++)
    step (&play);
  settle (&play);
  check (&play);
  end (&play);
}

static void
test_every_client_ends_with_the_view_of_the_store (StoreFixture *fixture, gconstpointer data)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      g_test_message ("seed %u", seed);
      play_one (fixture, seed);
    }
}

/* The row of the user is read, and then something happens before the client is answered. */
static void
test_what_happens_while_a_client_registers_is_told (StoreFixture *fixture, gconstpointer data)
{
  Play play;

  begin (&play, fixture, 0);
  store_fixture_create (fixture, play.user, "{\"n\":1}", NULL);
  connect_client (&play);
  wait_for_store (&play);
  g_ptr_array_set_size (fixture->changes, 0);
  create (&play);
  play.store->listener (store_fixture_change_at (fixture, 0), play.store->listener_data);
  for (guint i = 0; i < 10; i++)
    {
      release_read (&play);
      wait_for_store (&play);
    }
  read_frames (&play, G_MAXUINT);
  check (&play);
  end (&play);
}

/* Of what it still has to be told, nothing is left, not even the removals. */
static void
test_who_does_not_read_while_the_user_is_erased_has_to_list (StoreFixture *fixture,
                                                             gconstpointer data)
{
  Play play;

  begin (&play, fixture, 0);
  store_fixture_create_many (fixture, play.user, 3);
  connect_client (&play);
  for (guint i = 0; i < 3; i++)
    {
      wait_for_store (&play);
      release_read (&play);
    }
  g_assert_true (cursor_of (&play).live);
  read_frames (&play, G_MAXUINT);
  fill_up (&play);
  g_ptr_array_set_size (fixture->changes, 0);
  store_fixture_change (fixture, BELFRY_WRITE_ERASE, play.user, NULL, 0);
  g_assert_cmpuint (fixture->changes->len, ==, 1);
  play.store->listener (store_fixture_change_at (fixture, 0), play.store->listener_data);
  g_assert_cmpuint (play.sink->close_code, ==, 0);

  read_frames (&play, G_MAXUINT);
  wait_for_store (&play);
  release_read (&play);
  g_assert_cmpuint (play.sink->close_code, ==, 4102);
  end (&play);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/delivery/every-client-ends-with-the-view-of-the-store",
              test_every_client_ends_with_the_view_of_the_store);
  STORE_TEST ("/delivery/what-happens-while-a-client-registers-is-told",
              test_what_happens_while_a_client_registers_is_told);
  STORE_TEST ("/delivery/who-does-not-read-while-the-user-is-erased-has-to-list",
              test_who_does_not_read_while_the_user_is_erased_has_to_list);
  return g_test_run ();
}
