#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client gets that was away, and what registering again does."""

import asyncio
import contextlib
import json
import sqlite3

import belfry_test
from belfry_test import BelfryTestCase


class Resume(BelfryTestCase):
    def fill(self, n, user="alice", data="{}"):
        return self.worker.create_many([(user, data, {})] * n)

    def update(self, id, data='{"edited":true}'):
        self.worker.call("Notifications.Update", "(sts)", "alice", id, data)

    def mark(self, what, *ids):
        self.worker.call("Notifications." + what, "(sat)", "alice", ids)

    async def replay(self, tab):
        """The frames up to caught_up, which is the last of them."""
        frames = []
        while not frames or frames[-1]["type"] != "caught_up":
            frames.append(await tab.receive())
        return frames

    async def test_since_0_replays_the_whole_inbox(self):
        ids = self.fill(250)
        self.mark("Remove", *ids[:10])
        self.mark("MarkRead", *ids[10:20])
        position = ids[-1] + 20
        tab = await self.open("alice", since=0)
        self.assertIs(tab.registered["recovered"], True)
        self.assertEqual((tab.registered["position"], tab.registered["unreadAt"]), (0, position))
        *frames, caught_up = await self.replay(tab)
        self.assertEqual({frame["type"] for frame in frames}, {"notification_received"})
        self.assertEqual([frame["data"]["id"] for frame in frames], ids[10:])
        self.assertEqual([frame["data"]["read"] for frame in frames],
                         [True] * 10 + [False] * 230)
        for frame in frames:
            self.assertEqual(frame["data"]["position"], frame["data"]["id"])
            self.assertEqual((frame["data"]["unreadCount"], frame["data"]["unreadAt"]),
                             (230, position))
        self.assertEqual(caught_up["data"], {"position": position, "unreadCount": 230})
        await tab.assert_silence()

    async def test_a_client_that_missed_nothing_is_caught_up_at_once(self):
        id = self.fill(3)[-1]
        tab = await self.open("alice", since=id)
        self.assertEqual((tab.registered["recovered"], tab.registered["position"]), (True, id))
        self.assertNotIn("unreadAt", tab.registered)
        self.assertEqual([f["type"] for f in await self.replay(tab)], ["caught_up"])
        nobody = await self.open("nobody", since=0)
        self.assertEqual((nobody.registered["recovered"], nobody.registered["position"]), (True, 0))
        self.assertEqual((await self.replay(nobody))[0]["data"], {"position": 0, "unreadCount": 0})

    async def test_what_was_missed_comes_and_nothing_twice(self):
        first = await self.open("alice")
        ids = self.fill(2)
        for _ in ids:
            token = (await first.receive("notification_received"))["data"]["position"]
        await first.close()
        missed = self.fill(3)
        second = await self.open("alice", since=token, epoch=first.registered["epoch"])
        self.assertEqual((second.registered["recovered"], second.registered["position"]),
                         (True, token))
        frames = await self.replay(second)
        self.assertEqual([frame["data"]["id"] for frame in frames[:-1]], missed)
        # From here on it is live: no more unreadAt.
        self.fill(1)
        self.assertNotIn("unreadAt", (await second.receive("notification_received"))["data"])

    async def test_changes_while_away_are_told_in_their_right_form(self):
        ids = self.fill(9)
        away = ids[-1]
        self.mark("MarkRead", ids[0], ids[1])           # read
        self.update(ids[2])                             # updated
        self.mark("Remove", ids[3])                     # removed
        self.update(ids[4])                             # edited, then read: updated
        self.mark("MarkRead", ids[4])
        self.mark("MarkRead", ids[5])                   # read, then unread: updated
        self.mark("MarkUnread", ids[5])
        self.update(ids[6])                             # edited, then removed: removed
        self.mark("Remove", ids[6])
        new, gone = self.fill(2)                        # new, and changed before it is seen
        self.mark("MarkRead", new)
        self.mark("Remove", gone)
        tab = await self.open("alice", since=away)
        *frames, caught_up = await self.replay(tab)
        told = [(f["type"], f["data"].get("ids") or f["data"]["id"]) for f in frames]
        self.assertEqual(told, [("notifications_read", ids[:2]), ("notification_updated", ids[2]),
                                ("notifications_removed", [ids[3]]),
                                ("notification_updated", ids[4]), ("notification_updated", ids[5]),
                                ("notifications_removed", [ids[6]]),
                                ("notification_received", new)])
        self.assertEqual([frames[n]["data"]["read"] for n in (1, 3, 4, 6)],
                         [False, True, False, True])
        self.assertEqual(frames[1]["data"]["data"], {"edited": True})
        # Of what it had, it is told where it stood: nothing that it lacks is passed over.
        self.assertEqual([f["data"]["position"] for f in frames], [away] * 6 + [new])
        for frame in frames:
            self.assertEqual(frame["data"]["unreadAt"], caught_up["data"]["position"])
            self.assertEqual(frame["data"]["unreadCount"], 4)
        self.assertEqual(caught_up["data"]["unreadCount"], 4)

    async def test_an_edit_is_told_though_pages_of_changes_come_between_it_and_a_reading(self):
        ids = self.fill(251)
        away = ids[-1]
        self.update(ids[0])
        self.mark("MarkRead", *ids[1:])
        self.mark("MarkRead", ids[0])
        tab = await self.open("alice", since=away)
        *frames, caught_up = await self.replay(tab)
        *read, edited = frames
        self.assertEqual(sum((frame["data"]["ids"] for frame in read), []), ids[1:])
        self.assertEqual(edited["type"], "notification_updated")
        self.assertEqual((edited["data"]["id"], edited["data"]["data"], edited["data"]["read"]),
                         (ids[0], {"edited": True}, True))

    async def test_recovered_is_false_where_a_replay_would_not_be_right(self):
        id = self.fill(2)[-1]
        epoch = (await self.open("alice")).registered["epoch"]
        for since, register, recovered in (
                (lambda: id, {"epoch": "another"}, False), (lambda: 0, {"epoch": "another"}, False),
                (lambda: 0, {"epoch": ""}, False), (lambda: id + 1, {}, False),
                (lambda: 2**53 - 1, {}, False), (lambda: id + 1, {"epoch": epoch}, False),
                (lambda: id, {"epoch": epoch}, True), (lambda: id - 1, {}, True)):
            tab = await self.open("alice", since=since(), **register)
            self.assertIs(tab.registered["recovered"], recovered, (since(), register))
            if not recovered:
                self.assertEqual(tab.registered["position"], id)
                await tab.assert_silence(0.1)
                # It is live all the same.
                id = self.fill(1)[-1]
                await tab.receive("notification_received")
            await tab.close()

    async def test_a_position_from_before_a_removal_that_is_forgotten_is_not_recovered(self):
        ids = self.fill(4)
        self.mark("Remove", ids[1])
        self.mark("Remove", ids[2])
        horizon = ids[-1] + 2
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            database.execute("UPDATE notification SET removed_at = 1 WHERE removed_at IS NOT NULL")
            database.commit()
            self.daemon.start()
            while database.execute("SELECT count (*) FROM notification").fetchone() != (2,):
                await asyncio.sleep(0.01)
        for since, recovered in (ids[-1], False), (horizon - 1, False), (horizon, True), (0, True):
            tab = await self.open("alice", since=since)
            self.assertIs(tab.registered["recovered"], recovered, since)
            self.assertEqual(tab.registered["position"], since if recovered else horizon)

    async def test_another_epoch_after_new_epoch(self):
        id = self.fill(1)[-1]
        epoch = (await self.open("alice")).registered["epoch"]
        self.daemon.stop()
        self.daemon.options.append("--new-epoch")
        self.daemon.start()
        tab = await self.open("alice", since=id, epoch=epoch)
        self.assertIs(tab.registered["recovered"], False)
        self.assertNotEqual(tab.registered["epoch"], epoch)

    async def test_epoch_without_since_asks_for_nothing(self):
        self.fill(1)
        tab = await self.open("alice", epoch="another")
        self.assertNotIn("recovered", tab.registered)
        await tab.assert_silence(0.1)

    def create_and_change(self, n, on_half):
        """Twenty at a time, of which five are read and one is removed. Gives the ids of what was
        created, and of what was removed."""
        worker = self.new_worker()
        ids = []
        while len(ids) < n:
            ids += worker.create_many([("alice", "{}", {})] * 20)
            worker.call("Notifications.MarkRead", "(sat)", "alice", ids[-5:])
            worker.call("Notifications.Remove", "(sat)", "alice", ids[-1:])
            if len(ids) == n // 2:
                on_half()
        return ids, set(ids[19::20])

    async def test_a_replay_among_two_thousand_that_are_created_is_whole_and_in_order(self):
        old = self.fill(500, data=json.dumps({"x": "y" * 8000}))
        half = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_debug(False)
        tab = await self.open("alice", since=0)
        # Half of them come in the middle of the replay, the others while it goes on.
        tab.socket.transport.pause_reading()
        creating = asyncio.create_task(asyncio.to_thread(
            self.create_and_change, 2000, lambda: loop.call_soon_threadsafe(half.set)))
        await half.wait()
        tab.socket.transport.resume_reading()
        new, gone = await creating
        last = self.fill(1)[-1]
        received, removed = [], set()
        highest = 0
        while last not in received[-1:]:
            frame = await tab.receive()
            self.assertGreaterEqual(frame["data"]["position"], highest)
            highest = frame["data"]["position"]
            if frame["type"] == "notification_received":
                received.append(frame["data"]["id"])
            elif frame["type"] == "notifications_removed":
                removed.update(frame["data"]["ids"])
        self.assertEqual(received, sorted(set(received)))
        # What came and went before the replay reached it does not come.
        self.assertLessEqual({*old, *new, last} - gone, set(received))
        self.assertEqual(set(received) & gone, removed & set(received))
        while "caught_up" not in (frame["type"] for frame in tab.frames):
            await tab.receive()
        caught_up = [frame for frame in tab.frames if frame["type"] == "caught_up"]
        self.assertEqual(len(caught_up), 1)
        self.assertGreaterEqual(caught_up[0]["data"]["position"], new[999])

    async def test_a_client_that_reads_late_gets_all(self):
        data = json.dumps({"x": "y" * 30000})
        tab = await self.open("alice")
        tab.socket.transport.pause_reading()
        ids = sum((self.fill(20, data=data) for _ in range(10)), [])
        sessions, total = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        self.assertIs(sessions[0]["live"], False)
        tab.socket.transport.resume_reading()
        for id in ids:
            frame = await tab.receive("notification_received")
            self.assertEqual(frame["data"]["id"], id)
        # It did not resume, so nothing says that it has caught up.
        await tab.assert_silence(0.1)


