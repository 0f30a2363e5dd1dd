/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One connection to the database, for one thread, and the named statements of queries.sql. This is
 * the only place that knows libgda. All errors are BELFRY_ERROR_BUSY, if another process holds a
 * lock, or BELFRY_ERROR_STORAGE. */
typedef struct _BelfrySql BelfrySql;

/* What a statement is given: an integer, or a text, which is not copied. */
typedef struct
{
  const char *name;
  const char *text; /* NULL for an integer */
  gint64 number;
} BelfrySqlArgument;

#define BELFRY_SQL_INT(name, number) \
  {                                  \
    name, NULL, number               \
  }
#define BELFRY_SQL_TEXT(name, text) \
  {                                 \
    name, text, 0                   \
  }

/* The rows that a statement gave. They must be freed before the transaction ends. */
typedef struct _BelfrySqlRows BelfrySqlRows;

BelfrySql *belfry_sql_open (const char *path, GError **error);
void belfry_sql_close (BelfrySql *self);

gboolean belfry_sql_begin (BelfrySql *self, GError **error);
gboolean belfry_sql_begin_write (BelfrySql *self, GError **error);
void belfry_sql_begin_write_later (BelfrySql *self);
gboolean belfry_sql_has_begun (BelfrySql *self);
gboolean belfry_sql_commit (BelfrySql *self, GError **error);
void belfry_sql_rollback (BelfrySql *self);

gboolean belfry_sql_run (BelfrySql *self,
                         const char *query,
                         const BelfrySqlArgument *arguments,
                         guint n_arguments,
                         int *n_changed,
                         GError **error);
BelfrySqlRows *belfry_sql_select (BelfrySql *self,
                                  const char *query,
                                  const BelfrySqlArgument *arguments,
                                  guint n_arguments,
                                  GError **error);
gboolean belfry_sql_select_int (BelfrySql *self, const char *query, gint64 *number, GError **error);
char *belfry_sql_select_text (BelfrySql *self, const char *query, GError **error);
gboolean belfry_sql_run_script (BelfrySql *self, const char *script, GError **error);

guint belfry_sql_rows_get_length (BelfrySqlRows *self);
gint64 belfry_sql_rows_get_int (BelfrySqlRows *self, guint row, guint column);
const char *belfry_sql_rows_get_text (BelfrySqlRows *self, guint row, guint column);
void belfry_sql_rows_free (BelfrySqlRows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfrySql, belfry_sql_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfrySqlRows, belfry_sql_rows_free)

G_END_DECLS
