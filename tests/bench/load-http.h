/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "load-run.h"

/* A worker of Belfry's peers, which posts to them: POST /create/USER with a message, POST /send
 * with {"users":[…],"data":{…}}, POST /broadcast with a message. Each call in flight has a
 * connection of its own, which is kept. */
typedef struct _LoadHttp LoadHttp;

LoadHttp *load_http_open (LoadRun *run, guint16 port);
void load_http_close (LoadHttp *self);
void load_http_make_calls (LoadHttp *self);
