/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-signalling.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-call.h"
#include "belfry-error.h"
#include "belfry-frames.h"
#include "belfry-ice-servers.h"
#include "belfry-message-private.h"
#include "belfry-session-registry-private.h"
#include "belfry-signal-check.h"

#define ABOUT_MAX 4096 /* bytes of JSON */

/**
 * BelfrySignalling:
 *
 * Handles the messages by which two clients find each other for WebRTC: an invitation that one user
 * sends and another accepts, and then descriptions and candidates between just these two sessions.
 * Add one to the server's [class@BelfryServer.HandlerChain].
 *
 * `belfryd --signalling` has one; a program with a server of its own makes it when that has
 * started. What clients send and get stands in docs/signalling.md.
 *
 * Since: 0.1
 */
struct _BelfrySignalling
{
  GObject parent_instance;

  BelfrySessionRegistry *sessions; /* weak: it owns the chain, which owns us */
  BelfryCallBook *book;
  BelfryIceServers *servers;
  guint sweep_id;
};

static void belfry_signalling_iface_init (BelfryMessageHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfrySignalling,
                               belfry_signalling,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      belfry_signalling_iface_init))

/* A message while it is handled. */
typedef struct
{
  BelfrySignalling *self;
  BelfryMessage *message;
  const char *user_id;
  const char *session_id;
  BelfryJsonValue data;
} Request;

static void
refuse (Request *request, const char *code, const char *text)
{
  belfry_message_reply_error (request->message, code, text, NULL);
}

/* Takes @json over. */
static void
reply (Request *request, GString *json)
{
  g_string_append_c (json, '}');
  /* What stands around an invitation's object must not make it too deep to be answered with. */
  belfry_message_reply_own (request->message, json->str);
  g_string_free (json, TRUE);
}

static GString *
begin (BelfryCall *call)
{
  GString *json = g_string_new ("{\"call\":");

  belfry_json_append_string (json, call->id);
  return json;
}

static void
append_text (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, ",\"%s\":", name);
  belfry_json_append_string (json, text);
}

static void
append_user (BelfrySignalling *self, GString *json, const char *name, const char *user_id)
{
  g_autofree char *user = belfry_session_registry_get_user_json (self->sessions, user_id);

  g_string_append_printf (json, ",\"%s\":%s", name, user);
}

static void
tell_session (BelfrySignalling *self, const char *session_id, const char *type, const char *data)
{
  g_autoptr (GError) error = NULL;
  BelfrySession *session = session_id != NULL
                               ? belfry_session_registry_lookup_session (self->sessions, session_id)
                               : NULL;

  if (session != NULL && !belfry_session_send (session, type, data, &error))
    g_info ("%s is not told: %s", type, error->message);
}

/* Tells every session of a user but one. */
static void
tell_others (BelfrySignalling *self,
             const char *user_id,
             const char *but,
             const char *type,
             const char *data)
{
  g_autoptr (GPtrArray) sessions = belfry_session_registry_list_sessions (self->sessions, user_id);

  for (guint i = 0; i < sessions->len; i++)
    {
      const char *id = belfry_session_get_id (g_ptr_array_index (sessions, i));

      if (g_strcmp0 (id, but) != 0)
        tell_session (self, id, type, data);
    }
}

/* Ends a call, and tells both sides; one of them may know it already. */
static void
end_call (BelfrySignalling *self, BelfryCall *call, const char *reason, const char *but)
{
  g_autoptr (GString) json = begin (call);
  const BelfryCallSide *caller = &call->sides[BELFRY_CALL_CALLER];
  const BelfryCallSide *callee = &call->sides[BELFRY_CALL_CALLEE];

  append_text (json, "reason", reason);
  g_string_append_c (json, '}');
  if (g_strcmp0 (caller->session_id, but) != 0)
    tell_session (self, caller->session_id, "call.ended", json->str);
  if (call->state == BELFRY_CALL_RINGING && call->rings)
    tell_others (self, callee->user_id, but, "call.ended", json->str);
  else if (g_strcmp0 (callee->session_id, but) != 0)
    tell_session (self, callee->session_id, "call.ended", json->str);
  belfry_call_book_end (self->book, call);
}

