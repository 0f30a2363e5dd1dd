/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What went wrong, as RFC 9457 writes it. Its code is one of those that errors over a WebSocket
 * have, or one for what there is over HTTP only. */

/* RFC 9110, section 15.5.22, and RFC 6585, section 4. */
#define BELFRY_STATUS_UPGRADE_REQUIRED  426
#define BELFRY_STATUS_TOO_MANY_REQUESTS 429

const char *belfry_problem_get_phrase (guint status);
char *belfry_problem_to_json (guint status, const char *code, const char *detail);

/* For answers that libsoup does not write. */
GBytes *
belfry_problem_to_answer (guint status, const char *code, const char *detail, const char *headers);
GBytes *belfry_problem_from_code (const char *code, const char *detail, const char *headers);
GBytes *belfry_problem_from_frame (GBytes *frame, const char *headers);

G_END_DECLS
