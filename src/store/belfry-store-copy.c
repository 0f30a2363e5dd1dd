/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-store-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "belfry-error.h"
#include "belfry-frames.h"
#include "belfry-inbox-reader.h"
#include "belfry-json-private.h"

#define COPY ".copy-"

/* What is in memory at once of one user's notifications. */
#define CHUNK_ROWS  1000
#define CHUNK_BYTES (1024 * 1024)

typedef struct
{
  char *path; /* of the database */
  char *user_id;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->path);
  g_free (job->user_id);
  g_free (job);
}

static gboolean
set_system_error (GError **error, const char *path, int code)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE, "%s: %s", path, g_strerror (code));
  return FALSE;
}

static gboolean
copy_database (BelfrySql *sql, const char *path, GError **error)
{
  const BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("path", path) };

  return belfry_sql_run (sql, "vacuum_into", arguments, G_N_ELEMENTS (arguments), NULL, error);
}

static gboolean
write_lines (int fd, GString *lines, GError **error)
{
  const char *rest = lines->str;
  gsize n = lines->len;

  while (n > 0)
    {
      gssize written = write (fd, rest, n);

      if (written < 0 && errno != EINTR)
        return set_system_error (error, "copy", errno);
      if (written < 0)
        continue;
      rest += written;
      n -= (gsize) written;
    }
  g_string_truncate (lines, 0);
  return TRUE;
}

static void
append_notification (GString *lines, BelfryNotification *notification, const char *user_json)
{
  const char *tag = belfry_notification_get_tag (notification);
  gint64 expires_at = belfry_notification_get_expires_at (notification);
  gsize start = lines->len;

  g_string_append_c (lines, '{');
  belfry_frame_append_notification (lines, notification, user_json);
  if (tag != NULL)
    {
      g_string_append (lines, ",\"tag\":");
      belfry_json_append_string (lines, tag);
    }
  if (expires_at != 0)
    {
      g_string_append (lines, ",\"expiresAt\":");
      belfry_json_append_time (lines, expires_at);
    }
  g_string_append_c (lines, '}');
  /* A worker may write its data on several lines. Outside of strings, where else JSON cannot have
   * line breaks, they are white space. */
  g_strdelimit (lines->str + start, "\n\r", ' ');
  g_string_append_c (lines, '\n');
}

static gboolean
export_notifications (BelfrySql *sql, const char *user_id, int fd, GError **error)
{
  g_autofree char *user_json = belfry_frame_user_json (user_id, FALSE);
  gint64 before = G_MAXINT64;
  gboolean more = TRUE;

  while (more)
    {
      g_autoptr (BelfryStoreRead) read = belfry_store_read_new (BELFRY_READ_LIST, user_id);
      g_autoptr (GString) lines = g_string_new (NULL);

      read->before = before;
      read->limit = CHUNK_ROWS;
      read->max_bytes = CHUNK_BYTES;
      if (!belfry_inbox_reader_read_list (sql, read, error))
        return FALSE;
      for (guint i = 0; i < read->rows->len; i++)
        {
          const BelfryStoreRow *row = &g_array_index (read->rows, BelfryStoreRow, i);

          append_notification (lines, row->notification, user_json);
          before = row->id;
        }
      if (!write_lines (fd, lines, error))
        return FALSE;
      more = read->more;
    }
  return TRUE;
}

static gboolean
export_keys (BelfrySql *sql, const char *user_id, int fd, GError **error)
{
  g_autofree char *after = g_strdup ("");
  guint n;

  do
    {
      const BelfrySqlArgument arguments[] = {
        BELFRY_SQL_TEXT ("user", user_id),
        BELFRY_SQL_TEXT ("after", after),
        BELFRY_SQL_INT ("limit", CHUNK_ROWS),
      };
      g_autoptr (BelfrySqlRows) rows =
          belfry_sql_select (sql, "keys", arguments, G_N_ELEMENTS (arguments), error);
      g_autoptr (GString) lines = g_string_new (NULL);

      if (rows == NULL)
        return FALSE;
      n = belfry_sql_rows_get_length (rows);
      for (guint i = 0; i < n; i++)
        {
          g_string_append (lines, "{\"idempotencyKey\":");
          belfry_json_append_string (lines, belfry_sql_rows_get_text (rows, i, 0));
          g_string_append_printf (lines, ",\"id\":%" G_GINT64_FORMAT "}\n",
                                  belfry_sql_rows_get_int (rows, i, 1));
        }
      if (!write_lines (fd, lines, error))
        return FALSE;
      if (n > 0)
        {
          g_free (after);
          after = g_strdup (belfry_sql_rows_get_text (rows, n - 1, 0));
        }
    }
  while (n == CHUNK_ROWS);
  return TRUE;
}

static gboolean
export_user (BelfrySql *sql, const char *user_id, int fd, GError **error)
{
  if (!belfry_sql_begin (sql, error))
    return FALSE;
  if (!export_notifications (sql, user_id, fd, error) || !export_keys (sql, user_id, fd, error)
      || !belfry_sql_commit (sql, error))
    {
      belfry_sql_rollback (sql);
      return FALSE;
    }
  return lseek (fd, 0, SEEK_SET) == 0 || set_system_error (error, "copy", errno);
}

static void
copy_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  g_autofree char *path = g_strconcat (job->path, COPY "XXXXXX", NULL);
  g_autoptr (BelfrySql) sql = NULL;
  GError *error = NULL;
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  gboolean done;

  if (fd < 0)
    {
      set_system_error (&error, path, errno);
      g_task_return_error (task, error);
      return;
    }
  sql = belfry_sql_open (job->path, &error);
  done = sql != NULL
         && (job->user_id != NULL ? export_user (sql, job->user_id, fd, &error)
                                  : copy_database (sql, path, &error));
  g_unlink (path);
  if (done)
    {
      g_task_return_int (task, fd);
      return;
    }
  close (fd);
  g_task_return_error (task, error);
}

/* @user_id: (nullable): whose, or NULL for the whole database
 *
 * The result is a descriptor: g_task_propagate_int(). */
void
belfry_store_copy_start (const char *path,
                         const char *user_id,
                         gpointer source,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (source, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->path = g_strdup (path);
  job->user_id = g_strdup (user_id);
  g_task_set_name (task, "[belfry] copy");
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, copy_in_thread);
}

/* Deletes what is left of copies that were being made when Belfry ended. */
void
belfry_store_copy_clean_up (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *prefix = g_strconcat (name, COPY, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *leftover = g_build_filename (folder, entry, NULL);

      if (g_str_has_prefix (entry, prefix))
        g_unlink (leftover);
    }
}
