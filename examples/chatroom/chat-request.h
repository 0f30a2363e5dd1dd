/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a client asks, checked. */

#pragma once

#include <belfry-message.h>

G_BEGIN_DECLS

typedef enum
{
  CHAT_REQUEST_JOIN,
  CHAT_REQUEST_SAY,
  CHAT_REQUEST_HISTORY,
  CHAT_REQUEST_TYPING,
  CHAT_REQUEST_LEAVE,
} ChatRequestKind;

typedef struct
{
  ChatRequestKind kind;
  char *room;
  char *key;
  char *text;
  gint64 from; /* where a page begins */
  gboolean backwards;
  guint limit;
} ChatRequest;

gboolean chat_request_is_one (BelfryMessage *message);
ChatRequest *chat_request_parse (BelfryMessage *message, GError **error);
void chat_request_free (ChatRequest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatRequest, chat_request_free)

G_END_DECLS
