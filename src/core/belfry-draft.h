/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

#define BELFRY_TYPE_DRAFT (belfry_draft_get_type ())

BELFRY_API
G_DECLARE_FINAL_TYPE (BelfryDraft, belfry_draft, BELFRY, DRAFT, GObject)

BELFRY_API
BelfryDraft *
belfry_draft_new (const char *user_id, const char *data, GVariant *options, GError **error);

BELFRY_API
const char *belfry_draft_get_user_id (BelfryDraft *self);
BELFRY_API
const char *belfry_draft_get_data (BelfryDraft *self);
BELFRY_API
const char *belfry_draft_get_idempotency_key (BelfryDraft *self);
BELFRY_API
const char *belfry_draft_get_tag (BelfryDraft *self);
BELFRY_API
gint64 belfry_draft_get_expires (BelfryDraft *self);

G_END_DECLS
