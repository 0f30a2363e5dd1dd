/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/* The smallest WebSocket client that can misbehave: blocking, over a plain socket. */

int ws_client_socket (void);
gboolean ws_client_connect (int fd, guint16 port);
int ws_client_open (guint16 port);
gboolean ws_client_handshake (int fd);
gboolean ws_client_send_handshake (int fd);
gboolean ws_client_receive_handshake (int fd);
gboolean ws_client_receive_header (int fd, const char *begin);
void ws_client_send (int fd, guint8 opcode, gboolean fin, const char *payload, gsize length);
void ws_client_send_text (int fd, const char *text);
gboolean
ws_client_append (GByteArray *to, guint8 opcode, gboolean fin, const char *payload, gsize length);
char *ws_client_receive (int fd, guint8 *opcode, gsize *length);
gboolean ws_client_wait_end (int fd);
