/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsoup/soup.h>

#include "belfry-transport.h"

G_BEGIN_DECLS

/* The reactor's side of one request that the main thread answers, from its header on: the API. It
 * is no connection that counts: it has the time of a request, and then that of an answer. */
typedef struct _BelfryWebCall BelfryWebCall;

gboolean belfry_web_call_is_for (const char *path);
BelfryWebCall *belfry_web_call_begin (BelfryWebWorker *worker,
                                      BelfrySocket *socket,
                                      const char *method,
                                      GUri *uri,
                                      SoupMessageHeaders *headers);
void belfry_web_call_take (BelfryWebCall *self, const guint8 *bytes, gsize length);

G_END_DECLS
