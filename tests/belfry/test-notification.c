/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gio/gio.h>

#include "belfry-error.h"
#include "belfry-notification-private.h"

static const BelfryNotificationFields whole = {
  .id = G_GINT64_CONSTANT (9007199254740990),
  .user_id = "Zo\xc3\xab",
  .data = "{ \"n\":1.0 }",
  .created_at = G_GINT64_CONSTANT (1798761599007999),
  .read = TRUE,
  .position = G_GINT64_CONSTANT (9007199254740991),
  .tag = "mail",
  .expires_at = G_GINT64_CONSTANT (1798761600000000),
};

static const BelfryNotificationFields plain = {
  .id = 1,
  .user_id = "u",
  .data = "{}",
  .position = 1,
};

static void
assert_fields (BelfryNotification *self, const BelfryNotificationFields *fields)
{
  g_assert_cmpint (belfry_notification_get_id (self), ==, fields->id);
  g_assert_cmpstr (belfry_notification_get_user_id (self), ==, fields->user_id);
  g_assert_cmpstr (belfry_notification_get_data (self), ==, fields->data);
  g_assert_cmpint (belfry_notification_get_created_at (self), ==, fields->created_at);
  g_assert_cmpint (belfry_notification_get_read (self), ==, fields->read);
  g_assert_cmpint (belfry_notification_get_position (self), ==, fields->position);
  g_assert_cmpstr (belfry_notification_get_tag (self), ==, fields->tag);
  g_assert_cmpint (belfry_notification_get_expires_at (self), ==, fields->expires_at);
}

static void
test_it_keeps_copies_of_its_fields (void)
{
  char user_id[] = "alice";
  char data[] = "{}";
  char tag[] = "t";
  const BelfryNotificationFields fields = { .user_id = user_id, .data = data, .tag = tag };
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&fields);

  user_id[0] = data[0] = tag[0] = 'x';
  g_assert_cmpstr (belfry_notification_get_user_id (notification), ==, "alice");
  g_assert_cmpstr (belfry_notification_get_data (notification), ==, "{}");
  g_assert_cmpstr (belfry_notification_get_tag (notification), ==, "t");
}

static void
test_its_properties_are_its_fields (void)
{
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&whole);
  g_autofree char *user_id = NULL;
  g_autofree char *data = NULL;
  g_autofree char *tag = NULL;
  BelfryNotificationFields fields = { 0 };

  g_object_get (notification, "id", &fields.id, "user-id", &user_id, "data", &data, "created-at",
                &fields.created_at, "read", &fields.read, "position", &fields.position, "tag", &tag,
                "expires-at", &fields.expires_at, NULL);
  fields.user_id = user_id;
  fields.data = data;
  fields.tag = tag;
  assert_fields (notification, &whole);
  assert_fields (notification, &fields);
}

static void
test_nothing_can_be_set (void)
{
  g_autofree GParamSpec **properties = NULL;
  g_autoptr (GTypeClass) klass = g_type_class_ref (BELFRY_TYPE_NOTIFICATION);
  guint n;

  properties = g_object_class_list_properties (G_OBJECT_CLASS (klass), &n);
  g_assert_cmpuint (n, ==, 8);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (properties[i]->flags & G_PARAM_READWRITE, ==, G_PARAM_READABLE);
}

static void
test_it_crosses_the_bus_unchanged (void)
{
  const BelfryNotificationFields *const cases[] = { &whole, &plain };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BelfryNotification) notification = belfry_notification_new (cases[i]);
      g_autoptr (GVariant) variant =
          g_variant_ref_sink (belfry_notification_to_variant (notification));
      /* As bytes, as the bus carries it. */
      g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
      g_autoptr (GVariant) arrived =
          g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
      g_autoptr (GError) error = NULL;
      g_autoptr (BelfryNotification) read = belfry_notification_new_from_variant (arrived, &error);

      g_assert_no_error (error);
      assert_fields (read, cases[i]);
    }
}

static void
test_what_is_not_set_is_not_told (void)
{
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&plain);
  g_autoptr (GVariant) variant = g_variant_ref_sink (belfry_notification_to_variant (notification));
  g_autofree char *text = g_variant_print (variant, TRUE);

  g_assert_cmpstr (text, ==,
                   "{'id': <uint64 1>, 'user-id': <'u'>, 'data': <'{}'>, 'created-at': <int64 0>, "
                   "'read': <false>, 'position': <uint64 1>}");
}

static void
test_a_dictionary_without_a_field_is_refused (void)
{
  static const char *const needed[] = {
    "id", "user-id", "data", "created-at", "read", "position",
  };
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&whole);
  g_autoptr (GVariant) variant = g_variant_ref_sink (belfry_notification_to_variant (notification));

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    for (int wrong_type = 0; wrong_type <= 1; wrong_type++)
      {
        g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (variant);
        g_autoptr (GVariant) faulty = NULL;
        g_autoptr (GError) error = NULL;

        if (wrong_type)
          g_variant_dict_insert (&dict, needed[i], "y", 7);
        else
          g_assert_true (g_variant_dict_remove (&dict, needed[i]));
        faulty = g_variant_ref_sink (g_variant_dict_end (&dict));
        g_assert_null (belfry_notification_new_from_variant (faulty, &error));
        g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
      }
}

static void
test_a_field_that_is_unknown_is_passed_over (void)
{
  g_autoptr (BelfryNotification) notification = belfry_notification_new (&whole);
  g_autoptr (GVariant) variant = g_variant_ref_sink (belfry_notification_to_variant (notification));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (variant);
  g_autoptr (GVariant) newer = NULL;
  g_autoptr (BelfryNotification) read = NULL;

  g_variant_dict_insert (&dict, "colour", "s", "blue");
  newer = g_variant_ref_sink (g_variant_dict_end (&dict));
  read = belfry_notification_new_from_variant (newer, NULL);
  g_assert_nonnull (read);
  assert_fields (read, &whole);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notification/it-keeps-copies-of-its-fields",
                   test_it_keeps_copies_of_its_fields);
  g_test_add_func ("/notification/its-properties-are-its-fields",
                   test_its_properties_are_its_fields);
  g_test_add_func ("/notification/nothing-can-be-set", test_nothing_can_be_set);
  g_test_add_func ("/notification/it-crosses-the-bus-unchanged", test_it_crosses_the_bus_unchanged);
  g_test_add_func ("/notification/what-is-not-set-is-not-told", test_what_is_not_set_is_not_told);
  g_test_add_func ("/notification/a-dictionary-without-a-field-is-refused",
                   test_a_dictionary_without_a_field_is_refused);
  g_test_add_func ("/notification/a-field-that-is-unknown-is-passed-over",
                   test_a_field_that_is_unknown_is_passed_over);
  return g_test_run ();
}
