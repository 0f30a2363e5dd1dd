/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of tabs that a client takes, their answers, and the types that it has. */

#include "belfry-client-private.h"

#include "belfry-error.h"
#include "belfry-message-private.h"

enum
{
  MESSAGE_RECEIVED,
  HANDLING_LOST,
  N_SIGNALS
};

static guint signal_ids[N_SIGNALS];

/* A message that is not answered yet, and where its answer goes. */
typedef struct
{
  BelfryClientAgent *agent;
  char *type;
  char *session_id;
  char *request_id; /* "" if no answer is wanted */
  gboolean answered;
} Request;

/* Another Belfry knows nothing of the request. */
static const BelfryClientMethod reply_method = { BELFRY_CLIENT_SESSIONS, "Reply", "()",
                                                 .of_no_use_later = TRUE };
static const BelfryClientMethod reply_error_method = { BELFRY_CLIENT_SESSIONS, "ReplyError", "()",
                                                       .of_no_use_later = TRUE };

static void send_error (Request *request, const char *code, const char *text);

static void
request_free (Request *self)
{
  belfry_client_agent_unref (self->agent);
  g_free (self->type);
  g_free (self->session_id);
  g_free (self->request_id);
  g_free (self);
}

/* The tab goes its way if it is told nothing, but it would wait for 30 seconds. */
static void
on_replied (GVariant *reply, GError *error, gpointer user_data)
{
  Request *request = user_data;
  gboolean is_faulty = g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS)
                       || g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE);

  g_clear_pointer (&reply, g_variant_unref);
  if (is_faulty)
    g_warning ("The answer to a message of type “%s” was refused: %s", request->type,
               error->message);
  else if (error != NULL)
    g_debug ("The answer to a message of type “%s” went nowhere: %s", request->type,
             error->message);
  g_clear_error (&error);
  if (is_faulty)
    send_error (request, "HANDLER_FAILED", "The answer of the handler was refused");
  else
    request_free (request);
}

static void
on_error_replied (GVariant *reply, GError *error, gpointer user_data)
{
  Request *request = user_data;

  g_clear_pointer (&reply, g_variant_unref);
  if (g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS)
      || g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE))
    g_warning ("The error for a message of type “%s” was refused: %s", request->type,
               error->message);
  else if (error != NULL)
    g_debug ("The error for a message of type “%s” went nowhere: %s", request->type,
             error->message);
  g_clear_error (&error);
  request_free (request);
}

/* Takes @request over. */
static void
send (Request *request,
      const BelfryClientMethod *method,
      GVariant *parameters,
      BelfryClientCallFunc func)
{
  belfry_client_agent_call (
      request->agent,
      belfry_client_call_new (BELFRY_CLIENT_LANE_ASYNC, method, parameters, func, request), NULL);
}

static void
send_error (Request *request, const char *code, const char *text)
{
  send (request, &reply_error_method,
        g_variant_new ("(ssss)", request->session_id, request->request_id, code, text),
        on_error_replied);
}

static Request *
request_copy (Request *self)
{
  Request *copy = g_new0 (Request, 1);

  copy->agent = belfry_client_agent_ref (self->agent);
  copy->type = g_strdup (self->type);
  copy->session_id = g_strdup (self->session_id);
  copy->request_id = g_strdup (self->request_id);
  return copy;
}

static void
on_answer (BelfryMessage *message, const char *code, const char *text, gpointer user_data)
{
  Request *request = user_data;

  request->answered = TRUE;
  if (request->request_id[0] == '\0')
    return;
  if (code != NULL)
    send_error (request_copy (request), code, text);
  else
    send (request_copy (request), &reply_method,
          g_variant_new ("(sss)", request->session_id, request->request_id, text), on_replied);
}

/* Nobody has the message any more. */
static void
on_dropped (gpointer data)
{
  Request *request = data;

  if (request->answered || request->request_id[0] == '\0')
    request_free (request);
  else
    send_error (request, "HANDLER_FAILED", "The handler gave no answer");
}

static void
on_message (BelfryClient *client, gpointer data)
{
  Request *request = g_new0 (Request, 1);
  g_autoptr (BelfryMessage) message = NULL;
  const char *user_id;
  const char *text;

  g_variant_get (data, "(s&ss&ss)", &request->session_id, &user_id, &request->type, &text,
                 &request->request_id);
  request->agent = belfry_client_ref_agent (client);
  message = belfry_message_new (request->type, text, -1, request->session_id, user_id,
                                request->request_id[0] != '\0');
  belfry_message_set_answer_func (message, on_answer, request, on_dropped);
  /* Nobody listens to a type that is no quark. */
  g_signal_emit (client, signal_ids[MESSAGE_RECEIVED], g_quark_try_string (request->type), message);
}

