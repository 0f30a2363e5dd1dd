/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-store.h"

G_DEFINE_INTERFACE (BelfryStore, belfry_store, G_TYPE_OBJECT)

static void
belfry_store_default_init (BelfryStoreInterface *iface)
{
}

/* Takes @write over, in any thread. @write->done is called in the main thread, with the result in
 * @write, which is freed behind it. */
void
belfry_store_write (BelfryStore *self, BelfryStoreWrite *write)
{
  BELFRY_STORE_GET_IFACE (self)->write (self, write);
}

/* Takes @read over, in the same way. */
void
belfry_store_read (BelfryStore *self, BelfryStoreRead *read)
{
  BELFRY_STORE_GET_IFACE (self)->read (self, read);
}

/* There is one listener; it is told of each change, in the order of the positions. */
void
belfry_store_set_listener (BelfryStore *self, BelfryStoreListener listener, gpointer user_data)
{
  BELFRY_STORE_GET_IFACE (self)->set_listener (self, listener, user_data);
}

/* The UUID that was made with the database. */
const char *
belfry_store_get_epoch (BelfryStore *self)
{
  return BELFRY_STORE_GET_IFACE (self)->get_epoch (self);
}

/* Copies what is stored as of one moment, without holding up anybody: the whole database, for a
 * backup, or what is kept of one user, as JSON, a line for each notification and then for each
 * idempotency key.
 *
 * @user_id: (nullable): whose, or NULL for all */
void
belfry_store_copy_async (BelfryStore *self,
                         const char *user_id,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  BELFRY_STORE_GET_IFACE (self)->copy_async (self, user_id, callback, user_data);
}

/* Returns: a file without a name that holds the copy, or -1 with @error set */
int
belfry_store_copy_finish (BelfryStore *self, GAsyncResult *result, GError **error)
{
  return BELFRY_STORE_GET_IFACE (self)->copy_finish (self, result, error);
}

BelfryStoreWrite *
belfry_store_write_new (BelfryWriteKind kind, const char *user_id)
{
  BelfryStoreWrite *write = g_new0 (BelfryStoreWrite, 1);

  write->kind = kind;
  write->user_id = g_strdup (user_id);
  write->up_to = G_MAXINT64;
  return write;
}

void
belfry_store_write_free (BelfryStoreWrite *write)
{
  g_free (write->user_id);
  g_free (write->data);
  g_clear_pointer (&write->drafts, g_ptr_array_unref);
  g_clear_pointer (&write->ids, g_array_unref);
  g_clear_pointer (&write->result_ids, g_array_unref);
  g_clear_error (&write->error);
  g_free (write);
}

static void
clear_row (gpointer data)
{
  BelfryStoreRow *row = data;

  g_clear_object (&row->notification);
}

static GArray *
new_rows (void)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (BelfryStoreRow));

  g_array_set_clear_func (rows, clear_row);
  return rows;
}

BelfryStoreRead *
belfry_store_read_new (BelfryReadKind kind, const char *user_id)
{
  BelfryStoreRead *read = g_new0 (BelfryStoreRead, 1);

  read->kind = kind;
  read->user_id = g_strdup (user_id);
  read->before = G_MAXINT64;
  read->limit = G_MAXUINT;
  read->max_bytes = G_MAXSIZE;
  if (kind != BELFRY_READ_STATE)
    read->rows = new_rows ();
  if (kind == BELFRY_READ_PAGE)
    read->changed = new_rows ();
  return read;
}

void
belfry_store_read_free (BelfryStoreRead *read)
{
  g_free (read->user_id);
  g_free (read->tag);
  g_clear_pointer (&read->rows, g_array_unref);
  g_clear_pointer (&read->changed, g_array_unref);
  g_clear_error (&read->error);
  g_free (read);
}
