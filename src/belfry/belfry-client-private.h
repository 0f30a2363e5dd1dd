/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client.h"

G_BEGIN_DECLS

#define BELFRY_CLIENT_NOTIFICATIONS "org.belfry.Belfry1.Notifications"

/* One method of the bus interface. Its address also tags the tasks that call it. */
typedef struct
{
  const char *interface;
  const char *name;
  const char *reply_type;
  int timeout; /* ms; 0 for the default of GDBus, 25 seconds */
} BelfryClientMethod;

void belfry_client_call_async (BelfryClient *self,
                               const BelfryClientMethod *method,
                               GVariant *parameters,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

GVariant *belfry_client_call_finish (BelfryClient *self,
                                     const BelfryClientMethod *method,
                                     GAsyncResult *result,
                                     GError **error);

GVariant *belfry_client_call_sync (BelfryClient *self,
                                   const BelfryClientMethod *method,
                                   GVariant *parameters,
                                   GCancellable *cancellable,
                                   GError **error);

GVariant *belfry_client_dictionary (GVariant *options);

gint64 belfry_client_take_number (GVariant *reply);

G_END_DECLS
