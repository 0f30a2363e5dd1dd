#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What belfryctl does with open tabs, and what it tells while it happens."""

import asyncio
import json
import queue
import re
import signal
import threading

import belfry_test
from belfry_test import PATIENCE
from ctl_test import Ctl, strip_looks


class Tabs(Ctl):
    async def ctl_json_while_tabs_run(self, *arguments):
        return await asyncio.to_thread(self.ctl_json, *arguments)

    async def test_a_message_reaches_the_tabs_of_its_user(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        said = await self.ctl_while_tabs_run("message", "alice", "chat.say", '{"t": "hi"}')
        self.assertEqual(said, "1 session took it\n")
        self.assertEqual((await alice.receive("chat.say"))["data"], {"t": "hi"})
        await bob.assert_silence()
        said = await self.ctl_json_while_tabs_run("message", "nobody", "chat.say", "{}")
        self.assertEqual(said, {"sessions": 0})

    async def test_a_broadcast_reaches_all_tabs(self):
        tabs = [await self.open("alice"), await self.open("bob")]
        self.assertEqual(await self.ctl_json_while_tabs_run("broadcast", "maintenance", '{"n":5}'),
                         {"sessions": 2})
        for tab in tabs:
            self.assertEqual((await tab.receive("maintenance"))["data"], {"n": 5})
        self.assertEqual(await self.ctl_while_tabs_run("broadcast", "maintenance", "{}"),
                         "2 sessions took it\n")

    def test_a_message_that_belfry_refuses_is_an_error_with_its_code(self):
        self.assertEqual(self.ctl_error("message", "a", "ping", "{}")["code"], "InvalidArgs")
        self.assertEqual(self.ctl_error("broadcast", "x", "[]")["code"], "InvalidArgs")

    async def test_sessions_are_listed_with_user_peer_and_time(self):
        tabs = [await self.open("alice"), await self.open("alice"), await self.open("bob")]
        listed = await self.ctl_json_while_tabs_run("sessions")
        self.assertEqual(listed["total"], 3)
        self.assertEqual({(s["sessionId"], s["userId"]) for s in listed["sessions"]},
                         {(t.registered["sessionId"], t.registered["userId"]) for t in tabs})
        for session in listed["sessions"]:
            self.assertEqual(list(session),
                             ["sessionId", "userId", "connectedAt", "peer", "live"])
            self.assertRegex(session["connectedAt"], r"^\d{4}-.*\.\d{3}Z$")
            self.assertIn("127.0.0.1", session["peer"])
            self.assertIs(session["live"], True)
        lines = (await self.ctl_while_tabs_run("sessions", "alice")).splitlines()
        self.assertEqual(lines[0].split(), ["SESSION", "SINCE", "LIVE", "PEER", "USER"])
        self.assertEqual({line.split()[0] for line in lines[1:-1]},
                         {tab.registered["sessionId"] for tab in tabs[:2]})
        self.assertEqual(lines[-1], "2 of 2")
        lines = (await self.ctl_while_tabs_run("sessions", "--limit", "1")).splitlines()
        self.assertEqual((len(lines), lines[-1]), (3, "1 of 3"))

    async def test_a_session_is_ended_and_its_client_told_why(self):
        tabs = [await self.open("alice") for _ in range(3)]
        session = tabs[0].registered["sessionId"]
        said = await self.ctl_while_tabs_run("disconnect", session, "--reason", "Good bye")
        self.assertEqual(said, "1 session ended\n")
        frame = await tabs[0].receive_last("DISCONNECTED", 4502)
        self.assertIn("Good bye", frame["data"]["message"])
        said = await self.ctl_json_while_tabs_run("disconnect", "--user", "alice")
        self.assertEqual(said, {"sessions": 2})
        for tab in tabs[1:]:
            await tab.receive_last("DISCONNECTED", 4502)
        self.assertEqual(self.ctl_error("disconnect", session)["code"], "NotFound")


class Watch(Ctl):
    def watch(self, *arguments):
        """Starts to watch; gives the process, and a function that gives its next line."""
        process = self.start_ctl("watch", *arguments)
        lines = queue.Queue()

        def read():
            for line in process.stdout:
                lines.put(line)
        thread = threading.Thread(target=read)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self._end_now, process)
        return process, lambda: lines.get(timeout=PATIENCE)

    def _end_now(self, process):
        if process.poll() is None:
            process.kill()
            process.wait()

    def end(self, process):
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)

    def watch_json(self, user):
        process, next_line = self.watch(user, "--json")

        def next_event():
            return json.loads(next_line())
        self.assertEqual(next_event(), {"event": "subscribed"})
        return process, next_event

    def test_what_happens_is_told_in_order(self):
        process, next_event = self.watch_json("alice")
        self.worker.create("alice2")
        ids = self.worker.create_many([("alice", f'{{"n":{n}}}', {}) for n in range(50)])
        for n, id in enumerate(ids):
            event = next_event()
            self.assertEqual((event["event"], event["id"], event["userId"]),
                             ("created", id, "alice"))
            self.assertEqual(event["notification"]["data"], {"n": n})
            self.assertEqual(event["notification"]["id"], id)
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:2])
        self.worker.call("Notifications.Update", "(sts)", "alice", ids[0], '{"new":1}')
        self.worker.call("Notifications.MarkUnread", "(sat)", "alice", ids[1:2])
        self.worker.call("Notifications.Remove", "(sat)", "alice", ids[2:4])
        events = [next_event() for _ in range(6)]
        self.assertEqual([(e["event"], e["id"]) for e in events],
                         [("read", ids[0]), ("read", ids[1]), ("updated", ids[0]),
                          ("updated", ids[1]), ("removed", ids[2]), ("removed", ids[3])])
        self.assertEqual(events[2]["notification"]["data"], {"new": 1})
        self.assertIs(events[3]["notification"]["read"], False)
        self.assertNotIn("notification", events[4])
        self.end(process)

    def test_lines_are_for_people_without_json(self):
        process, next_line = self.watch("alice")
        self.assertEqual(process.stderr.readline(), "Watching; Ctrl+C ends it\n")
        id = self.worker.create("alice", {"title": "Disk\x1b[2J", "body": "full"})
        self.assertRegex(next_line(), rf"^\d\d:\d\d:\d\d  created  {id}  Disk \[2J — full\n$")
        self.worker.call("Notifications.Remove", "(sat)", "alice", [id])
        self.assertRegex(next_line(), rf"^\d\d:\d\d:\d\d  removed  {id}\n$")
        self.end(process)

    def test_on_a_terminal_lines_are_coloured_and_cut_until_control_c(self):
        terminal = self.terminal("watch", "alice", columns=50)
        terminal.wait_for("Ctrl+C ends it")
        self.worker.create("alice", {"title": "日本語" * 40})
        terminal.wait_for("…")
        terminal.type("\x03")
        text, status = terminal.end()
        self.assertEqual(status, 0)
        self.assertIn("\033[32m", text)
        line = re.search(".*…", strip_looks(text)).group()
        self.assertLess(len(line), 50)

    def test_it_survives_restarts_and_says_so(self):
        process, next_event = self.watch_json("alice")
        for _ in range(2):
            self.daemon.stop()
            self.assertEqual(next_event(), {"event": "away"})
            self.daemon.start()
            self.assertEqual(next_event(), {"event": "subscribed"})
            id = self.worker.create("alice")
            self.assertEqual((lambda e: (e["event"], e["id"]))(next_event()), ("created", id))
        self.end(process)

    def test_it_ends_when_nobody_reads_along(self):
        process = self.start_ctl("watch", "alice")
        process.stderr.readline()
        process.stdout.close()
        self.worker.create("alice")
        self.assertEqual(process.wait(timeout=PATIENCE), 1)
        process.stdout = None

    def test_what_belfry_refuses_ends_it(self):
        self.assertEqual(self.ctl_error("watch", "x" * 200)["code"], "InvalidArgs")


if __name__ == "__main__":
    belfry_test.main()
