#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.belfry.Belfry1.Sessions, as a worker sees it."""

import asyncio
import itertools
import os
import re
import select
import subprocess
import time

import belfry_test
from belfry_test import NAME, PATIENCE, PATH, SESSIONS, BelfryTestCase, Gio, GLib, slow

RESERVED = [
    "connected", "registered", "notification_received", "error", "notification_updated",
    "notifications_read", "notifications_removed", "caught_up", "reply", "register", "list",
    "mark_read", "mark_unread", "remove", "mark_all_read", "unread_count", "ping",
]


class SessionsTestCase(BelfryTestCase):
    def send(self, user, type="news", data="{}"):
        return self.worker.call("Sessions.SendToUser", "(sss)", user, type, data)

    def list_sessions(self, **query):
        types = {"user_id": ("user-id", "s"), "limit": ("limit", "u")}
        return self.worker.call("Sessions.ListSessions", "(a{sv})", {
            types[k][0]: GLib.Variant(types[k][1], v) for k, v in query.items()})

    async def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come to that")
            await asyncio.sleep(0.02)

    async def next_message(self, worker):
        """What MessageReceived told: session id, user id, type, data, request id."""
        signal = await asyncio.to_thread(worker.next_signal)
        self.assertEqual(signal[:2], ("Sessions", "MessageReceived"))
        return signal[2:]


class Sending(SessionsTestCase):
    async def test_send_to_user_reaches_every_tab_of_that_user(self):
        tabs = [await self.open("alice"), await self.open("alice")]
        other = await self.open("bob")
        await self.connect()
        self.assertEqual(self.send("alice", "news", ' {"n":1.0,"u":"ü"} '), 2)
        for tab in tabs:
            text = await tab.socket.recv()
            self.assertEqual(text, '{"type":"news","data":{"n":1.0,"u":"ü"}}')
        self.assertEqual(self.send("carol"), 0)
        await other.assert_silence()
        # It is not stored.
        self.assertEqual(self.worker.list("alice"), ([], 0))

    async def test_send_to_users_counts_the_sessions(self):
        tabs = [await self.open(user) for user in ("alice", "alice", "bob", "carol")]
        count = self.worker.call("Sessions.SendToUsers", "(asss)", ["alice", "bob", "nobody"],
                                 "news", "{}")
        self.assertEqual(count, 3)
        for tab in tabs[:3]:
            self.assertEqual(await tab.receive("news"), {"type": "news", "data": {}})
        await tabs[3].assert_silence()

    async def test_a_user_who_is_named_twice_gets_it_once(self):
        tab = await self.open("alice")
        count = self.worker.call("Sessions.SendToUsers", "(asss)", ["alice", "bob", "alice"],
                                 "news", "{}")
        self.assertEqual(count, 1)
        await tab.receive("news")
        await tab.assert_silence()

    async def test_broadcast_reaches_the_registered(self):
        tabs = [await self.open(user) for user in ("alice", "bob", "bob")]
        waiting = await self.connect()
        self.assertEqual(self.worker.call("Sessions.Broadcast", "(ss)", "news", '{"a":[]}'), 3)
        for tab in tabs:
            self.assertEqual((await tab.receive("news"))["data"], {"a": []})
        await waiting.assert_silence()

    async def test_faulty_messages_are_refused(self):
        calls = {
            "SendToUser": lambda type, data: self.send("alice", type, data),
            "SendToUsers": lambda type, data: self.worker.call(
                "Sessions.SendToUsers", "(asss)", ["alice"], type, data),
            "Broadcast": lambda type, data: self.worker.call(
                "Sessions.Broadcast", "(ss)", type, data),
        }
        tab = await self.open("alice")
        for name, call in calls.items():
            with self.subTest(name):
                for type in "", "A", "a b", "ä", "a" * 65, "a\n":
                    with self.assert_refused("InvalidArgs", "type", "1 to 64", "[a-z0-9_.-]"):
                        call(type, "{}")
                for type in RESERVED:
                    with self.assert_refused("InvalidArgs", "type", type, "Belfry's own"):
                        call(type, "{}")
                for data in "", "[]", "{}{}", "{'a':1}":
                    with self.assert_refused("InvalidArgs", "data"):
                        call("news", data)
                with self.assert_refused("InvalidArgs", "data", "32"):
                    call("news", '{"a":' * 33 + "1" + "}" * 33)
                with self.assert_refused("TooLarge", "data", "65537", "65536"):
                    call("news", '{"a":"' + "x" * 65529 + '"}')
                self.assertEqual(call("a" * 64, "{}"), 1)
                await tab.receive("a" * 64)

    async def test_user_ids_are_checked_and_bounded(self):
        many = lambda users: self.worker.call(  # noqa: E731
            "Sessions.SendToUsers", "(asss)", users, "news", "{}")
        with self.assert_refused("InvalidArgs", "user_id", "1 to 128"):
            self.send("")
        with self.assert_refused("InvalidArgs", "user_ids[1]", "1 to 128"):
            many(["alice", "a" * 129])
        with self.assert_refused("InvalidArgs", "user_ids", "1 to 10000"):
            many([])
        with self.assert_refused("TooLarge", "user_ids", "10001", "1 to 10000"):
            many([f"u{n}" for n in range(10001)])
        self.assertEqual(many([f"u{n}" for n in range(10000)]), 0)

    async def test_what_a_client_does_not_read_is_dropped_and_not_counted(self):
        tab = await self.open("alice")
        other = await self.open("bob")
        tab.socket.transport.pause_reading()
        data = '{"a":"' + "x" * 60_000 + '"}'
        await self.wait_until(lambda: self.send("alice", "news", data) == 0)
        self.assertEqual(self.send("bob", "news", data), 1)
        await other.receive("news")
        tab.socket.transport.resume_reading()
        while True:
            await tab.receive("news")
            if self.send("alice", "last", "{}") == 1:
                break
        while (await tab.receive())["type"] != "last":
            pass


