/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client.h"

G_BEGIN_DECLS

/* One look into an inbox: a part of the list, and how many are unread. */
typedef struct
{
  gint64 before;
  guint limit;
  GPtrArray *page; /* (nullable): with an error */
  gint64 from;     /* these are all between this id and @before; 0: the bottom is reached */
  gint64 total;
  gint64 unread;
  GError *error; /* (nullable) */
} BelfryInboxRead;

typedef void (*BelfryInboxReadFunc) (GObject *reader, BelfryInboxRead *read);

void belfry_inbox_read_start (BelfryClient *client,
                              const char *user_id,
                              gint64 before,
                              guint limit,
                              GCancellable *cancellable,
                              BelfryInboxReadFunc func,
                              GObject *reader);

G_END_DECLS
