#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What belfryctl does with open tabs."""

import asyncio

import belfry_test
from ctl_test import Ctl


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


if __name__ == "__main__":
    belfry_test.main()
