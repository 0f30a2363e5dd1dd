/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-json-private.h"

G_BEGIN_DECLS

/* What an argument must look like, in one place for all the ways by which it can come in. Each
 * check names the argument, what is wrong with it and the limit. */

#define BELFRY_USER_ID_MAX      128          /* bytes */
#define BELFRY_KEY_MAX          128          /* bytes, of a tag or an idempotency key */
#define BELFRY_TYPE_MAX         64           /* bytes */
#define BELFRY_DATA_MAX         (128 * 1024) /* bytes, the highest limit that can be configured */
#define BELFRY_DATA_DEFAULT_MAX (64 * 1024)  /* bytes */
#define BELFRY_IDS_MAX          1000         /* in one call or frame */
#define BELFRY_EXPIRES_MAX      G_GINT64_CONSTANT (315360000) /* seconds, ten years */
#define BELFRY_POSITION_MAX     ((G_GINT64_CONSTANT (1) << 53) - 1)

gboolean belfry_argument_check_user_id (const char *user_id, GError **error);
gboolean belfry_argument_check_text (const char *name, const char *text, gsize max, GError **error);
gboolean belfry_argument_check_type (const char *type, GError **error);
gboolean
belfry_argument_check_data (const char *data, gsize max, BelfryJsonValue *object, GError **error);

gboolean belfry_argument_check_option (const char *argument,
                                       const char *name,
                                       GVariant *value,
                                       const GVariantType *expected,
                                       GError **error);
void belfry_argument_set_unknown_option (const char *argument,
                                         const char *name,
                                         const char *known,
                                         GError **error);

gboolean belfry_type_is_reserved (const char *type);

G_END_DECLS
