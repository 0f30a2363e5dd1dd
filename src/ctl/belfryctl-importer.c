/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work of an import: lines are read, gathered in batches, and created with several calls under
 * way. Lines that were exported come the newest first, with the keys behind them: these are held
 * until all is read, and go in the order in which they were created. */

#include "belfryctl-importer.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "belfry-error.h"

#define MAX_BATCHES     4 /* under way */
#define MAX_BATCH_LINES 500
#define MAX_BATCH_BYTES (1024 * 1024)

#define CHUNK_SIZE (256 * 1024)

/* Far above what one notification may have. */
#define MAX_LINE_LENGTH (1024 * 1024)

typedef struct
{
  BelfryctlImporter *importer;
  GPtrArray *lines;
  gsize bytes;
  guint unanswered; /* calls */
  gboolean failed;
} Batch;

struct BelfryctlImporter
{
  BelfryClient *client;
  BelfryctlFaultFunc on_fault; /* NULL: the first faulty line ends it */
  BelfryctlDoneFunc on_done;
  gpointer user_data;

  GInputStream *input;
  GByteArray *buffer; /* what was read */
  gsize taken;        /* of the buffer */
  gboolean in_long_line;
  gboolean reading;
  gboolean at_end;
  guint64 line; /* the number of the last one that was taken */

  BelfryctlLineKeys *keys;
  Batch *batch;           /* that is being filled */
  GPtrArray *held;        /* lines with an id */
  guint held_taken;       /* of those */
  GHashTable *held_by_id; /* the latest line with an id */
  GQueue under_way;       /* batches */

  GMainLoop *loop;
  GCancellable *cancellable;
  GError *error; /* the first */
  guint64 first_failed_line;
  BelfryctlImportCounts counts;
  guint64 lines_done;
  guint64 bytes_done;
};

static void pump (BelfryctlImporter *self);
static void send_batch (Batch *batch);

/* Lines that were held leave NULL behind. */
static void
free_line (gpointer data)
{
  if (data != NULL)
    belfryctl_line_free (data);
}

static Batch *
batch_new (BelfryctlImporter *self)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->importer = self;
  batch->lines = g_ptr_array_new_with_free_func (free_line);
  return batch;
}

static void
batch_free (Batch *batch)
{
  g_ptr_array_unref (batch->lines);
  g_free (batch);
}

static gboolean
batch_is_full (const Batch *batch)
{
  return batch->lines->len >= MAX_BATCH_LINES || batch->bytes >= MAX_BATCH_BYTES;
}

/* @fd is closed with the importer.
 *
 * @on_fault: (nullable): for lines that are left out; NULL ends the import with the first */
BelfryctlImporter *
belfryctl_importer_new (BelfryClient *client,
                        int fd,
                        BelfryctlFaultFunc on_fault,
                        BelfryctlDoneFunc on_done,
                        gpointer user_data)
{
  BelfryctlImporter *self = g_new0 (BelfryctlImporter, 1);

  self->client = g_object_ref (client);
  self->on_fault = on_fault;
  self->on_done = on_done;
  self->user_data = user_data;
  self->input = g_unix_input_stream_new (fd, TRUE);
  self->buffer = g_byte_array_new ();
  self->keys = belfryctl_line_keys_new ();
  self->batch = batch_new (self);
  self->held = g_ptr_array_new_with_free_func (free_line);
  self->held_by_id = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->under_way);
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  self->first_failed_line = G_MAXUINT64;
  return self;
}

void
belfryctl_importer_free (BelfryctlImporter *self)
{
  g_assert (g_queue_is_empty (&self->under_way) && !self->reading);
  g_object_unref (self->client);
  g_object_unref (self->input);
  g_byte_array_unref (self->buffer);
  belfryctl_line_keys_free (self->keys);
  batch_free (self->batch);
  g_ptr_array_unref (self->held);
  g_hash_table_unref (self->held_by_id);
  g_main_loop_unref (self->loop);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
  g_free (self);
}

