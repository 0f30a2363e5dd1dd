/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-request.h"

/* It belongs to its message and goes with it. One that waits for a reply keeps its message alive
 * until the reply comes, the time runs out, or the connection goes. */
typedef struct
{
  GList in_open;
  GList in_waiting;
  BelfryRequests *requests;
  BelfryRequestClock *clock;
  BelfryMessage *message;
  char *id_json;
  gint64 deadline; /* monotonic, µs */
  BelfryRequestAnswerFunc answer;
  gpointer user_data;
} Request;

static gboolean
waits (Request *self)
{
  return self->in_waiting.data != NULL;
}

static void
stop_waiting (Request *self)
{
  g_queue_unlink (&self->clock->waiting, &self->in_waiting);
  self->in_waiting.data = NULL;
  self->requests->n_waiting--;
  g_object_unref (self->message);
}

static void
request_free (gpointer data)
{
  Request *self = data;

  g_queue_unlink (&self->requests->open, &self->in_open);
  if (waits (self))
    stop_waiting (self);
  g_free (self->id_json);
  g_free (self);
}

static void
on_answer (BelfryMessage *message, const char *code, const char *text, gpointer user_data)
{
  Request *self = user_data;
  BelfryRequestAnswerFunc answer = self->answer;
  gpointer answer_data = self->user_data;
  g_autofree char *id_json = g_steal_pointer (&self->id_json);

  /* The request is over before it is answered: what the answer sets going may be the next one. */
  belfry_message_disown (message);
  answer (message, id_json, code, text, answer_data);
}

/* Registers @message as open. @answer is called once, or never if the connection goes before. */
void
belfry_requests_add (BelfryRequests *self,
                     BelfryRequestClock *clock,
                     BelfryMessage *message,
                     const char *id_json,
                     BelfryRequestAnswerFunc answer,
                     gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->requests = self;
  request->clock = clock;
  request->message = message;
  request->id_json = g_strdup (id_json);
  request->answer = answer;
  request->user_data = user_data;
  request->in_open.data = request;
  g_queue_push_tail_link (&self->open, &request->in_open);
  if (belfry_message_get_wants_reply (message))
    {
      request->deadline = g_get_monotonic_time () + BELFRY_REQUEST_TIMEOUT;
      request->in_waiting.data = g_object_ref (message);
      g_queue_push_tail_link (&clock->waiting, &request->in_waiting);
      self->n_waiting++;
    }
  belfry_message_set_answer_func (message, on_answer, request, request_free);
}

/* The connection goes: answers that come still go nowhere. */
void
belfry_requests_disown (BelfryRequests *self)
{
  while (!g_queue_is_empty (&self->open))
    {
      Request *request = g_queue_peek_head (&self->open);

      belfry_message_disown (request->message);
    }
}

/* Ends those whose time is over with an error. @now: monotonic, µs */
void
belfry_request_clock_sweep (BelfryRequestClock *self, gint64 now)
{
  GList *first;

  while ((first = g_queue_peek_head_link (&self->waiting)) != NULL)
    {
      Request *request = G_STRUCT_MEMBER_P (first, -(glong) G_STRUCT_OFFSET (Request, in_waiting));

      if (request->deadline > now)
        return;
      belfry_message_reply_error (request->message, "TIMEOUT", "No answer came in time", NULL);
    }
}
