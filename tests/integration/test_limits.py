#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is limited, that the last frame says why, and that places are given back."""

import asyncio
import json
import time

import belfry_test
import raw_socket
from belfry_test import PATIENCE, BelfryTestCase, slow
from raw_socket import CLOSE, PING, TEXT, RawSocket, upgrade_request


class LimitTestCase(BelfryTestCase):
    async def wait_for_clients(self, n):
        deadline = time.monotonic() + PATIENCE
        while (count := self.worker.property("ConnectedClients")) != n:
            self.assertLess(time.monotonic(), deadline, f"{count} clients")
            await asyncio.sleep(0.05)

    async def assert_full(self):
        tab = await self.connect(expect_connected=False)
        frame = await tab.receive_last("CONNECTION_LIMIT_TOTAL_EXCEEDED", 1013)
        self.assertEqual(len(tab.frames), 1)
        self.assertNotIn("id", frame)


class Total(LimitTestCase):
    options = ("--max-total-connections", "3")

    async def test_over_the_total_limit_the_error_is_the_only_frame(self):
        tabs = [await self.open("alice"), await self.connect(), await self.open("bob")]
        for _ in range(3):
            await self.assert_full()
        for tab in tabs:
            self.assertEqual(await tab.request("ping"), {})
        await tabs.pop(0).close()
        await self.wait_for_clients(2)
        await self.open("carol")
        await self.assert_full()

    async def test_places_come_back_whatever_becomes_of_the_client(self):
        port = self.daemon.port
        token = self.daemon.token("alice")
        request = upgrade_request()

        def half_a_request(raw):
            raw.write(request[:len(request) // 2])

        def silent_request(raw):
            raw.write(request)

        def connected(raw):
            raw.write(request)
            raw.read_head()
            raw.read_json("connected")

        def before_its_answer(raw):
            connected(raw)
            raw.write_json(type="register", jwtToken=token)

        def registered(raw):
            before_its_answer(raw)
            raw.read_json("registered")

        def in_the_middle_of_a_frame(raw):
            registered(raw)
            raw.write(b"\x81\xfe\x01")

        def after_its_close(raw):
            registered(raw)
            raw.write_frame(CLOSE, b"\x03\xe8")

        def refused(raw):
            connected(raw)
            raw.write_json(type="register", jwtToken="bad")

        for step in (half_a_request, silent_request, connected, before_its_answer, registered,
                     in_the_middle_of_a_frame, after_its_close, refused):
            for end in RawSocket.reset, RawSocket.close:
                for _ in range(4):
                    raw = RawSocket(port)
                    step(raw)
                    end(raw)
                    await self.wait_for_clients(0)
        self.assertEqual(self.worker.call("Sessions.ListSessions", "(a{sv})", {})[1], 0)
        # Exactly three are free.
        tabs = [await self.open("alice") for _ in range(3)]
        await self.assert_full()
        self.assertEqual(await tabs[0].request("ping"), {})

    async def test_places_come_back_at_once_when_the_server_closes(self):
        def bad_token(raw):
            raw.write_json(type="register", jwtToken="bad")

        def bad_utf8(raw):
            raw.write_frame(TEXT, b"\xff")

        def reserved_bit(raw):
            raw.write_frame(TEXT, b"{}", reserved=4)

        def not_masked(raw):
            raw.write_frame(TEXT, b"{}", masked=False)

        def too_large(raw):
            raw.write_frame(TEXT, b"", length=65537)

        def too_fast(raw):
            raw.write(b"\x89\x80\0\0\0\0" * 250)

        for fault in bad_token, bad_utf8, reserved_bit, not_masked, too_large, too_fast:
            with self.subTest(fault.__name__):
                raws = [RawSocket.upgraded(self.daemon.port) for _ in range(3)]
                await self.assert_full()
                for raw in raws:
                    fault(raw)
                for raw in raws:
                    raw.read_close()
                # They have not answered the close, nor have they gone.
                for _ in range(3):
                    tab = await self.connect()
                    await tab.close()
                    await self.wait_for_clients(0)
                for raw in raws:
                    raw.close()


class PerUser(LimitTestCase):
    options = ("--max-connections-per-user", "2")

    async def test_over_a_users_limit_the_error_comes_before_the_close(self):
        first = await self.open("alice")
        await self.open("alice")
        await self.open("bob")
        tab = await self.connect()
        await tab.send(type="register", id=9, jwtToken=self.daemon.token("alice"))
        frame = await tab.receive_last("CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100)
        self.assertEqual((frame["id"], frame["data"]["retryAfter"]), (9, None))
        await first.close()
        await self.wait_for_clients(2)
        await self.open("alice")

    async def test_places_come_back_when_a_worker_disconnects(self):
        for _ in range(5):
            tabs = [await self.open("alice"), await self.open("alice")]
            self.assertEqual(self.worker.call("Sessions.DisconnectUser", "(ss)", "alice", "Go."), 2)
            for tab in tabs:
                frame = await tab.receive_last("DISCONNECTED", 4502)
                self.assertEqual(frame["data"]["message"], "Go.")


class Options(BelfryTestCase):
    options = ("--max-total-connections", "7")
    environment = {"SOCKET_MAX_TOTAL_CONNECTIONS": "5", "SOCKET_MAX_CONNECTIONS_PER_USER": "1"}

    async def test_the_command_line_goes_before_the_environment(self):
        self.assertEqual(self.worker.property("MaxTotalConnections"), 7)
        self.assertEqual(self.worker.property("MaxConnectionsPerUser"), 1)
        await self.open("alice")
        tab = await self.connect()
        await tab.send(type="register", jwtToken=self.daemon.token("alice"))
        await tab.receive_last("CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100)


class Rate(LimitTestCase):
    async def test_a_burst_of_200_is_answered_and_a_flood_is_not(self):
        raw = RawSocket.upgraded(self.daemon.port)
        raw.write_json(type="register", jwtToken=self.daemon.token("alice"))
        raw.read_json("registered")
        text = json.dumps({"type": "ping", "id": 1})
        # The register was the first of the 200.
        raw.write(raw_socket.frame(TEXT, text.encode()) * 199)
        for _ in range(199):
            raw.read_json("reply")
        raw.close()
        flood = await self.open("alice")
        for _ in range(400):
            await flood.send_text(text)
        while (frame := await flood.receive())["type"] == "reply":
            pass
        self.assertEqual((frame["data"]["code"], frame["data"]["fatal"]), ("RATE_LIMITED", True))
        self.assertEqual(await flood.wait_closed(), 4101)
        self.assertEqual(flood.frames[-1], frame)
        tab = await self.open("alice")
        self.assertEqual((await tab.request("unread_count"))["unreadCount"], 0)

    async def test_pings_and_fragments_and_strangers_count(self):
        def pings(raw):
            raw.write(b"\x89\x80\0\0\0\0" * 300)

        def fragments(raw):
            raw.write(b"\x01\x81\0\0\0\0x" + b"\0\x81\0\0\0\0x" * 300)

        for flood in pings, fragments:
            for register in False, True:
                raw = RawSocket.upgraded(self.daemon.port)
                if register:
                    raw.write_json(type="register", jwtToken=self.daemon.token("alice"))
                    raw.read_json("registered")
                flood(raw)
                self.assertEqual(raw.read_close(), (["RATE_LIMITED"], 4101))
                raw.close()
        await self.wait_for_clients(0)


class Times(LimitTestCase):
    @slow
    async def test_who_does_not_register_in_30_seconds_is_sent_away(self):
        tabs = [await self.connect() for _ in range(3)]
        # Nothing but a valid token counts.
        await tabs[1].send(type="register")
        await tabs[1].receive_error("NOT_REGISTERED")
        registered = await self.open("alice")
        for tab in tabs:
            await tab.request("ping")
        for tab in tabs:
            frame = await tab.receive(timeout=60)
            self.assertEqual(frame["data"]["code"], "REGISTRATION_TIMEOUT")
            self.assertIs(frame["data"]["fatal"], True)
            self.assertEqual(await tab.wait_closed(), 4103)
        self.assertEqual(await registered.request("ping"), {})
        await self.wait_for_clients(1)

    @slow
    async def test_who_reads_nothing_for_60_seconds_is_sent_away(self):
        raw = RawSocket.upgraded(self.daemon.port)
        raw.write_json(type="register", jwtToken=self.daemon.token("alice"))
        raw.read_json("registered")
        self.worker.create_many([("alice", json.dumps({"x": "y" * 60000}), {})] * 100)
        await self.wait_for_clients(1)
        deadline = time.monotonic() + 90
        while self.worker.property("ConnectedClients") > 0:
            self.assertLess(time.monotonic(), deadline)
            await asyncio.sleep(1)
        # The end waits for it behind what it has not read.
        self.assertEqual(raw.read_close(), (["SLOW_CONSUMER"], 4102))
        raw.close()

    @slow
    async def test_who_is_silent_is_asked_and_who_does_not_answer_is_closed(self):
        silent = RawSocket.upgraded(self.daemon.port)
        answering = RawSocket.upgraded(self.daemon.port)
        for raw in silent, answering:
            raw.socket.settimeout(90)
            raw.write_json(type="register", jwtToken=self.daemon.token("alice"))
            raw.read_json("registered")
        for raw in silent, answering:
            self.assertEqual(raw.read_frame()[0], PING)
        answering.write_frame(0x0A)
        # No error frame comes.
        self.assertEqual(silent.read_close(), ([], 1011))
        answering.write_json(type="ping", id=1)
        # The next time to be asked may have come meanwhile.
        opcode = PING
        while opcode == PING:
            opcode, payload = answering.read_frame()
        self.assertEqual(json.loads(payload)["type"], "reply")
        await self.wait_for_clients(1)


class Shutdown(BelfryTestCase):
    async def test_everybody_is_told_when_to_come_back(self):
        tabs = [await self.open(f"user{n}") for n in range(20)] + [await self.connect()]
        self.daemon.stop()
        delays = set()
        for tab in tabs:
            delay = (await tab.receive_last("SERVER_SHUTDOWN", 1012))["data"]["retryAfter"]
            self.assertIs(type(delay), int)
            self.assertTrue(0 <= delay < 2000, delay)
            delays.add(delay)
        # At random: with this many, all equal would be no accident.
        self.assertGreater(len(delays), 5)


if __name__ == "__main__":
    belfry_test.main()
