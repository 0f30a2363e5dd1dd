#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Server-Sent Events: the frames of a WebSocket, read over HTTP."""

import belfry_test
from belfry_test import BelfryTestCase
from event_stream import EventStream


class EventsTestCase(BelfryTestCase):
    async def stream(self, user="alice", **kwargs):
        stream = await EventStream.open(self.daemon.port, self.daemon.token(user), **kwargs)
        self.addAsyncCleanup(stream.close)
        return stream

    async def refused(self, token=None, **kwargs):
        stream = await EventStream.request(self.daemon.port, token, **kwargs)
        self.addAsyncCleanup(stream.close)
        return stream, await stream.problem()


class Events(EventsTestCase):
    async def test_what_is_created_comes(self):
        stream = await self.stream()
        id = self.worker.create("alice", '{"title": "Hi"}')
        self.worker.create("bob", "{}")
        frame = await stream.receive("notification_received")
        self.assertEqual((frame["data"]["id"], frame["data"]["data"]), (id, {"title": "Hi"}))
        self.assertEqual(stream.id, f"{stream.registered['epoch']}/{id}")

    async def test_last_event_id_resumes(self):
        stream = await self.stream()
        self.worker.create("alice")
        await stream.receive("notification_received")
        await stream.close()
        missed = self.worker.create("alice")
        again = await self.stream(**{"Last-Event-ID": stream.id})
        self.assertTrue(again.registered["recovered"])
        self.assertEqual((await again.receive("notification_received"))["data"]["id"], missed)
        await again.receive("caught_up")

    async def test_without_a_good_token_it_is_401(self):
        for token, code in ((None, "NOT_REGISTERED"), ("x", "INVALID_TOKEN"),
                            (self.daemon.token("alice", expires_in=-9), "TOKEN_EXPIRED")):
            stream, problem = await self.refused(token)
            self.assertEqual((stream.status, problem["code"]), (401, code))
            self.assertTrue(stream.headers["www-authenticate"].startswith("Bearer"))


if __name__ == "__main__":
    belfry_test.main()
