/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-reactor-private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "belfry-socket-private.h"

#define EVENTS 512
#define TICK   G_USEC_PER_SEC

#define REQUEST_TIME (30 * G_USEC_PER_SEC)
#define LINGER_TIME  (5 * G_USEC_PER_SEC)

struct _BelfryReactor
{
  const BelfryReactorFuncs *funcs;
  gpointer user_data;
  char *name;
  GThread *thread;
  int epoll_fd;
  int wake_fd;
  BelfryWatch wake_watch;
  gint64 now; /* monotonic, µs: of this turn */
  gint64 next_tick;
  BelfryReactorTimes times;

  GPtrArray *cells;
  GPtrArray *roomy;  /* cells that have room */
  GPtrArray *marked; /* cells to iterate in this turn */
  GPtrArray *timed;  /* cells whose contexts had a timeout when they were last iterated */
  gint64 next_timed; /* monotonic, µs: none of the timed cells has to be iterated before */
  GPtrArray *sockets;
  GQueue expiring;     /* of BelfrySocket, linked within: those that have a deadline */
  GPtrArray *to_serve; /* sockets to serve in this turn */
  GPtrArray *serving;  /* the other list: this one is gone through */
  guint n_sockets;     /* atomic: for the acceptor; with those that are on their way here */

  GMutex mutex;
  GArray *arrivals; /* of int: sockets on their way from the acceptor's thread */
  gboolean stopping;
  gint64 grace;
  gint64 stop_at; /* when stopping: the end of the grace */
  gint ended;     /* atomic */
  gint woken;     /* atomic: belfry_reactor_wake() was called and not yet seen */
};

static void
on_wake (BelfryWatch *watch, guint32 events)
{
  BelfryReactor *self = BELFRY_WATCH_OWNER (watch, BelfryReactor, wake_watch);
  guint64 count;

  if (read (self->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
    g_critical ("The wake-up fd cannot be read: %s", g_strerror (errno));
}

void
belfry_reactor_add_watch (BelfryReactor *self, int fd, guint32 events, BelfryWatch *watch)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
    g_critical ("An fd cannot be watched: %s", g_strerror (errno));
}

void
belfry_reactor_remove_watch (BelfryReactor *self, int fd)
{
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL) != 0)
    g_critical ("An fd was not watched: %s", g_strerror (errno));
}

void
belfry_reactor_mark_cell (BelfryReactor *self, BelfryCell *cell)
{
  g_ptr_array_add (self->marked, cell);
}

/* Has @socket served at the end of this turn. */
void
belfry_reactor_serve (BelfryReactor *self, BelfrySocket *socket)
{
  if (socket->to_serve)
    return;
  socket->to_serve = TRUE;
  g_ptr_array_add (self->to_serve, socket);
}

/* Has @socket expire in the first tick after @deadline: monotonic, µs; 0 for never. */
void
belfry_reactor_set_deadline (BelfryReactor *self, BelfrySocket *socket, gint64 deadline)
{
  if (socket->deadline == 0 && deadline != 0)
    g_queue_push_tail_link (&self->expiring, &socket->expiring);
  else if (socket->deadline != 0 && deadline == 0)
    g_queue_unlink (&self->expiring, &socket->expiring);
  socket->deadline = deadline;
}

/* @socket is closed. */
void
belfry_reactor_forget_socket (BelfryReactor *self, BelfrySocket *socket)
{
  BelfrySocket *last = g_ptr_array_steal_index (self->sockets, self->sockets->len - 1);

  if (last != socket)
    {
      g_ptr_array_index (self->sockets, socket->place) = last;
      last->place = socket->place;
    }
  g_atomic_int_add ((gint *) &self->n_sockets, -1);
  /* One that is on the list is freed when its turn comes. */
  if (!socket->to_serve)
    g_free (socket);
}

