/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client-frame.h"
#include "belfry-close-reason.h"
#include "belfry-connection-limit.h"
#include "belfry-socket.h"

G_BEGIN_DECLS

typedef struct _BelfryWebWorker BelfryWebWorker;

/* The reactor's side of one connection to a client: what a WebSocket, an event stream and a call
 * have in common. It has a place in its worker, by which the main thread names it. What differs is
 * how frames are written, and what the client can say. */
typedef struct _BelfryTransport BelfryTransport;

/* How long a line may be silent until something is done about it, in ms. */
#define BELFRY_HEARTBEAT 25000

/* How long a client may read nothing of what waits for it. */
#define BELFRY_SLOW_TIME (60 * G_USEC_PER_SEC)

/* How long it may take until a client is registered. */
#define BELFRY_REGISTRATION_TIME (30 * G_USEC_PER_SEC)

typedef struct
{
  /* Sends one frame. */
  void (*send) (BelfryTransport *self, GBytes *text);

  /* Sends @last (nullable) and ends the connection, with belfry_transport_leave(). It may be
   * freed. */
  void (*close) (BelfryTransport *self, guint close_code, GBytes *last);

  /* The main thread has dealt with a frame of the client. */
  void (*handled) (BelfryTransport *self);

  /* Looks once a second what has run out. It may be freed. @now: monotonic, µs */
  void (*sweep) (BelfryTransport *self, gint64 now);

  /* Frees what is not of all. It does not touch the socket, which may have gone. */
  void (*free) (BelfryTransport *self);
} BelfryTransportFuncs;

struct _BelfryTransport
{
  const BelfryTransportFuncs *funcs;
  BelfryWebWorker *worker;
  BelfrySocket *socket;
  guint64 handle;
  char *peer;                 /* until the main thread has it */
  BelfryConnectionSlot *slot; /* NULL as soon as it is sent away, or gone */
  gint64 since;               /* monotonic, µs: when it connected */
  gint64 left_at;             /* monotonic, µs: when it was sent away, or went; 0 before. Nothing
                               * that comes in afterwards counts */
  guint unreported;           /* bytes that the kernel took */
  guint opened : 1;           /* the main thread knows it */
};

void belfry_transport_init (BelfryTransport *self,
                            const BelfryTransportFuncs *funcs,
                            BelfryWebWorker *worker,
                            BelfrySocket *socket,
                            char *peer);
gboolean belfry_transport_connect (BelfryTransport *self);
void belfry_transport_free (BelfryTransport *self);

void belfry_transport_send (BelfryTransport *self, GBytes *text);
void belfry_transport_close (BelfryTransport *self, guint close_code, GBytes *last);
void belfry_transport_refuse (BelfryTransport *self,
                              BelfryCloseReason reason,
                              const char *id_json,
                              const char *message,
                              gint64 retry_after);
void belfry_transport_handled (BelfryTransport *self);
void belfry_transport_sweep (BelfryTransport *self, gint64 now);

/* For the two kinds. */
void belfry_transport_forward (BelfryTransport *self, BelfryClientFrame *frame);
void belfry_transport_report (BelfryTransport *self);
gboolean belfry_transport_is_slow (BelfryTransport *self, gint64 now);
void belfry_transport_leave (BelfryTransport *self);
void belfry_transport_end (BelfryTransport *self);

G_END_DECLS
