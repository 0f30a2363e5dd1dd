/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BELFRY_TOKEN_LEEWAY_MAX 60 /* seconds */

/* What a token must claim. It borrows its strings. */
typedef struct
{
  const char *audience;   /* must be in `aud`; NULL if that does not matter */
  const char *issuer;     /* must be `iss`; NULL if that does not matter */
  const char *user_claim; /* which claim says who it is; NULL for "sub" */
  guint leeway;           /* seconds by which two clocks may differ, 0 to BELFRY_TOKEN_LEEWAY_MAX */
} BelfryTokenPolicy;

G_END_DECLS
