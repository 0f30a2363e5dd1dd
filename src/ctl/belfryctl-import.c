/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command that imports: the file, what is said meanwhile, and what at the end. */

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "belfryctl-importer.h"
#include "belfryctl-output.h"
#include "belfryctl-progress.h"

static struct
{
  gboolean skip_faulty;
} options;

const GOptionEntry belfryctl_import_options[] = {
  { "skip-faulty", 0, 0, G_OPTION_ARG_NONE, &options.skip_faulty,
    N_ ("Leave faulty lines out, and say which"), NULL },
  { NULL },
};

typedef struct
{
  gboolean json;
  BelfryctlProgress *progress;
} Report;

static void
on_fault (guint64 line, const GError *error, gpointer user_data)
{
  Report *report = user_data;

  belfryctl_progress_clear (report->progress);
  belfryctl_print_error (error, report->json);
}

static void
on_done (guint64 lines, guint64 bytes, gpointer user_data)
{
  Report *report = user_data;

  belfryctl_progress_set (report->progress, lines, bytes);
}

static gboolean
on_interrupt (gpointer user_data)
{
  belfryctl_importer_interrupt (user_data);
  return G_SOURCE_CONTINUE;
}

/* @size: (out): how much the file has, 0 if that is not known */
static int
open_file (const char *path, guint64 *size, GError **error)
{
  int fd = g_str_equal (path, "-") ? dup (STDIN_FILENO) : g_open (path, O_RDONLY | O_CLOEXEC, 0);
  struct stat status;

  *size = 0;
  if (fd < 0 || fstat (fd, &status) != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path,
                 g_strerror (errno));
  else if (S_ISREG (status.st_mode))
    *size = (guint64) status.st_size;
  return fd;
}

/* @first_open_line: where an import has to begin anew, or 0 if all is done */
static void
print_counts_as_json (const BelfryctlImportCounts *counts, guint64 first_open_line)
{
  g_autoptr (GString) json = g_string_new ("{");

  belfryctl_json_add_int (json, "lines", (gint64) counts->lines);
  belfryctl_json_add_int (json, "stored", (gint64) counts->stored);
  belfryctl_json_add_int (json, "read", (gint64) counts->read);
  belfryctl_json_add_int (json, "faulty", (gint64) counts->faulty);
  belfryctl_json_add_int (json, "expired", (gint64) counts->expired);
  belfryctl_json_add_int (json, "lostKeys", (gint64) counts->lost_keys);
  if (first_open_line != 0)
    belfryctl_json_add_int (json, "firstOpenLine", (gint64) first_open_line);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

static void
print_counts (const BelfryctlImportCounts *counts)
{
  g_print (
      ngettext ("%lu notification is stored\n", "%lu notifications are stored\n", counts->stored),
      counts->stored);
  if (counts->read > 0)
    g_print (ngettext ("%lu was marked as read\n", "%lu were marked as read\n", counts->read),
             counts->read);
  if (counts->faulty > 0)
    g_print (ngettext ("%lu faulty line was left out\n", "%lu faulty lines were left out\n",
                       counts->faulty),
             counts->faulty);
  if (counts->expired > 0)
    g_print (ngettext ("%lu had expired and was left out\n", "%lu had expired and were left out\n",
                       counts->expired),
             counts->expired);
  if (counts->lost_keys > 0)
    g_print (ngettext ("%lu idempotency key is of no notification here, and was "
                       "left out\n",
                       "%lu idempotency keys are of no notification here, and "
                       "were left out\n",
                       counts->lost_keys),
             counts->lost_keys);
}

static void
print_result (Belfryctl *ctl, BelfryctlImporter *importer, gboolean success)
{
  guint64 line = success ? 0 : belfryctl_importer_get_first_open_line (importer);

  if (ctl->json)
    print_counts_as_json (belfryctl_importer_get_counts (importer), line);
  else
    print_counts (belfryctl_importer_get_counts (importer));
  if (!success && !ctl->json)
    g_print (
        _ ("Not all is done from line %lu on. Import the file again: nothing is stored twice.\n"),
        (gulong) line);
}

/* Creates what a file has. */
gboolean
belfryctl_import (Belfryctl *ctl, char **arguments, GError **error)
{
  Report report = { ctl->json, NULL };
  g_autoptr (BelfryClient) client = NULL;
  g_autoptr (BelfryctlImporter) importer = NULL;
  guint sources[2];
  guint64 size;
  gboolean success;
  int fd = open_file (arguments[0], &size, error);

  if (fd < 0)
    return FALSE;
  client = belfryctl_connect (ctl, BELFRYCTL_WAITING, error);
  if (client == NULL)
    {
      close (fd);
      return FALSE;
    }
  importer =
      belfryctl_importer_new (client, fd, options.skip_faulty ? on_fault : NULL, on_done, &report);
  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, importer);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, importer);
  if (!ctl->json)
    report.progress = belfryctl_progress_new (size);
  success = belfryctl_importer_run (importer, error);
  belfryctl_progress_end (report.progress);
  if (!success && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("interrupted"));
    }
  print_result (ctl, importer, success);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return success;
}
