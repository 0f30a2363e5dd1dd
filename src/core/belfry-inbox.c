/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-private.h"

#include "belfry-frames.h"
#include "belfry-session-private.h"

/**
 * BelfryInbox:
 *
 * The sessions of one user. It exists only while the user has one.
 *
 * Since: 0.1
 */
struct _BelfryInbox
{
  GObject parent_instance;

  char *user_id;
  char *user_json; /* the user id as it stands in frames */
  BelfryConnectionLimit *limit;
  GQueue sessions; /* of the links in the sessions */
};

G_DEFINE_FINAL_TYPE (BelfryInbox, belfry_inbox, G_TYPE_OBJECT)

static void
belfry_inbox_finalize (GObject *object)
{
  BelfryInbox *self = BELFRY_INBOX (object);

  g_free (self->user_id);
  g_free (self->user_json);
  belfry_connection_limit_unref (self->limit);

  G_OBJECT_CLASS (belfry_inbox_parent_class)->finalize (object);
}

static void
belfry_inbox_class_init (BelfryInboxClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_inbox_finalize;
}

static void
belfry_inbox_init (BelfryInbox *self)
{
}

BelfryInbox *
belfry_inbox_new (const char *user_id, gboolean numeric_user_id, guint max_connections)
{
  BelfryInbox *self = g_object_new (BELFRY_TYPE_INBOX, NULL);

  self->user_id = g_strdup (user_id);
  self->user_json = belfry_frame_user_json (user_id, numeric_user_id);
  self->limit = belfry_connection_limit_new (max_connections);
  return self;
}

const char *
belfry_inbox_get_user_json (BelfryInbox *self)
{
  return self->user_json;
}

BelfryConnectionLimit *
belfry_inbox_get_limit (BelfryInbox *self)
{
  return self->limit;
}

GQueue *
belfry_inbox_get_sessions (BelfryInbox *self)
{
  return &self->sessions;
}

/* The frame that tells @change as it happens: the same for all sessions. */
GBytes *
belfry_inbox_encode (BelfryInbox *self, BelfryChange *change)
{
  const BelfryFrameCounts counts = { change->position, change->unread, BELFRY_COUNTED_AT_POSITION };
  const gint64 *ids = (const gint64 *) (gpointer) change->ids->data;

  switch (change->kind)
    {
    case BELFRY_CHANGE_CREATED:
      return belfry_frame_notification ("notification_received", change->notification,
                                        self->user_json, &counts);
    case BELFRY_CHANGE_UPDATED:
      return belfry_frame_notification ("notification_updated", change->notification,
                                        self->user_json, &counts);
    case BELFRY_CHANGE_READ:
      return belfry_frame_ids ("notifications_read", ids, change->ids->len, &counts);
    case BELFRY_CHANGE_REMOVED:
      return belfry_frame_ids ("notifications_removed", ids, change->ids->len, &counts);
    default:
      g_assert_not_reached ();
    }
}

/* Tells every session of the user. The frame is encoded once, if anybody takes it. */
void
belfry_inbox_deliver (BelfryInbox *self, BelfryChange *change)
{
  g_autoptr (GBytes) frame = NULL;

  for (GList *link = self->sessions.head; link != NULL; link = link->next)
    belfry_session_deliver (link->data, change, &frame);
}

/**
 * belfry_inbox_get_user_id:
 * @self: an inbox
 *
 * Gets whose it is.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_inbox_get_user_id (BelfryInbox *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX (self), NULL);

  return self->user_id;
}

/**
 * belfry_inbox_get_n_sessions:
 * @self: an inbox
 *
 * Gets how many sessions the user has.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
belfry_inbox_get_n_sessions (BelfryInbox *self)
{
  g_return_val_if_fail (BELFRY_IS_INBOX (self), 0);

  return self->sessions.length;
}