/* Returns: (transfer none): a cell in which a place was taken */
BelfryCell *
belfry_reactor_join_cell (BelfryReactor *self)
{
  BelfryCell *cell;

  if (self->roomy->len == 0)
    {
      cell = belfry_cell_new (self);
      g_ptr_array_add (self->cells, cell);
      g_ptr_array_add (self->roomy, cell);
    }
  cell = g_ptr_array_index (self->roomy, self->roomy->len - 1);
  if (!belfry_cell_join (cell))
    g_ptr_array_set_size (self->roomy, (int) self->roomy->len - 1);
  return cell;
}

/* Gives a place in @cell back. */
void
belfry_reactor_part_cell (BelfryReactor *self, BelfryCell *cell)
{
  if (belfry_cell_part (cell))
    g_ptr_array_add (self->roomy, cell);
}

static void
add_socket (BelfryReactor *self, int fd)
{
  BelfrySocket *socket = belfry_socket_new (self, fd);

  socket->place = self->sockets->len;
  g_ptr_array_add (self->sockets, socket);
  self->funcs->accepted (self, socket, self->user_data);
}

static void
add_arrivals (BelfryReactor *self)
{
  g_autoptr (GArray) arrivals = NULL;

  g_mutex_lock (&self->mutex);
  if (self->arrivals->len > 0)
    {
      arrivals = self->arrivals;
      self->arrivals = g_array_new (FALSE, FALSE, sizeof (int));
    }
  g_mutex_unlock (&self->mutex);

  for (guint i = 0; arrivals != NULL && i < arrivals->len; i++)
    {
      int fd = g_array_index (arrivals, int, i);

      if (self->stop_at == 0)
        add_socket (self, fd);
      else
        {
          close (fd);
          g_atomic_int_add ((gint *) &self->n_sockets, -1);
        }
    }
}

void
belfry_reactor_adopt (BelfryReactor *self, int fd)
{
  /* It counts from here: the next one that is accepted may need to go to another reactor. */
  g_atomic_int_inc ((gint *) &self->n_sockets);
  g_mutex_lock (&self->mutex);
  g_array_append_val (self->arrivals, fd);
  g_mutex_unlock (&self->mutex);
  belfry_reactor_wake (self);
}

static void
note_timeout (BelfryReactor *self, BelfryCell *cell)
{
  gint64 timeout = belfry_cell_get_timeout (cell);

  if (timeout == G_MAXINT64)
    return;
  self->next_timed = MIN (self->next_timed, timeout);
  if (belfry_cell_is_timed (cell))
    return;
  belfry_cell_set_timed (cell, TRUE);
  g_ptr_array_add (self->timed, cell);
}

static void
iterate_cells (BelfryReactor *self)
{
  g_autoptr (GPtrArray) marked = self->marked;

  /* What is marked meanwhile belongs to the next turn, which does not sleep before. */
  self->marked = g_ptr_array_sized_new (marked->len);
  for (guint i = 0; i < marked->len; i++)
    {
      BelfryCell *cell = g_ptr_array_index (marked, i);

      if (belfry_cell_iterate (cell))
        belfry_cell_mark (cell);
      note_timeout (self, cell);
    }
}

/* Marks the cells whose time has come. All timed cells are looked at only when one of them may be
 * due, not in every turn. */
static void
check_timed (BelfryReactor *self)
{
  if (self->now < self->next_timed)
    return;
  self->next_timed = G_MAXINT64;
  for (guint i = 0; i < self->timed->len;)
    {
      BelfryCell *cell = g_ptr_array_index (self->timed, i);
      gint64 timeout = belfry_cell_get_timeout (cell);

      if (timeout <= self->now)
        belfry_cell_mark (cell);
      else
        self->next_timed = MIN (self->next_timed, timeout);

      if (timeout > self->now && timeout != G_MAXINT64)
        i++;
      else
        {
          /* One that is due comes back when it is iterated, should it have another timeout. */
          belfry_cell_set_timed (cell, FALSE);
          g_ptr_array_remove_index_fast (self->timed, i);
        }
    }
}

