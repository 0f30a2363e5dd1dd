#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker's notification on its way to the tabs of its user."""

import json
import re

import belfry_test
from belfry_test import BelfryTestCase


class Delivery(BelfryTestCase):
    finds_leaks = True

    async def test_both_tabs_of_a_user_get_it_and_another_user_does_not(self):
        first, second = await self.open("alice"), await self.open("alice")
        other = await self.open("bob")
        id = self.worker.create("alice", {"title": "Hello"})
        for tab in first, second:
            data = (await tab.receive("notification_received"))["data"]
            self.assertEqual(data["id"], id)
            self.assertEqual(data["userId"], "alice")
            self.assertEqual(data["data"], {"title": "Hello"})
            self.assertRegex(data["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIs(data["read"], False)
            self.assertEqual(data["unreadCount"], 1)
            self.assertEqual(data["position"], id)
            self.assertNotIn("unreadAt", data)
        await other.assert_silence()

    async def test_data_arrives_byte_for_byte(self):
        tab = await self.open("alice")
        for data in ('{"n":1.0,"e":1E+2,"big":12345678901234567890,"z":-0}',
                     '{ "white" :\t[ 1 ,\n2 ] }', '{"dup":1,"dup":2}',
                     '{"u":"Grüße 🔔 \\u00e9 \\ud83d\\udd14 \\ud800 \\\\ \\/ \\" \\n"}',
                     '{"nul":"a\\u0000b"}'):
            self.worker.create("alice", "  \n" + data + "\t ")
            text = await tab.socket.recv()
            self.assertIn(f',"data":{data},"createdAt":', text)

    async def test_a_thousand_arrive_in_order(self):
        tab = await self.open("alice")
        ids = self.worker.create_many([("alice", json.dumps({"n": n}), {}) for n in range(1000)])
        for n, id in enumerate(ids):
            data = (await tab.receive("notification_received"))["data"]
            self.assertEqual((data["id"], data["data"]["n"], data["unreadCount"]), (id, n, n + 1))

    async def test_what_one_tab_reads_is_read_in_the_other(self):
        first, second = await self.open("alice"), await self.open("alice")
        ids = self.worker.create_many([("alice", "{}", {})] * 3)
        for tab in first, second:
            for _ in ids:
                await tab.receive("notification_received")
        reply = await first.request("mark_read", ids=ids[:2])
        self.assertEqual(reply, {"count": 2})
        # The asking tab is told, too, and before its reply.
        told = first.frames[-2]
        self.assertEqual(told["type"], "notifications_read")
        for data in told["data"], (await second.receive("notifications_read"))["data"]:
            self.assertEqual(data["ids"], ids[:2])
            self.assertEqual(data["unreadCount"], 1)
            self.assertEqual(data["position"], ids[-1] + 2)

    async def test_it_is_still_there_after_a_restart(self):
        self.worker.create("alice", {"n": 1})
        self.daemon.stop()
        self.daemon.start()
        tab = await self.open("alice", since=0)
        data = (await tab.receive("notification_received"))["data"]
        self.assertEqual(data["data"], {"n": 1})


if __name__ == "__main__":
    belfry_test.main()
