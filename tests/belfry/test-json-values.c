/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading what the scanner has accepted. */

#include "belfry-json-private.h"

/* What stands in an object: {"v":VALUE} */
static char *
in_object (const char *value)
{
  return g_strconcat ("{\"v\":", value, "}", NULL);
}

static BelfryJsonValue
scan_object (const char *text)
{
  g_autoptr (GError) error = NULL;
  BelfryJsonValue object = { 0 };

  g_assert_true (belfry_json_scan (text, -1, BELFRY_JSON_MAX_DEPTH, &object, &error));
  g_assert_no_error (error);
  return object;
}

static BelfryJsonValue
lookup (const char *text, const char *name)
{
  BelfryJsonValue object = scan_object (text);
  BelfryJsonValue value = { 0 };

  g_assert_true (belfry_json_lookup (&object, name, &value));
  return value;
}

static void
assert_text (const BelfryJsonValue *value, const char *expected)
{
  g_autofree char *text = g_strndup (value->text, value->length);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_the_object_is_given_without_the_space_around_it (void)
{
  BelfryJsonValue object = scan_object (" \n{ \"a\":1.0 }\t ");

  g_assert_cmpint (object.kind, ==, BELFRY_JSON_OBJECT);
  assert_text (&object, "{ \"a\":1.0 }");
}

static void
test_a_walk_gives_every_member_in_order (void)
{
  static const struct
  {
    const char *key;
    const char *value;
    BelfryJsonKind kind;
  } members[] = {
    { "\"a\"", "1", BELFRY_JSON_NUMBER },
    { "\"a\"", "-1.5E+3", BELFRY_JSON_NUMBER },
    { "\"b\\\"}\"", "\"]}\\\\\\\"{\"", BELFRY_JSON_STRING },
    { "\"c\"", "[ {\"]\":\"[\"} , [] ]", BELFRY_JSON_ARRAY },
    { "\"d\"", "{\"x\" : {\"}\":[]}}", BELFRY_JSON_OBJECT },
    { "\"e\"", "true", BELFRY_JSON_BOOLEAN },
    { "\"f\"", "false", BELFRY_JSON_BOOLEAN },
    { "\"\"", "null", BELFRY_JSON_NULL },
  };
  g_autoptr (GString) text = g_string_new (" { ");
  BelfryJsonValue object;
  BelfryJsonValue key;
  BelfryJsonValue value;
  BelfryJsonIter iter;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_string_append_printf (text, "%s%s :\t%s\n", i > 0 ? ", " : "", members[i].key,
                            members[i].value);
  g_string_append (text, "} ");

  object = scan_object (text->str);
  belfry_json_iter_init (&iter, &object);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_assert_true (belfry_json_iter_next (&iter, &key, &value));
      assert_text (&key, members[i].key);
      assert_text (&value, members[i].value);
      g_assert_cmpint (key.kind, ==, BELFRY_JSON_STRING);
      g_assert_cmpint (value.kind, ==, members[i].kind);
    }
  g_assert_false (belfry_json_iter_next (&iter, &key, &value));
  g_assert_false (belfry_json_iter_next (&iter, &key, &value));
}

static void
test_a_walk_through_an_array (void)
{
  static const char *const elements[] = { "1", "\"a:b\"", "{\"c\":2}", "[]", "null" };
  BelfryJsonValue array = lookup ("{\"v\":[ 1,\"a:b\" ,{\"c\":2}, [],null ]}", "v");
  BelfryJsonValue value;
  BelfryJsonIter iter;

  belfry_json_iter_init (&iter, &array);
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++)
    {
      g_assert_true (belfry_json_iter_next (&iter, NULL, &value));
      assert_text (&value, elements[i]);
    }
  g_assert_false (belfry_json_iter_next (&iter, NULL, &value));
}

static void
test_a_walk_through_nothing (void)
{
  BelfryJsonValue object = scan_object ("{ }");
  BelfryJsonValue array = lookup ("{\"v\":[ \n ]}", "v");
  BelfryJsonIter iter;

  belfry_json_iter_init (&iter, &object);
  g_assert_false (belfry_json_iter_next (&iter, NULL, NULL));
  belfry_json_iter_init (&iter, &array);
  g_assert_false (belfry_json_iter_next (&iter, NULL, NULL));
}