static gboolean
on_sweep (gpointer user_data)
{
  BelfrySignalling *self = user_data;
  BelfryCall *call;

  while ((call = belfry_call_book_pop_due (self->book)) != NULL)
    {
      if (call->state == BELFRY_CALL_SPENT)
        belfry_call_book_end (self->book, call);
      else
        end_call (self, call, call->state == BELFRY_CALL_RINGING ? "unanswered" : "gone", NULL);
    }
  if (!belfry_call_book_is_empty (self->book))
    return G_SOURCE_CONTINUE;
  self->sweep_id = 0;
  return G_SOURCE_REMOVE;
}

/* Returns: (nullable): the call that the message names, of the user who sent it; NULL, with the
 * message refused, if there is none */
static BelfryCall *
read_call (Request *request)
{
  BelfryJsonValue value;
  g_autofree char *id = NULL;
  BelfryCall *call;

  if (!belfry_json_lookup (&request->data, "call", &value)
      || (id = belfry_json_value_dup_string (&value)) == NULL)
    {
      refuse (request, "INVALID_MESSAGE", "call: expected the id of a call");
      return NULL;
    }
  call = belfry_call_book_lookup (request->self->book, id);
  /* A call of others is none: nobody learns that there is one. */
  if (call == NULL
      || (!g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, request->user_id)
          && !g_str_equal (call->sides[BELFRY_CALL_CALLEE].user_id, request->user_id)))
    {
      refuse (request, "NOT_FOUND", "call: there is none of that id");
      return NULL;
    }
  return call;
}

/* Returns: (nullable): the open call that the message names, in which its session is */
static BelfryCall *
read_own_call (Request *request, BelfryCallRole *role)
{
  BelfryCall *call = read_call (request);

  if (call == NULL)
    return NULL;
  if (call->state == BELFRY_CALL_OPEN && belfry_call_find_session (call, request->session_id, role))
    return call;
  refuse (request, "FORBIDDEN",
          call->state == BELFRY_CALL_RINGING ? "call: it has not been accepted"
                                             : "call: another session is in it");
  return NULL;
}

static BelfryCallSide *
get_other (BelfryCall *call, BelfryCallRole role)
{
  return &call->sides[role == BELFRY_CALL_CALLER ? BELFRY_CALL_CALLEE : BELFRY_CALL_CALLER];
}

/* With numeric user ids, clients know them as numbers. */
static char *
read_user (Request *request)
{
  BelfryJsonValue value;
  gint64 number;
  g_autofree char *user_id = NULL;

  if (belfry_json_lookup (&request->data, "to", &value))
    user_id = value.kind == BELFRY_JSON_NUMBER && belfry_json_value_get_int64 (&value, &number)
                  ? g_strdup_printf ("%" G_GINT64_FORMAT, number)
                  : belfry_json_value_dup_string (&value);
  if (user_id == NULL || !belfry_argument_check_user_id (user_id, NULL))
    {
      refuse (request, "INVALID_MESSAGE", "to: expected a user id");
      return NULL;
    }
  if (g_str_equal (user_id, request->user_id))
    {
      refuse (request, "INVALID_MESSAGE", "to: expected another user");
      return NULL;
    }
  return g_steal_pointer (&user_id);
}

static gboolean
read_invitation (Request *request, char **about, gint64 *seconds)
{
  BelfryJsonValue value;

  *seconds = BELFRY_CALL_PATIENCE;
  if (belfry_json_lookup (&request->data, "seconds", &value)
      && (!belfry_json_value_get_int64 (&value, seconds) || *seconds < 1
          || *seconds > BELFRY_CALL_PATIENCE))
    {
      refuse (request, "INVALID_MESSAGE",
              "seconds: expected an integer from 1 to " G_STRINGIFY (BELFRY_CALL_PATIENCE));
      return FALSE;
    }
  if (!belfry_json_lookup (&request->data, "about", &value))
    *about = g_strdup ("{}");
  else if (value.kind == BELFRY_JSON_OBJECT && value.length <= ABOUT_MAX)
    *about = g_strndup (value.text, value.length);
  else
    {
      refuse (request, "INVALID_MESSAGE",
              "about: expected an object of at most " G_STRINGIFY (ABOUT_MAX) " bytes");
      return FALSE;
    }
  return TRUE;
}

static gboolean
has_room (Request *request, guint n_calls)
{
  if (n_calls < BELFRY_CALLS_MAX)
    return TRUE;
  refuse (request, "BUSY",
          "Too many calls: " G_STRINGIFY (BELFRY_CALLS_MAX) " at once, and within " G_STRINGIFY (
              BELFRY_CALL_PATIENCE) " seconds, are the limit");
  return FALSE;
}

