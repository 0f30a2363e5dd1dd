/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server that handles poll.vote itself.
 *
 *   cc server.c -o server $(pkg-config --cflags --libs belfry-server-1.0 json-glib-1.0)
 *   ./server belfryd.conf */

#include <belfry-server.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>

static const char *const choices[] = { "coffee", "tea", NULL };

#define POLL_TYPE_HANDLER (poll_handler_get_type ())
G_DECLARE_FINAL_TYPE (PollHandler, poll_handler, POLL, HANDLER, GObject)

/* One link of the chain of responsibility. */
struct _PollHandler
{
  GObject parent_instance;

  BelfryServer *server; /* unowned: it owns its handlers */
  GHashTable *votes;    /* user id → choice, one of the above */
};

static void poll_handler_iface_init (BelfryMessageHandlerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PollHandler,
                               poll_handler,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BELFRY_TYPE_MESSAGE_HANDLER,
                                                      poll_handler_iface_init))

/* Returns: (nullable): the choice of a vote, or NULL if it is none */
static const char *
read_choice (BelfryMessage *message)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  const char *choice = NULL;

  if (json_parser_load_from_data (parser, belfry_message_get_data (message), -1, NULL))
    choice = json_object_get_string_member_with_default (
        json_node_get_object (json_parser_get_root (parser)), "choice", NULL);
  for (guint i = 0; choice != NULL && choices[i] != NULL; i++)
    if (g_str_equal (choice, choices[i]))
      return choices[i];
  return NULL;
}

static char *
count_votes (PollHandler *self)
{
  g_autoptr (GString) result = g_string_new ("{");

  for (guint i = 0; choices[i] != NULL; i++)
    {
      GHashTableIter iter;
      gpointer choice;
      guint n = 0;

      g_hash_table_iter_init (&iter, self->votes);
      while (g_hash_table_iter_next (&iter, NULL, &choice))
        n += choice == choices[i];
      g_string_append_printf (result, "%s\"%s\": %u", i > 0 ? ", " : "", choices[i], n);
    }
  g_string_append_c (result, '}');
  return g_string_free (g_steal_pointer (&result), FALSE);
}

static BelfryHandlerResult
poll_handler_handle_message (BelfryMessageHandler *handler,
                             BelfrySession *session,
                             BelfryMessage *message)
{
  PollHandler *self = POLL_HANDLER (handler);
  g_autofree char *result = NULL;
  const char *choice;

  if (!g_str_equal (belfry_message_get_message_type (message), "poll.vote"))
    return BELFRY_HANDLER_RESULT_NOT_MINE;

  choice = read_choice (message);
  if (choice == NULL)
    {
      belfry_message_reply_error (message, "BAD_CHOICE", "choice: expected coffee or tea", NULL);
      return BELFRY_HANDLER_RESULT_TAKEN;
    }

  /* Who votes is what the token said. Who votes again has changed their mind. */
  g_hash_table_replace (self->votes, g_strdup (belfry_session_get_user_id (session)),
                        (gpointer) choice);
  result = count_votes (self);
  belfry_session_registry_broadcast (belfry_server_get_sessions (self->server), "poll.result",
                                     result, NULL);
  belfry_message_reply (message, result, NULL);
  return BELFRY_HANDLER_RESULT_TAKEN;
}

static void
poll_handler_iface_init (BelfryMessageHandlerInterface *iface)
{
  iface->handle_message = poll_handler_handle_message;
}

static void
poll_handler_finalize (GObject *object)
{
  g_hash_table_unref (POLL_HANDLER (object)->votes);

  G_OBJECT_CLASS (poll_handler_parent_class)->finalize (object);
}

static void
poll_handler_class_init (PollHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = poll_handler_finalize;
}

static void
poll_handler_init (PollHandler *self)
{
  self->votes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

typedef struct
{
  BelfryServer *server;
  GMainLoop *loop;
} Program;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Program *program = user_data;

  belfry_server_stop_finish (program->server, result, NULL);
  g_main_loop_quit (program->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  Program *program = user_data;

  belfry_server_stop_async (program->server, on_stopped, program);
  return G_SOURCE_REMOVE;
}

static gboolean
start (BelfryServer *server, GError **error)
{
  g_autoptr (PollHandler) poll = g_object_new (POLL_TYPE_HANDLER, NULL);
  g_autoptr (GPtrArray) addresses = NULL;

  poll->server = server;
  belfry_handler_chain_add (belfry_server_get_handlers (server), BELFRY_MESSAGE_HANDLER (poll));
  if (!belfry_server_start (server, error))
    return FALSE;
  addresses = belfry_server_get_addresses (server);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *address = g_socket_connectable_to_string (g_ptr_array_index (addresses, i));

      g_print ("Listening on %s\n", address);
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (BelfryServerConfig) config = belfry_server_config_new ();
  g_autoptr (BelfryServer) server = belfry_server_new (config);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Program program = { server, loop };

  setvbuf (stdout, NULL, _IOLBF, 0);
  if (argc != 2 || !belfry_server_config_load_file (config, argv[1], &error)
      || !start (server, &error))
    {
      g_printerr ("%s\n", error != NULL ? error->message : "usage: server belfryd.conf");
      return 1;
    }
  g_unix_signal_add (SIGTERM, on_terminate, &program);
  g_main_loop_run (loop);
  return 0;
}
