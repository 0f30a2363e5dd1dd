/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client-queue.h"

#include "belfry-error.h"

/* The system bus holds 128 unanswered calls of a connection, some of which the program may make by
 * itself. A client keeps half as many in flight, one of which is for whoever blocks. */
#define MAX_IN_FLIGHT       64
#define MAX_ASYNC_IN_FLIGHT 63

/* Without those that open. */
#define N_LANES (BELFRY_CLIENT_LANE_ASYNC + 1)

struct _BelfryClientCall
{
  gatomicrefcount ref_count;
  const BelfryClientMethod *method;
  GVariant *parameters;
  GCancellable *cancellable;
  gulong cancelled_id;
  BelfryClientCallFunc func;
  gpointer user_data;

  BelfryClientQueue *queue;
  BelfryClientLane lane;
  guint64 number; /* its place in the order of all */
  GList node;     /* in its lane */
  gboolean waits;
  gboolean ended;
  /* Monotonic times, 0 for never. */
  gint64 made_at;
  gint64 sent_at;
  gint64 unanswered_since;
  gint64 busy_since;
};

struct _BelfryClientQueue
{
  BelfryClientLink *link;
  void (*idle) (gpointer agent);
  gpointer agent;
  GQueue lanes[N_LANES + 1]; /* of the nodes of calls, each in order */
  guint64 n_calls;
  guint in_flight;
  guint patience;    /* s */
  gint64 away_since; /* monotonic, 0 if Belfry has answered since */
  GError *last_error;
  guint busy_delay;
  GSource *pause;   /* nothing is sent before it is over */
  GSource *give_up; /* when a call has waited long enough */
};

typedef enum
{
  ANSWERED,
  BUSY,   /* nothing was done, later it may be */
  ABSENT, /* nobody was there to do it */
  LOST,   /* it may have been done */
} Outcome;

static void send_waiting (BelfryClientQueue *self);

/* A floating @parameters is consumed. @func is called exactly once, if the call is given to a
 * queue.
 *
 * @method: (nullable): NULL for one that opens */
