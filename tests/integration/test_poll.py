#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The message type of docs/tutorial.md, whoever handles it: a server of one's own in each language,
or a worker. And what the tutorial shows is what is tested here."""

import os
import re
import shutil
import unittest

import belfry_test
from example_case import EXAMPLES, ExamplesTestCase, PageTestCase

SOURCE_ROOT = os.path.dirname(EXAMPLES)


class Poll:
    """Whoever handles the type, to a tab it is the same."""

    async def test_a_vote_is_answered_and_told_to_all(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        await alice.send(type="poll.vote", id=1, data={"choice": "tea"})
        for tab in alice, bob:
            result = await tab.receive("poll.result")
            self.assertEqual(result["data"], {"coffee": 0, "tea": 1})
        reply = await alice.receive("reply")
        self.assertEqual((reply["id"], reply["data"]), (1, {"coffee": 0, "tea": 1}))
        self.assertEqual(await bob.request("poll.vote", choice="coffee"), {"coffee": 1, "tea": 1})

    async def test_who_votes_again_has_changed_their_mind(self):
        tab = await self.open("alice")
        for choice, result in (("tea", {"coffee": 0, "tea": 1}), ("coffee", {"coffee": 1, "tea": 0})):
            self.assertEqual(await tab.request("poll.vote", choice=choice), result)

    async def test_what_is_no_choice_is_refused(self):
        tab = await self.open("alice")
        for data in {}, {"choice": "water"}, {"choice": 1}:
            error = await tab.request("poll.vote", **data)
            self.assertEqual((error["code"], error["message"]),
                             ("BAD_CHOICE", "choice: expected coffee or tea"))
        self.assertEqual((await tab.request("poll.open"))["code"], "UNKNOWN_TYPE")


class InServerInPython(Poll, ExamplesTestCase):
    def setUp(self):
        super().setUp()
        self.start_server(*self.example("poll/server.py"))


class InServerInC(Poll, ExamplesTestCase):
    def setUp(self):
        super().setUp()
        self.start_server(os.environ["POLL_SERVER_C"])


class InServerInVala(Poll, ExamplesTestCase):
    def setUp(self):
        super().setUp()
        self.start_server(self.build_vala("poll/server.vala", "belfry-server-1.0", "json-glib-1.0",
                                          "posix"))


class InWorkerInPython(Poll, ExamplesTestCase):
    def setUp(self):
        super().setUp()
        self.start_example(*self.example("poll/worker.py"), until="^ready$")


@unittest.skipIf(shutil.which("gjs") is None, "there is no gjs")
class InWorkerInJavaScript(Poll, ExamplesTestCase):
    def setUp(self):
        super().setUp()
        self.start_example(*self.example("poll/worker.js"), until="^ready$")


class Page(PageTestCase):
    async def test_a_vote_is_seen_in_every_browser(self):
        self.start_example(*self.example("poll/worker.py"), until="^ready$")
        alice, bob = [await self.browse("poll/page.html", user) for user in ("alice", "bob")]
        for browser, user in (alice, "alice"), (bob, "bob"):
            await browser.wait_for(
                f"document.getElementById('status').textContent == 'You are {user}'")
        tea = "document.querySelector('[name=tea] output').textContent"
        await alice.run("document.querySelector('[name=tea]').click()")
        for browser in alice, bob:
            await browser.wait_for(f"{tea} == '1'")
        await bob.run("document.querySelector('[name=tea]').click()")
        for browser in alice, bob:
            await browser.wait_for(f"{tea} == '2'")


class Tutorial(unittest.TestCase):
    def test_every_piece_of_code_is_that_of_the_file_it_names(self):
        with open(os.path.join(SOURCE_ROOT, "docs/tutorial.md"), encoding="utf-8") as file:
            text = file.read()
        pieces = re.findall(r"\]\(\.\./(examples/poll/[^)]+)\)(?:(?!\]\(\.\./examples).)*?"
                            r"```\w+\n(.*?)```", text, re.DOTALL)
        self.assertEqual(len(pieces), text.count("```") // 2)
        self.assertGreaterEqual(len({path for path, _ in pieces}), 5)
        for path, piece in pieces:
            with open(os.path.join(SOURCE_ROOT, path), encoding="utf-8") as file:
                self.assertIn(piece, file.read(), path)


if __name__ == "__main__":
    belfry_test.main()
