/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-ice-servers.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

#define URLS_MAX 16
#define URL_MAX  256 /* bytes */

struct _BelfryIceServers
{
  GPtrArray *stun; /* of URLs */
  GPtrArray *turn;
  char *secret;
  guint lifetime; /* s */
};

static gboolean
has_scheme (const char *url, const char *scheme)
{
  gsize length = strlen (scheme);

  return strncmp (url, scheme, length) == 0
         && (url[length] == ':' || (url[length] == 's' && url[length + 1] == ':'));
}

static gboolean
add_url (BelfryIceServers *self, const char *url, GError **error)
{
  gboolean is_turn = has_scheme (url, "turn");
  const char *host = strchr (url, ':');

  if ((!is_turn && !has_scheme (url, "stun")) || host[1] == '\0' || host[1] == '/'
      || strlen (url) > URL_MAX
      || strspn (host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:.-[]?=")
             != strlen (host))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("turn-url: “%s”: expected stun:HOST:PORT or turn:HOST:PORT"), url);
      return FALSE;
    }
  if (self->stun->len + self->turn->len == URLS_MAX)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("turn-url: expected %d at most"), URLS_MAX);
      return FALSE;
    }
  g_ptr_array_add (is_turn ? self->turn : self->stun, g_strdup (url));
  return TRUE;
}

/* @error: BELFRY_ERROR_INVALID_ARGS; it never tells the secret */
BelfryIceServers *
belfry_ice_servers_new (const char *const *urls, const char *secret, guint lifetime, GError **error)
{
  g_autoptr (BelfryIceServers) self = g_new0 (BelfryIceServers, 1);

  self->stun = g_ptr_array_new_with_free_func (g_free);
  self->turn = g_ptr_array_new_with_free_func (g_free);
  self->secret = g_strdup (secret);
  self->lifetime = lifetime;
  for (guint i = 0; urls != NULL && urls[i] != NULL; i++)
    if (!add_url (self, urls[i], error))
      return NULL;
  if (self->turn->len > 0 && secret == NULL)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           _ ("turn-secret-file: it is needed for the credentials of a turn-url"));
      return NULL;
    }
  if (secret != NULL && *secret == '\0')
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           _ ("turn-secret-file: expected a secret"));
      return NULL;
    }
  if (lifetime < BELFRY_ICE_LIFETIME_MIN || lifetime > BELFRY_ICE_LIFETIME_MAX)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("turn-lifetime: %u: expected %d to %d"), lifetime, BELFRY_ICE_LIFETIME_MIN,
                   BELFRY_ICE_LIFETIME_MAX);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
belfry_ice_servers_free (BelfryIceServers *self)
{
  g_ptr_array_unref (self->stun);
  g_ptr_array_unref (self->turn);
  g_free (self->secret);
  g_free (self);
}

static void
append_urls (GString *json, GPtrArray *urls)
{
  g_string_append (json, "{\"urls\":[");
  for (guint i = 0; i < urls->len; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      belfry_json_append_string (json, g_ptr_array_index (urls, i));
    }
  g_string_append_c (json, ']');
}

/* The user id stands in the name, so that the TURN server's log says who it was. */
static void
append_credentials (BelfryIceServers *self, GString *json, const char *user_id, gint64 now)
{
  g_autofree char *name =
      g_strdup_printf ("%" G_GINT64_FORMAT ":%s", now / G_USEC_PER_SEC + self->lifetime, user_id);
  g_autoptr (GHmac) hmac =
      g_hmac_new (G_CHECKSUM_SHA1, (const guchar *) self->secret, strlen (self->secret));
  guint8 digest[20];
  gsize length = sizeof digest;
  g_autofree char *credential = NULL;

  g_hmac_update (hmac, (const guchar *) name, -1);
  g_hmac_get_digest (hmac, digest, &length);
  credential = g_base64_encode (digest, length);
  g_string_append (json, ",\"username\":");
  belfry_json_append_string (json, name);
  g_string_append_printf (json, ",\"credential\":\"%s\"", credential);
}

/* What the member `iceServers` of an RTCConfiguration takes. @now: µs since 1970 */
void
belfry_ice_servers_append (BelfryIceServers *self, GString *json, const char *user_id, gint64 now)
{
  g_string_append (json, "\"iceServers\":[");
  if (self->stun->len > 0)
    {
      append_urls (json, self->stun);
      g_string_append (json, self->turn->len > 0 ? "}," : "}");
    }
  if (self->turn->len > 0)
    {
      append_urls (json, self->turn);
      append_credentials (self, json, user_id, now);
      g_string_append_c (json, '}');
    }
  g_string_append_printf (json, "],\"lifetime\":%u", self->lifetime);
}
