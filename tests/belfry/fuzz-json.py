#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the scanner with Python's json, on texts that are made and then damaged at random.

Usage: fuzz-json.py SCANNER [SEED [COUNT]]. The same seed makes the same texts.
"""

import json
import random
import struct
import subprocess
import sys

MAX_DEPTH = 32
REFUSED = 0xFFFFFFFF

SPACES = [b" ", b"\t", b"\n", b"\r", b"  "]
NUMBERS = [b"0", b"-0", b"1", b"-1", b"10", b"1.5", b"-0.25", b"1e5", b"1E-2", b"0e+1", b"1.0e00",
           b"1e400", b"9007199254740993", b"-9223372036854775809", b"1" * 60]
LITERALS = [b"true", b"false", b"null"]
# What stands in a string.
PIECES = [b"a", b"sub", b"/", b"'", b"{", b"]", b",", b":", b"\\\"", b"\\\\", b"\\/", b"\\b",
          b"\\f", b"\\n", b"\\r", b"\\t", b"\\u0041", b"\\u00e9", b"\\u0001", b"\\ud83d\\udd14",
          b"\\uD83D", b"\\udd14", b"\x7f", "é".encode(), "€".encode(), "🔔".encode(),
          b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]
# What is put into a text to damage it, or not.
DAMAGE = [b"", b"\0", b"\x01", b"\x1f", b"\x0b", b"\x0c", b"\x80", b"\xbf", b"\xc0\x80", b"\xc1",
          b"\xc2", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
          b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5",
          b"\xf8\x88\x80\x80\x80", b"\xff", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xa8",
          b"\\", b"\\u", b"\\u00", b"\\u0000", b"\\q", b"\\x41", b"\"", b"'", b"{", b"}", b"[",
          b"]", b",", b":", b";", b"/**/", b"//", b"#", b"0", b"1", b"-", b"+", b".", b"e", b"E",
          b"00", b"0x", b"NaN", b"Infinity", b"-Infinity", b"tru", b"nulls", b"{}", b"[]", b"\"\"",
          b"\"a\":1,", *SPACES, *NUMBERS, *LITERALS, *PIECES]


class Maker:
    """Makes texts."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def space(self):
        return self.random.choice(SPACES) if self.random.random() < 0.1 else b""

    def string(self):
        return b'"' + b"".join(self.random.choices(PIECES, k=self.random.randrange(4))) + b'"'

    def members(self, depth, with_names):
        members = []
        for _ in range(self.random.randrange(4)):
            name = self.space() + self.string() + self.space() + b":" if with_names else b""
            members.append(name + self.space() + self.value(depth - 1) + self.space())
        return b",".join(members)

    def value(self, depth):
        kind = self.random.randrange(6)
        if kind < 2 and depth > 0:
            return (b"{" + self.members(depth, True) + b"}" if kind == 0
                    else b"[" + self.members(depth, False) + b"]")
        if kind < 4:
            return self.string()
        return self.random.choice(NUMBERS if kind == 4 else LITERALS)

    def object(self):
        value = b"{" + self.members(4, True) + b"}"
        if self.random.random() < 0.1:
            for _ in range(self.random.randrange(MAX_DEPTH + 2)):
                value = (b"[" + value + b"]" if self.random.random() < 0.5
                         else b"{" + self.string() + b":" + value + b"}")
            value = b'{"":' + value + b"}"
        return self.space() + value + self.space()

    def damaged(self):
        text = bytearray(self.object())
        for _ in range(self.random.randrange(1, 4)):
            start = self.random.randrange(len(text) + 1)
            end = min(len(text), start + self.random.choice((0, 0, 1, 1, 2, 5)))
            kind = self.random.randrange(10)
            if kind < 6:
                text[start:end] = self.random.choice(DAMAGE)
            elif kind < 7:
                text[start:end] = bytes([self.random.randrange(256)])
            elif kind < 8:
                text[start:end] *= 2
            elif kind < 9:
                del text[start:end]
            else:
                del text[start:]
        return bytes(text)


class Pairs(list):
    """The members of an object, those with the same name included."""


def refuse_constant(name):
    raise ValueError(name)


DECODER = {
    "object_pairs_hook": Pairs,
    "parse_int": lambda text: ("number", text),
    "parse_float": lambda text: ("number", text),
    "parse_constant": refuse_constant,
}


def depth_of(value):
    if isinstance(value, Pairs):
        return 1 + max((depth_of(v) for _, v in value), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(v) for v in value), default=0)
    return 0


def has_nul(value):
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, (list, tuple)):
        return any(has_nul(v) for v in value)
    return False


def good_names(pairs):
    names = [name for name, _ in pairs]
    return len(set(names)) == len(names) and not any(
        0xD800 <= ord(c) <= 0xDFFF for name in names for c in name)


def parse(text, claims=False):
    """What Python sees in the text, or None if it should be refused."""
    try:
        value = json.loads(text.decode("utf-8"), **DECODER)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Pairs) or depth_of(value) > MAX_DEPTH:
        return None
    if claims and (has_nul(value) or not good_names(value)):
        return None
    return value


def scan(scanner, texts, *arguments):
    """What the scanner walked through of each, or None where it refused."""
    request = b"".join(struct.pack("=I", len(text)) + text for text in texts)
    answer = subprocess.run([scanner, *arguments], input=request, stdout=subprocess.PIPE,
                            check=True).stdout
    walked = []
    offset = 0
    while offset < len(answer):
        length, = struct.unpack_from("=I", answer, offset)
        offset += 4
        if length == REFUSED:
            walked.append(None)
        else:
            walked.append(answer[offset:offset + length])
            offset += length
    assert len(walked) == len(texts), f"{len(walked)} answers to {len(texts)} texts"
    return walked


def compare(scanner, texts, *arguments):
    """Gives the differences, and how many were accepted."""
    differences = []
    accepted = 0
    for text, walked in zip(texts, scan(scanner, texts, *arguments)):
        expected = parse(text, "claims" in arguments)
        if walked is not None:
            accepted += 1
        if expected is None and walked is not None:
            differences.append(f"accepted {text}")
        elif expected is not None and walked is None:
            differences.append(f"refused {text}")
        elif expected is not None and parse(walked) != expected:
            differences.append(f"read {text} as {walked}")
    return differences, accepted


def main():
    scanner = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 8259
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
    maker = Maker(seed)
    whole = [maker.object() for _ in range(count)]
    damaged = [maker.damaged() for _ in range(2 * count)]
    runs = [
        ("what-is-made-by-the-grammar", whole, []),
        ("what-is-made-by-the-grammar-as-claims", whole, ["claims"]),
        ("what-was-damaged", damaged, []),
        ("what-was-damaged-as-claims", damaged, ["claims"]),
    ]
    failed = False
    print(f"1..{len(runs)}")
    for number, (name, texts, arguments) in enumerate(runs, 1):
        differences, accepted = compare(scanner, texts, *arguments)
        # A comparison in which all go the same way shows nothing.
        good = not differences and len(texts) // 20 < accepted < len(texts)
        print(f"{'ok' if good else 'not ok'} {number} /fuzz-json/{name}")
        print(f"# {accepted} of {len(texts)} accepted, seed {seed}")
        for difference in differences[:20]:
            print(f"# {difference}")
        failed |= not good
    sys.exit(failed)


if __name__ == "__main__":
    main()
