/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-base64url.h"

static int
value_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  if (c == '-')
    return 62;
  if (c == '_')
    return 63;
  return -1;
}

/* Decodes base64url as RFC 7515 wants it (section 2): no padding, no white space, no line breaks.
 * Bits left over at the end must be 0, so that no two texts mean the same bytes.
 *
 * @text: @length bytes, with or without a NUL behind them
 * @decoded_length: (out): bytes, without the NUL that is put behind them
 * Returns: (transfer full) (nullable): the bytes, or NULL if @text is not base64url */
guchar *
belfry_base64url_decode (const char *text, gsize length, gsize *decoded_length)
{
  g_autofree guchar *decoded = g_malloc (length / 4 * 3 + 3);
  guchar *out = decoded;
  guint waiting = 0; /* bits that fill no byte yet */
  guint n_waiting = 0;

  if (length % 4 == 1)
    return NULL;

  for (gsize i = 0; i < length; i++)
    {
      int value = value_of (text[i]);

      if (value < 0)
        return NULL;
      waiting = waiting << 6 | (guint) value;
      n_waiting += 6;
      if (n_waiting < 8)
        continue;
      n_waiting -= 8;
      *out++ = (guchar) (waiting >> n_waiting);
      waiting &= (1u << n_waiting) - 1;
    }
  if (waiting != 0)
    return NULL;

  *out = '\0';
  *decoded_length = out - decoded;
  return g_steal_pointer (&decoded);
}
