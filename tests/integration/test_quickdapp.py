#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client as QuickDapp's frontends have it: four message types, and numbers for user ids."""

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
                    self.errors.append(frame["data"]["message"])

    async def register(self, token):
        await self.tab.send(type="register", jwtToken=token)


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
        self.assertNotEqual(client.errors[0], "")
        self.assertEqual(await client.tab.wait_closed(), 4500)

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


class WithoutTheOption(BelfryTestCase):
    async def test_ids_are_text(self):
        tab = await self.open("7")
        self.assertEqual(tab.registered["userId"], "7")
        self.worker.create("7")
        self.assertEqual((await tab.receive("notification_received"))["data"]["userId"], "7")


if __name__ == "__main__":
    belfry_test.main()
