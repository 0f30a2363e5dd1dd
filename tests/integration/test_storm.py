#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Very many at once: reconnects, tabs of one user, what waits for one, and tabs that do not read."""

import asyncio
import json
import os

import belfry_test
from belfry_test import BelfryTestCase
from light_tab import LightTab, allow_many_descriptors

N_TABS = 10_000 if os.environ.get("BELFRY_TEST_ALL") == "1" else 2_000


class StormTestCase(BelfryTestCase):
    options = ("--max-total-connections", "11000", "--max-connections-per-user", "1001")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        allow_many_descriptors()

    async def asyncSetUp(self):
        # What unittest turns on makes thousands of tasks several times slower.
        asyncio.get_running_loop().set_debug(False)

    async def open_light(self, user, **kwargs):
        tab = await LightTab.open(self.daemon.port, self.daemon.token(user), **kwargs)
        self.addCleanup(tab.close)
        return tab

    def create_all(self, entries):
        ids = []
        for n in range(0, len(entries), 1000):
            ids += self.worker.create_many(entries[n:n + 1000])
        return ids

    def create_for_all(self, users):
        """One for each of them. Gives the ids."""
        return self.create_all([(user, "{}", {}) for user in users])

    async def receive_ids(self, tab, n):
        """The ids of so many notifications, among which there may be a caught_up."""
        ids = []
        while len(ids) < n:
            answer = await tab.receive()
            if answer["type"] != "caught_up":
                self.assertEqual(answer["type"], "notification_received", answer)
                ids.append(answer["data"]["id"])
        return ids


class Reconnecting(StormTestCase):
    async def open_light(self, user, **kwargs):
        tab = await super().open_light(user, **kwargs)
        tab.stay()
        return tab

    async def test_all_come_back_at_once_and_each_gets_what_it_missed_once(self):
        users = [f"u{n}" for n in range(N_TABS)]
        seen = self.create_for_all(users)
        tabs = await self.open_in_groups(users, [0] * N_TABS)
        for tab, id in zip(tabs, seen):
            self.assertEqual(await self.receive_ids(tab, 1), [id])
        self.daemon.kill()
        for tab in tabs:
            tab.close()
        self.daemon.start()
        self.worker = self.new_worker()
        missed = [self.create_for_all(users) for _ in range(2)]
        # All at once, and more is created while they come.
        coming = asyncio.gather(*(
            self.open_light(user, since=id, epoch=tab.registered["epoch"])
            for user, id, tab in zip(users, seen, tabs)))
        live = await asyncio.to_thread(self.create_for_all, users)
        tabs = await coming
        self.assertEqual(self.worker.property("ConnectedUsers"), N_TABS)
        last = await asyncio.to_thread(self.create_for_all, users)
        for n, tab in enumerate(tabs):
            self.assertIs(tab.registered["recovered"], True)
            self.assertEqual(await self.receive_ids(tab, 4),
                             [missed[0][n], missed[1][n], live[n], last[n]])

    async def open_in_groups(self, users, since):
        tabs = []
        for n in range(0, len(users), 200):
            tabs += await asyncio.gather(*(
                self.open_light(user, since=position)
                for user, position in zip(users[n:n + 200], since[n:n + 200])))
        return tabs


class OneUser(StormTestCase):
    async def count_until_caught_up(self, tab):
        """Counts its notifications in tab.count."""
        tab.count = 0
        while True:
            text = await tab.receive_text()
            if text.startswith(b'{"type":"caught_up"'):
                return
            self.assertTrue(text.startswith(b'{"type":"notification_received"'), text[:100])
            tab.count += 1

    async def test_a_replay_of_100000_stalls_nobody_else(self):
        n = 10_000 if self.daemon.is_sanitized() else 100_000
        await asyncio.to_thread(self.create_all, [("alice", '{"a":"' + "x" * 200 + '"}', {})] * n)
        bob = await self.open_light("bob")
        alice = await self.open_light("alice", since=0)
        replay = asyncio.create_task(self.count_until_caught_up(alice))
        for _ in range(3):
            id = await asyncio.to_thread(self.worker.create, "bob")
            self.assertEqual(await self.receive_ids(bob, 1), [id])
            self.assertEqual((await self.request_list(bob))["total"], id - n)
            self.assertFalse(replay.done())
        await replay
        self.assertEqual(alice.count, n)

    async def request_list(self, tab):
        await tab.send(type="list", id=1)
        return (await tab.receive())["data"]

    async def test_a_thousand_tabs_of_one_user_stall_nobody_else(self):
        n = 100
        await asyncio.to_thread(self.create_all, [("alice", "{}", {})] * n)
        bob = await self.open_light("bob")
        tabs = []

        async def open_and_count():
            tab = await self.open_light("alice", since=0)
            tabs.append(tab)
            await self.count_until_caught_up(tab)

        replays = asyncio.gather(*(open_and_count() for _ in range(1000)))
        while not tabs:
            await asyncio.sleep(0)
        id = await asyncio.to_thread(self.worker.create, "bob")
        self.assertEqual(await self.receive_ids(bob, 1), [id])
        self.assertFalse(replays.done())
        await replays
        self.assertEqual([tab.count for tab in tabs], [n] * 1000)
        id = self.worker.create("alice")
        for tab in tabs:
            self.assertEqual(await self.receive_ids(tab, 1), [id])


class Slow(StormTestCase):
    def resident(self):
        """In bytes."""
        with open(f"/proc/{self.daemon.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def test_tabs_that_do_not_read_cost_256_kib_each_delay_nobody_and_miss_nothing(self):
        n_slow, n_each, size = 60 if self.daemon.is_sanitized() else 200, 60, 10_000
        users = [f"u{n}" for n in range(n_slow)]
        slow = [await self.open_light(user, receive_buffer=16384) for user in users]
        for tab in slow:
            tab.writer.transport.pause_reading()
        # The other tab of somebody whose first does not read.
        other = await self.open_light(users[0])
        before = self.resident()
        ids = {user: [] for user in users}
        for n in range(n_each):
            data = json.dumps({"n": n, "a": "x" * size})
            for user, id in zip(users, await asyncio.to_thread(
                    self.worker.create_many, [(user, data, {}) for user in users])):
                ids[user].append(id)
            self.assertEqual(await self.receive_ids(other, 1), ids[users[0]][-1:])
        # 120 MB are waiting for them, and twice the credit would be seen.
        if not self.daemon.is_sanitized():
            self.assertLess(self.resident() - before, n_slow * 256 * 1024 + (48 << 20))
        for user, tab in zip(users, slow):
            tab.writer.transport.resume_reading()
            self.assertEqual(await self.receive_ids(tab, n_each), ids[user])


if __name__ == "__main__":
    belfry_test.main()
