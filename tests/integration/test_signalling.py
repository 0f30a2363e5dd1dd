#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two users who have agreed signal each other, and nobody else does."""

import base64
import hashlib
import hmac
import os
import subprocess
import tempfile
import time

import belfry_test
from belfry_test import BelfryTestCase, slow

OFFER = {"type": "offer", "sdp": "v=0\r\n"}


class SignallingTestCase(BelfryTestCase):
    options = ("--signalling",)

    async def invite(self, tab, to, id=1, **data):
        call = await tab.request("call.invite", id=id, to=to, **data)
        self.assertIn("key", call)
        return call

    async def connect_two(self):
        """Alice has called Bob, who has accepted."""
        alice, bob = await self.open("alice"), await self.open("bob")
        call = (await self.invite(alice, "bob"))["call"]
        await bob.receive("call.invited")
        bob.member = await bob.request("call.accept", call=call)
        await alice.receive("call.accepted")
        return alice, bob, call

    async def assert_error(self, tab, code, type, word="", **data):
        error = await tab.request(type, **data)
        self.assertEqual(error.get("code"), code, error)
        self.assertIn(word, error["message"])

    async def assert_quiet(self, *tabs):
        """Nothing had been sent to them before they asked."""
        for tab in tabs:
            await tab.send(type="ping", id="quiet")
            self.assertEqual((await tab.receive("reply"))["id"], "quiet")


