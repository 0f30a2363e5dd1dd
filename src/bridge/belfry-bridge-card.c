/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bridge-card.h"

#include <glib/gi18n.h>
#include <string.h>

#include "belfry-json-private.h"

/* In characters. A desktop shows less; this is for those that would try. */
#define MAX_TITLE 200
#define MAX_BODY  1000

#define MAX_URL  2048 /* bytes */
#define MAX_ICON 64   /* bytes */

/* Those that turn the direction of what stands around them. */
static gboolean
is_bidi_control (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static gboolean
is_dropped (gunichar c)
{
  return g_unichar_iscntrl (c) || is_bidi_control (c) || c == 0x2028 || c == 0x2029;
}

/* As plain text that cannot disturb what stands beside it: white space is a space, and a line break
 * where those are kept; other control characters go; what is too long ends in an ellipsis. */
static char *
clean (const char *text, guint max, gboolean keeps_lines)
{
  g_autoptr (GString) result = g_string_new (NULL);
  guint n = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\t' || c == '\r' || c == '\n')
        c = c == '\n' && keeps_lines ? '\n' : ' ';
      else if (is_dropped (c))
        continue;
      if (c == ' ' && (result->len == 0 || result->str[result->len - 1] == ' '))
        continue;
      if (++n > max)
        {
          g_string_append (result, "…");
          break;
        }
      g_string_append_unichar (result, c);
    }
  return g_strstrip (g_string_free (g_steal_pointer (&result), FALSE));
}

/* Returns: (transfer full) (nullable): the text of a member, if it is one */
static char *
get_text (const BelfryJsonValue *object, const char *name)
{
  BelfryJsonValue value;

  if (!belfry_json_lookup (object, name, &value) || value.kind != BELFRY_JSON_STRING)
    return NULL;
  return belfry_json_value_dup_string (&value);
}

static char *
get_clean_text (const BelfryJsonValue *object, const char *name, guint max, gboolean keeps_lines)
{
  g_autofree char *text = get_text (object, name);

  return text == NULL ? g_strdup ("") : clean (text, max, keeps_lines);
}

/* Only what a browser opens, whole and absolute: a click must not start anything else. */
static gboolean
is_web_url (const char *url)
{
  g_autoptr (GUri) uri = NULL;

  if (strlen (url) > MAX_URL)
    return FALSE;
  for (const char *p = url; *p != '\0'; p++)
    if (g_ascii_isspace (*p) || g_ascii_iscntrl (*p))
      return FALSE;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return FALSE;
  return g_str_equal (g_uri_get_scheme (uri), "http")
         || g_str_equal (g_uri_get_scheme (uri), "https");
}

static char *
get_url (const BelfryJsonValue *object)
{
  g_autofree char *url = get_text (object, "url");

  if (url == NULL || !is_web_url (url))
    return NULL;
  return g_steal_pointer (&url);
}

/* A name from the theme of icons. What has another form, the address of a picture say, is none: the
 * desktop would have to fetch it. */
static GIcon *
get_icon (const BelfryJsonValue *object)
{
  g_autofree char *name = get_text (object, "icon");

  if (name == NULL || *name == '\0' || strlen (name) > MAX_ICON)
    return NULL;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-')
      return NULL;
  return g_themed_icon_new (name);
}

/* Without a title the first line of the body is one. */
static void
take_title_from_body (BelfryBridgeCard *card)
{
  char *end = strchr (card->body, '\n');
  g_autofree char *line =
      end == NULL ? g_strdup (card->body) : g_strndup (card->body, (gsize) (end - card->body));

  g_free (card->title);
  if (*line == '\0')
    {
      card->title = g_strdup (_ ("New notification"));
      return;
    }
  card->title = clean (line, MAX_TITLE, FALSE);
  if (g_utf8_strlen (line, -1) <= MAX_TITLE)
    {
      g_autofree char *body = card->body;

      card->body = g_strstrip (g_strdup (end == NULL ? "" : end + 1));
    }
}

/* Returns: (transfer full): what is shown of @notification */
BelfryBridgeCard *
belfry_bridge_card_new (BelfryNotification *notification)
{
  BelfryBridgeCard *card = g_rc_box_new0 (BelfryBridgeCard);
  const char *tag = belfry_notification_get_tag (notification);
  BelfryJsonValue data;

  card->id = belfry_notification_get_id (notification);
  card->key = tag != NULL ? g_strconcat ("tag-", tag, NULL)
                          : g_strdup_printf ("id-%" G_GINT64_FORMAT, card->id);
  /* Belfry has looked at it; this is for the walk through it. */
  if (!belfry_json_scan (belfry_notification_get_data (notification), -1, BELFRY_JSON_MAX_DEPTH,
                         &data, NULL))
    data = (BelfryJsonValue){ "{}", 2, BELFRY_JSON_OBJECT };
  card->title = get_clean_text (&data, "title", MAX_TITLE, FALSE);
  card->body = get_clean_text (&data, "body", MAX_BODY, TRUE);
  card->url = get_url (&data);
  card->icon = get_icon (&data);
  if (*card->title == '\0')
    take_title_from_body (card);
  return card;
}

/* Returns: (transfer full): a card that stands for those that are not shown, @count of them */
BelfryBridgeCard *
belfry_bridge_card_new_for_rest (gint64 count)
{
  BelfryBridgeCard *card = g_rc_box_new0 (BelfryBridgeCard);

  card->key = g_strdup ("rest");
  card->title = g_strdup_printf (
      ngettext ("%lu older unread notification", "%lu older unread notifications", (gulong) count),
      (gulong) count);
  card->body = g_strdup ("");
  return card;
}

BelfryBridgeCard *
belfry_bridge_card_ref (BelfryBridgeCard *card)
{
  return g_rc_box_acquire (card);
}

static void
clear (gpointer data)
{
  BelfryBridgeCard *card = data;

  g_free (card->key);
  g_free (card->title);
  g_free (card->body);
  g_free (card->url);
  g_clear_object (&card->icon);
}

void
belfry_bridge_card_unref (BelfryBridgeCard *card)
{
  g_rc_box_release_full (card, clear);
}

gboolean
belfry_bridge_card_equal (const BelfryBridgeCard *a, const BelfryBridgeCard *b)
{
  return a->id == b->id && g_str_equal (a->key, b->key) && g_str_equal (a->title, b->title)
         && g_str_equal (a->body, b->body) && g_strcmp0 (a->url, b->url) == 0
         && g_icon_equal (a->icon, b->icon);
}
