/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done with a user's notifications. */

#include <glib/gi18n.h>
#include <string.h>

#include "belfry-json-private.h"
#include "belfryctl-command.h"
#include "belfryctl-output.h"
#include "belfryctl-text.h"

#define DEFAULT_LIMIT 20

/* Of ids in one call, and of notifications in one answer. */
#define PAGE_MAX 1000

static struct
{
  char *title;
  char *body;
  char *url;
  char *tag;
  char *key;
  char *expires;
} send_options;

const GOptionEntry belfryctl_send_options[] = {
  { "title", 0, 0, G_OPTION_ARG_STRING, &send_options.title, N_ ("The title, instead of JSON"),
    N_ ("TEXT") },
  { "body", 0, 0, G_OPTION_ARG_STRING, &send_options.body, N_ ("The text below the title"),
    N_ ("TEXT") },
  { "url", 0, 0, G_OPTION_ARG_STRING, &send_options.url, N_ ("Where a click leads"), N_ ("URL") },
  { "tag", 0, 0, G_OPTION_ARG_STRING, &send_options.tag,
    N_ ("Replace the earlier notification with this tag"), N_ ("TAG") },
  { "key", 0, 0, G_OPTION_ARG_STRING, &send_options.key,
    N_ ("Do nothing if this idempotency key was used before"), N_ ("KEY") },
  { "expires", 0, 0, G_OPTION_ARG_STRING, &send_options.expires,
    N_ ("Remove it after this time: 90, 15m, 2h, 7d"), N_ ("DURATION") },
  { NULL },
};

/* Returns: (transfer full) (nullable): what is sent, JSON */
static char *
get_data_to_send (const char *json, GError **error)
{
  const struct
  {
    const char *name;
    const char *value;
  } members[] = { { "title", send_options.title },
                  { "body", send_options.body },
                  { "url", send_options.url } };
  g_autoptr (GString) data = g_string_new ("{");

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      if (members[i].value != NULL)
        belfryctl_json_add_string (data, members[i].name, members[i].value);
    }
  if ((json != NULL) == (data->len > 1))
    {
      belfryctl_usage_error (error, "%s", _ ("send: give either JSON, or --title, --body, --url"));
      return NULL;
    }
  if (json != NULL)
    return belfryctl_parse_data (json, error);
  g_string_append_c (data, '}');
  return g_string_free (g_steal_pointer (&data), FALSE);
}

/* Creates a notification, and prints its id. */
gboolean
belfryctl_send (Belfryctl *ctl, char **arguments, GError **error)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *data = get_data_to_send (arguments[1], error);
  g_autoptr (BelfryClient) client = NULL;
  gint64 expires;
  gint64 id;

  if (data == NULL)
    return FALSE;
  if (send_options.tag != NULL)
    g_variant_dict_insert (&options, "tag", "s", send_options.tag);
  if (send_options.key != NULL)
    g_variant_dict_insert (&options, "idempotency-key", "s", send_options.key);
  if (send_options.expires != NULL)
    {
      if (!belfryctl_parse_duration (send_options.expires, &expires, error))
        return FALSE;
      g_variant_dict_insert (&options, "expires", "x", expires);
    }
  client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  if (client == NULL)
    return FALSE;
  id = belfry_client_create_sync (client, arguments[0], data, g_variant_dict_end (&options), NULL,
                                  error);
  if (id < 0)
    return FALSE;
  if (ctl->json)
    belfryctl_print_count ("id", id);
  else
    g_print ("%" G_GINT64_FORMAT "\n", id);
  return TRUE;
}

static struct
{
  gboolean unread;
  int limit;
  char *before;
  char *tag;
} list_options = { .limit = DEFAULT_LIMIT };

