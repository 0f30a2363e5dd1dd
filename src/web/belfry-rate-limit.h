/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A bucket of tokens: it holds BURST, and gets PER_SECOND more each second. It starts zeroed. */
#define BELFRY_RATE_PER_SECOND 50
#define BELFRY_RATE_BURST      200

typedef struct
{
  gint64 paid_until; /* monotonic, µs: so far the tokens that were taken reach */
} BelfryRateLimit;

gboolean belfry_rate_limit_take (BelfryRateLimit *self, guint n, gint64 now);

G_END_DECLS
