/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a person reads, and what one types. */

char *belfryctl_text_plain (const char *text);
guint belfryctl_text_width (const char *text);
char *belfryctl_text_fit (const char *text, guint width);
char *belfryctl_text_of_data (const char *data);
char *belfryctl_text_of_time (gint64 microseconds);

gboolean belfryctl_parse_duration (const char *text, gint64 *seconds, GError **error);
gboolean belfryctl_parse_id (const char *text, gint64 *id, GError **error);
GArray *belfryctl_parse_ids (char **texts, GError **error);
char *belfryctl_parse_data (const char *text, GError **error);

G_END_DECLS
