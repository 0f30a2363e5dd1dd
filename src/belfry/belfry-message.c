/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-message-private.h"

#include <string.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

#define MAX_CODE_LENGTH 64

/**
 * BelfryMessage:
 *
 * A message that a client, mostly a browser tab, sent over its connection.
 *
 * Whoever takes it answers at most once, at once or later, with [method@Belfry.Message.reply] or
 * [method@Belfry.Message.reply_error]. An answer to a client that has gone meanwhile goes nowhere.
 *
 * Since: 0.1
 */
struct _BelfryMessage
{
  GObject parent_instance;

  char *type;
  char *data;
  char *session_id;
  char *user_id;
  gboolean wants_reply;
  gboolean answered;
  gboolean in_order;

  BelfryMessageAnswerFunc answer;
  gpointer answer_data;
  GDestroyNotify answer_destroy;
};

G_DEFINE_FINAL_TYPE (BelfryMessage, belfry_message, G_TYPE_OBJECT)

static void
belfry_message_finalize (GObject *object)
{
  BelfryMessage *self = BELFRY_MESSAGE (object);

  belfry_message_disown (self);
  g_free (self->type);
  g_free (self->data);
  g_free (self->session_id);
  g_free (self->user_id);

  G_OBJECT_CLASS (belfry_message_parent_class)->finalize (object);
}

static void
belfry_message_class_init (BelfryMessageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_message_finalize;
}

static void
belfry_message_init (BelfryMessage *self)
{
}

/* @data must have passed the scanner; it is copied. */
BelfryMessage *
belfry_message_new (const char *type,
                    const char *data,
                    gssize data_length,
                    const char *session_id,
                    const char *user_id,
                    gboolean wants_reply)
{
  BelfryMessage *self = g_object_new (BELFRY_TYPE_MESSAGE, NULL);

  self->type = g_strdup (type);
  self->data = data_length < 0 ? g_strdup (data) : g_strndup (data, data_length);
  self->session_id = g_strdup (session_id);
  self->user_id = g_strdup (user_id);
  self->wants_reply = wants_reply;
  return self;
}

/* @destroy is called when @user_data is no longer needed: the message goes, or was disowned. */
void
belfry_message_set_answer_func (BelfryMessage *self,
                                BelfryMessageAnswerFunc func,
                                gpointer user_data,
                                GDestroyNotify destroy)
{
  self->answer = func;
  self->answer_data = user_data;
  self->answer_destroy = destroy;
}

/* Where it came from is gone: its answer, if one comes, is swallowed. */
void
belfry_message_disown (BelfryMessage *self)
{
  GDestroyNotify destroy = self->answer_destroy;

  self->answer = NULL;
  self->answer_destroy = NULL;
  if (destroy != NULL)
    destroy (self->answer_data);
}

gboolean
belfry_message_is_answered (BelfryMessage *self)
{
  return self->answered;
}

/* The next message of the same connection waits until this one is answered: what it asks for, a
 * list, say, must see what this one changes. */
void
belfry_message_set_in_order (BelfryMessage *self)
{
  self->in_order = TRUE;
}

gboolean
belfry_message_get_in_order (BelfryMessage *self)
{
  return self->in_order;
}

/**
 * belfry_message_get_message_type:
 * @self: a message
 *
 * Gets the type that the client gave: 1 to 64 of `[a-z0-9_.-]`.
 *
 * Returns: (transfer none): the type
 *
 * Since: 0.1
 */
const char *
belfry_message_get_message_type (BelfryMessage *self)
{
  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), NULL);

  return self->type;
}

/**
 * belfry_message_get_data:
 * @self: a message
 *
 * Gets the content as the client wrote it; `{}` where it wrote none.
 *
 * Returns: (transfer none): one JSON object as UTF-8 text, at most 32 deep and 64 KiB long
 *
 * Since: 0.1
 */
const char *
belfry_message_get_data (BelfryMessage *self)
{
  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), NULL);

  return self->data;
}

