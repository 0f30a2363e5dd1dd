/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-client.h"

/* A client on a private bus, and a service that keeps each call until the test answers it. GDBus
 * checks the calls against the published interfaces before the service sees them. */
typedef struct
{
  GTestDBus *bus;
  GDBusConnection *service;
  BelfryClient *client;
  GDBusConnection *peer; /* the service's end of the socket */
  GPtrArray *calls;      /* of GDBusMethodInvocation, those that are not answered */
  GPtrArray *results;    /* of GAsyncResult, those that the client has ended */
} Fixture;

void fixture_on_result (GObject *source, GAsyncResult *result, gpointer user_data);

void fixture_wait_for_calls (Fixture *fixture, guint n);

void fixture_wait_for_results (Fixture *fixture, guint n);

void fixture_sync_with_service (Fixture *fixture);

GDBusMethodInvocation *fixture_take_call (Fixture *fixture);

void fixture_answer (Fixture *fixture, const char *reply);

void fixture_answer_id (Fixture *fixture, guint64 id);

GAsyncResult *fixture_take_result (Fixture *fixture);

const char *fixture_get_data (Fixture *fixture, guint i);

void
fixture_export (Fixture *fixture, GDBusConnection *connection, const GDBusInterfaceInfo *interface);

void fixture_take_name (Fixture *fixture);

void fixture_release_name (Fixture *fixture);

void fixture_connect_service (Fixture *fixture);

void fixture_kill_service (Fixture *fixture);

void fixture_start_service (Fixture *fixture);

void fixture_set_up (Fixture *fixture, gconstpointer data);

void fixture_tear_down (Fixture *fixture, gconstpointer data);

void fixture_create (Fixture *fixture, guint n, GCancellable *cancellable);

void fixture_assert_created (Fixture *fixture, gint64 id);

GAsyncResult *
fixture_serve (Fixture *fixture, const char *method, const char *parameters, const char *reply);

#define CLIENT_TEST(name, function) \
  g_test_add (name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
