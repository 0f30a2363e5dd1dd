/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-error.h"
#include "belfry-message-private.h"

/* Where the answers go. */
typedef struct
{
  GPtrArray *told; /* "code text", or "text" of a reply */
  guint destroyed;
  gboolean disown;
} Origin;

static void
on_answer (BelfryMessage *message, const char *code, const char *text, gpointer user_data)
{
  Origin *origin = user_data;

  g_assert_true (belfry_message_is_answered (message));
  g_ptr_array_add (origin->told,
                   code != NULL ? g_strdup_printf ("%s %s", code, text) : g_strdup (text));
  if (origin->disown)
    belfry_message_disown (message);
}

static void
on_destroy (gpointer user_data)
{
  ((Origin *) user_data)->destroyed++;
}

static BelfryMessage *
new_message (void)
{
  return belfry_message_new ("chat", "{}", -1, "s1", "alice", TRUE);
}

static BelfryMessage *
new_message_from (Origin *origin)
{
  BelfryMessage *message = new_message ();

  *origin = (Origin){ .told = g_ptr_array_new_with_free_func (g_free) };
  belfry_message_set_answer_func (message, on_answer, origin, on_destroy);
  return message;
}

static void
assert_told (const Origin *origin, const char *expected)
{
  g_assert_cmpuint (origin->told->len, ==, expected != NULL ? 1 : 0);
  if (expected != NULL)
    g_assert_cmpstr (g_ptr_array_index (origin->told, 0), ==, expected);
}

static void
test_it_says_what_it_was_given (void)
{
  g_autoptr (BelfryMessage) message =
      belfry_message_new ("a.b", "{\"n\":1.0}, and more", 9, "s1", "alice", FALSE);

  g_assert_cmpstr (belfry_message_get_message_type (message), ==, "a.b");
  g_assert_cmpstr (belfry_message_get_data (message), ==, "{\"n\":1.0}");
  g_assert_cmpstr (belfry_message_get_session_id (message), ==, "s1");
  g_assert_cmpstr (belfry_message_get_user_id (message), ==, "alice");
  g_assert_false (belfry_message_get_wants_reply (message));
  g_assert_false (belfry_message_is_answered (message));
  g_assert_false (belfry_message_get_in_order (message));
  belfry_message_set_in_order (message);
  g_assert_true (belfry_message_get_in_order (message));
}

static void
test_a_reply_is_told_without_the_space_around_it (void)
{
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);
  g_autoptr (GError) error = NULL;

  g_assert_true (belfry_message_reply (message, "\n { \"n\": 1.0 }\t", &error));
  g_assert_no_error (error);
  assert_told (&origin, "{ \"n\": 1.0 }");
  g_ptr_array_unref (origin.told);
}

static void
test_an_error_is_told_with_its_code (void)
{
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);
  g_autoptr (GError) error = NULL;

  g_assert_true (belfry_message_reply_error (message, "NO_2", "not \"now\"", &error));
  g_assert_no_error (error);
  assert_told (&origin, "NO_2 not \"now\"");
  g_ptr_array_unref (origin.told);
}

static void
test_it_is_answered_once (void)
{
  for (int first = 0; first <= 1; first++)
    for (int second = 0; second <= 1; second++)
      {
        Origin origin;
        g_autoptr (BelfryMessage) message = new_message_from (&origin);
        g_autoptr (GError) error = NULL;

        g_assert_true (first ? belfry_message_reply_error (message, "NO", "no", NULL)
                             : belfry_message_reply (message, "{}", NULL));
        g_assert_false (second ? belfry_message_reply_error (message, "NO", "no", &error)
                               : belfry_message_reply (message, "{}", &error));
        g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_NOT_FOUND);
        assert_told (&origin, first ? "NO no" : "{}");
        g_ptr_array_unref (origin.told);
      }
}

static void
test_a_faulty_reply_leaves_it_unanswered (void)
{
  static const char *const faulty[] = { "", "[]", "{}{}", "{'a':1}", "{\"a\":\"\xff\"}" };
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);

  for (guint i = 0; i < G_N_ELEMENTS (faulty); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (belfry_message_reply (message, faulty[i], &error));
      g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
      g_assert_true (g_str_has_prefix (error->message, "data: byte "));
      g_assert_false (belfry_message_is_answered (message));
    }
  assert_told (&origin, NULL);
  g_assert_true (belfry_message_reply (message, "{}", NULL));
  assert_told (&origin, "{}");
  g_ptr_array_unref (origin.told);
}

