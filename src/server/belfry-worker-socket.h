/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A Unix socket at which workers connect without a bus daemon between. */
typedef struct _BelfryWorkerSocket BelfryWorkerSocket;

/* A worker has proved who it is; or one of those has gone. A new one's messages wait until
 * g_dbus_connection_start_message_processing(). */
typedef void (*BelfryWorkerSocketFunc) (GDBusConnection *connection, gpointer user_data);

/* Whether a process may connect. */
typedef gboolean (*BelfryWorkerSocketAdmitFunc) (uid_t uid, pid_t pid, gpointer user_data);

BelfryWorkerSocket *
belfry_worker_socket_new (const char *path, gboolean for_others, GError **error);
void belfry_worker_socket_free (BelfryWorkerSocket *self);

void belfry_worker_socket_start (BelfryWorkerSocket *self,
                                 BelfryWorkerSocketAdmitFunc admits,
                                 BelfryWorkerSocketFunc come,
                                 BelfryWorkerSocketFunc gone,
                                 gpointer user_data);
void belfry_worker_socket_stop (BelfryWorkerSocket *self);

G_END_DECLS
