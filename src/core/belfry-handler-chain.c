/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-handler-chain-private.h"

#include "belfry-message-private.h"

/**
 * BelfryHandlerChain:
 *
 * The handlers of a server, in the order in which they are asked. The first are the built-in
 * requests; behind the last, a message is refused with `UNKNOWN_TYPE`. `register` and `ping` never
 * come here.
 *
 * Since: 0.1
 */
struct _BelfryHandlerChain
{
  GObject parent_instance;

  GPtrArray *handlers;
};

G_DEFINE_FINAL_TYPE (BelfryHandlerChain, belfry_handler_chain, G_TYPE_OBJECT)

static void
belfry_handler_chain_finalize (GObject *object)
{
  BelfryHandlerChain *self = BELFRY_HANDLER_CHAIN (object);

  g_ptr_array_unref (self->handlers);

  G_OBJECT_CLASS (belfry_handler_chain_parent_class)->finalize (object);
}

static void
belfry_handler_chain_class_init (BelfryHandlerChainClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = belfry_handler_chain_finalize;
}

static void
belfry_handler_chain_init (BelfryHandlerChain *self)
{
  self->handlers = g_ptr_array_new_with_free_func (g_object_unref);
}

BelfryHandlerChain *
belfry_handler_chain_new (void)
{
  return g_object_new (BELFRY_TYPE_HANDLER_CHAIN, NULL);
}

/**
 * belfry_handler_chain_add:
 * @self: a chain
 * @handler: (transfer none): a handler
 *
 * Adds a handler behind those that are there.
 *
 * Since: 0.1
 */
void
belfry_handler_chain_add (BelfryHandlerChain *self, BelfryMessageHandler *handler)
{
  g_return_if_fail (BELFRY_IS_HANDLER_CHAIN (self));
  g_return_if_fail (BELFRY_IS_MESSAGE_HANDLER (handler));

  g_ptr_array_add (self->handlers, g_object_ref (handler));
}

/**
 * belfry_handler_chain_remove:
 * @self: a chain
 * @handler: a handler that was added
 *
 * Takes a handler out. Messages that it has taken and not answered stay open until they run out.
 *
 * Since: 0.1
 */
void
belfry_handler_chain_remove (BelfryHandlerChain *self, BelfryMessageHandler *handler)
{
  g_return_if_fail (BELFRY_IS_HANDLER_CHAIN (self));
  g_return_if_fail (BELFRY_IS_MESSAGE_HANDLER (handler));

  g_ptr_array_remove (self->handlers, handler);
}

/* Sees to it that somebody is responsible for @message: afterwards it is answered, or a handler
 * has promised to. */
void
belfry_handler_chain_handle (BelfryHandlerChain *self,
                             BelfrySession *session,
                             BelfryMessage *message)
{
  for (guint i = 0; i < self->handlers->len; i++)
    {
      g_autoptr (BelfryMessageHandler) handler =
          g_object_ref (g_ptr_array_index (self->handlers, i));

      switch (belfry_message_handler_handle_message (handler, session, message))
        {
        case BELFRY_HANDLER_RESULT_NOT_MINE:
          continue;
        case BELFRY_HANDLER_RESULT_TAKEN:
          return;
        case BELFRY_HANDLER_RESULT_REFUSED:
        default:
          /* It may be an exception in a program that handles messages itself. */
          g_message ("A message of the type “%s” was refused by %s",
                     belfry_message_get_message_type (message), G_OBJECT_TYPE_NAME (handler));
          if (!belfry_message_is_answered (message))
            belfry_message_reply_error (message, "FORBIDDEN", "The message was refused", NULL);
          return;
        }
    }
  belfry_message_reply_error (message, "UNKNOWN_TYPE", "Nobody handles messages of this type",
                              NULL);
}