static void
test_a_faulty_error_leaves_it_unanswered (void)
{
  g_autofree char *too_long = g_strnfill (65, 'A');
  g_autofree char *longest = g_strnfill (64, 'A');
  g_autofree char *told = g_strconcat (longest, " no", NULL);
  const char *const faulty[] = { "", "no", "No", "N-O", "N O", "NO\n", "\xc3\x89", too_long };
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);
  g_autoptr (GError) no_text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (faulty); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (belfry_message_reply_error (message, faulty[i], "no", &error));
      g_assert_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
      g_assert_true (g_str_has_prefix (error->message, "code: "));
    }
  g_assert_false (belfry_message_reply_error (message, "NO", "\xff", &no_text));
  g_assert_error (no_text, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS);
  g_assert_true (g_str_has_prefix (no_text->message, "text: "));

  assert_told (&origin, NULL);
  g_assert_true (belfry_message_reply_error (message, longest, "no", NULL));
  assert_told (&origin, told);
  g_ptr_array_unref (origin.told);
}

static void
test_the_answer_to_one_who_has_gone_goes_nowhere (void)
{
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);

  belfry_message_disown (message);
  g_assert_cmpuint (origin.destroyed, ==, 1);
  belfry_message_disown (message);
  g_assert_cmpuint (origin.destroyed, ==, 1);

  g_assert_false (belfry_message_reply (message, "[]", NULL));
  g_assert_true (belfry_message_reply (message, "{}", NULL));
  g_assert_true (belfry_message_is_answered (message));
  g_assert_false (belfry_message_reply (message, "{}", NULL));
  assert_told (&origin, NULL);
  g_ptr_array_unref (origin.told);
}

static void
test_the_origin_is_let_go_with_the_message (void)
{
  Origin origin;
  BelfryMessage *message = new_message_from (&origin);

  g_assert_true (belfry_message_reply (message, "{}", NULL));
  g_assert_cmpuint (origin.destroyed, ==, 0);
  g_object_unref (message);
  g_assert_cmpuint (origin.destroyed, ==, 1);
  g_ptr_array_unref (origin.told);
}

static void
on_last_answer (BelfryMessage *message, const char *code, const char *text, gpointer user_data)
{
  BelfryMessage **owned = user_data;

  g_clear_object (owned);
  g_assert_true (belfry_message_is_answered (message));
}

static void
test_the_answer_may_take_the_last_reference (void)
{
  BelfryMessage *message = new_message ();
  BelfryMessage *gone = message;

  g_object_add_weak_pointer (G_OBJECT (message), (gpointer *) &gone);
  belfry_message_set_answer_func (message, on_last_answer, &message, NULL);
  g_assert_true (belfry_message_reply (message, "{}", NULL));
  g_assert_null (gone);
}

static void
test_the_answer_may_disown_it (void)
{
  Origin origin;
  g_autoptr (BelfryMessage) message = new_message_from (&origin);

  origin.disown = TRUE;
  g_assert_true (belfry_message_reply (message, "{}", NULL));
  assert_told (&origin, "{}");
  g_assert_cmpuint (origin.destroyed, ==, 1);
  g_ptr_array_unref (origin.told);
}

#define ADD(name, function) g_test_add_func ("/message/" name, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("it-says-what-it-was-given", test_it_says_what_it_was_given);
  ADD ("a-reply-is-told-without-the-space-around-it",
       test_a_reply_is_told_without_the_space_around_it);
  ADD ("an-error-is-told-with-its-code", test_an_error_is_told_with_its_code);
  ADD ("it-is-answered-once", test_it_is_answered_once);
  ADD ("a-faulty-reply-leaves-it-unanswered", test_a_faulty_reply_leaves_it_unanswered);
  ADD ("a-faulty-error-leaves-it-unanswered", test_a_faulty_error_leaves_it_unanswered);
  ADD ("the-answer-to-one-who-has-gone-goes-nowhere",
       test_the_answer_to_one_who_has_gone_goes_nowhere);
  ADD ("the-origin-is-let-go-with-the-message", test_the_origin_is_let_go_with_the_message);
  ADD ("the-answer-may-take-the-last-reference", test_the_answer_may_take_the_last_reference);
  ADD ("the-answer-may-disown-it", test_the_answer_may_disown_it);
  return g_test_run ();
}
