/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-handler.h"

#include "belfry-argument.h"
#include "belfry-connection.h"
#include "belfry-error.h"
#include "belfry-frames.h"
#include "belfry-json-private.h"
#include "belfry-message-private.h"
#include "belfry-notification-service-private.h"

#define LIST_DEFAULT 20
#define LIST_MAX     100

struct _BelfryInboxHandler
{
  GObject parent_instance;

  BelfryNotificationService *service;
  gboolean numeric_user_ids;
};

static void belfry_inbox_handler_iface_init (BelfryMessageHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BelfryInboxHandler,
                               belfry_inbox_handler,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      belfry_inbox_handler_iface_init))

/* What an answer that comes later needs. */
typedef struct
{
  BelfryInboxHandler *handler;
  BelfryMessage *message;
} Call;

static Call *
call_new (BelfryInboxHandler *handler, BelfryMessage *message)
{
  Call *call = g_new (Call, 1);

  call->handler = g_object_ref (handler);
  call->message = g_object_ref (message);
  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->handler);
  g_object_unref (call->message);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
reply_store_error (Call *call, const GError *error)
{
  g_info ("A request of a client failed: %s", error->message);
  /* A request that runs out while the store is stuck has been answered already. */
  if (!belfry_message_is_answered (call->message))
    belfry_message_reply_error (call->message, "BUSY",
                                "The database does not answer: try again later", NULL);
}

static void
refuse (BelfryMessage *message, const char *text)
{
  belfry_message_reply_error (message, "INVALID_MESSAGE", text, NULL);
}

/* Reads an optional integer of the data. Returns: FALSE, with @message refused, if it is none or
 * out of bounds */
static gboolean
read_int (BelfryMessage *message,
          const BelfryJsonValue *data,
          const char *name,
          gint64 min,
          gint64 max,
          gint64 *number)
{
  BelfryJsonValue value;
  g_autofree char *text = NULL;

  if (!belfry_json_lookup (data, name, &value))
    return TRUE;
  if (belfry_json_value_get_int64 (&value, number) && *number >= min && *number <= max)
    return TRUE;
  text = g_strdup_printf ("%s: expected an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                          name, min, max);
  refuse (message, text);
  return FALSE;
}

static GArray *
read_ids (BelfryMessage *message, const BelfryJsonValue *data)
{
  static const char fault[] =
      "ids: expected an array of 1 to " G_STRINGIFY (BELFRY_IDS_MAX) " integers";
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  BelfryJsonValue array;
  BelfryJsonValue value;
  BelfryJsonIter iter;

  if (!belfry_json_lookup (data, "ids", &array) || array.kind != BELFRY_JSON_ARRAY)
    {
      refuse (message, fault);
      return NULL;
    }
  belfry_json_iter_init (&iter, &array);
  while (belfry_json_iter_next (&iter, NULL, &value))
    {
      gint64 id;

      if (!belfry_json_value_get_int64 (&value, &id) || ids->len == BELFRY_IDS_MAX)
        {
          refuse (message, fault);
          return NULL;
        }
      g_array_append_val (ids, id);
    }
  if (ids->len == 0)
    {
      refuse (message, fault);
      return NULL;
    }
  return g_steal_pointer (&ids);
}

static void
append_unread (GString *json, gint64 unread, gint64 unread_at)
{
  g_string_append_printf (json,
                          "\"unreadCount\":%" G_GINT64_FORMAT ",\"unreadAt\":%" G_GINT64_FORMAT "}",
                          unread, unread_at);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) notifications = NULL;
  g_autoptr (GString) json = NULL;
  g_autofree char *user_json = NULL;
  gint64 total;
  gint64 unread;
  gint64 unread_at;
  gboolean more;

  notifications = belfry_notification_service_list_finish (
      BELFRY_NOTIFICATION_SERVICE (source), result, &total, &more, &unread, &unread_at, &error);
  if (notifications == NULL)
    {
      reply_store_error (call, error);
      return;
    }

  user_json = belfry_frame_user_json (belfry_message_get_user_id (call->message),
                                      call->handler->numeric_user_ids);
  json = g_string_new ("{\"notifications\":[");
  for (guint i = 0; i < notifications->len; i++)
    {
      g_string_append (json, i > 0 ? ",{" : "{");
      belfry_frame_append_notification (json, g_ptr_array_index (notifications, i), user_json);
      g_string_append_c (json, '}');
    }
  g_string_append_printf (json, "],\"total\":%" G_GINT64_FORMAT ",\"more\":%s,", total,
                          more ? "true" : "false");
  append_unread (json, unread, unread_at);
  belfry_message_reply_own (call->message, json->str);
}

