/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-token-verifier.h"

G_BEGIN_DECLS

/* Whose token a request shows. @code and @detail are those of the problem if it is none that is
 * valid. */
gboolean belfry_bearer_check (SoupMessageHeaders *headers,
                              BelfryTokenVerifier *verifier,
                              BelfryToken *token,
                              const char **code,
                              char **detail);

G_END_DECLS
