/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the operator decides about the web side. It lives as long as the web server. */
typedef struct
{
  guint max_connections;
  GStrv allowed_origins; /* or NULL */
  GStrv trusted_proxies; /* addresses whose X-Forwarded-For is believed, or NULL */
} BelfryWebOptions;

G_END_DECLS
