/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fuzz-json.py asks. It reads texts from standard input and answers each on standard output;
 * a text is its length, 32 bits in the machine's order, and so many bytes. The answer to one that
 * the scanner refuses is the length REFUSED alone; to another the text as it is walked: strings
 * read and written again, numbers as they are, no white space. With the argument "claims" texts are
 * scanned as claims. */

#include <stdio.h>
#include <string.h>

#include "belfry-json-private.h"

#define REFUSED G_MAXUINT32

static void write_value (GString *out, const BelfryJsonValue *value);

static void
write_container (GString *out, const BelfryJsonValue *container)
{
  gboolean is_object = container->kind == BELFRY_JSON_OBJECT;
  gboolean first = TRUE;
  BelfryJsonIter iter;
  BelfryJsonValue key;
  BelfryJsonValue value;

  g_string_append_c (out, is_object ? '{' : '[');
  belfry_json_iter_init (&iter, container);
  while (belfry_json_iter_next (&iter, &key, &value))
    {
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;
      if (is_object)
        {
          write_value (out, &key);
          g_string_append_c (out, ':');
        }
      write_value (out, &value);
    }
  g_string_append_c (out, is_object ? '}' : ']');
}

static void
write_value (GString *out, const BelfryJsonValue *value)
{
  g_autofree char *string = NULL;

  if (value->kind >= BELFRY_JSON_ARRAY)
    write_container (out, value);
  else if ((string = belfry_json_value_dup_string (value)) != NULL)
    belfry_json_append_string (out, string);
  else
    g_string_append_len (out, value->text, value->length);
}

static gboolean
scan (const char *text, guint32 length, gboolean claims, BelfryJsonValue *object)
{
  if (claims && !belfry_json_scan_claims (text, length, NULL))
    return FALSE;
  return belfry_json_scan (text, length, BELFRY_JSON_MAX_DEPTH, object, NULL);
}

int
main (int argc, char **argv)
{
  gboolean claims = argc > 1 && strcmp (argv[1], "claims") == 0;
  guint32 length;

  while (fread (&length, sizeof length, 1, stdin) == 1)
    {
      /* Exactly so long that a sanitizer sees a byte too many. */
      g_autofree char *text = g_malloc (MAX (length, 1));
      g_autoptr (GString) out = g_string_new (NULL);
      BelfryJsonValue object;

      if (fread (text, 1, length, stdin) != length)
        return 1;
      if (scan (text, length, claims, &object))
        {
          write_value (out, &object);
          length = (guint32) out->len;
        }
      else
        length = REFUSED;
      fwrite (&length, sizeof length, 1, stdout);
      fwrite (out->str, 1, out->len, stdout);
    }
  return fflush (stdout) == 0 ? 0 : 1;
}
