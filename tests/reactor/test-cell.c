/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cells, as those who attach sources to them see them. */

#include <sys/socket.h>
#include <unistd.h>

#include "lab.h"

/* How long to wait for what does not come. */
#define PATIENCE (20 * G_USEC_PER_SEC)

static void
set_up (Lab **lab, gconstpointer data)
{
  *lab = lab_new ();
  lab_start (*lab);
}

static void
tear_down (Lab **lab, gconstpointer data)
{
  lab_free (*lab);
}

static gboolean
report (gpointer user_data)
{
  g_async_queue_push (user_data, g_thread_self ());
  return G_SOURCE_REMOVE;
}

static void
assert_reported (GAsyncQueue *queue)
{
  g_assert_nonnull (g_async_queue_timeout_pop (queue, PATIENCE));
}

static void
attach (Lab *lab, GSource *source)
{
  belfry_cell_enter (lab->stream->cell);
  g_source_attach (source, g_main_context_get_thread_default ());
  belfry_cell_leave (lab->stream->cell);
}

typedef struct
{
  GAsyncQueue *queue;
  guint interval;
  int priority;
} Plan;

static void
add_timeout (Lab *lab, gpointer user_data)
{
  Plan *plan = user_data;
  g_autoptr (GSource) source = g_timeout_source_new (plan->interval);

  g_source_set_callback (source, report, plan->queue, NULL);
  attach (lab, source);
}

static void
add_idle (Lab *lab, gpointer user_data)
{
  Plan *plan = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, plan->priority);
  g_source_set_callback (source, report, plan->queue, NULL);
  attach (lab, source);
}

static void
test_a_timeout_runs_while_nothing_else_happens (Lab **lab, gconstpointer data)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  Plan plan = { queue, 50, 0 };
  int peer = lab_connect (*lab, SOCK_STREAM);

  for (guint i = 0; i < 3; i++)
    {
      lab_call (*lab, add_timeout, &plan);
      assert_reported (queue);
    }
  close (peer);
}

static void
test_the_timeouts_of_many_cells_run_in_their_order (Lab **lab, gconstpointer data)
{
  GAsyncQueue *queues[4];
  int peers[4 * BELFRY_CELL_SIZE];

  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    {
      /* The first one waits for so long that it never runs; the last one is the next. */
      Plan plan = { queues[i] = g_async_queue_new (), i == 0 ? 3600 * 1000 : 400 - 100 * i, 0 };

      for (guint j = 0; j < BELFRY_CELL_SIZE; j++)
        peers[i * BELFRY_CELL_SIZE + j] = lab_connect (*lab, SOCK_STREAM);
      lab_call (*lab, add_timeout, &plan);
    }
  for (guint i = G_N_ELEMENTS (queues) - 1; i > 0; i--)
    assert_reported (queues[i]);
  g_assert_null (g_async_queue_try_pop (queues[0]));
  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    g_async_queue_unref (queues[i]);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    close (peers[i]);
}

static void
test_a_source_of_any_priority_runs (Lab **lab, gconstpointer data)
{
  static const int priorities[] = { -1000, G_PRIORITY_HIGH, G_PRIORITY_DEFAULT, G_PRIORITY_LOW };
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  int peer = lab_connect (*lab, SOCK_STREAM);

  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      Plan plan = { queue, 0, priorities[i] };

      lab_call (*lab, add_idle, &plan);
      assert_reported (queue);
    }
  close (peer);
}

static void
work (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  /* The reactor sleeps long before this returns. */
  g_usleep (50000);
  g_task_return_boolean (task, TRUE);
}

static void
work_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  report (user_data);
}

static void
begin_work (Lab *lab, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  belfry_cell_enter (lab->stream->cell);
  task = g_task_new (NULL, NULL, work_done, user_data);
  g_task_run_in_thread (task, work);
  belfry_cell_leave (lab->stream->cell);
}

static void
get_thread (Lab *lab, gpointer user_data)
{
  *(GThread **) user_data = g_thread_self ();
}

