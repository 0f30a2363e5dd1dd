/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-notification.h"

G_BEGIN_DECLS

/* JSON is put together as text, since the data of notifications is passed on byte for byte:
 * json-glib would write 19.99 as 19.989999999999998. These add members to an object that has been
 * begun with
 * "{", and set the commas. */
void belfryctl_json_add (GString *json, const char *name, const char *value_json);
void belfryctl_json_add_string (GString *json, const char *name, const char *value);
void belfryctl_json_add_int (GString *json, const char *name, gint64 value);
void belfryctl_json_add_boolean (GString *json, const char *name, gboolean value);
void belfryctl_json_add_time (GString *json, const char *name, gint64 microseconds);
void belfryctl_json_add_notification (GString *json, BelfryNotification *notification);

void belfryctl_print_json (const GString *json);
gboolean belfryctl_print_json_lines (int fd, GError **error);
void belfryctl_print_count (const char *name, gint64 count);
void belfryctl_print_error (const GError *error, gboolean json);

typedef enum
{
  BELFRYCTL_PLAIN,
  BELFRYCTL_BOLD,
  BELFRYCTL_FAINT,
  BELFRYCTL_GREEN,
  BELFRYCTL_YELLOW,
  BELFRYCTL_RED,
} BelfryctlLook;

gboolean belfryctl_wants_colour (const char *when, gboolean *colour, GError **error);
guint belfryctl_terminal_width (int fd);
void belfryctl_print_line (const char *line, BelfryctlLook look, gboolean colour);
gboolean belfryctl_confirm (const char *question);

/* Lines of columns. The last column is cut to what the terminal has room for. */
typedef struct BelfryctlTable BelfryctlTable;

BelfryctlTable *belfryctl_table_new (const char *const *headings);
void belfryctl_table_free (BelfryctlTable *self);
void belfryctl_table_add (BelfryctlTable *self, BelfryctlLook look, const char *const *cells);
void belfryctl_table_print (BelfryctlTable *self, gboolean colour);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryctlTable, belfryctl_table_free)

G_END_DECLS
