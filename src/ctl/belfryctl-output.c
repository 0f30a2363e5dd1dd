/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryctl-output.h"

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "belfry-error.h"
#include "belfry-json-private.h"
#include "belfryctl-text.h"

/* What is left of a narrow terminal for the last column, at least. */
#define MIN_LAST_COLUMN 10

static void
add_name (GString *json, const char *name)
{
  if (json->len > 0 && json->str[json->len - 1] != '{')
    g_string_append_c (json, ',');
  belfry_json_append_string (json, name);
  g_string_append_c (json, ':');
}

/* @value_json goes onto one line: a line break in valid JSON is white space. */
void
belfryctl_json_add (GString *json, const char *name, const char *value_json)
{
  gsize start;

  add_name (json, name);
  start = json->len;
  g_string_append (json, value_json);
  for (char *p = json->str + start; *p != '\0'; p++)
    {
      if (*p == '\n' || *p == '\r')
        *p = ' ';
    }
}

void
belfryctl_json_add_string (GString *json, const char *name, const char *value)
{
  add_name (json, name);
  belfry_json_append_string (json, value);
}

void
belfryctl_json_add_int (GString *json, const char *name, gint64 value)
{
  add_name (json, name);
  belfry_json_append_int (json, value);
}

void
belfryctl_json_add_boolean (GString *json, const char *name, gboolean value)
{
  belfryctl_json_add (json, name, value ? "true" : "false");
}

void
belfryctl_json_add_time (GString *json, const char *name, gint64 microseconds)
{
  add_name (json, name);
  belfry_json_append_time (json, microseconds);
}

/* The members of a notification, named as in the wire protocol. */
void
belfryctl_json_add_notification (GString *json, BelfryNotification *notification)
{
  const char *tag = belfry_notification_get_tag (notification);
  gint64 expires_at = belfry_notification_get_expires_at (notification);

  belfryctl_json_add_int (json, "id", belfry_notification_get_id (notification));
  belfryctl_json_add_string (json, "userId", belfry_notification_get_user_id (notification));
  belfryctl_json_add (json, "data", belfry_notification_get_data (notification));
  belfryctl_json_add_time (json, "createdAt", belfry_notification_get_created_at (notification));
  belfryctl_json_add_boolean (json, "read", belfry_notification_get_read (notification));
  belfryctl_json_add_int (json, "position", belfry_notification_get_position (notification));
  if (tag != NULL)
    belfryctl_json_add_string (json, "tag", tag);
  if (expires_at != 0)
    belfryctl_json_add_time (json, "expiresAt", expires_at);
}

/* JSON is UTF-8 whatever the locale is, so it goes past g_print(). U+007F to U+009F, which steer a
 * terminal, may be in strings only, and are escaped there. */
static void
write_json (const char *json, FILE *file)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (const guchar *p = (const guchar *) json; *p != '\0'; p++)
    {
      if (*p == 0x7f)
        g_string_append (line, "\\u007f");
      else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
        g_string_append_printf (line, "\\u%04x", *++p);
      else
        g_string_append_c (line, (char) *p);
    }
  g_string_append_c (line, '\n');
  fputs (line->str, file);
  fflush (file);
}

/* Prints what was put together on a line. */
void
belfryctl_print_json (const GString *json)
{
  write_json (json->str, stdout);
}

/* Prints all lines of JSON that can be read. Closes @fd. */
gboolean
belfryctl_print_json_lines (int fd, GError **error)
{
  g_autoptr (GInputStream) file = g_unix_input_stream_new (fd, TRUE);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (file);
  g_autoptr (GError) reading_error = NULL;

  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &reading_error);

      if (line == NULL)
        break;
      write_json (line, stdout);
    }
  if (reading_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reading_error));
  return FALSE;
}

/* Prints an object of one number. */
void
belfryctl_print_count (const char *name, gint64 count)
{
  g_autoptr (GString) json = g_string_new ("{");

  belfryctl_json_add_int (json, name, count);
  g_string_append_c (json, '}');
  belfryctl_print_json (json);
}

/* Returns: (transfer full): the last part of the error's name on D-Bus, or a word of ours */
static char *
get_code (const GError *error)
{
  g_autofree char *name = NULL;

  if (error->domain == G_OPTION_ERROR)
    return g_strdup ("Usage");
  if (error->domain != BELFRY_ERROR && error->domain != G_DBUS_ERROR)
    return g_strdup ("Failed");
  name = g_dbus_error_encode_gerror (error);
  return g_strdup (strrchr (name, '.') + 1);
}

void
belfryctl_print_error (const GError *error, gboolean json)
{
  g_autoptr (GString) object = g_string_new ("{");
  g_autoptr (GString) outer = g_string_new ("{");
  g_autofree char *code = get_code (error);

  if (!json)
    {
      g_autofree char *message = belfryctl_text_plain (error->message);

      g_printerr ("belfryctl: %s\n", message);
      return;
    }
  belfryctl_json_add_string (object, "code", code);
  belfryctl_json_add_string (object, "message", error->message);
  g_string_append_c (object, '}');
  belfryctl_json_add (outer, "error", object->str);
  g_string_append_c (outer, '}');
  write_json (outer->str, stderr);
}

