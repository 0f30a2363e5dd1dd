/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-session-private.h"

#include "belfry-error.h"
#include "belfry-frames.h"
#include "belfry-session-registry-private.h"

/**
 * BelfrySession:
 *
 * One registered client, mostly a browser tab: from its `register` until its connection ends or it
 * registers as another user.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (BelfrySession, belfry_session, G_TYPE_OBJECT)

static void
belfry_session_finalize (GObject *object)
{
  BelfrySession *self = BELFRY_SESSION (object);

  g_clear_object (&self->inbox);
  g_clear_pointer (&self->slot, belfry_connection_slot_free);
  g_free (self->id);
  g_free (self->peer);

  G_OBJECT_CLASS (belfry_session_parent_class)->finalize (object);
}

static void
belfry_session_class_init (BelfrySessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_session_finalize;
}

static void
belfry_session_init (BelfrySession *self)
{
  self->in_inbox.data = self;
  self->id = g_uuid_string_random ();
}

/* A session that its user's inbox knows from now on, and whose client does not: it is catching up
 * until belfry_session_start(). Takes @slot over. */
BelfrySession *
belfry_session_new (BelfrySessionRegistry *registry,
                    BelfryConnection *connection,
                    BelfryInbox *inbox,
                    BelfryConnectionSlot *slot)
{
  BelfrySession *self = g_object_new (BELFRY_TYPE_SESSION, NULL);

  self->registry = registry;
  self->connection = connection;
  self->inbox = g_object_ref (inbox);
  self->slot = slot;
  self->peer = g_strdup (belfry_connection_get_peer (connection));
  self->connected_at = belfry_connection_get_connected_at (connection);
  belfry_session_registry_add (registry, self);
  return self;
}

/* Takes the session out of everything that knows it, and gives its place back. */
void
belfry_session_end (BelfrySession *self)
{
  BelfrySessionRegistry *registry = g_steal_pointer (&self->registry);

  if (registry == NULL)
    return;
  self->connection = NULL;
  g_clear_pointer (&self->slot, belfry_connection_slot_free);
  belfry_session_registry_remove (registry, self);
}

/* Sends what is not stored. Returns: whether there was room for it */
gboolean
belfry_session_send_frame (BelfrySession *self, GBytes *text)
{
  if (!self->registered || self->connection == NULL
      || !belfry_connection_has_credit (self->connection, g_bytes_get_size (text)))
    return FALSE;
  belfry_connection_send (self->connection, text);
  return TRUE;
}

/**
 * belfry_session_get_id:
 * @self: a session
 *
 * Gets its id, a UUID.
 *
 * Returns: (transfer none): the id
 *
 * Since: 0.1
 */
const char *
belfry_session_get_id (BelfrySession *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION (self), NULL);

  return self->id;
}

/**
 * belfry_session_get_user_id:
 * @self: a session
 *
 * Gets the user as whom it is registered.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_session_get_user_id (BelfrySession *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION (self), NULL);

  return belfry_inbox_get_user_id (self->inbox);
}

/**
 * belfry_session_get_connected_at:
 * @self: a session
 *
 * Gets since when its connection is open.
 *
 * Returns: microseconds since 1970, UTC
 *
 * Since: 0.1
 */
gint64
belfry_session_get_connected_at (BelfrySession *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION (self), 0);

  return self->connected_at;
}

/**
 * belfry_session_get_peer:
 * @self: a session
 *
 * Gets from where the client is connected.
 *
 * Returns: (transfer none): an address, with a port where it is known
 *
 * Since: 0.1
 */
const char *
belfry_session_get_peer (BelfrySession *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION (self), NULL);

  return self->peer;
}

/**
 * belfry_session_get_live:
 * @self: a session
 *
 * Gets whether the client has everything that there is for its user, so that changes reach it as
 * they happen. Otherwise it is catching up.
 *
 * Returns: %TRUE if it is live
 *
 * Since: 0.1
 */
gboolean
belfry_session_get_live (BelfrySession *self)
{
  g_return_val_if_fail (BELFRY_IS_SESSION (self), FALSE);

  return self->registered && self->cursor.live;
}

/**
 * belfry_session_send:
 * @self: a session
 * @type: a message type of yours: 1 to 64 of `[a-z0-9_.-]`, and none of Belfry's own
 * @data: the content: one JSON object as UTF-8 text, at most 32 deep and as long as
 *   the data of a notification
 * @error: return location for an error
 *
 * Sends a message to the client. It is not stored: if the session has ended or its client does not
 * read, the message is dropped.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, %BELFRY_ERROR_TOO_LARGE, %BELFRY_ERROR_NOT_FOUND if the
 * session has ended, %BELFRY_ERROR_BUSY if its client has not read what was sent before.
 *
 * Returns: %TRUE if the message is on its way, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_session_send (BelfrySession *self, const char *type, const char *data, GError **error)
{
  g_autoptr (GBytes) text = NULL;

  g_return_val_if_fail (BELFRY_IS_SESSION (self), FALSE);
  g_return_val_if_fail (type != NULL && data != NULL, FALSE);

  if (self->registry == NULL)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND, "session %s has ended", self->id);
      return FALSE;
    }
  text = belfry_session_registry_encode (self->registry, type, data, error);
  if (text == NULL)
    return FALSE;
  if (!belfry_session_send_frame (self, text))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                   "session %s does not read what is sent to it", self->id);
      return FALSE;
    }
  return TRUE;
}

/**
 * belfry_session_disconnect:
 * @self: a session
 * @reason: what the client is told, UTF-8
 *
 * Ends the session and closes its connection: the client gets the error `DISCONNECTED`, and stays
 * away. Does nothing if the session has ended already.
 *
 * Since: 0.1
 */
void
belfry_session_disconnect (BelfrySession *self, const char *reason)
{
  g_return_if_fail (BELFRY_IS_SESSION (self));
  g_return_if_fail (reason != NULL);

  if (self->connection != NULL)
    belfry_connection_close (self->connection, BELFRY_CLOSE_DISCONNECTED, NULL, reason);
}
