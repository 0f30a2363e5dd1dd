/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-change-private.h"

/* By hand: G_DEFINE_BOXED_TYPE is no ISO C. */
GType
belfry_change_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_boxed_type_register_static (g_intern_static_string ("BelfryChange"),
                                                            (GBoxedCopyFunc) belfry_change_ref,
                                                            (GBoxedFreeFunc) belfry_change_unref));
  return type;
}

BelfryChange *
belfry_change_new (BelfryChangeKind kind, const char *user_id)
{
  BelfryChange *self = g_new0 (BelfryChange, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->user_id = g_strdup (user_id);
  self->ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), 1);
  return self;
}

/**
 * belfry_change_ref:
 * @self: a change
 *
 * Takes a reference.
 *
 * Returns: (transfer full): the same change
 *
 * Since: 0.1
 */
BelfryChange *
belfry_change_ref (BelfryChange *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * belfry_change_unref:
 * @self: (transfer full): a change
 *
 * Gives a reference back.
 *
 * Since: 0.1
 */
void
belfry_change_unref (BelfryChange *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->user_id);
  g_clear_object (&self->notification);
  g_array_unref (self->ids);
  g_free (self);
}

/**
 * belfry_change_get_user_id:
 * @self: a change
 *
 * Gets whose inbox changed.
 *
 * Returns: (transfer none): the user id
 *
 * Since: 0.1
 */
const char *
belfry_change_get_user_id (BelfryChange *self)
{
  return self->user_id;
}

/**
 * belfry_change_get_notification:
 * @self: a change
 *
 * Gets the notification that was created or updated.
 *
 * Returns: (transfer none) (nullable): the notification, or %NULL where several were read or
 *   removed
 *
 * Since: 0.1
 */
BelfryNotification *
belfry_change_get_notification (BelfryChange *self)
{
  return self->notification;
}

/**
 * belfry_change_get_ids:
 * @self: a change
 * @n_ids: (out): how many there are, 1 to 1,000
 *
 * Gets the notifications that changed.
 *
 * Returns: (transfer none) (array length=n_ids): their ids
 *
 * Since: 0.1
 */
const gint64 *
belfry_change_get_ids (BelfryChange *self, gsize *n_ids)
{
  *n_ids = self->ids->len;
  return (const gint64 *) (gpointer) self->ids->data;
}

/**
 * belfry_change_get_position:
 * @self: a change
 *
 * Gets the position of the change: positions of one user grow in the order of the commits.
 *
 * Returns: the position, below 2^53
 *
 * Since: 0.1
 */
gint64
belfry_change_get_position (BelfryChange *self)
{
  return self->position;
}

/**
 * belfry_change_get_unread_count:
 * @self: a change
 *
 * Gets how many unread notifications the user has after the change.
 *
 * Returns: the count
 *
 * Since: 0.1
 */
gint64
belfry_change_get_unread_count (BelfryChange *self)
{
  return self->unread;
}
