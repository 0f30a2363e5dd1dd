/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-peer-address.h"

static const char *const proxies[] = { "127.0.0.1", "::1", NULL };

static void
assert_peer (const char *peer, const char *forwarded_for, const char *expected)
{
  g_autofree char *address = belfry_peer_address_choose (peer, forwarded_for, proxies);

  g_assert_cmpstr (address, ==, expected);
}

static void
test_a_trusted_proxy_says_who_it_is (void)
{
  assert_peer ("127.0.0.1:5000", "192.0.2.7", "192.0.2.7");
  assert_peer ("[::1]:5000", "192.0.2.7", "192.0.2.7");
  assert_peer ("127.0.0.1:5000", "2001:db8::1", "2001:db8::1");
}

static void
test_only_the_last_entry_is_the_proxys_own (void)
{
  assert_peer ("127.0.0.1:5000", "198.51.100.1,192.0.2.7", "192.0.2.7");
  assert_peer ("127.0.0.1:5000", "198.51.100.1, nonsense ,  192.0.2.7 ", "192.0.2.7");
}

static void
test_what_is_no_address_is_not_believed (void)
{
  for (const char *const *forwarded_for =
           (const char *const[]){ "", ",", "unknown", "192.0.2.7,", "192.0.2.7, x", "1.2.3.4:5",
                                  NULL };
       *forwarded_for != NULL; forwarded_for++)
    assert_peer ("127.0.0.1:5000", *forwarded_for, "127.0.0.1:5000");
  assert_peer ("127.0.0.1:5000", NULL, "127.0.0.1:5000");
}

static void
test_nobody_else_is_believed (void)
{
  g_autofree char *address = belfry_peer_address_choose ("127.0.0.1:5000", "192.0.2.7", NULL);

  g_assert_cmpstr (address, ==, "127.0.0.1:5000");
  assert_peer ("127.0.0.2:5000", "192.0.2.7", "127.0.0.2:5000");
  assert_peer ("[2001:db8::9]:5000", "192.0.2.7", "[2001:db8::9]:5000");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peer-address/a-trusted-proxy-says-who-it-is",
                   test_a_trusted_proxy_says_who_it_is);
  g_test_add_func ("/peer-address/only-the-last-entry-is-the-proxys-own",
                   test_only_the_last_entry_is_the_proxys_own);
  g_test_add_func ("/peer-address/what-is-no-address-is-not-believed",
                   test_what_is_no_address_is_not_believed);
  g_test_add_func ("/peer-address/nobody-else-is-believed", test_nobody_else_is_believed);
  return g_test_run ();
}