class Signalling(SignallingTestCase):
    async def test_an_invitation_rings_all_sessions_of_the_callee_and_says_who_calls(self):
        alice = await self.open("alice")
        bobs = [await self.open("bob") for _ in range(2)]
        carol = await self.open("carol")
        # Who it is comes from the token: what the data says of it is nothing.
        call = await self.invite(alice, "bob", about={"game": "pong"}, **{"from": "carol"})
        self.assertEqual((call["state"], call["role"]), ("ringing", "caller"))
        for bob in bobs:
            self.assertEqual((await bob.receive("call.invited"))["data"],
                             {"call": call["call"], "from": "alice", "to": "bob",
                              "about": {"game": "pong"}})
        await self.assert_quiet(alice, carol)

    async def test_the_first_session_that_accepts_is_in_it_and_the_others_are_told(self):
        alice = await self.open("alice")
        bobs = [await self.open("bob") for _ in range(3)]
        call = (await self.invite(alice, "bob"))["call"]
        for bob in bobs:
            await bob.receive("call.invited")
        member = await bobs[1].request("call.accept", call=call)
        self.assertEqual((member["state"], member["role"], member["from"], member["away"]),
                         ("open", "callee", "alice", False))
        self.assertEqual((await alice.receive("call.accepted"))["data"], {"call": call})
        for bob in bobs[0], bobs[2]:
            self.assertEqual((await bob.receive("call.taken"))["data"], {"call": call})
            await self.assert_error(bob, "EXISTS", "call.accept", call=call)
            await self.assert_error(bob, "FORBIDDEN", "call.signal", call=call, description=OFFER)
            await self.assert_error(bob, "FORBIDDEN", "call.end", call=call)
            await self.assert_error(bob, "FORBIDDEN", "call.servers", call=call)
        await self.assert_quiet(alice, bobs[1])

    async def test_signals_reach_just_the_other_session_in_order_and_unchanged(self):
        alice, bob, call = await self.connect_two()
        others = [await self.open(user) for user in ("alice", "bob", "carol")]
        candidate = {"candidate": "candidate:1 é", "sdpMid": None, "sdpMLineIndex": 0}
        signals = [{"description": OFFER}, {"candidate": candidate}, {"candidate": None},
                   {"message": {"n": 1e3, "text": "😀"}},
                   {"description": {"type": "rollback"}}]
        signals += [{"message": {"number": i}} for i in range(50)]
        for signal in signals:
            await alice.send(type="call.signal", data={"call": call, **signal})
        for signal in signals:
            self.assertEqual((await bob.receive("call.signal"))["data"], {"call": call, **signal})
        self.assertEqual(
            await bob.request("call.signal", call=call, description={"type": "answer", "sdp": ""}),
            {})
        await alice.receive("call.signal")
        await self.assert_quiet(*others)

    async def test_nothing_passes_before_the_callee_has_agreed(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        call = (await self.invite(alice, "bob"))["call"]
        await bob.receive("call.invited")
        for tab in alice, bob:
            for type in "call.signal", "call.servers":
                await self.assert_error(tab, "FORBIDDEN", type, "not been accepted", call=call,
                                        description=OFFER)
        await self.assert_error(alice, "FORBIDDEN", "call.accept", call=call)
        await self.assert_quiet(alice, bob)

    async def test_a_third_user_learns_nothing_of_a_call(self):
        alice, bob, call = await self.connect_two()
        mallory = await self.open("mallory")
        for type in "accept", "end", "signal", "resume", "servers":
            answers = [await mallory.request("call." + type, call=id, description=OFFER,
                                             key=bob.member["key"])
                       for id in (call, "no call")]
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0]["code"], "NOT_FOUND")
        self.assertEqual(await mallory.request("call.list"), {"calls": []})
        await self.assert_quiet(alice, bob)

    async def test_an_invitation_says_nothing_of_whether_somebody_is_there(self):
        alice, _ = await self.open("alice"), await self.open("bob")
        answers = [await self.invite(alice, user, seconds=1) for user in ("bob", "nobody")]
        for answer in answers:
            for name in "call", "key", "to":
                del answer[name]
        self.assertEqual(answers[0], answers[1])
        ended = [(await alice.receive("call.ended"))["data"]["reason"] for _ in range(2)]
        self.assertEqual(ended, ["unanswered", "unanswered"])

    async def test_an_invitation_runs_out_for_both(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        call = (await self.invite(alice, "bob", seconds=1))["call"]
        await bob.receive("call.invited")
        for tab in alice, bob:
            self.assertEqual((await tab.receive("call.ended"))["data"],
                             {"call": call, "reason": "unanswered"})
            await self.assert_error(tab, "NOT_FOUND", "call.accept", call=call)

    async def test_declining_and_cancelling_are_told(self):
        alice, bob, bob2 = [await self.open(user) for user in ("alice", "bob", "bob")]
        for ends, hear, reason in (bob, (alice, bob2), "declined"), (alice, (bob, bob2), "cancelled"):
            call = (await self.invite(alice, "bob"))["call"]
            for tab in bob, bob2:
                await tab.receive("call.invited")
            self.assertEqual(await ends.request("call.end", call=call), {})
            for tab in hear:
                self.assertEqual((await tab.receive("call.ended"))["data"],
                                 {"call": call, "reason": reason})
            await self.assert_error(ends, "NOT_FOUND", "call.end", call=call)

    async def test_either_side_ends_a_call(self):
        for n in range(2):
            alice, bob, call = await self.connect_two()
            one, other = (alice, bob) if n == 0 else (bob, alice)
            await one.request("call.end", call=call)
            self.assertEqual((await other.receive("call.ended"))["data"],
                             {"call": call, "reason": "ended"})
            await self.assert_error(other, "NOT_FOUND", "call.signal", call=call, message={})
            await alice.close()
            await bob.close()

    async def test_who_invites_the_one_that_rings_has_accepted(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        call = (await self.invite(alice, "bob"))["call"]
        await bob.receive("call.invited")
        member = await self.invite(bob, "alice")
        self.assertEqual((member["call"], member["state"], member["role"]),
                         (call, "open", "callee"))
        self.assertEqual((await alice.receive("call.accepted"))["data"], {"call": call})
        await self.assert_quiet(alice, bob)

    async def test_a_session_that_comes_back_takes_its_place_with_its_key(self):
        alice, bob, call = await self.connect_two()
        await bob.close()
        self.assertEqual((await alice.receive("call.away"))["data"], {"call": call})
        await self.assert_error(alice, "UNAVAILABLE", "call.signal", call=call, description=OFFER)
        bob2 = await self.open("bob")
        self.assertEqual([c["call"] for c in (await bob2.request("call.list"))["calls"]], [call])
        await self.assert_error(bob2, "FORBIDDEN", "call.signal", call=call, description=OFFER)
        for key in "wrong", None, 1:
            await self.assert_error(bob2, "FORBIDDEN", "call.resume", call=call, key=key)
        member = await bob2.request("call.resume", call=call, key=bob.member["key"])
        self.assertEqual((member["state"], member["role"], member["away"]), ("open", "callee", False))
        await alice.receive("call.resumed")
        await alice.send(type="call.signal", data={"call": call, "description": OFFER})
        await bob2.receive("call.signal")

    async def test_a_key_takes_the_place_of_a_session_that_seems_to_be_there(self):
        alice, bob, call = await self.connect_two()
        bob2 = await self.open("bob")
        await bob2.request("call.resume", call=call, key=bob.member["key"])
        await alice.receive("call.resumed")
        await alice.send(type="call.signal", data={"call": call, "description": OFFER})
        await bob2.receive("call.signal")
        await self.assert_error(bob, "FORBIDDEN", "call.signal", call=call, description=OFFER)
        await bob.close()
        await self.assert_quiet(alice, bob2)

    async def test_registering_as_another_user_leaves_the_call(self):
        alice, bob, call = await self.connect_two()
        await bob.send(type="register", jwtToken=self.daemon.token("mallory"))
        await bob.receive("registered")
        await alice.receive("call.away")
        await self.assert_error(bob, "NOT_FOUND", "call.signal", call=call, description=OFFER)

    @slow
    async def test_a_call_ends_by_itself_when_a_side_stays_away(self):
        alice, bob, call = await self.connect_two()
        await bob.close()
        await alice.receive("call.away")
        self.assertEqual((await alice.receive("call.ended", timeout=120))["data"],
                         {"call": call, "reason": "gone"})

    async def test_a_user_begins_eight_calls_in_half_a_minute_even_if_they_end(self):
        alice = await self.open("alice")
        for i in range(8):
            call = await self.invite(alice, f"user{i}", id=i)
            if i % 2:
                await alice.request("call.end", id=100 + i, call=call["call"])
        await self.assert_error(alice, "BUSY", "call.invite", "8", to="user9")
        # That is per user, in whatever session, and holds up nobody else.
        await self.assert_error(await self.open("alice"), "BUSY", "call.invite", to="user9")
        await self.invite(await self.open("bob"), "user9")

    async def test_nobody_is_rung_more_than_eight_times_at_once(self):
        bob = await self.open("bob")
        callers = [await self.open(f"caller{i}") for i in range(9)]
        answers = [await self.invite(caller, "bob") for caller in callers]
        rung = [(await bob.receive("call.invited"))["data"]["call"] for _ in range(8)]
        self.assertEqual(rung, [answer["call"] for answer in answers[:8]])
        await self.assert_quiet(bob)
        # The ninth is not told so: it would say that the user is sought after.
        self.assertEqual(answers[8].keys(), answers[0].keys())
        self.assertEqual(len((await bob.request("call.list"))["calls"]), 8)

    async def test_one_invitation_to_a_user_at_a_time(self):
        alice = await self.open("alice")
        await self.invite(alice, "bob")
        await self.assert_error(alice, "EXISTS", "call.invite", to="bob")

    async def test_an_invitation_as_deep_as_may_be_can_be_listed(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        about = {}
        for _ in range(30):
            about = {"a": about}
        call = await self.invite(alice, "bob", about=about)
        await bob.receive("call.invited")
        for tab in alice, bob:
            (listed,) = (await tab.request("call.list"))["calls"]
            self.assertEqual((listed["call"], listed["about"]), (call["call"], about))

    async def test_what_is_wrong_is_named_and_changes_nothing(self):
        alice, bob, call = await self.connect_two()
        big = "x" * 4096
        for type, word, data in (
                ("call.invite", "to", {}), ("call.invite", "to", {"to": ""}),
                ("call.invite", "to", {"to": "a\u0000b"}), ("call.invite", "to", {"to": "x" * 129}),
                ("call.invite", "to", {"to": "alice"}), ("call.invite", "to", {"to": ["bob"]}),
                ("call.invite", "seconds", {"to": "bob", "seconds": 0}),
                ("call.invite", "seconds", {"to": "bob", "seconds": 31}),
                ("call.invite", "seconds", {"to": "bob", "seconds": "5"}),
                ("call.invite", "about", {"to": "bob", "about": []}),
                ("call.invite", "about", {"to": "bob", "about": {"a": big}}),
                ("call.accept", "call", {}), ("call.accept", "call", {"call": 1}),
                ("call.signal", "expected one", {}),
                ("call.signal", "expected one", {"description": OFFER, "candidate": None}),
                ("call.signal", "description", {"description": []}),
                ("call.signal", "type", {"description": {"sdp": ""}}),
                ("call.signal", "type", {"description": {"type": "hello", "sdp": ""}}),
                ("call.signal", "sdp", {"description": {"type": "offer"}}),
                ("call.signal", "32768", {"description": {"type": "offer", "sdp": "x" * 32768}}),
                ("call.signal", "candidate", {"candidate": "text"}),
                ("call.signal", "candidate", {"candidate": {}}),
                ("call.signal", "4096", {"candidate": {"candidate": big}}),
                ("call.signal", "message", {"message": 1}),
                ("call.signal", "4096", {"message": {"a": big}})):
            with self.subTest(type=type, word=word):
                if type == "call.signal":
                    data = {"call": call, **data}
                await self.assert_error(alice, "INVALID_MESSAGE", type, word, **data)
        await self.assert_quiet(alice, bob)
        await alice.send(type="call.signal", data={"call": call, "description": OFFER})
        await bob.receive("call.signal")

    async def test_without_servers_there_are_none(self):
        alice, _, call = await self.connect_two()
        self.assertEqual((await alice.request("call.servers", call=call))["iceServers"], [])


class NumericIds(SignallingTestCase):
    options = ("--signalling", "--numeric-user-ids")

    async def test_numeric_user_ids_are_numbers_here_too(self):
        one, two = await self.open("1"), await self.open("2")
        call = await self.invite(one, 2)
        invited = (await two.receive("call.invited"))["data"]
        self.assertEqual((invited["from"], invited["to"], call["to"]), (1, 2, 2))


class Servers(SignallingTestCase):
    SECRET = "coturn's secret: ü"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="belfry-test-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "turn-secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.SECRET + "\n")
        self.options = ("--signalling", "--turn-url", "stun:127.0.0.1:3478",
                        "--turn-url", "turn:127.0.0.1:3478?transport=udp",
                        "--turn-url", "turns:[::1]:5349", "--turn-secret-file", path,
                        "--turn-lifetime", "600")
        super().setUp()

    async def test_credentials_are_those_of_the_shared_secret_and_run_out(self):
        alice, bob, call = await self.connect_two()
        for user, tab in ("alice", alice), ("bob", bob):
            before = int(time.time())
            answer = await tab.request("call.servers", call=call)
            stun, turn = answer["iceServers"]
            self.assertEqual(stun, {"urls": ["stun:127.0.0.1:3478"]})
            self.assertEqual(turn["urls"],
                             ["turn:127.0.0.1:3478?transport=udp", "turns:[::1]:5349"])
            expiry, _, name = turn["username"].partition(":")
            self.assertEqual((name, answer["lifetime"]), (user, 600))
            self.assertTrue(before + 600 <= int(expiry) <= time.time() + 600)
            digest = hmac.new(self.SECRET.encode(), turn["username"].encode(), hashlib.sha1)
            self.assertEqual(turn["credential"], base64.b64encode(digest.digest()).decode())
        self.assertNotIn(self.SECRET, "".join(self.daemon.log))


class Options(BelfryTestCase):
    async def test_without_the_option_there_is_no_signalling(self):
        alice = await self.open("alice")
        self.assertEqual((await alice.request("call.invite", to="bob"))["code"], "UNKNOWN_TYPE")

    def assert_not_started(self, *options, word):
        self.daemon.stop()
        result = subprocess.run([*self.daemon.arguments(), *options], capture_output=True,
                                text=True, timeout=belfry_test.PATIENCE, check=False,
                                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual(result.returncode, 2, result)
        self.assertIn(word, result.stderr)

    async def test_options_that_cannot_be_are_refused_at_the_start(self):
        empty = os.path.join(self.folder, "empty")
        open(empty, "w").close()
        turn = ("--signalling", "--turn-url", "turn:127.0.0.1:3478")
        for options, word in (
                (turn, "turn-secret-file"),
                ((*turn, "--turn-secret-file", "/nowhere"), "turn-secret-file"),
                ((*turn, "--turn-secret-file", empty), "turn-secret-file"),
                (turn[1:], "signalling"),
                (("--signalling", "--turn-url", "http://x"), "turn-url"),
                (("--signalling", "--turn-url", "turn:"), "turn-url"),
                (("--signalling", "--turn-url", "turn://x"), "turn-url"),
                (("--signalling", "--turn-lifetime", "59"), "turn-lifetime"),
                (("--signalling", "--turn-lifetime", "x"), "turn-lifetime")):
            with self.subTest(options=options):
                self.assert_not_started(*options, word=word)


if __name__ == "__main__":
    belfry_test.main()
