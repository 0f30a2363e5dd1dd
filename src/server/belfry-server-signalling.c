/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-server-signalling.h"

#include <glib/gi18n-lib.h>

#include "belfry-error.h"
#include "belfry-server-config-private.h"
#include "belfry-signalling.h"

static gboolean
read_secret (const char *path, char **secret, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (path == NULL)
    return TRUE;
  if (!g_file_get_contents (path, secret, NULL, &local_error))
    {
      g_set_error (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS, "turn-secret-file: %s",
                   local_error->message);
      return FALSE;
    }
  g_strchomp (*secret);
  return TRUE;
}

/* Has clients call each other, if the configuration wants it.
 *
 * @error: BELFRY_ERROR_INVALID_ARGS, naming the option */
gboolean
belfry_server_signalling_add (BelfryServerConfig *config,
                              BelfrySessionRegistry *registry,
                              BelfryHandlerChain *chain,
                              GError **error)
{
  static const char *const none[] = { NULL };
  g_autoptr (BelfrySignalling) signalling = NULL;
  g_autofree char *secret = NULL;

  if (!config->signalling)
    {
      if (config->turn_urls == NULL)
        return TRUE;
      g_set_error_literal (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS,
                           _ ("turn-url: it is of use with signalling only"));
      return FALSE;
    }
  signalling = belfry_signalling_new (registry);
  if (!read_secret (config->turn_secret_file, &secret, error)
      || !belfry_signalling_set_servers (
          signalling, config->turn_urls != NULL ? (const char *const *) config->turn_urls : none,
          secret, config->turn_lifetime, error))
    return FALSE;
  belfry_handler_chain_add (chain, BELFRY_MESSAGE_HANDLER (signalling));
  return TRUE;
}
