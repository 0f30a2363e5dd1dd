/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-notification-private.h"

#include "belfry-error.h"

/**
 * BelfryNotification:
 *
 * A notification as it stands in a user's inbox at one moment.
 *
 * It never changes: when the notification is read or updated, Belfry makes a new object with a
 * higher [property@Belfry.Notification:position]. So it may be kept, and handed to other threads.
 *
 * Since: 0.1
 */
struct _BelfryNotification
{
  GObject parent_instance;

  gint64 id;
  gint64 position;
  gint64 created_at;
  gint64 expires_at;
  char *user_id;
  char *data;
  char *tag;
  gboolean read;
};

G_DEFINE_FINAL_TYPE (BelfryNotification, belfry_notification, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ID,
  PROP_USER_ID,
  PROP_DATA,
  PROP_CREATED_AT,
  PROP_READ,
  PROP_POSITION,
  PROP_TAG,
  PROP_EXPIRES_AT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
belfry_notification_finalize (GObject *object)
{
  BelfryNotification *self = BELFRY_NOTIFICATION (object);

  g_free (self->user_id);
  g_free (self->data);
  g_free (self->tag);

  G_OBJECT_CLASS (belfry_notification_parent_class)->finalize (object);
}

static void
belfry_notification_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  BelfryNotification *self = BELFRY_NOTIFICATION (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_int64 (value, self->id);
      break;
    case PROP_USER_ID:
      g_value_set_string (value, self->user_id);
      break;
    case PROP_DATA:
      g_value_set_string (value, self->data);
      break;
    case PROP_CREATED_AT:
      g_value_set_int64 (value, self->created_at);
      break;
    case PROP_READ:
      g_value_set_boolean (value, self->read);
      break;
    case PROP_POSITION:
      g_value_set_int64 (value, self->position);
      break;
    case PROP_TAG:
      g_value_set_string (value, self->tag);
      break;
    case PROP_EXPIRES_AT:
      g_value_set_int64 (value, self->expires_at);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
belfry_notification_class_init (BelfryNotificationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = belfry_notification_finalize;
  object_class->get_property = belfry_notification_get_property;

  /**
   * BelfryNotification:id:
   *
   * Its number, unique over all users and below 2^53. Within one user a newer notification has a
   * higher one.
   *
   * Since: 0.1
   */
  properties[PROP_ID] = g_param_spec_int64 ("id", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * BelfryNotification:user-id:
   *
   * Whose it is: 1 to 128 bytes of UTF-8.
   *
   * Since: 0.1
   */
  properties[PROP_USER_ID] = g_param_spec_string ("user-id", NULL, NULL, NULL, flags);

  /**
   * BelfryNotification:data:
   *
   * The content: one JSON object as text, byte for byte as the worker gave it.
   *
   * Since: 0.1
   */
  properties[PROP_DATA] = g_param_spec_string ("data", NULL, NULL, NULL, flags);

  /**
   * BelfryNotification:created-at:
   *
   * When it was created, in microseconds since 1970, UTC.
   *
   * Since: 0.1
   */
  properties[PROP_CREATED_AT] =
      g_param_spec_int64 ("created-at", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);

  /**
   * BelfryNotification:read:
   *
   * Whether the user has read it.
   *
   * Since: 0.1
   */
  properties[PROP_READ] = g_param_spec_boolean ("read", NULL, NULL, FALSE, flags);

  /**
   * BelfryNotification:position:
   *
   * The position of its latest change. It equals the id as long as nothing has changed.
   *
   * Since: 0.1
   */
  properties[PROP_POSITION] = g_param_spec_int64 ("position", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * BelfryNotification:tag:
   *
   * The tag under which a newer notification of the same user replaces it, or %NULL.
   *
   * Since: 0.1
   */
  properties[PROP_TAG] = g_param_spec_string ("tag", NULL, NULL, NULL, flags);

  /**
   * BelfryNotification:expires-at:
   *
   * When it goes by itself, in microseconds since 1970, UTC, or 0 for never.
   *
   * Since: 0.1
   */
  properties[PROP_EXPIRES_AT] =
      g_param_spec_int64 ("expires-at", NULL, NULL, 0, G_MAXINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
belfry_notification_init (BelfryNotification *self)
{
}

BelfryNotification *
belfry_notification_new (const BelfryNotificationFields *fields)
{
  /* The fields are set here and not as construct properties: this runs once for each delivery. */
  BelfryNotification *self = g_object_new (BELFRY_TYPE_NOTIFICATION, NULL);

  self->id = fields->id;
  self->user_id = g_strdup (fields->user_id);
  self->data = g_strdup (fields->data);
  self->created_at = fields->created_at;
  self->read = fields->read;
  self->position = fields->position;
  self->tag = g_strdup (fields->tag);
  self->expires_at = fields->expires_at;
  return self;
}

/* Reads the dictionary (a{sv}) that the bus interface gives for a notification. */
BelfryNotification *
belfry_notification_new_from_variant (GVariant *variant, GError **error)
{
  BelfryNotificationFields fields = { 0 };

  g_return_val_if_fail (g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT), NULL);

  if (!g_variant_lookup (variant, "id", "t", &fields.id)
      || !g_variant_lookup (variant, "user-id", "&s", &fields.user_id)
      || !g_variant_lookup (variant, "data", "&s", &fields.data)
      || !g_variant_lookup (variant, "created-at", "x", &fields.created_at)
      || !g_variant_lookup (variant, "read", "b", &fields.read)
      || !g_variant_lookup (variant, "position", "t", &fields.position))
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "a notification without id, user-id, data, created-at, read or "
                           "position");
      return NULL;
    }
  g_variant_lookup (variant, "tag", "&s", &fields.tag);
  g_variant_lookup (variant, "expires-at", "x", &fields.expires_at);
  return belfry_notification_new (&fields);
}

/* Returns: (transfer floating): the dictionary (a{sv}) for the bus interface */
GVariant *
belfry_notification_to_variant (BelfryNotification *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "id", g_variant_new_uint64 ((guint64) self->id));
  g_variant_builder_add (&builder, "{sv}", "user-id", g_variant_new_string (self->user_id));
  g_variant_builder_add (&builder, "{sv}", "data", g_variant_new_string (self->data));
  g_variant_builder_add (&builder, "{sv}", "created-at", g_variant_new_int64 (self->created_at));
  g_variant_builder_add (&builder, "{sv}", "read", g_variant_new_boolean (self->read));
  g_variant_builder_add (&builder, "{sv}", "position",
                         g_variant_new_uint64 ((guint64) self->position));
  if (self->tag != NULL)
    g_variant_builder_add (&builder, "{sv}", "tag", g_variant_new_string (self->tag));
  if (self->expires_at != 0)
    g_variant_builder_add (&builder, "{sv}", "expires-at", g_variant_new_int64 (self->expires_at));
  return g_variant_builder_end (&builder);
}

/**
 * belfry_notification_get_id: (get-property id)
 * @self: a notification
 *
 * Gets its number, unique over all users and below 2^53.
 *
 * Returns: the id
 *
 * Since: 0.1
 */
gint64
belfry_notification_get_id (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), 0);

  return self->id;
}

