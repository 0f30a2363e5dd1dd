/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-server-config.h"
#include "belfry-token-policy.h"
#include "belfry-web-options.h"

G_BEGIN_DECLS

struct _BelfryServerConfig
{
  GObject parent_instance;

  char *bus; /* session, system or an address */
  char *worker_socket;
  char **handler_dirs; /* or NULL for those of the user and the system */
  GPtrArray *rights;   /* of BelfryBusRight, or NULL */
  GPtrArray *listen;   /* of GSocketAddress */
  GPtrArray *sockets;  /* of GSocket, which listen */
  char *database;      /* the path of an SQLite file */
  gboolean new_epoch;
  guint retention_age;   /* days, 0 for ever */
  guint retention_count; /* 0 for all */
  gboolean retention_unread;
  char *jwt_secret_file;
  char *jwt_jwks_file;
  char *jwt_user_claim;
  char *jwt_audience;
  char *jwt_issuer;
  guint jwt_leeway;
  guint max_connections_per_user;
  guint max_data;
  gboolean numeric_user_ids;
  gboolean signalling;
  char **turn_urls;
  char *turn_secret_file;
  guint turn_lifetime; /* s */
  BelfryWebOptions web;
};

G_END_DECLS
