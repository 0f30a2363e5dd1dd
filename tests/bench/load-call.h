/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "load-run.h"

/* The calls of Belfry's that a run makes, as D-Bus messages. */

GByteArray *load_call_new_header (LoadRun *run, const char *destination);
void load_call_append_body (LoadRun *run, guint first, GByteArray *message);
