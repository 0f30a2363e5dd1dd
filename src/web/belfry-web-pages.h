/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The files of src/browser, each at its path. */
gboolean belfry_web_pages_answer (SoupServerMessage *message, const char *path);

G_END_DECLS
