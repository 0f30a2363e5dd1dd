/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-api.h"

#include "belfry-frames.h"
#include "belfry-handler-chain-private.h"
#include "belfry-open-calls.h"
#include "belfry-rate-limit.h"
#include "belfry-request.h"
#include "belfry-session-private.h"
#include "belfry-store.h"

/* Requests of one user that may wait for an answer. */
#define MAX_OPEN_CALLS 32

/* Who may ask at once whether the server is ready. More than that come only if the database does
 * not answer. */
#define READY_MAX 4096

/* The id of the frame that answers: nobody sees it. */
#define ID "0"

/* One look at the database, for everybody who asks meanwhile: how many those are does not matter to
 * the answer. */
typedef struct
{
  BelfryWebApi *api; /* NULL when it has gone */
  GArray *calls;     /* of guint64 */
} Readiness;

struct _BelfryWebApi
{
  BelfrySessionRegistry *registry;
  BelfryInboxHandler *inbox;
  BelfrySessionSink *sink; /* unowned: it owns this */
  BelfryRequests requests;
  GHashTable *calls; /* the number of each call that waits, as text → its user */
  BelfryOpenCalls *open;
  Readiness *readiness; /* NULL when nobody asks */
};

BelfryWebApi *
belfry_web_api_new (BelfrySessionRegistry *registry,
                    BelfryInboxHandler *inbox,
                    BelfrySessionSink *sink)
{
  BelfryWebApi *self = g_new0 (BelfryWebApi, 1);

  self->registry = g_object_ref (registry);
  self->inbox = g_object_ref (inbox);
  self->sink = sink;
  self->calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->open = belfry_open_calls_new ();
  return self;
}

void
belfry_web_api_free (BelfryWebApi *self)
{
  belfry_requests_disown (&self->requests);
  g_hash_table_unref (self->calls);
  g_hash_table_unref (self->open);
  if (self->readiness != NULL)
    self->readiness->api = NULL;
  g_object_unref (self->inbox);
  g_object_unref (self->registry);
  g_free (self);
}

static void
send_frame (BelfryWebApi *self, guint64 call, GBytes *frame)
{
  g_autoptr (GBytes) owned = frame;

  belfry_session_sink_send (self->sink, call, owned);
}

static void
refuse (BelfryWebApi *self, guint64 call, const char *code, const char *text)
{
  send_frame (self, call, belfry_frame_error (NULL, code, text, FALSE, BELFRY_NO_RETRY));
}

static gboolean
begin_call (BelfryWebApi *self, guint64 call, const char *user_id)
{
  if (!belfry_open_calls_add (self->open, user_id, MAX_OPEN_CALLS))
    return FALSE;
  g_hash_table_insert (self->calls, g_strdup_printf ("%" G_GUINT64_FORMAT, call),
                       g_strdup (user_id));
  return TRUE;
}

/* Returns: FALSE if it has been answered already */
static gboolean
end_call (BelfryWebApi *self, const char *number)
{
  const char *user_id = g_hash_table_lookup (self->calls, number);

  if (user_id == NULL)
    return FALSE;
  belfry_open_calls_remove (self->open, user_id);
  g_hash_table_remove (self->calls, number);
  return TRUE;
}

/* A message that wants no reply was taken, and then something went wrong: that is told all the
 * same, in the stream. */
static void
tell_session (BelfryWebApi *self, BelfryMessage *message, const char *code, const char *text)
{
  BelfrySession *session = belfry_session_registry_lookup_session (
      self->registry, belfry_message_get_session_id (message));
  g_autoptr (GBytes) frame = belfry_frame_error (NULL, code, text, FALSE, BELFRY_NO_RETRY);

  if (session != NULL)
    belfry_session_send_frame (session, frame);
}

/* @number: the call, as the id that it has among the requests */
static void
on_answer (BelfryMessage *message,
           const char *number,
           const char *code,
           const char *text,
           gpointer user_data)
{
  BelfryWebApi *self = user_data;
  guint64 call = g_ascii_strtoull (number, NULL, 10);

  if (!end_call (self, number))
    {
      if (code != NULL)
        tell_session (self, message, code, text);
    }
  else if (code != NULL)
    refuse (self, call, code, text);
  else
    send_frame (self, call, belfry_frame_reply (ID, text));
}

/* Returns: (transfer full) (nullable): the message, which is open now; NULL if the user has too
 *   many, and has been told so */
