/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-signal-check.h"

#define DESCRIPTION_MAX 32768 /* bytes of JSON, as the others */
#define CANDIDATE_MAX   4096
#define MESSAGE_MAX     4096

static gboolean
has_string (const BelfryJsonValue *object, const char *name)
{
  BelfryJsonValue value;

  return belfry_json_lookup (object, name, &value) && value.kind == BELFRY_JSON_STRING;
}

static const char *
check_description (const BelfryJsonValue *value)
{
  static const char *const types[] = { "offer", "answer", "pranswer", "rollback" };
  BelfryJsonValue type;

  if (value->kind != BELFRY_JSON_OBJECT || value->length > DESCRIPTION_MAX)
    return "description: expected an object of at most " G_STRINGIFY (DESCRIPTION_MAX) " bytes";
  if (!belfry_json_lookup (value, "type", &type))
    return "description: type: it is missing";
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (belfry_json_value_equals (&type, types[i]))
      {
        if (i < 3 && !has_string (value, "sdp"))
          return "description: sdp: expected a string";
        return NULL;
      }
  return "description: type: expected offer, answer, pranswer or rollback";
}

/* null says that there are no more. */
static const char *
check_candidate (const BelfryJsonValue *value)
{
  if (value->kind == BELFRY_JSON_NULL)
    return NULL;
  if (value->kind != BELFRY_JSON_OBJECT || value->length > CANDIDATE_MAX)
    return "candidate: expected an object of at most " G_STRINGIFY (
        CANDIDATE_MAX) " bytes, or null";
  if (!has_string (value, "candidate"))
    return "candidate: candidate: expected a string";
  return NULL;
}

static const char *
check_message (const BelfryJsonValue *value)
{
  if (value->kind != BELFRY_JSON_OBJECT || value->length > MESSAGE_MAX)
    return "message: expected an object of at most " G_STRINGIFY (MESSAGE_MAX) " bytes";
  return NULL;
}

/* Returns: (nullable): what is wrong with it, or NULL with @signal set, which borrows @data */
const char *
belfry_signal_read (const BelfryJsonValue *data, BelfrySignal *signal)
{
  static const struct
  {
    const char *kind;
    const char *(*check) (const BelfryJsonValue *value);
  } kinds[] = {
    { "description", check_description },
    { "candidate", check_candidate },
    { "message", check_message },
  };
  const char *fault = NULL;
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      BelfryJsonValue value;

      if (!belfry_json_lookup (data, kinds[i].kind, &value))
        continue;
      signal->kind = kinds[i].kind;
      signal->value = value;
      fault = kinds[i].check (&value);
      n++;
    }
  if (n != 1)
    return "expected one of description, candidate and message";
  return fault;
}
