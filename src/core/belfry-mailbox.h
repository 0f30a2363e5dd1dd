/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How threads meet: any thread posts small messages, one thread takes all that wait at once. */
typedef struct _BelfryMailbox BelfryMailbox;

/* Wakes the reader. It is called by the thread that posts, and only when the mailbox was empty. */
typedef void (*BelfryMailboxWakeFunc) (gpointer user_data);

BelfryMailbox *
belfry_mailbox_new (gsize message_size, BelfryMailboxWakeFunc wake, gpointer user_data);
void belfry_mailbox_free (BelfryMailbox *self);

void belfry_mailbox_post (BelfryMailbox *self, gconstpointer message);
void belfry_mailbox_post_quietly (BelfryMailbox *self, gconstpointer message);
void belfry_mailbox_wake (BelfryMailbox *self);
void belfry_mailbox_post_many (BelfryMailbox *self, gconstpointer messages, guint n_messages);
void belfry_mailbox_take (BelfryMailbox *self, GArray **messages);
gboolean belfry_mailbox_is_empty (BelfryMailbox *self);

/* Handles one message in the context's thread. */
typedef void (*BelfryMailboxHandler) (gpointer message, gpointer user_data);

/* A mailbox that is emptied by a GMainContext, with one source for all its messages. */
typedef struct _BelfryMailboxSource BelfryMailboxSource;

BelfryMailboxSource *belfry_mailbox_source_new (GMainContext *context,
                                                const char *name,
                                                gsize message_size,
                                                BelfryMailboxHandler handler,
                                                gpointer user_data);
void belfry_mailbox_source_free (BelfryMailboxSource *self);
BelfryMailbox *belfry_mailbox_source_get_mailbox (BelfryMailboxSource *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryMailbox, belfry_mailbox_free)

G_END_DECLS
