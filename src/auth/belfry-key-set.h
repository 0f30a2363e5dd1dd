/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-token-json-check.h"

G_BEGIN_DECLS

/* The keys that tokens may be signed with. It does not change, and threads share it. */
typedef struct _BelfryKeySet BelfryKeySet;

BelfryKeySet *
belfry_key_set_new (GBytes *secret, const char *jwks, BelfryTokenJsonCheck check, GError **error);
BelfryKeySet *belfry_key_set_ref (BelfryKeySet *self);
void belfry_key_set_unref (BelfryKeySet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BelfryKeySet, belfry_key_set_unref)

G_END_DECLS
