/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kinds of cases are those of the public JSONTestSuite. */

#include <string.h>

#include "belfry-error.h"
#include "belfry-json-private.h"

/* What stands in an object: {"v":VALUE} */
static char *
in_object (const char *value)
{
  return g_strconcat ("{\"v\":", value, "}", NULL);
}

/* The scanner gets a copy without a NUL behind it, so that a sanitizer sees it read too far. */
static gboolean
scan_bytes (const char *text, gsize length, guint max_depth, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return belfry_json_scan (copy != NULL ? copy : "", (gssize) length, max_depth, NULL, error);
}

static void
assert_accepted (const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!scan_bytes (text, strlen (text), BELFRY_JSON_MAX_DEPTH, &error))
    g_error ("refused %s: %s", text, error->message);
  g_assert_no_error (error);
}

static void
assert_bytes_refused (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (scan_bytes (text, length, BELFRY_JSON_MAX_DEPTH, &error))
    g_error ("accepted %s", text);
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
  g_assert_true (g_str_has_prefix (error->message, "byte "));
}

static void
assert_refused (const char *text)
{
  assert_bytes_refused (text, strlen (text));
}

static void
assert_value_accepted (const char *value)
{
  g_autofree char *text = in_object (value);

  assert_accepted (text);
}

static void
assert_value_refused (const char *value)
{
  g_autofree char *text = in_object (value);

  assert_refused (text);
}

static void
test_objects_are_accepted (void)
{
  static const char *const texts[] = {
    "{}",
    "{\"\":0}",
    "{\"a\":1,\"b\":2}",
    "{\"a\":{}}",
    "{\"a\":[]}",
    "{\"a\":[[],{},[{}]]}",
    "{\"a\":null,\"b\":true,\"c\":false,\"d\":\"\",\"e\":0}",
    "{\"a\":\"b\",\"a\":\"c\"}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"a\\u0000b\":1}",
    "{\"\\ud800\":1}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_accepted (texts[i]);
}

static void
test_white_space_may_stand_between_everything (void)
{
  assert_accepted (" \t\r\n{ \"a\" : [ 1 , 2 ] ,\r\n\"b\"\t:\t{ } } \t\r\n");
  assert_accepted ("{ }");
  assert_accepted ("{\"a\":[ ]}");
}

static void
test_other_white_space_is_refused (void)
{
  static const char *const spaces[] = { "\f",           "\v",           "\b",
                                        "\x1e",         "\xc2\xa0",     "\xe2\x80\xa8",
                                        "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf" };

  for (guint i = 0; i < G_N_ELEMENTS (spaces); i++)
    {
      g_autofree char *before = g_strconcat (spaces[i], "{}", NULL);
      g_autofree char *inside = g_strconcat ("{", spaces[i], "}", NULL);
      g_autofree char *after = g_strconcat ("{}", spaces[i], NULL);

      assert_refused (before);
      assert_refused (inside);
      assert_refused (after);
      assert_value_refused (spaces[i]);
    }
}

static void
test_only_an_object_is_accepted (void)
{
  static const char *const texts[] = { "",     " ",     "\n",   "[]",   "[{}]", "1",
                                       "-",    "\"a\"", "true", "null", "nul",  "*",
                                       "<{}>", "x{}",   ",{}",  "\"",   "'{}'" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i]);
}