static void
test_what_another_thread_has_done_wakes_the_cell (Lab **lab, gconstpointer data)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  int peer = lab_connect (*lab, SOCK_STREAM);
  GThread *reactor_thread = NULL;

  lab_call (*lab, get_thread, &reactor_thread);
  lab_call (*lab, begin_work, queue);
  g_assert_true (g_async_queue_timeout_pop (queue, PATIENCE) == reactor_thread);
  close (peer);
}

static gboolean
go_on (gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
  return G_SOURCE_CONTINUE;
}

static void
add_busy (Lab *lab, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, go_on, user_data, NULL);
  attach (lab, source);
  *(GSource **) lab->user_data = g_source_ref (source);
}

static void
end_busy (Lab *lab, gpointer user_data)
{
  g_source_destroy (user_data);
  g_source_unref (user_data);
}

static void
test_a_busy_cell_does_not_stop_the_others (Lab **lab, gconstpointer data)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  Plan plan = { queue, 10, 0 };
  GSource *busy = NULL;
  gint n_rounds = 0;
  int peers[BELFRY_CELL_SIZE + 1];

  peers[0] = lab_connect (*lab, SOCK_STREAM);
  (*lab)->user_data = &busy;
  lab_call (*lab, add_busy, &n_rounds);
  for (guint i = 1; i < G_N_ELEMENTS (peers); i++)
    peers[i] = lab_connect (*lab, SOCK_STREAM);
  lab_call (*lab, add_timeout, &plan);
  assert_reported (queue);
  g_assert_cmpint (g_atomic_int_get (&n_rounds), >, 0);
  lab_call (*lab, end_busy, busy);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    close (peers[i]);
}

static void
get_cell (Lab *lab, gpointer user_data)
{
  *(BelfryCell **) user_data = lab->stream->cell;
}

static void
expire (Lab *lab, gpointer user_data)
{
  /* There is no libsoup that would close it. */
  belfry_socket_abort (lab->socket);
  belfry_socket_expire (lab->socket);
}

static void
test_a_cell_has_64_places_and_gives_one_that_is_free_away (Lab **lab, gconstpointer data)
{
  BelfryCell *first = NULL;
  BelfryCell *cell = NULL;
  int peers[BELFRY_CELL_SIZE + 2];

  for (guint i = 0; i < BELFRY_CELL_SIZE; i++)
    {
      peers[i] = lab_connect (*lab, SOCK_STREAM);
      lab_call (*lab, get_cell, &cell);
      if (i == 0)
        first = cell;
      g_assert_true (cell == first);
    }
  /* One of the full cell goes, and the next takes its place; the one behind gets another cell. */
  lab_call (*lab, expire, NULL);
  lab_wait_sockets (*lab, BELFRY_CELL_SIZE - 1);
  peers[BELFRY_CELL_SIZE] = lab_connect (*lab, SOCK_STREAM);
  lab_call (*lab, get_cell, &cell);
  g_assert_true (cell == first);
  peers[BELFRY_CELL_SIZE + 1] = lab_connect (*lab, SOCK_STREAM);
  lab_call (*lab, get_cell, &cell);
  g_assert_true (cell != first);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    close (peers[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/cell/" path, Lab *, NULL, set_up, func, tear_down)
  ADD ("a-timeout-runs-while-nothing-else-happens", test_a_timeout_runs_while_nothing_else_happens);
  ADD ("the-timeouts-of-many-cells-run-in-their-order",
       test_the_timeouts_of_many_cells_run_in_their_order);
  ADD ("a-source-of-any-priority-runs", test_a_source_of_any_priority_runs);
  ADD ("what-another-thread-has-done-wakes-the-cell",
       test_what_another_thread_has_done_wakes_the_cell);
  ADD ("a-busy-cell-does-not-stop-the-others", test_a_busy_cell_does_not_stop_the_others);
  ADD ("a-cell-has-64-places-and-gives-one-that-is-free-away",
       test_a_cell_has_64_places_and_gives_one_that_is_free_away);
  return g_test_run ();
}
