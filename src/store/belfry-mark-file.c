/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-mark-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "belfry-error.h"

/* "EPOCH POSITION\n", always of the same length, so that it is overwritten in place. */
#define FORMAT "%-36s %020" G_GINT64_FORMAT "\n"
#define LENGTH 58

struct _BelfryMarkFile
{
  int fd;
  char *epoch;
  gint64 position;
  gboolean failed; /* it could not be written, which has been said */
};

static void
read_mark (BelfryMarkFile *self)
{
  char text[LENGTH + 1] = { 0 };
  g_auto (GStrv) words = NULL;

  if (pread (self->fd, text, LENGTH, 0) != LENGTH)
    return;
  words = g_strsplit (g_strstrip (text), " ", 2);
  if (g_strv_length (words) != 2
      || !g_ascii_string_to_signed (words[1], 10, 0, G_MAXINT64, &self->position, NULL))
    return;
  self->epoch = g_strdup (words[0]);
}

/* Fails with BELFRY_ERROR_BUSY if another Belfry uses the database. */
BelfryMarkFile *
belfry_mark_file_open (const char *database_path, GError **error)
{
  g_autofree char *path = g_strconcat (database_path, ".mark", NULL);
  g_autoptr (BelfryMarkFile) self = g_new0 (BelfryMarkFile, 1);

  self->fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  if (flock (self->fd, LOCK_EX | LOCK_NB) != 0)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_BUSY,
                   _ ("%s: another Belfry uses this database"), database_path);
      return NULL;
    }
  read_mark (self);
  return g_steal_pointer (&self);
}

void
belfry_mark_file_close (BelfryMarkFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->epoch);
  g_free (self);
}

/* Whether the database was once further than it is now, or was another one: it is a restored
 * backup. One that was restored twice has the first epoch again, and the mark the second. */
gboolean
belfry_mark_file_is_ahead (BelfryMarkFile *self, const char *epoch, gint64 position)
{
  if (self->epoch == NULL)
    return FALSE;
  return g_str_equal (self->epoch, epoch) ? self->position > position : position > 0;
}

gboolean
belfry_mark_file_is_at (BelfryMarkFile *self, gint64 position)
{
  return self->position == position;
}

/* Remembers a position that is durable. The mark itself need not be: one that is too low finds
 * fewer restored backups, and is never wrong. */
void
belfry_mark_file_set (BelfryMarkFile *self, const char *epoch, gint64 position)
{
  char text[LENGTH + 1];

  if (self->position == position && g_strcmp0 (self->epoch, epoch) == 0)
    return;
  g_snprintf (text, sizeof text, FORMAT, epoch, position);
  if (pwrite (self->fd, text, LENGTH, 0) != LENGTH)
    {
      if (!self->failed)
        g_warning ("The mark file cannot be written: %s", g_strerror (errno));
      self->failed = TRUE;
      return;
    }
  self->failed = FALSE;
  g_free (self->epoch);
  self->epoch = g_strdup (epoch);
  self->position = position;
}
