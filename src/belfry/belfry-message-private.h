/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-message.h"

G_BEGIN_DECLS

/* Carries the one answer of a message to where it came from.
 *
 * @code: (nullable): an error code, or NULL if @text is the data of a reply
 * @text: a JSON object, or with @code the words that explain the error */
typedef void (*BelfryMessageAnswerFunc) (BelfryMessage *message,
                                         const char *code,
                                         const char *text,
                                         gpointer user_data);

BELFRY_API
BelfryMessage *belfry_message_new (const char *type,
                                   const char *data,
                                   gssize data_length,
                                   const char *session_id,
                                   const char *user_id,
                                   gboolean wants_reply);

BELFRY_API
void belfry_message_set_answer_func (BelfryMessage *self,
                                     BelfryMessageAnswerFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy);

BELFRY_API
void belfry_message_reply_own (BelfryMessage *self, const char *data);

BELFRY_API
void belfry_message_disown (BelfryMessage *self);

BELFRY_API
gboolean belfry_message_is_answered (BelfryMessage *self);

BELFRY_API
void belfry_message_set_in_order (BelfryMessage *self);

BELFRY_API
gboolean belfry_message_get_in_order (BelfryMessage *self);

G_END_DECLS