BelfryClientCall *
belfry_client_call_new (BelfryClientLane lane,
                        const BelfryClientMethod *method,
                        GVariant *parameters,
                        BelfryClientCallFunc func,
                        gpointer user_data)
{
  BelfryClientCall *self = g_new0 (BelfryClientCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->lane = lane;
  self->method = method;
  self->parameters = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  self->func = func;
  self->user_data = user_data;
  self->node.data = self;
  self->made_at = g_get_monotonic_time ();
  return self;
}

BelfryClientCall *
belfry_client_call_ref (BelfryClientCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_client_call_unref (BelfryClientCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->parameters, g_variant_unref);
  g_clear_object (&self->cancellable);
  g_free (self);
}

/* @cancelled is called in any thread, @destroy too. */
void
belfry_client_call_watch (BelfryClientCall *self,
                          GCancellable *cancellable,
                          GCallback cancelled,
                          gpointer user_data,
                          GClosureNotify destroy)
{
  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id =
      g_signal_connect_data (self->cancellable, "cancelled", cancelled, user_data, destroy, 0);
}

/* Takes @reply and @error over. */
static void
end_call (BelfryClientCall *call, GVariant *reply, GError *error)
{
  call->ended = TRUE;
  /* Not g_cancellable_disconnect(), which waits for what others do when it is cancelled. */
  if (call->cancelled_id != 0)
    g_signal_handler_disconnect (call->cancellable, call->cancelled_id);
  call->func (reply, error, call->user_data);
}

/* For one that no queue will take any more. */
void
belfry_client_call_cancel (BelfryClientCall *self)
{
  if (!self->ended)
    end_call (self, NULL,
              g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The call was cancelled"));
}

/* Whether the call means nothing to another Belfry than the one that is there. */
static gboolean
is_for_this_one (BelfryClientCall *call)
{
  return call->lane == BELFRY_CLIENT_LANE_RENEWAL || call->method->of_no_use_later;
}

/* Takes @error over. */
static void
give_up_call (BelfryClientQueue *self, BelfryClientCall *call, GError *error)
{
  if (self->patience > 0)
    g_prefix_error (&error, "gave up after %u seconds: ", self->patience);
  end_call (call, NULL, error);
}

/* Returns: when a call that is patient from @since on has waited as long as it may */
static gint64
get_end_of_patience (BelfryClientQueue *self, gint64 since)
{
  return since + (gint64) self->patience * G_USEC_PER_SEC;
}

static gboolean
is_patient (BelfryClientQueue *self, gint64 since)
{
  return g_get_monotonic_time () < get_end_of_patience (self, since);
}

/* Puts a call into its lane. One that waits again is among the first. */
static void
insert (BelfryClientQueue *self, BelfryClientCall *call)
{
  GQueue *lane = &self->lanes[call->lane];
  GList *next = g_queue_peek_head_link (lane);

  if (call->number == 0)
    {
      call->number = ++self->n_calls;
      next = NULL;
    }
  while (next != NULL && ((BelfryClientCall *) next->data)->number < call->number)
    next = next->next;
  call->waits = TRUE;
  g_queue_insert_before_link (lane, next, &call->node);
}

/* Returns: (transfer full): the call, which waits no longer */
static BelfryClientCall *
take (BelfryClientQueue *self, BelfryClientCall *call)
{
  g_queue_unlink (&self->lanes[call->lane], &call->node);
  call->waits = FALSE;
  return call;
}

static gboolean
any_waits (BelfryClientQueue *self)
{
  for (guint i = 0; i < N_LANES; i++)
    if (!g_queue_is_empty (&self->lanes[i]))
      return TRUE;
  return FALSE;
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
on_pause_over (gpointer user_data)
{
  BelfryClientQueue *self = user_data;

  clear_source (&self->pause);
  send_waiting (self);
  return G_SOURCE_REMOVE;
}

static void
pause_sending (BelfryClientQueue *self)
{
  if (self->pause == NULL)
    self->pause = belfry_client_link_add_timeout (belfry_client_link_next_delay (&self->busy_delay),
                                                  on_pause_over, self);
}

/* When a call has waited as long as it may, if Belfry stays away. */
static gint64
get_deadline (BelfryClientQueue *self, BelfryClientCall *call)
{
  return get_end_of_patience (self, MAX (call->made_at, self->away_since));
}

/* Ends the calls that have waited as long as they may. */
static void
end_impatient (BelfryClientQueue *self)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < N_LANES; i++)
    {
      BelfryClientCall *call;

      while ((call = g_queue_peek_head (&self->lanes[i])) != NULL
             && get_deadline (self, call) <= now)
        {
          GError *error = self->last_error != NULL
                              ? g_error_copy (self->last_error)
                              : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                                     "Belfry does not answer");

          give_up_call (self, take (self, call), error);
          belfry_client_call_unref (call);
        }
    }
}

static gboolean
on_deadline (gpointer user_data)
{
  BelfryClientQueue *self = user_data;

  clear_source (&self->give_up);
  if (!belfry_client_link_is_up (self->link))
    end_impatient (self);
  send_waiting (self);
  return G_SOURCE_REMOVE;
}

/* Without patience, a call waits for the attempt that it has caused. */
static void
watch_deadlines (BelfryClientQueue *self)
{
  gint64 first = G_MAXINT64;
  gint64 wait;

  if (self->give_up != NULL || self->patience == 0)
    return;
  for (guint i = 0; i < N_LANES; i++)
    if (!g_queue_is_empty (&self->lanes[i]))
      first = MIN (first, get_deadline (self, g_queue_peek_head (&self->lanes[i])));
  if (first == G_MAXINT64)
    return;
  wait = MAX (first - g_get_monotonic_time (), 0) / 1000 + 1;
  self->give_up = belfry_client_link_add_timeout ((guint) MIN (wait, G_MAXINT), on_deadline, self);
}

