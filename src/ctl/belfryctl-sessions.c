/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done with the clients that are connected. */

#include <glib/gi18n.h>

#include "belfryctl-command.h"
#include "belfryctl-output.h"
#include "belfryctl-text.h"

static gboolean
print_sessions (Belfryctl *ctl, gint64 count)
{
  if (count >= 0 && ctl->json)
    belfryctl_print_count ("sessions", count);
  else if (count >= 0)
    g_print (ngettext ("%lu session took it\n", "%lu sessions took it\n", (gulong) count),
             (gulong) count);
  return count >= 0;
}

gboolean
belfryctl_message (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autofree char *data = belfryctl_parse_data (arguments[2], error);
  g_autoptr (BelfryClient) client =
      data == NULL ? NULL : belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);

  return client != NULL
         && print_sessions (ctl, belfry_client_send_to_user_sync (client, arguments[0],
                                                                  arguments[1], data, NULL, error));
}

gboolean
belfryctl_broadcast (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autofree char *data = belfryctl_parse_data (arguments[1], error);
  g_autoptr (BelfryClient) client =
      data == NULL ? NULL : belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);

  return client != NULL
         && print_sessions (ctl,
                            belfry_client_broadcast_sync (client, arguments[0], data, NULL, error));
}

static struct
{
  int limit;
} sessions_options = { .limit = 100 };

const GOptionEntry belfryctl_sessions_options[] = {
  { "limit", 0, 0, G_OPTION_ARG_INT, &sessions_options.limit,
    N_ ("At most so many, up to 10000 (100)"), N_ ("N") },
  { NULL },
};

/* What ListSessions says of one. */
typedef struct
{
  const char *id;
  const char *user_id;
  const char *peer;
  gint64 connected_at;
  gboolean live;
} Session;

static Session
read_session (GVariant *dictionary)
{
  Session session = { "", "", "", 0, FALSE };

  g_variant_lookup (dictionary, "session-id", "&s", &session.id);
  g_variant_lookup (dictionary, "user-id", "&s", &session.user_id);
  g_variant_lookup (dictionary, "peer", "&s", &session.peer);
  g_variant_lookup (dictionary, "connected-at", "x", &session.connected_at);
  g_variant_lookup (dictionary, "live", "b", &session.live);
  return session;
}

static void
print_json (GVariant *sessions, gint64 total)
{
  g_autoptr (GString) list = g_string_new ("[");
  g_autoptr (GString) json = g_string_new ("{");

  for (gsize i = 0; i < g_variant_n_children (sessions); i++)
    {
      g_autoptr (GVariant) dictionary = g_variant_get_child_value (sessions, i);
      Session session = read_session (dictionary);
      g_autoptr (GString) object = g_string_new ("{");

      belfryctl_json_add_string (object, "sessionId", session.id);
      belfryctl_json_add_string (object, "userId", session.user_id);
      belfryctl_json_add_time (object, "connectedAt", session.connected_at);
      belfryctl_json_add_string (object, "peer", session.peer);
      belfryctl_json_add_boolean (object, "live", session.live);
      g_string_append_printf (list, "%s%s}", i > 0 ? "," : "", object->str);
    }
  g_string_append_c (list, ']');
  belfryctl_json_add (json, "sessions", list->str);
  belfryctl_json_add_int (json, "total", total);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

static void
print_table (GVariant *sessions, gint64 total, gboolean colour)
{
  const char *headings[] = { _ ("SESSION"), _ ("SINCE"), _ ("LIVE"), _ ("PEER"), _ ("USER"), NULL };
  g_autoptr (BelfryctlTable) table = belfryctl_table_new (headings);
  gsize n = g_variant_n_children (sessions);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) dictionary = g_variant_get_child_value (sessions, i);
      Session session = read_session (dictionary);
      g_autofree char *since = belfryctl_text_of_time (session.connected_at);
      const char *cells[] = { session.id, since, session.live ? _ ("yes") : _ ("no"), session.peer,
                              session.user_id };

      belfryctl_table_add (table, BELFRYCTL_PLAIN, cells);
    }
  if (n > 0)
    belfryctl_table_print (table, colour);
  g_print (_ ("%u of %lu\n"), (guint) n, (gulong) total);
}

/* Lists who is connected. */
gboolean
belfryctl_sessions (Belfryctl *ctl, char **arguments, GError **error)
{
  g_auto (GVariantDict) query = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (BelfryClient) client = NULL;
  g_autoptr (GVariant) sessions = NULL;
  gint64 total;

  if (sessions_options.limit < 1)
    return belfryctl_usage_error (error, "%s", _ ("--limit: expected 1 or more"));
  client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  if (client == NULL)
    return FALSE;
  g_variant_dict_insert (&query, "limit", "u", (guint32) sessions_options.limit);
  if (arguments[0] != NULL)
    g_variant_dict_insert (&query, "user-id", "s", arguments[0]);
  sessions =
      belfry_client_list_sessions_sync (client, g_variant_dict_end (&query), &total, NULL, error);
  if (sessions == NULL)
    return FALSE;
  if (ctl->json)
    print_json (sessions, total);
  else
    print_table (sessions, total, ctl->colour);
  return TRUE;
}

static struct
{
  char *user;
  char *reason;
} disconnect_options;

const GOptionEntry belfryctl_disconnect_options[] = {
  { "user", 0, 0, G_OPTION_ARG_STRING, &disconnect_options.user, N_ ("All sessions of this user"),
    N_ ("USER") },
  { "reason", 0, 0, G_OPTION_ARG_STRING, &disconnect_options.reason, N_ ("What the client is told"),
    N_ ("TEXT") },
  { NULL },
};

/* Ends one session, or those of a user. Their clients stay away until somebody signs in. */
gboolean
belfryctl_disconnect (Belfryctl *ctl, char **arguments, GError **error)
{
  const char *reason = disconnect_options.reason != NULL ? disconnect_options.reason : "";
  g_autoptr (BelfryClient) client = NULL;
  gint64 count = 1;

  if ((arguments[0] != NULL) == (disconnect_options.user != NULL))
    return belfryctl_usage_error (error, "%s", _ ("disconnect: give either a session or --user"));
  client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  if (client == NULL)
    return FALSE;
  if (disconnect_options.user != NULL)
    count =
        belfry_client_disconnect_user_sync (client, disconnect_options.user, reason, NULL, error);
  else if (!belfry_client_disconnect_session_sync (client, arguments[0], reason, NULL, error))
    return FALSE;
  if (count >= 0 && ctl->json)
    belfryctl_print_count ("sessions", count);
  else if (count >= 0)
    g_print (ngettext ("%lu session ended\n", "%lu sessions ended\n", (gulong) count),
             (gulong) count);
  return count >= 0;
}
