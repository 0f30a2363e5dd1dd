/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-rate-limit.h"

#define PER_TOKEN (G_USEC_PER_SEC / BELFRY_RATE_PER_SECOND)

/* The bucket as one number, after the generic cell rate algorithm (ITU-T I.371): each token takes
 * PER_TOKEN of time, and time may be borrowed for BURST of them.
 *
 * @now: monotonic, µs
 * Returns: FALSE if there are not that many */
gboolean
belfry_rate_limit_take (BelfryRateLimit *self, guint n, gint64 now)
{
  gint64 paid_until = MAX (self->paid_until, now) + n * (gint64) PER_TOKEN;

  if (paid_until - now > BELFRY_RATE_BURST * (gint64) PER_TOKEN)
    return FALSE;
  self->paid_until = paid_until;
  return TRUE;
}
