/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-peer-address.h"

#include <gio/gio.h>
#include <string.h>

/* The address without the port: "127.0.0.1:80", "[::1]:80". */
static char *
without_port (const char *peer)
{
  const char *colon = strrchr (peer, ':');

  if (peer[0] == '[' && colon != NULL && colon > peer + 2)
    return g_strndup (peer + 1, (gsize) (colon - peer - 2));
  return colon != NULL ? g_strndup (peer, (gsize) (colon - peer)) : g_strdup (peer);
}

/* Where a client is, for the eyes of administrators. Everybody can write an X-Forwarded-For: only
 * what a trusted proxy added to it, at the end, is believed.
 *
 * @peer: the other end of the socket: an address and a port
 * @forwarded_for: (nullable): the header
 * @trusted_proxies: (nullable): addresses
 * Returns: (transfer full): an address; with a port if the client is connected itself */
char *
belfry_peer_address_choose (const char *peer,
                            const char *forwarded_for,
                            const char *const *trusted_proxies)
{
  g_autofree char *address = without_port (peer);
  const char *last;
  g_autofree char *client = NULL;

  if (forwarded_for == NULL || trusted_proxies == NULL
      || !g_strv_contains (trusted_proxies, address))
    return g_strdup (peer);
  last = strrchr (forwarded_for, ',');
  client = g_strstrip (g_strdup (last != NULL ? last + 1 : forwarded_for));
  return g_hostname_is_ip_address (client) ? g_steal_pointer (&client) : g_strdup (peer);
}
