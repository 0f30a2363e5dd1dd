/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfryctl-progress.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "belfryctl-output.h"
#include "belfryctl-text.h"

/* So often it is drawn anew, in milliseconds. */
#define INTERVAL 100

#define BAR_WIDTH 20

struct BelfryctlProgress
{
  guint64 total_bytes; /* 0: nobody knows */
  guint64 lines;
  guint64 bytes;
  gint64 started_at;
  guint timer;
};

static char *
format_time_left (const BelfryctlProgress *self, double seconds)
{
  double left = (double) (self->total_bytes - self->bytes) * seconds / (double) self->bytes;

  /* Translators: minutes and seconds that a work will still take */
  return g_strdup_printf (_ ("%d:%02d left"), (int) left / 60, (int) left % 60);
}

/* Returns: (transfer full): a bar and what is left, or nothing if nobody knows how much there is */
static char *
format_share (const BelfryctlProgress *self, double seconds)
{
  guint64 done = MIN (self->bytes, self->total_bytes);
  g_autofree char *left = NULL;
  char bar[BAR_WIDTH + 1] = { 0 };

  if (self->total_bytes == 0)
    return g_strdup ("");
  for (guint i = 0; i < BAR_WIDTH; i++)
    bar[i] = i < done * BAR_WIDTH / self->total_bytes ? '#' : '.';
  left = done > 0 ? format_time_left (self, seconds) : g_strdup ("");
  return g_strdup_printf ("[%s] %3u %%  %s  ", bar, (guint) (done * 100 / self->total_bytes), left);
}

static gboolean
draw (gpointer user_data)
{
  BelfryctlProgress *self = user_data;
  double seconds = (double) MAX (g_get_monotonic_time () - self->started_at, 1) / G_USEC_PER_SEC;
  g_autofree char *share = format_share (self, seconds);
  g_autofree char *done = g_format_size (self->bytes);
  g_autofree char *line =
      g_strdup_printf (_ ("%s%lu lines  %s  %.0f lines/s"), share, (gulong) self->lines, done,
                       (double) self->lines / seconds);
  g_autofree char *cut = belfryctl_text_fit (line, belfryctl_terminal_width (STDERR_FILENO) - 1);

  g_printerr ("\r%s\033[K", cut);
  return G_SOURCE_CONTINUE;
}

/* @total_bytes: how much there is to do, or 0 if nobody knows
 *
 * Returns: (transfer full) (nullable): end it with belfryctl_progress_end(); NULL without a
 *   terminal, which all functions bear */
BelfryctlProgress *
belfryctl_progress_new (guint64 total_bytes)
{
  BelfryctlProgress *self;

  if (!isatty (STDERR_FILENO))
    return NULL;
  self = g_new0 (BelfryctlProgress, 1);
  self->total_bytes = total_bytes;
  self->started_at = g_get_monotonic_time ();
  self->timer = g_timeout_add (INTERVAL, draw, self);
  return self;
}

/* Draws it as it stands in the end, and leaves it there. */
void
belfryctl_progress_end (BelfryctlProgress *self)
{
  if (self == NULL)
    return;
  g_source_remove (self->timer);
  draw (self);
  g_printerr ("\n");
  g_free (self);
}

void
belfryctl_progress_set (BelfryctlProgress *self, guint64 lines, guint64 bytes)
{
  if (self == NULL)
    return;
  self->lines = lines;
  self->bytes = bytes;
}

/* Makes room for a line of other words. */
void
belfryctl_progress_clear (BelfryctlProgress *self)
{
  if (self != NULL)
    g_printerr ("\r\033[K");
}
