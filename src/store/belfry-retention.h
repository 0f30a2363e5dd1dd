/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an operator no longer wants to keep of each user. */
typedef struct
{
  guint days;      /* notifications older than this go; 0: none does */
  guint count;     /* all but the newest so many go; 0: none does */
  gboolean unread; /* whether unread ones go, too */
} BelfryRetention;

G_END_DECLS
