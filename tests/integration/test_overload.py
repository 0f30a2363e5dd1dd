#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that call faster than Belfry can answer."""

import asyncio
import contextlib
import sqlite3

import belfry_test
from belfry_test import ERROR, NAME, NOTIFICATIONS, PATH, BelfryTestCase, Gio, GLib

# Many more than another worker's calls have to wait for, and few enough to fit into the bounds.
N_CALLS = 300


class Pipeline:
    """Calls of one connection that nobody waits for, until they are all answered."""

    def __init__(self, worker):
        self.connection = worker.connection
        self.context = GLib.MainContext.new()
        self.results = []
        self.sent = 0

    def call(self, method, arguments):
        self.context.push_thread_default()
        self.connection.call(NAME, PATH, NOTIFICATIONS, method, arguments, None,
                             Gio.DBusCallFlags.NONE, GLib.MAXINT, None, self._on_answer)
        self.context.pop_thread_default()
        self.sent += 1

    def _on_answer(self, connection, result):
        try:
            self.results.append(connection.call_finish(result).unpack())
        except GLib.Error as error:
            self.results.append(error)

    def wait(self, n):
        while len(self.results) < n:
            self.context.iteration(True)


class Overload(BelfryTestCase):
    @contextlib.contextmanager
    def held_up(self):
        """While this lasts, the database takes nothing: what is created stays unanswered."""
        database = sqlite3.connect(self.daemon.database, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            database.close()

    def is_refused(self, result):
        """Whether the call did not get in; the database answers otherwise when it is locked."""
        if not isinstance(result, GLib.Error) or "1,024 of one caller" not in result.message:
            return False
        self.assertEqual(Gio.DBusError.get_remote_error(result), ERROR + "Busy")
        self.assertIn("32 MiB", result.message)
        self.assertIn("wait for answers", result.message)
        return True

    def call_until_refused(self, pipeline, method, arguments, room):
        # What the database is asked for is given up after half a second. A machine that is too slow
        # to get so many calls in by then tries again.
        for _ in range(5):
            for _ in range(room + room // 10 + 1):
                pipeline.call(method, arguments)
            pipeline.wait(pipeline.sent - room)
            if any(map(self.is_refused, pipeline.results)):
                return
        self.fail("no call was refused")

    async def test_calls_beyond_1024_of_one_caller_are_refused_and_others_are_served(self):
        self.daemon.expect_log("locked")
        other = self.new_worker()
        ahead = Pipeline(self.worker)
        pipeline = Pipeline(self.worker)
        create = GLib.Variant("(ssa{sv})", ("alice", "{}", {}))
        with self.held_up():
            # One of these is as much as is done for a worker at a time: it is tried for half a
            # second, and all that is called behind it waits.
            for _ in range(40):
                ahead.call("MarkAllRead", GLib.Variant("(s)", ("alice",)))
            self.call_until_refused(pipeline, "Create", create, 1024)
            self.assertEqual(other.list("alice"), ([], 0))
        pipeline.wait(pipeline.sent)
        ahead.wait(ahead.sent)
        # What was refused was not done, and what was answered was.
        done = [r for r in pipeline.results if not isinstance(r, GLib.Error)]
        self.assertEqual(self.worker.list("alice", limit=1)[1], len(done))
        self.worker.create("alice")

    async def test_calls_beyond_32_mebibytes_are_refused(self):
        self.daemon.expect_log("locked")
        other = self.new_worker()
        data = '{"a":"' + "x" * 60_000 + '"}'
        many = GLib.Variant("(a(ssa{sv}))", ([("alice", data, {})] * 110,))
        done = 0
        for _ in range(2):
            pipeline = Pipeline(self.worker)
            with self.held_up():
                self.call_until_refused(pipeline, "CreateMany", many, 5)
                # A small one has room, whoever sends it.
                self.assertEqual(other.call("Notifications.CountUnread", "(s)", "bob"), 0)
            pipeline.wait(pipeline.sent)
            done += sum(not isinstance(r, GLib.Error) for r in pipeline.results)
            self.assertEqual(self.worker.list("alice", limit=1)[1], done * 110)

    async def test_a_thousand_and_more_in_a_row_are_all_stored(self):
        pipeline = Pipeline(self.worker)
        for n in range(2000):
            pipeline.call("Create", GLib.Variant("(ssa{sv})", ("alice", "{}", {})))
            pipeline.wait(n - 500)
        pipeline.wait(2000)
        ids = [result[0] for result in pipeline.results]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(self.worker.list("alice", limit=1)[1], 2000)


class Fairness(BelfryTestCase):
    async def serve_others_during(self, method, arguments, n_calls):
        """Another worker does one call after the other, while one has very many unanswered."""
        other = self.new_worker()
        pipeline = Pipeline(self.worker)
        for _ in range(n_calls):
            pipeline.call(method, arguments)
        ids = [other.create("bob") for _ in range(10)]
        # Once, for what has come: more comes all the time.
        pipeline.context.iteration(False)
        # They would all be answered if the other one had to wait for them.
        self.assertLess(len(pipeline.results), n_calls * 4 // 5)
        self.assertEqual([n["id"] for n in other.list("bob")[0]], ids[::-1])
        # What waits when Belfry goes down is not done, and is told so.
        await asyncio.to_thread(self.daemon.stop)
        pipeline.wait(n_calls)
        done = [r for r in pipeline.results if not isinstance(r, GLib.Error)]
        self.daemon.start()
        self.worker = self.new_worker()
        return done

    async def test_many_large_calls_of_one_do_not_keep_others_waiting(self):
        many = GLib.Variant("(a(ssa{sv}))", ([("alice", "{}", {})] * 1000,))
        # All of them come before the other worker's: the bus is one queue. Taking them in is what
        # takes long where leaks are looked for.
        done = await self.serve_others_during("CreateMany", many, N_CALLS // 3)
        self.assertEqual(self.worker.list("alice", limit=1)[1], len(done) * 1000)

    async def test_many_large_answers_for_one_do_not_keep_others_waiting(self):
        data = '{"a":"' + "x" * 5_000 + '"}'
        self.worker.create_many([("alice", data, {})] * 1000)
        query = GLib.Variant("(sa{sv})", ("alice", {"limit": GLib.Variant("u", 1000)}))
        await self.serve_others_during("List", query, N_CALLS)

    def test_what_one_worker_pipelines_is_done_in_its_order(self):
        """Creations take a shorter way than other calls, and must not overtake them by it."""
        worker = self.new_worker()
        pipeline = Pipeline(worker)
        creation = GLib.Variant("(ssa{sv})", ("alice", "{}", {}))
        for _ in range(N_CALLS // 4):
            pipeline.call("Create", creation)
            pipeline.call("MarkAllRead", GLib.Variant("(s)", ("alice",)))
            pipeline.call("Create", creation)
            pipeline.call("RemoveAll", GLib.Variant("(s)", ("alice",)))
        pipeline.call("Create", creation)
        pipeline.wait(pipeline.sent)

        created = [result[0] for result in pipeline.results if isinstance(result, tuple)]
        self.assertEqual(len(created), pipeline.sent)
        # Each removal found the two before it: one that came too early would have left one.
        self.assertEqual(worker.call("Notifications.CountUnread", "(s)", "alice"), 1)
        self.assertEqual(worker.list("alice")[0][0]["id"], max(created))


if __name__ == "__main__":
    belfry_test.main()
