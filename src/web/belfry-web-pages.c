/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-web-pages.h"

#include <string.h>

#include "belfry-browser-resources.h"
#include "belfry-web-answer.h"

#define BROWSER "/org/belfry/browser"

static const struct
{
  const char *suffix;
  const char *type;
} types[] = {
  { ".css", "text/css; charset=utf-8" },
  { ".html", "text/html; charset=utf-8" },
  { ".ico", "image/vnd.microsoft.icon" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".json", "application/json" },
  { ".png", "image/png" },
  { ".svg", "image/svg+xml" },
  { ".ts", "text/plain; charset=utf-8" },
};

static const char *
get_type (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (path, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

static GBytes *
lookup (const char *path)
{
  g_autofree char *name = g_strconcat (BROWSER, path, NULL);

  return g_resource_lookup_data (belfry_browser_get_resource (), name, 0, NULL);
}

/* Returns: FALSE if there is no file at @path */
gboolean
belfry_web_pages_answer (SoupServerMessage *message, const char *path)
{
  const char *file = path;
  g_autoptr (GBytes) body = NULL;

  if (g_str_equal (path, "/"))
    file = "/demo/index.html";
  /* GResource would overlook a slash at the end. */
  if (!g_str_has_suffix (file, "/"))
    body = lookup (file);
  if (body == NULL)
    return FALSE;
  if (belfry_web_answer_may_read (message))
    belfry_web_answer_set (message, SOUP_STATUS_OK, get_type (file), body);
  return TRUE;
}
