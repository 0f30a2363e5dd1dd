#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Server-Sent Events: the frames of a WebSocket, read over HTTP."""

import asyncio
import contextlib
import json
import socket
import sqlite3

import belfry_test
from belfry_test import BelfryTestCase, slow
from event_stream import EventStream


class EventsTestCase(BelfryTestCase):
    async def stream(self, user="alice", token=None, **kwargs):
        stream = await EventStream.open(self.daemon.port, token or self.daemon.token(user), **kwargs)
        self.addAsyncCleanup(stream.close)
        return stream

    async def refused(self, token=None, **kwargs):
        stream = await EventStream.request(self.daemon.port, token, **kwargs)
        self.addAsyncCleanup(stream.close)
        return stream, await stream.problem()

    async def wait_for_clients(self, n):
        async with asyncio.timeout(belfry_test.PATIENCE):
            while self.worker.property("ConnectedClients") != n:
                await asyncio.sleep(0.01)


class Events(EventsTestCase):
    async def test_what_is_created_comes(self):
        stream = await self.stream()
        for name in "cache-control", "x-accel-buffering", "connection":
            self.assertIn(stream.headers[name], ("no-store", "no", "close"))
        id = self.worker.create("alice", '{"title": "Hi"}')
        frame = await stream.receive("notification_received")
        self.assertEqual((frame["data"]["id"], frame["data"]["data"]), (id, {"title": "Hi"}))
        self.assertEqual(stream.id, f"{stream.registered['epoch']}/{id}")

    async def test_a_websocket_and_a_stream_of_one_user_are_told_the_same(self):
        tab, stream = await self.open("alice"), await self.stream()
        other = await self.stream("bob")
        ids = [self.worker.create("alice", {"n": n}) for n in range(3)]
        self.worker.call("Notifications.Update", "(sts)", "alice", ids[0], '{"n": 9}')
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:2])
        self.worker.call("Notifications.MarkUnread", "(sat)", "alice", ids[:1])
        self.worker.call("Notifications.Remove", "(sat)", "alice", ids)
        self.worker.call("Sessions.SendToUser", "(sss)", "alice", "x.y", '{"position": 5}')
        self.worker.call("Sessions.Broadcast", "(ss)", "end", "{}")
        frames = []
        while not frames or frames[-1]["type"] != "end":
            frames.append(await tab.receive())
            self.assertEqual(await stream.receive(), frames[-1])
        self.assertGreaterEqual(len(frames), 9)
        await other.receive("end")

    async def test_each_line_break_in_data_begins_a_new_line(self):
        stream = await self.stream()
        self.worker.create("alice", '{"a":\n1,\r\n\r\n"b":\r "x\\ny\u2028"\n}')
        lines = await stream.receive_text()
        data = [value for name, value in lines if name == "data"]
        self.assertEqual([line.split('"data":')[-1] for line in data[:5]],
                         ['{"a":', "1,", "", '"b":', ' "x\\ny\u2028"'])
        self.assertEqual(json.loads("\n".join(data))["data"], {"a": 1, "b": "x\ny\u2028"})

    async def test_last_event_id_resumes_over_a_restart(self):
        stream = await self.stream()
        first = self.worker.create("alice")
        await stream.receive("notification_received")
        await stream.close()
        second = self.worker.create("alice")
        self.daemon.stop()
        self.daemon.start()
        third = self.worker.create("alice")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [first])
        again = await self.stream(**{"Last-Event-ID": stream.id})
        self.assertIs(again.registered["recovered"], True)
        self.assertEqual(again.id, stream.id)
        frames = [await again.receive() for _ in range(4)]
        self.assertEqual([frame["type"] for frame in frames],
                         ["notifications_read", "notification_received", "notification_received",
                          "caught_up"])
        self.assertEqual([frame["data"]["id"] for frame in frames[1:3]], [second, third])

    async def test_where_a_replay_would_not_be_right_nothing_is_replayed(self):
        ids = [self.worker.create("alice") for _ in range(4)]
        self.worker.call("Notifications.Remove", "(sat)", "alice", ids[1:2])
        epoch = (await self.stream()).registered["epoch"]
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            database.execute("UPDATE notification SET removed_at = 1 WHERE removed_at IS NOT NULL")
            database.commit()
            self.daemon.start()
            while database.execute("SELECT count (*) FROM notification").fetchone() != (3,):
                await asyncio.sleep(0.01)
        for last, recovered in ((f"{epoch}/{ids[-1]}", False), (f"{epoch}/{ids[-1] + 1}", True),
                                (f"{epoch}/{ids[-1] + 2}", False), (f"x/{ids[-1] + 1}", False),
                                (f"{epoch}/0", True)):
            stream = await self.stream(**{"Last-Event-ID": last})
            self.assertIs(stream.registered["recovered"], recovered, last)
        stream = await self.stream(**{"Last-Event-ID": ""})
        self.assertNotIn("recovered", stream.registered)

    async def test_it_is_a_session_like_any_other(self):
        stream = await self.stream()
        (session,), total = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        self.assertEqual((session["session-id"], session["user-id"], session["live"], total),
                         (stream.registered["sessionId"], "alice", True, 1))
        self.assertRegex(session["peer"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual(self.worker.property("ConnectedClients"), 1)
        self.worker.call("Sessions.Disconnect", "(ss)", session["session-id"], "Enough")
        frame = await stream.receive_last("DISCONNECTED")
        self.assertEqual(frame["data"]["message"], "Enough")
        await self.wait_for_clients(0)

    async def test_a_client_that_goes_is_noticed(self):
        streams = [await self.stream() for _ in range(3)]
        await streams[0].close()
        streams[1].writer.write_eof()
        await self.wait_for_clients(1)
        self.worker.create("alice")
        await streams[2].receive("notification_received")

    async def test_what_a_client_still_sends_is_passed_over(self):
        stream = await self.stream()
        stream.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        self.worker.create("alice")
        await stream.receive("notification_received")

    async def test_http_1_0_without_a_host_is_enough(self):
        stream = await self.stream(version="1.0", Host=None)
        self.worker.create("alice")
        await stream.receive("notification_received")

    async def test_it_ends_with_its_token(self):
        stream = await self.stream(token=self.daemon.token("alice", expires_in=4))
        await stream.receive_last("TOKEN_EXPIRED")
        await self.wait_for_clients(0)

    async def test_it_ends_with_the_server(self):
        stream = await self.stream()
        stop = asyncio.create_task(asyncio.to_thread(self.daemon.stop))
        frame = await stream.receive_last("SERVER_SHUTDOWN")
        self.assertIsInstance(frame["data"]["retryAfter"], int)
        await stream.close()
        await stop

    async def test_who_reads_late_gets_all_and_delays_nobody(self):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.setblocking(False)
        await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", self.daemon.port))
        late = await self.stream(sock=peer)
        late.writer.transport.pause_reading()
        prompt = await self.stream()
        ids = []
        for _ in range(60):
            ids += [self.worker.create("alice", '{"x":' + "\n" * 300 + '"' + "x" * 30000 + '"}')]
            self.assertEqual((await prompt.receive("notification_received"))["data"]["id"], ids[-1])
        (live,) = [session["live"] for session in
                   self.worker.call("Sessions.ListSessions", "(a{sv})", {})[0]
                   if session["session-id"] == late.registered["sessionId"]]
        self.assertIs(live, False)
        late.writer.transport.resume_reading()
        self.assertEqual([(await late.receive("notification_received"))["data"]["id"] for _ in ids],
                         ids)

    @slow
    async def test_a_silent_stream_has_a_comment_within_the_heartbeat(self):
        stream = await self.stream()
        self.assertEqual(await asyncio.wait_for(stream.reader.readexactly(3), 30), b":\n\n")


class Refusals(EventsTestCase):
    async def test_without_a_good_token_it_is_401(self):
        for token, code in ((None, "NOT_REGISTERED"), ("x", "INVALID_TOKEN"),
                            (self.daemon.token("alice", expires_in=-9), "TOKEN_EXPIRED")):
            stream, problem = await self.refused(token)
            self.assertEqual((stream.status, problem["code"]), (401, code))
            self.assertEqual(stream.headers["www-authenticate"],
                             'Bearer error="invalid_token"' if token else "Bearer")

    async def test_what_cannot_be_resumed_from_is_named(self):
        for last in "x", "/5", "x/", "x/-1", "x/+1", "x/-0", "x/1.5", f"x/{1 << 53}", "5":
            stream, problem = await self.refused(self.daemon.token("alice"),
                                                 **{"Last-Event-ID": last})
            self.assertEqual((stream.status, problem["code"]), (400, "INVALID_MESSAGE"), last)
            self.assertIn("Last-Event-ID", problem["detail"])
        stream, problem = await self.refused(self.daemon.token("alice"), path="/events?since=5")
        self.assertEqual(stream.status, 400)
        self.assertIn("query", problem["detail"])


class PerUser(EventsTestCase):
    options = ("--max-connections-per-user", "2")

    async def test_over_the_limit_of_the_user_it_is_429(self):
        stream, tab = await self.stream(), await self.open("alice")
        refused, problem = await self.refused(self.daemon.token("alice"))
        self.assertEqual((refused.status, problem["code"]),
                         (429, "CONNECTION_LIMIT_PER_USER_EXCEEDED"))
        self.assertGreater(int(refused.headers["retry-after"]), 0)
        await self.stream("bob")
        await self.wait_for_clients(3)
        await stream.close()
        await self.wait_for_clients(2)
        await self.stream()
        tab = await self.connect()
        await tab.send(type="register", jwtToken=self.daemon.token("alice"))
        await tab.receive_last("CONNECTION_LIMIT_PER_USER_EXCEEDED", 4100)


class Total(EventsTestCase):
    options = ("--max-total-connections", "2")

    async def test_over_the_limit_of_the_server_it_is_503(self):
        stream, _ = await self.stream(), await self.stream("bob")
        refused, problem = await self.refused(self.daemon.token("carol"))
        self.assertEqual((refused.status, problem["code"]), (503, "CONNECTION_LIMIT_TOTAL_EXCEEDED"))
        self.assertGreater(int(refused.headers["retry-after"]), 0)
        await stream.close()
        await self.wait_for_clients(1)
        await self.stream("carol")


class Proxy(EventsTestCase):
    options = ("--trusted-proxy", "127.0.0.1", "--allow-origin", "https://app.example")

    async def test_the_peer_is_whom_a_trusted_proxy_names(self):
        await self.stream(**{"X-Forwarded-For": "192.0.2.7"})
        (session,), _ = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        self.assertEqual(session["peer"], "192.0.2.7")

    async def test_a_page_that_is_let_in_may_read_it(self):
        stream = await self.stream(Origin="https://app.example")
        self.assertEqual(stream.headers["access-control-allow-origin"], "https://app.example")
        self.assertNotIn("access-control-allow-origin", (await self.stream()).headers)


if __name__ == "__main__":
    belfry_test.main()
