/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-error.h"

#include <gio/gio.h>

/* In the order of the codes, which programs have been compiled with. */
static const char *const names[] = {
  "InvalidArgs", "TooLarge", "NotFound", "Exists", "Busy", "Storage",
};

static char *
full_name (const char *name)
{
  return g_strconcat ("org.belfry.Belfry1.Error.", name, NULL);
}

static void
test_the_codes_stay_what_they_are (void)
{
  g_assert_cmpint (BELFRY_ERROR_INVALID_ARGS, ==, 0);
  g_assert_cmpint (BELFRY_ERROR_TOO_LARGE, ==, 1);
  g_assert_cmpint (BELFRY_ERROR_NOT_FOUND, ==, 2);
  g_assert_cmpint (BELFRY_ERROR_EXISTS, ==, 3);
  g_assert_cmpint (BELFRY_ERROR_BUSY, ==, 4);
  g_assert_cmpint (BELFRY_ERROR_STORAGE, ==, 5);
  g_assert_cmpstr (g_quark_to_string (BELFRY_ERROR), ==, "belfry-error-quark");
}

static void
test_each_code_has_its_name_on_the_bus (void)
{
  for (guint code = 0; code < G_N_ELEMENTS (names); code++)
    {
      g_autoptr (GError) error = g_error_new (BELFRY_ERROR, (int) code, "17 is too much");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autofree char *expected = full_name (names[code]);

      g_assert_cmpstr (name, ==, expected);
    }
}

static void
test_a_code_and_its_message_come_back_from_the_bus (void)
{
  g_assert_cmpuint (BELFRY_ERROR, !=, 0);
  for (guint code = 0; code < G_N_ELEMENTS (names); code++)
    {
      g_autofree char *name = full_name (names[code]);
      g_autoptr (GError) error = g_dbus_error_new_for_dbus_error (name, "data: 17 is too much");

      g_assert_error (error, BELFRY_ERROR, (int) code);
      g_assert_true (g_dbus_error_strip_remote_error (error));
      g_assert_cmpstr (error->message, ==, "data: 17 is too much");
    }
}

static void
test_another_name_is_none_of_ours (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (BELFRY_ERROR, !=, 0);
  error = g_dbus_error_new_for_dbus_error ("org.belfry.Belfry1.Error.Nonsense", "what");
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_DBUS_ERROR);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/the-codes-stay-what-they-are", test_the_codes_stay_what_they_are);
  g_test_add_func ("/error/each-code-has-its-name-on-the-bus",
                   test_each_code_has_its_name_on_the_bus);
  g_test_add_func ("/error/a-code-and-its-message-come-back-from-the-bus",
                   test_a_code_and_its_message_come_back_from_the_bus);
  g_test_add_func ("/error/another-name-is-none-of-ours", test_another_name_is_none_of_ours);
  return g_test_run ();
}