/* In the thread of the links.
 *
 * Returns: whether it is a message */
gboolean
belfry_client_receive_message (BelfryClientAgent *agent, const char *name, GVariant *parameters)
{
  if (!g_str_equal (name, "MessageReceived")
      || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sssss)")))
    return FALSE;
  belfry_client_agent_tell (agent, on_message, g_variant_ref (parameters),
                            (GDestroyNotify) g_variant_unref);
  return TRUE;
}

void
belfry_client_init_messages (BelfryClientClass *klass)
{
  /**
   * BelfryClient::message-received:
   * @self: the client
   * @message: the message
   *
   * A browser tab has sent a message of a type that this client handles. The signal is detailed by
   * the type: `message-received::sum`.
   *
   * It is answered by [method@Belfry.Message.reply] or [method@Belfry.Message.reply_error], now or
   * within 30 seconds. If the tab waits for an answer, and the last reference to the message goes
   * without one, the tab is told the error `HANDLER_FAILED` at once.
   *
   * Since: 0.1
   */
  signal_ids[MESSAGE_RECEIVED] = g_signal_new ("message-received", G_TYPE_FROM_CLASS (klass),
                                               G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL,
                                               NULL, G_TYPE_NONE, 1, BELFRY_TYPE_MESSAGE);

  /**
   * BelfryClient::handling-lost:
   * @self: the client
   * @type: the type
   * @error: what Belfry said
   *
   * Belfry was away, and when it came back, somebody else had this type: its messages do not come
   * here any more.
   *
   * Since: 0.1
   */
  signal_ids[HANDLING_LOST] =
      g_signal_new ("handling-lost", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
on_handled (gpointer user_data, GVariant *parameters)
{
  BelfryClientAgent *agent = user_data;
  g_autoptr (GVariantIter) iter = NULL;
  char *type;

  g_variant_get (parameters, "(as)", &iter);
  while (g_variant_iter_next (iter, "s", &type))
    g_hash_table_add (agent->types, type);
}

static void
on_stopped (gpointer user_data, GVariant *parameters)
{
  BelfryClientAgent *agent = user_data;
  g_autoptr (GVariantIter) iter = NULL;
  const char *type;

  g_variant_get (parameters, "(as)", &iter);
  while (g_variant_iter_next (iter, "&s", &type))
    g_hash_table_remove (agent->types, type);
}

static const BelfryClientMethod handle_messages = { BELFRY_CLIENT_SESSIONS, "HandleMessages", "()",
                                                    .can_repeat = belfry_client_can_repeat,
                                                    .done = on_handled };
static const BelfryClientMethod stop_handling = { BELFRY_CLIENT_SESSIONS, "StopHandling", "()",
                                                  .can_repeat = belfry_client_can_repeat,
                                                  .done = on_stopped };

typedef struct
{
  char *type;
  GError *error;
} Lost;

static void
lost_free (gpointer data)
{
  Lost *self = data;

  g_free (self->type);
  g_error_free (self->error);
  g_free (self);
}

static void
emit_lost (BelfryClient *client, gpointer data)
{
  Lost *self = data;

  g_signal_emit (client, signal_ids[HANDLING_LOST], 0, self->type, self->error);
}

/* One or more types that were handled before, and are asked for again. */
typedef struct
{
  BelfryClientAgent *agent;
  char **types;
} Renewal;

static void renew (BelfryClientAgent *agent, char **types);

static void
renew_one (BelfryClientAgent *agent, const char *type)
{
  char *types[] = { (char *) type, NULL };

  renew (agent, g_strdupv (types));
}

/* Takes @error over. */
static void
lose (BelfryClientAgent *agent, const char *type, GError *error)
{
  Lost *lost;

  if (!g_hash_table_remove (agent->types, type))
    {
      g_error_free (error);
      return;
    }
  g_warning ("Messages of type “%s” do not come here any more: %s", type, error->message);
  lost = g_new0 (Lost, 1);
  lost->type = g_strdup (type);
  lost->error = error;
  belfry_client_agent_tell (agent, emit_lost, lost, lost_free);
}

/* All or none: if they are not all to be had, each is asked for by itself. */
static void
on_renewed (GVariant *reply, GError *error, gpointer user_data)
{
  Renewal *renewal = user_data;
  BelfryClientAgent *agent = renewal->agent;
  gboolean is_refused = error != NULL && belfry_client_is_refusal (error);

  g_clear_pointer (&reply, g_variant_unref);
  if (is_refused && renewal->types[1] == NULL)
    lose (agent, renewal->types[0], g_steal_pointer (&error));
  else if (is_refused)
    for (guint i = 0; renewal->types[i] != NULL; i++)
      renew_one (agent, renewal->types[i]);
  /* If it has gone again, there will be another time. */
  else if (error != NULL)
    g_debug ("Types were not renewed: %s", error->message);
  g_clear_error (&error);
  g_strfreev (renewal->types);
  belfry_client_agent_unref (agent);
  g_free (renewal);
}

/* Takes @types over. */
static void
renew (BelfryClientAgent *agent, char **types)
{
  Renewal *renewal = g_new0 (Renewal, 1);

  renewal->agent = belfry_client_agent_ref (agent);
  renewal->types = types;
  belfry_client_queue_add (
      agent->queue, belfry_client_call_new (BELFRY_CLIENT_LANE_RENEWAL, &handle_messages,
                                            g_variant_new ("(^as)", types), on_renewed, renewal));
}

/* In the thread of the links: Belfry has come, and knows nothing of this client. */
void
belfry_client_renew_types (BelfryClientAgent *agent)
{
  g_autofree const char **types = NULL;

  if (g_hash_table_size (agent->types) == 0)
    return;
  types = (const char **) g_hash_table_get_keys_as_array (agent->types, NULL);
  renew (agent, g_strdupv ((char **) types));
}

/**
 * belfry_client_handle_messages_async:
 * @self: a client
 * @types: (array zero-terminated=1): types of your own: 1 to 64 of `[a-z0-9_.-]` each, and none of
 *   Belfry's; at most 1,000 of a client
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Takes messages of these types from now on, beside those that the client takes already:
 * [signal@Belfry.Client::message-received] is emitted for each. All of the types or none. They are
 * taken again when Belfry was away; if somebody else has one then,
 * [signal@Belfry.Client::handling-lost] says so.
 *
 * Since: 0.1
 */
void
belfry_client_handle_messages_async (BelfryClient *self,
                                     const char *const *types,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (types != NULL);

  belfry_client_call_async (self, &handle_messages, g_variant_new ("(^as)", types), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_handle_messages_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.handle_messages_async].
 *
 * Errors: %BELFRY_ERROR_EXISTS if another worker has one, %BELFRY_ERROR_INVALID_ARGS,
 * %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if Belfry
 * cannot be reached.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_handle_messages_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (
      belfry_client_call_finish (self, &handle_messages, result, error));
}

/**
 * belfry_client_handle_messages_sync:
 * @self: a client
 * @types: (array zero-terminated=1): types of your own: 1 to 64 of `[a-z0-9_.-]` each, and none of
 *   Belfry's; at most 1,000 of a client
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.handle_messages_async].
 *
 * Errors: as [method@Belfry.Client.handle_messages_finish].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_handle_messages_sync (BelfryClient *self,
                                    const char *const *types,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (types != NULL, FALSE);

  return belfry_client_take_nothing (belfry_client_call_sync (
      self, &handle_messages, g_variant_new ("(^as)", types), cancellable, error));
}

/**
 * belfry_client_stop_handling_async:
 * @self: a client
 * @types: (array zero-terminated=1): the types; those that the client does not take are passed over
 * @cancellable: (nullable): does not undo what was done
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Takes messages of these types no longer. Those that have come can still be answered.
 *
 * Since: 0.1
 */
void
belfry_client_stop_handling_async (BelfryClient *self,
                                   const char *const *types,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (BELFRY_IS_CLIENT (self));
  g_return_if_fail (types != NULL);

  belfry_client_call_async (self, &stop_handling, g_variant_new ("(^as)", types), cancellable,
                            callback, user_data);
}

/**
 * belfry_client_stop_handling_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Belfry.Client.stop_handling_async].
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_BUSY, and those of #GDBusError and #GIOError if
 * Belfry cannot be reached.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_stop_handling_finish (BelfryClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);

  return belfry_client_take_nothing (
      belfry_client_call_finish (self, &stop_handling, result, error));
}

/**
 * belfry_client_stop_handling_sync:
 * @self: a client
 * @types: (array zero-terminated=1): the types; those that the client does not take are passed over
 * @cancellable: (nullable): does not undo what was done
 * @error: return location for an error
 *
 * Blocks until it is done: see [method@Belfry.Client.stop_handling_async].
 *
 * Errors: as [method@Belfry.Client.stop_handling_finish].
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_client_stop_handling_sync (BelfryClient *self,
                                  const char *const *types,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_return_val_if_fail (BELFRY_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (types != NULL, FALSE);

  return belfry_client_take_nothing (belfry_client_call_sync (
      self, &stop_handling, g_variant_new ("(^as)", types), cancellable, error));
}
