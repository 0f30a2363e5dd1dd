/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-grant.h"

#include <gio/gio.h>

struct _BelfryBusGrant
{
  gboolean for_all;
  GPtrArray *rights; /* of all callers: they keep those of this one */
  GPtrArray *own;    /* of BelfryBusRight, unowned */
  char *refusal;     /* why there are none */
};

static BelfryBusGrant *
grant_new (void)
{
  return g_atomic_rc_box_new0 (BelfryBusGrant);
}

/* Without any limit. */
BelfryBusGrant *
belfry_bus_grant_new_for_all (void)
{
  BelfryBusGrant *self = grant_new ();

  self->for_all = TRUE;
  return self;
}

BelfryBusGrant *
belfry_bus_grant_new_for_none (const char *reason)
{
  BelfryBusGrant *self = grant_new ();

  self->own = g_ptr_array_new ();
  self->refusal = g_strdup (reason);
  return self;
}

/* That of a process: of its user, and of its system unit, if it has one. */
BelfryBusGrant *
belfry_bus_grant_new (GPtrArray *rights, uid_t uid, const char *unit)
{
  BelfryBusGrant *self = grant_new ();

  self->rights = g_ptr_array_ref (rights);
  self->own = g_ptr_array_new ();
  for (guint i = 0; i < rights->len; i++)
    if (belfry_bus_right_is_for (g_ptr_array_index (rights, i), uid, unit))
      g_ptr_array_add (self->own, g_ptr_array_index (rights, i));
  if (self->own->len == 0)
    self->refusal = g_strdup_printf ("user %u is no worker here: see --allow-worker", (guint) uid);
  return self;
}

BelfryBusGrant *
belfry_bus_grant_ref (BelfryBusGrant *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
grant_clear (gpointer data)
{
  BelfryBusGrant *self = data;

  g_clear_pointer (&self->own, g_ptr_array_unref);
  g_clear_pointer (&self->rights, g_ptr_array_unref);
  g_free (self->refusal);
}

void
belfry_bus_grant_unref (BelfryBusGrant *self)
{
  g_atomic_rc_box_release_full (self, grant_clear);
}

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, text);
  return FALSE;
}

gboolean
belfry_bus_grant_check_worker (BelfryBusGrant *self, GError **error)
{
  return self->for_all || self->own->len > 0 || refuse (error, self->refusal);
}

gboolean
belfry_bus_grant_check_administrator (BelfryBusGrant *self, GError **error)
{
  return self->for_all
         || refuse (error, "Administration is for root and the user that Belfry runs as");
}

/* @type: (nullable): NULL asks for any */
static gboolean
fits (const BelfryBusRight *right, const char *type, const char *user_id)
{
  return (type == NULL || belfry_bus_right_has_type (right, type))
         && g_str_has_prefix (user_id, belfry_bus_right_get_user_prefix (right));
}

/* Whether messages of @type, or of any if it is NULL, are allowed for @user_id: by one right, that
 * is for both. */
gboolean
belfry_bus_grant_allows (BelfryBusGrant *self, const char *type, const char *user_id)
{
  if (self->for_all)
    return TRUE;
  for (guint i = 0; i < self->own->len; i++)
    if (fits (g_ptr_array_index (self->own, i), type, user_id))
      return TRUE;
  return FALSE;
}

/* Whether @type is allowed, be it for some users only. */
gboolean
belfry_bus_grant_check_type (BelfryBusGrant *self, const char *type, GError **error)
{
  if (!belfry_bus_grant_check_worker (self, error))
    return FALSE;
  if (self->for_all)
    return TRUE;
  for (guint i = 0; i < self->own->len; i++)
    if (belfry_bus_right_has_type (g_ptr_array_index (self->own, i), type))
      return TRUE;
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
               "type: “%s” is none of yours: see --allow-worker", type);
  return FALSE;
}

/* Returns: (transfer full): what users' ids have to begin with, for a person to read */
static char *
describe_prefixes (BelfryBusGrant *self, const char *type)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->own->len; i++)
    {
      const BelfryBusRight *right = g_ptr_array_index (self->own, i);

      if (type != NULL && !belfry_bus_right_has_type (right, type))
        continue;
      g_string_append_printf (text, "%s“%s”", text->len > 0 ? " or " : "",
                              belfry_bus_right_get_user_prefix (right));
    }
  return g_string_free (text, FALSE);
}

/* Whether all that begins with @user_id is within one right, also for @type unless it is NULL.
 *
 * @argument: what the refusal calls @user_id */
gboolean
belfry_bus_grant_check_user (BelfryBusGrant *self,
                             const char *type,
                             const char *argument,
                             const char *user_id,
                             GError **error)
{
  g_autofree char *prefixes = NULL;

  if (self->for_all)
    return TRUE;
  if (!belfry_bus_grant_check_worker (self, error)
      || (type != NULL && !belfry_bus_grant_check_type (self, type, error)))
    return FALSE;
  if (belfry_bus_grant_allows (self, type, user_id))
    return TRUE;
  prefixes = describe_prefixes (self, type);
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "%s: “%s” does not begin with %s",
               argument, user_id, prefixes);
  return FALSE;
}

/* As belfry_bus_grant_check_user() for all users there are.
 *
 * @what: what is for all of them */
gboolean
belfry_bus_grant_check_everybody (BelfryBusGrant *self,
                                  const char *type,
                                  const char *what,
                                  GError **error)
{
  g_autofree char *prefixes = NULL;

  if (self->for_all)
    return TRUE;
  if (!belfry_bus_grant_check_worker (self, error)
      || (type != NULL && !belfry_bus_grant_check_type (self, type, error)))
    return FALSE;
  if (belfry_bus_grant_allows (self, type, ""))
    return TRUE;
  prefixes = describe_prefixes (self, type);
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
               "%s is for all users, and yours begin with %s", what, prefixes);
  return FALSE;
}
