/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-request-target.h"

#include <string.h>

/* Whether the request is for @path. The URI is put together as libsoup does it.
 *
 * @target: as it stands in the request */
gboolean
belfry_request_target_is (const char *host, const char *target, const char *path)
{
  g_autofree char *text = target[0] == '/' ? g_strconcat ("http://", host, target, NULL) : NULL;
  g_autoptr (GUri) uri = g_uri_parse (text != NULL ? text : target, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree char *theirs = NULL;

  if (uri == NULL || g_uri_get_host (uri) == NULL || strchr (host, '/') != NULL)
    return FALSE;
  theirs = g_uri_unescape_string (g_uri_get_path (uri), NULL);
  return g_strcmp0 (theirs, path) == 0;
}

gboolean
belfry_request_target_has_body (SoupMessageHeaders *headers)
{
  const char *length = soup_message_headers_get_list (headers, "Content-Length");
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  return (length != NULL && !g_str_equal (length, "0"))
         || (encoding != SOUP_ENCODING_NONE && encoding != SOUP_ENCODING_CONTENT_LENGTH);
}