static void
handle_list (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  gint64 before = G_MAXINT64;
  gint64 limit = LIST_DEFAULT;
  gboolean only_unread = FALSE;
  BelfryJsonValue value;

  if (!read_int (message, data, "before", 0, BELFRY_POSITION_MAX, &before)
      || !read_int (message, data, "limit", 1, LIST_MAX, &limit))
    return;
  if (belfry_json_lookup (data, "unread", &value)
      && !belfry_json_value_get_boolean (&value, &only_unread))
    {
      refuse (message, "unread: expected true or false");
      return;
    }
  belfry_notification_service_list_async (self->service, belfry_message_get_user_id (message),
                                          before, (guint) limit, BELFRY_ANSWER_MAX, only_unread,
                                          NULL, NULL, on_listed, call_new (self, message));
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) json = NULL;
  gint64 unread_at;
  gint64 unread = belfry_notification_service_count_unread_finish (
      BELFRY_NOTIFICATION_SERVICE (source), result, &unread_at, &error);

  if (unread < 0)
    {
      reply_store_error (call, error);
      return;
    }
  json = g_string_new ("{");
  append_unread (json, unread, unread_at);
  belfry_message_reply_own (call->message, json->str);
}

static void
handle_unread_count (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  belfry_notification_service_count_unread_async (self->service,
                                                  belfry_message_get_user_id (message), NULL,
                                                  on_counted, call_new (self, message));
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Call) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) json = NULL;
  gint64 count = belfry_notification_service_change_finish (BELFRY_NOTIFICATION_SERVICE (source),
                                                            result, &error);

  if (count < 0)
    {
      reply_store_error (call, error);
      return;
    }
  json = g_string_new ("{\"count\":");
  belfry_json_append_int (json, count);
  g_string_append_c (json, '}');
  belfry_message_reply_own (call->message, json->str);
}

/* Does with some of the user's notifications what @change does. */
static void
change_some (BelfryInboxHandler *self,
             BelfryMessage *message,
             const BelfryJsonValue *data,
             BelfryNotificationServiceChange change)
{
  g_autoptr (GArray) ids = read_ids (message, data);

  if (ids != NULL)
    change (self->service, belfry_message_get_user_id (message), (gint64 *) (gpointer) ids->data,
            ids->len, NULL, on_changed, call_new (self, message));
}

static void
handle_mark_read (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  change_some (self, message, data, belfry_notification_service_mark_read_async);
}

static void
handle_mark_unread (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  change_some (self, message, data, belfry_notification_service_mark_unread_async);
}

static void
handle_remove (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  change_some (self, message, data, belfry_notification_service_remove_async);
}

static void
handle_mark_all_read (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data)
{
  gint64 up_to = G_MAXINT64;

  if (!read_int (message, data, "upTo", 0, BELFRY_POSITION_MAX, &up_to))
    return;
  belfry_notification_service_mark_all_read_async (self->service,
                                                   belfry_message_get_user_id (message), up_to,
                                                   NULL, on_changed, call_new (self, message));
}

static const struct
{
  const char *type;
  void (*handle) (BelfryInboxHandler *self, BelfryMessage *message, const BelfryJsonValue *data);
} requests[] = {
  { "list", handle_list },
  { "mark_read", handle_mark_read },
  { "mark_unread", handle_mark_unread },
  { "remove", handle_remove },
  { "mark_all_read", handle_mark_all_read },
  { "unread_count", handle_unread_count },
};

/* Answers @message, whoever sent it, if it is one of the built-in requests. */
BelfryHandlerResult
belfry_inbox_handler_answer (BelfryInboxHandler *self, BelfryMessage *message)
{
  const char *type = belfry_message_get_message_type (message);
  BelfryJsonValue data;

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    if (g_str_equal (type, requests[i].type))
      {
        if (!belfry_json_scan (belfry_message_get_data (message), -1, BELFRY_JSON_MAX_DEPTH, &data,
                               NULL))
          return BELFRY_HANDLER_RESULT_REFUSED;
        /* A list behind a mark_read must show it. */
        belfry_message_set_in_order (message);
        requests[i].handle (self, message, &data);
        return BELFRY_HANDLER_RESULT_TAKEN;
      }
  return BELFRY_HANDLER_RESULT_NOT_MINE;
}

static BelfryHandlerResult
belfry_inbox_handler_handle_message (BelfryMessageHandler *handler,
                                     BelfrySession *session,
                                     BelfryMessage *message)
{
  return belfry_inbox_handler_answer (BELFRY_INBOX_HANDLER (handler), message);
}

static void
belfry_inbox_handler_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = belfry_inbox_handler_handle_message;
}

static void
belfry_inbox_handler_finalize (GObject *object)
{
  g_clear_object (&BELFRY_INBOX_HANDLER (object)->service);

  G_OBJECT_CLASS (belfry_inbox_handler_parent_class)->finalize (object);
}

static void
belfry_inbox_handler_class_init (BelfryInboxHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_inbox_handler_finalize;
}

static void
belfry_inbox_handler_init (BelfryInboxHandler *self)
{
}

BelfryMessageHandler *
belfry_inbox_handler_new (BelfryNotificationService *service, gboolean numeric_user_ids)
{
  BelfryInboxHandler *self = g_object_new (BELFRY_TYPE_INBOX_HANDLER, NULL);

  self->service = g_object_ref (service);
  self->numeric_user_ids = numeric_user_ids;
  return BELFRY_MESSAGE_HANDLER (self);
}