/* Takes @error over. What is under way is let to its end. */
static void
fail (BelfryctlImporter *self, GError *error)
{
  if (self->error == NULL)
    self->error = error;
  else
    g_error_free (error);
}

static void
count_done (BelfryctlImporter *self, gsize bytes)
{
  self->lines_done++;
  self->bytes_done += bytes;
}

/* Takes @error over, which says what is wrong with a line. */
static void
report_fault (BelfryctlImporter *self, guint64 line, gsize bytes, GError *error)
{
  g_autoptr (GError) owned = error;

  g_prefix_error (&owned, _ ("line %lu: "), (gulong) line);
  if (self->on_fault == NULL)
    {
      self->first_failed_line = MIN (self->first_failed_line, line);
      fail (self, g_steal_pointer (&owned));
      return;
    }
  self->on_fault (line, owned, self->user_data);
  self->counts.faulty++;
  count_done (self, bytes);
}

/* The key of a notification that was exported before it, unless that has gone. */
static void
take_exported_key (BelfryctlImporter *self, BelfryctlLine *key)
{
  BelfryctlLine *line = g_hash_table_lookup (self->held_by_id, GSIZE_TO_POINTER (key->id));

  if (line == NULL)
    {
      self->counts.lost_keys++;
      return;
    }
  g_free (line->key);
  line->key = g_steal_pointer (&key->key);
}

static void
take_line (BelfryctlImporter *self, const char *text, gsize length)
{
  GError *error = NULL;
  g_autoptr (BelfryctlLine) line = belfryctl_line_parse (text, length, self->line, &error);

  if (line == NULL)
    {
      report_fault (self, self->line, length + 1, error);
      return;
    }
  if (line->kind != BELFRYCTL_LINE_NOTIFICATION)
    {
      if (line->kind == BELFRYCTL_LINE_KEY)
        take_exported_key (self, line);
      else if (line->kind == BELFRYCTL_LINE_EXPIRED)
        self->counts.expired++;
      count_done (self, line->bytes);
      return;
    }
  if (line->key == NULL)
    line->key = belfryctl_line_keys_next (self->keys, text, length);
  if (line->id == 0)
    {
      self->batch->bytes += line->bytes;
      g_ptr_array_add (self->batch->lines, g_steal_pointer (&line));
      return;
    }
  g_hash_table_insert (self->held_by_id, GSIZE_TO_POINTER (line->id), line);
  g_ptr_array_add (self->held, g_steal_pointer (&line));
}

/* A line without end is dropped piece by piece. */
static void
drop_long_line (BelfryctlImporter *self, gsize length)
{
  if (!self->in_long_line)
    {
      self->line++;
      self->counts.lines++;
      report_fault (self, self->line, 0,
                    g_error_new (BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE,
                                 _ ("it has more than %d bytes"), MAX_LINE_LENGTH));
    }
  self->in_long_line = TRUE;
  self->bytes_done += length;
  self->taken += length;
}

/* Takes the next line from the buffer.
 *
 * Returns: whether there was one, or a part of one to drop */
static gboolean
take_next_line (BelfryctlImporter *self)
{
  const char *text = (const char *) self->buffer->data + self->taken;
  gsize available = self->buffer->len - self->taken;
  const char *end = available > 0 ? memchr (text, '\n', available) : NULL;
  gsize length = end != NULL ? (gsize) (end - text) : available;

  if (end == NULL && !self->at_end && available <= MAX_LINE_LENGTH)
    return FALSE;
  if (available == 0)
    return FALSE;
  if (length > MAX_LINE_LENGTH || self->in_long_line)
    {
      drop_long_line (self, length);
      if (end != NULL)
        {
          self->in_long_line = FALSE;
          self->taken++;
        }
      return TRUE;
    }
  self->line++;
  self->counts.lines++;
  self->taken += length + (end != NULL);
  take_line (self, text, length);
  return TRUE;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const BelfryctlLine *x = *(BelfryctlLine *const *) a;
  const BelfryctlLine *y = *(BelfryctlLine *const *) b;

  return x->id < y->id ? -1 : x->id > y->id;
}

/* Takes the next one of those that waited for the end.
 *
 * Returns: whether there was one */
