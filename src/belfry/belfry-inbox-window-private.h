/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-notification.h"

G_BEGIN_DECLS

/* A list of notifications that is sorted by id, the highest first, and how it takes in what was
 * read: whoever looks at it is told of what differs, and of nothing else. */

gboolean belfry_inbox_window_find (GListStore *items, gint64 id, guint *position);

void belfry_inbox_window_merge (GListStore *items, gint64 from, gint64 before, GPtrArray *page);

G_END_DECLS
