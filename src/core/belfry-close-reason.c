/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-close-reason.h"

#include "belfry-frames.h"

static const struct
{
  const char *code;
  guint close_code;
  const char *message;
} reasons[] = {
  [BELFRY_CLOSE_LIMIT_TOTAL] = { "CONNECTION_LIMIT_TOTAL_EXCEEDED", 1013,
                                 "The server has as many connections as it may have" },
  [BELFRY_CLOSE_LIMIT_PER_USER] = { "CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100,
                                    "This user has as many connections as a user may have" },
  [BELFRY_CLOSE_RATE_LIMITED] = { "RATE_LIMITED", 4101, "Too many frames in too short a time" },
  [BELFRY_CLOSE_SLOW_CONSUMER] = { "SLOW_CONSUMER", 4102,
                                   "What was sent has not been read for too long" },
  [BELFRY_CLOSE_REGISTRATION_TIMEOUT] = { "REGISTRATION_TIMEOUT", 4103,
                                          "No valid register came in time" },
  [BELFRY_CLOSE_INVALID_TOKEN] = { "INVALID_TOKEN", 4500, "The token is not valid" },
  [BELFRY_CLOSE_TOKEN_EXPIRED] = { "TOKEN_EXPIRED", 4501, "The token has run out" },
  [BELFRY_CLOSE_DISCONNECTED] = { "DISCONNECTED", 4502, "Disconnected" },
  [BELFRY_CLOSE_SHUTDOWN] = { "SERVER_SHUTDOWN", 1012, "The server is going down" },
  [BELFRY_CLOSE_BUSY] = { "BUSY", 1013, "The database does not answer" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (reasons) == BELFRY_N_CLOSE_REASONS);

guint
belfry_close_reason_get_close_code (BelfryCloseReason reason)
{
  return reasons[reason].close_code;
}

/* @id_json: (nullable): the id of the frame that led to it
 * @message: (nullable): what a person may read, instead of the usual words
 * Returns: the last frame of such a connection */
GBytes *
belfry_close_reason_to_frame (BelfryCloseReason reason,
                              const char *id_json,
                              const char *message,
                              gint64 retry_after)
{
  return belfry_frame_error (id_json, reasons[reason].code,
                             message != NULL ? message : reasons[reason].message, TRUE,
                             retry_after);
}
