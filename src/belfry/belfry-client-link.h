/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A client's way to Belfry: a connection of its own, and whether Belfry is at the other end.
 *
 * It is used in one thread only, which all clients of the process share. So a connection is made,
 * and made again, whether or not the program runs a main loop. */
typedef struct _BelfryClientLink BelfryClientLink;

typedef struct
{
  void (*came) (gpointer user_data);                        /* Belfry can be called from now on */
  void (*connected) (gpointer user_data);                   /* whether it has come or not */
  void (*went) (gpointer user_data);                        /* it cannot be called any more */
  void (*failed) (const GError *error, gpointer user_data); /* it was looked for in vain */
  void (*received) (const char *signal, GVariant *parameters, gpointer user_data);
} BelfryClientLinkFuncs;

GMainContext *belfry_client_link_get_context (void);

BelfryClientLink *
belfry_client_link_new (const char *bus, const BelfryClientLinkFuncs *funcs, gpointer user_data);

void belfry_client_link_close (BelfryClientLink *self);

void belfry_client_link_look (BelfryClientLink *self);

void belfry_client_link_set_wanted (BelfryClientLink *self, gboolean wanted);

void belfry_client_link_set_answered (BelfryClientLink *self);

gboolean belfry_client_link_is_up (BelfryClientLink *self);

GDBusConnection *belfry_client_link_get_connection (BelfryClientLink *self);

void belfry_client_link_call (BelfryClientLink *self,
                              const char *interface,
                              const char *method,
                              GVariant *parameters,
                              const char *reply_type,
                              int timeout,
                              GAsyncReadyCallback callback,
                              gpointer user_data);

GSource *belfry_client_link_add_timeout (guint milliseconds, GSourceFunc func, gpointer user_data);

guint belfry_client_link_next_delay (guint *delay);

G_END_DECLS
