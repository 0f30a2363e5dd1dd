/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-turns.h"

#include "belfry-bus-caller.h"
#include "belfry-error.h"

/* How much begins before the main loop sees to its other sources. */
#define COST_PER_DISPATCH 256

struct _BelfryBusTurns
{
  BelfryBusGate *gate;
  BelfryBusBouncer *bouncer;
  BelfryBusTurnsFunc func;
  gpointer user_data;
  GHashTable *callers; /* key → Caller, those with calls that wait */
  GQueue ring;         /* of Caller, those whose turn will come */
  GSource *source;
};

typedef struct
{
  char *key;
  GQueue calls; /* of Waiting */
  gboolean held_up;
} Caller;

typedef struct
{
  GDBusMethodInvocation *invocation;
  guint cost;
} Waiting;

/* Flags instead of a ready time, which would cost two system calls. */
typedef struct
{
  GSource source;
  int ready; /* atomic */
  int room;  /* atomic: callers that were held up may go on */
} TurnsSource;

static gboolean
turns_source_check (GSource *source)
{
  return g_atomic_int_get (&((TurnsSource *) source)->ready);
}

static gboolean
turns_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return turns_source_check (source);
}

static gboolean
turns_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_atomic_int_set (&((TurnsSource *) source)->ready, FALSE);
  return callback (user_data);
}

static GSourceFuncs source_funcs = {
  .prepare = turns_source_prepare,
  .check = turns_source_check,
  .dispatch = turns_source_dispatch,
};

/* In whatever thread. */
static void
on_room (gpointer user_data)
{
  TurnsSource *source = user_data;

  g_atomic_int_set (&source->room, TRUE);
  g_atomic_int_set (&source->ready, TRUE);
  g_main_context_wakeup (NULL);
}

static void
caller_free (gpointer data)
{
  Caller *caller = data;
  Waiting *waiting;

  while ((waiting = g_queue_pop_head (&caller->calls)) != NULL)
    {
      g_dbus_method_invocation_return_error_literal (waiting->invocation, BELFRY_ERROR,
                                                     BELFRY_ERROR_BUSY, "Belfry is going down");
      g_free (waiting);
    }
  g_free (caller->key);
  g_free (caller);
}

static void
let_go_on (BelfryBusTurns *self)
{
  GHashTableIter iter;
  Caller *caller;

  g_hash_table_iter_init (&iter, self->callers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &caller))
    if (caller->held_up)
      {
        caller->held_up = FALSE;
        g_queue_push_tail (&self->ring, caller);
      }
}

/* Who the calls are of is known now: also of those whose caller has gone again meanwhile, which the
 * bouncer has forgotten already. */
static void
on_known (const char *name, BelfryBusGrant *grant, gpointer user_data)
{
  BelfryBusTurns *self = user_data;
  Caller *caller = g_hash_table_lookup (self->callers, name);

  if (caller == NULL)
    return;
  for (GList *link = caller->calls.head; link != NULL; link = link->next)
    belfry_bus_bouncer_introduce_with (
        g_dbus_method_invocation_get_message (((Waiting *) link->data)->invocation), grant);
  if (!caller->held_up)
    return;
  caller->held_up = FALSE;
  g_queue_push_tail (&self->ring, caller);
  g_atomic_int_set (&((TurnsSource *) self->source)->ready, TRUE);
}

/* Returns: FALSE if that takes a while, and on_known() follows */
static gboolean
is_known (BelfryBusTurns *self, GDBusMethodInvocation *invocation)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);

  if (belfry_bus_bouncer_introduce (self->bouncer, connection,
                                    g_dbus_method_invocation_get_message (invocation)))
    return TRUE;
  belfry_bus_bouncer_ask (self->bouncer, connection,
                          g_dbus_method_invocation_get_sender (invocation));
  return FALSE;
}

static gboolean
on_turn (gpointer user_data)
{
  BelfryBusTurns *self = user_data;
  TurnsSource *source = (TurnsSource *) self->source;
  guint cost = 0;
  Caller *caller;

  if (g_atomic_int_compare_and_exchange (&source->room, TRUE, FALSE))
    let_go_on (self);
  while (cost < COST_PER_DISPATCH && (caller = g_queue_pop_head (&self->ring)) != NULL)
    {
      Waiting *waiting = g_queue_peek_head (&caller->calls);
      GDBusMethodInvocation *invocation = waiting->invocation;
      g_autoptr (GDBusMessage) message =
          g_object_ref (g_dbus_method_invocation_get_message (invocation));

      if (!is_known (self, invocation)
          || !belfry_bus_gate_begin (self->gate, message, waiting->cost))
        {
          caller->held_up = TRUE;
          continue;
        }
      cost += waiting->cost;
      g_free (g_queue_pop_head (&caller->calls));
      if (g_queue_is_empty (&caller->calls))
        g_hash_table_remove (self->callers, caller->key);
      else
        g_queue_push_tail (&self->ring, caller);
      self->func (invocation, self->user_data);
      belfry_bus_gate_begun (self->gate, message);
    }
  if (!g_queue_is_empty (&self->ring))
    g_atomic_int_set (&source->ready, TRUE);
  return G_SOURCE_CONTINUE;
}

/* @func answers a call, which is given to it, at once or later. */
BelfryBusTurns *
belfry_bus_turns_new (BelfryBusGate *gate,
                      BelfryBusBouncer *bouncer,
                      BelfryBusTurnsFunc func,
                      gpointer user_data)
{
  BelfryBusTurns *self = g_new0 (BelfryBusTurns, 1);

  self->gate = gate;
  self->bouncer = bouncer;
  self->func = func;
  self->user_data = user_data;
  self->callers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, caller_free);
  g_queue_init (&self->ring);
  self->source = g_source_new (&source_funcs, sizeof (TurnsSource));
  g_source_set_static_name (self->source, "[belfry] turns of callers");
  g_source_set_callback (self->source, on_turn, self, NULL);
  g_source_attach (self->source, NULL);
  belfry_bus_gate_set_on_room (gate, on_room, g_source_ref (self->source),
                               (GDestroyNotify) g_source_unref);
  belfry_bus_bouncer_set_on_known (bouncer, on_known, self);
  return self;
}

/* Calls that wait are answered with BELFRY_ERROR_BUSY. */
void
belfry_bus_turns_free (BelfryBusTurns *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_queue_clear (&self->ring);
  g_hash_table_unref (self->callers);
  g_free (self);
}

/* Takes @invocation over.
 *
 * @cost: how much work it is, in rows */
void
belfry_bus_turns_add (BelfryBusTurns *self, GDBusMethodInvocation *invocation, guint cost)
{
  g_autofree char *key = belfry_bus_caller_key (invocation);
  Caller *caller = g_hash_table_lookup (self->callers, key);
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting){ invocation, cost };
  if (caller == NULL)
    {
      caller = g_new0 (Caller, 1);
      caller->key = g_steal_pointer (&key);
      g_queue_init (&caller->calls);
      g_hash_table_insert (self->callers, caller->key, caller);
      g_queue_push_tail (&self->ring, caller);
    }
  g_queue_push_tail (&caller->calls, waiting);
  g_atomic_int_set (&((TurnsSource *) self->source)->ready, TRUE);
}
