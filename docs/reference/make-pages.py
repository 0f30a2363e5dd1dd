#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes content pages for gi-docgen of pages in docs/.

make-pages.py OUTPUT-FOLDER NAMESPACE=PAGE[,PAGE…]… NAMESPACE

Gives the pages of the last namespace a title, and points their links at where the reference has the
other pages. What lies elsewhere in the source tree is not installed: of such a link the text stays.
"""

import os
import re
import sys

DOCS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    output, *homes, namespace = sys.argv[1:]
    pages = {page: home.split("=")[0] for home in homes for page in home.split("=")[1].split(",")}

    def link(match):
        text, page, anchor = match.groups()
        if page not in pages:
            return text
        folder = "" if pages[page] == namespace else f"../{pages[page]}/"
        return f"[{text}]({folder}{page}.html{anchor or ''})"

    for page, home in pages.items():
        if home != namespace:
            continue
        with open(os.path.join(DOCS, page + ".md"), encoding="utf-8") as file:
            source = file.read()
        title, body = re.search(r"^# (.*?)\n(.*)", source, re.MULTILINE | re.DOTALL).groups()
        body = re.sub(r"!\[[^\]]*\]\([^)]*\)\n*", "", body)  # pictures
        body = re.sub(r"\[([^\]\n]*)\]\((?!https?:|#)([^)#]*?)(?:\.md)?(#[^)]*)?\)", link, body)
        with open(os.path.join(output, page + ".md"), "w", encoding="utf-8") as file:
            file.write(f"Title: {title}\n\n{body}")


main()
