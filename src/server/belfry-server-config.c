/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server-config-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#include "belfry-argument.h"
#include "belfry-bus-right.h"
#include "belfry-error.h"
#include "belfry-ice-servers.h"

#define GROUP         "belfryd"
#define SQLITE_PREFIX "sqlite:"

/**
 * BelfryServerConfig:
 *
 * What the operator of a server decides. Every option has one name, on the command line, in the
 * configuration file, and here; belfryd.conf(5) lists them.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (BelfryServerConfig, belfry_server_config, G_TYPE_OBJECT)

typedef gboolean (*SetFunc) (BelfryServerConfig *self,
                             gpointer field,
                             const char *value,
                             GError **error);

/* Where an option goes, and how it is read. A list is emptied before it is set anew. */
typedef struct
{
  const char *name;
  gsize offset;
  SetFunc set;
  gboolean is_list;
  guint min;
  guint max;
} Option;

static const Option *find_option (const char *name);

static gboolean
set_fault (GError **error, const char *value, const char *expected)
{
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, _ ("“%s”: expected %s"), value,
               _ (expected));
  return FALSE;
}

static gboolean
set_text (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  char **text = field;

  if (*value == '\0')
    return set_fault (error, value, N_ ("some text"));
  g_free (*text);
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
set_switch (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  gboolean *flag = field;

  if (!g_str_equal (value, "true") && !g_str_equal (value, "false"))
    return set_fault (error, value, N_ ("true or false"));
  *flag = g_str_equal (value, "true");
  return TRUE;
}

static gboolean
add_text (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  GStrv *list = field;
  guint n = *list != NULL ? g_strv_length (*list) : 0;

  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = g_strdup (value);
  (*list)[n + 1] = NULL;
  return TRUE;
}

static gboolean
add_origin (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  const char *authority = strstr (value, "://");

  /* What a browser sends for a page that has none to tell. */
  if (g_str_equal (value, "null"))
    return add_text (self, field, value, error);
  if (authority == NULL || authority[3] == '\0' || strchr (authority + 3, '/') != NULL)
    return set_fault (error, value, N_ ("an origin, https://example.org"));
  return add_text (self, field, value, error);
}

static gboolean
add_address (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  if (!g_hostname_is_ip_address (value))
    return set_fault (error, value, N_ ("an IP address"));
  return add_text (self, field, value, error);
}

/* HOST:PORT; HOST is an address in figures, in brackets if it is of IPv6. */
static gboolean
add_listen (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  const char *colon = strrchr (value, ':');
  g_autofree char *host = NULL;
  GSocketAddress *address;
  guint64 port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    return set_fault (error, value, N_ ("HOST:PORT"));
  if (value[0] == '[' && colon > value + 1 && colon[-1] == ']')
    host = g_strndup (value + 1, (gsize) (colon - value - 2));
  else
    host = g_strndup (value, (gsize) (colon - value));
  address = g_inet_socket_address_new_from_string (
      g_str_equal (host, "localhost") ? "127.0.0.1" : host, (guint) port);
  if (address == NULL)
    return set_fault (error, value, N_ ("an IP address and a port, 127.0.0.1:8080 or [::1]:8080"));
  g_ptr_array_add (self->listen, address);
  return TRUE;
}

static gboolean
set_database (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  if (g_str_has_prefix (value, "postgresql:"))
    return set_fault (error, value, N_ ("sqlite:PATH, as this version has no other database"));
  if (!g_str_has_prefix (value, SQLITE_PREFIX) || value[strlen (SQLITE_PREFIX)] == '\0')
    return set_fault (error, value, N_ ("sqlite:PATH"));
  return set_text (self, field, value + strlen (SQLITE_PREFIX), error);
}

static gboolean
set_path (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  if (!g_path_is_absolute (value))
    return set_fault (error, value, N_ ("an absolute path"));
  return set_text (self, field, value, error);
}

static gboolean
add_path (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  if (!g_path_is_absolute (value))
    return set_fault (error, value, N_ ("an absolute path"));
  return add_text (self, field, value, error);
}

/* Names of users are looked up now, once. */
static gboolean
add_right (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  BelfryBusRight *right = belfry_bus_right_parse (value, error);

  if (right == NULL)
    return FALSE;
  if (self->rights == NULL)
    self->rights = g_ptr_array_new_with_free_func ((GDestroyNotify) belfry_bus_right_free);
  g_ptr_array_add (self->rights, right);
  return TRUE;
}

/* Its bounds are those of the option. */
static gboolean
set_number (BelfryServerConfig *self, gpointer field, const char *value, GError **error)
{
  guint *number = field;
  guint64 parsed;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT, &parsed, NULL))
    return set_fault (error, value, N_ ("a number"));
  *number = (guint) parsed;
  return TRUE;
}

#define FIELD(member) G_STRUCT_OFFSET (BelfryServerConfig, member)