static void
test_structures_that_are_broken_are_refused (void)
{
  static const char *const texts[] = {
    "{",
    "}",
    "{]",
    "{[}]",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":}",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{\"a\":1,,\"b\":2}",
    "{,}",
    "{,\"a\":1}",
    "{\"a\"}",
    "{\"a\",1}",
    "{\"a\"::1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1;\"b\":2}",
    "{\"a\"=1}",
    "{\"a\":1:2}",
    "{\"a\":\"b\":\"c\"}",
    "{:1}",
    "{1:1}",
    "{null:1}",
    "{[]:1}",
    "{a:1}",
    "{\"a\":1]",
    "{\"a\":[1}",
    "{\"a\":[1,2}}",
    "{\"a\":{\"b\":1]}",
    "{\"a\" b}",
    "{\"a\":\"b\" c}",
    "{\"a\":1 true}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i]);
}

static void
test_arrays_that_are_broken_are_refused (void)
{
  static const char *const values[] = {
    "[",     "]",     "[1",        "[1,",    "[1,]",     "[,1]",       "[,]",      "[1,,2]",
    "[1 2]", "[1:2]", "[1;2]",     "[\"a\"", "[\"\":1]", "[[]",        "[]]",      "[{]",
    "[{}",   "[1}",   "[\"a\" 1]", "[1]2",   "[x",       "[1,\n1\n,1", "[[\"x\"]", "[-]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_refused (values[i]);
}

static void
test_what_follows_the_object_is_refused (void)
{
  static const char *const texts[] = { "{}{}",   "{} {}",  "{}}",    "{}]",
                                       "{}[]",   "{},",    "{}#",    "{};",
                                       "{}x",    "{}//",   "{}/**/", "{}1",
                                       "{}\"\"", "{}null", "{}:",    "{\"a\":1}garbage" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i]);
}

static void
test_dialects_are_refused (void)
{
  static const char *const texts[] = {
    "/*c*/{}",
    "{/*c*/}",
    "{}//c\n",
    "//c\n{}",
    "#c\n{}",
    "{\"a\":/*c*/1}",
    "{\"a\":1}/*c",
    "{'a':1}",
    "{\"a\":'b'}",
    "{`a`:1}",
    "var x={};",
    "x={}",
    "({})",
    "{}()",
    "{\"a\":undefined}",
    "{\"a\":(1)}",
    "{\"a\":1+1}",
    "{\"a\":\"b\"+\"c\"}",
    "{\"a\":new Date}",
    "{\"a\":[1...2]}",
    "{a:1}",
    "{\"a\":1n}",
    "{\"a\":1_000}",
    "{\"a\":@x}",
    "{\"a\":\"\"\"b\"\"\"}",
    "{\"a\":<null>}",
    "{\"a\":\\u0031}",
    "\\u007b}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i]);
}

static void
test_literals (void)
{
  static const char *const bad[] = { "tru",       "truee",     "True",      "TRUE",      "fals",
                                     "False",     "nul",       "nulll",     "NULL",      "None",
                                     "t",         "n",         "f",         "true1",     "nan",
                                     "NaN",       "-NaN",      "inf",       "Inf",       "Infinity",
                                     "-Infinity", "+Infinity", "truefalse", "tr\\u0075e" };

  assert_value_accepted ("true");
  assert_value_accepted ("false");
  assert_value_accepted ("null");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_value_refused (bad[i]);
}

static void
test_numbers_that_are_good (void)
{
  static const char *const values[] = {
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "10",
    "123",
    "0.5",
    "0e1",
    "0e+1",
    "0E-1",
    "1e1",
    "1E22",
    "1e-2",
    "1E+2",
    "123.456e78",
    "1.0",
    "-1.5E-0",
    "1e00",
    "1e999999999",
    "-1e-999999999",
    "0.00000000000000000000000000000000000000000000000000000000000000000001",
    "12345678901234567890123456789012345678901234567890",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_accepted (values[i]);
}

static void
test_numbers_that_are_bad (void)
{
  static const char *const values[] = {
    "01",           "00",
    "-01",          "-00",
    "012",          "0123.4",
    "+1",           "++1",
    "--1",          "-",
    "- 1",          "1.",
    "-1.",          ".5",
    "-.5",          "0.e1",
    "1.e1",         ".e1",
    "1e",           "1e+",
    "1e-",          "1E",
    "1eE2",         "1e1.5",
    "1e 1",         "1.2.3",
    "1..2",         "0x1F",
    "0x",           "0b1",
    "0o7",          "1a",
    "1-",           "1-2",
    "1+2",          "-a",
    "1 000",        "1,000,",
    "1.0e",         "0.3e+",
    "9.e+",         "1.8011670033376514H-308",
    "\xef\xbc\x91", "1\xe2\x82\xac",
    "1/2",          "1f",
    "1L",           "e1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_refused (values[i]);
}

static void
test_strings_that_are_good (void)
{
  static const char *const values[] = {
    "\"\"",
    "\" \"",
    "\"/\"",
    "\"'\"",
    "\"{}[],:\"",
    "\"/* no comment */\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"\\u0022\\u005C\\u005c\"",
    "\"\\uABCD\\uabcd\\uAbCd\"",
    "\"\\ud83d\\udd14\"",
    "\"\\\\u0000\"",
    "\"\\\\\\\\\"",
    "\"\x7f\"",
    "\"\xc2\x80\"",
    "\"\xc3\xa9\"",
    "\"\xe0\xa0\x80\"",
    "\"\xe2\x80\xa8\xe2\x80\xa9\"",
    "\"\xed\x9f\xbf\"",
    "\"\xee\x80\x80\"",
    "\"\xef\xbb\xbf\"",
    "\"\xef\xbf\xbe\"",
    "\"\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\"",
    "\"\xf0\x9f\x94\x94\"",
    "\"\xf4\x8f\xbf\xbf\"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_accepted (values[i]);
}

static void
test_lone_surrogates_as_escapes_are_text (void)
{
  static const char *const values[] = {
    "\"\\ud800\"",  "\"\\udfff\"",    "\"\\ud800\\ud800\"",  "\"\\udc00\\ud800\"",
    "\"\\ud800a\"", "\"\\ud800\\n\"", "\"\\uD83D \\uDD14\"", "\"a\\udbffb\\udc00\"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_accepted (values[i]);
}

static void
test_strings_that_are_bad (void)
{
  static const char *const values[] = {
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\",
    "\"\\a\"",
    "\"\\q\"",
    "\"\\0\"",
    "\"\\x41\"",
    "\"\\'\"",
    "\"\\U0041\"",
    "\"\\ \"",
    "\"\\\n\"",
    "\"\\\t\"",
    "\"\\\xc3\xa9\"",
    "\"\\\xff\"",
    "\"\\u\"",
    "\"\\u0\"",
    "\"\\u00\"",
    "\"\\u004\"",
    "\"\\u004g\"",
    "\"\\u 041\"",
    "\"\\u+041\"",
    "\"\\u-041\"",
    "\"\\u{41}\"",
    "\"\\u0x41\"",
    "\"\\ud800\\\"",
    "\"\\ud800\\u\"",
    "\"\\ud800\\u1\"",
    "\"\\ud800\\ud\"",
    "\"\\u00\xc3\xa9\"",
    "\"a\" \"b\"",
    "\"a\"b",
    "\"\\\\\"\"",
    "'a'",
    "\\n",
    "\\u0020\"a\"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    assert_value_refused (values[i]);
}

static void
test_only_eight_letters_and_u_may_be_escaped (void)
{
  for (int c = 1; c < 0x80; c++)
    {
      const char value[] = { '"', '\\', (char) c, '"', '\0' };

      if (strchr ("\"\\/bfnrt", c) != NULL)
        assert_value_accepted (value);
      else
        assert_value_refused (value);
    }
}

static void
test_control_characters_in_a_string_are_refused (void)
{
  for (int c = 1; c < 0x20; c++)
    {
      const char value[] = { '"', 'a', (char) c, 'b', '"', '\0' };

      assert_value_refused (value);
    }
}

static void
test_what_is_no_utf8_is_refused (void)
{
  static const char *const strings[] = {
    "\x80", /* a continuation alone */
    "\xbf",
    "\xc0\x80", /* overlong NUL */
    "\xc0\xaf", /* overlong '/' */
    "\xc1\xbf",
    "\xc2", /* cut off */
    "\xc2\x41",
    "\xc3\xc3\xa9",
    "\xe0\x80\x80", /* overlong */
    "\xe0\x9f\xbf",
    "\xe2\x82",
    "\xe2\x82\x41",
    "\xe2\x41\x82",
    "\xed\xa0\x80", /* surrogates */
    "\xed\xaf\xbf",
    "\xed\xbf\xbf",
    "\xed\xa0\xbd\xed\xb4\x94", /* a pair of them */
    "\xf0\x80\x80\x80",         /* overlong */
    "\xf0\x8f\xbf\xbf",
    "\xf0\x9f\x94",
    "\xf0\x9f\x94\x41",
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "\xf5\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    "\xf8\x88\x80\x80\x80", /* five and six bytes */
    "\xfc\x84\x80\x80\x80\x80",
    "\xfe",
    "\xff",
    "\xe9", /* ISO 8859-1 */
  };

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autofree char *alone = g_strdup_printf ("\"%s\"", strings[i]);
      g_autofree char *followed = g_strdup_printf ("\"%sab\"", strings[i]);
      g_autofree char *key = g_strdup_printf ("{\"%s\":1}", strings[i]);
      g_autofree char *cut = g_strdup_printf ("{\"%s", strings[i]);
      g_autofree char *outside = g_strdup_printf ("{%s}", strings[i]);

      assert_value_refused (alone);
      assert_value_refused (followed);
      assert_refused (key);
      assert_refused (cut);
      assert_refused (outside);
    }
}

static void
test_every_second_byte_is_judged_as_glib_does (void)
{
  for (int first = 0x80; first <= 0xff; first++)
    for (int second = 0x01; second <= 0xff; second++)
      {
        const char tail[] = "\x80\xbf";

        if (second == '"' || second == '\\' || second < 0x20)
          continue;
        for (gsize n = 0; n <= 2; n++)
          {
            const char bytes[] = { (char) first, (char) second, n > 0 ? tail[0] : '\0',
                                   n > 1 ? tail[1] : '\0', '\0' };
            g_autofree char *text = g_strdup_printf ("{\"%s\":0}", bytes);

            g_assert_cmpint (scan_bytes (text, strlen (text), 1, NULL), ==,
                             g_utf8_validate (bytes, -1, NULL));
          }
      }
}

static void
test_other_encodings_are_refused (void)
{
  static const char utf16_le[] = "{\0}\0";
  static const char utf16_be[] = "\0{\0}";
  static const char utf16_bom[] = "\xff\xfe{\0}\0";

  assert_refused ("\xef\xbb\xbf{}");
  assert_refused ("\xef\xbb{}");
  assert_bytes_refused (utf16_le, 4);
  assert_bytes_refused (utf16_be, 4);
  assert_bytes_refused (utf16_bom, 6);
}

static void
test_a_nul_byte_is_refused_wherever_it_is (void)
{
  static const char text[] = " { \"a\" : [ 1.5e3 , true , \"b\\n\\u0041\" ] } ";
  gsize length = sizeof text - 1;

  assert_accepted (text);
  for (gsize i = 0; i <= length; i++)
    {
      g_autoptr (GString) with_nul = g_string_new_len (text, (gssize) length);

      g_string_insert_len (with_nul, (gssize) i, "\0", 1);
      assert_bytes_refused (with_nul->str, with_nul->len);
    }
}

static void
test_every_text_that_is_cut_off_is_refused (void)
{
  static const char text[] =
      "{\"a\":[-1.5e+3,true,false,null,\"b\\n\\ud83d\\udd14\xf0\x9f\x94\x94\"],\"c\":{}}";

  assert_accepted (text);
  for (gsize i = 0; i < sizeof text - 1; i++)
    assert_bytes_refused (text, i);
}

/* @depth arrays or objects, counting the outer object */
static char *
nest (guint depth, gboolean arrays, gboolean closed)
{
  GString *text = g_string_new ("{");

  for (guint i = 1; i < depth; i++)
    g_string_append (text, i > 1 && arrays ? "[" : arrays ? "\"a\":[" : "\"a\":{");
  for (guint i = 1; i < depth && closed; i++)
    g_string_append_c (text, arrays ? ']' : '}');
  if (closed)
    g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
test_depth_is_counted_with_the_outer_object (void)
{
  for (guint limit = 1; limit <= 64; limit++)
    for (int arrays = 0; arrays <= 1; arrays++)
      {
        g_autofree char *at_limit = nest (limit, arrays, TRUE);
        g_autofree char *above = nest (limit + 1, arrays, TRUE);

        g_assert_true (belfry_json_scan (at_limit, -1, limit, NULL, NULL));
        g_assert_false (belfry_json_scan (above, -1, limit, NULL, NULL));
      }
  g_assert_cmpuint (BELFRY_JSON_MAX_DEPTH, ==, 32);
}

static void
test_depth_is_no_count_of_containers (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":[");

  for (int i = 0; i < 1000; i++)
    g_string_append (text, "[],{},");
  g_string_append (text, "[]]}");
  g_assert_true (belfry_json_scan (text->str, -1, 3, NULL, NULL));
  g_assert_false (belfry_json_scan (text->str, -1, 2, NULL, NULL));
}

static void
test_each_level_is_closed_by_its_own_kind (void)
{
  /* The scanner keeps a bit for each level; both ends of the word are used. */
  for (guint level = 2; level <= 64; level++)
    {
      g_autofree char *text = nest (64, TRUE, TRUE);
      gsize length = strlen (text);

      g_assert_true (belfry_json_scan (text, -1, 64, NULL, NULL));
      text[length - level] = '}';
      g_assert_false (belfry_json_scan (text, -1, 64, NULL, NULL));
    }
}

static void
test_a_hundred_thousand_deep_is_refused (void)
{
  for (int arrays = 0; arrays <= 1; arrays++)
    for (int closed = 0; closed <= 1; closed++)
      {
        g_autofree char *text = nest (100000, arrays, closed);

        assert_refused (text);
      }
}

static void
test_an_error_says_at_which_byte (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "byte 0: expected an object, '{'" },
    { "  []", "byte 2: expected an object, '{'" },
    { "{\"a\":01}", "byte 6: a number starts with a superfluous 0" },
    { "{\"a\":1.}", "byte 7: expected a digit" },
    { "{\"a\":'b'}", "byte 5: expected a value" },
    { "{a:1}", "byte 1: expected a member name in double quotes" },
    { "{\"a\" 1}", "byte 5: expected ':'" },
    { "{\"a\":1 2}", "byte 7: expected ',' or '}'" },
    { "{\"a\":[1 2]}", "byte 8: expected ',' or ']'" },
    { "{\"a\":\"\t\"}", "byte 6: a control character in a string" },
    { "{\"a\":\"\xff\"}", "byte 6: not UTF-8" },
    { "{\"a\":\"\\q\"}", "byte 7: unknown escape" },
    { "{\"a\":\"\\u12x4\"}", "byte 7: expected four hexadecimal digits after \\u" },
    { "{\"a\":\"b", "byte 7: a string without end" },
    { "{\"a\":", "byte 5: the text ends too early" },
    { "{} {}", "byte 3: expected nothing after the object" },
    { "{\"a\":{\"b\":{}}}", "byte 10: nested more than 2 deep" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (belfry_json_scan (cases[i].text, -1, 2, NULL, &error));
      g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
assert_claims_refused (const char *claims)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (belfry_json_scan_claims (claims, -1, &error));
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
  g_assert_true (g_str_has_prefix (error->message, "byte "));
}

static void
test_claims_refuse_a_member_twice (void)
{
  g_assert_true (belfry_json_scan_claims ("{\"sub\":\"a\",\"Sub\":\"b\",\"exp\":1}", -1, NULL));
  assert_claims_refused ("{\"sub\":\"a\",\"sub\":\"b\"}");
  assert_claims_refused ("{\"sub\":\"a\",\"x\":{},\"\\u0073ub\":\"b\"}");
  assert_claims_refused ("{\"\\u00e9\":1,\"\xc3\xa9\":1}");
  assert_claims_refused ("{\"\":1,\"\":1}");
}

static void
test_claims_refuse_nul_wherever_it_is (void)
{
  g_assert_true (belfry_json_scan_claims ("{\"a\":\"\\\\u0000\",\"b\":\"\\u0001\"}", -1, NULL));
  assert_claims_refused ("{\"sub\":\"admin\\u0000x\"}");
  assert_claims_refused ("{\"sub\\u0000\":\"a\"}");
  assert_claims_refused ("{\"a\":[{\"b\":\"\\u0000\"}]}");
  assert_claims_refused ("{\"\\ud800\":1}");
}

static void
test_claims_are_json_as_any (void)
{
  g_autofree char *at_limit = nest (BELFRY_JSON_MAX_DEPTH, TRUE, TRUE);
  g_autofree char *above = nest (BELFRY_JSON_MAX_DEPTH + 1, TRUE, TRUE);

  g_assert_true (belfry_json_scan_claims (at_limit, -1, NULL));
  assert_claims_refused (above);
  assert_claims_refused ("{}{}");
  assert_claims_refused ("[]");
}

#define ADD(name, function) g_test_add_func ("/json/" name, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("objects-are-accepted", test_objects_are_accepted);
  ADD ("white-space-may-stand-between-everything", test_white_space_may_stand_between_everything);
  ADD ("other-white-space-is-refused", test_other_white_space_is_refused);
  ADD ("only-an-object-is-accepted", test_only_an_object_is_accepted);
  ADD ("structures-that-are-broken-are-refused", test_structures_that_are_broken_are_refused);
  ADD ("arrays-that-are-broken-are-refused", test_arrays_that_are_broken_are_refused);
  ADD ("what-follows-the-object-is-refused", test_what_follows_the_object_is_refused);
  ADD ("dialects-are-refused", test_dialects_are_refused);
  ADD ("literals", test_literals);
  ADD ("numbers-that-are-good", test_numbers_that_are_good);
  ADD ("numbers-that-are-bad", test_numbers_that_are_bad);
  ADD ("strings-that-are-good", test_strings_that_are_good);
  ADD ("lone-surrogates-as-escapes-are-text", test_lone_surrogates_as_escapes_are_text);
  ADD ("strings-that-are-bad", test_strings_that_are_bad);
  ADD ("only-eight-letters-and-u-may-be-escaped", test_only_eight_letters_and_u_may_be_escaped);
  ADD ("control-characters-in-a-string-are-refused",
       test_control_characters_in_a_string_are_refused);
  ADD ("what-is-no-utf8-is-refused", test_what_is_no_utf8_is_refused);
  ADD ("every-second-byte-is-judged-as-glib-does", test_every_second_byte_is_judged_as_glib_does);
  ADD ("other-encodings-are-refused", test_other_encodings_are_refused);
  ADD ("a-nul-byte-is-refused-wherever-it-is", test_a_nul_byte_is_refused_wherever_it_is);
  ADD ("every-text-that-is-cut-off-is-refused", test_every_text_that_is_cut_off_is_refused);
  ADD ("depth-is-counted-with-the-outer-object", test_depth_is_counted_with_the_outer_object);
  ADD ("depth-is-no-count-of-containers", test_depth_is_no_count_of_containers);
  ADD ("each-level-is-closed-by-its-own-kind", test_each_level_is_closed_by_its_own_kind);
  ADD ("a-hundred-thousand-deep-is-refused", test_a_hundred_thousand_deep_is_refused);
  ADD ("an-error-says-at-which-byte", test_an_error_says_at_which_byte);
  ADD ("claims-refuse-a-member-twice", test_claims_refuse_a_member_twice);
  ADD ("claims-refuse-nul-wherever-it-is", test_claims_refuse_nul_wherever_it_is);
  ADD ("claims-are-json-as-any", test_claims_are_json_as_any);
  return g_test_run ();
}
