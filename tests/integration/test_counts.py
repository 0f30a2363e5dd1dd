#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts stay right while everybody changes everything at once."""

import asyncio
import random

import belfry_test
from belfry_test import BelfryTestCase

USERS = ["alice", "bob", "carol"]
N_WORKERS = 8
N_TABS = 8
N_STEPS = 40


class Count:
    """What a tab believes: of two counts the one with the higher position is right."""

    def __init__(self, registered):
        self.position = registered["unreadAt"] if "unreadAt" in registered else registered["position"]
        self.unread = registered["unreadCount"]

    def take(self, frame):
        if frame["type"] in ("reply", "error") or "unreadCount" not in frame["data"]:
            return
        data = frame["data"]
        position = data.get("unreadAt", data["position"])
        if position >= self.position:
            self.position, self.unread = position, data["unreadCount"]


class Counts(BelfryTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)

    def work(self, worker, seed):
        """What a worker does, in a thread of its own."""
        chance = random.Random(seed)
        known = {user: [] for user in USERS}
        for _ in range(N_STEPS):
            user = chance.choice(USERS)
            method = chance.choice(["create", "many", "MarkRead", "MarkUnread", "Remove", "all"])
            ids = chance.sample(known[user], min(len(known[user]), 5))
            if method == "create":
                options = {"tag": f"t{chance.randrange(5)}"} if chance.random() < 0.5 else {}
                known[user].append(worker.create(user, **options))
            elif method == "many":
                users = [chance.choice(USERS) for _ in range(20)]
                for owner, id in zip(users, worker.create_many([(u, "{}", {}) for u in users])):
                    known[owner].append(id)
            elif method == "all":
                if chance.random() < 0.2:
                    worker.call("Notifications.MarkAllRead", "(s)", user)
            elif ids:
                worker.call("Notifications." + method, "(sat)", user, ids)

    async def use(self, tab, seed):
        """What somebody does with a tab."""
        chance = random.Random(seed)
        for n in range(N_STEPS):
            listed = [n["id"] for n in (await tab.request("list", id=f"l{n}"))["notifications"]]
            ids = chance.sample(listed, min(len(listed), 4))
            type = chance.choice(["mark_read", "mark_unread", "remove"])
            if ids:
                await tab.request(type, id=f"c{n}", ids=ids)

    async def recount(self, user):
        """How many there are and are unread, by going through them all."""
        unread = total = 0
        before = {}
        while page := (await asyncio.to_thread(
                lambda query: self.worker.list(user, limit=97, **query), before))[0]:
            total += len(page)
            unread += sum(not notification["read"] for notification in page)
            before = {"before": page[-1]["id"]}
        return unread, total

    async def test_eight_workers_and_eight_tabs_leave_every_count_right(self):
        tabs = [await self.open(USERS[n % len(USERS)]) for n in range(N_TABS)]
        workers = [self.new_worker() for _ in range(N_WORKERS)]
        await asyncio.gather(*(self.use(tab, n) for n, tab in enumerate(tabs)),
                             *(asyncio.to_thread(self.work, worker, 100 + n)
                               for n, worker in enumerate(workers)))
        # The last change of each, behind which nothing comes.
        last = {user: self.worker.create(user) for user in USERS}
        for n, tab in enumerate(tabs):
            user = USERS[n % len(USERS)]
            while not any(f["type"] == "notification_received" and f["data"]["id"] == last[user]
                          for f in tab.frames[-1:]):
                await tab.receive()
        for user in USERS:
            unread, total = await self.recount(user)
            self.assertGreater(total, 0)
            self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", user), unread)
            self.assertEqual(self.worker.list(user, limit=1)[1], total)
            self.assertEqual(self.worker.list(user, limit=1, unread=True)[1], unread)
            for tab in tabs:
                if tab.registered["userId"] != user:
                    continue
                count = Count(tab.registered)
                for frame in tab.frames:
                    if frame["type"] != "connected":
                        count.take(frame)
                self.assertEqual(count.unread, unread)
                listed = await tab.request("list", id="last", limit=1)
                self.assertEqual((listed["unreadCount"], listed["total"]), (unread, total))
                listed = await tab.request("list", id="last-unread", limit=1, unread=True)
                self.assertEqual(listed["total"], unread)


if __name__ == "__main__":
    belfry_test.main()
