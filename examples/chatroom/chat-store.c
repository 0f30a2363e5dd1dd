/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chat-store.h"

#include <string.h>

#include "chat-sql.h"

/* How many one transaction takes. */
#define BATCH 500

/* An answer has at most 64 KiB. This is what a message takes there at most, beside its text. */
#define PAGE_BYTES    (60 * 1024)
#define MESSAGE_BYTES 500

struct _ChatStore
{
  GThread *thread;
  GAsyncQueue *queue;  /* of GTask; END is the last */
  GAsyncQueue *opened; /* the thread says here that it has begun */
  char *path;
  GError *error; /* why it could not be opened */
};

static char end_mark;
#define END (&end_mark)

typedef enum
{
  SAY,
  READ,
} JobKind;

typedef struct
{
  JobKind kind;
  char *room;
  char *author;
  char *key;
  char *text;
  gint64 from;
  gboolean backwards;
  guint limit;

  ChatMessage *message;
  gboolean is_new;
  ChatPage *page;
} Job;

void
chat_message_free (ChatMessage *self)
{
  g_free (self->author);
  g_free (self->key);
  g_free (self->text);
  g_free (self);
}

void
chat_page_free (ChatPage *self)
{
  g_ptr_array_unref (self->messages);
  g_free (self);
}

static void
job_free (gpointer data)
{
  Job *self = data;

  g_free (self->room);
  g_free (self->author);
  g_free (self->key);
  g_free (self->text);
  g_clear_pointer (&self->message, chat_message_free);
  g_clear_pointer (&self->page, chat_page_free);
  g_free (self);
}

static ChatMessage *
message_new (gint64 seq, const char *author, const char *key, const char *text, gint64 at)
{
  ChatMessage *message = g_new0 (ChatMessage, 1);

  message->seq = seq;
  message->author = g_strdup (author);
  message->key = g_strdup (key);
  message->text = g_strdup (text);
  message->at = at;
  return message;
}

static gboolean
find_newest (ChatSql *sql, const char *room, gint64 *newest, GError **error)
{
  const ChatSqlArgument arguments[] = { { "room", room, 0 } };
  g_autoptr (ChatSqlRows) rows =
      chat_sql_select (sql, CHAT_SQL_NEWEST, arguments, G_N_ELEMENTS (arguments), error);

  if (rows == NULL)
    return FALSE;
  *newest = chat_sql_rows_get_number (rows, 0, 0);
  return TRUE;
}

/* Whether it was said before, it is given then. */
static gboolean
find_said (ChatSql *sql, Job *job, GError **error)
{
  const ChatSqlArgument arguments[] = {
    { "room", job->room, 0 },
    { "author", job->author, 0 },
    { "key", job->key, 0 },
  };
  g_autoptr (ChatSqlRows) rows =
      chat_sql_select (sql, CHAT_SQL_FIND, arguments, G_N_ELEMENTS (arguments), error);

  if (rows == NULL)
    return FALSE;
  if (chat_sql_rows_get_length (rows) > 0)
    job->message =
        message_new (chat_sql_rows_get_number (rows, 0, 0), job->author, job->key,
                     chat_sql_rows_get_text (rows, 0, 1), chat_sql_rows_get_number (rows, 0, 2));
  return TRUE;
}

static gboolean
say (ChatSql *sql, Job *job, GError **error)
{
  gint64 now = g_get_real_time () / 1000;
  gint64 newest;

  g_clear_pointer (&job->message, chat_message_free);
  job->is_new = FALSE;
  if (!find_said (sql, job, error) || !find_newest (sql, job->room, &newest, error))
    return FALSE;
  if (job->message == NULL)
    {
      const ChatSqlArgument arguments[] = {
        { "room", job->room, 0 }, { "seq", NULL, newest + 1 }, { "author", job->author, 0 },
        { "key", job->key, 0 },   { "text", job->text, 0 },    { "at", NULL, now },
      };

      if (!chat_sql_run (sql, CHAT_SQL_INSERT, arguments, G_N_ELEMENTS (arguments), error))
        return FALSE;
      job->message = message_new (newest + 1, job->author, job->key, job->text, now);
      job->is_new = TRUE;
    }
  return TRUE;
}

static gboolean
read_page (ChatSql *sql, Job *job, GError **error)
{
  /* One more than is wanted shows whether there are more. */
  const ChatSqlArgument arguments[] = {
    { "room", job->room, 0 },
    { "from", NULL, job->from },
    { "limit", NULL, job->limit + 1 },
  };
  g_autoptr (ChatSqlRows) rows = NULL;
  gsize n_bytes = 0;

  g_clear_pointer (&job->page, chat_page_free);
  job->page = g_new0 (ChatPage, 1);
  job->page->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) chat_message_free);
  if (!find_newest (sql, job->room, &job->page->newest, error))
    return FALSE;
  rows = chat_sql_select (sql, job->backwards ? CHAT_SQL_BEFORE : CHAT_SQL_AFTER, arguments,
                          G_N_ELEMENTS (arguments), error);
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < chat_sql_rows_get_length (rows); i++)
    {
      const char *text = chat_sql_rows_get_text (rows, i, 1);

      /* A character that JSON escapes is twice as long there. */
      n_bytes += 2 * strlen (text) + MESSAGE_BYTES;
      job->page->more = i == job->limit || n_bytes > PAGE_BYTES;
      if (job->page->more)
        break;
      g_ptr_array_insert (job->page->messages, job->backwards ? 0 : -1,
                          message_new (chat_sql_rows_get_number (rows, i, 0),
                                       chat_sql_rows_get_text (rows, i, 3),
                                       chat_sql_rows_get_text (rows, i, 4), text,
                                       chat_sql_rows_get_number (rows, i, 2)));
    }
  return TRUE;
}

