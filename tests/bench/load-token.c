/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "load-token.h"

#include <string.h>

static char *
base64url (gconstpointer data, gsize length)
{
  char *text = g_base64_encode (data, length);

  for (char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '+':
        *p = '-';
        break;
      case '/':
        *p = '_';
        break;
      case '=':
        *p = '\0';
        return text;
      default:
        break;
      }
  return text;
}

/* A token of @user, good for an hour, signed with HS256. (transfer full) */
char *
load_token_make (guint user, const char *secret)
{
  static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  guint8 digest[32];
  gsize digest_length = sizeof digest;
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guint8 *) secret, strlen (secret));
  g_autofree char *claims = g_strdup_printf ("{\"sub\":\"%u\",\"exp\":%" G_GINT64_FORMAT "}", user,
                                             g_get_real_time () / G_USEC_PER_SEC + 3600);
  g_autofree char *first = base64url (header, strlen (header));
  g_autofree char *second = base64url (claims, strlen (claims));
  g_autofree char *input = g_strconcat (first, ".", second, NULL);
  g_autofree char *third = NULL;

  g_hmac_update (hmac, (const guint8 *) input, -1);
  g_hmac_get_digest (hmac, digest, &digest_length);
  third = base64url (digest, digest_length);
  return g_strconcat (input, ".", third, NULL);
}
