/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* Many WebSockets on one epoll, in a thread of its own: the browsers of a benchmark. */
typedef struct _LoadSockets LoadSockets;

typedef struct
{
  guint16 port;
  const char *path; /* USER in it stands for the socket's number */
  guint n;
  guint opening; /* how many are being opened at the same time */
  /* What each socket sends when it is open, and what comes back when it counts as ready; NULL if
   * it is ready at once. */
  char **hellos;
  const char *welcome;
} LoadSocketsOptions;

LoadSockets *load_sockets_open (const LoadSocketsOptions *options);
void load_sockets_close (LoadSockets *self);

void load_sockets_reset (LoadSockets *self, guint n_sequences);
void load_sockets_wait (LoadSockets *self, guint64 n_frames, gint64 timeout);
gint64 load_sockets_get_arrival (LoadSockets *self, guint sequence);
double load_sockets_get_frame_bytes (LoadSockets *self);
