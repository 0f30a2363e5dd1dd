/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-right.h"

#include <glib/gi18n-lib.h>
#include <pwd.h>
#include <string.h>

#include "belfry-argument.h"
#include "belfry-error.h"

#define UNIT_SUFFIX ".service"
#define UNIT_MAX    255 /* bytes, of systemd */

struct _BelfryBusRight
{
  uid_t uid;
  char *unit;        /* or NULL, when it is for @uid */
  char **types;      /* or NULL for all */
  char *user_prefix; /* or NULL for everybody */
};

static gboolean
set_fault (GError **error, const char *word, const char *expected)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, _ ("“%s”: expected %s"), word,
               _ (expected));
  return FALSE;
}

static gboolean
read_uid (BelfryBusRight *self, const char *word, const char *value, GError **error)
{
  const struct passwd *user;
  guint64 number;

  /* The last number stands for nobody at all. */
  if (g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    {
      self->uid = (uid_t) number;
      return TRUE;
    }
  user = getpwnam (value);
  if (user == NULL)
    return set_fault (error, word, N_ ("the number or the name of a user; there is no such one"));
  self->uid = user->pw_uid;
  return TRUE;
}

static gboolean
read_unit (BelfryBusRight *self, const char *word, const char *value, GError **error)
{
  gsize length = strlen (value);

  if (length <= strlen (UNIT_SUFFIX) || length > UNIT_MAX || !g_str_has_suffix (value, UNIT_SUFFIX)
      || value[strspn (value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ":-_.\\@")] != '\0')
    return set_fault (error, word, N_ ("unit:NAME.service"));
  self->unit = g_strdup (value);
  return TRUE;
}

static gboolean
read_who (BelfryBusRight *self, const char *word, GError **error)
{
  if (g_str_has_prefix (word, "uid:"))
    return read_uid (self, word, word + strlen ("uid:"), error);
  if (g_str_has_prefix (word, "unit:"))
    return read_unit (self, word, word + strlen ("unit:"), error);
  return set_fault (error, word, N_ ("first uid:NUMBER, uid:NAME or unit:NAME.service"));
}

static gboolean
read_types (BelfryBusRight *self, const char *word, const char *value, GError **error)
{
  g_auto (GStrv) types = g_strsplit (value, ",", -1);

  if (self->types != NULL || types[0] == NULL)
    return set_fault (error, word, N_ ("types: once, and types with commas between behind it"));
  for (guint i = 0; types[i] != NULL; i++)
    if (!belfry_argument_check_type (types[i], NULL)
        || (belfry_type_is_reserved (types[i])
            && !g_str_equal (types[i], BELFRY_BUS_NOTIFICATIONS_TYPE)))
      return set_fault (
          error, word,
          N_ ("types of 1 to 64 of [a-z0-9_.-], with commas between, and of Belfry's own "
              "none but notification_received"));
  self->types = g_steal_pointer (&types);
  return TRUE;
}

static gboolean
read_users (BelfryBusRight *self, const char *word, const char *value, GError **error)
{
  if (self->user_prefix != NULL || !belfry_argument_check_user_id (value, NULL))
    return set_fault (error, word, N_ ("users: once, and what user ids begin with behind it"));
  self->user_prefix = g_strdup (value);
  return TRUE;
}

static gboolean
read_limit (BelfryBusRight *self, const char *word, GError **error)
{
  if (g_str_has_prefix (word, "types:"))
    return read_types (self, word, word + strlen ("types:"), error);
  if (g_str_has_prefix (word, "users:"))
    return read_users (self, word, word + strlen ("users:"), error);
  return set_fault (error, word, N_ ("types:TYPE,… or users:PREFIX"));
}

/* Reads one entry: words with spaces between, of which the first says who. Names of users are
 * looked up, which may block. An error names the word that is at fault. */
BelfryBusRight *
belfry_bus_right_parse (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t", -1);
  BelfryBusRight *self = g_new0 (BelfryBusRight, 1);
  gboolean has_who = FALSE;

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (*words[i] == '\0')
        continue;
      if (!(has_who ? read_limit (self, words[i], error) : read_who (self, words[i], error)))
        {
          belfry_bus_right_free (self);
          return NULL;
        }
      has_who = TRUE;
    }
  if (has_who)
    return self;
  set_fault (error, text, N_ ("uid:NUMBER, uid:NAME or unit:NAME.service"));
  belfry_bus_right_free (self);
  return NULL;
}

void
belfry_bus_right_free (BelfryBusRight *self)
{
  g_free (self->unit);
  g_strfreev (self->types);
  g_free (self->user_prefix);
  g_free (self);
}

gboolean
belfry_bus_right_needs_unit (const BelfryBusRight *self)
{
  return self->unit != NULL;
}

/* @unit: (nullable): the system unit that the process belongs to */
gboolean
belfry_bus_right_is_for (const BelfryBusRight *self, uid_t uid, const char *unit)
{
  if (self->unit != NULL)
    return g_strcmp0 (self->unit, unit) == 0;
  return self->uid == uid;
}

gboolean
belfry_bus_right_has_type (const BelfryBusRight *self, const char *type)
{
  return self->types == NULL || g_strv_contains ((const char *const *) self->types, type);
}

/* What the ids of all users that it is for begin with: "" if it is for everybody. */
const char *
belfry_bus_right_get_user_prefix (const BelfryBusRight *self)
{
  return self->user_prefix != NULL ? self->user_prefix : "";
}
