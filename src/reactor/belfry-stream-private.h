/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-cell.h"
#include "belfry-reactor.h"
#include "belfry-stream.h"

G_BEGIN_DECLS

struct _BelfryStream
{
  GIOStream parent_instance;

  BelfryReactor *reactor;
  BelfryCell *cell;
  BelfrySocket *socket; /* NULL when it has gone */
  GInputStream *input;
  GOutputStream *output;
  GByteArray *received; /* what was read before there was a stream, or NULL */
  guint received_start; /* so much of it was read since */
};

GInputStream *belfry_stream_input_new (BelfryStream *stream);
gboolean belfry_stream_input_is_ready (BelfryStream *stream);

GOutputStream *belfry_stream_output_new (BelfryStream *stream);

GSource *belfry_stream_source_new (GObject *direction,
                                   BelfryStream *stream,
                                   gboolean (*is_ready) (BelfryStream *stream),
                                   GCancellable *cancellable);

G_END_DECLS