static void
test_a_member_is_found_however_its_name_is_written (void)
{
  static const struct
  {
    const char *text;
    const char *name;
  } cases[] = {
    { "{\"sub\":7}", "sub" },
    { "{\"\\u0073\\u0075\\u0062\":7}", "sub" },
    { "{\"su\\u0062\":7}", "sub" },
    { "{\"x\":{\"sub\":1},\"sub\":7}", "sub" },
    { "{\"x\":[\"sub\",1],\"sub\" : 7 }", "sub" },
    { "{\"x\":\"\\\"sub\\\":1\",\"sub\":7}", "sub" },
    { "{\"sub\":1,\"su\\u0062\":2,\"sub\":7}", "sub" },
    { "{\"su\":1,\"subs\":2,\"SUB\":3,\"sub\\u0000\":4,\"sub\":7}", "sub" },
    { "{\"sub\":7,\"sub\\u0000x\":1}", "sub" },
    { "{\"\\/\\\\\\\"\":7}", "/\\\"" },
    { "{\"\\ud83d\\udd14\":7}", "\xf0\x9f\x94\x94" },
    { "{\"\xf0\x9f\x94\x94\":7}", "\xf0\x9f\x94\x94" },
    { "{\"\":7}", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BelfryJsonValue value = lookup (cases[i].text, cases[i].name);

      assert_text (&value, "7");
    }
}

static void
test_a_member_that_is_not_there_is_not_found (void)
{
  static const char *const texts[] = {
    "{}",       "{\"x\":\"sub\"}",    "{\"x\":{\"sub\":1}}", "{\"subs\":1}",        "{\"su\":1}",
    "{\"\":1}", "{\"sub\\u0000\":1}", "{\"\\ud800sub\":1}",  "{\"\\\\u0073ub\":1}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      BelfryJsonValue object = scan_object (texts[i]);
      BelfryJsonValue value;

      g_assert_false (belfry_json_lookup (&object, "sub", &value));
    }
}

static void
test_only_a_string_equals_a_string (void)
{
  static const char *const others[] = { "1", "true", "null", "{}", "[]", "[1]" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *text = in_object (others[i]);
      BelfryJsonValue value = lookup (text, "v");

      g_assert_false (belfry_json_value_equals (&value, others[i]));
      g_assert_false (belfry_json_value_equals (&value, ""));
      g_assert_null (belfry_json_value_dup_string (&value));
    }
}

static void
test_integers (void)
{
  static const struct
  {
    const char *text;
    gint64 number;
  } good[] = {
    { "0", 0 },
    { "-0", 0 },
    { "7", 7 },
    { "-7", -7 },
    { "9007199254740993", G_GINT64_CONSTANT (9007199254740993) },
    { "9223372036854775807", G_MAXINT64 },
    { "-9223372036854775808", G_MININT64 },
  };
  static const char *const bad[] = {
    "1.0",
    "1e3",
    "1E0",
    "0.0",
    "9223372036854775808",
    "-9223372036854775809",
    "1e400",
    "18446744073709551616",
    "100000000000000000000000000000000000000000000000000000000000",
    "\"1\"",
    "true",
    "null",
    "[1]",
    "{}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *text = in_object (good[i].text);
      BelfryJsonValue value = lookup (text, "v");
      gint64 number = 42;

      g_assert_true (belfry_json_value_get_int64 (&value, &number));
      g_assert_cmpint (number, ==, good[i].number);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = in_object (bad[i]);
      BelfryJsonValue value = lookup (text, "v");
      gint64 number;

      g_assert_false (belfry_json_value_get_int64 (&value, &number));
    }
}

static void
test_booleans (void)
{
  BelfryJsonValue yes = lookup ("{\"v\":true}", "v");
  BelfryJsonValue no = lookup ("{\"v\": false }", "v");
  BelfryJsonValue text = lookup ("{\"v\":\"true\"}", "v");
  BelfryJsonValue number = lookup ("{\"v\":1}", "v");
  BelfryJsonValue none = lookup ("{\"v\":null}", "v");
  gboolean truth = FALSE;

  g_assert_true (belfry_json_value_get_boolean (&yes, &truth));
  g_assert_true (truth);
  g_assert_true (belfry_json_value_get_boolean (&no, &truth));
  g_assert_false (truth);
  g_assert_false (belfry_json_value_get_boolean (&text, &truth));
  g_assert_false (belfry_json_value_get_boolean (&number, &truth));
  g_assert_false (belfry_json_value_get_boolean (&none, &truth));
}

static void
test_strings_are_read (void)
{
  static const struct
  {
    const char *json;
    const char *text;
  } cases[] = {
    { "\"\"", "" },
    { "\"plain\"", "plain" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
    { "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
    { "\"\\ud83d\\udd14\"", "\xf0\x9f\x94\x94" },
    { "\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf" },
    { "\"\\ud800\\udc00\"", "\xf0\x90\x80\x80" },
    { "\"\xf0\x9f\x94\x94\"", "\xf0\x9f\x94\x94" },
    { "\"\\\\u0041\"", "\\u0041" },
    { "\"\\u0001\"", "\x01" },
    { "\"a\\u0000b\"", NULL },
    { "\"\\ud800\"", NULL },
    { "\"\\udc00\"", NULL },
    { "\"\\ud800\\ud800\\udc00\"", NULL },
    { "\"\\ud83d\\n\"", NULL },
    { "\"\\ud83d \\udd14\"", NULL },
    { "\"\\ud83d\\\\udd14\"", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *json = in_object (cases[i].json);
      BelfryJsonValue value = lookup (json, "v");
      g_autofree char *text = belfry_json_value_dup_string (&value);

      g_assert_cmpstr (text, ==, cases[i].text);
      if (text != NULL)
        g_assert_true (belfry_json_value_equals (&value, text));
    }
}

static void
test_a_string_that_is_written_is_read_the_same (void)
{
  g_autoptr (GString) every = g_string_new ("\"\\/ \xc3\xa9\xe2\x80\xa8\xf0\x9f\x94\x94");
  g_autoptr (GString) json = g_string_new ("{\"v\":");
  g_autofree char *text = NULL;
  BelfryJsonValue value;

  for (char c = 1; c < 0x7f; c++)
    g_string_append_c (every, c);
  g_string_append_c (every, 0x7f);

  belfry_json_append_string (json, every->str);
  g_string_append_c (json, '}');
  value = lookup (json->str, "v");
  text = belfry_json_value_dup_string (&value);
  g_assert_cmpstr (text, ==, every->str);
}

static void
test_what_is_written_is_escaped_where_it_must_be (void)
{
  g_autoptr (GString) json = g_string_new (NULL);

  belfry_json_append_string (json, "a\"b\\c/\n\x1f\x7f\xc3\xa9");
  g_assert_cmpstr (json->str, ==, "\"a\\\"b\\\\c/\\u000a\\u001f\x7f\xc3\xa9\"");
  g_string_truncate (json, 0);
  belfry_json_append_string (json, "");
  g_assert_cmpstr (json->str, ==, "\"\"");
}

static void
test_numbers_and_times_are_written_in_full (void)
{
  g_autoptr (GString) json = g_string_new (NULL);

  belfry_json_append_int (json, 0);
  g_string_append_c (json, ' ');
  belfry_json_append_int (json, G_MAXINT64);
  g_string_append_c (json, ' ');
  belfry_json_append_int (json, G_MININT64);
  g_string_append_c (json, ' ');
  belfry_json_append_time (json, 0);
  g_string_append_c (json, ' ');
  belfry_json_append_time (json, G_GINT64_CONSTANT (1709251199987654));
  g_string_append_c (json, ' ');
  belfry_json_append_time (json, G_GINT64_CONSTANT (253402300800000000));
  g_assert_cmpstr (json->str, ==,
                   "0 9223372036854775807 -9223372036854775808 \"1970-01-01T00:00:00.000Z\" "
                   "\"2024-02-29T23:59:59.987Z\" \"10000-01-01T00:00:00.000Z\"");
}

#define ADD(name, function) g_test_add_func ("/json-values/" name, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("the-object-is-given-without-the-space-around-it",
       test_the_object_is_given_without_the_space_around_it);
  ADD ("a-walk-gives-every-member-in-order", test_a_walk_gives_every_member_in_order);
  ADD ("a-walk-through-an-array", test_a_walk_through_an_array);
  ADD ("a-walk-through-nothing", test_a_walk_through_nothing);
  ADD ("a-member-is-found-however-its-name-is-written",
       test_a_member_is_found_however_its_name_is_written);
  ADD ("a-member-that-is-not-there-is-not-found", test_a_member_that_is_not_there_is_not_found);
  ADD ("only-a-string-equals-a-string", test_only_a_string_equals_a_string);
  ADD ("integers", test_integers);
  ADD ("booleans", test_booleans);
  ADD ("strings-are-read", test_strings_are_read);
  ADD ("a-string-that-is-written-is-read-the-same", test_a_string_that_is_written_is_read_the_same);
  ADD ("what-is-written-is-escaped-where-it-must-be",
       test_what_is_written_is_escaped_where_it_must_be);
  ADD ("numbers-and-times-are-written-in-full", test_numbers_and_times_are_written_in_full);

  return g_test_run ();
}
