/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-open-calls.h"

/* Returns: (transfer full): none; free it with g_hash_table_unref() */
BelfryOpenCalls *
belfry_open_calls_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/* Returns: FALSE if the user has @max already */
gboolean
belfry_open_calls_add (BelfryOpenCalls *self, const char *user_id, guint max)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self, user_id));

  if (n >= max)
    return FALSE;
  g_hash_table_insert (self, g_strdup (user_id), GUINT_TO_POINTER (n + 1));
  return TRUE;
}

void
belfry_open_calls_remove (BelfryOpenCalls *self, const char *user_id)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self, user_id)) - 1;

  if (n > 0)
    g_hash_table_insert (self, g_strdup (user_id), GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (self, user_id);
}
