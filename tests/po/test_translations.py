#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees goes through gettext, and is there in every language."""

import glob
import html.parser
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.environ["SOURCE_ROOT"]
PO = os.path.join(ROOT, "po")

# A string that is marked: _("…"), N_ ("…"), ngettext ("…". Not what is defined or only named so.
MARKED = re.compile(r"""(?<![\w.])(?:_|N_|C_|NC_|ngettext|g_dngettext) ?\(\s*["'`]""")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*arguments, **kwargs):
    result = subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT,
                            env=dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C"), **kwargs)
    assert result.returncode == 0, f"{arguments}: {result.stderr}"
    return result.stdout


def lines(name):
    """The entries of a list in po/."""
    return [line for line in read(os.path.join(PO, name)).split("\n")
            if line and not line.startswith("#")]


class Text(html.parser.HTMLParser):
    """What a page says before a script runs."""

    SEEN = {"alt", "aria-label", "placeholder", "title"}

    def __init__(self, page):
        super().__init__()
        self.words = []
        self.feed(page)

    def handle_data(self, data):
        self.words += re.findall(r"[^\W\d_]+", data)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in self.SEEN:
                self.handle_data(value or "")


class Translations(unittest.TestCase):
    maxDiff = None

    def template(self):
        """All that is to be translated."""
        return run("xgettext", "--from-code=UTF-8", "--keyword=_", "--keyword=N_",
                   "--keyword=C_:1c,2", "--keyword=NC_:1c,2", "--keyword=g_dngettext:2,3",
                   "--output=-", *lines("POTFILES.in")).replace("charset=CHARSET", "charset=UTF-8")

    def languages(self):
        names = lines("LINGUAS")
        self.assertLessEqual({"de", "es", "fr", "ja", "zh_CN"}, set(names))
        return names

    def test_every_source_with_marked_strings_is_listed_and_no_other(self):
        sources = run("git", "ls-files", "--cached", "--others", "--exclude-standard",
                      "src/*.c", "src/*.js", "src/*.in").split()
        self.assertGreater(len(sources), 50)
        marked = {path for path in sources
                  if os.path.exists(os.path.join(ROOT, path))
                  and MARKED.search(read(os.path.join(ROOT, path)))}
        self.assertEqual(marked, {path for path in lines("POTFILES.in")
                                  if path.startswith("src/")})
        for path in lines("POTFILES.in"):
            self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)

    def test_no_message_ends_where_a_macro_stands(self):
        # xgettext takes "%" G_GINT64_FORMAT " items" for "%", which no translation ever meets.
        messages = re.findall(r'^(?:msgid(?:_plural)? )?"(.*)"$', self.template(), re.MULTILINE)
        self.assertGreater(len(messages), 100)
        self.assertEqual([message for message in messages if message.endswith("%")], [])

    def test_every_language_is_listed(self):
        files = glob.glob(os.path.join(PO, "*.po"))
        self.assertEqual({os.path.basename(path) for path in files},
                         {name + ".po" for name in self.languages()})

    def test_formats_and_headers_agree(self):
        for name in self.languages():
            run("msgfmt", "--check", "--output-file=/dev/null", f"po/{name}.po")

    def test_nothing_is_missing_fuzzy_or_left_over(self):
        template = self.template()
        for name in self.languages():
            with tempfile.NamedTemporaryFile("w+", suffix=".po") as merged:
                merged.write(run("msgmerge", "--quiet", f"po/{name}.po", "-", input=template))
                merged.flush()
                for fault in "untranslated", "only-fuzzy", "only-obsolete":
                    left = run("msgattrib", "--" + fault, "--no-wrap", merged.name)
                    left = re.findall(r'^(?:#~ )?msgid "(.+)"$', left, re.MULTILINE)
                    self.assertEqual(left, [], f"{name}: {fault}")

    def test_the_page_says_nothing_that_its_scripts_do_not_say(self):
        page = read(os.path.join(ROOT, "src/browser/demo/index.html"))
        self.assertEqual(set(Text(page).words), {"Belfry"})


if __name__ == "__main__":
    unittest.main()
