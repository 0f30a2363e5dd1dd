/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-mailbox.h"

/* A reader that has emptied a large batch gives its memory back. */
#define KEEP_BYTES (64 * 1024)

struct _BelfryMailbox
{
  GMutex mutex;
  GArray *messages;
  gint waiting; /* atomic: whether there are any, so that a look costs no lock */
  BelfryMailboxWakeFunc wake;
  gpointer wake_data;
};

BelfryMailbox *
belfry_mailbox_new (gsize message_size, BelfryMailboxWakeFunc wake, gpointer user_data)
{
  BelfryMailbox *self = g_new0 (BelfryMailbox, 1);

  g_mutex_init (&self->mutex);
  self->messages = g_array_new (FALSE, FALSE, (guint) message_size);
  self->wake = wake;
  self->wake_data = user_data;
  return self;
}

/* What the messages point to is not freed: the owner takes them first. */
void
belfry_mailbox_free (BelfryMailbox *self)
{
  g_array_unref (self->messages);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
belfry_mailbox_post_many (BelfryMailbox *self, gconstpointer messages, guint n_messages)
{
  gboolean was_empty;

  if (n_messages == 0)
    return;

  g_mutex_lock (&self->mutex);
  was_empty = self->messages->len == 0;
  g_array_append_vals (self->messages, messages, n_messages);
  g_atomic_int_set (&self->waiting, TRUE);
  g_mutex_unlock (&self->mutex);

  if (was_empty)
    self->wake (self->wake_data);
}

void
belfry_mailbox_post (BelfryMailbox *self, gconstpointer message)
{
  belfry_mailbox_post_many (self, message, 1);
}

/* Exchanges the waiting messages for the empty array in @messages, which keeps its memory. */
void
belfry_mailbox_take (BelfryMailbox *self, GArray **messages)
{
  GArray *empty = *messages;
  guint element_size = g_array_get_element_size (empty);

  if ((gsize) empty->len * element_size > KEEP_BYTES)
    {
      g_array_unref (empty);
      empty = g_array_new (FALSE, FALSE, element_size);
    }
  else
    g_array_set_size (empty, 0);

  g_mutex_lock (&self->mutex);
  *messages = self->messages;
  self->messages = empty;
  g_atomic_int_set (&self->waiting, FALSE);
  g_mutex_unlock (&self->mutex);
}

/* Posts a message for which the reader need not be woken yet: belfry_mailbox_wake() does it. */
void
belfry_mailbox_post_quietly (BelfryMailbox *self, gconstpointer message)
{
  g_mutex_lock (&self->mutex);
  g_array_append_vals (self->messages, message, 1);
  g_atomic_int_set (&self->waiting, TRUE);
  g_mutex_unlock (&self->mutex);
}

void
belfry_mailbox_wake (BelfryMailbox *self)
{
  if (!belfry_mailbox_is_empty (self))
    self->wake (self->wake_data);
}

gboolean
belfry_mailbox_is_empty (BelfryMailbox *self)
{
  return !g_atomic_int_get (&self->waiting);
}

struct _BelfryMailboxSource
{
  GSource source;
  BelfryMailbox *mailbox;
  GMainContext *context;
  GArray *taken;
  BelfryMailboxHandler handler;
  gpointer handler_data;
};

static gboolean
mailbox_source_prepare (GSource *source, int *timeout)
{
  BelfryMailboxSource *self = (BelfryMailboxSource *) source;

  *timeout = -1;
  return !belfry_mailbox_is_empty (self->mailbox);
}

static gboolean
mailbox_source_check (GSource *source)
{
  BelfryMailboxSource *self = (BelfryMailboxSource *) source;

  return !belfry_mailbox_is_empty (self->mailbox);
}

static gboolean
mailbox_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  BelfryMailboxSource *self = (BelfryMailboxSource *) source;
  gsize size;

  belfry_mailbox_take (self->mailbox, &self->taken);
  size = g_array_get_element_size (self->taken);
  for (guint i = 0; i < self->taken->len; i++)
    self->handler (self->taken->data + i * size, self->handler_data);
  return G_SOURCE_CONTINUE;
}

static void
mailbox_source_finalize (GSource *source)
{
  BelfryMailboxSource *self = (BelfryMailboxSource *) source;

  belfry_mailbox_free (self->mailbox);
  g_array_unref (self->taken);
  g_main_context_unref (self->context);
}

static GSourceFuncs mailbox_source_funcs = {
  mailbox_source_prepare,
  mailbox_source_check,
  mailbox_source_dispatch,
  mailbox_source_finalize,
};

static void
wake_context (gpointer user_data)
{
  g_main_context_wakeup (user_data);
}

BelfryMailboxSource *
belfry_mailbox_source_new (GMainContext *context,
                           const char *name,
                           gsize message_size,
                           BelfryMailboxHandler handler,
                           gpointer user_data)
{
  GSource *source = g_source_new (&mailbox_source_funcs, sizeof (BelfryMailboxSource));
  BelfryMailboxSource *self = (BelfryMailboxSource *) source;

  g_source_set_static_name (source, name);
  self->context = context != NULL ? g_main_context_ref (context)
                                  : g_main_context_ref (g_main_context_default ());
  self->mailbox = belfry_mailbox_new (message_size, wake_context, self->context);
  self->taken = g_array_new (FALSE, FALSE, (guint) message_size);
  self->handler = handler;
  self->handler_data = user_data;
  g_source_attach (source, self->context);
  return self;
}

/* Messages that nobody took are handled first, so that what they carry is not lost. Whoever posts
 * must have stopped. */
void
belfry_mailbox_source_free (BelfryMailboxSource *self)
{
  while (!belfry_mailbox_is_empty (self->mailbox))
    mailbox_source_dispatch (&self->source, NULL, NULL);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

BelfryMailbox *
belfry_mailbox_source_get_mailbox (BelfryMailboxSource *self)
{
  return self->mailbox;
}
