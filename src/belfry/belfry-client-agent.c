/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-client-agent.h"

#include "belfry-client-private.h"

BelfryClientAgent *
belfry_client_agent_ref (BelfryClientAgent *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
belfry_client_agent_unref (BelfryClientAgent *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->subscription, g_variant_unref);
  g_hash_table_unref (self->types);
  g_clear_object (&self->connection);
  g_mutex_clear (&self->mutex);
  g_weak_ref_clear (&self->client);
  g_main_context_unref (self->context);
  g_free (self);
}

/* Has @func called in the thread of the links, which holds a reference meanwhile. */
static void
invoke (BelfryClientAgent *self, GSourceFunc func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, belfry_client_agent_ref (self),
                         (GDestroyNotify) belfry_client_agent_unref);
  g_source_attach (source, belfry_client_link_get_context ());
}

typedef struct
{
  BelfryClientAgent *agent;
  BelfryClientTellFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  if (told->destroy != NULL)
    told->destroy (told->data);
  belfry_client_agent_unref (told->agent);
  g_free (told);
}

static gboolean
on_told (gpointer user_data)
{
  Told *told = user_data;
  g_autoptr (BelfryClient) client = g_weak_ref_get (&told->agent->client);

  if (client != NULL)
    told->func (client, told->data);
  return G_SOURCE_REMOVE;
}

/* Calls @func in the client's main context, after what was told before, and what has been answered
 * before to calls that were made there. */
void
belfry_client_agent_tell (BelfryClientAgent *self,
                          BelfryClientTellFunc func,
                          gpointer data,
                          GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Told *told = g_new0 (Told, 1);

  told->agent = belfry_client_agent_ref (self);
  told->func = func;
  told->data = data;
  told->destroy = destroy;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_told, told, told_free);
  g_source_attach (source, self->context);
}

static void
notify_available (BelfryClient *client, gpointer data)
{
  g_object_notify (G_OBJECT (client), "available");
}

/* Lets other threads see how the link is. */
static void
publish (BelfryClientAgent *self, gboolean available)
{
  GDBusConnection *connection = belfry_client_link_get_connection (self->link);

  g_mutex_lock (&self->mutex);
  self->available = available;
  if (connection != NULL)
    g_set_object (&self->connection, connection);
  g_mutex_unlock (&self->mutex);
}

static void
on_connected (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  publish (self, belfry_client_link_is_up (self->link));
  belfry_client_queue_connected (self->queue);
}

static void
on_came (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  publish (self, TRUE);
  belfry_client_agent_tell (self, notify_available, NULL, NULL);
  belfry_client_renew_subscription (self);
  belfry_client_renew_types (self);
  belfry_client_queue_came (self->queue);
}

static void
on_went (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  publish (self, FALSE);
  belfry_client_agent_tell (self, notify_available, NULL, NULL);
  belfry_client_queue_went (self->queue);
}

static void
on_failed (const GError *error, gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  belfry_client_queue_failed (self->queue, error);
}

static void
on_received (const char *signal, GVariant *parameters, gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  if (!belfry_client_receive_message (self, signal, parameters))
    belfry_client_receive_signal (self, signal, parameters);
}

static const BelfryClientLinkFuncs link_funcs = {
  on_came, on_connected, on_went, on_failed, on_received,
};

static gboolean
end_if_idle (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  if (self->link == NULL || !self->closing || !belfry_client_queue_is_idle (self->queue))
    return G_SOURCE_REMOVE;
  g_clear_pointer (&self->queue, belfry_client_queue_free);
  g_clear_pointer (&self->link, belfry_client_link_close);
  /* Messages that are kept keep the agent. Belfry shall not take the client for one that is there.
   */
  g_mutex_lock (&self->mutex);
  g_clear_object (&self->connection);
  g_mutex_unlock (&self->mutex);
  belfry_client_agent_unref (self);
  return G_SOURCE_REMOVE;
}

static void
on_idle (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  if (self->closing)
    invoke (self, end_if_idle);
}

