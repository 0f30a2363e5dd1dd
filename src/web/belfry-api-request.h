/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a request over HTTP asks of the main thread. */
typedef enum
{
  BELFRY_API_LIST,
  BELFRY_API_COUNT,
  BELFRY_API_READ,
  BELFRY_API_UNREAD,
  BELFRY_API_REMOVE,
  BELFRY_API_MESSAGE, /* to a handler, as if a session had sent it */
  BELFRY_API_READY,
  BELFRY_API_EVENTS, /* no call, but its path has to be known */
} BelfryApiRoute;

typedef struct
{
  BelfryApiRoute route;
  char *user_id; /* NULL if it needs no token */
  char *type;    /* of a message */
  char *data;    /* a JSON object */

  /* MESSAGE */
  char *session_id;
  gboolean wants_reply;
} BelfryApiRequest;

void belfry_api_request_free (BelfryApiRequest *self);

gboolean belfry_api_route_find (const char *path, BelfryApiRoute *route);
gboolean belfry_api_route_allows (BelfryApiRoute route, const char *method);
gboolean belfry_api_route_has_body (BelfryApiRoute route);
gboolean belfry_api_route_needs_token (BelfryApiRoute route);
const char *belfry_api_route_get_methods (BelfryApiRoute route);

BelfryApiRequest *
belfry_api_request_new (BelfryApiRoute route, const char *path, const char *query, GError **error);
gboolean belfry_api_request_take_body (BelfryApiRequest *self,
                                       const char *body,
                                       gsize length,
                                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryApiRequest, belfry_api_request_free)

G_END_DECLS
