/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "belfry-base64url.h"

static void
assert_decodes (const char *text, const char *bytes, gsize length)
{
  gsize decoded_length;
  g_autofree guchar *decoded = belfry_base64url_decode (text, strlen (text), &decoded_length);

  g_assert_nonnull (decoded);
  g_assert_cmpmem (decoded, decoded_length, bytes, length);
  g_assert_cmpint (decoded[decoded_length], ==, '\0');
}

static void
assert_refused (const char *text)
{
  gsize length;
  g_autofree guchar *decoded = belfry_base64url_decode (text, strlen (text), &length);

  g_assert_null (decoded);
}

/* RFC 4648, section 10, without the padding */
static void
test_vectors (void)
{
  assert_decodes ("", "", 0);
  assert_decodes ("Zg", "f", 1);
  assert_decodes ("Zm8", "fo", 2);
  assert_decodes ("Zm9v", "foo", 3);
  assert_decodes ("Zm9vYg", "foob", 4);
  assert_decodes ("Zm9vYmE", "fooba", 5);
  assert_decodes ("Zm9vYmFy", "foobar", 6);
}

/* RFC 7515, appendix C */
static void
test_alphabet (void)
{
  assert_decodes ("A-z_4ME", "\x03\xec\xff\xe0\xc1", 5);
  assert_decodes ("-_-_", "\xfb\xff\xbf", 3);
}

static void
test_every_byte (void)
{
  for (guint i = 0; i < 256 * 256; i++)
    {
      guchar bytes[2] = { (guchar) i, (guchar) (i >> 8) };
      g_autofree char *text = g_base64_encode (bytes, 2);

      g_strdelimit (text, "+", '-');
      g_strdelimit (text, "/", '_');
      g_strdelimit (text, "=", '\0');
      assert_decodes (text, (const char *) bytes, 2);
    }
}

static void
test_no_terminator_needed (void)
{
  gsize length;
  g_autofree guchar *decoded = belfry_base64url_decode ("Zm9v.garbage", 4, &length);

  g_assert_cmpmem (decoded, length, "foo", 3);
}

static void
test_padding (void)
{
  assert_refused ("Zg==");
  assert_refused ("Zm8=");
  assert_refused ("Zg=");
  assert_refused ("=");
}

static void
test_other_characters (void)
{
  assert_refused ("A+z/");
  assert_refused (" Zm9");
  assert_refused ("Zm9v\n");
  assert_refused ("Zm\r\n9v");
  assert_refused ("Zm9.");
  assert_refused ("Zm\xc3\xa9");
  for (guint c = 1; c < 256; c++)
    {
      char text[5] = { 'A', 'A', 'A', (char) c, '\0' };

      if (!g_ascii_isalnum (c) && c != '-' && c != '_')
        assert_refused (text);
    }
}

static void
test_nul (void)
{
  gsize length;

  g_assert_null (belfry_base64url_decode ("Zm\0v", 4, &length));
}

static void
test_lonely_character (void)
{
  assert_refused ("A");
  assert_refused ("AAAAA");
}

static void
test_trailing_bits (void)
{
  assert_refused ("Zh");
  assert_refused ("Zv");
  assert_refused ("Zm9");
  assert_refused ("Zm_");
  assert_refused ("Zm9vYh");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base64url/vectors-of-rfc-4648-decode", test_vectors);
  g_test_add_func ("/base64url/minus-and-underscore-are-62-and-63", test_alphabet);
  g_test_add_func ("/base64url/every-pair-of-bytes-decodes", test_every_byte);
  g_test_add_func ("/base64url/length-counts-and-not-a-terminator", test_no_terminator_needed);
  g_test_add_func ("/base64url/padding-is-refused", test_padding);
  g_test_add_func ("/base64url/characters-of-other-alphabets-are-refused", test_other_characters);
  g_test_add_func ("/base64url/nul-is-refused", test_nul);
  g_test_add_func ("/base64url/lonely-last-character-is-refused", test_lonely_character);
  g_test_add_func ("/base64url/trailing-bits-that-are-not-zero-are-refused", test_trailing_bits);
  return g_test_run ();
}
