/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guchar *belfry_base64url_decode (const char *text, gsize length, gsize *decoded_length);

G_END_DECLS
