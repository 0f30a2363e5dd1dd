/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-handler.h"

#include <string.h>

#include "chat-frames.h"
#include "chat-request.h"
#include "chat-rooms.h"

#define SWEEP_SECONDS 10

struct _ChatHandler
{
  GObject parent_instance;

  ChatStore *store; /* unowned */
  ChatRooms *rooms;
  guint sweep;
};

static void chat_handler_iface_init (BelfryMessageHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ChatHandler,
                               chat_handler,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      chat_handler_iface_init))

/* What is being done for a message. */
typedef struct
{
  ChatHandler *handler;
  BelfryMessage *message;
  char *room;
  gboolean joins;
} Task;

static void
task_free (Task *self)
{
  g_object_unref (self->handler);
  g_object_unref (self->message);
  g_free (self->room);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Task, task_free)

static Task *
task_new (ChatHandler *handler, BelfryMessage *message, const ChatRequest *request)
{
  Task *task = g_new0 (Task, 1);

  task->handler = g_object_ref (handler);
  task->message = g_object_ref (message);
  task->room = g_strdup (request->room);
  return task;
}

/* Nothing was done then: the client tries again, with the same key. */
static void
answer_unavailable (BelfryMessage *message, GError *error)
{
  g_warning ("The database: %s", error->message);
  belfry_message_reply_error (message, "UNAVAILABLE", "The messages cannot be stored now", NULL);
}

static void
on_said (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Task) task = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_new;
  g_autoptr (ChatMessage) said = chat_store_say_finish (result, &is_new, &error);
  g_autofree char *receipt = NULL;

  if (said == NULL)
    {
      answer_unavailable (task->message, error);
      return;
    }
  if (is_new)
    {
      g_autofree char *data = chat_frame_said (task->room, said);

      chat_rooms_stop_typing (task->handler->rooms, task->room, said->author);
      chat_rooms_tell (task->handler->rooms, task->room, "chat.said", data);
    }
  receipt = chat_frame_receipt (said);
  belfry_message_reply (task->message, receipt, NULL);
}

static void
say (ChatHandler *self, BelfryMessage *message, const ChatRequest *request)
{
  chat_store_say_async (self->store, request->room, belfry_message_get_user_id (message),
                        request->key, request->text, on_said, task_new (self, message, request));
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Task) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (ChatPage) page = chat_store_read_finish (result, &error);
  g_auto (GStrv) members = NULL;
  g_autofree char *data = NULL;

  if (page == NULL)
    {
      answer_unavailable (task->message, error);
      return;
    }
  if (task->joins)
    members = chat_rooms_list_members (task->handler->rooms, task->room);
  data = chat_frame_page (task->room, page, (const char *const *) members);
  belfry_message_reply (task->message, data, NULL);
}

static void
read_history (ChatHandler *self, BelfryMessage *message, const ChatRequest *request, gboolean joins)
{
  Task *task = task_new (self, message, request);

  task->joins = joins;
  chat_store_read_async (self->store, request->room, request->from, request->backwards,
                         request->limit, on_read, task);
}

static void
join (ChatHandler *self, BelfryMessage *message, const ChatRequest *request)
{
  g_autoptr (GError) error = NULL;

  if (!chat_rooms_join (self->rooms, request->room, belfry_message_get_session_id (message),
                        belfry_message_get_user_id (message), &error))
    {
      belfry_message_reply_error (message, "ROOM_FULL", error->message, NULL);
      return;
    }
  /* What is stored after this read is told, since the session is in the room now. */
  read_history (self, message, request, TRUE);
}

static BelfryHandlerResult
chat_handler_handle_message (BelfryMessageHandler *handler,
                             BelfrySession *session,
                             BelfryMessage *message)
{
  ChatHandler *self = CHAT_HANDLER (handler);
  g_autoptr (ChatRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  if (!chat_request_is_one (message))
    return BELFRY_HANDLER_RESULT_NOT_MINE;
  request = chat_request_parse (message, &error);
  if (request == NULL)
    {
      belfry_message_reply_error (message, "INVALID_MESSAGE", error->message, NULL);
      return BELFRY_HANDLER_RESULT_TAKEN;
    }
  switch (request->kind)
    {
    case CHAT_REQUEST_JOIN:
      join (self, message, request);
      break;
    case CHAT_REQUEST_SAY:
      say (self, message, request);
      break;
    case CHAT_REQUEST_HISTORY:
      read_history (self, message, request, FALSE);
      break;
    case CHAT_REQUEST_TYPING:
      chat_rooms_tell_typing (self->rooms, request->room, belfry_message_get_user_id (message));
      belfry_message_reply (message, "{}", NULL);
      break;
    case CHAT_REQUEST_LEAVE:
      chat_rooms_leave (self->rooms, request->room, belfry_message_get_session_id (message));
      belfry_message_reply (message, "{}", NULL);
      break;
    }
  return BELFRY_HANDLER_RESULT_TAKEN;
}

static void
chat_handler_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = chat_handler_handle_message;
}

static void
chat_handler_finalize (GObject *object)
{
  ChatHandler *self = CHAT_HANDLER (object);

  g_clear_handle_id (&self->sweep, g_source_remove);
  g_clear_pointer (&self->rooms, chat_rooms_free);

  G_OBJECT_CLASS (chat_handler_parent_class)->finalize (object);
}

static void
chat_handler_class_init (ChatHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = chat_handler_finalize;
}

static void
chat_handler_init (ChatHandler *self)
{
}

static void
on_session_ended (BelfrySessionRegistry *sessions, BelfrySession *session, ChatHandler *self)
{
  chat_rooms_end_session (self->rooms, belfry_session_get_id (session));
}

static gboolean
on_sweep (gpointer user_data)
{
  chat_rooms_sweep (CHAT_HANDLER (user_data)->rooms);
  return G_SOURCE_CONTINUE;
}

/* @store has to outlive it. */
ChatHandler *
chat_handler_new (BelfrySessionRegistry *sessions, ChatStore *store)
{
  ChatHandler *self = g_object_new (CHAT_TYPE_HANDLER, NULL);

  self->store = store;
  self->rooms = chat_rooms_new (sessions);
  self->sweep = g_timeout_add_seconds (SWEEP_SECONDS, on_sweep, self);
  g_signal_connect_object (sessions, "session-ended", G_CALLBACK (on_session_ended), self, 0);
  return self;
}