/**
 * belfry_notification_get_user_id: (get-property user-id)
 * @self: a notification
 *
 * Gets whose it is.
 *
 * Returns: (transfer none): the user id, 1 to 128 bytes of UTF-8
 *
 * Since: 0.1
 */
const char *
belfry_notification_get_user_id (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), NULL);

  return self->user_id;
}

/**
 * belfry_notification_get_data: (get-property data)
 * @self: a notification
 *
 * Gets the content.
 *
 * Returns: (transfer none): one JSON object as UTF-8 text, byte for byte as the worker gave it
 *
 * Since: 0.1
 */
const char *
belfry_notification_get_data (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), NULL);

  return self->data;
}

/**
 * belfry_notification_get_created_at: (get-property created-at)
 * @self: a notification
 *
 * Gets when it was created.
 *
 * Returns: microseconds since 1970, UTC
 *
 * Since: 0.1
 */
gint64
belfry_notification_get_created_at (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), 0);

  return self->created_at;
}

/**
 * belfry_notification_get_read: (get-property read)
 * @self: a notification
 *
 * Gets whether the user has read it.
 *
 * Returns: %TRUE if it was read
 *
 * Since: 0.1
 */
gboolean
belfry_notification_get_read (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), FALSE);

  return self->read;
}

/**
 * belfry_notification_get_position: (get-property position)
 * @self: a notification
 *
 * Gets the position of its latest change.
 *
 * Returns: the position; the id as long as nothing has changed
 *
 * Since: 0.1
 */
gint64
belfry_notification_get_position (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), 0);

  return self->position;
}

/**
 * belfry_notification_get_tag: (get-property tag)
 * @self: a notification
 *
 * Gets the tag under which a newer notification of the same user replaces it.
 *
 * Returns: (transfer none) (nullable): the tag
 *
 * Since: 0.1
 */
const char *
belfry_notification_get_tag (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), NULL);

  return self->tag;
}

/**
 * belfry_notification_get_expires_at: (get-property expires-at)
 * @self: a notification
 *
 * Gets when it goes by itself.
 *
 * Returns: microseconds since 1970, UTC, or 0 for never
 *
 * Since: 0.1
 */
gint64
belfry_notification_get_expires_at (BelfryNotification *self)
{
  g_return_val_if_fail (BELFRY_IS_NOTIFICATION (self), 0);

  return self->expires_at;
}
