#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds what is public and not documented, in the GIRs that are named.

check-reference.py GIR…

Each type, function, method, property, signal, enum value, parameter and return value has to have a
description of its own, and each symbol has to say since when it is there.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

TYPES = {CORE + name for name in (
    "alias", "bitfield", "callback", "class", "constant", "enumeration", "interface", "record",
    "union")}
CALLABLES = {CORE + name for name in (
    "callback", "constructor", "function", "method", "virtual-method")} | {GLIB + "signal"}
# What enum values and fields belong to says since when they are there.
PARTS = {CORE + "member", CORE + "field"}
SYMBOLS = TYPES | CALLABLES | {CORE + "property"}

# Structures that only C sees, and what it casts with.
HIDDEN = re.compile(r"(Class|Interface|Private)$")


def name_of(path, element):
    own = element.get(C + "identifier") or element.get("name") or ""
    return " ".join([*path, own]).strip()


def has_doc(element):
    doc = element.find(CORE + "doc")
    return doc is not None and doc.text and doc.text.strip()


def check_callable(element, name):
    returned = element.find(CORE + "return-value")
    if returned is not None and not has_doc(returned):
        kind = returned.find(CORE + "type")
        if kind is None or kind.get("name") != "none":
            yield f"{name}: what it returns is not documented"
    for parameter in element.findall(f"{CORE}parameters/*"):
        if not has_doc(parameter):
            yield f"{name}: the parameter {parameter.get('name')} is not documented"


def check(element, path=()):
    for child in element:
        if child.tag not in SYMBOLS | PARTS:
            continue
        if child.get("introspectable") == "0" or child.get("shadowed-by"):
            if child.tag not in CALLABLES:
                continue
        if child.tag == CORE + "record" and (
                HIDDEN.search(child.get("name")) or child.get("disguised") == "1"):
            continue
        if child.tag == CORE + "field" and (
                child.get("private") == "1" or child.get("readable") == "0"
                or element.tag == CORE + "class"):
            continue
        name = name_of(path, child)
        invoker = child.tag == CORE + "virtual-method" and child.get("invoker")
        if not has_doc(child) and not invoker:
            yield f"{name}: it is not documented"
        if child.tag in SYMBOLS and not child.get("version") and not invoker:
            yield f"{name}: it does not say since when it is there"
        if child.tag in CALLABLES and not invoker:
            yield from check_callable(child, name)
        yield from check(child, (*path, child.get("name")))


def main():
    faults = []
    for path in sys.argv[1:]:
        namespace = ElementTree.parse(path).getroot().find(CORE + "namespace")
        n_symbols = sum(element.tag in SYMBOLS for element in namespace.iter())
        assert n_symbols > 20, f"{path}: only {n_symbols} symbols"
        faults += [f"{os.path.basename(path)}: {fault}" for fault in check(namespace)]
    if faults:
        sys.exit("\n".join(faults))


main()
