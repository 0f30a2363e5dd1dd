/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stands between SQLite and the disk, and knows what of a database and its log has been synced. Of
 * the rest a power cut leaves whatever it likes: all, nothing, or some sectors, in any order. */

#include "power-vfs.h"

#include <sqlite3.h>
#include <string.h>

#define SECTOR 512

/* A write, or, without data, a truncation to @offset. */
typedef struct
{
  gint64 offset;
  GBytes *data;
} Write;

/* A file, which several connections may have open. */
typedef struct
{
  GByteArray *durable;
  GPtrArray *pending; /* of Write: since the last sync */
} Disk;

typedef struct
{
  sqlite3_file base;
  Disk *disk; /* NULL for what does not outlive a power cut anyway */
} File;

#define REAL(file) ((sqlite3_file *) ((File *) (file) + 1))

static sqlite3_vfs *system_vfs;
static GMutex mutex;
static GHashTable *disks; /* path → Disk */

static void
write_free (gpointer data)
{
  Write *write = data;

  g_clear_pointer (&write->data, g_bytes_unref);
  g_free (write);
}

static void
disk_free (gpointer data)
{
  Disk *disk = data;

  g_byte_array_unref (disk->durable);
  g_ptr_array_unref (disk->pending);
  g_free (disk);
}

/* What is there when it is opened first is durable. */
static Disk *
disk_new (const char *path)
{
  Disk *disk = g_new0 (Disk, 1);
  char *contents = NULL;
  gsize length = 0;

  g_file_get_contents (path, &contents, &length, NULL);
  disk->durable = g_byte_array_new_take ((guint8 *) contents, length);
  disk->pending = g_ptr_array_new_with_free_func (write_free);
  return disk;
}

static void
put (GByteArray *bytes, gint64 offset, const guint8 *data, gsize length)
{
  guint old = bytes->len;

  if ((gsize) offset + length > old)
    {
      g_byte_array_set_size (bytes, (guint) ((gsize) offset + length));
      memset (bytes->data + old, 0, bytes->len - old);
    }
  memcpy (bytes->data + offset, data, length);
}

static void
apply (GByteArray *bytes, const Write *write)
{
  gsize length;
  const guint8 *data;

  if (write->data == NULL)
    {
      g_byte_array_set_size (bytes, (guint) MIN ((gint64) bytes->len, write->offset));
      return;
    }
  data = g_bytes_get_data (write->data, &length);
  put (bytes, write->offset, data, length);
}

/* Applies those sectors that the disk happened to write. */
static void
apply_some (GByteArray *bytes, const Write *write, GRand *rand)
{
  gsize length;
  const guint8 *data;

  if (write->data == NULL)
    {
      if (g_rand_boolean (rand))
        apply (bytes, write);
      return;
    }
  data = g_bytes_get_data (write->data, &length);
  for (gsize start = 0; start < length;)
    {
      gsize end = MIN (length, start + SECTOR - (gsize) (write->offset + (gint64) start) % SECTOR);

      if (g_rand_boolean (rand))
        put (bytes, write->offset + (gint64) start, data + start, end - start);
      start = end;
    }
}

static void
note (Disk *disk, gint64 offset, GBytes *data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Write *write = g_new (Write, 1);

  *write = (Write){ offset, data };
  g_ptr_array_add (disk->pending, write);
}

/* The methods of a file */

static int
power_close (sqlite3_file *file)
{
  return REAL (file)->pMethods != NULL ? REAL (file)->pMethods->xClose (REAL (file)) : SQLITE_OK;
}

static int
power_read (sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
  return REAL (file)->pMethods->xRead (REAL (file), data, length, offset);
}

static int
power_write (sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
  int result = REAL (file)->pMethods->xWrite (REAL (file), data, length, offset);

  if (result == SQLITE_OK && ((File *) file)->disk != NULL)
    note (((File *) file)->disk, offset, g_bytes_new (data, (gsize) length));
  return result;
}

static int
power_truncate (sqlite3_file *file, sqlite3_int64 size)
{
  int result = REAL (file)->pMethods->xTruncate (REAL (file), size);

  if (result == SQLITE_OK && ((File *) file)->disk != NULL)
    note (((File *) file)->disk, size, NULL);
  return result;
}

static int
power_sync (sqlite3_file *file, int flags)
{
  Disk *disk = ((File *) file)->disk;
  guint n = 0;
  int result;

  /* What is written while it runs may be too late for it. */
  if (disk != NULL)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

      n = disk->pending->len;
    }
  result = REAL (file)->pMethods->xSync (REAL (file), flags);
  if (result == SQLITE_OK && n > 0)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

      /* Another connection may have synced them meanwhile. */
      n = MIN (n, disk->pending->len);
      for (guint i = 0; i < n; i++)
        apply (disk->durable, g_ptr_array_index (disk->pending, i));
      if (n > 0)
        g_ptr_array_remove_range (disk->pending, 0, n);
    }
  return result;
}

