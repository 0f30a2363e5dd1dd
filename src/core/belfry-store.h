/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-change-private.h"
#include "belfry-draft.h"

G_BEGIN_DECLS

/* Where inboxes are kept. It works in threads of its own; every callback runs in the main thread.
 *
 * Writes that wait are committed together, in the order of their submission. What a transaction
 * changed is told to the listener before the writes in it are answered, and nothing is told or
 * answered before it is durable. Reads see whole transactions only. */

#define BELFRY_TYPE_STORE (belfry_store_get_type ())
G_DECLARE_INTERFACE (BelfryStore, belfry_store, BELFRY, STORE, GObject)

/* The newest state of one user's inbox; all zero for a user that nobody has written to. */
typedef struct
{
  gint64 position; /* the newest position, S */
  gint64 horizon;  /* the newest position among dropped tombstones */
  gint64 unread;
  gint64 total;
} BelfryInboxState;

typedef enum
{
  BELFRY_WRITE_CREATE,        /* drafts → result_ids */
  BELFRY_WRITE_UPDATE,        /* user_id, ids[0], data; BELFRY_ERROR_NOT_FOUND if it is not there */
  BELFRY_WRITE_MARK_READ,     /* user_id, ids → count */
  BELFRY_WRITE_MARK_UNREAD,   /* user_id, ids → count, more */
  BELFRY_WRITE_REMOVE,        /* user_id, ids → count */
  BELFRY_WRITE_MARK_ALL_READ, /* user_id, up_to → count, more */
  BELFRY_WRITE_REMOVE_ALL,    /* user_id, up_to → count, more */
  BELFRY_WRITE_ERASE,         /* user_id → count, more: all that is kept of the user, as if nobody
                                 had ever written to them; BELFRY_ERROR_BUSY if somebody reads what
                                 is erased, which then goes with the next try */
} BelfryWriteKind;

/* Of more ids than this, BELFRY_WRITE_MARK_UNREAD takes the first and says that there are more:
 * each is told with its content, which may be large. */
#define BELFRY_MARK_UNREAD_STEP 100

typedef struct _BelfryStoreWrite BelfryStoreWrite;
typedef void (*BelfryStoreWriteFunc) (BelfryStoreWrite *write, gpointer user_data);

struct _BelfryStoreWrite
{
  BelfryWriteKind kind;
  char *user_id;
  GPtrArray *drafts; /* of BelfryDraft, 1 to 1,000 */
  GArray *ids;       /* of gint64, 1 to 1,000 */
  gint64 up_to;      /* the highest id that is meant; one ahead is replaced by the newest */
  char *data;

  GArray *result_ids; /* of gint64, in the order of the drafts */
  guint count;        /* of rows changed */
  gboolean more;      /* more rows match than one transaction takes: write again */
  GError *error;

  BelfryStoreWriteFunc done;
  gpointer user_data;
};

typedef enum
{
  BELFRY_READ_STATE, /* user_id → state */
  BELFRY_READ_GET,   /* user_id, id → rows; empty if it is not there */
  BELFRY_READ_LIST,  /* user_id, before, limit, max_bytes, only_unread, tag → rows, more, total */
  BELFRY_READ_PAGE,  /* user_id, sent, told, limit, max_bytes → changed, rows, state,
                        more_changed, more */
} BelfryReadKind;

/* A row as a page shows it. */
typedef struct
{
  gint64 id;
  gint64 position;         /* of its latest change */
  gint64 content_position; /* of its latest change of content */
  gboolean removed;
  BelfryNotification *notification; /* NULL if removed */
} BelfryStoreRow;

typedef struct _BelfryStoreRead BelfryStoreRead;
typedef void (*BelfryStoreReadFunc) (BelfryStoreRead *read, gpointer user_data);

struct _BelfryStoreRead
{
  BelfryReadKind kind;
  char *user_id;
  gint64 id;
  gint64 before;   /* only lower ids; G_MAXINT64 for all */
  gint64 sent;     /* the cursor C: ids up to it are known to the client */
  gint64 told;     /* the cursor P: changes of those up to it are known, too */
  guint limit;     /* of rows */
  gsize max_bytes; /* of data, but at least one row */
  gboolean only_unread;
  char *tag; /* or NULL */

  BelfryInboxState state;
  GArray *rows;          /* of BelfryStoreRow: a list newest first, a page's new rows by id */
  GArray *changed;       /* of BelfryStoreRow: a page's changes of known rows by position */
  gboolean more;         /* rows were cut off at a limit */
  gboolean more_changed; /* changed was cut off at a limit; rows is then empty */
  gint64 total;          /* of all that match, without before and limit */
  GError *error;

  BelfryStoreReadFunc done;
  gpointer user_data;
};

typedef void (*BelfryStoreListener) (BelfryChange *change, gpointer user_data);

struct _BelfryStoreInterface
{
  GTypeInterface parent_iface;

  void (*write) (BelfryStore *self, BelfryStoreWrite *write);
  void (*read) (BelfryStore *self, BelfryStoreRead *read);
  void (*set_listener) (BelfryStore *self, BelfryStoreListener listener, gpointer user_data);
  const char *(*get_epoch) (BelfryStore *self);
  void (*copy_async) (BelfryStore *self,
                      const char *user_id,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  int (*copy_finish) (BelfryStore *self, GAsyncResult *result, GError **error);
};

void belfry_store_write (BelfryStore *self, BelfryStoreWrite *write);
void belfry_store_read (BelfryStore *self, BelfryStoreRead *read);
void
belfry_store_set_listener (BelfryStore *self, BelfryStoreListener listener, gpointer user_data);
const char *belfry_store_get_epoch (BelfryStore *self);
void belfry_store_copy_async (BelfryStore *self,
                              const char *user_id,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
int belfry_store_copy_finish (BelfryStore *self, GAsyncResult *result, GError **error);

BelfryStoreWrite *belfry_store_write_new (BelfryWriteKind kind, const char *user_id);
void belfry_store_write_free (BelfryStoreWrite *write);
BelfryStoreRead *belfry_store_read_new (BelfryReadKind kind, const char *user_id);
void belfry_store_read_free (BelfryStoreRead *read);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryStoreWrite, belfry_store_write_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryStoreRead, belfry_store_read_free)

G_END_DECLS
