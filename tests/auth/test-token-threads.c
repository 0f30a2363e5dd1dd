/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "token-maker.h"

#define N_THREADS 4
#define N_ROUNDS  50

static const char *const names[] = { "HS256", "RS256", "ES256", "EdDSA" };

typedef struct
{
  BelfryTokenVerifier *verifier;
  char *good[G_N_ELEMENTS (names)];
  char *bad[G_N_ELEMENTS (names)];
} Shared;

/* Each thread has its own reference, takes all the keys and lets go when it likes. */
static gpointer
verify_many (gpointer data)
{
  Shared *shared = data;
  g_autoptr (BelfryTokenVerifier) verifier = belfry_token_verifier_ref (shared->verifier);

  for (guint round = 0; round < N_ROUNDS; round++)
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      {
        test_assert_user (verifier, shared->good[i], names[i]);
        test_assert_refused (verifier, shared->bad[i], "the signature is not right");
      }
  return NULL;
}

static void
test_threads (void)
{
  Shared shared = { NULL };
  TestKey *keys[G_N_ELEMENTS (names)];
  GThread *threads[N_THREADS];
  char *jwk[G_N_ELEMENTS (names)] = { NULL };
  g_autofree char *jwks = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *header = g_strdup_printf ("{\"alg\":\"%s\"}", names[i]);
      g_autofree char *claims = g_strdup_printf ("{\"sub\":\"%s\",\"exp\":2000003600}", names[i]);
      char *signature;

      keys[i] = test_key_new (names[i]);
      if (i > 0)
        jwk[i] = test_key_to_jwk (keys[i], NULL);
      shared.good[i] = test_token_sign (keys[i], header, claims);
      shared.bad[i] = g_strdup (shared.good[i]);
      signature = strrchr (shared.bad[i], '.') + 1;
      *signature = *signature == 'A' ? 'B' : 'A';
    }
  jwks = test_jwks (jwk[1], jwk[2], jwk[3], NULL);
  shared.verifier = test_verifier (keys[0], jwks);

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("verify", verify_many, &shared);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  belfry_token_verifier_unref (shared.verifier);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      test_key_free (keys[i]);
      g_free (jwk[i]);
      g_free (shared.good[i]);
      g_free (shared.bad[i]);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/token/four-threads-share-a-verifier", test_threads);
  return g_test_run ();
}
