/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-schema.h"

#include <glib/gi18n-lib.h>

#include "belfry-error.h"
#include "belfry-store-resources.h"

#define MIGRATION "/org/belfry/store/migrations/%03d.sql"

/* Pages of 8 KiB: an entry of the index for a random user dirties one page, and fewer, larger
 * pages hold more of the entries of one commit (docs/performance.md). The page size counts only
 * for a new file. */
static const char pragmas[] = "PRAGMA page_size = 8192;\n"
                              "PRAGMA journal_mode = WAL;\n"
                              "PRAGMA synchronous = FULL;\n";

static gboolean
check_version (BelfrySql *sql, gint64 *version, GError **error)
{
  gint64 n_tables;

  if (!belfry_sql_select_int (sql, "schema_version", version, error)
      || !belfry_sql_select_int (sql, "count_tables", &n_tables, error))
    return FALSE;
  if (*version > BELFRY_SCHEMA_VERSION)
    {
      g_set_error (
          error, BELFRY_ERROR, BELFRY_ERROR_STORAGE,
          _ ("the database has schema version %d, and this Belfry knows versions up to %d: "
             "it was written by a newer Belfry"),
          (int) *version, BELFRY_SCHEMA_VERSION);
      return FALSE;
    }
  if (*version == 0 && n_tables > 0)
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_STORAGE,
                           _ ("the file is a database, but not one of Belfry's"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
init (BelfrySql *sql, GError **error)
{
  g_autofree char *epoch = g_uuid_string_random ();
  const BelfrySqlArgument arguments[] = { BELFRY_SQL_TEXT ("epoch", epoch) };

  return belfry_sql_run (sql, "init", arguments, G_N_ELEMENTS (arguments), NULL, error);
}

static gboolean
migrate_in_transaction (BelfrySql *sql, int version, GError **error)
{
  g_autofree char *path = g_strdup_printf (MIGRATION, version);
  g_autofree char *set_version = g_strdup_printf ("PRAGMA user_version = %d;\n", version);
  g_autoptr (GBytes) script = g_resource_lookup_data (belfry_store_get_resource (), path, 0, error);

  return script != NULL && belfry_sql_run_script (sql, g_bytes_get_data (script, NULL), error)
         && (version > 1 || init (sql, error)) && belfry_sql_run_script (sql, set_version, error);
}

static gboolean
migrate (BelfrySql *sql, int version, GError **error)
{
  if (!belfry_sql_begin_write (sql, error))
    return FALSE;
  if (!migrate_in_transaction (sql, version, error) || !belfry_sql_commit (sql, error))
    {
      g_prefix_error (error, _ ("migration to schema version %d: "), version);
      belfry_sql_rollback (sql);
      return FALSE;
    }
  return TRUE;
}

/* Brings the database to the schema of this program: a new one is made, one of an older schema is
 * migrated, step by step, and one of a newer schema is refused. */
gboolean
belfry_schema_prepare (BelfrySql *sql, GError **error)
{
  gint64 version;

  /* A database that is not ours is left as it is. */
  if (!belfry_sql_run_script (sql, "PRAGMA busy_timeout = 2000;\n", error)
      || !check_version (sql, &version, error) || !belfry_sql_run_script (sql, pragmas, error))
    return FALSE;
  for (int next = (int) version + 1; next <= BELFRY_SCHEMA_VERSION; next++)
    {
      if (!migrate (sql, next, error))
        return FALSE;
      if (version > 0)
        g_message ("Migrated the database to schema version %d", next);
    }
  return TRUE;
}
