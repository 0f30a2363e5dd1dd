/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-origin-policy.h"

static const char *const allowed[] = { "https://app.example", "null", NULL };

static void
test_a_page_of_our_own_host_may (void)
{
  static const struct
  {
    const char *origin;
    const char *host;
  } own[] = {
    { "http://belfry.example", "belfry.example" },
    { "https://belfry.example", "belfry.example" },
    { "https://belfry.example", "belfry.example:443" },
    { "http://belfry.example", "belfry.example:80" },
    { "http://Belfry.example", "bELFRY.example" },
    { "http://127.0.0.1:8080", "127.0.0.1:8080" },
    { "http://[::1]:8080", "[::1]:8080" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    g_assert_true (belfry_origin_policy_allows (NULL, own[i].origin, own[i].host));
}

static void
test_a_page_from_elsewhere_may_not (void)
{
  static const struct
  {
    const char *origin;
    const char *host;
  } foreign[] = {
    { "null", "belfry.example" },
    { "", "belfry.example" },
    { "belfry.example", "belfry.example" },
    { "http://", "belfry.example" },
    { "http://evil.example", "belfry.example" },
    { "http://evil.example", NULL },
    { "http://belfry.example.evil.example", "belfry.example" },
    { "http://evil-belfry.example", "belfry.example" },
    { "http://belfry.example:8080", "belfry.example" },
    { "http://belfry.example", "belfry.example:8080" },
    { "http://belfry.example:443", "belfry.example" },
    { "http://belfry.example/", "belfry.example" },
    { "http://belfry.example, http://belfry.example", "belfry.example" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    g_assert_false (belfry_origin_policy_allows (NULL, foreign[i].origin, foreign[i].host));
}

static void
test_a_program_without_an_origin_may (void)
{
  g_assert_true (belfry_origin_policy_allows (NULL, NULL, "belfry.example"));
  g_assert_true (belfry_origin_policy_allows (NULL, NULL, NULL));
}

static void
test_what_the_operator_names_may_and_nothing_like_it (void)
{
  g_assert_true (belfry_origin_policy_allows (allowed, "https://app.example", "belfry.example"));
  g_assert_true (belfry_origin_policy_allows (allowed, "null", "belfry.example"));
  g_assert_false (belfry_origin_policy_allows (allowed, "http://app.example", "belfry.example"));
  g_assert_false (
      belfry_origin_policy_allows (allowed, "https://app.example:8443", "belfry.example"));
  g_assert_false (belfry_origin_policy_allows (allowed, "https://app.exampl", "belfry.example"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/origin-policy/a-page-of-our-own-host-may", test_a_page_of_our_own_host_may);
  g_test_add_func ("/origin-policy/a-page-from-elsewhere-may-not",
                   test_a_page_from_elsewhere_may_not);
  g_test_add_func ("/origin-policy/a-program-without-an-origin-may",
                   test_a_program_without_an_origin_may);
  g_test_add_func ("/origin-policy/what-the-operator-names-may-and-nothing-like-it",
                   test_what_the_operator_names_may_and_nothing_like_it);
  return g_test_run ();
}
