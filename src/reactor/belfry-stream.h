/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-socket.h"

G_BEGIN_DECLS

/* A socket of a reactor as a GIOStream that libsoup works on, in a cell of the reactor. It belongs
 * to the reactor's thread. It is dear, and made only for a socket that is libsoup's. */
#define BELFRY_TYPE_STREAM (belfry_stream_get_type ())
G_DECLARE_FINAL_TYPE (BelfryStream, belfry_stream, BELFRY, STREAM, GIOStream)

BelfryStream *belfry_stream_new (BelfrySocket *socket, const guint8 *bytes, gsize length);
void belfry_stream_enter (BelfryStream *self);
void belfry_stream_leave (BelfryStream *self);

G_END_DECLS
