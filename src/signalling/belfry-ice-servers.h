/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* STUN and TURN servers as a client's RTCPeerConnection takes them, with credentials that run out:
 * what is known as the REST API of TURN, which coturn has as `use-auth-secret`. */

#define BELFRY_ICE_LIFETIME_MIN     60
#define BELFRY_ICE_LIFETIME_MAX     86400
#define BELFRY_ICE_LIFETIME_DEFAULT 3600

typedef struct _BelfryIceServers BelfryIceServers;

BelfryIceServers *belfry_ice_servers_new (const char *const *urls,
                                          const char *secret,
                                          guint lifetime,
                                          GError **error);
void belfry_ice_servers_free (BelfryIceServers *self);

void
belfry_ice_servers_append (BelfryIceServers *self, GString *json, const char *user_id, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryIceServers, belfry_ice_servers_free)

G_END_DECLS
