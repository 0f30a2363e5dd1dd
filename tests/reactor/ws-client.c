/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ws-client.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char request[] = "GET /echo HTTP/1.1\r\n"
                              "Host: 127.0.0.1\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n";

int
ws_client_socket (void)
{
  const struct timeval patience = { .tv_sec = 60 };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd >= 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

gboolean
ws_client_connect (int fd, guint16 port)
{
  const struct sockaddr_in name = {
    .sin_family = AF_INET,
    .sin_port = g_htons (port),
    .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK),
  };

  return connect (fd, (const struct sockaddr *) &name, sizeof name) == 0;
}

static gboolean
send_all (int fd, gconstpointer data, gsize length)
{
  const char *p = data;

  while (length > 0)
    {
      gssize n = send (fd, p, length, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      p += n;
      length -= (gsize) n;
    }
  return TRUE;
}

gboolean
ws_client_send_handshake (int fd)
{
  return send_all (fd, request, strlen (request));
}

/* Reads the header of an answer, and nothing behind it. Returns: whether it begins with @begin */
gboolean
ws_client_receive_header (int fd, const char *begin)
{
  char answer[2048] = { 0 };
  gsize have = 0;

  while (have < sizeof answer - 1)
    {
      gssize n = recv (fd, answer + have, sizeof answer - 1 - have, MSG_PEEK);
      const char *end;

      if (n <= 0)
        return FALSE;
      answer[have + (gsize) n] = '\0';
      end = strstr (answer, "\r\n\r\n");
      if (end != NULL)
        n = end + 4 - (answer + have);
      if (recv (fd, answer + have, (gsize) n, 0) != n)
        return FALSE;
      if (end != NULL)
        return g_str_has_prefix (answer, begin);
      have += (gsize) n;
    }
  return FALSE;
}

gboolean
ws_client_receive_handshake (int fd)
{
  return ws_client_receive_header (fd, "HTTP/1.1 101 ");
}

gboolean
ws_client_handshake (int fd)
{
  return ws_client_send_handshake (fd) && ws_client_receive_handshake (fd);
}

int
ws_client_open (guint16 port)
{
  int fd = ws_client_socket ();

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (ws_client_connect (fd, port));
  g_assert_true (ws_client_handshake (fd));
  return fd;
}

/* Appends one frame, masked with zeros. */
gboolean
ws_client_append (GByteArray *to, guint8 opcode, gboolean fin, const char *payload, gsize length)
{
  guint8 header[14] = { (guint8) (opcode | (fin ? 0x80 : 0)) };
  guint n = 2;

  if (length < 126)
    header[1] = (guint8) length;
  else if (length < 65536)
    {
      header[1] = 126;
      header[2] = (guint8) (length >> 8);
      header[3] = (guint8) length;
      n = 4;
    }
  else
    {
      header[1] = 127;
      for (guint i = 0; i < 8; i++)
        header[2 + i] = (guint8) ((guint64) length >> (56 - 8 * i));
      n = 10;
    }
  header[1] |= 0x80;
  g_byte_array_append (to, header, n + 4);
  g_byte_array_append (to, (const guint8 *) payload, (guint) length);
  return TRUE;
}

void
ws_client_send (int fd, guint8 opcode, gboolean fin, const char *payload, gsize length)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  ws_client_append (frame, opcode, fin, payload, length);
  g_assert_true (send_all (fd, frame->data, frame->len));
}

void
ws_client_send_text (int fd, const char *text)
{
  ws_client_send (fd, 1, TRUE, text, strlen (text));
}

static gboolean
receive_all (int fd, gpointer data, gsize length)
{
  char *p = data;

  while (length > 0)
    {
      gssize n = recv (fd, p, length, 0);

      if (n <= 0)
        return FALSE;
      p += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* Returns: (nullable): the payload of the next frame, with a NUL behind it; NULL at the end */
char *
ws_client_receive (int fd, guint8 *opcode, gsize *length)
{
  guint8 header[2];
  guint8 extra[8];
  gsize n;
  char *payload;

  if (!receive_all (fd, header, 2))
    return NULL;
  n = header[1] & 0x7f;
  if (n >= 126)
    {
      gsize n_extra = n == 126 ? 2 : 8;

      if (!receive_all (fd, extra, n_extra))
        return NULL;
      n = 0;
      for (gsize i = 0; i < n_extra; i++)
        n = n << 8 | extra[i];
    }
  payload = g_malloc0 (n + 1);
  if (!receive_all (fd, payload, n))
    {
      g_free (payload);
      return NULL;
    }
  if (opcode != NULL)
    *opcode = header[0] & 0x0f;
  if (length != NULL)
    *length = n;
  return payload;
}

/* Reads until the other side closes. Returns: FALSE if it does not in time */
gboolean
ws_client_wait_end (int fd)
{
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    ;
  return n == 0 || errno == ECONNRESET;
}