static int
power_file_size (sqlite3_file *file, sqlite3_int64 *size)
{
  return REAL (file)->pMethods->xFileSize (REAL (file), size);
}

static int
power_lock (sqlite3_file *file, int level)
{
  return REAL (file)->pMethods->xLock (REAL (file), level);
}

static int
power_unlock (sqlite3_file *file, int level)
{
  return REAL (file)->pMethods->xUnlock (REAL (file), level);
}

static int
power_check_reserved_lock (sqlite3_file *file, int *result)
{
  return REAL (file)->pMethods->xCheckReservedLock (REAL (file), result);
}

static int
power_file_control (sqlite3_file *file, int op, void *argument)
{
  return REAL (file)->pMethods->xFileControl (REAL (file), op, argument);
}

static int
power_sector_size (sqlite3_file *file)
{
  return REAL (file)->pMethods->xSectorSize (REAL (file));
}

static int
power_device_characteristics (sqlite3_file *file)
{
  return REAL (file)->pMethods->xDeviceCharacteristics (REAL (file));
}

static int
power_shm_map (sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
  return REAL (file)->pMethods->xShmMap (REAL (file), page, size, extend, memory);
}

static int
power_shm_lock (sqlite3_file *file, int offset, int n, int flags)
{
  return REAL (file)->pMethods->xShmLock (REAL (file), offset, n, flags);
}

static void
power_shm_barrier (sqlite3_file *file)
{
  REAL (file)->pMethods->xShmBarrier (REAL (file));
}

static int
power_shm_unmap (sqlite3_file *file, int delete_flag)
{
  return REAL (file)->pMethods->xShmUnmap (REAL (file), delete_flag);
}

/* Without memory mapping, which would go past it. */
static const sqlite3_io_methods methods = {
  .iVersion = 2,
  .xClose = power_close,
  .xRead = power_read,
  .xWrite = power_write,
  .xTruncate = power_truncate,
  .xSync = power_sync,
  .xFileSize = power_file_size,
  .xLock = power_lock,
  .xUnlock = power_unlock,
  .xCheckReservedLock = power_check_reserved_lock,
  .xFileControl = power_file_control,
  .xSectorSize = power_sector_size,
  .xDeviceCharacteristics = power_device_characteristics,
  .xShmMap = power_shm_map,
  .xShmLock = power_shm_lock,
  .xShmBarrier = power_shm_barrier,
  .xShmUnmap = power_shm_unmap,
};

static int
power_open (sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
  File *self = (File *) file;
  int result;

  memset (self, 0, sizeof *self);
  result = system_vfs->xOpen (system_vfs, path, REAL (self), flags, out_flags);
  if (result != SQLITE_OK)
    return result;
  self->base.pMethods = &methods;
  if (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

      self->disk = g_hash_table_lookup (disks, path);
      if (self->disk == NULL)
        {
          self->disk = disk_new (path);
          g_hash_table_insert (disks, g_strdup (path), self->disk);
        }
    }
  return SQLITE_OK;
}

/* Has every database that is opened from now on watched. */
void
power_vfs_install (void)
{
  static sqlite3_vfs vfs;

  system_vfs = sqlite3_vfs_find (NULL);
  disks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, disk_free);
  vfs = *system_vfs;
  vfs.zName = "power";
  vfs.szOsFile = (int) sizeof (File) + system_vfs->szOsFile;
  vfs.xOpen = power_open;
  g_assert_cmpint (sqlite3_vfs_register (&vfs, TRUE), ==, SQLITE_OK);
}

/* The power goes: makes at @to what may be found of @path and its log when it is back. */
void
power_vfs_cut (const char *path, const char *to, GRand *rand)
{
  static const char *const suffixes[] = { "", "-wal" };
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
      g_autofree char *copy = g_strconcat (to, suffixes[i], NULL);
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      Disk *disk = g_hash_table_lookup (disks, name);

      g_assert_nonnull (disk);
      g_byte_array_append (bytes, disk->durable->data, disk->durable->len);
      for (guint j = 0; j < disk->pending->len; j++)
        {
          const Write *write = g_ptr_array_index (disk->pending, j);
          int chance = g_rand_int_range (rand, 0, 3);

          if (chance == 0)
            apply (bytes, write);
          else if (chance == 1)
            apply_some (bytes, write, rand);
        }
      g_assert_true (
          g_file_set_contents (copy, (const char *) bytes->data, (gssize) bytes->len, NULL));
    }
}
