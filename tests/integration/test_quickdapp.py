#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client as QuickDapp's frontends have it: four message types, and numbers for user ids."""

import contextlib
import time

import websockets

import belfry_test
from belfry_test import BelfryTestCase, sign


class QuickDappClient:
    """It sends one frame, and knows no others than these four."""

    def __init__(self, tab):
        self.tab = tab
        self.connected = self.registered = None
        self.notifications = []
        self.errors = []

    async def run_until(self, condition):
        while not condition(self):
            frame = await self.tab.receive()
            assert set(frame) == {"type", "data"}, frame
            match frame["type"]:
                case "connected":
                    self.connected = frame["data"]["message"]
                case "registered":
                    self.registered = frame["data"]["userId"]
                case "notification_received":
                    self.notifications.append(frame["data"])
                case "error":
                    self.errors.append((frame["data"]["code"], frame["data"]["message"]))

    async def register(self, token=None):
        """Without a token as it does before its user has signed in."""
        await self.tab.send(type="register", **({} if token is None else {"jwtToken": token}))


class QuickDapp(BelfryTestCase):
    finds_leaks = True
    options = ("--jwt-user-claim", "userId", "--numeric-user-ids")

    def token_of(self, user_id):
        """A number is the user's id, as in QuickDapp's tokens."""
        return self.daemon.token("nobody", userId=user_id)

    async def client(self):
        client = QuickDappClient(await self.connect(expect_connected=False))
        await client.run_until(lambda self: self.connected is not None)
        return client

    async def test_it_registers_and_gets_its_notifications(self):
        client = await self.client()
        await client.register(self.token_of(7))
        await client.run_until(lambda self: self.registered is not None)
        self.assertEqual(client.registered, 7)
        id = self.worker.create("7", {"type": "greeting", "message": "Hello"})
        self.worker.create("8", {})
        self.worker.create("7", {})
        await client.run_until(lambda self: len(self.notifications) == 2)
        first = client.notifications[0]
        self.assertEqual((first["id"], first["userId"]), (id, 7))
        self.assertEqual(first["data"], {"type": "greeting", "message": "Hello"})
        self.assertIs(first["read"], False)
        self.assertRegex(first["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    async def test_a_bad_token_ends_in_an_error_with_a_message(self):
        client = await self.client()
        await client.register(sign({"alg": "HS256"}, {"userId": 7}, b"x" * 32))
        await client.run_until(lambda self: self.errors)
        self.assertEqual(client.errors[0][0], "INVALID_TOKEN")
        self.assertNotEqual(client.errors[0][1], "")
        self.assertEqual(await client.tab.wait_closed(), 4500)

    async def test_who_is_not_signed_in_yet_may_register_later(self):
        client = await self.client()
        await client.register()
        await client.run_until(lambda self: self.errors)
        self.assertEqual(client.errors[0][0], "NOT_REGISTERED")
        await client.register(self.token_of(7))
        await client.run_until(lambda self: self.registered == 7)

    async def test_what_its_tokens_hold_besides_does_no_harm(self):
        client = await self.client()
        now = time.time()
        await client.register(self.daemon.token(
            "nobody", userId=7, type="auth", iat=int(now), iatMs=int(now * 1000),
            jti=f"{int(now * 1000)}-k3j2h1"))
        await client.run_until(lambda self: self.registered == 7)

    async def test_ids_are_numbers_only_where_javascript_can_hold_them(self):
        for user, told in (("0", 0), ("42", 42), ("9007199254740991", 2**53 - 1),
                           ("9007199254740992", "9007199254740992"), ("007", "007"), ("-1", "-1"),
                           ("+1", "+1"), (" 1", " 1"), ("1.0", "1.0"), ("1e3", "1e3"),
                           ("alice", "alice"), ("9" * 40, "9" * 40)):
            tab = await self.connect()
            await tab.send(type="register", jwtToken=self.token_of(user))
            self.assertEqual((await tab.receive("registered"))["data"]["userId"], told)
            self.worker.create(user)
            received = (await tab.receive("notification_received"))["data"]
            listed = (await tab.request("list"))["notifications"][0]
            for data in received, listed:
                self.assertEqual(data["userId"], told)
                self.assertIs(type(data["userId"]), type(told))
            await tab.close()


class Limits(BelfryTestCase):
    """The variables and the codes are those of QuickDapp."""

    environment = {"SOCKET_MAX_TOTAL_CONNECTIONS": "2", "SOCKET_MAX_CONNECTIONS_PER_USER": "1"}

    async def errors_of(self, user):
        client = QuickDappClient(await self.connect(expect_connected=False))
        with contextlib.suppress(websockets.ConnectionClosed):
            await client.run_until(lambda self: self.connected is not None)
            await client.register(self.daemon.token(user))
            await client.run_until(lambda self: self.registered is not None or self.errors)
        return [code for code, _ in client.errors]

    async def test_each_limit_has_its_code(self):
        self.assertEqual(await self.errors_of("7"), [])
        self.assertEqual(await self.errors_of("7"), ["CONNECTION_LIMIT_PER_USER_EXCEEDED"])
        self.assertEqual(await self.errors_of("8"), [])
        self.assertEqual(await self.errors_of("9"), ["CONNECTION_LIMIT_TOTAL_EXCEEDED"])


class WithoutTheOption(BelfryTestCase):
    async def test_ids_are_text(self):
        tab = await self.open("7")
        self.assertEqual(tab.registered["userId"], "7")
        self.worker.create("7")
        self.assertEqual((await tab.receive("notification_received"))["data"]["userId"], "7")


if __name__ == "__main__":
    belfry_test.main()
