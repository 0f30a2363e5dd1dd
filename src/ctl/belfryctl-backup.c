/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryctl-backup.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

static gboolean
set_error (GError **error, const char *what, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* Fails if there is a file already, unless it may be replaced. */
gboolean
belfryctl_backup_check (const char *path, gboolean force, GError **error)
{
  if (force || !g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _ ("%s: the file exists; --force replaces it"),
               path);
  return FALSE;
}

/* Copies all that can be read. */
static gboolean
copy (int from, int to, GError **error)
{
  g_autofree char *buffer = g_malloc (1024 * 1024);
  gssize n;

  while ((n = read (from, buffer, 1024 * 1024)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return set_error (error, _ ("reading"), errno);
      for (gssize done = 0; done < n;)
        {
          gssize written = write (to, buffer + done, (gsize) (n - done));

          if (written < 0 && errno != EINTR)
            return set_error (error, _ ("writing"), errno);
          done += MAX (written, 0);
        }
    }
  return TRUE;
}

/* A file that has just got its name keeps it after a power cut only if its folder is synced. */
static gboolean
sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean success = fd >= 0 && fsync (fd) == 0;

  if (!success)
    set_error (error, folder, errno);
  if (fd >= 0)
    close (fd);
  return success;
}

/* Puts the whole copy in its place, or nothing at all. */
static gboolean
move_into_place (const char *temporary, const char *path, gboolean force, GError **error)
{
  int result = force ? g_rename (temporary, path)
                     : renameat2 (AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);

  if (result != 0)
    return errno == EEXIST ? belfryctl_backup_check (path, FALSE, error)
                           : set_error (error, path, errno);
  return sync_folder (path, error);
}

/* Saves what @fd has as a file that only its owner can read. */
gboolean
belfryctl_backup_save (int fd, const char *path, gboolean force, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  int to = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  gboolean success;

  if (to < 0)
    return set_error (error, temporary, errno);
  success = copy (fd, to, error);
  if (success && fsync (to) != 0)
    success = set_error (error, temporary, errno);
  close (to);
  success = success && move_into_place (temporary, path, force, error);
  if (!success)
    g_unlink (temporary);
  return success;
}
