#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each program in examples/ does what it says."""

import json
import os
import re
import shutil
import sys

import belfry_test
from example_case import ExamplesTestCase, PageTestCase


class Workers(ExamplesTestCase):
    async def assert_rings(self, *arguments, data, number=r"^(\d+)$"):
        tab = await self.open("alice")
        status, output, errors = self.run_example(*arguments)
        self.assertEqual((status, errors), (0, ""))
        rung = (await tab.receive("notification_received"))["data"]
        self.assertEqual(rung["data"], data)
        self.assertEqual(rung["id"], int(re.search(number, output).group(1)))
        return tab

    def assert_fails(self, *arguments, word):
        status, output, errors = self.run_example(*arguments)
        self.assertEqual((status, output), (1, ""))
        self.assertIn(word, errors)

    async def test_worker_in_c_rings(self):
        worker = [os.environ["WORKER_C"]]
        await self.assert_rings(*worker, "alice", '{"a": 1}', data={"a": 1})
        self.assert_fails(*worker, "alice", "[]", word="data")

    async def test_worker_in_python_rings_and_takes_the_place_of_its_last(self):
        worker = self.example("worker.py")
        tab = await self.assert_rings(*worker, "alice", "Ready", data={"title": "Ready"})
        self.run_example(*worker, "alice", "Ready again")
        await tab.receive("notifications_removed")
        await tab.receive("notification_received")
        notifications, total = self.worker.list("alice")
        self.assertEqual(total, 1)
        self.assertIn("expires-at", notifications[0])
        self.assert_fails(*worker, "", "Ready", word="user_id")

    async def test_worker_in_gjs_rings_once(self):
        if shutil.which("gjs") is None:
            self.skipTest("there is no gjs")
        worker = self.example("worker.js")
        await self.assert_rings(*worker, "alice", "Ready", data={"title": "Ready"})
        self.run_example(*worker, "alice", "Ready")
        self.assertEqual(self.worker.list("alice")[1], 1)
        self.assert_fails(*worker, "", "Ready", word="user_id")

    async def test_worker_in_vala_rings_for_many_or_for_none(self):
        worker = self.build_vala("worker.vala")
        tabs = [await self.open(user) for user in ("alice", "bob", "carol")]
        status, output, errors = self.run_example(worker, '{"a": 1}', "alice", "bob", "carol")
        self.assertEqual((status, errors), (0, ""))
        rung = [(await tab.receive("notification_received"))["data"] for tab in tabs]
        self.assertEqual([data["id"] for data in rung], [int(id) for id in output.split()])
        self.assert_fails(worker, "{}", "alice", "", word="notifications[1]: user_id")
        self.assertEqual(self.worker.list("alice")[1], 1)

    async def test_worker_in_shell_rings_whatever_the_data(self):
        worker = self.example("worker.sh")
        data = {"title": "It's \"ready\"\n\\ 'über'"}
        await self.assert_rings(*worker, "alice", json.dumps(data, ensure_ascii=False), data=data,
                                number=r"^\(uint64 (\d+),\)$")
        self.assert_fails(*worker, "alice", "[]", word="data")


class Messages(ExamplesTestCase):
    async def test_message_worker_answers_over_the_bus(self):
        self.start_example(*self.example("message-worker.py"), until="^ready$")
        tab = await self.open("alice")
        self.assertEqual(await tab.request("sum", numbers=[1, 2]), {"sum": 3})
        error = await tab.request("sum", numbers=["x"])
        self.assertEqual(error["code"], "BAD_SUM")

    async def test_message_worker_comes_back_to_a_belfry_that_was_started_anew(self):
        self.start_example(*self.example("message-worker.py"), until="^ready$")
        self.daemon.stop()
        self.daemon.start()
        tab = await self.open("alice")
        for id in range(100):
            await tab.send(type="sum", id=id, data={"numbers": [1, 2]})
            frame = await tab.receive()
            if frame["type"] == "reply":
                break
            self.assertEqual(frame["data"]["code"], "UNKNOWN_TYPE")
            await tab.request("ping", id=-1)
        self.assertEqual(frame["data"], {"sum": 3})

    async def test_an_exception_in_a_handler_is_a_refusal(self):
        self.start_server(sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                       "raising_handler.py"))
        tab = await self.open("alice")
        for id in 1, "two":
            await tab.send(type="poll.vote", id=id, data={"choice": "Hello"})
            frame = await tab.receive("error")
            self.assertEqual((frame["id"], frame["data"]["code"], frame["data"]["fatal"]),
                             (id, "FORBIDDEN", False))
        self.assertEqual((await tab.request("unread_count"))["unreadCount"], 0)
        # The log says of which type and by whom, and nothing of what the user has written.
        line = next(line for line in self.example_output if "was refused" in line)
        self.assertIn("type “poll.vote” was refused by", line)
        self.assertIn("Raising", line)
        self.assertNotIn("Hello", line)


class Client(PageTestCase):
    async def test_the_page_shows_what_comes(self):
        browser = await self.browse("client.html", "alice")
        status = "document.getElementById('status').textContent"
        await browser.wait_for(f"{status} == 'alice: 0 unread'")
        self.worker.create("alice", {"title": "It's <b>ready</b>"})
        await browser.wait_for(f"{status} == 'alice: 1 unread'")
        await browser.wait_for(
            "document.querySelector('#inbox li').textContent == \"It's <b>ready</b>\"")


if __name__ == "__main__":
    belfry_test.main()
