/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-inbox-read-private.h"

/* A list is cut at 8 MiB. So many fit in whatever is in them, so a shorter one has reached the
 * bottom. */
#define NEVER_CUT 64

typedef struct
{
  BelfryInboxRead read;
  BelfryInboxReadFunc func;
  GWeakRef reader;
  guint unanswered;
} Job;

static void
take_error (Job *job, GError *error)
{
  if (job->read.error == NULL)
    job->read.error = error;
  else
    g_error_free (error);
}

/* Which ids the page answers for. */
static gint64
get_from (const BelfryInboxRead *read)
{
  BelfryNotification *last;

  if (read->page->len == 0 || (read->page->len < read->limit && read->limit <= NEVER_CUT))
    return 0;
  if (read->before == G_MAXINT64 && read->page->len == read->total)
    return 0;
  last = g_ptr_array_index (read->page, read->page->len - 1);
  return belfry_notification_get_id (last);
}

static void
answered (Job *job)
{
  g_autoptr (GObject) reader = NULL;

  if (--job->unanswered > 0)
    return;
  if (job->read.error == NULL)
    job->read.from = get_from (&job->read);
  reader = g_weak_ref_get (&job->reader);
  if (reader != NULL)
    job->func (reader, &job->read);

  g_clear_pointer (&job->read.page, g_ptr_array_unref);
  g_clear_error (&job->read.error);
  g_weak_ref_clear (&job->reader);
  g_free (job);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  GError *error = NULL;

  job->read.page =
      belfry_client_list_finish (BELFRY_CLIENT (source), result, &job->read.total, &error);
  if (error != NULL)
    take_error (job, error);
  answered (job);
}

static void
on_counted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  GError *error = NULL;

  job->read.unread = belfry_client_count_unread_finish (BELFRY_CLIENT (source), result, &error);
  if (error != NULL)
    take_error (job, error);
  answered (job);
}

/* Calls @func when the answers are there, and not at all if @reader is gone by then.
 *
 * before: the ids below this; G_MAXINT64 for all
 * limit: 1 to 1,000 */
void
belfry_inbox_read_start (BelfryClient *client,
                         const char *user_id,
                         gint64 before,
                         guint limit,
                         GCancellable *cancellable,
                         BelfryInboxReadFunc func,
                         GObject *reader)
{
  Job *job = g_new0 (Job, 1);
  GVariantDict query;

  job->read.before = before;
  job->read.limit = limit;
  job->func = func;
  job->unanswered = 2;
  g_weak_ref_init (&job->reader, reader);

  g_variant_dict_init (&query, NULL);
  g_variant_dict_insert (&query, "before", "t", (guint64) before);
  g_variant_dict_insert (&query, "limit", "u", limit);
  belfry_client_list_async (client, user_id, g_variant_dict_end (&query), cancellable, on_listed,
                            job);
  belfry_client_count_unread_async (client, user_id, cancellable, on_counted, job);
}