static void
serve_sockets (BelfryReactor *self)
{
  GPtrArray *to_serve;

  if (self->to_serve->len == 0)
    return;
  /* What is to be served meanwhile belongs to the next turn, which does not sleep before. */
  to_serve = self->to_serve;
  self->to_serve = self->serving;
  self->serving = to_serve;
  for (guint i = 0; i < to_serve->len; i++)
    {
      BelfrySocket *socket = g_ptr_array_index (to_serve, i);

      socket->to_serve = FALSE;
      if (socket->state != BELFRY_SOCKET_CLOSED)
        belfry_socket_serve (socket);
      else
        g_free (socket);
    }
  g_ptr_array_set_size (to_serve, 0);
}

/* Ends the sockets whose time is over. Only those are looked at that have a deadline: an open
 * WebSocket has none. */
static void
expire_sockets (BelfryReactor *self)
{
  GList *next;

  for (GList *link = self->expiring.head; link != NULL; link = next)
    {
      BelfrySocket *socket = link->data;

      next = link->next;
      if (socket->deadline <= self->now)
        belfry_socket_expire (socket);
    }
}

static void
expire_all_sockets (BelfryReactor *self)
{
  /* Backwards: the last one takes the place of one that goes. */
  for (guint i = self->sockets->len; i > 0; i--)
    belfry_socket_expire (g_ptr_array_index (self->sockets, i - 1));
}

/* Returns: when this turn may end at the latest, in ms from now, for epoll */
static int
get_sleep (BelfryReactor *self)
{
  gint64 until = MIN (self->next_timed, self->next_tick);

  if (self->stop_at != 0)
    until = MIN (until, self->stop_at);
  if (self->marked->len > 0 || self->to_serve->len > 0 || until <= self->now)
    return 0;
  return (int) ((until - self->now + 999) / 1000);
}

static void
take_events (BelfryReactor *self)
{
  struct epoll_event events[EVENTS];
  int n = epoll_wait (self->epoll_fd, events, EVENTS, get_sleep (self));

  self->now = g_get_monotonic_time ();
  for (int i = 0; i < n; i++)
    {
      BelfryWatch *watch = events[i].data.ptr;

      watch->ready (watch, events[i].events);
    }
}

static void
take_wake (BelfryReactor *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->woken, TRUE, FALSE))
    return;
  add_arrivals (self);
  self->funcs->woken (self, self->user_data);

  if (self->stop_at == 0)
    {
      g_mutex_lock (&self->mutex);
      if (self->stopping)
        self->stop_at = self->now + self->grace;
      g_mutex_unlock (&self->mutex);
      /* At the end of this turn, those that are idle go: stopping must not wait for them. */
      for (guint i = 0; self->stop_at != 0 && i < self->sockets->len; i++)
        belfry_reactor_serve (self, g_ptr_array_index (self->sockets, i));
    }
}

static void
turn (BelfryReactor *self)
{
  take_events (self);
  take_wake (self);
  if (self->next_tick <= self->now)
    {
      self->next_tick = self->now + TICK;
      expire_sockets (self);
      self->funcs->tick (self, self->user_data);
    }
  if (self->stop_at != 0 && self->stop_at <= self->now)
    expire_all_sockets (self);
  check_timed (self);
  iterate_cells (self);
  serve_sockets (self);
}

static gpointer
reactor_thread (gpointer data)
{
  BelfryReactor *self = data;

  self->now = g_get_monotonic_time ();
  self->next_tick = self->now + TICK;
  self->funcs->start (self, self->user_data);
  while (self->stop_at == 0 || self->sockets->len > 0)
    turn (self);
  self->funcs->stop (self, self->user_data);

  /* What libsoup still has to do, it does now: there is no socket left to wait for. */
  while (self->marked->len > 0)
    iterate_cells (self);
  for (guint i = 0; i < self->cells->len; i++)
    belfry_cell_release (g_ptr_array_index (self->cells, i));
  g_atomic_int_set (&self->ended, TRUE);
  return NULL;
}

