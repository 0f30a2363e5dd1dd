/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program may do with the model inside its callbacks. What the model shows is tested from
 * Python, against belfryd. */

#include "belfry-inbox-model.h"
#include "client-fixture.h"

/* Answers what a model asks when it lists: nothing is there. */
static void
serve_empty_inbox (Fixture *fixture)
{
  fixture_wait_for_calls (fixture, 2);
  fixture_answer (fixture, "(@aa{sv} [], uint64 0)");
  fixture_answer (fixture, "(uint64 0,)");
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryInboxModel **model = user_data;

  g_assert_true (belfry_inbox_model_load_more_finish (*model, result, NULL));
  g_clear_object (model);
}

static void
test_it_may_be_dropped_when_older_ones_have_come (Fixture *fixture, gconstpointer data)
{
  BelfryInboxModel *model = belfry_inbox_model_new (fixture->client, "alice");
  gpointer gone = model;

  serve_empty_inbox (fixture);
  while (belfry_inbox_model_get_loading (model))
    g_main_context_iteration (NULL, TRUE);

  g_object_add_weak_pointer (G_OBJECT (model), &gone);
  belfry_inbox_model_load_more_async (model, NULL, on_loaded, &model);
  while (model != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (gone);
}

static void
on_loading (BelfryInboxModel *source, GParamSpec *pspec, BelfryInboxModel **model)
{
  g_clear_object (model);
}

static void
test_it_may_be_dropped_when_it_tells_that_it_loads (Fixture *fixture, gconstpointer data)
{
  BelfryInboxModel *model = belfry_inbox_model_new (fixture->client, "alice");

  g_signal_connect (model, "notify::loading", G_CALLBACK (on_loading), &model);
  while (model != NULL)
    g_main_context_iteration (NULL, TRUE);
  fixture_sync_with_service (fixture);
  while (fixture->calls->len > 0)
    g_object_unref (fixture_take_call (fixture));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  CLIENT_TEST ("/inbox-model/it-may-be-dropped-when-older-ones-have-come",
               test_it_may_be_dropped_when_older_ones_have_come);
  CLIENT_TEST ("/inbox-model/it-may-be-dropped-when-it-tells-that-it-loads",
               test_it_may_be_dropped_when_it_tells_that_it_loads);
  return g_test_run ();
}
