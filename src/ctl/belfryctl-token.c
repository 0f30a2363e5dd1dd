/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token for development: what a login server signs for real. */

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "belfry-json-private.h"
#include "belfryctl-command.h"
#include "belfryctl-output.h"

/* As belfryd wants it for HS256. */
#define MIN_SECRET_LENGTH 32

#define SHA256_LENGTH 32

/* Ten years: nobody develops longer with one token. */
#define MAX_HOURS (24 * 366 * 10)

static struct
{
  char *secret_file;
  double hours;
} options = { .hours = 24 };

const GOptionEntry belfryctl_token_options[] = {
  { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &options.secret_file,
    N_ ("The secret that belfryd was given"), N_ ("FILE") },
  { "hours", 0, 0, G_OPTION_ARG_DOUBLE, &options.hours, N_ ("How long it is good for (24)"),
    N_ ("N") },
  { NULL },
};

static void
append_base64url (GString *text, const guchar *data, gsize length)
{
  g_autofree char *base64 = g_base64_encode (data, length);

  g_strdelimit (base64, "+", '-');
  g_strdelimit (base64, "/", '_');
  g_string_append_len (text, base64, (gssize) strcspn (base64, "="));
}

/* @secret is a file's content: one newline at its end does not belong to it. */
static char *
make_token (const char *secret, gsize length, const char *user_id, gint64 expires)
{
  static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  g_autoptr (GString) claims = g_string_new ("{");
  g_autoptr (GHmac) hmac = NULL;
  guint8 digest[SHA256_LENGTH];
  gsize digest_length = sizeof digest;
  GString *token = g_string_new (NULL);

  belfryctl_json_add_string (claims, "sub", user_id);
  belfryctl_json_add_int (claims, "exp", expires);
  g_string_append_c (claims, '}');
  append_base64url (token, (const guchar *) header, strlen (header));
  g_string_append_c (token, '.');
  append_base64url (token, (const guchar *) claims->str, claims->len);

  hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) secret, length);
  g_hmac_update (hmac, (const guchar *) token->str, (gssize) token->len);
  g_hmac_get_digest (hmac, digest, &digest_length);
  g_string_append_c (token, '.');
  append_base64url (token, digest, digest_length);
  return g_string_free (token, FALSE);
}

gboolean
belfryctl_token (Belfryctl *ctl, char **arguments, GError **error)
{
  g_autofree char *secret = NULL;
  g_autofree char *token = NULL;
  g_autoptr (GString) json = g_string_new ("{");
  gint64 expires;
  gsize length;

  if (options.secret_file == NULL)
    return belfryctl_usage_error (error, "%s", _ ("token: --secret-file is needed"));
  if (!(options.hours > 0 && options.hours <= MAX_HOURS))
    return belfryctl_usage_error (error, _ ("--hours: expected more than 0, and at most %d"),
                                  MAX_HOURS);
  if (!g_file_get_contents (options.secret_file, &secret, &length, error))
    return FALSE;
  if (length > 0 && secret[length - 1] == '\n')
    length--;
  if (length < MIN_SECRET_LENGTH)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("%s: a secret has at least %d bytes"), options.secret_file,
                   MIN_SECRET_LENGTH);
      return FALSE;
    }
  expires = g_get_real_time () / G_USEC_PER_SEC + (gint64) (options.hours * 3600) + 1;
  token = make_token (secret, length, arguments[0], expires);
  if (!ctl->json)
    {
      g_print ("%s\n", token);
      return TRUE;
    }
  belfryctl_json_add_string (json, "token", token);
  belfryctl_json_add_string (json, "userId", arguments[0]);
  belfryctl_json_add_time (json, "expiresAt", expires * G_USEC_PER_SEC);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
  return TRUE;
}