static gboolean
do_batch (ChatSql *sql, GPtrArray *batch, GError **error)
{
  if (!chat_sql_run (sql, CHAT_SQL_BEGIN, NULL, 0, error))
    return FALSE;
  for (guint i = 0; i < batch->len; i++)
    {
      Job *job = g_task_get_task_data (g_ptr_array_index (batch, i));

      if (job->kind == SAY ? !say (sql, job, error) : !read_page (sql, job, error))
        {
          chat_sql_run (sql, CHAT_SQL_ROLLBACK, NULL, 0, NULL);
          return FALSE;
        }
    }
  if (chat_sql_run (sql, CHAT_SQL_COMMIT, NULL, 0, error))
    return TRUE;
  chat_sql_run (sql, CHAT_SQL_ROLLBACK, NULL, 0, NULL);
  return FALSE;
}

/* Waits for something to do, and takes what else is there. Returns: FALSE at the end */
static gboolean
take_batch (ChatStore *self, GPtrArray *batch)
{
  gpointer task = g_async_queue_pop (self->queue);

  while (task != NULL)
    {
      if (task == END)
        return FALSE;
      g_ptr_array_add (batch, task);
      task = batch->len < BATCH ? g_async_queue_try_pop (self->queue) : NULL;
    }
  return TRUE;
}

static void
serve (ChatStore *self, ChatSql *sql)
{
  gboolean going = TRUE;

  while (going)
    {
      g_autoptr (GPtrArray) batch = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GError) error = NULL;

      going = take_batch (self, batch);
      if (batch->len > 0)
        do_batch (sql, batch, &error);
      for (guint i = 0; i < batch->len; i++)
        {
          GTask *task = g_ptr_array_index (batch, i);

          if (error != NULL)
            g_task_return_error (task, g_error_copy (error));
          else
            g_task_return_boolean (task, TRUE);
        }
    }
}

static gpointer
run (gpointer data)
{
  ChatStore *self = data;
  g_autoptr (ChatSql) sql = chat_sql_open (self->path, &self->error);

  g_async_queue_push (self->opened, self);
  if (sql != NULL)
    serve (self, sql);
  return NULL;
}

/* Opens the database, and waits for that: it is for the start of a program. */
ChatStore *
chat_store_new (const char *path, GError **error)
{
  g_autoptr (ChatStore) self = g_new0 (ChatStore, 1);

  self->path = g_strdup (path);
  self->queue = g_async_queue_new ();
  self->opened = g_async_queue_new ();
  self->thread = g_thread_new ("chat-store", run, self);
  g_async_queue_pop (self->opened);
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return NULL;
    }
  return g_steal_pointer (&self);
}

static GTask *
task_new (JobKind kind,
          const char *room,
          GAsyncReadyCallback callback,
          gpointer user_data,
          Job **job)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  *job = g_new0 (Job, 1);
  (*job)->kind = kind;
  (*job)->room = g_strdup (room);
  g_task_set_task_data (task, *job, job_free);
  return task;
}

/* What waits is done before. */
void
chat_store_free (ChatStore *self)
{
  g_async_queue_push (self->queue, END);
  g_thread_join (self->thread);
  g_async_queue_unref (self->queue);
  g_async_queue_unref (self->opened);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self);
}

void
chat_store_say_async (ChatStore *self,
                      const char *room,
                      const char *author,
                      const char *key,
                      const char *text,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  Job *job;
  GTask *task = task_new (SAY, room, callback, user_data, &job);

  job->author = g_strdup (author);
  job->key = g_strdup (key);
  job->text = g_strdup (text);
  g_async_queue_push (self->queue, task);
}

ChatMessage *
chat_store_say_finish (GAsyncResult *result, gboolean *is_new, GError **error)
{
  Job *job = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  *is_new = job->is_new;
  return g_steal_pointer (&job->message);
}

void
chat_store_read_async (ChatStore *self,
                       const char *room,
                       gint64 from,
                       gboolean backwards,
                       guint limit,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  Job *job;
  GTask *task = task_new (READ, room, callback, user_data, &job);

  job->from = from;
  job->backwards = backwards;
  job->limit = limit;
  g_async_queue_push (self->queue, task);
}

ChatPage *
chat_store_read_finish (GAsyncResult *result, GError **error)
{
  Job *job = g_task_get_task_data (G_TASK (result));

  return g_task_propagate_boolean (G_TASK (result), error) ? g_steal_pointer (&job->page) : NULL;
}