static void
append_invitation (BelfrySignalling *self, GString *json, BelfryCall *call)
{
  append_user (self, json, "from", call->sides[BELFRY_CALL_CALLER].user_id);
  append_user (self, json, "to", call->sides[BELFRY_CALL_CALLEE].user_id);
  g_string_append_printf (json, ",\"about\":%s", call->about);
}

/* The session is in the call from now on, and what it answers with lets it come back. */
static void
reply_as_member (Request *request, BelfryCall *call, BelfryCallRole role)
{
  GString *json = begin (call);

  append_text (json, "state", call->state == BELFRY_CALL_OPEN ? "open" : "ringing");
  append_text (json, "role", role == BELFRY_CALL_CALLER ? "caller" : "callee");
  append_text (json, "key", call->sides[role].key);
  append_invitation (request->self, json, call);
  if (call->state == BELFRY_CALL_OPEN)
    g_string_append_printf (json, ",\"away\":%s",
                            get_other (call, role)->session_id == NULL ? "true" : "false");
  reply (request, json);
}

static void
accept_call (Request *request, BelfryCall *call)
{
  BelfrySignalling *self = request->self;
  g_autoptr (GString) json = begin (call);

  if (!has_room (request, belfry_call_book_count_open (self->book, request->user_id)))
    return;
  g_string_append_c (json, '}');
  belfry_call_book_accept (self->book, call, request->session_id);
  reply_as_member (request, call, BELFRY_CALL_CALLEE);
  tell_others (self, request->user_id, request->session_id, "call.taken", json->str);
  tell_session (self, call->sides[BELFRY_CALL_CALLER].session_id, "call.accepted", json->str);
}

/* The answer is the same whether the user is there, is not, or does not exist. */
static void
ring (Request *request, const char *callee, const char *about, gint64 seconds)
{
  BelfrySignalling *self = request->self;
  g_autoptr (GString) json = NULL;
  BelfryCall *call;
  gboolean rings;

  if (!has_room (request, belfry_call_book_count_begun (self->book, request->user_id))
      || !has_room (request, belfry_call_book_count_open (self->book, request->user_id)))
    return;
  rings = belfry_call_book_count_ringing (self->book, callee) < BELFRY_CALLS_MAX;
  call = belfry_call_book_begin (self->book, request->user_id, request->session_id, callee, about,
                                 seconds);
  call->rings = rings;
  if (self->sweep_id == 0)
    self->sweep_id = g_timeout_add_seconds (1, on_sweep, self);
  reply_as_member (request, call, BELFRY_CALL_CALLER);
  if (!call->rings)
    return;
  json = begin (call);
  append_invitation (self, json, call);
  g_string_append_c (json, '}');
  tell_others (self, callee, NULL, "call.invited", json->str);
}

static void
on_invite (Request *request)
{
  BelfryCallBook *book = request->self->book;
  g_autofree char *callee = NULL;
  g_autofree char *about = NULL;
  gint64 seconds;
  BelfryCall *mutual;

  if ((callee = read_user (request)) == NULL || !read_invitation (request, &about, &seconds))
    return;
  /* Who invites the one by whom he is invited has accepted. */
  mutual = belfry_call_book_find_ringing (book, callee, request->user_id);
  if (mutual != NULL && mutual->rings)
    accept_call (request, mutual);
  else if (belfry_call_book_find_ringing (book, request->user_id, callee) != NULL)
    refuse (request, "EXISTS", "to: an invitation to this user is open already");
  else
    ring (request, callee, about, seconds);
}

static void
on_accept (Request *request)
{
  BelfryCall *call = read_call (request);

  if (call == NULL)
    return;
  if (!g_str_equal (call->sides[BELFRY_CALL_CALLEE].user_id, request->user_id))
    refuse (request, "FORBIDDEN", "call: it is for the one who was invited to accept it");
  else if (call->state != BELFRY_CALL_RINGING)
    refuse (request, "EXISTS", "call: another session has accepted it");
  else
    accept_call (request, call);
}

static void
on_end (Request *request)
{
  BelfryCall *call = read_call (request);
  gboolean is_caller;
  BelfryCallRole role;
  const char *reason = "ended";

  if (call == NULL)
    return;
  is_caller = g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, request->user_id);
  if (call->state == BELFRY_CALL_RINGING)
    reason = is_caller ? "cancelled" : "declined";
  /* Any session declines for its user; all else is for the one that is in the call. */
  if ((call->state == BELFRY_CALL_OPEN || is_caller)
      && !belfry_call_find_session (call, request->session_id, &role))
    {
      refuse (request, "FORBIDDEN", "call: another session is in it");
      return;
    }
  end_call (request->self, call, reason, request->session_id);
  belfry_message_reply (request->message, "{}", NULL);
}

