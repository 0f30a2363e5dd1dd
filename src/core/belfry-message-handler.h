/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-macros.h"
#include "belfry-message.h"
#include "belfry-session.h"

G_BEGIN_DECLS

/**
 * BelfryHandlerResult:
 * @BELFRY_HANDLER_RESULT_REFUSED: this handler is the one for the message, and refuses it. It is
 *   what an exception in a binding ends as, so it is zero
 * @BELFRY_HANDLER_RESULT_TAKEN: the handler has answered, or will
 * @BELFRY_HANDLER_RESULT_NOT_MINE: the next handler is asked
 *
 * What a handler says of a message.
 *
 * Since: 0.1
 */
typedef enum
{
  BELFRY_HANDLER_RESULT_REFUSED = 0,
  BELFRY_HANDLER_RESULT_TAKEN = 1,
  BELFRY_HANDLER_RESULT_NOT_MINE = 2,
} BelfryHandlerResult;

#define BELFRY_TYPE_MESSAGE_HANDLER (belfry_message_handler_get_type ())

BELFRY_API
G_DECLARE_INTERFACE (BelfryMessageHandler, belfry_message_handler, BELFRY, MESSAGE_HANDLER, GObject)

/**
 * BelfryMessageHandlerInterface:
 * @parent_iface: the parent interface
 * @handle_message: see [method@BelfryServer.MessageHandler.handle_message]
 *
 * What a handler implements.
 *
 * Since: 0.1
 */
struct _BelfryMessageHandlerInterface
{
  GTypeInterface parent_iface;

  BelfryHandlerResult (*handle_message) (BelfryMessageHandler *self,
                                         BelfrySession *session,
                                         BelfryMessage *message);
};

BELFRY_API
BelfryHandlerResult belfry_message_handler_handle_message (BelfryMessageHandler *self,
                                                           BelfrySession *session,
                                                           BelfryMessage *message);

G_END_DECLS
