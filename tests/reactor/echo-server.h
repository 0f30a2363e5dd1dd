/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-acceptor.h"

/* libsoup on two reactors. /echo sends back what comes in; the text "bye" is answered by "farewell"
 * and a close, and "huge" by a megabyte. */
typedef struct
{
  BelfryReactor *reactors[2];
  BelfryAcceptor *acceptor;
  gpointer servers[2];
  guint16 port;
  gint stopping; /* atomic: close the acceptor in the next turn */
} EchoServer;

void echo_server_start (EchoServer *server, gint64 request_time);
void echo_server_stop (EchoServer *server, gint64 grace);
guint echo_server_get_n_sockets (EchoServer *server);
