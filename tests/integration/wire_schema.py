# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON Schemas of the wire protocol, to hold the daemon against them."""

import functools
import json
import os
import pathlib

import jsonschema

FOLDER = pathlib.Path(os.environ["BELFRY_SCHEMAS"])

# The requests whose replies are Belfry's own.
REPLIES = tuple(json.loads((FOLDER / "replies.schema.json").read_text())["$defs"])
CALLS = json.loads((FOLDER / "signalling.schema.json").read_text())["$defs"]


@functools.cache
def _validator(reference):
    """What a reference such as server.schema.json#/$defs/error describes."""
    resolver = jsonschema.RefResolver(FOLDER.as_uri() + "/", {})
    return jsonschema.Draft202012Validator({"$ref": reference}, resolver=resolver)


def check_server_frame(frame, request_type=None):
    """Fails if it is no frame of the protocol. request_type: what it replies to, if known."""
    _validator("server.schema.json").validate(frame)
    if frame["type"] == "reply" and request_type in REPLIES:
        _validator("replies.schema.json#/$defs/" + request_type).validate(frame["data"])
    if frame["type"] in CALLS["server"]["$defs"]:
        _validate_call("server", frame["type"], frame["data"])
    if frame["type"] == "reply" and request_type in CALLS["reply"]["$defs"]:
        _validate_call("reply", request_type, frame["data"])


def _validate_call(side, type, data):
    _validator(f"signalling.schema.json#/$defs/{side}/$defs/{type}").validate(data)


def is_client_frame(frame):
    return _validator("client.schema.json").is_valid(frame)
