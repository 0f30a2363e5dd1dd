/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BelfryWatch BelfryWatch;

/* What an epoll event points to; it is embedded in what owns the fd. A ready function only notes
 * what has happened: it must not free any watch, as later events of the same batch may be for it.
 */
struct _BelfryWatch
{
  void (*ready) (BelfryWatch *watch, guint32 events);
};

#define BELFRY_WATCH_OWNER(watch, type, member) \
  ((type *) (gpointer) ((char *) (watch) -G_STRUCT_OFFSET (type, member)))

G_END_DECLS
