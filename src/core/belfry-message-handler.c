/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-message-handler.h"

/**
 * BelfryMessageHandler:
 *
 * One link of the chain of responsibility: it handles the messages of some types that clients
 * send, and passes over all others.
 *
 * Implement it to give clients a new message type, and add it to the server's
 * [class@BelfryServer.HandlerChain].
 *
 * Since: 0.1
 */
G_DEFINE_INTERFACE (BelfryMessageHandler, belfry_message_handler, G_TYPE_OBJECT)

static void
belfry_message_handler_default_init (BelfryMessageHandlerInterface *iface)
{
}

/**
 * belfry_message_handler_handle_message:
 * @self: a handler
 * @session: the session that sent the message
 * @message: the message
 *
 * Asks the handler whether it takes the message, in the main thread. It must not block: it may
 * keep a reference to @message and answer it later, within 30 seconds.
 *
 * Returns: what becomes of the message
 *
 * Since: 0.1
 */
BelfryHandlerResult
belfry_message_handler_handle_message (BelfryMessageHandler *self,
                                       BelfrySession *session,
                                       BelfryMessage *message)
{
  BelfryMessageHandlerInterface *iface;

  g_return_val_if_fail (BELFRY_IS_MESSAGE_HANDLER (self), BELFRY_HANDLER_RESULT_REFUSED);
  g_return_val_if_fail (BELFRY_IS_SESSION (session), BELFRY_HANDLER_RESULT_REFUSED);
  g_return_val_if_fail (BELFRY_IS_MESSAGE (message), BELFRY_HANDLER_RESULT_REFUSED);

  iface = BELFRY_MESSAGE_HANDLER_GET_IFACE (self);
  g_return_val_if_fail (iface->handle_message != NULL, BELFRY_HANDLER_RESULT_REFUSED);
  return iface->handle_message (self, session, message);
}
