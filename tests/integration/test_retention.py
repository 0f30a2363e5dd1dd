#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an operator does not want to keep goes, and open tabs are told."""

import contextlib
import sqlite3

import belfry_test
from belfry_test import BelfryTestCase


class Retention(BelfryTestCase):
    @contextlib.contextmanager
    def locked(self):
        """While nobody else can write, retention waits."""
        with contextlib.closing(sqlite3.connect(self.daemon.database, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.rollback()

    async def test_what_is_dropped_is_told_to_open_tabs_and_to_those_that_were_away(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 6)
        key = self.worker.create("bob", key="order")
        self.worker.create("bob")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:4])
        self.worker.call("Notifications.MarkAllRead", "(s)", "bob")
        away = await self.open("alice")
        token = away.registered["position"]
        await away.close()

        self.daemon.stop()
        self.daemon.options += ["--retention-count", "1"]
        with self.locked():
            self.daemon.start()
            tab = await self.open("alice")
            self.assertEqual(tab.registered["unreadCount"], 2)
        removed = await tab.receive("notifications_removed")
        self.assertEqual((removed["data"]["ids"], removed["data"]["unreadCount"]), (ids[:4], 2))
        self.assertGreater(removed["data"]["position"], token)
        listed = await tab.request("list")
        self.assertEqual([n["id"] for n in listed["notifications"]], [ids[5], ids[4]])
        back = await self.open("alice", since=token)
        self.assertTrue(back.registered["recovered"])
        self.assertEqual((await back.receive("notifications_removed"))["data"]["ids"], ids[:4])
        await back.receive("caught_up")
        self.assertEqual(self.worker.create("bob", key="order"), key)
        self.assertEqual(self.worker.list("bob")[1], 1)

    async def test_age_goes_by_days_and_unread_ones_go_if_that_is_wanted(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 3)
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:1])
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            database.execute("UPDATE notification SET created_at = created_at - 86400000001 "
                             "WHERE id < ?", (ids[2],))
            database.commit()
        self.daemon.options += ["--retention-age", "1"]
        for options, dropped in (([], ids[:1]), (["--retention-unread"], ids[1:2])):
            self.daemon.options += options
            with self.locked():
                self.daemon.start()
                tab = await self.open("alice")
            removed = await tab.receive("notifications_removed")
            self.assertEqual(removed["data"]["ids"], dropped)
            await tab.close()
            self.daemon.stop()


if __name__ == "__main__":
    belfry_test.main()
