/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-bus-cost.h"

#include "belfry-argument.h"

/* How much work a call is, in rows, about: those that it names, or asks for, and a KiB counts as
 * one, too. What it says may be wrong still. */
guint
belfry_bus_cost (const char *name, GVariant *parameters)
{
  gsize cost = 1 + g_variant_get_size (parameters) / 1024;
  guint32 limit = 0;

  if (g_str_equal (name, "MarkAllRead") || g_str_equal (name, "RemoveAll"))
    cost += BELFRY_IDS_MAX;
  else if (g_str_equal (name, "List") || g_str_equal (name, "ListSessions"))
    limit = 100;
  for (gsize i = 0; i < g_variant_n_children (parameters); i++)
    {
      g_autoptr (GVariant) argument = g_variant_get_child_value (parameters, i);

      if (g_variant_is_of_type (argument, G_VARIANT_TYPE_VARDICT))
        g_variant_lookup (argument, "limit", "u", &limit);
      else if (g_variant_is_of_type (argument, G_VARIANT_TYPE_ARRAY))
        cost += g_variant_n_children (argument);
    }
  return (guint) MIN (cost + limit, G_MAXUINT16);
}
