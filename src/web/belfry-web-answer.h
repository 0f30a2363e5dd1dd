/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-socket.h"
#include "belfry-web-options.h"

G_BEGIN_DECLS

/* What all answers have in common. */

void
belfry_web_answer_set (SoupServerMessage *message, guint status, const char *type, GBytes *body);
void belfry_web_answer_set_problem (SoupServerMessage *message,
                                    guint status,
                                    const char *code,
                                    const char *detail);
gboolean belfry_web_answer_may_read (SoupServerMessage *message);

gboolean belfry_web_answer_is_let_in (const BelfryWebOptions *options, SoupMessageHeaders *headers);
void belfry_web_answer_let_in (SoupServerMessage *message, const BelfryWebOptions *options);

/* For answers that libsoup does not write. */
char *belfry_web_answer_cors_headers (const BelfryWebOptions *options, const char *origin);
void belfry_web_answer_end (BelfrySocket *socket, GBytes *answer);

G_END_DECLS
