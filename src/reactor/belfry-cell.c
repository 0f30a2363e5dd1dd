/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-cell.h"

#include <sys/epoll.h>

#include "belfry-reactor-private.h"

/* So often a cell is iterated before others get their turn. */
#define ITERATIONS 16

struct _BelfryCell
{
  BelfryReactor *reactor;
  GMainContext *context;
  BelfryWatch watch; /* of the context's wake-up fd */
  int wakeup_fd;
  guint n_members;
  gint64 timeout;  /* monotonic, µs: when a source of the context wants to run */
  gboolean marked; /* to be iterated in this turn */
  gboolean timed;  /* it is on the reactor's list of cells with a timeout */
  gboolean was_woken;
};

static void
on_wakeup (BelfryWatch *watch, guint32 events)
{
  BelfryCell *self = BELFRY_WATCH_OWNER (watch, BelfryCell, watch);

  self->was_woken = TRUE;
  belfry_cell_mark (self);
}

/* A context without sources polls one fd only: the one that wakes it. */
static int
get_wakeup_fd (GMainContext *context)
{
  GPollFD fd = { .fd = -1 };
  int priority;
  int timeout;
  int n;

  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, G_MAXINT, &timeout, &fd, 1);
  g_main_context_check (context, priority, &fd, n);
  g_assert (n == 1);
  return fd.fd;
}

/* In the thread of the reactor. */
BelfryCell *
belfry_cell_new (BelfryReactor *reactor)
{
  BelfryCell *self = g_new0 (BelfryCell, 1);

  self->reactor = reactor;
  self->context = g_main_context_new ();
  /* It stays ours, as a context that nobody owns is not woken when another thread attaches a source
   * to it: the result of a GTask, say. */
  if (!g_main_context_acquire (self->context))
    g_assert_not_reached ();
  self->wakeup_fd = get_wakeup_fd (self->context);
  self->timeout = G_MAXINT64;
  self->watch.ready = on_wakeup;
  belfry_reactor_add_watch (reactor, self->wakeup_fd, EPOLLIN, &self->watch);
  return self;
}

/* The reactor's thread ends. */
void
belfry_cell_release (BelfryCell *self)
{
  g_main_context_release (self->context);
}

/* In any thread, when that of the reactor has ended. */
void
belfry_cell_free (BelfryCell *self)
{
  belfry_reactor_remove_watch (self->reactor, self->wakeup_fd);
  g_main_context_unref (self->context);
  g_free (self);
}

/* Between enter and leave, sources that libsoup makes are attached to this cell. */
void
belfry_cell_enter (BelfryCell *self)
{
  g_main_context_push_thread_default (self->context);
}

void
belfry_cell_leave (BelfryCell *self)
{
  g_main_context_pop_thread_default (self->context);
  belfry_cell_mark (self);
}

/* Has the cell iterated before the reactor sleeps again. */
void
belfry_cell_mark (BelfryCell *self)
{
  if (self->marked)
    return;
  self->marked = TRUE;
  belfry_reactor_mark_cell (self->reactor, self);
}

/* One turn of the context, without the system call that g_main_context_iteration() makes: epoll
 * has told already what there is to know. Returns: whether anything was dispatched */
static gboolean
iterate_once (BelfryCell *self)
{
  GPollFD fd = { .fd = -1 };
  int priority;
  int timeout;
  int n;

  g_main_context_prepare (self->context, &priority);
  /* Of all priorities: while a source of a high one is ready, the wake-up fd would be left out. */
  n = g_main_context_query (self->context, G_MAXINT, &timeout, &fd, 1);
  /* Nothing with an fd of its own may be attached here: nobody would poll it. */
  g_assert (n == 1 && fd.fd == self->wakeup_fd);
  fd.revents = self->was_woken ? G_IO_IN : 0;
  self->was_woken = FALSE;
  self->timeout = timeout < 0 ? G_MAXINT64 : g_get_monotonic_time () + timeout * (gint64) 1000;
  if (!g_main_context_check (self->context, priority, &fd, n))
    return FALSE;
  g_main_context_dispatch (self->context);
  return TRUE;
}

/* Returns: whether there may be more to do at once */
gboolean
belfry_cell_iterate (BelfryCell *self)
{
  gboolean dispatched = TRUE;

  self->marked = FALSE;
  g_main_context_push_thread_default (self->context);
  for (guint i = 0; i < ITERATIONS && dispatched; i++)
    dispatched = iterate_once (self);
  g_main_context_pop_thread_default (self->context);
  return dispatched;
}

/* When the cell wants to be iterated again, monotonic, µs; G_MAXINT64 for never. */
gint64
belfry_cell_get_timeout (BelfryCell *self)
{
  return self->timeout;
}

/* Whether the cell is on the reactor's list of those that have a timeout. */
gboolean
belfry_cell_is_timed (BelfryCell *self)
{
  return self->timed;
}

void
belfry_cell_set_timed (BelfryCell *self, gboolean timed)
{
  self->timed = timed;
}

/* Takes a place in the cell, which must have one. Returns: whether there is another one */
gboolean
belfry_cell_join (BelfryCell *self)
{
  return ++self->n_members < BELFRY_CELL_SIZE;
}

/* Gives a place back. Returns: whether the cell was full */
gboolean
belfry_cell_part (BelfryCell *self)
{
  return self->n_members-- == BELFRY_CELL_SIZE;
}
