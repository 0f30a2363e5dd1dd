/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process that is killed in the middle of its writes: what it had acknowledged is there, once. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store-fixture.h"

#define ROUNDS_IN_FLIGHT 8
#define N_USERS          3

/* The process that is killed: each creation has a number, its idempotency key. It prints
 * "NUMBER ID" when one is acknowledged. */
typedef struct
{
  StoreFixture fixture;
  GRand *rand;
  gint64 next;
} Writer;

typedef struct
{
  Writer *writer;
  gint64 first;
} Flight;

static void take_off (Writer *writer);

static void
on_created (BelfryStoreWrite *created, gpointer user_data)
{
  g_autofree Flight *flight = user_data;
  g_autoptr (GString) lines = g_string_new (NULL);

  g_assert_no_error (created->error);
  for (guint i = 0; i < created->result_ids->len; i++)
    g_string_append_printf (lines, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", flight->first + i,
                            g_array_index (created->result_ids, gint64, i));
  if (write (STDOUT_FILENO, lines->str, lines->len) != (gssize) lines->len)
    exit (1);
  take_off (flight->writer);
}

static void
take_off (Writer *writer)
{
  BelfryStoreWrite *write = belfry_store_write_new (BELFRY_WRITE_CREATE, NULL);
  Flight *flight = g_new0 (Flight, 1);
  gint64 n = g_rand_int_range (writer->rand, 0, 4) == 0 ? 50 : 1;

  *flight = (Flight){ writer, writer->next };
  write->drafts = g_ptr_array_new_with_free_func (g_object_unref);
  for (; n > 0; n--, writer->next++)
    {
      g_autofree char *user = g_strdup_printf ("user-%d", (int) (writer->next % N_USERS));
      g_autofree char *data = g_strdup_printf ("{\"n\":%" G_GINT64_FORMAT "}", writer->next);
      g_autofree char *options =
          g_strdup_printf ("{'idempotency-key': <'%" G_GINT64_FORMAT "'>}", writer->next);

      g_ptr_array_add (write->drafts, store_fixture_draft (user, data, options));
    }
  write->done = on_created;
  write->user_data = flight;
  belfry_store_write (BELFRY_STORE (writer->fixture.store), write);
}

static void
run_writer (const char *path, const char *first)
{
  Writer writer = {
    .fixture = { .path = (char *) path, .changes = g_ptr_array_new () },
    .rand = g_rand_new (),
    .next = g_ascii_strtoll (first, NULL, 10),
  };

  store_fixture_open (&writer.fixture);
  for (guint i = 0; i < ROUNDS_IN_FLIGHT; i++)
    take_off (&writer);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

/* Reads what is acknowledged; after @n_lines it kills the process and reads the rest. */
static void
read_acknowledged (GSubprocess *process, guint n_lines, GHashTable *acknowledged)
{
  g_autoptr (GDataInputStream) lines =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));

  for (guint i = 1;; i++)
    {
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
      gint64 number;
      gint64 id;
      gpointer earlier;

      if (line == NULL)
        break;
      /* The last line can be cut off. */
      if (sscanf (line, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &number, &id) != 2)
        break;
      if (g_hash_table_lookup_extended (acknowledged, GSIZE_TO_POINTER (number), NULL, &earlier))
        g_assert_cmpint (id, ==, (gint64) GPOINTER_TO_SIZE (earlier));
      g_hash_table_insert (acknowledged, GSIZE_TO_POINTER (number), GSIZE_TO_POINTER (id));
      if (i == n_lines)
        g_subprocess_force_exit (process);
    }
}

static void
test_what_was_acknowledged_is_there_once (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) acknowledged = g_hash_table_new (NULL, NULL);
  g_autofree char *epoch = g_strdup (belfry_store_get_epoch (BELFRY_STORE (fixture->store)));
  g_autofree char *shm = g_strconcat (fixture->path, "-shm", NULL);
  gint64 position = 0;

  for (guint i = 0; i < 8; i++)
    {
      /* What was not acknowledged is asked for once more. */
      g_autofree char *first = g_strdup_printf ("%u", 1 + 200 * i);
      g_autofree char *check = g_strdup_printf ("{\"check\":%u}", i);
      g_autoptr (GSubprocess) process = NULL;
      gint64 newest;

      store_fixture_close (fixture);
      process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, data, "--writer",
                                  fixture->path, first, NULL);
      g_assert_nonnull (process);
      read_acknowledged (process, (guint) g_test_rand_int_range (1, 600), acknowledged);
      g_assert_true (g_subprocess_wait (process, NULL, NULL));
      g_assert_cmpint (g_subprocess_get_term_sig (process), ==, SIGKILL);

      /* Without the shared memory it is as after a power cut. */
      if (i % 2 == 0)
        g_unlink (shm);
      store_fixture_open (fixture);
      g_assert_cmpstr (belfry_store_get_epoch (BELFRY_STORE (fixture->store)), ==, epoch);
      newest = store_fixture_check_acknowledged (fixture, acknowledged);
      g_assert_cmpint (newest, >, position);
      position = newest;
      for (guint j = 0; j < N_USERS; j++)
        {
          g_autofree char *user = g_strdup_printf ("user-%u", j);

          store_fixture_check_counts (fixture, user);
        }
      g_assert_cmpint (store_fixture_create (fixture, "user-0", check, NULL), ==, position + 1);
    }
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--writer"))
    {
      run_writer (argv[2], argv[3]);
      return 1;
    }
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/crash/what-was-acknowledged-is-there-once", StoreFixture, argv[0],
              store_fixture_set_up, test_what_was_acknowledged_is_there_once,
              store_fixture_tear_down);
  return g_test_run ();
}
