/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-origin-policy.h"

#include <string.h>

/* Cuts off the port that goes without saying. */
static char *
normalize (const char *authority, const char *default_port)
{
  char *result = g_ascii_strdown (authority, -1);

  if (g_str_has_suffix (result, default_port))
    result[strlen (result) - strlen (default_port)] = '\0';
  return result;
}

static gboolean
is_our_host (const char *origin, const char *host)
{
  const char *authority = strstr (origin, "://");
  const char *port = g_str_has_prefix (origin, "https://") ? ":443" : ":80";
  g_autofree char *theirs = NULL;
  g_autofree char *ours = NULL;

  if (authority == NULL || host == NULL)
    return FALSE;
  theirs = normalize (authority + 3, port);
  ours = normalize (host, port);
  return g_str_equal (theirs, ours);
}

/* Whether a page of @origin may talk to us: RFC 6454, section 7, and RFC 6455, section 10.2.
 *
 * A page of our own host may. The scheme does not count, as TLS ends at the reverse proxy. Programs
 * send no origin; a browser always does.
 *
 * @allowed: (nullable): origins that may, too
 * @origin: (nullable): the header, or NULL if there was none
 * @host: (nullable): the Host header */
gboolean
belfry_origin_policy_allows (const char *const *allowed, const char *origin, const char *host)
{
  return origin == NULL || (allowed != NULL && g_strv_contains (allowed, origin))
         || is_our_host (origin, host);
}