/* @when: (nullable): always, never or auto */
gboolean
belfryctl_wants_colour (const char *when, gboolean *colour, GError **error)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  *colour = isatty (STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
  if (g_strcmp0 (when, "always") == 0)
    *colour = TRUE;
  else if (g_strcmp0 (when, "never") == 0)
    *colour = FALSE;
  else if (when != NULL && !g_str_equal (when, "auto"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--color=%s: it is auto, always or never"), when);
      return FALSE;
    }
  return TRUE;
}

/* Returns: the columns of the terminal that @fd is, or 0 if it is none */
guint
belfryctl_terminal_width (int fd)
{
  struct winsize size;

  if (!isatty (fd))
    return 0;
  return ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void
belfryctl_print_line (const char *line, BelfryctlLook look, gboolean colour)
{
  static const char *const looks[] = {
    "", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"
  };

  if (colour && look != BELFRYCTL_PLAIN)
    g_print ("%s%s\033[0m\n", looks[look], line);
  else
    g_print ("%s\n", line);
}

/* Whether the answer is yes: in English, as everybody knows it, or in the reader's language. */
static gboolean
is_yes (const char *answer)
{
  /* Translators: y is the answer that goes on. Capitals and the whole word do so, too. */
  const char *const words[] = { "y", "yes", C_ ("answer", "y"), _ ("yes") };
  g_autofree char *given = NULL;

  if (!g_utf8_validate (answer, -1, NULL))
    return FALSE;
  given = g_utf8_casefold (answer, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *word = g_utf8_casefold (words[i], -1);

      if (g_str_equal (given, word))
        return TRUE;
    }
  return FALSE;
}

/* Asks whether to go on. Nobody is asked where nobody could answer. */
gboolean
belfryctl_confirm (const char *question)
{
  char answer[64];

  if (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    return TRUE;
  g_printerr ("%s [%s/N] ", question, C_ ("answer", "y"));
  if (fgets (answer, sizeof answer, stdin) == NULL)
    return FALSE;
  return is_yes (g_strstrip (answer));
}

typedef struct
{
  BelfryctlLook look;
  char **cells;
} Row;

struct BelfryctlTable
{
  guint n_columns;
  GArray *rows; /* the first one has the headings */
};

static void
row_clear (gpointer data)
{
  Row *row = data;

  g_strfreev (row->cells);
}

BelfryctlTable *
belfryctl_table_new (const char *const *headings)
{
  BelfryctlTable *self = g_new0 (BelfryctlTable, 1);

  self->n_columns = g_strv_length ((char **) headings);
  self->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_array_set_clear_func (self->rows, row_clear);
  belfryctl_table_add (self, BELFRYCTL_FAINT, headings);
  return self;
}

void
belfryctl_table_free (BelfryctlTable *self)
{
  g_array_unref (self->rows);
  g_free (self);
}

/* What a cell has of characters that steer a terminal is not printed. */
void
belfryctl_table_add (BelfryctlTable *self, BelfryctlLook look, const char *const *cells)
{
  Row row = { look, g_new0 (char *, self->n_columns + 1) };

  for (guint i = 0; i < self->n_columns; i++)
    row.cells[i] = belfryctl_text_plain (cells[i]);
  g_array_append_val (self->rows, row);
}

static void
print_row (const Row *row, const guint *widths, guint n_columns, guint room, gboolean colour)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *last = NULL;

  for (guint i = 0; i + 1 < n_columns; i++)
    {
      g_string_append (line, row->cells[i]);
      for (guint n = belfryctl_text_width (row->cells[i]); n < widths[i] + 2; n++)
        g_string_append_c (line, ' ');
    }
  last = room > 0 ? belfryctl_text_fit (row->cells[n_columns - 1], room)
                  : g_strdup (row->cells[n_columns - 1]);
  g_string_append (line, last);
  belfryctl_print_line (line->str, row->look, colour);
}

void
belfryctl_table_print (BelfryctlTable *self, gboolean colour)
{
  g_autofree guint *widths = g_new0 (guint, self->n_columns);
  guint width = belfryctl_terminal_width (STDOUT_FILENO);
  guint used = 0;
  guint room = 0;

  for (guint i = 0; i + 1 < self->n_columns; i++)
    {
      for (guint r = 0; r < self->rows->len; r++)
        widths[i] =
            MAX (widths[i], belfryctl_text_width (g_array_index (self->rows, Row, r).cells[i]));
      used += widths[i] + 2;
    }
  if (width > 0)
    room = MAX (width, used + MIN_LAST_COLUMN) - used;
  for (guint r = 0; r < self->rows->len; r++)
    print_row (&g_array_index (self->rows, Row, r), widths, self->n_columns, room, colour);
}
