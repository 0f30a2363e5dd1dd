/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "belfry-macros.h"

G_BEGIN_DECLS

/* The strict reader of untrusted JSON (RFC 8259). belfry_json_scan() looks at every byte once and
 * allocates nothing; what it has accepted can be walked with the iterator, spliced into a frame
 * byte for byte, or given to json-glib, which on its own accepts far more than JSON. */

/* How deep the data of a notification or message may nest, counting the outer object. */
#define BELFRY_JSON_MAX_DEPTH 32

typedef enum
{
  BELFRY_JSON_NULL,
  BELFRY_JSON_BOOLEAN,
  BELFRY_JSON_NUMBER,
  BELFRY_JSON_STRING,
  BELFRY_JSON_ARRAY,
  BELFRY_JSON_OBJECT,
} BelfryJsonKind;

/* A value inside a scanned text: its bytes from the first to the last, without the white space
 * around them. It borrows the text. */
typedef struct
{
  const char *text;
  gsize length;
  BelfryJsonKind kind;
} BelfryJsonValue;

typedef struct
{
  const char *next;
  const char *end;
} BelfryJsonIter;

BELFRY_API
gboolean belfry_json_scan (const char *text,
                           gssize length,
                           guint max_depth,
                           BelfryJsonValue *object,
                           GError **error);

BELFRY_API
gboolean belfry_json_scan_claims (const char *text, gssize length, GError **error);

BELFRY_API
void belfry_json_iter_init (BelfryJsonIter *iter, const BelfryJsonValue *container);

BELFRY_API
gboolean belfry_json_iter_next (BelfryJsonIter *iter, BelfryJsonValue *key, BelfryJsonValue *value);

BELFRY_API
gboolean
belfry_json_lookup (const BelfryJsonValue *object, const char *name, BelfryJsonValue *value);

BELFRY_API
gboolean belfry_json_value_equals (const BelfryJsonValue *value, const char *string);

BELFRY_API
gboolean belfry_json_value_get_int64 (const BelfryJsonValue *value, gint64 *number);

BELFRY_API
gboolean belfry_json_value_get_boolean (const BelfryJsonValue *value, gboolean *truth);

BELFRY_API
char *belfry_json_value_dup_string (const BelfryJsonValue *value);

BELFRY_API
void belfry_json_append_string (GString *json, const char *string);

BELFRY_API
void belfry_json_append_int (GString *json, gint64 number);

BELFRY_API
void belfry_json_append_time (GString *json, gint64 microseconds);

G_END_DECLS
