/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a verified token says. It starts zeroed and is freed with belfry_token_clear(). */
typedef struct
{
  char *user_id; /* 1 to 128 bytes of UTF-8 without control characters */
  gint64
      expires_at; /* µs since 1970, leeway included: it is over as soon as the clock shows this */
} BelfryToken;

/* Why a token is refused. The message names what was wrong, but quotes neither the token nor what
 * it claims: it goes to logs and to the client. */
typedef enum
{
  BELFRY_TOKEN_ERROR_INVALID, /* it was never good for us, or isn't yet */
  BELFRY_TOKEN_ERROR_EXPIRED, /* it was good once, and nothing else is wrong with it */
} BelfryTokenError;

#define BELFRY_TOKEN_ERROR (belfry_token_error_quark ())

GQuark belfry_token_error_quark (void);

void belfry_token_clear (BelfryToken *token);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BelfryToken, belfry_token_clear)

G_END_DECLS
