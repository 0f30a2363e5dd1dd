/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Data as a GVariant and as JSON. */

#include "belfry-data.h"
#include "belfry-error.h"

static void
assert_json (const char *variant, const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = belfry_data_from_variant (g_variant_new_parsed (variant), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, json);
}

static void
assert_no_json (GVariant *variant, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (belfry_data_from_variant (variant, &error));
  g_assert_error (error, BELFRY_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, words));
}

static void
assert_variant (const char *json, const char *variant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_parsed (variant));
  g_autoptr (GVariant) data = belfry_data_to_variant (json, &error);

  g_assert_no_error (error);
  g_assert_cmpvariant (data, expected);
}

static void
assert_no_variant (const char *json, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (belfry_data_to_variant (json, &error));
  g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
  g_assert_true (g_str_has_prefix (error->message, words));
}

static void
test_every_type_of_dbus_has_its_json (void)
{
  assert_json ("@a{sv} {}", "{}");
  assert_json ("{'a': <true>}", "{\"a\":true}");
  assert_json ("{'a': <byte 255>}", "{\"a\":255}");
  assert_json ("{'a': <int16 -32768>}", "{\"a\":-32768}");
  assert_json ("{'a': <uint16 65535>}", "{\"a\":65535}");
  assert_json ("{'a': <-2147483648>}", "{\"a\":-2147483648}");
  assert_json ("{'a': <uint32 4294967295>}", "{\"a\":4294967295}");
  assert_json ("{'a': <int64 -9223372036854775808>}", "{\"a\":-9223372036854775808}");
  assert_json ("{'a': <uint64 18446744073709551615>}", "{\"a\":18446744073709551615}");
  assert_json ("{'a': <'\"\\n\u00e9'>}", "{\"a\":\"\\\"\\u000a\u00e9\"}");
  assert_json ("{'a': <objectpath '/a'>}", "{\"a\":\"/a\"}");
  assert_json ("{'a': <signature 'as'>}", "{\"a\":\"as\"}");
  assert_json ("{'a': <@ms nothing>}", "{\"a\":null}");
  assert_json ("{'a': <@ms 'x'>}", "{\"a\":\"x\"}");
  assert_json ("{'a': <[1, 2]>}", "{\"a\":[1,2]}");
  assert_json ("{'a': <('x', [<1>, <@av []>])>}", "{\"a\":[\"x\",[1,[]]]}");
  assert_json ("{'a': <{'b': {'c': 1}}>}", "{\"a\":{\"b\":{\"c\":1}}}");
}

static void
test_doubles_are_short_and_come_back_as_they_were (void)
{
  static const double numbers[] = { 0.1, 1.0 / 3, 1e300, 5e-324, 123456789.125, -2.5, 1e21 };

  assert_json ("{'a': <0.1>}", "{\"a\":0.1}");
  assert_json ("{'a': <3.0>}", "{\"a\":3}");
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *json =
          belfry_data_from_variant (g_variant_new_parsed ("{'a': <%d>}", numbers[i]), &error);
      g_autoptr (GVariant) data = NULL;
      double number = 0;

      g_assert_no_error (error);
      data = belfry_data_to_variant (json, &error);
      g_assert_no_error (error);
      if (!g_variant_lookup (data, "a", "d", &number))
        {
          gint64 integer;

          g_assert_true (g_variant_lookup (data, "a", "x", &integer));
          number = (double) integer;
        }
      g_assert_cmpfloat (number, ==, numbers[i]);
    }
}

static void
test_what_json_cannot_hold_is_named (void)
{
  g_autofree char *large = g_strnfill (128 * 1024, 'x');
  GVariant *deep = g_variant_new_parsed ("<1>");

  assert_no_json (g_variant_new_parsed ("{'a': <{'b': [1.0, inf]}>}"), BELFRY_ERROR_INVALID_ARGS,
                  "data: a: b: [1]: expected a number");
  assert_no_json (g_variant_new_parsed ("{'a': <nan>}"), BELFRY_ERROR_INVALID_ARGS, "data: a: ");
  assert_no_json (g_variant_new_parsed ("{'a': <{1: 2}>}"), BELFRY_ERROR_INVALID_ARGS,
                  "data: a: expected keys of type “s”");
  assert_no_json (g_variant_new_parsed ("{'a': <handle 1>}"), BELFRY_ERROR_INVALID_ARGS,
                  "data: a: a value of type “h”");
  assert_no_json (g_variant_new_parsed ("{'a': <%s>}", large), BELFRY_ERROR_TOO_LARGE, "data: ");
  for (guint i = 0; i < 32; i++)
    deep = g_variant_new_array (NULL, &deep, 1);
  assert_no_json (g_variant_new_parsed ("{'a': <%*>}", deep), BELFRY_ERROR_INVALID_ARGS, "data: ");
}

static void
test_json_becomes_a_dictionary (void)
{
  assert_variant ("{}", "@a{sv} {}");
  assert_variant (
      " {\"a\": [1, \"x\", null, true, -1.5e3, {\"b\": []}]} ",
      "{'a': <[<int64 1>, <'x'>, <@mv nothing>, <true>, <-1500.0>, <{'b': <@av []>}>]>}");
  assert_variant ("{\"a\":9223372036854775807}", "{'a': <int64 9223372036854775807>}");
  assert_variant ("{\"a\":9223372036854775808}", "{'a': <9223372036854775808.0>}");
  assert_variant ("{\"a\":1,\"a\":2}", "{'a': <int64 2>}");
  assert_variant ("{\"\\u00e9\":\"\\ud83d\\ude00\"}", "{'\u00e9': <'\U0001f600'>}");
}

static void
test_json_that_a_dictionary_cannot_hold_is_refused (void)
{
  assert_no_variant ("", "data: ");
  assert_no_variant ("[]", "data: byte 0");
  assert_no_variant ("{'a':1}", "data: byte 1");
  assert_no_variant ("{\"a\":[1,\"x\\u0000y\"]}", "data: a: [1]: a string");
  assert_no_variant ("{\"\\u0000\":1}", "data: a string");
  assert_no_variant ("{\"a\":\"\\ud800\"}", "data: a: a string");
  assert_no_variant ("{\"a\":1e400}", "data: a: a number");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/data/every-type-of-dbus-has-its-json", test_every_type_of_dbus_has_its_json);
  g_test_add_func ("/data/doubles-are-short-and-come-back-as-they-were",
                   test_doubles_are_short_and_come_back_as_they_were);
  g_test_add_func ("/data/what-json-cannot-hold-is-named", test_what_json_cannot_hold_is_named);
  g_test_add_func ("/data/json-becomes-a-dictionary", test_json_becomes_a_dictionary);
  g_test_add_func ("/data/json-that-a-dictionary-cannot-hold-is-refused",
                   test_json_that_a_dictionary_cannot_hold_is_refused);
  return g_test_run ();
}