/* @funcs and @user_data have to live as long as the reactor. */
BelfryReactor *
belfry_reactor_new (const char *name, const BelfryReactorFuncs *funcs, gpointer user_data)
{
  BelfryReactor *self = g_new0 (BelfryReactor, 1);

  self->name = g_strdup (name);
  self->funcs = funcs;
  self->user_data = user_data;
  self->next_timed = G_MAXINT64;
  self->times.request = REQUEST_TIME;
  self->times.linger = LINGER_TIME;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->epoll_fd < 0 || self->wake_fd < 0)
    g_error ("A reactor cannot be made: %s", g_strerror (errno));
  self->cells = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_cell_free);
  self->roomy = g_ptr_array_new ();
  self->marked = g_ptr_array_new ();
  self->timed = g_ptr_array_new ();
  self->sockets = g_ptr_array_new ();
  self->to_serve = g_ptr_array_new ();
  self->serving = g_ptr_array_new ();
  self->arrivals = g_array_new (FALSE, FALSE, sizeof (int));
  g_mutex_init (&self->mutex);
  self->wake_watch.ready = on_wake;
  belfry_reactor_add_watch (self, self->wake_fd, EPOLLIN, &self->wake_watch);
  return self;
}

void
belfry_reactor_start (BelfryReactor *self)
{
  self->thread = g_thread_new (self->name, reactor_thread, self);
}

/* Ends the thread when no socket is left, and after @grace µs at the latest. */
void
belfry_reactor_stop (BelfryReactor *self, gint64 grace)
{
  g_mutex_lock (&self->mutex);
  self->stopping = TRUE;
  self->grace = grace;
  g_mutex_unlock (&self->mutex);
  belfry_reactor_wake (self);
}

/* From any thread: whether freeing it will not wait. */
gboolean
belfry_reactor_has_ended (BelfryReactor *self)
{
  return self->thread == NULL || g_atomic_int_get (&self->ended);
}

/* Waits for the end of the thread: stop it before. */
void
belfry_reactor_join (BelfryReactor *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
}

/* Waits for the end of the thread, if nobody has. */
void
belfry_reactor_free (BelfryReactor *self)
{
  belfry_reactor_join (self);
  /* Those who came too late are closed. */
  self->stop_at = 1;
  add_arrivals (self);
  for (guint i = 0; i < self->to_serve->len; i++)
    g_free (g_ptr_array_index (self->to_serve, i));
  g_ptr_array_unref (self->to_serve);
  g_ptr_array_unref (self->serving);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->timed);
  g_ptr_array_unref (self->marked);
  g_ptr_array_unref (self->roomy);
  g_ptr_array_unref (self->cells);
  g_array_unref (self->arrivals);
  g_mutex_clear (&self->mutex);
  close (self->wake_fd);
  close (self->epoll_fd);
  g_free (self->name);
  g_free (self);
}

/* From any thread: has the woken function called. Many calls before it cost one system call. */
void
belfry_reactor_wake (BelfryReactor *self)
{
  const guint64 one = 1;

  if (!g_atomic_int_compare_and_exchange (&self->woken, FALSE, TRUE))
    return;
  if (write (self->wake_fd, &one, sizeof one) != sizeof one)
    g_critical ("The wake-up fd cannot be written: %s", g_strerror (errno));
}

/* From any thread: the connections that it has, and those that it was given a moment ago. */
guint
belfry_reactor_get_n_sockets (BelfryReactor *self)
{
  return (guint) g_atomic_int_get (&self->n_sockets);
}

BelfryReactorTimes *
belfry_reactor_get_times (BelfryReactor *self)
{
  return &self->times;
}

/* Whether belfry_reactor_stop() was seen. */
gboolean
belfry_reactor_is_stopping (BelfryReactor *self)
{
  return self->stop_at != 0;
}

/* The time of this turn, monotonic, µs: it costs nothing. */
gint64
belfry_reactor_get_now (BelfryReactor *self)
{
  return self->now;
}