class Listing(SessionsTestCase):
    async def test_sessions_have_what_they_are(self):
        before = time.time() * 1e6
        tab = await self.open("alice")
        sessions, total = self.list_sessions()
        self.assertEqual(total, 1)
        session = sessions[0]
        self.assertLess(before - 1, session["connected-at"])
        self.assertLess(session.pop("connected-at"), time.time() * 1e6 + 1)
        self.assertEqual(session.pop("session-id"), tab.registered["sessionId"])
        host, port = tab.socket.local_address
        self.assertIn(session.pop("peer"), (host, f"{host}:{port}"))
        self.assertEqual(session, {"user-id": "alice", "live": True})

    async def test_a_query_chooses(self):
        tabs = [await self.open(user) for user in ("alice", "bob", "alice", "carol")]
        await self.connect()
        ids = [tab.registered["sessionId"] for tab in tabs]
        found = lambda **query: (  # noqa: E731
            {s["session-id"] for s in self.list_sessions(**query)[0]},
            self.list_sessions(**query)[1])
        self.assertEqual(found(), (set(ids), 4))
        self.assertEqual(found(user_id="alice"), ({ids[0], ids[2]}, 2))
        self.assertEqual(found(user_id="dave"), (set(), 0))
        sessions, total = self.list_sessions(limit=1)
        self.assertEqual((len(sessions), total), (1, 4))
        sessions, total = self.list_sessions(user_id="alice", limit=1)
        self.assertEqual((len(sessions), total), (1, 2))

    async def test_a_faulty_query_is_refused(self):
        query = lambda **values: self.worker.call(  # noqa: E731
            "Sessions.ListSessions", "(a{sv})", values)
        for limit in 0, 10_001:
            with self.assert_refused("InvalidArgs", "query", "limit", "1 to 10000"):
                self.list_sessions(limit=limit)
        with self.assert_refused("InvalidArgs", "query", "limit", "type t", "expected u"):
            query(limit=GLib.Variant("t", 1))
        with self.assert_refused("InvalidArgs", "query", "user-id", "expected s"):
            query(**{"user-id": GLib.Variant("u", 1)})
        with self.assert_refused("InvalidArgs", "query", "user_id", "1 to 128"):
            self.list_sessions(user_id="")
        with self.assert_refused("InvalidArgs", "query", "user", "user-id and limit"):
            query(user=GLib.Variant("s", "alice"))

    async def test_properties(self):
        self.assertEqual([self.worker.property(name) for name in
                          ("ConnectedClients", "ConnectedUsers", "MaxTotalConnections",
                           "MaxConnectionsPerUser")], [0, 0, 10000, 20])
        tabs = [await self.open("alice"), await self.open("alice"), await self.open("bob"),
                await self.connect()]
        properties = self.worker.connection.call_sync(
            NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll",
            GLib.Variant("(s)", (SESSIONS,)), None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        self.assertEqual(properties, {"ConnectedClients": 4, "ConnectedUsers": 2,
                                      "MaxTotalConnections": 10000, "MaxConnectionsPerUser": 20})
        for tab in tabs:
            await tab.close()
        await self.wait_until(lambda: self.worker.property("ConnectedClients") == 0)
        self.assertEqual(self.worker.property("ConnectedUsers"), 0)

    async def test_introspection_says_what_the_contract_says(self):
        xml = self.worker.connection.call_sync(
            NAME, PATH, "org.freedesktop.DBus.Introspectable", "Introspect", None, None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        answered = Gio.DBusNodeInfo.new_for_xml(xml)
        folder = os.environ["BELFRY_INTERFACES"]
        for name in belfry_test.NOTIFICATIONS, SESSIONS:
            with open(os.path.join(folder, name + ".xml"), encoding="utf-8") as file:
                contract = Gio.DBusNodeInfo.new_for_xml(file.read()).lookup_interface(name)
            served = answered.lookup_interface(name)
            describe = lambda args: [(a.name, a.signature) for a in args or []]  # noqa: E731
            self.assertEqual([(m.name, describe(m.in_args), describe(m.out_args))
                              for m in contract.methods],
                             [(m.name, describe(m.in_args), describe(m.out_args))
                              for m in served.methods])
            self.assertEqual([(s.name, describe(s.args)) for s in contract.signals],
                             [(s.name, describe(s.args)) for s in served.signals])
            for info in served.properties or []:
                value = Gio.DBusAnnotationInfo.lookup(
                    info.annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal")
                self.assertEqual(value, "false" if info.name.startswith("Connected") else "const")

    async def test_arguments_of_other_types_are_refused_in_the_same_words_everywhere(self):
        for name in belfry_test.NOTIFICATIONS, SESSIONS, NAME + ".Administration":
            with open(os.path.join(os.environ["BELFRY_INTERFACES"], name + ".xml"),
                      encoding="utf-8") as file:
                contract = Gio.DBusNodeInfo.new_for_xml(file.read()).lookup_interface(name)
            for method in contract.methods:
                expected = "".join(arg.signature for arg in method.in_args or [])
                with self.subTest(method.name), self.assert_refused(
                        "InvalidArgs", f"{method.name} takes ({expected}), not (i)"):
                    self.worker.connection.call_sync(
                        NAME, PATH, name, method.name, GLib.Variant("(i)", (1,)), None,
                        Gio.DBusCallFlags.NONE, PATIENCE * 1000, None)

    async def test_a_users_first_and_last_session_are_told(self):
        self.worker.call("Notifications.Subscribe", "(a{sv})", {
            "user-prefix": GLib.Variant("s", "al"),
            "signals": GLib.Variant("as", ["UserConnected", "UserDisconnected"])})
        other = self.new_worker()
        first, second, bob = [await self.open(user) for user in ("alice", "alice", "bob")]
        self.worker.create("alice")
        self.assertEqual(await asyncio.to_thread(self.worker.next_signal),
                         ("Sessions", "UserConnected", "alice"))
        await first.close()
        await self.wait_until(lambda: self.list_sessions(user_id="alice")[1] == 1)
        self.assertEqual(self.worker.received(), [])
        await second.close()
        await bob.close()
        self.assertEqual(await asyncio.to_thread(self.worker.next_signal),
                         ("Sessions", "UserDisconnected", "alice"))
        self.assertEqual(self.worker.received(), [])
        self.assertEqual(other.received(), [])

    async def test_a_subscription_is_forgotten_with_its_caller(self):
        subscriber = self.new_worker()
        subscriber.call("Notifications.Subscribe", "(a{sv})", {})
        monitor = self.new_monitor()
        self.worker.create("alice")
        self.assertEqual(await asyncio.to_thread(subscriber.next_signal),
                         ("Notifications", "Created", 1, "alice"))
        name = subscriber.connection.get_unique_name()
        self.assertIn(name, monitor())
        subscriber.close()
        # The daemon hears of it before it sees this call.
        self.worker.create("alice")
        self.worker.create("alice")
        self.assertNotIn(name, monitor())

    def new_monitor(self):
        """Gives a function: to whom signals of Belfry have been sent since the last call."""
        monitor = subprocess.Popen(
            ["dbus-monitor", "--address", self.bus.address, "type='signal'"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(monitor.stdout.close)
        self.addCleanup(monitor.wait)
        self.addCleanup(monitor.terminate)

        marks = itertools.count()

        def mark():
            member = f"Mark{next(marks)}"
            self.worker.connection.emit_signal(None, "/mark", "org.example.Mark", member, None)
            return f"member={member}\n"

        def drain():
            seen = []
            end = mark()
            for line in monitor.stdout:
                if line.endswith(end):
                    return seen
                match = re.search(r"-> destination=(\S+) .*path=" + PATH, line)
                if match:
                    seen.append(match.group(1))
            raise AssertionError("dbus-monitor has ended")

        # It listens from some moment on.
        while not select.select([monitor.stdout], [], [], 0.1)[0]:
            mark()
        drain()
        return drain


class Disconnecting(SessionsTestCase):
    async def test_disconnect_ends_one_session_with_its_reason(self):
        tab, other = await self.open("alice"), await self.open("alice")
        self.worker.call("Sessions.Disconnect", "(ss)", tab.registered["sessionId"], "Good bye \u0007")
        error = (await tab.receive("error"))["data"]
        self.assertEqual(error, {"code": "DISCONNECTED", "message": "Good bye \u0007",
                                 "fatal": True, "retryAfter": None})
        self.assertEqual(await tab.wait_closed(), 4502)
        await other.assert_silence()
        with self.assert_refused("NotFound", "session_id"):
            self.worker.call("Sessions.Disconnect", "(ss)", tab.registered["sessionId"], "")
        with self.assert_refused("NotFound", "session_id"):
            self.worker.call("Sessions.Disconnect", "(ss)", "", "")
        self.assertEqual(self.list_sessions()[1], 1)

    async def test_disconnect_user_ends_all_of_that_user(self):
        tabs = [await self.open("alice") for _ in range(3)]
        other = await self.open("bob")
        disconnect = lambda user, reason="": self.worker.call(  # noqa: E731
            "Sessions.DisconnectUser", "(ss)", user, reason)
        self.assertEqual(disconnect("alice", "r" * 1024), 3)
        for tab in tabs:
            error = (await tab.receive("error"))["data"]
            self.assertEqual((error["code"], error["message"]), ("DISCONNECTED", "r" * 1024))
            self.assertEqual(await tab.wait_closed(), 4502)
        self.assertEqual(disconnect("alice"), 0)
        self.assertEqual(self.list_sessions()[1], 1)
        await other.assert_silence()

    async def test_a_reason_has_a_greatest_length(self):
        tab = await self.open("alice")
        with self.assert_refused("TooLarge", "reason", "1025", "1024"):
            self.worker.call("Sessions.Disconnect", "(ss)", tab.registered["sessionId"], "r" * 1025)
        with self.assert_refused("TooLarge", "reason", "1025", "1024"):
            self.worker.call("Sessions.DisconnectUser", "(ss)", "alice", "r" * 1025)
        with self.assert_refused("InvalidArgs", "user_id", "1 to 128"):
            self.worker.call("Sessions.DisconnectUser", "(ss)", "", "")
        await tab.assert_silence()


class Handling(SessionsTestCase):
    def handle(self, *types, worker=None):
        (worker or self.worker).call("Sessions.HandleMessages", "(as)", list(types))

    def stop_handling(self, *types, worker=None):
        (worker or self.worker).call("Sessions.StopHandling", "(as)", list(types))

    def reply(self, session, request, data="{}", worker=None):
        (worker or self.worker).call("Sessions.Reply", "(sss)", session, request, data)

    def reply_error(self, session, request, code="NO", message="No.", worker=None):
        (worker or self.worker).call("Sessions.ReplyError", "(ssss)", session, request, code, message)

    async def test_a_message_goes_to_its_worker_and_the_answer_back(self):
        self.handle("chat.say", "chat.leave")
        other = self.new_worker()
        tab = await self.open("alice")
        await tab.send_text('{"type":"chat.say","id":"x","data":{"n":1.0}}')
        session, user, type, data, request = await self.next_message(self.worker)
        self.assertEqual((session, user, type, data),
                         (tab.registered["sessionId"], "alice", "chat.say", '{"n":1.0}'))
        self.assertNotEqual(request, "")
        self.reply(session, request, ' {"m":2.0} ')
        self.assertEqual(await tab.socket.recv(), '{"type":"reply","id":"x","data":{"m":2.0}}')
        self.assertEqual(other.received(), [])

    async def test_without_an_id_no_answer_is_wanted(self):
        self.handle("note")
        tab = await self.open("alice")
        await tab.send(type="note")
        session, _, type, data, request = await self.next_message(self.worker)
        self.assertEqual((type, data, request), ("note", "{}", ""))
        with self.assert_refused("NotFound", "request_id"):
            self.reply(session, request)

    async def test_an_answer_is_taken_once_and_from_the_one_who_was_asked(self):
        self.handle("ask")
        other = self.new_worker()
        self.handle("else", worker=other)
        tab, second = await self.open("alice"), await self.open("bob")
        await tab.send(type="ask", id=1)
        session, *_, request = await self.next_message(self.worker)
        for wrong in ((second.registered["sessionId"], request), ("nowhere", request),
                      (session, request + "0"), (session, "")):
            with self.assert_refused("NotFound", "request_id"):
                self.reply(*wrong)
            with self.assert_refused("NotFound", "request_id"):
                self.reply_error(*wrong)
        with self.assert_refused("NotFound", "request_id"):
            self.reply(session, request, worker=other)
        self.reply(session, request)
        self.assertEqual((await tab.receive("reply"))["id"], 1)
        for again in self.reply, self.reply_error:
            with self.assert_refused("NotFound", "request_id"):
                again(session, request)

    async def test_a_faulty_answer_leaves_the_request_open(self):
        self.handle("ask")
        tab = await self.open("alice")
        await tab.send(type="ask", id=1)
        session, *_, request = await self.next_message(self.worker)
        for data in "", "[]", "{}{}", '{"a":' * 33 + "1" + "}" * 33:
            with self.assert_refused("InvalidArgs", "data"):
                self.reply(session, request, data)
        with self.assert_refused("TooLarge", "data", "65536"):
            self.reply(session, request, '{"a":"' + "x" * 65536 + '"}')
        for code in "", "no", "N O", "N" * 65:
            with self.assert_refused("InvalidArgs", "code", "1 to 64 of [A-Z0-9_]"):
                self.reply_error(session, request, code)
        with self.assert_refused("TooLarge", "message", "1025", "1024"):
            self.reply_error(session, request, "NO", "x" * 1025)
        await tab.assert_silence()
        self.reply_error(session, request, "N" * 64, "Not today")
        frame = await tab.receive("error")
        self.assertEqual(frame, {"type": "error", "id": 1, "data": {
            "code": "N" * 64, "message": "Not today", "fatal": False, "retryAfter": None}})

    async def test_a_type_has_one_handler(self):
        other = self.new_worker()
        self.handle("a", "b")
        with self.assert_refused("Exists", "types", "“b”"):
            self.handle("c", "b", worker=other)
        # All of them or none.
        tab = await self.open("alice")
        await tab.send(type="c", id=1)
        self.assertEqual((await tab.receive("error"))["data"]["code"], "UNKNOWN_TYPE")
        self.stop_handling("b")
        self.handle("c", "b", worker=other)
        await tab.send(type="b", id=2)
        self.assertEqual((await self.next_message(other))[2], "b")
        await tab.send(type="a", id=3)
        self.assertEqual((await self.next_message(self.worker))[2], "a")

    async def test_types_that_are_none_or_belfrys_own_are_refused(self):
        for type in "", "A", "a b", "a" * 65:
            with self.assert_refused("InvalidArgs", "types", "1 to 64"):
                self.handle("fine", type)
        for type in RESERVED:
            with self.assert_refused("InvalidArgs", "types", type, "Belfry's own"):
                self.handle(type)
        tab = await self.open("alice")
        await tab.send(type="fine", id=1)
        self.assertEqual((await tab.receive("error"))["data"]["code"], "UNKNOWN_TYPE")

    async def test_handling_a_type_again_changes_nothing(self):
        self.handle("a", "a")
        self.handle("a")
        self.handle("b", "a")
        tab = await self.open("alice")
        for type in "a", "b":
            await tab.send(type=type)
            self.assertEqual((await self.next_message(self.worker))[2], type)
        self.stop_handling("a", "a", "never")
        await tab.send(type="a", id=1)
        self.assertEqual((await tab.receive("error"))["data"]["code"], "UNKNOWN_TYPE")

    async def test_a_caller_handles_a_thousand_types(self):
        types = [f"t{n}" for n in range(1000)]
        self.handle(*types)
        self.handle(*types[:600])
        with self.assert_refused("TooLarge", "types", "1000"):
            self.handle("more")
        self.stop_handling("t0")
        self.handle("more")

    async def test_open_requests_stay_with_one_who_stops_handling(self):
        self.handle("ask")
        tab = await self.open("alice")
        await tab.send(type="ask", id=1)
        session, *_, request = await self.next_message(self.worker)
        self.stop_handling("ask")
        other = self.new_worker()
        self.handle("ask", worker=other)
        self.reply(session, request, '{"by":"me"}')
        self.assertEqual((await tab.receive("reply"))["data"], {"by": "me"})

    async def test_the_requests_of_one_who_goes_end_at_once(self):
        worker = self.new_worker()
        self.handle("ask", worker=worker)
        tab = await self.open("alice")
        for id in range(3):
            await tab.send(type="ask", id=id)
            await self.next_message(worker)
        worker.close()
        frames = [await tab.receive("error") for _ in range(3)]
        self.assertEqual({frame["id"] for frame in frames}, {0, 1, 2})
        for frame in frames:
            self.assertEqual((frame["data"]["code"], frame["data"]["fatal"]), ("UNAVAILABLE", False))
        await tab.send(type="ask", id=3)
        self.assertEqual((await tab.receive("error"))["data"]["code"], "UNKNOWN_TYPE")
        self.handle("ask")

    async def test_an_answer_to_one_who_went_is_not_found(self):
        self.handle("ask")
        tab = await self.open("alice")
        await tab.send(type="ask", id=1)
        session, *_, request = await self.next_message(self.worker)
        await tab.close()
        await self.wait_until(lambda: self.list_sessions()[1] == 0)
        with self.assert_refused("NotFound", "request_id"):
            self.reply(session, request)
        # Its place among the worker's open requests is free: it may go idle, and come back.
        self.stop_handling("ask")
        self.handle("ask")

    async def test_a_session_has_32_open_requests(self):
        self.handle("ask")
        tab, other = await self.open("alice"), await self.open("alice")
        for id in range(33):
            await tab.send(type="ask", id=id)
        asked = [await self.next_message(self.worker) for _ in range(32)]
        frame = await tab.receive("error")
        self.assertEqual((frame["id"], frame["data"]["code"], frame["data"]["fatal"]),
                         (32, "BUSY", False))
        # Neither another session nor what wants no answer is held up.
        await other.send(type="ask", id=1)
        self.assertEqual((await self.next_message(self.worker))[0], other.registered["sessionId"])
        await tab.send(type="ask")
        self.assertEqual((await self.next_message(self.worker))[4], "")
        # Nor is what Belfry answers itself.
        self.assertEqual((await tab.request("list", id="list"))["total"], 0)
        self.assertEqual(await tab.request("mark_all_read", id="read"), {"count": 0})
        self.reply(asked[7][0], asked[7][4])
        self.assertEqual((await tab.receive("reply"))["id"], 7)
        await tab.send(type="ask", id=33)
        await self.next_message(self.worker)
        await tab.assert_silence()

    @slow
    async def test_an_answer_has_thirty_seconds(self):
        self.handle("ask")
        tab = await self.open("alice")
        start = time.monotonic()
        await tab.send(type="ask", id=1)
        session, *_, request = await self.next_message(self.worker)
        frame = await tab.receive("error", timeout=30 + PATIENCE)
        self.assertEqual((frame["id"], frame["data"]["code"]), (1, "TIMEOUT"))
        self.assertGreaterEqual(time.monotonic(), start + 30)
        with self.assert_refused("NotFound", "request_id"):
            self.reply(session, request)

    async def test_a_worker_has_1024_open_requests(self):
        self.handle("ask")
        tabs = [await self.open(f"user{n}") for n in range(33)]
        for tab in tabs[:32]:
            for id in range(32):
                await tab.send(type="ask", id=id)
        for _ in range(1024):
            await self.next_message(self.worker)
        await tabs[32].send(type="ask", id="one more")
        frame = await tabs[32].receive("error")
        self.assertEqual((frame["id"], frame["data"]["code"]), ("one more", "BUSY"))
        await tabs[0].close()
        await self.wait_until(lambda: self.list_sessions()[1] == 32)
        await tabs[32].send(type="ask", id=2)
        self.assertEqual((await self.next_message(self.worker))[1], "user32")


if __name__ == "__main__":
    belfry_test.main()