static gboolean
take_next_held (BelfryctlImporter *self)
{
  BelfryctlLine *line;

  if (self->held_taken == self->held->len)
    return FALSE;
  if (self->held_taken == 0)
    {
      g_hash_table_remove_all (self->held_by_id);
      g_ptr_array_sort (self->held, compare_ids);
    }
  line = g_steal_pointer (&g_ptr_array_index (self->held, self->held_taken));
  self->held_taken++;
  self->batch->bytes += line->bytes;
  g_ptr_array_add (self->batch->lines, line);
  return TRUE;
}

/* Returns: whether there is a batch to send */
static gboolean
fill_batch (BelfryctlImporter *self)
{
  while (self->error == NULL && !batch_is_full (self->batch))
    {
      if (take_next_line (self))
        continue;
      if (!self->at_end)
        return FALSE;
      if (!take_next_held (self))
        break;
    }
  return self->error == NULL && self->batch->lines->len > 0;
}

static void
end_batch (Batch *batch)
{
  BelfryctlImporter *self = batch->importer;

  for (guint i = 0; i < batch->lines->len; i++)
    {
      const BelfryctlLine *line = g_ptr_array_index (batch->lines, i);

      if (batch->failed)
        self->first_failed_line = MIN (self->first_failed_line, line->number);
      else
        count_done (self, line->bytes);
    }
  g_queue_remove (&self->under_way, batch);
  batch_free (batch);
  pump (self);
}

/* Counts an answer, and takes over its @error.
 *
 * @error: (nullable): what went wrong */
static void
take_answer (Batch *batch, GError *error)
{
  if (error != NULL)
    {
      batch->failed = TRUE;
      fail (batch->importer, error);
    }
  batch->unanswered--;
  if (batch->unanswered == 0)
    end_batch (batch);
}

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Batch *batch = user_data;
  GError *error = NULL;
  gint64 count = belfry_client_mark_read_finish (BELFRY_CLIENT (source), result, &error);

  batch->importer->counts.read += (gulong) MAX (count, 0);
  take_answer (batch, error);
}

/* Marks those that were read where they come from. */
static void
mark_read (Batch *batch, const gint64 *ids)
{
  BelfryctlImporter *self = batch->importer;
  g_autoptr (GHashTable) of_users =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
  GHashTableIter iter;
  gpointer user_id, of_user;

  for (guint i = 0; i < batch->lines->len; i++)
    {
      const BelfryctlLine *line = g_ptr_array_index (batch->lines, i);
      GArray *array = g_hash_table_lookup (of_users, line->user_id);

      if (!line->read)
        continue;
      if (array == NULL)
        {
          array = g_array_new (FALSE, FALSE, sizeof (gint64));
          g_hash_table_insert (of_users, line->user_id, array);
        }
      g_array_append_val (array, ids[i]);
    }
  g_hash_table_iter_init (&iter, of_users);
  while (g_hash_table_iter_next (&iter, &user_id, &of_user))
    {
      const GArray *array = of_user;

      batch->unanswered++;
      belfry_client_mark_read_async (self->client, user_id, (const gint64 *) (gpointer) array->data,
                                     array->len, self->cancellable, on_marked, batch);
    }
}

/* Finds the line that Belfry refuses, which is told by its place: “notifications[17]: …”.
 *
 * Returns: whether there is one; then @error is over */
