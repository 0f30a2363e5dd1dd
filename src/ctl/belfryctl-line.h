/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  BELFRYCTL_LINE_EMPTY,
  BELFRYCTL_LINE_NOTIFICATION,
  BELFRYCTL_LINE_KEY,     /* the idempotency key of one that was exported before */
  BELFRYCTL_LINE_EXPIRED, /* a notification whose time is over */
} BelfryctlLineKind;

/* One line of a file to import. */
typedef struct
{
  BelfryctlLineKind kind;
  guint64 number; /* from 1 on */
  gsize bytes;
  char *user_id;
  char *data; /* the object as it stands in the line */
  char *tag;
  char *key;
  gint64 expires; /* seconds from now, or 0 */
  gboolean read;
  gint64 id; /* where it was exported, or 0 */
} BelfryctlLine;

BelfryctlLine *
belfryctl_line_parse (const char *text, gsize length, guint64 number, GError **error);
void belfryctl_line_free (BelfryctlLine *self);
GVariant *belfryctl_line_to_variant (const BelfryctlLine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryctlLine, belfryctl_line_free)

/* Makes keys for lines that have none. */
typedef struct BelfryctlLineKeys BelfryctlLineKeys;

BelfryctlLineKeys *belfryctl_line_keys_new (void);
void belfryctl_line_keys_free (BelfryctlLineKeys *self);
char *belfryctl_line_keys_next (BelfryctlLineKeys *self, const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryctlLineKeys, belfryctl_line_keys_free)

G_END_DECLS
