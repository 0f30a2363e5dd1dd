/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the writer knows of the users that it has dealt with lately. As nobody else writes to the
 * database, it is always right; what it doesn't know is read again. */
typedef struct
{
  char *id;
  gint64 key;
  gint64 position;
  gint64 horizon;
  gint64 unread;
  gint64 total;
  guint tail;         /* how many of its notifications its row does not count */
  gboolean unsettled; /* its row is to be written in this transaction */
} BelfryUser;

typedef struct _BelfryUserCache BelfryUserCache;

BelfryUserCache *belfry_user_cache_new (void);
void belfry_user_cache_free (BelfryUserCache *self);

BelfryUser *belfry_user_cache_lookup (BelfryUserCache *self, const char *id);
BelfryUser *belfry_user_cache_add (BelfryUserCache *self, const BelfryUser *user);
void belfry_user_cache_remove (BelfryUserCache *self, const char *id);
void belfry_user_cache_trim (BelfryUserCache *self);
void belfry_user_cache_clear (BelfryUserCache *self);

G_END_DECLS