static gboolean
take_fault (Batch *batch, GError *error)
{
  BelfryctlImporter *self = batch->importer;
  const BelfryctlLine *line;
  g_autofree char *message = NULL;
  int length = 0;
  guint index;

  if ((!g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_INVALID_ARGS)
       && !g_error_matches (error, BELFRY_ERROR, BELFRY_ERROR_TOO_LARGE))
      || sscanf (error->message, "notifications[%u]%n", &index, &length) != 1 || length == 0
      || index >= batch->lines->len)
    return FALSE;
  line = g_ptr_array_index (batch->lines, index);
  message = g_strdup (error->message + length + strspn (error->message + length, ".: "));
  report_fault (self, line->number, line->bytes,
                g_error_new_literal (error->domain, error->code, message));
  g_error_free (error);
  if (self->on_fault != NULL)
    g_ptr_array_remove_index (batch->lines, index);
  else
    batch->failed = TRUE;
  return TRUE;
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Batch *batch = user_data;
  GError *error = NULL;
  gsize n;
  g_autofree gint64 *ids =
      belfry_client_create_many_finish (BELFRY_CLIENT (source), result, &n, &error);

  if (ids != NULL)
    {
      batch->importer->counts.stored += n;
      mark_read (batch, ids);
    }
  else if (take_fault (batch, error))
    {
      error = NULL;
      if (!batch->failed && batch->lines->len > 0)
        send_batch (batch);
    }
  take_answer (batch, error);
}

static void
send_batch (Batch *batch)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ssa{sv})"));

  for (guint i = 0; i < batch->lines->len; i++)
    g_variant_builder_add_value (&builder,
                                 belfryctl_line_to_variant (g_ptr_array_index (batch->lines, i)));
  batch->unanswered++;
  belfry_client_create_many_async (batch->importer->client, g_variant_builder_end (&builder),
                                   batch->importer->cancellable, on_created, batch);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BelfryctlImporter *self = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  self->reading = FALSE;
  if (bytes == NULL)
    fail (self, error);
  else if (g_bytes_get_size (bytes) == 0)
    self->at_end = TRUE;
  else
    g_byte_array_append (self->buffer, g_bytes_get_data (bytes, NULL),
                         (guint) g_bytes_get_size (bytes));
  pump (self);
}

/* Does what can be done now, and ends the loop when all is done. */
static void
pump (BelfryctlImporter *self)
{
  gboolean has_room = TRUE;

  while ((has_room = g_queue_get_length (&self->under_way) < MAX_BATCHES) && fill_batch (self))
    {
      Batch *batch = self->batch;

      self->batch = batch_new (self);
      g_queue_push_tail (&self->under_way, batch);
      send_batch (batch);
    }
  if (self->error == NULL && !self->at_end && !self->reading && has_room)
    {
      g_byte_array_remove_range (self->buffer, 0, (guint) self->taken);
      self->taken = 0;
      self->reading = TRUE;
      g_input_stream_read_bytes_async (self->input, CHUNK_SIZE, G_PRIORITY_DEFAULT,
                                       self->cancellable, on_read, self);
    }
  self->on_done (self->lines_done, self->bytes_done, self->user_data);
  if (!self->reading && g_queue_is_empty (&self->under_way))
    g_main_loop_quit (self->loop);
}

/* Blocks until all is stored, a fault or another error ends it, or it is interrupted.
 *
 * Errors: those of the client, BELFRY_ERROR_INVALID_ARGS and BELFRY_ERROR_TOO_LARGE for a faulty
 * line, and G_IO_ERROR_CANCELLED. */
gboolean
belfryctl_importer_run (BelfryctlImporter *self, GError **error)
{
  pump (self);
  if (self->reading || !g_queue_is_empty (&self->under_way))
    g_main_loop_run (self->loop);
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* Ends it soon, with G_IO_ERROR_CANCELLED. */
void
belfryctl_importer_interrupt (BelfryctlImporter *self)
{
  g_cancellable_cancel (self->cancellable);
}

const BelfryctlImportCounts *
belfryctl_importer_get_counts (BelfryctlImporter *self)
{
  return &self->counts;
}

/* Returns: the first line that is not known to be done, after belfryctl_importer_run() */
guint64
belfryctl_importer_get_first_open_line (BelfryctlImporter *self)
{
  guint64 first = MIN (self->first_failed_line, self->line + 1);

  for (guint i = 0; i < self->batch->lines->len; i++)
    first = MIN (first, ((BelfryctlLine *) g_ptr_array_index (self->batch->lines, i))->number);
  for (guint i = self->held_taken; i < self->held->len; i++)
    first = MIN (first, ((BelfryctlLine *) g_ptr_array_index (self->held, i))->number);
  return first;
}
