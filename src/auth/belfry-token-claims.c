/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-token-claims.h"

#include <string.h>

#include "belfry-token-json.h"

#define USER_ID_MAX 128 /* bytes */
#define INTEGER_MAX ((G_GINT64_CONSTANT (1) << 53) - 1)

/* 10000-01-01T00:00:00Z. Later is no date that somebody meant: milliseconds, most of the time,
 * which would make a token that never ends. It also keeps the µs within 64 bits. */
#define DATE_END G_GINT64_CONSTANT (253402300800) /* seconds since 1970 */

/* @what must not have the claim's value in it. */
static gboolean
refuse (GError **error, const char *claim, const char *what)
{
  g_set_error (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_INVALID, "%s: %s", claim, what);
  return FALSE;
}

static gboolean
has_control_character (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
        return TRUE;
    }
  return FALSE;
}

/* NumericDate of RFC 7519, section 2: seconds, with or without a fraction
 *
 * @date: (out): µs since 1970, and 1970 for all that is earlier */
static gboolean
read_date (JsonNode *node, const char *claim, gint64 *date, GError **error)
{
  GType type = json_node_get_value_type (node);
  double seconds;

  if (type == G_TYPE_INT64)
    {
      gint64 whole = json_node_get_int (node);

      if (whole >= DATE_END)
        return refuse (error, claim, "not a date before the year 10000");
      *date = MAX (whole, 0) * G_USEC_PER_SEC;
      return TRUE;
    }
  if (type == G_TYPE_DOUBLE)
    {
      seconds = json_node_get_double (node);
      /* Written so that it also refuses what is no number. */
      if (!(seconds < (double) DATE_END))
        return refuse (error, claim, "not a date before the year 10000");
      *date = (gint64) (MAX (seconds, 0.0) * G_USEC_PER_SEC);
      return TRUE;
    }
  return refuse (error, claim, "expected a number");
}

static gboolean
check_issuer (JsonObject *claims, const char *issuer, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "iss");
  const char *text = belfry_token_json_get_text (node);

  if (node != NULL && text == NULL)
    return refuse (error, "iss", "expected a string");
  if (issuer != NULL && g_strcmp0 (text, issuer) != 0)
    return refuse (error, "iss", "not the issuer that is trusted here");
  return TRUE;
}

/* RFC 7519, section 4.1.3: one string or an array of strings */
static gboolean
check_audience (JsonObject *claims, const char *audience, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "aud");
  const char *text = belfry_token_json_get_text (node);
  gboolean found = audience == NULL;

  if (text != NULL)
    {
      found = found || g_str_equal (text, audience);
    }
  else if (node != NULL)
    {
      JsonArray *array;

      if (!JSON_NODE_HOLDS_ARRAY (node))
        return refuse (error, "aud", "expected a string or an array of strings");
      array = json_node_get_array (node);
      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          text = belfry_token_json_get_text (json_array_get_element (array, i));
          if (text == NULL)
            return refuse (error, "aud", "expected a string or an array of strings");
          found = found || g_str_equal (text, audience);
        }
    }
  return found || refuse (error, "aud", "the token is for somebody else");
}

/* Returns: (transfer full) (nullable): NULL with @error set */
static char *
read_user_id (JsonObject *claims, const char *claim, GError **error)
{
  JsonNode *node = json_object_get_member (claims, claim);
  const char *text = belfry_token_json_get_text (node);
  gboolean good = FALSE;

  if (node == NULL)
    {
      refuse (error, claim, "missing, so the token does not say who it is");
      return NULL;
    }
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    {
      gint64 number = json_node_get_int (node);

      /* Beyond it a reader of JSON may have rounded it to somebody else. */
      if (number < -INTEGER_MAX || number > INTEGER_MAX)
        {
          refuse (error, claim, "expected an integer below 2^53");
          return NULL;
        }
      return g_strdup_printf ("%" G_GINT64_FORMAT, number);
    }

  if (text == NULL)
    refuse (error, claim, "expected a string or an integer");
  else if (*text == '\0' || strlen (text) > USER_ID_MAX)
    refuse (error, claim, "expected 1 to " G_STRINGIFY (USER_ID_MAX) " bytes");
  else if (!g_utf8_validate (text, -1, NULL))
    refuse (error, claim, "expected UTF-8");
  else if (has_control_character (text))
    refuse (error, claim, "a control character, which is not allowed");
  else
    good = TRUE;
  return good ? g_strdup (text) : NULL;
}

static gboolean
check_not_before (JsonObject *claims, gint64 leeway, gint64 now, GError **error)
{
  JsonNode *node = json_object_get_member (claims, "nbf");
  gint64 not_before;

  if (node == NULL)
    return TRUE;
  if (!read_date (node, "nbf", &not_before, error))
    return FALSE;
  if (now < not_before - leeway)
    return refuse (error, "nbf", "the token is not yet valid");
  return TRUE;
}

/* Reads the claims of a token whose signature is good (RFC 7519, section 4).
 *
 * The expiry comes last: a token that is refused as expired was good, and the client may get a new
 * one by the same way.
 *
 * @policy: with a user_claim
 * @now: µs since 1970
 * @result: (out caller-allocates): set only if it is good
 * @error: BELFRY_TOKEN_ERROR_INVALID or BELFRY_TOKEN_ERROR_EXPIRED
 * Returns: FALSE with @error set */
gboolean
belfry_token_claims_read (JsonObject *claims,
                          const BelfryTokenPolicy *policy,
                          gint64 now,
                          BelfryToken *result,
                          GError **error)
{
  gint64 leeway = (gint64) policy->leeway * G_USEC_PER_SEC;
  JsonNode *exp = json_object_get_member (claims, "exp");
  g_autofree char *user_id = NULL;
  gint64 expires_at;

  if (json_object_has_member (claims, "crit"))
    return refuse (error, "crit", "not supported");
  if (exp == NULL)
    return refuse (error, "exp", "missing, so the token would never end");
  if (!read_date (exp, "exp", &expires_at, error) || !check_issuer (claims, policy->issuer, error)
      || !check_audience (claims, policy->audience, error)
      || !check_not_before (claims, leeway, now, error))
    return FALSE;
  user_id = read_user_id (claims, policy->user_claim, error);
  if (user_id == NULL)
    return FALSE;

  expires_at += leeway;
  if (expires_at <= now)
    {
      g_set_error_literal (error, BELFRY_TOKEN_ERROR, BELFRY_TOKEN_ERROR_EXPIRED,
                           "exp: the token has expired");
      return FALSE;
    }
  result->user_id = g_steal_pointer (&user_id);
  result->expires_at = expires_at;
  return TRUE;
}