/* The thread of the links has a reference until the agent is closed. */
BelfryClientAgent *
belfry_client_agent_new (BelfryClient *client, const char *bus)
{
  BelfryClientAgent *self = g_new0 (BelfryClientAgent, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_weak_ref_init (&self->client, client);
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->mutex);
  self->types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->link = belfry_client_link_new (bus, &link_funcs, self);
  self->queue = belfry_client_queue_new (self->link, on_idle, self);
  belfry_client_agent_ref (self);
  return self;
}

static gboolean
close_agent (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  self->closing = TRUE;
  return end_if_idle (self);
}

/* The client has gone: only answers to messages are still sent. */
void
belfry_client_agent_close (BelfryClientAgent *self)
{
  invoke (self, close_agent);
}

static gboolean
take_incoming (gpointer user_data)
{
  BelfryClientAgent *self = user_data;
  GQueue incoming;
  BelfryClientCall *call;

  g_mutex_lock (&self->mutex);
  incoming = self->incoming;
  g_queue_init (&self->incoming);
  g_mutex_unlock (&self->mutex);

  while ((call = g_queue_pop_head (&incoming)) != NULL)
    if (self->queue != NULL)
      belfry_client_queue_add (self->queue, call);
    else
      {
        belfry_client_call_cancel (call);
        belfry_client_call_unref (call);
      }
  return G_SOURCE_REMOVE;
}

typedef struct
{
  BelfryClientAgent *agent;
  BelfryClientCall *call;
} Cancellation;

static Cancellation *
cancellation_new (BelfryClientAgent *agent, BelfryClientCall *call)
{
  Cancellation *cancellation = g_new0 (Cancellation, 1);

  cancellation->agent = belfry_client_agent_ref (agent);
  cancellation->call = belfry_client_call_ref (call);
  return cancellation;
}

static void
cancellation_free (gpointer data)
{
  Cancellation *cancellation = data;

  belfry_client_call_unref (cancellation->call);
  belfry_client_agent_unref (cancellation->agent);
  g_free (cancellation);
}

static gboolean
cancel (gpointer user_data)
{
  Cancellation *cancellation = user_data;

  if (cancellation->agent->queue != NULL)
    belfry_client_queue_cancel (cancellation->agent->queue, cancellation->call);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Cancellation *watched = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, cancel, cancellation_new (watched->agent, watched->call),
                         cancellation_free);
  g_source_attach (source, belfry_client_link_get_context ());
}

static void
free_watched (gpointer data, GClosure *closure)
{
  cancellation_free (data);
}

/* Takes @call over. It may be called in any thread. */
void
belfry_client_agent_call (BelfryClientAgent *self,
                          BelfryClientCall *call,
                          GCancellable *cancellable)
{
  gboolean is_first;

  if (cancellable != NULL)
    {
      Cancellation *watched = cancellation_new (self, call);

      belfry_client_call_watch (call, cancellable, G_CALLBACK (on_cancelled), watched,
                                free_watched);
      if (g_cancellable_is_cancelled (cancellable))
        on_cancelled (cancellable, watched);
    }
  g_mutex_lock (&self->mutex);
  is_first = g_queue_is_empty (&self->incoming);
  g_queue_push_tail (&self->incoming, call);
  g_mutex_unlock (&self->mutex);
  if (is_first)
    invoke (self, take_incoming);
}

static gboolean
take_patience (gpointer user_data)
{
  BelfryClientAgent *self = user_data;

  belfry_client_queue_set_patience (self->queue, (guint) g_atomic_int_get (&self->patience));
  return G_SOURCE_REMOVE;
}

/* @patience: s */
void
belfry_client_agent_set_patience (BelfryClientAgent *self, guint patience)
{
  g_atomic_int_set (&self->patience, (int) patience);
  invoke (self, take_patience);
}

gboolean
belfry_client_agent_get_available (BelfryClientAgent *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->available;
}

/* Returns: (transfer full) (nullable): the connection that was used last */
GDBusConnection *
belfry_client_agent_ref_connection (BelfryClientAgent *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->connection != NULL ? g_object_ref (self->connection) : NULL;
}