static Outcome
get_outcome (const GError *error)
{
  if (error == NULL)
    return ANSWERED;
  if (g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_BUSY)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED))
    return BUSY;
  if (error->domain == G_DBUS_ERROR)
    switch (error->code)
      {
      case G_DBUS_ERROR_SERVICE_UNKNOWN:
      case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
        return ABSENT;
      case G_DBUS_ERROR_NO_REPLY:
      case G_DBUS_ERROR_DISCONNECTED:
      case G_DBUS_ERROR_TIMEOUT:
      case G_DBUS_ERROR_TIMED_OUT:
        return LOST;
      default:
        return ANSWERED;
      }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return LOST;
  return ANSWERED;
}

/* Decides about a call that nobody has answered. Takes @error over. */
static void
repeat_or_end (BelfryClientQueue *self, BelfryClientCall *call, Outcome outcome, GError *error)
{
  gboolean lost = outcome == LOST;

  if (call->unanswered_since == 0)
    call->unanswered_since = call->sent_at;
  if (is_for_this_one (call) && !belfry_client_link_is_up (self->link))
    end_call (call, NULL, error);
  else if (lost
           && (call->method->can_repeat == NULL || !call->method->can_repeat (call->parameters)))
    {
      g_prefix_error_literal (&error, "it may have been done or not, so it is not repeated (a "
                                      "creation with an idempotency-key is): ");
      end_call (call, NULL, error);
    }
  else if (call->lane != BELFRY_CLIENT_LANE_RENEWAL && !is_patient (self, call->unanswered_since))
    give_up_call (self, call, error);
  else
    {
      insert (self, belfry_client_call_ref (call));
      g_clear_error (&self->last_error);
      self->last_error = error;
      /* If Belfry has gone, the link will say so soon. */
      pause_sending (self);
    }
}

/* Takes @error over. */
static void
repeat_busy (BelfryClientQueue *self, BelfryClientCall *call, GError *error)
{
  if (call->busy_since == 0)
    call->busy_since = g_get_monotonic_time ();
  if (call->lane != BELFRY_CLIENT_LANE_RENEWAL && !is_patient (self, call->busy_since))
    {
      give_up_call (self, call, error);
      return;
    }
  g_error_free (error);
  insert (self, belfry_client_call_ref (call));
  pause_sending (self);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryClientCall *call = user_data;
  BelfryClientQueue *self = call->queue;
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Outcome outcome = get_outcome (error);

  self->in_flight--;
  if (error != NULL)
    g_dbus_error_strip_remote_error (error);
  if (outcome == ANSWERED || outcome == BUSY)
    {
      self->away_since = 0;
      belfry_client_link_set_answered (self->link);
    }
  if (outcome == ANSWERED)
    {
      self->busy_delay = 0;
      send_waiting (self);
    }

  if (reply != NULL && call->method->done != NULL)
    call->method->done (self->agent, call->parameters);
  if (call->ended)
    {
      g_clear_pointer (&reply, g_variant_unref);
      g_clear_error (&error);
    }
  else if (outcome == ANSWERED)
    end_call (call, reply, error);
  else if (outcome == BUSY)
    repeat_busy (self, call, error);
  else
    repeat_or_end (self, call, outcome, error);
  belfry_client_call_unref (call);
  send_waiting (self);
}

static void
send_call (BelfryClientQueue *self, BelfryClientCall *call)
{
  const BelfryClientMethod *method = call->method;

  self->in_flight++;
  call->sent_at = g_get_monotonic_time ();
  belfry_client_link_call (self->link, method->interface, method->name, call->parameters,
                           method->reply_type, method->timeout == 0 ? -1 : method->timeout,
                           on_answer, call);
}

/* Returns: whether there is no call */
gboolean
belfry_client_queue_is_idle (BelfryClientQueue *self)
{
  return self->in_flight == 0 && !any_waits (self)
         && g_queue_is_empty (&self->lanes[BELFRY_CLIENT_LANE_OPENING]);
}

