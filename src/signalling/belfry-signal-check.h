/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-json-private.h"

G_BEGIN_DECLS

/* What one side may tell the other: one of three kinds, as the browser made it, within bounds. */
typedef struct
{
  const char *kind; /* description, candidate or message */
  BelfryJsonValue value;
} BelfrySignal;

const char *belfry_signal_read (const BelfryJsonValue *data, BelfrySignal *signal);

G_END_DECLS
