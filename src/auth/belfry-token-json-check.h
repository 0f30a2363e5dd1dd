/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The strict JSON scanner, handed in because this folder knows no other. It checks headers, claims
 * and key sets before json-glib sees them: one object of RFC 8259, bounded depth, valid UTF-8, no
 * member twice, no \u0000. It is called from any thread. What it says about an error goes to logs
 * and to clients, so it must not quote @text. */
typedef gboolean (*BelfryTokenJsonCheck) (const char *text, gssize length, GError **error);

G_END_DECLS
