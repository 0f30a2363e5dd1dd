# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OpenAPI document, to hold answers over HTTP against it."""

import functools
import json
import os
import pathlib
import re

import jsonschema

FILE = pathlib.Path(os.environ["BELFRY_SCHEMAS"]).parent / "http" / "openapi.json"
DOCUMENT = json.loads(FILE.read_text())
METHODS = ("get", "head", "post", "put", "delete", "options", "patch", "trace")


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            yield path, method, item[method]


def resolve(value):
    """Follows a reference within the document."""
    while "$ref" in value:
        assert value["$ref"].startswith("#/"), value
        target = DOCUMENT
        for name in value["$ref"][2:].split("/"):
            target = target[name]
        value = target
    return value


@functools.cache
def validator(pointer):
    resolver = jsonschema.RefResolver(FILE.as_uri(), DOCUMENT)
    return jsonschema.Draft202012Validator({"$ref": FILE.as_uri() + "#" + pointer},
                                           resolver=resolver)


def pointer_to(*names):
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def find(path):
    """The template that a path fits, of several the one without parameters."""
    found = [template for template in DOCUMENT["paths"]
             if re.fullmatch(re.sub(r"\{id\}", "[1-9][0-9]*", template), path)]
    return min(found, key=lambda template: template.count("{"), default=None)


def check(method, path, response):
    """Fails if the answer is none that the document describes. What the document does not know has
    to be refused."""
    template = find(path.split("?")[0])
    method = method.lower()
    if template is None or method not in DOCUMENT["paths"][template]:
        assert response.status in (403, 404) if template is None else (
            response.status in (204, 403, 404, 405)), (method, path, response.status)
        return
    described = DOCUMENT["paths"][template][method]["responses"]
    assert str(response.status) in described, f"{method} {path}: {response.status} is not described"
    answer = described[str(response.status)]
    names = ("paths", template, method, "responses", str(response.status))
    if "$ref" in answer:
        names = tuple(answer["$ref"][2:].split("/"))
        answer = resolve(answer)
    for name in answer.get("headers", {}):
        assert name.lower() in response.headers, f"{method} {path}: no {name}"
    if "content" not in answer or method == "head":
        assert not response.body, (method, path, response.body)
        return
    type = response.headers["content-type"]
    assert type in answer["content"], f"{method} {path}: {type} is not described"
    if type.endswith("json"):
        validator(pointer_to(*names, "content", type, "schema")).validate(json.loads(response.body))


def is_request(path, method, body):
    """Whether the document takes this as the body of a request."""
    return validator(pointer_to("paths", path, method, "requestBody", "content", "application/json",
                                "schema")).is_valid(body)