static BelfryMessage *
open_message (BelfryWebApi *self, guint64 call, const BelfryApiRequest *request)
{
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, call);
  BelfryMessage *message;

  if (!begin_call (self, call, request->user_id))
    {
      refuse (self, call, "BUSY", "Too many requests of this user are open");
      return NULL;
    }
  message = belfry_message_new (request->type, request->data, -1,
                                request->session_id != NULL ? request->session_id : "",
                                request->user_id, request->wants_reply);
  belfry_requests_add (&self->requests, belfry_session_registry_get_clock (self->registry), message,
                       number, on_answer, self);
  return message;
}

static void
ask_inbox (BelfryWebApi *self, guint64 call, const BelfryApiRequest *request)
{
  g_autoptr (BelfryMessage) message = open_message (self, call, request);

  if (message != NULL)
    belfry_inbox_handler_answer (self->inbox, message);
}

/* The limit of a session's messages, as for frames. It goes with the session. */
static gboolean
take_rate (BelfrySession *session)
{
  BelfryRateLimit *rate = g_object_get_data (G_OBJECT (session), "belfry-web-api");

  if (rate == NULL)
    {
      rate = g_new0 (BelfryRateLimit, 1);
      g_object_set_data_full (G_OBJECT (session), "belfry-web-api", rate, g_free);
    }
  return belfry_rate_limit_take (rate, 1, g_get_monotonic_time ());
}

/* Gives a message to the handlers, as if @request's session had sent it. */
static void
ask_handlers (BelfryWebApi *self, guint64 call, const BelfryApiRequest *request)
{
  BelfrySession *found =
      belfry_session_registry_lookup_session (self->registry, request->session_id);
  g_autoptr (BelfrySession) session = NULL;
  g_autoptr (BelfryMessage) message = NULL;
  g_autofree char *number = NULL;

  if (found == NULL || !found->registered
      || !g_str_equal (belfry_session_get_user_id (found), request->user_id))
    {
      refuse (self, call, "NOT_FOUND", "sessionId: the user has no such session");
      return;
    }
  if (!take_rate (found))
    {
      refuse (self, call, "RATE_LIMITED", "Too many messages in too short a time");
      return;
    }
  if (g_str_equal (request->type, "ping"))
    {
      send_frame (self, call, belfry_frame_reply (ID, "{}"));
      return;
    }
  session = g_object_ref (found);
  message = open_message (self, call, request);
  if (message == NULL)
    return;
  belfry_handler_chain_handle (belfry_session_registry_get_chain (self->registry), session,
                               message);
  number = g_strdup_printf ("%" G_GUINT64_FORMAT, call);
  if (!request->wants_reply && end_call (self, number))
    send_frame (self, call, belfry_frame_reply (ID, "{}"));
}

static void
on_state (BelfryStoreRead *read, gpointer user_data)
{
  Readiness *readiness = user_data;
  BelfryWebApi *self = readiness->api;

  if (self != NULL)
    {
      self->readiness = NULL;
      for (guint i = 0; i < readiness->calls->len; i++)
        {
          guint64 call = g_array_index (readiness->calls, guint64, i);

          if (read->error == NULL)
            send_frame (self, call, belfry_frame_reply (ID, "{\"status\":\"ok\"}"));
          else
            refuse (self, call, "BUSY", "The database does not answer");
        }
    }
  g_array_unref (readiness->calls);
  g_free (readiness);
}

/* Asks it for what is known of nobody. */
static void
ask_store (BelfryWebApi *self, guint64 call)
{
  BelfryStoreRead *read;

  if (self->readiness != NULL)
    {
      if (self->readiness->calls->len < READY_MAX)
        g_array_append_val (self->readiness->calls, call);
      else
        refuse (self, call, "BUSY", "The database does not answer");
      return;
    }
  self->readiness = g_new0 (Readiness, 1);
  self->readiness->api = self;
  self->readiness->calls = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_array_append_val (self->readiness->calls, call);
  read = belfry_store_read_new (BELFRY_READ_STATE, "");
  read->done = on_state;
  read->user_data = self->readiness;
  belfry_store_read (belfry_session_registry_get_store (self->registry), read);
}

/* Takes @request over. Its answer is sent to @call. */
void
belfry_web_api_handle (BelfryWebApi *self, guint64 call, BelfryApiRequest *request)
{
  g_autoptr (BelfryApiRequest) owned = request;

  if (request->route == BELFRY_API_READY)
    ask_store (self, call);
  else if (request->route == BELFRY_API_MESSAGE)
    ask_handlers (self, call, request);
  else
    ask_inbox (self, call, request);
}
