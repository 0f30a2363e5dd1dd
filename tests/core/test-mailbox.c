/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-mailbox.h"

#define PER_THREAD 20000
#define THREADS    4

typedef struct
{
  guint thread;
  guint number;
} Message;

typedef struct
{
  guint next[THREADS]; /* what each thread sends next */
  guint n_taken;
} Reader;

static void
on_message (gpointer data, gpointer user_data)
{
  const Message *message = data;
  Reader *reader = user_data;

  g_assert_cmpuint (message->number, ==, reader->next[message->thread]);
  reader->next[message->thread]++;
  reader->n_taken++;
}

typedef struct
{
  BelfryMailbox *mailbox;
  guint thread;
} Sender;

static gpointer
send_all (gpointer data)
{
  const Sender *sender = data;

  for (guint i = 0; i < PER_THREAD; i++)
    {
      const Message message = { sender->thread, i };

      belfry_mailbox_post (sender->mailbox, &message);
    }
  return NULL;
}

static void
test_all_messages_of_all_threads_come_in_the_order_of_each (void)
{
  Reader reader = { { 0 } };
  BelfryMailboxSource *source =
      belfry_mailbox_source_new (NULL, "test", sizeof (Message), on_message, &reader);
  GThread *threads[THREADS];
  Sender senders[THREADS];

  for (guint i = 0; i < THREADS; i++)
    {
      senders[i] = (Sender){ belfry_mailbox_source_get_mailbox (source), i };
      threads[i] = g_thread_new (NULL, send_all, &senders[i]);
    }
  while (reader.n_taken < THREADS * PER_THREAD)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  belfry_mailbox_source_free (source);
}

static void
count_wake (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_the_reader_is_woken_once_for_all_that_waits (void)
{
  guint n_wakes = 0;
  BelfryMailbox *mailbox = belfry_mailbox_new (sizeof (int), count_wake, &n_wakes);
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (int));

  for (int i = 0; i < 10; i++)
    belfry_mailbox_post (mailbox, &i);
  g_assert_cmpuint (n_wakes, ==, 1);
  belfry_mailbox_take (mailbox, &taken);
  g_assert_cmpuint (taken->len, ==, 10);
  g_assert_cmpint (g_array_index (taken, int, 9), ==, 9);
  g_assert_true (belfry_mailbox_is_empty (mailbox));

  belfry_mailbox_post_many (mailbox, taken->data, 3);
  g_assert_cmpuint (n_wakes, ==, 2);
  belfry_mailbox_take (mailbox, &taken);
  g_assert_cmpuint (taken->len, ==, 3);
  g_array_unref (taken);
  belfry_mailbox_free (mailbox);
}

static void
test_what_nobody_took_is_handled_at_the_end (void)
{
  Reader reader = { { 0 } };
  BelfryMailboxSource *source =
      belfry_mailbox_source_new (NULL, "test", sizeof (Message), on_message, &reader);
  const Message message = { 0, 0 };

  belfry_mailbox_post (belfry_mailbox_source_get_mailbox (source), &message);
  belfry_mailbox_source_free (source);
  g_assert_cmpuint (reader.n_taken, ==, 1);
}

static void
test_a_quiet_message_wakes_nobody_until_that_is_asked (void)
{
  const Message message = { 0 };
  guint n_wakes = 0;
  BelfryMailbox *mailbox = belfry_mailbox_new (sizeof (Message), count_wake, &n_wakes);
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (Message));

  belfry_mailbox_post_quietly (mailbox, &message);
  belfry_mailbox_post_quietly (mailbox, &message);
  g_assert_cmpuint (n_wakes, ==, 0);
  g_assert_false (belfry_mailbox_is_empty (mailbox));
  belfry_mailbox_wake (mailbox);
  g_assert_cmpuint (n_wakes, ==, 1);

  belfry_mailbox_take (mailbox, &taken);
  g_assert_cmpuint (taken->len, ==, 2);
  belfry_mailbox_wake (mailbox);
  g_assert_cmpuint (n_wakes, ==, 1);

  g_array_unref (taken);
  belfry_mailbox_free (mailbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mailbox/all-messages-of-all-threads-come-in-the-order-of-each",
                   test_all_messages_of_all_threads_come_in_the_order_of_each);
  g_test_add_func ("/mailbox/the-reader-is-woken-once-for-all-that-waits",
                   test_the_reader_is_woken_once_for_all_that_waits);
  g_test_add_func ("/mailbox/a-quiet-message-wakes-nobody-until-that-is-asked",
                   test_a_quiet_message_wakes_nobody_until_that_is_asked);
  g_test_add_func ("/mailbox/what-nobody-took-is-handled-at-the-end",
                   test_what_nobody_took_is_handled_at_the_end);
  return g_test_run ();
}