static const Option options[] = {
  { "bus", FIELD (bus), set_text },
  { "worker-socket", FIELD (worker_socket), set_path },
  { "allow-worker", FIELD (rights), add_right, TRUE },
  { "handler-dir", FIELD (handler_dirs), add_path, TRUE },
  { "listen", FIELD (listen), add_listen, TRUE },
  { "database", FIELD (database), set_database },
  { "new-epoch", FIELD (new_epoch), set_switch },
  { "retention-age", FIELD (retention_age), set_number, FALSE, 0, 36500 },
  { "retention-count", FIELD (retention_count), set_number, FALSE, 0, 1000000 },
  { "retention-unread", FIELD (retention_unread), set_switch },
  { "jwt-secret-file", FIELD (jwt_secret_file), set_text },
  { "jwt-jwks-file", FIELD (jwt_jwks_file), set_text },
  { "jwt-user-claim", FIELD (jwt_user_claim), set_text },
  { "jwt-audience", FIELD (jwt_audience), set_text },
  { "jwt-issuer", FIELD (jwt_issuer), set_text },
  { "jwt-leeway", FIELD (jwt_leeway), set_number, FALSE, 0, BELFRY_TOKEN_LEEWAY_MAX },
  { "max-total-connections", FIELD (web.max_connections), set_number, FALSE, 1, 1000000 },
  { "max-connections-per-user", FIELD (max_connections_per_user), set_number, FALSE, 1, 1000000 },
  { "max-data-size", FIELD (max_data), set_number, FALSE, 1024, BELFRY_DATA_MAX },
  { "allow-origin", FIELD (web.allowed_origins), add_origin, TRUE },
  { "trusted-proxy", FIELD (web.trusted_proxies), add_address, TRUE },
  { "numeric-user-ids", FIELD (numeric_user_ids), set_switch },
  { "signalling", FIELD (signalling), set_switch },
  { "turn-url", FIELD (turn_urls), add_text, TRUE },
  { "turn-secret-file", FIELD (turn_secret_file), set_text },
  { "turn-lifetime", FIELD (turn_lifetime), set_number, FALSE, BELFRY_ICE_LIFETIME_MIN,
    BELFRY_ICE_LIFETIME_MAX },
};

static const Option *
find_option (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (name, options[i].name))
      return &options[i];
  return NULL;
}

static void
belfry_server_config_finalize (GObject *object)
{
  BelfryServerConfig *self = BELFRY_SERVER_CONFIG (object);

  g_free (self->bus);
  g_free (self->worker_socket);
  g_clear_pointer (&self->rights, g_ptr_array_unref);
  g_strfreev (self->handler_dirs);
  g_ptr_array_unref (self->listen);
  g_ptr_array_unref (self->sockets);
  g_free (self->database);
  g_free (self->jwt_secret_file);
  g_free (self->jwt_jwks_file);
  g_free (self->jwt_user_claim);
  g_free (self->jwt_audience);
  g_free (self->jwt_issuer);
  g_strfreev (self->turn_urls);
  g_free (self->turn_secret_file);
  g_strfreev (self->web.allowed_origins);
  g_strfreev (self->web.trusted_proxies);

  G_OBJECT_CLASS (belfry_server_config_parent_class)->finalize (object);
}

static void
belfry_server_config_class_init (BelfryServerConfigClass *klass)
{
  /* Every server begins with a configuration, also one in a program of somebody else's. */
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");

  G_OBJECT_CLASS (klass)->finalize = belfry_server_config_finalize;
}

static void
belfry_server_config_init (BelfryServerConfig *self)
{
  self->bus = g_strdup ("session");
  self->listen = g_ptr_array_new_with_free_func (g_object_unref);
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->jwt_user_claim = g_strdup ("sub");
  self->web.max_connections = 10000;
  self->max_connections_per_user = 20;
  self->max_data = BELFRY_DATA_DEFAULT_MAX;
  self->turn_lifetime = BELFRY_ICE_LIFETIME_DEFAULT;
}

/**
 * belfry_server_config_new:
 *
 * Makes a configuration in which every option has its default.
 *
 * Returns: (transfer full): the configuration
 *
 * Since: 0.1
 */
BelfryServerConfig *
belfry_server_config_new (void)
{
  return g_object_new (BELFRY_TYPE_SERVER_CONFIG, NULL);
}

static void
clear_list (BelfryServerConfig *self, const Option *option)
{
  if (option->set == add_listen)
    g_ptr_array_set_size (self->listen, 0);
  else if (option->set == add_right)
    g_clear_pointer (&self->rights, g_ptr_array_unref);
  else
    g_clear_pointer ((GStrv *) G_STRUCT_MEMBER_P (self, option->offset), g_strfreev);
}

static gboolean
check_bounds (BelfryServerConfig *self, const Option *option, GError **error)
{
  guint number;

  if (option->set != set_number)
    return TRUE;
  number = G_STRUCT_MEMBER (guint, self, option->offset);
  if (number >= option->min && number <= option->max)
    return TRUE;
  g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, _ ("%u: expected %u to %u"), number,
               option->min, option->max);
  return FALSE;
}

