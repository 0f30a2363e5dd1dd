/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A frame as an event of a stream: the HTML standard, section 9.2. */
GBytes *belfry_event_text_new (GBytes *frame, const char *epoch);

G_END_DECLS
