/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-request-end.h"

/* A line may end with a line feed alone, and empty lines may come before the request: RFC 9112,
 * section 2.2.
 *
 * Returns: how many of the bytes belong to the header; 0 if it does not end here */
gsize
belfry_request_end_find (BelfryRequestEnd *self, const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (bytes[i] == '\n')
      {
        if (self->begun && ++self->line_ends == 2)
          return i + 1;
      }
    else if (bytes[i] != '\r')
      {
        self->begun = TRUE;
        self->line_ends = 0;
      }
  return 0;
}