/**
 * belfry_server_config_set:
 * @self: a configuration
 * @name: the name of an option
 * @values: (array zero-terminated=1): its value as text, `true` or `false` for a switch; an option
 *   that may be given several times takes several, and any other the last one
 * @error: return location for an error
 *
 * Sets an option, in place of what it was.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, with a message that names the option and what it takes.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_server_config_set (BelfryServerConfig *self,
                          const char *name,
                          const char *const *values,
                          GError **error)
{
  const Option *option;

  g_return_val_if_fail (BELFRY_IS_SERVER_CONFIG (self), FALSE);
  g_return_val_if_fail (name != NULL && values != NULL, FALSE);

  option = find_option (name);
  if (option == NULL)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("%s: there is no such option"), name);
      return FALSE;
    }
  if (option->is_list)
    clear_list (self, option);
  for (guint i = 0; values[i] != NULL; i++)
    if (!option->set (self, G_STRUCT_MEMBER_P (self, option->offset), values[i], error)
        || !check_bounds (self, option, error))
      {
        g_prefix_error (error, "%s: ", name);
        return FALSE;
      }
  return TRUE;
}

/* Returns: (transfer full): one value at least, or NULL with @error set */
static GStrv
read_values (GKeyFile *file, const char *key, GError **error)
{
  const Option *option = find_option (key);
  g_auto (GStrv) values = NULL;

  if (option != NULL && option->is_list)
    {
      values = g_key_file_get_string_list (file, GROUP, key, NULL, error);
      if (values == NULL || values[0] != NULL)
        return g_steal_pointer (&values);
      g_strfreev (values);
    }
  /* A list without anything is one empty value, which is refused as any other faulty one. */
  values = g_new0 (char *, 2);
  values[0] = g_key_file_get_string (file, GROUP, key, error);
  return values[0] != NULL ? g_steal_pointer (&values) : NULL;
}

/**
 * belfry_server_config_load_file:
 * @self: a configuration
 * @path: (type filename): a key file with a group `[belfryd]`, whose keys are the names of options;
 *   several values of one are separated by semicolons
 * @error: return location for an error
 *
 * Sets what stands in a file.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS for an option, and those of #GKeyFileError and #GFileError.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_server_config_load_file (BelfryServerConfig *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) keys = NULL;

  g_return_val_if_fail (BELFRY_IS_SERVER_CONFIG (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error)
      || !(keys = g_key_file_get_keys (file, GROUP, NULL, error)))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  for (guint i = 0; keys[i] != NULL; i++)
    {
      g_auto (GStrv) values = read_values (file, keys[i], error);

      if (values == NULL
          || !belfry_server_config_set (self, keys[i], (const char *const *) values, error))
        {
          g_prefix_error (error, "%s: ", path);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * belfry_server_config_load_environment:
 * @self: a configuration
 * @error: return location for an error
 *
 * Sets what the environment says: `SOCKET_MAX_TOTAL_CONNECTIONS` and
 * `SOCKET_MAX_CONNECTIONS_PER_USER`.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS, naming the variable.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_server_config_load_environment (BelfryServerConfig *self, GError **error)
{
  static const struct
  {
    const char *variable;
    const char *name;
  } variables[] = {
    { "SOCKET_MAX_TOTAL_CONNECTIONS", "max-total-connections" },
    { "SOCKET_MAX_CONNECTIONS_PER_USER", "max-connections-per-user" },
  };

  g_return_val_if_fail (BELFRY_IS_SERVER_CONFIG (self), FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *const values[] = { g_getenv (variables[i].variable), NULL };

      if (values[0] != NULL && !belfry_server_config_set (self, variables[i].name, values, error))
        {
          g_prefix_error (error, "%s: ", variables[i].variable);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * belfry_server_config_add_socket:
 * @self: a configuration
 * @socket: a TCP socket that listens
 * @error: return location for an error
 *
 * Has the server take connections from a socket that somebody else has made, systemd for example.
 * If that one keeps it open, no connection is turned away while the server is down.
 *
 * Such a socket stands in for the default of the option `listen`. Addresses that `listen` names are
 * listened on besides, but for one where @socket listens already.
 *
 * Errors: %BELFRY_ERROR_INVALID_ARGS if @socket is not of TCP or does not listen.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
belfry_server_config_add_socket (BelfryServerConfig *self, GSocket *socket, GError **error)
{
  GSocketFamily family;
  int listens = 0;

  g_return_val_if_fail (BELFRY_IS_SERVER_CONFIG (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET (socket), FALSE);

  family = g_socket_get_family (socket);
  if ((family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6)
      || g_socket_get_socket_type (socket) != G_SOCKET_TYPE_STREAM
      || !g_socket_get_option (socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, NULL) || !listens)
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                   _ ("descriptor %d: expected a TCP socket that listens"),
                   g_socket_get_fd (socket));
      return FALSE;
    }
  g_ptr_array_add (self->sockets, g_object_ref (socket));
  return TRUE;
}
