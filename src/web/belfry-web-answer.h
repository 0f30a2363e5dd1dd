/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What all answers over libsoup have in common. */

/* RFC 9110, section 15.5.22. */
#define BELFRY_STATUS_UPGRADE_REQUIRED 426

void
belfry_web_answer_set (SoupServerMessage *message, guint status, const char *type, GBytes *body);
void belfry_web_answer_set_problem (SoupServerMessage *message, guint status, const char *detail);
char *belfry_web_answer_problem_json (guint status, const char *detail);
gboolean belfry_web_answer_may_read (SoupServerMessage *message);

G_END_DECLS
