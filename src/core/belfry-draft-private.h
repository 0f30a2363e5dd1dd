/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "belfry-draft.h"

G_BEGIN_DECLS

BelfryDraft *belfry_draft_new_within (const char *user_id,
                                      const char *data,
                                      gsize max_data,
                                      GVariant *options,
                                      GError **error);

G_END_DECLS
