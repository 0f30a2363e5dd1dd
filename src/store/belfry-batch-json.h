/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Builds the JSON arrays by which a whole batch is bound as one parameter: [1,2,3] or
 * [[1,"a",null],…]. */
GString *belfry_batch_json_new (void);
void belfry_batch_json_begin_row (GString *json);
void belfry_batch_json_end_row (GString *json);
void belfry_batch_json_add_int (GString *json, gint64 number);
void belfry_batch_json_add_text (GString *json, const char *text);
void belfry_batch_json_add_null (GString *json);
const char *belfry_batch_json_end (GString *json);

G_END_DECLS
