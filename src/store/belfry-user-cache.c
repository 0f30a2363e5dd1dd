/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-user-cache.h"

/* Half of the users that are kept at most. */
#define GENERATION 16384

/* Two generations: a user that is asked for moves to the young one; when that is full it becomes
 * the old one, and who was not asked for meanwhile is forgotten. */
struct _BelfryUserCache
{
  GHashTable *young;
  GHashTable *old;
};

static void
user_free (gpointer data)
{
  BelfryUser *user = data;

  g_free (user->id);
  g_free (user);
}

static GHashTable *
new_generation (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, user_free);
}

BelfryUserCache *
belfry_user_cache_new (void)
{
  BelfryUserCache *self = g_new0 (BelfryUserCache, 1);

  self->young = new_generation ();
  self->old = new_generation ();
  return self;
}

void
belfry_user_cache_free (BelfryUserCache *self)
{
  g_hash_table_unref (self->young);
  g_hash_table_unref (self->old);
  g_free (self);
}

/* Returns: (transfer none) (nullable): the user, valid until the next trim or clear */
BelfryUser *
belfry_user_cache_lookup (BelfryUserCache *self, const char *id)
{
  BelfryUser *user = g_hash_table_lookup (self->young, id);

  if (user != NULL)
    return user;
  if (!g_hash_table_steal_extended (self->old, id, NULL, (gpointer *) &user))
    return NULL;
  g_hash_table_insert (self->young, user->id, user);
  return user;
}

/* Adds a copy of @user, who must not be there. */
BelfryUser *
belfry_user_cache_add (BelfryUserCache *self, const BelfryUser *user)
{
  BelfryUser *copy = g_memdup2 (user, sizeof *user);

  copy->id = g_strdup (user->id);
  g_hash_table_insert (self->young, copy->id, copy);
  return copy;
}

/* The user is erased. */
void
belfry_user_cache_remove (BelfryUserCache *self, const char *id)
{
  g_hash_table_remove (self->young, id);
  g_hash_table_remove (self->old, id);
}

/* Forgets whom nobody has asked for lately, if there are too many. */
void
belfry_user_cache_trim (BelfryUserCache *self)
{
  if (g_hash_table_size (self->young) < GENERATION)
    return;
  g_hash_table_unref (self->old);
  self->old = self->young;
  self->young = new_generation ();
}

void
belfry_user_cache_clear (BelfryUserCache *self)
{
  g_hash_table_remove_all (self->young);
  g_hash_table_remove_all (self->old);
}
