/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-error.h"

static const GDBusErrorEntry entries[] = {
  { BELFRY_ERROR_INVALID_ARGS, "org.belfry.Belfry1.Error.InvalidArgs" },
  { BELFRY_ERROR_TOO_LARGE, "org.belfry.Belfry1.Error.TooLarge" },
  { BELFRY_ERROR_NOT_FOUND, "org.belfry.Belfry1.Error.NotFound" },
  { BELFRY_ERROR_EXISTS, "org.belfry.Belfry1.Error.Exists" },
  { BELFRY_ERROR_BUSY, "org.belfry.Belfry1.Error.Busy" },
  { BELFRY_ERROR_STORAGE, "org.belfry.Belfry1.Error.Storage" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == BELFRY_ERROR_STORAGE + 1);

/**
 * belfry_error_quark:
 *
 * Registers the domain with GDBus at the first call, so that a remote error comes back as the
 * #GError it was.
 *
 * Returns: the quark of [error@Belfry.Error]
 *
 * Since: 0.1
 */
GQuark
belfry_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("belfry-error-quark", &quark, entries,
                                      G_N_ELEMENTS (entries));
  return (GQuark) quark;
}
