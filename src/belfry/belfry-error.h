/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

/**
 * BELFRY_ERROR:
 *
 * The error domain of Belfry, on both sides of the bus. See [error@Belfry.Error].
 *
 * Since: 0.1
 */
#define BELFRY_ERROR (belfry_error_quark ())

/**
 * BelfryError:
 * @BELFRY_ERROR_INVALID_ARGS: an argument has a wrong type or value. The message names the
 *   argument, what was wrong and what would be right. D-Bus: `org.belfry.Belfry1.Error.InvalidArgs`
 * @BELFRY_ERROR_TOO_LARGE: an argument is well-formed but over a limit, which the message names.
 *   D-Bus: `org.belfry.Belfry1.Error.TooLarge`
 * @BELFRY_ERROR_NOT_FOUND: no such notification, session or request.
 *   D-Bus: `org.belfry.Belfry1.Error.NotFound`
 * @BELFRY_ERROR_EXISTS: somebody else has it already. D-Bus: `org.belfry.Belfry1.Error.Exists`
 * @BELFRY_ERROR_BUSY: too much is waiting, or the database is locked; try again later.
 *   D-Bus: `org.belfry.Belfry1.Error.Busy`
 * @BELFRY_ERROR_STORAGE: the database refused; nothing was stored.
 *   D-Bus: `org.belfry.Belfry1.Error.Storage`
 *
 * What Belfry refuses, and why. An error crosses the bus with its code and message intact.
 *
 * Since: 0.1
 */
typedef enum
{
  BELFRY_ERROR_INVALID_ARGS,
  BELFRY_ERROR_TOO_LARGE,
  BELFRY_ERROR_NOT_FOUND,
  BELFRY_ERROR_EXISTS,
  BELFRY_ERROR_BUSY,
  BELFRY_ERROR_STORAGE,
} BelfryError;

BELFRY_API
GQuark belfry_error_quark (void);

G_END_DECLS
