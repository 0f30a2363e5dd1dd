#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the page's texts.json: what the translations have of the strings in its scripts.

make-texts.py OUTPUT SCRIPT… -- TRANSLATION.po…

    {"de": {"plurals": "1011…", "texts": {"Inbox": ["Eingang"], …}}, …}

A string of `texts` has one form, or as many as the language has plurals. `plurals` says which for
each number below 200, so that no formula has to be evaluated in the browser.
"""

import gettext
import json
import os
import re
import struct
import subprocess
import sys

N_TOLD = 200


def run(*arguments, data=None):
    return subprocess.run(arguments, input=data, stdout=subprocess.PIPE, check=True).stdout


def read_messages(mo):
    """What a compiled translation has: (string, its forms), the header first."""
    _, _, n, originals, translations = struct.unpack("<5I", mo[:20])
    for i in range(n):
        texts = []
        for table in originals, translations:
            length, offset = struct.unpack_from("<2I", mo, table + 8 * i)
            texts.append(mo[offset:offset + length].decode().split("\0"))
        yield texts[0][0], texts[1]


def table_of(header):
    formula = re.search(r"plural=(.*?);", header).group(1)
    form = gettext.c2py(formula)

    def told(n):
        return form(n if n < N_TOLD else 100 + n % 100)
    assert all(form(n) == told(n) for n in range(10000)), formula
    return "".join(str(form(n)) for n in range(N_TOLD))


def translate(template, path):
    # Only what the page has, and nothing that is fuzzy.
    merged = run("msgmerge", "--quiet", "--no-fuzzy-matching", "--output-file=-", path, "-",
                 data=template)
    mo = run("msgfmt", "--output-file=-", "--endianness=little", "-", data=merged)
    messages = dict(read_messages(mo))
    header = messages.pop("")[0]
    return {"plurals": table_of(header), "texts": messages}


def main():
    output, *arguments = sys.argv[1:]
    at = arguments.index("--")
    template = run("xgettext", "--language=JavaScript", "--from-code=UTF-8", "--output=-",
                   *arguments[:at]).replace(b"charset=CHARSET", b"charset=UTF-8")
    languages = {}
    for path in arguments[at + 1:]:
        name = os.path.splitext(os.path.basename(path))[0]
        languages[name.replace("_", "-")] = translate(template, path)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(languages, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


main()
