/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-handler-files.h"

#include <gio/gio.h>
#include <string.h>

#include "belfry-argument.h"
#include "belfry-bus.h"
#include "belfry-error.h"

#define GROUP     "Handler"
#define BUS_NAME  "BusName"
#define TYPES     "Types"
#define SUFFIX    ".handler"
#define SUBFOLDER "belfry" G_DIR_SEPARATOR_S "handlers"

static gboolean
set_fault (GError **error, const char *key, const char *value, const char *expected)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "%s: “%s”: expected %s", key, value,
               expected);
  return FALSE;
}

static gboolean
check_bus_name (const char *name, GError **error)
{
  if (!g_dbus_is_name (name) || g_dbus_is_unique_name (name))
    return set_fault (error, BUS_NAME, name, "a well-known name of the bus");
  if (g_str_equal (name, BELFRY_BUS_NAME))
    return set_fault (error, BUS_NAME, name, "a name that is not Belfry's own");
  return TRUE;
}

static gboolean
check_types (char **types, GError **error)
{
  if (types[0] == NULL)
    return set_fault (error, TYPES, "", "one type at least");
  for (guint i = 0; types[i] != NULL; i++)
    {
      if (!belfry_argument_check_type (types[i], NULL))
        return set_fault (error, TYPES, types[i], "1 to 64 of [a-z0-9_.-]");
      if (belfry_type_is_reserved (types[i]))
        return set_fault (error, TYPES, types[i], "a type that is not Belfry's own");
    }
  return TRUE;
}

static gboolean
read_file (const char *path, char **bus_name, char ***types, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  /* To open a pipe would take until somebody writes to it. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           "there is no regular file");
      return FALSE;
    }
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error))
    return FALSE;
  *bus_name = g_key_file_get_string (file, GROUP, BUS_NAME, error);
  if (*bus_name == NULL || !check_bus_name (*bus_name, error))
    return FALSE;
  *types = g_key_file_get_string_list (file, GROUP, TYPES, NULL, error);
  return *types != NULL && check_types (*types, error);
}

/* What an earlier file has declared stays. */
static void
add_file (GHashTable *declared, const char *path)
{
  g_autofree char *bus_name = NULL;
  g_auto (GStrv) types = NULL;
  g_autoptr (GError) error = NULL;

  if (!read_file (path, &bus_name, &types, &error))
    {
      g_warning ("The handler file %s is passed over: %s", path, error->message);
      return;
    }
  for (guint i = 0; types[i] != NULL; i++)
    {
      const char *other = g_hash_table_lookup (declared, types[i]);

      if (other == NULL)
        g_hash_table_insert (declared, g_strdup (types[i]), g_strdup (bus_name));
      else
        g_warning ("The handler file %s: %s: “%s” is declared for %s already", path, TYPES,
                   types[i], other);
    }
}

/* Of files with one name, that of the first folder counts. */
static void
find_files (GHashTable *paths, const char *folder, gboolean must_exist)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  if (dir == NULL)
    {
      if (must_exist || !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_warning ("The folder of handler files is not read: %s", error->message);
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, SUFFIX) && !g_hash_table_contains (paths, name))
      g_hash_table_insert (paths, g_strdup (name), g_build_filename (folder, name, NULL));
}

static void
find_default_files (GHashTable *paths)
{
  const char *const *system = g_get_system_data_dirs ();
  g_autofree char *user = g_build_filename (g_get_user_data_dir (), SUBFOLDER, NULL);

  find_files (paths, user, FALSE);
  for (guint i = 0; system[i] != NULL; i++)
    {
      g_autofree char *folder = g_build_filename (system[i], SUBFOLDER, NULL);

      find_files (paths, folder, FALSE);
    }
}

/* Reads all files, in the order of their names. It blocks, and warns of what is wrong with them.
 *
 * @folders: (nullable): where they are; NULL means the user's data folder and the system's
 *
 * Returns: (transfer full): type → name on the bus */
GHashTable *
belfry_bus_handler_files_read (const char *const *folders)
{
  GHashTable *declared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GList) names = NULL;

  if (folders == NULL)
    find_default_files (paths);
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    find_files (paths, folders[i], TRUE);
  names = g_list_sort (g_hash_table_get_keys (paths), (GCompareFunc) strcmp);
  for (GList *link = names; link != NULL; link = link->next)
    add_file (declared, g_hash_table_lookup (paths, link->data));
  return declared;
}