static void
on_signal (Request *request)
{
  BelfrySignalling *self = request->self;
  BelfryCallRole role;
  BelfryCall *call = read_own_call (request, &role);
  BelfrySignal signal;
  const char *fault;
  const char *peer_id;
  BelfrySession *peer;
  g_autoptr (GString) json = NULL;
  g_autoptr (GError) error = NULL;

  if (call == NULL)
    return;
  fault = belfry_signal_read (&request->data, &signal);
  if (fault != NULL)
    {
      refuse (request, "INVALID_MESSAGE", fault);
      return;
    }
  peer_id = get_other (call, role)->session_id;
  peer = peer_id != NULL ? belfry_session_registry_lookup_session (self->sessions, peer_id) : NULL;
  if (peer == NULL)
    {
      refuse (request, "UNAVAILABLE", "The other side is away");
      return;
    }
  json = begin (call);
  g_string_append_printf (json, ",\"%s\":", signal.kind);
  g_string_append_len (json, signal.value.text, (gssize) signal.value.length);
  g_string_append_c (json, '}');
  if (belfry_session_send (peer, "call.signal", json->str, &error))
    belfry_message_reply (request->message, "{}", NULL);
  else if (g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_BUSY))
    refuse (request, "BUSY", "The other side does not read what is sent to it");
  else
    refuse (request, "INVALID_MESSAGE", error->message);
}

/* A client that has connected again takes its old place, if the server knows of the loss or not. */
static void
on_resume (Request *request)
{
  BelfrySignalling *self = request->self;
  BelfryCall *call = read_call (request);
  BelfryJsonValue value;
  g_autofree char *key = NULL;
  g_autoptr (GString) json = NULL;
  BelfryCallRole role;

  if (call == NULL)
    return;
  role = g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, request->user_id)
             ? BELFRY_CALL_CALLER
             : BELFRY_CALL_CALLEE;
  if (!belfry_json_lookup (&request->data, "key", &value)
      || (key = belfry_json_value_dup_string (&value)) == NULL
      || g_strcmp0 (key, call->sides[role].key) != 0)
    {
      refuse (request, "FORBIDDEN", "key: it is not the one that came with the call");
      return;
    }
  belfry_call_book_come_back (self->book, call, role, request->session_id);
  reply_as_member (request, call, role);
  json = begin (call);
  g_string_append_c (json, '}');
  if (call->state == BELFRY_CALL_OPEN)
    tell_session (self, get_other (call, role)->session_id, "call.resumed", json->str);
}

/* For a client that comes in the middle: what rings, and what is open. */
static void
on_list (Request *request)
{
  BelfrySignalling *self = request->self;
  g_autoptr (GPtrArray) calls = belfry_call_book_list (self->book, request->user_id);
  GString *json = g_string_new ("{\"calls\":[");
  gboolean is_first = TRUE;

  for (guint i = 0; i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);
      g_autoptr (GString) item = NULL;

      if (!call->rings && !g_str_equal (call->sides[BELFRY_CALL_CALLER].user_id, request->user_id))
        continue;
      item = begin (call);
      append_text (item, "state", call->state == BELFRY_CALL_OPEN ? "open" : "ringing");
      append_invitation (self, item, call);
      g_string_append_printf (json, "%s%s}", is_first ? "" : ",", item->str);
      is_first = FALSE;
    }
  g_string_append_c (json, ']');
  reply (request, json);
}

/* Relaying costs the operator: only two who have agreed get credentials. */
static void
on_servers (Request *request)
{
  BelfrySignalling *self = request->self;
  BelfryCallRole role;
  GString *json;

  if (read_own_call (request, &role) == NULL)
    return;
  json = g_string_new ("{");
  belfry_ice_servers_append (self->servers, json, request->user_id, g_get_real_time ());
  reply (request, json);
}

