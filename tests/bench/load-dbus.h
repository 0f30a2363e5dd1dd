/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "load-run.h"

/* A worker of Belfry, which calls it over D-Bus: one socket, one send for a call, and no thread
 * between, as thin as a worker in C with libdbus or sd-bus is. */
typedef struct _LoadDBus LoadDBus;

LoadDBus *load_dbus_open (LoadRun *run, const char *address, gboolean is_bus);
void load_dbus_close (LoadDBus *self);
void load_dbus_make_calls (LoadDBus *self);
