/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-request-target.h"

#include <string.h>

/* The URI is put together as libsoup does it.
 *
 * @host: (nullable): the header; a program that speaks HTTP/1.0 may leave it out
 * @target: as it stands in the request
 * Returns: (transfer full) (nullable): what the request is for; NULL if that cannot be understood
 */
GUri *
belfry_request_target_parse (const char *host, const char *target)
{
  const char *name = host != NULL ? host : "localhost";
  g_autofree char *text = target[0] == '/' ? g_strconcat ("http://", name, target, NULL) : NULL;
  g_autoptr (GUri) uri = g_uri_parse (text != NULL ? text : target, SOUP_HTTP_URI_FLAGS, NULL);

  if (uri == NULL || g_uri_get_host (uri) == NULL || strchr (name, '/') != NULL)
    return NULL;
  return g_steal_pointer (&uri);
}

gboolean
belfry_request_target_has_body (SoupMessageHeaders *headers)
{
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  return (length != NULL && !g_str_equal (length, "0"))
         || (encoding != SOUP_ENCODING_NONE && encoding != SOUP_ENCODING_CONTENT_LENGTH);
}