/* Sends what waits, as far as it can be sent now. */
static void
send_waiting (BelfryClientQueue *self)
{
  gboolean waits;

  if (self->pause == NULL && belfry_client_link_is_up (self->link))
    for (guint i = 0; i < N_LANES; i++)
      while (!g_queue_is_empty (&self->lanes[i])
             && self->in_flight
                    < (i == BELFRY_CLIENT_LANE_ASYNC ? MAX_ASYNC_IN_FLIGHT : MAX_IN_FLIGHT))
        send_call (self, take (self, g_queue_peek_head (&self->lanes[i])));

  waits = any_waits (self);
  if (belfry_client_queue_is_idle (self))
    self->idle (self->agent);
  if (waits && !belfry_client_link_is_up (self->link))
    watch_deadlines (self);
  belfry_client_link_set_wanted (self->link, waits && !belfry_client_link_is_up (self->link));
}

/* Both have to live longer than the queue.
 *
 * @idle: called when there is no call, as often as this is so */
BelfryClientQueue *
belfry_client_queue_new (BelfryClientLink *link, void (*idle) (gpointer agent), gpointer agent)
{
  BelfryClientQueue *self = g_new0 (BelfryClientQueue, 1);

  self->link = link;
  self->idle = idle;
  self->agent = agent;
  return self;
}

/* It has to be idle. */
void
belfry_client_queue_free (BelfryClientQueue *self)
{
  clear_source (&self->pause);
  clear_source (&self->give_up);
  g_clear_error (&self->last_error);
  g_free (self);
}

/* Takes @call over. */
void
belfry_client_queue_add (BelfryClientQueue *self, BelfryClientCall *call)
{
  if (call->ended)
    {
      belfry_client_call_unref (call);
      return;
    }
  call->queue = self;
  insert (self, call);
  if (call->lane == BELFRY_CLIENT_LANE_OPENING)
    belfry_client_link_look (self->link);
  /* Renewals are made where calls are sent next: all of them go first. */
  else if (call->lane != BELFRY_CLIENT_LANE_RENEWAL)
    send_waiting (self);
}

/* One that has been sent keeps its place among those in flight until it is answered. */
void
belfry_client_queue_cancel (BelfryClientQueue *self, BelfryClientCall *call)
{
  belfry_client_call_cancel (call);
  if (!call->waits)
    return;
  belfry_client_call_unref (take (self, call));
  send_waiting (self);
}

/* @patience: s; 0 to end with the first error */
void
belfry_client_queue_set_patience (BelfryClientQueue *self, guint patience)
{
  self->patience = patience;
  clear_source (&self->give_up);
  send_waiting (self);
}

static void
end_opening (BelfryClientQueue *self, const GError *error)
{
  BelfryClientCall *call;

  while ((call = g_queue_peek_head (&self->lanes[BELFRY_CLIENT_LANE_OPENING])) != NULL)
    {
      end_call (take (self, call), NULL, error != NULL ? g_error_copy (error) : NULL);
      belfry_client_call_unref (call);
    }
}

void
belfry_client_queue_connected (BelfryClientQueue *self)
{
  end_opening (self, NULL);
}

void
belfry_client_queue_came (BelfryClientQueue *self)
{
  clear_source (&self->pause);
  clear_source (&self->give_up);
  send_waiting (self);
}

static void
drop_useless (BelfryClientQueue *self, GQueue *lane)
{
  GList *next = g_queue_peek_head_link (lane);

  while (next != NULL)
    {
      BelfryClientCall *call = next->data;

      next = next->next;
      if (!is_for_this_one (call))
        continue;
      end_call (take (self, call), NULL,
                g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Belfry has gone"));
      belfry_client_call_unref (call);
    }
}

void
belfry_client_queue_went (BelfryClientQueue *self)
{
  if (self->away_since == 0)
    self->away_since = g_get_monotonic_time ();
  for (guint i = 0; i < N_LANES; i++)
    drop_useless (self, &self->lanes[i]);
  send_waiting (self);
}

void
belfry_client_queue_failed (BelfryClientQueue *self, const GError *error)
{
  if (belfry_client_link_get_connection (self->link) == NULL)
    end_opening (self, error);
  if (self->away_since == 0)
    self->away_since = g_get_monotonic_time ();
  g_clear_error (&self->last_error);
  self->last_error = g_error_copy (error);
  end_impatient (self);
  send_waiting (self);
}