/**
 * belfry_message_get_session_id:
 * @self: a message
 *
 * Gets the session that it came from.
 *
 * Returns: (transfer none): the session id
 *
 * Since: 0.1
 */
const char *
belfry_message_get_session_id (BelfryMessage *self)
{
  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), NULL);

  return self->session_id;
}

/**
 * belfry_message_get_user_id:
 * @self: a message
 *
 * Gets the user as whom the session is registered. It comes from the signed token, so it can be
 * relied on.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_message_get_user_id (BelfryMessage *self)
{
  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), NULL);

  return self->user_id;
}

/**
 * belfry_message_get_wants_reply:
 * @self: a message
 *
 * Gets whether the client waits for an answer. If it does not, a reply is dropped and an error is
 * told all the same.
 *
 * Returns: %TRUE if it waits
 *
 * Since: 0.1
 */
gboolean
belfry_message_get_wants_reply (BelfryMessage *self)
{
  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), FALSE);

  return self->wants_reply;
}

static gboolean
check_unanswered (BelfryMessage *self, GError **error)
{
  if (!self->answered)
    return TRUE;
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND,
               "the message of type “%s” has been answered already", self->type);
  return FALSE;
}

static void
answer (BelfryMessage *self, const char *code, const char *text)
{
  g_autoptr (BelfryMessage) alive = g_object_ref (self);

  self->answered = TRUE;
  if (self->answer != NULL)
    self->answer (self, code, text, self->answer_data);
}

/**
 * belfry_message_reply:
 * @self: a message
 * @data: the answer: one JSON object as UTF-8 text, at most 32 deep
 * @error: return location for an error
 *
 * Answers the message. A faulty @data leaves it unanswered, so that it can be answered again.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if @data is not such an object, %BELFRY_ERROR_NOT_FOUND if
 * the message has been answered or has run out of time.
 *
 * Returns: %TRUE if the answer is on its way, or the client has gone
 *
 * Since: 0.1
 */
gboolean
belfry_message_reply (BelfryMessage *self, const char *data, GError **error)
{
  BelfryJsonValue object;
  g_autofree char *trimmed = NULL;

  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (data != NULL, FALSE);

  if (!check_unanswered (self, error))
    return FALSE;
  if (!belfry_json_scan (data, -1, BELFRY_JSON_MAX_DEPTH, &object, error))
    {
      g_prefix_error (error, "data: ");
      return FALSE;
    }
  trimmed = g_strndup (object.text, object.length);
  answer (self, NULL, trimmed);
  return TRUE;
}

/* Answers with text that Belfry made itself, of data that was checked when it came: so it is not
 * looked at again, and may be deeper than others' by what stands around that data. Does nothing if
 * the message has been answered or has run out of time. */
void
belfry_message_reply_own (BelfryMessage *self, const char *data)
{
  if (!self->answered)
    answer (self, NULL, data);
}

/**
 * belfry_message_reply_error:
 * @self: a message
 * @code: what a program may rely on: 1 to 64 of `[A-Z0-9_]`
 * @text: what a person may read, UTF-8
 * @error: return location for an error
 *
 * Refuses the message.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if @code or @text is not as above, %BELFRY_ERROR_NOT_FOUND if
 * the message has been answered or has run out of time.
 *
 * Returns: %TRUE if the answer is on its way, or the client has gone
 *
 * Since: 0.1
 */
gboolean
belfry_message_reply_error (BelfryMessage *self, const char *code, const char *text, GError **error)
{
  gsize length;

  g_return_val_if_fail (BELFRY_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (code != NULL && text != NULL, FALSE);

  if (!check_unanswered (self, error))
    return FALSE;

  length = strspn (code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  if (length == 0 || length > MAX_CODE_LENGTH || code[length] != '\0')
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "code: expected 1 to 64 of [A-Z0-9_]");
      return FALSE;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "text: not UTF-8");
      return FALSE;
    }
  answer (self, code, text);
  return TRUE;
}