static BelfryHandlerResult
belfry_signalling_handle_message (BelfryMessageHandler *handler,
                                  BelfrySession *session,
                                  BelfryMessage *message)
{
  static const struct
  {
    const char *type;
    void (*handle) (Request *request);
  } handlers[] = {
    { "call.invite", on_invite },   { "call.accept", on_accept }, { "call.end", on_end },
    { "call.signal", on_signal },   { "call.resume", on_resume }, { "call.list", on_list },
    { "call.servers", on_servers },
  };
  BelfrySignalling *self = BELFRY_SIGNALLING (handler);
  const char *type = belfry_message_get_message_type (message);

  if (self->sessions == NULL)
    return BELFRY_HANDLER_RESULT_NOT_MINE;
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (g_str_equal (type, handlers[i].type))
      {
        Request request = {
          .self = self,
          .message = message,
          .user_id = belfry_message_get_user_id (message),
          .session_id = belfry_session_get_id (session),
        };

        if (!belfry_json_scan (belfry_message_get_data (message), -1, BELFRY_JSON_MAX_DEPTH,
                               &request.data, NULL))
          return BELFRY_HANDLER_RESULT_REFUSED;
        handlers[i].handle (&request);
        return BELFRY_HANDLER_RESULT_TAKEN;
      }
  return BELFRY_HANDLER_RESULT_NOT_MINE;
}

static void
belfry_signalling_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = belfry_signalling_handle_message;
}

static void
on_session_ended (BelfrySessionRegistry *sessions, BelfrySession *session, BelfrySignalling *self)
{
  g_autoptr (GPtrArray) calls =
      belfry_call_book_list (self->book, belfry_session_get_user_id (session));

  for (guint i = 0; i < calls->len; i++)
    {
      BelfryCall *call = g_ptr_array_index (calls, i);
      g_autoptr (GString) json = NULL;
      BelfryCallRole role;

      if (!belfry_call_find_session (call, belfry_session_get_id (session), &role))
        continue;
      belfry_call_book_leave (self->book, call, role);
      json = begin (call);
      g_string_append_c (json, '}');
      if (call->state == BELFRY_CALL_OPEN)
        tell_session (self, get_other (call, role)->session_id, "call.away", json->str);
    }
}

static void
belfry_signalling_finalize (GObject *object)
{
  BelfrySignalling *self = BELFRY_SIGNALLING (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_weak_pointer (&self->sessions);
  belfry_call_book_free (self->book);
  belfry_ice_servers_free (self->servers);

  G_OBJECT_CLASS (belfry_signalling_parent_class)->finalize (object);
}

static void
belfry_signalling_class_init (BelfrySignallingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_signalling_finalize;
}

static void
belfry_signalling_init (BelfrySignalling *self)
{
  self->book = belfry_call_book_new ();
  self->servers = belfry_ice_servers_new (NULL, NULL, BELFRY_ICE_LIFETIME_DEFAULT, NULL);
}

/**
 * belfry_signalling_new:
 * @sessions: the sessions of a server that was started; they are not kept alive
 *
 * Makes a handler that knows neither STUN nor TURN servers.
 *
 * Returns: (transfer full): the handler
 *
 * Since: 0.1
 */
BelfrySignalling *
belfry_signalling_new (BelfrySessionRegistry *sessions)
{
  BelfrySignalling *self;

  g_return_val_if_fail (BELFRY_IS_SESSION_REGISTRY (sessions), NULL);

  self = g_object_new (BELFRY_TYPE_SIGNALLING, NULL);
  g_set_weak_pointer (&self->sessions, sessions);
  g_signal_connect_object (sessions, "session-ended", G_CALLBACK (on_session_ended), self, 0);
  return self;
}

/**
 * belfry_signalling_set_servers:
 * @self: a handler
 * @urls: (array zero-terminated=1): the servers, at most 16: `stun:HOST:PORT`, `turn:HOST:PORT`,
 *   also `stuns` and `turns`, also with `?transport=tcp`
 * @secret: (nullable): what the TURN servers share with Belfry, `static-auth-secret` of coturn; it
 *   is needed if there is one, and is never sent or logged
 * @lifetime: for how many seconds credentials are good, 60 to 86400
 * @error: return location for an error
 *
 * Says which servers the two of a call are told of, in place of those before.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, naming the option of belfryd; then nothing has changed.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_signalling_set_servers (BelfrySignalling *self,
                               const char *const *urls,
                               const char *secret,
                               guint lifetime,
                               GError **error)
{
  BelfryIceServers *servers;

  g_return_val_if_fail (BELFRY_IS_SIGNALLING (self), FALSE);
  g_return_val_if_fail (urls != NULL, FALSE);

  servers = belfry_ice_servers_new (urls, secret, lifetime, error);
  if (servers == NULL)
    return FALSE;
  g_clear_pointer (&self->servers, belfry_ice_servers_free);
  self->servers = servers;
  return TRUE;
}