const GOptionEntry belfryctl_list_options[] = {
  { "unread", 0, 0, G_OPTION_ARG_NONE, &list_options.unread, N_ ("Leave out what was read"), NULL },
  { "limit", 0, 0, G_OPTION_ARG_INT, &list_options.limit, N_ ("At most so many (20)"), N_ ("N") },
  { "before", 0, 0, G_OPTION_ARG_STRING, &list_options.before,
    N_ ("Only those older than this one"), N_ ("ID") },
  { "tag", 0, 0, G_OPTION_ARG_STRING, &list_options.tag, N_ ("Only those with this tag"),
    N_ ("TAG") },
  { NULL },
};

static GVariant *
make_query (gint64 before, guint limit)
{
  g_auto (GVariantDict) query = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&query, "limit", "u", limit);
  if (before != 0)
    g_variant_dict_insert (&query, "before", "t", before);
  if (list_options.unread)
    g_variant_dict_insert (&query, "unread", "b", TRUE);
  if (list_options.tag != NULL)
    g_variant_dict_insert (&query, "tag", "s", list_options.tag);
  return g_variant_dict_end (&query);
}

static void
add_to_table (BelfryctlTable *table, BelfryNotification *notification)
{
  gboolean read = belfry_notification_get_read (notification);
  g_autofree char *id =
      g_strdup_printf ("%" G_GINT64_FORMAT, belfry_notification_get_id (notification));
  g_autofree char *when =
      belfryctl_text_of_time (belfry_notification_get_created_at (notification));
  g_autofree char *text = belfryctl_text_of_data (belfry_notification_get_data (notification));
  const char *cells[] = { id, when, read ? _ ("yes") : _ ("no"), text };

  belfryctl_table_add (table, read ? BELFRYCTL_PLAIN : BELFRYCTL_BOLD, cells);
}

