/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-frame-parser.h"

#include <string.h>

#include "belfry-argument.h"
#include "belfry-json-private.h"

#define ID_MAX 64 /* bytes of text */

/* The data of a frame nests as deep as that of a notification, and stands in an object. */
#define FRAME_MAX_DEPTH (BELFRY_JSON_MAX_DEPTH + 1)

/* The members of a frame. */
typedef struct
{
  BelfryJsonValue frame;
  BelfryJsonValue data;
  gboolean has_data;
} Envelope;

BelfryClientFrame *
belfry_frame_parser_fault (const char *code, const char *text)
{
  BelfryClientFrame *frame = g_new0 (BelfryClientFrame, 1);

  frame->kind = BELFRY_CLIENT_FRAME_FAULT;
  frame->code = code;
  frame->text = g_strdup (text);
  return frame;
}

/* Turns @frame into a fault. */
static BelfryClientFrame *
refuse (BelfryClientFrame *frame, const char *code, const char *text)
{
  frame->kind = BELFRY_CLIENT_FRAME_FAULT;
  frame->code = code;
  g_free (frame->text);
  frame->text = g_strdup (text);
  return frame;
}

static BelfryClientFrame *
invalid (BelfryClientFrame *frame, const char *text)
{
  return refuse (frame, "INVALID_MESSAGE", text);
}

/* Reads the id as the client wrote it: it is given back the same way. */
static gboolean
read_id (const Envelope *envelope, BelfryClientFrame *frame)
{
  BelfryJsonValue id;
  gint64 number;

  if (!belfry_json_lookup (&envelope->frame, "id", &id))
    return TRUE;
  if (id.kind == BELFRY_JSON_STRING)
    {
      g_autofree char *text = belfry_json_value_dup_string (&id);

      if (text == NULL || strlen (text) > ID_MAX)
        return FALSE;
    }
  else if (!belfry_json_value_get_int64 (&id, &number))
    return FALSE;
  frame->id_json = g_strndup (id.text, id.length);
  return TRUE;
}

/* Looks in the data first, then beside it, where QuickDapp's frontends put the token. */
static gboolean
lookup_field (const Envelope *envelope, const char *name, BelfryJsonValue *value)
{
  return (envelope->has_data && belfry_json_lookup (&envelope->data, name, value))
         || belfry_json_lookup (&envelope->frame, name, value);
}

static BelfryClientFrame *
parse_register (const Envelope *envelope, BelfryClientFrame *frame, char **token)
{
  BelfryJsonValue value;

  frame->kind = BELFRY_CLIENT_FRAME_REGISTER;
  if (lookup_field (envelope, "since", &value))
    {
      if (!belfry_json_value_get_int64 (&value, &frame->since) || frame->since < 0
          || frame->since > BELFRY_POSITION_MAX)
        return invalid (frame, "since: expected an integer from 0 to 9007199254740991");
      frame->resume = TRUE;
    }
  if (lookup_field (envelope, "epoch", &value))
    {
      frame->epoch = belfry_json_value_dup_string (&value);
      if (frame->epoch == NULL)
        return invalid (frame, "epoch: expected a string");
    }
  if (!lookup_field (envelope, "jwtToken", &value) || value.kind == BELFRY_JSON_NULL)
    return refuse (frame, "NOT_REGISTERED", "jwtToken: without a token nobody is registered");
  if (value.kind != BELFRY_JSON_STRING)
    return invalid (frame, "jwtToken: expected a string");
  /* One that cannot be text in C is none that could be valid. */
  *token = belfry_json_value_dup_string (&value);
  if (*token == NULL)
    *token = g_strdup ("");
  return frame;
}

static BelfryClientFrame *
parse_object (const Envelope *envelope, BelfryClientFrame *frame, char **token)
{
  BelfryJsonValue type;

  if (!read_id (envelope, frame))
    return invalid (frame, "id: expected a string of at most 64 bytes, or an integer");
  if (!belfry_json_lookup (&envelope->frame, "type", &type) || type.kind != BELFRY_JSON_STRING)
    return invalid (frame, "type: expected a string");
  if (envelope->has_data && envelope->data.kind != BELFRY_JSON_OBJECT)
    return invalid (frame, "data: expected an object");

  if (belfry_json_value_equals (&type, "register"))
    return parse_register (envelope, frame, token);
  if (belfry_json_value_equals (&type, "ping"))
    {
      frame->kind = BELFRY_CLIENT_FRAME_PING;
      return frame;
    }

  frame->kind = BELFRY_CLIENT_FRAME_MESSAGE;
  frame->type = belfry_json_value_dup_string (&type);
  if (frame->type == NULL || !belfry_argument_check_type (frame->type, NULL))
    return refuse (frame, "UNKNOWN_TYPE", "Nobody handles messages of this type");
  frame->data =
      envelope->has_data ? g_strndup (envelope->data.text, envelope->data.length) : g_strdup ("{}");
  return frame;
}

/* Parses what a client sent: UTF-8 text of @length bytes.
 *
 * Returns: (transfer full): the frame, a fault if it is not understood */
BelfryClientFrame *
belfry_frame_parser_parse (const char *text, gsize length, char **token)
{
  g_autoptr (GError) error = NULL;
  BelfryClientFrame *frame = g_new0 (BelfryClientFrame, 1);
  Envelope envelope = { 0 };

  *token = NULL;
  if (!belfry_json_scan (text, (gssize) length, FRAME_MAX_DEPTH, &envelope.frame, &error))
    return invalid (frame, error->message);
  envelope.has_data = belfry_json_lookup (&envelope.frame, "data", &envelope.data);
  return parse_object (&envelope, frame, token);
}
