/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lab.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef struct
{
  LabFunc func;
  gpointer user_data;
} Call;

static void
on_start (BelfryReactor *reactor, gpointer user_data)
{
}

static void
on_accepted (BelfryReactor *reactor, BelfrySocket *socket, gpointer user_data)
{
  Lab *lab = user_data;

  lab->socket = socket;
  if (!lab->bare)
    g_set_object (&lab->stream,
                  belfry_stream_new (socket, (const guint8 *) lab->received,
                                     lab->received != NULL ? strlen (lab->received) : 0));
  lab->n_accepted++;
  if (lab->last_turn != belfry_reactor_get_now (reactor))
    lab->n_in_turn = 0;
  lab->last_turn = belfry_reactor_get_now (reactor);
  lab->n_in_turn++;
  lab->most_in_turn = MAX (lab->most_in_turn, lab->n_in_turn);
}

static void
on_woken (BelfryReactor *reactor, gpointer user_data)
{
  Lab *lab = user_data;
  Call *call;

  while ((call = g_async_queue_try_pop (lab->calls)) != NULL)
    {
      call->func (lab, call->user_data);
      g_async_queue_push (lab->answers, call);
    }
}

static void
on_tick (BelfryReactor *reactor, gpointer user_data)
{
}

static void
on_stop (BelfryReactor *reactor, gpointer user_data)
{
  Lab *lab = user_data;

  g_clear_object (&lab->stream);
}

static const BelfryReactorFuncs funcs = { on_start, on_accepted, on_woken, on_tick, on_stop };

Lab *
lab_new (void)
{
  Lab *lab = g_new0 (Lab, 1);

  lab->calls = g_async_queue_new ();
  lab->answers = g_async_queue_new ();
  lab->reactor = belfry_reactor_new ("lab", &funcs, lab);
  return lab;
}

void
lab_start (Lab *lab)
{
  belfry_reactor_start (lab->reactor);
}

/* For tests that may not need the end of a time. */
void
lab_start_without_times (Lab *lab)
{
  belfry_reactor_get_times (lab->reactor)->request = G_TIME_SPAN_HOUR;
  belfry_reactor_get_times (lab->reactor)->linger = G_TIME_SPAN_HOUR;
  lab_start (lab);
}

void
lab_free (Lab *lab)
{
  belfry_reactor_stop (lab->reactor, 0);
  belfry_reactor_free (lab->reactor);
  g_async_queue_unref (lab->calls);
  g_async_queue_unref (lab->answers);
  g_free (lab);
}

/* Runs @func in the reactor's thread, and waits for it. */
void
lab_call (Lab *lab, LabFunc func, gpointer user_data)
{
  Call call = { func, user_data };

  g_async_queue_push (lab->calls, &call);
  belfry_reactor_wake (lab->reactor);
  g_async_queue_pop (lab->answers);
}

typedef struct
{
  LabCondition condition;
  gpointer user_data;
  gboolean met;
} Wait;

static void
look (Lab *lab, gpointer user_data)
{
  Wait *wait = user_data;

  wait->met = wait->condition (lab, wait->user_data);
}

/* Waits until @condition, which is asked in the reactor's thread, is true. */
void
lab_wait (Lab *lab, LabCondition condition, gpointer user_data)
{
  Wait wait = { condition, user_data, FALSE };
  gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!wait.met && g_get_monotonic_time () < end)
    {
      lab_call (lab, look, &wait);
      if (!wait.met)
        g_usleep (2000);
    }
  g_assert_true (wait.met);
}

static void
get_n_accepted (Lab *lab, gpointer user_data)
{
  *(guint *) user_data = lab->n_accepted;
}

static gboolean
has_accepted (Lab *lab, gpointer user_data)
{
  return lab->n_accepted == GPOINTER_TO_UINT (user_data);
}

/* @type: of the socket. Returns: the other end of a new one, which is lab->socket from now on */
int
lab_connect (Lab *lab, int type)
{
  const struct timeval patience = { .tv_sec = 30 };
  guint n_accepted;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, ends), ==, 0);
  setsockopt (ends[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  g_assert_true (g_unix_set_fd_nonblocking (ends[0], TRUE, NULL));
  lab_call (lab, get_n_accepted, &n_accepted);
  belfry_reactor_adopt (lab->reactor, ends[0]);
  /* The turn that is under way may have looked for new streams already. */
  lab_wait (lab, has_accepted, GUINT_TO_POINTER (n_accepted + 1));
  return ends[1];
}

static gboolean
has_sockets (Lab *lab, gpointer user_data)
{
  return belfry_reactor_get_n_sockets (lab->reactor) == GPOINTER_TO_UINT (user_data);
}

void
lab_wait_sockets (Lab *lab, guint n)
{
  lab_wait (lab, has_sockets, GUINT_TO_POINTER (n));
}

/* For lab_call(). */
void
lab_write_much (Lab *lab, gpointer user_data)
{
  g_autofree char *text = g_strnfill (LAB_CHUNK, 'x');
  g_autoptr (GBytes) bytes = g_bytes_new (text, LAB_CHUNK);

  for (guint i = 0; i < LAB_N_CHUNKS; i++)
    belfry_socket_send (lab->socket, bytes, LAB_CHUNK);
}

/* For lab_wait(). */
gboolean
lab_is_lingering (Lab *lab, gpointer user_data)
{
  return lab->socket->state == BELFRY_SOCKET_LINGERING;
}

void
lab_peer_send (int peer, const char *text)
{
  g_assert_cmpint (send (peer, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

/* As much as the peer can send: more than is thrown away in a turn, and then there is no further
 * event. */
void
lab_peer_send_junk (int peer)
{
  static const char junk[4096] = { 0 };

  while (send (peer, junk, sizeof junk, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
    ;
  g_assert_cmpint (errno, ==, EAGAIN);
  shutdown (peer, SHUT_WR);
}

void
lab_peer_receive_all (int peer, gsize length)
{
  char buffer[4096];

  while (length > 0)
    {
      gssize n = recv (peer, buffer, MIN (sizeof buffer, length), 0);

      g_assert_cmpint (n, >, 0);
      length -= (gsize) n;
    }
}

/* @events: of strings */
void
lab_assert_event (GAsyncQueue *events, const char *expected)
{
  const char *event = g_async_queue_timeout_pop (events, LAB_PATIENCE);

  g_assert_cmpstr (event, ==, expected);
}