class RegisterAgain(BelfryTestCase):
    async def test_the_same_user_renews_and_the_session_stays(self):
        id = self.worker.create("alice")
        tab = await self.open("alice")
        await tab.send(type="register", id=1, data={"jwtToken": self.daemon.token("alice"),
                                                    "since": 0, "epoch": "another"})
        again = (await tab.receive("registered"))["data"]
        self.assertEqual({**again, "message": ""}, {**tab.registered, "message": ""})
        self.assertNotIn("recovered", again)
        await tab.assert_silence(0.1)
        self.assertEqual(self.worker.property("ConnectedClients"), 1)
        self.worker.create("alice")
        await tab.receive("notification_received")

    async def test_another_user_gets_a_new_session(self):
        self.worker.create("bob")
        tab = await self.open("alice")
        await tab.send(type="register", jwtToken=self.daemon.token("bob"), data={"since": 0})
        registered = (await tab.receive("registered"))["data"]
        self.assertEqual(registered["userId"], "bob")
        self.assertNotEqual(registered["sessionId"], tab.registered["sessionId"])
        self.assertIs(registered["recovered"], True)
        self.assertEqual((await tab.receive("notification_received"))["data"]["userId"], "bob")
        await tab.receive("caught_up")
        self.worker.create("alice")
        self.worker.create("bob")
        self.assertEqual((await tab.receive("notification_received"))["data"]["userId"], "bob")
        sessions, total = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        self.assertEqual([s["user-id"] for s in sessions], ["bob"])
        await tab.assert_silence(0.1)

    async def test_what_the_former_user_asked_is_not_answered_to_the_new_one(self):
        self.worker.call("Sessions.HandleMessages", "(as)", ["question"])
        tab = await self.open("alice")
        await tab.send(type="question", id=1, data={})
        _, _, session_id, user_id, _, _, request_id = self.worker.next_signal()
        self.assertEqual((session_id, user_id), (tab.registered["sessionId"], "alice"))
        await tab.send(type="register", jwtToken=self.daemon.token("bob"))
        await tab.receive("registered")
        with self.assert_refused("NotFound"):
            self.worker.call("Sessions.Reply", "(sss)", session_id, request_id, '{"secret":1}')
        await tab.assert_silence(0.1)

    async def test_a_bad_token_closes_a_registered_connection(self):
        for token, code, close_code in (("rubbish", "INVALID_TOKEN", 4500),
                                        ("", "INVALID_TOKEN", 4500),
                                        (self.daemon.token("alice", expires_in=-5),
                                         "TOKEN_EXPIRED", 4501)):
            tab = await self.open("alice")
            await tab.send(type="register", id=3, jwtToken=token)
            self.assertEqual((await tab.receive_last(code, close_code))["id"], 3)
        sessions, total = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        self.assertEqual(total, 0)


    async def test_what_came_before_a_bad_token_is_answered_first(self):
        tab = await self.open("alice")
        for n in range(20):
            await tab.send(type="unread_count", id=n)
        await tab.send(type="register", id="r", jwtToken="rubbish")
        await tab.send(type="unread_count", id="behind")
        for n in range(20):
            self.assertEqual((await tab.receive("reply"))["id"], n)
        await tab.receive_last("INVALID_TOKEN", 4500)


    async def test_who_is_registered_stays_so_while_the_database_does_not_answer(self):
        self.daemon.expect_log("A session could not be registered")
        tab = await self.open("alice")
        database = sqlite3.connect(self.daemon.database, isolation_level=None)
        self.addCleanup(database.close)
        database.execute("ALTER TABLE user RENAME TO away")
        await tab.send(type="register", id=1, jwtToken=self.daemon.token("alice"))
        self.assertEqual((await tab.receive_error("BUSY"))["id"], 1)
        # Somebody who is not has nothing to stay for.
        stranger = await self.connect()
        await stranger.send(type="register", id=2, jwtToken=self.daemon.token("alice"))
        self.assertEqual((await stranger.receive_last("BUSY", 1013))["id"], 2)
        database.execute("ALTER TABLE away RENAME TO user")
        await tab.send(type="register", jwtToken=self.daemon.token("alice"))
        again = await tab.receive("registered")
        self.assertEqual(again["data"]["sessionId"], tab.registered["sessionId"])
        await self.open("alice")


class FullUser(BelfryTestCase):
    options = ("--max-connections-per-user", "1")

    async def test_registering_again_takes_no_second_place(self):
        tab = await self.open("alice")
        for _ in range(3):
            await tab.send(type="register", jwtToken=self.daemon.token("alice"))
            await tab.receive("registered")

    async def test_changing_to_a_user_who_is_full_closes(self):
        await self.open("bob")
        tab = await self.open("alice")
        await tab.send(type="register", id=1, jwtToken=self.daemon.token("bob"))
        frame = await tab.receive_last("CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100)
        self.assertEqual(frame["id"], 1)
        # Both places are as they should be.
        await self.open("alice")
        other = await self.connect()
        await other.send(type="register", jwtToken=self.daemon.token("bob"))
        await other.receive_last("CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100)


if __name__ == "__main__":
    belfry_test.main()
