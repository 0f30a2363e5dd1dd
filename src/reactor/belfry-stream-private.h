/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-cell.h"
#include "belfry-reactor.h"
#include "belfry-request-end.h"
#include "belfry-stream.h"
#include "belfry-watch.h"

G_BEGIN_DECLS

typedef enum
{
  BELFRY_STREAM_OPEN,
  BELFRY_STREAM_CLOSING,   /* libsoup has closed it; what is queued is still sent */
  BELFRY_STREAM_LINGERING, /* all is sent; waiting for the peer to close, too */
  BELFRY_STREAM_CLOSED,
} BelfryStreamState;

struct _BelfryStream
{
  GIOStream parent_instance;

  BelfryReactor *reactor;
  BelfryCell *cell;
  BelfryWatch watch;
  int fd;
  guint place;       /* among the streams of the reactor */
  gboolean to_serve; /* it is on the reactor's list of streams to serve */
  BelfryStreamState state;
  gint64 deadline; /* monotonic, µs: of the request, or of the lingering; 0 for none */
  GList expiring;  /* its link among those that have a deadline */
  int broken;      /* errno of what has failed for good, or 0 */

  const BelfryStreamOwner *owner_funcs;
  gpointer owner;

  /* Input: belfry-stream-input.c */
  GInputStream *input;
  guint readable : 1; /* the kernel may have more for us */
  guint hang_up : 1;  /* the peer sends no more: a short read is not the last event */
  guint held : 1;     /* the owner wants nothing to be read */
  guint refused : 1;  /* the owner has refused what came in: reading fails, writing goes on */
  guint framed : 1;   /* WebSocket frames are counted */
  BelfryRequestEnd request_end;
  BelfryFrameMeter meter;
  gsize max_message;
  GByteArray *leftover; /* what was received behind the end of the request, or NULL */
  gsize leftover_start; /* so much of it was read since */
  gint64 last_received; /* monotonic, µs */

  /* Output: belfry-stream-output.c */
  GOutputStream *output;
  guint writable : 1;
  guint ended : 1;   /* what is written from now on is dropped */
  GQueue queue;      /* of Chunk */
  gsize queued;      /* bytes in the queue */
  gsize head_offset; /* of the first chunk: so much has been sent */
  guint credit;      /* of the chunks that have been sent since the last look */
  gint64 last_sent;  /* monotonic, µs: when the queue last shrank or began */
};

GInputStream *belfry_stream_input_new (BelfryStream *stream);
gboolean belfry_stream_input_is_ready (BelfryStream *stream);
gboolean belfry_stream_input_discard (BelfryStream *stream);

GOutputStream *belfry_stream_output_new (BelfryStream *stream);
void belfry_stream_output_flush (BelfryStream *stream);
void belfry_stream_output_clear (BelfryStream *stream);

GSource *belfry_stream_source_new (GObject *direction,
                                   BelfryStream *stream,
                                   gboolean (*is_ready) (BelfryStream *stream),
                                   GCancellable *cancellable);

BelfryStream *belfry_stream_new (BelfryReactor *reactor, BelfryCell *cell, int fd);
void belfry_stream_serve (BelfryStream *self);
void belfry_stream_break (BelfryStream *self, int errnum);
void belfry_stream_expire (BelfryStream *self);

G_END_DECLS
