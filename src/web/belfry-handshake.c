/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-handshake.h"

#include <string.h>

#include "belfry-request-target.h"

#define PATH    "/ws"
#define VERSION "13"

/* RFC 6455, section 1.3. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#define KEY_LENGTH 24 /* characters, of which 16 bytes become */
#define SHA1_SIZE  20
#define BASE64_MAX (4 * ((SHA1_SIZE + 2) / 3))

static gboolean
is_key (const char *key)
{
  guchar bytes[KEY_LENGTH];
  int state = 0;
  guint save = 0;

  return key != NULL && strlen (key) == KEY_LENGTH
         && g_base64_decode_step (key, KEY_LENGTH, bytes, &state, &save) == 16;
}

/* Whether a request is a handshake for our WebSocket that nothing is wrong with. Of one that is
 * not, libsoup says what.
 *
 * @path: what it is for */
gboolean
belfry_handshake_check (const char *method,
                        const char *path,
                        SoupHTTPVersion version,
                        SoupMessageHeaders *headers)
{
  const char *host = soup_message_headers_get_one (headers, "Host");

  return g_str_equal (method, "GET") && version == SOUP_HTTP_1_1 && host != NULL
         && soup_message_headers_header_equals (headers, "Upgrade", "websocket")
         && soup_message_headers_header_contains (headers, "Connection", "Upgrade")
         && soup_message_headers_header_equals (headers, "Sec-WebSocket-Version", VERSION)
         && is_key (soup_message_headers_get_one (headers, "Sec-WebSocket-Key"))
         && !belfry_request_target_has_body (headers) && g_str_equal (path, PATH);
}

/* No extension and no subprotocol is ever agreed on: a compressed message can be a thousand times
 * larger than it looks, and each connection would pay for the memory of its window.
 *
 * @headers: of a handshake that was checked
 * Returns: (transfer full): the whole answer */
GBytes *
belfry_handshake_answer (SoupMessageHeaders *headers)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  const char *key = soup_message_headers_get_one (headers, "Sec-WebSocket-Key");
  guint8 digest[SHA1_SIZE];
  gsize size = sizeof digest;
  char accept[BASE64_MAX + 1];
  int state = 0;
  int save = 0;
  gsize n;
  char *answer;

  g_checksum_update (checksum, (const guchar *) key, KEY_LENGTH);
  g_checksum_update (checksum, (const guchar *) GUID, strlen (GUID));
  g_checksum_get_digest (checksum, digest, &size);
  n = g_base64_encode_step (digest, size, FALSE, accept, &state, &save);
  n += g_base64_encode_close (FALSE, accept + n, &state, &save);
  accept[n] = '\0';

  answer = g_strconcat ("HTTP/1.1 101 Switching Protocols\r\n"
                        "Server: Belfry\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: ",
                        accept, "\r\n\r\n", NULL);
  return g_bytes_new_take (answer, strlen (answer));
}