static void
print_notification (BelfryNotification *notification)
{
  g_autoptr (GString) json = g_string_new ("{");

  belfryctl_json_add_notification (json, notification);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

/* Lists the newest of a user's notifications, page by page. */
gboolean
belfryctl_list (Belfryctl *ctl, char **arguments, GError **error)
{
  const char *headings[] = { _ ("ID"), C_ ("heading", "WHEN"), _ ("READ"), _ ("NOTIFICATION"),
                             NULL };
  g_autoptr (BelfryctlTable) table = belfryctl_table_new (headings);
  g_autoptr (BelfryClient) client = NULL;
  guint wanted = (guint) list_options.limit;
  guint listed = 0;
  gint64 before = 0;
  gint64 total = 0;
  gboolean more = TRUE;

  if (list_options.limit < 1)
    return belfryctl_usage_error (error, "%s", _ ("--limit: expected 1 or more"));
  if (list_options.before != NULL && !belfryctl_parse_id (list_options.before, &before, error))
    return FALSE;
  client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  if (client == NULL)
    return FALSE;
  while (more && listed < wanted)
    {
      g_autoptr (GPtrArray) page = belfry_client_list_sync (
          client, arguments[0], make_query (before, MIN (wanted - listed, PAGE_MAX)), &total, NULL,
          error);

      if (page == NULL)
        return FALSE;
      for (guint i = 0; i < page->len; i++)
        {
          BelfryNotification *notification = g_ptr_array_index (page, i);

          if (ctl->json)
            print_notification (notification);
          else
            add_to_table (table, notification);
          before = belfry_notification_get_id (notification);
        }
      listed += page->len;
      more = page->len > 0;
    }
  if (ctl->json)
    return TRUE;
  if (listed > 0)
    belfryctl_table_print (table, ctl->colour);
  g_print (_ ("%u of %lu\n"), listed, (gulong) total);
  return TRUE;
}

static struct
{
  gboolean all;
  gboolean yes;
} change_options;

const GOptionEntry belfryctl_read_options[] = {
  { "all", 0, 0, G_OPTION_ARG_NONE, &change_options.all, N_ ("All that are there"), NULL },
  { NULL },
};

const GOptionEntry belfryctl_remove_options[] = {
  { "all", 0, 0, G_OPTION_ARG_NONE, &change_options.all, N_ ("All that are there"), NULL },
  { "yes", 0, 0, G_OPTION_ARG_NONE, &change_options.yes, N_ ("Do not ask"), NULL },
  { NULL },
};

typedef gint64 (*ChangeFunc) (BelfryClient *client,
                              const char *user_id,
                              const gint64 *ids,
                              gsize n_ids,
                              GCancellable *cancellable,
                              GError **error);
typedef gint64 (*ChangeAllFunc) (BelfryClient *client,
                                 const char *user_id,
                                 GCancellable *cancellable,
                                 GError **error);

/* Returns: how many were changed, or -1 */
static gint64
change_some (BelfryClient *client,
             const char *user_id,
             GArray *ids,
             ChangeFunc change,
             GError **error)
{
  gint64 count = 0;

  for (guint done = 0; done < ids->len; done += PAGE_MAX)
    {
      gint64 n = change (client, user_id, &g_array_index (ids, gint64, done),
                         MIN (ids->len - done, PAGE_MAX), NULL, error);

      if (n < 0)
        return -1;
      count += n;
    }
  return count;
}

static gint64
change_notifications (Belfryctl *ctl,
                      char **arguments,
                      ChangeFunc change,
                      ChangeAllFunc change_all,
                      GError **error)
{
  g_autoptr (GArray) ids = belfryctl_parse_ids (arguments + 1, error);
  g_autoptr (BelfryClient) client = NULL;

  if (ids == NULL)
    return -1;
  if ((ids->len > 0) == change_options.all)
    {
      belfryctl_usage_error (error, "%s",
                             change_all != NULL ? _ ("give either ids or --all") : _ ("give ids"));
      return -1;
    }
  client = belfryctl_connect (ctl, BELFRYCTL_AT_ONCE, error);
  if (client == NULL)
    return -1;
  if (change_options.all)
    return change_all (client, arguments[0], NULL, error);
  return change_some (client, arguments[0], ids, change, error);
}

gboolean
belfryctl_read (Belfryctl *ctl, char **arguments, GError **error)
{
  gint64 count = change_notifications (ctl, arguments, belfry_client_mark_read_sync,
                                       belfry_client_mark_all_read_sync, error);

  if (count >= 0 && ctl->json)
    belfryctl_print_count ("count", count);
  else if (count >= 0)
    g_print (ngettext ("%lu notification marked as read\n", "%lu notifications marked as read\n",
                       (gulong) count),
             (gulong) count);
  return count >= 0;
}

gboolean
belfryctl_unread (Belfryctl *ctl, char **arguments, GError **error)
{
  gint64 count = change_notifications (ctl, arguments, belfry_client_mark_unread_sync, NULL, error);

  if (count >= 0 && ctl->json)
    belfryctl_print_count ("count", count);
  else if (count >= 0)
    g_print (ngettext ("%lu notification marked as unread\n",
                       "%lu notifications marked as unread\n", (gulong) count),
             (gulong) count);
  return count >= 0;
}

gboolean
belfryctl_remove (Belfryctl *ctl, char **arguments, GError **error)
{
  gint64 count;

  if (change_options.all && arguments[1] == NULL && !change_options.yes)
    {
      g_autofree char *user = belfryctl_text_plain (arguments[0]);
      g_autofree char *question = g_strdup_printf (_ ("Remove all notifications of %s?"), user);

      if (!belfryctl_confirm (question))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("nothing was removed"));
          return FALSE;
        }
    }
  count = change_notifications (ctl, arguments, belfry_client_remove_sync,
                                belfry_client_remove_all_sync, error);
  if (count >= 0 && ctl->json)
    belfryctl_print_count ("count", count);
  else if (count >= 0)
    g_print (ngettext ("%lu notification removed\n", "%lu notifications removed\n", (gulong) count),
             (gulong) count);
  return count >= 0;
}
