/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-change.h"

G_BEGIN_DECLS

typedef enum
{
  BELFRY_CHANGE_CREATED,
  BELFRY_CHANGE_UPDATED, /* its content changed, or it was marked unread */
  BELFRY_CHANGE_READ,
  BELFRY_CHANGE_REMOVED,
} BelfryChangeKind;

struct _BelfryChange
{
  gatomicrefcount ref_count;
  BelfryChangeKind kind;
  char *user_id;
  gint64 previous;                  /* the user's newest position before this change */
  gint64 position;                  /* the one after it: that of its last row */
  gint64 unread;                    /* the user's unread count after it */
  BelfryNotification *notification; /* created, updated */
  GArray *ids;                      /* of gint64, in the order of their positions: all kinds */
};

BelfryChange *belfry_change_new (BelfryChangeKind kind, const char *user_id);

G_END_DECLS
