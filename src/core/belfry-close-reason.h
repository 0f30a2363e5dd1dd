/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Why the server ends a connection. The close code tells a client what to do: 4500 to 4999 mean
 * "stay away until something has changed", all others "come back later". */
typedef enum
{
  BELFRY_CLOSE_LIMIT_TOTAL,
  BELFRY_CLOSE_LIMIT_PER_USER,
  BELFRY_CLOSE_RATE_LIMITED,
  BELFRY_CLOSE_SLOW_CONSUMER,
  BELFRY_CLOSE_REGISTRATION_TIMEOUT,
  BELFRY_CLOSE_INVALID_TOKEN,
  BELFRY_CLOSE_TOKEN_EXPIRED,
  BELFRY_CLOSE_DISCONNECTED,
  BELFRY_CLOSE_SHUTDOWN,
  BELFRY_CLOSE_BUSY,
  BELFRY_N_CLOSE_REASONS
} BelfryCloseReason;

guint belfry_close_reason_get_close_code (BelfryCloseReason reason);
GBytes *belfry_close_reason_to_frame (BelfryCloseReason reason,
                                      const char *id_json,
                                      const char *message,
                                      gint64 retry_after);

G_END_DECLS
