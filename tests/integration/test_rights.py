#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--allow-worker: who may call what, for whom, and what of it is refused by which words."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import belfry_test
from belfry_test import (BELFRYD, NAME, NOTIFICATIONS, PATH, PATIENCE, SESSIONS, BelfryTestCase,
                         BusClient, Gio, GLib, OverSocket)
from bus_monitor import BusMonitor
from other_users import USERS, OpenBus, as_root, connect_as, user
from raw_worker import RawWorker

DENIED = "org.freedesktop.DBus.Error.AccessDenied"

# Users, and what they may do.
NOBODY, ALL, SHOP, SAYER, SHOP_NOTIFIER, TWO, OWN = USERS
ENTRIES = {
    ALL: [""],
    SHOP: ["users:shop-"],
    SAYER: ["types:chat.say,sum"],
    SHOP_NOTIFIER: ["types:notification_received users:shop-"],
    TWO: ["types:chat.say users:shop-", "types:sum users:mail-"],
}


def allow(entries):
    return [word for uid, limits in entries.items() for limit in limits
            for word in ("--allow-worker", f"uid:{uid} {limit}")]


def calls_of_notifications(user, id):
    """Each method for this user, with arguments that would change or show something."""
    yield "Create", "(ssa{sv})", (user, "{}", {})
    yield "CreateMany", "(a(ssa{sv}))", ([(user, "{}", {})],)
    yield "Update", "(sts)", (user, id, '{"a":1}')
    yield "Get", "(st)", (user, id)
    yield "List", "(sa{sv})", (user, {})
    yield "CountUnread", "(s)", (user,)
    yield "MarkRead", "(sat)", (user, [id])
    yield "MarkUnread", "(sat)", (user, [id])
    yield "MarkAllRead", "(s)", (user,)
    yield "Subscribe", "(a{sv})", ({"user-prefix": GLib.Variant("s", user)},)
    yield "Remove", "(sat)", (user, [id])
    yield "RemoveAll", "(s)", (user,)


def calls_of_sessions(user, type):
    yield "SendToUser", "(sss)", (user, type, "{}")
    yield "SendToUsers", "(asss)", ([user], type, "{}")


class RightsTestCase(BelfryTestCase):
    entries = ENTRIES

    @classmethod
    def setUpClass(cls):
        cls.bus_folder = tempfile.mkdtemp(prefix="belfry-bus-")
        cls.bus = OpenBus(cls.bus_folder)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.bus_folder)

    def setUp(self):
        self.options = (*allow(self.entries), *self.options)
        super().setUp()
        self.users = {}

    def connect_as(self, uid):
        client = connect_as(uid, self.bus.address)
        self.addCleanup(client.close)
        return client

    def as_user(self, uid):
        """A worker of this user, the same one each time."""
        if uid not in self.users:
            self.users[uid] = self.connect_as(uid)
        return self.users[uid]

    def assert_denied(self, *words):
        return self.assert_refused(DENIED, *words)

    def snapshot(self, *users):
        """All that root sees, to compare it."""
        return [(self.worker.list(user), self.worker.call(
            "Sessions.ListSessions", "(a{sv})", {"user-id": GLib.Variant("s", user)}))
            for user in users]

    def assert_all_denied(self, uid, interface, calls, *words):
        worker = self.as_user(uid)
        before = self.snapshot("bob", "shop-1")
        for method, signature, arguments in calls:
            with self.subTest(method), self.assert_denied(*words):
                worker.call(f"{interface}.{method}", signature, *arguments)
        self.assertEqual(self.snapshot("bob", "shop-1"), before)

    def assert_all_allowed(self, uid, interface, calls):
        worker = self.as_user(uid)
        for method, signature, arguments in calls:
            with self.subTest(method):
                worker.call(f"{interface}.{method}", signature, *arguments)


class Matrix(RightsTestCase):
    """Each method of each interface against each limit."""

    @as_root
    async def test_notifications(self):
        ids = {u: self.worker.create(u) for u in ("bob", "shop-1")}
        not_shop = "user_id: “bob” does not begin with “shop-”"

        def calls(user, without=()):
            return [c for c in calls_of_notifications(user, ids[user]) if c[0] not in without]

        some = ("CreateMany", "Subscribe")  # their messages begin in their own ways
        for uid in SHOP, SHOP_NOTIFIER:
            self.assert_all_denied(uid, "Notifications", calls("bob", some), not_shop)
            with self.assert_denied("notifications[0]: " + not_shop):
                self.as_user(uid).create_many([("bob", "{}", {})])
        for uid in SAYER, TWO:
            for user in "bob", "shop-1":
                self.assert_all_denied(uid, "Notifications", calls(user),
                                       "“notification_received” is none of yours", "--allow-worker")
            with self.assert_denied("notification_received"):
                self.as_user(uid).call("Notifications.Unsubscribe", None)
        for user in "bob", "shop-1":
            self.assert_all_denied(NOBODY, "Notifications", calls(user),
                                   f"user {NOBODY} is no worker here: see --allow-worker")
        for uid in ALL, SHOP, SHOP_NOTIFIER, 0:
            ids["shop-1"] = self.worker.create("shop-1")
            self.assert_all_allowed(uid, "Notifications", calls("shop-1"))
        for uid in ALL, 0:
            ids["bob"] = self.worker.create("bob")
            self.assert_all_allowed(uid, "Notifications", calls("bob"))

    @as_root
    async def test_sending(self):
        tabs = {u: await self.open(u) for u in ("bob", "shop-1", "mail-1")}
        for uid, type, user, words in (
                (SHOP, "chat.say", "bob", ["“bob” does not begin with “shop-”"]),
                (SAYER, "news", "bob", ["type: “news” is none of yours"]),
                (SHOP_NOTIFIER, "news", "shop-1", ["type: “news” is none of yours"]),
                # One entry has to allow both.
                (TWO, "sum", "shop-1", ["“shop-1” does not begin with “mail-”"]),
                (TWO, "chat.say", "mail-1", ["“mail-1” does not begin with “shop-”"]),
                (NOBODY, "chat.say", "bob", ["is no worker here"])):
            self.assert_all_denied(uid, "Sessions", calls_of_sessions(user, type), *words)
        for uid, type, user in ((ALL, "news", "bob"), (0, "news", "bob"), (SHOP, "news", "shop-1"),
                                (SAYER, "sum", "bob"), (TWO, "sum", "mail-1"),
                                (TWO, "chat.say", "shop-1")):
            self.assert_all_allowed(uid, "Sessions", calls_of_sessions(user, type))
            for _ in range(2):
                await tabs[user].receive(type)
        with self.assert_denied("user_ids[1]: user_id: “bob” does not begin with “shop-”"):
            self.as_user(SHOP).call("Sessions.SendToUsers", "(asss)", ["shop-1", "bob"], "x", "{}")
        for tab in tabs.values():
            await tab.assert_silence()

    @as_root
    async def test_broadcast(self):
        tab = await self.open("shop-1")
        for uid, type, words in (
                (SHOP, "news", ["for all users", "“shop-”"]), (SAYER, "news", ["“news”"]),
                (SHOP_NOTIFIER, "news", ["“news”"]), (TWO, "sum", ["for all users", "“mail-”"]),
                (NOBODY, "news", ["no worker"])):
            self.assert_all_denied(uid, "Sessions", [("Broadcast", "(ss)", (type, "{}"))], *words)
        for uid, type in (ALL, "news"), (SAYER, "sum"), (0, "news"):
            self.assertEqual(self.as_user(uid).call("Sessions.Broadcast", "(ss)", type, "{}"), 1)
            await tab.receive(type)
        await tab.assert_silence()

    @as_root
    async def test_sessions(self):
        tabs = {u: await self.open(u) for u in ("bob", "shop-1", "shop-2")}
        of = {u: {"user-id": GLib.Variant("s", u)} for u in tabs}
        ids = {u: tab.registered["sessionId"] for u, tab in tabs.items()}

        def calls(user):
            yield "ListSessions", "(a{sv})", (of[user],)
            yield "Disconnect", "(ss)", (ids[user], "why")
            yield "DisconnectUser", "(ss)", (user, "why")

        for uid in SHOP, SHOP_NOTIFIER:
            listing, ending, ending_all = calls("bob")
            self.assert_all_denied(uid, "Sessions", [listing], "query: user-id: “bob”", "“shop-”")
            self.assert_all_denied(uid, "Sessions", [ending], "session_id", "--allow-worker")
            self.assert_all_denied(uid, "Sessions", [ending_all], "user_id: “bob”", "“shop-”")
            self.assert_all_denied(uid, "Sessions", [("ListSessions", "(a{sv})", ({},))],
                                   "query", "for all users", "“shop-”")
        self.assert_all_denied(TWO, "Sessions", calls("bob"))
        with self.assert_denied("“shop-” or “mail-”"):
            self.as_user(TWO).call("Sessions.DisconnectUser", "(ss)", "bob", "")
        self.assert_all_denied(NOBODY, "Sessions", calls("bob"), "no worker")
        self.assert_all_denied(NOBODY, "Sessions", [("ListSessions", "(a{sv})", ({},))], "no worker")

        for uid in ALL, SAYER, 0:
            self.assertEqual(self.as_user(uid).call("Sessions.ListSessions", "(a{sv})", {})[1], 3)
        self.assert_all_allowed(SHOP, "Sessions", calls("shop-1"))
        self.assert_all_allowed(TWO, "Sessions", calls("shop-2"))
        self.assert_all_allowed(SAYER, "Sessions", calls("bob"))
        for tab in tabs.values():
            await tab.receive_last("DISCONNECTED", 4502)

    @as_root
    async def test_properties(self):
        for uid in ALL, SHOP, SAYER, 0:
            self.assertEqual(self.as_user(uid).property("ConnectedUsers"), 0)
        for method, arguments in ("Get", (SESSIONS, "ConnectedUsers")), ("GetAll", (SESSIONS,)):
            with self.assert_denied("no worker"):
                self.as_user(NOBODY).connection.call_sync(
                    NAME, PATH, "org.freedesktop.DBus.Properties", method,
                    GLib.Variant(f"({'s' * len(arguments)})", arguments), None,
                    Gio.DBusCallFlags.NONE, -1, None)
        everything = self.as_user(ALL).connection.call_sync(
            NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll",
            GLib.Variant("(s)", (SESSIONS,)), None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        self.assertEqual(everything, {"ConnectedClients": 0, "ConnectedUsers": 0,
                                      "MaxTotalConnections": 10000, "MaxConnectionsPerUser": 20})

    @as_root
    async def test_administration_is_for_root_alone(self):
        self.worker.create("alice")
        for uid in ALL, SHOP, NOBODY:
            for method, arguments in ("Backup", ()), ("ExportUser", ("alice",)), \
                    ("EraseUser", ("alice",)):
                with self.assert_denied("Administration"):
                    self.as_user(uid).call(f"Administration.{method}", "(s)", *arguments)
        self.assertEqual(self.worker.list("alice")[1], 1)
        self.worker.call("Administration.EraseUser", "(s)", "alice")
        self.assertEqual(self.worker.list("alice")[1], 0)

    @as_root
    async def test_faulty_arguments_are_that_first(self):
        worker = self.as_user(SHOP)
        for call in (lambda: worker.create("bob\n"), lambda: worker.create("b" * 129),
                     lambda: worker.create("bob", "[]"), lambda: worker.list(""),
                     lambda: worker.call("Sessions.SendToUser", "(sss)", "bob", "a b", "{}")):
            with self.assert_refused("InvalidArgs"):
                call()


class Many(RightsTestCase):
    @as_root
    async def test_create_many_names_the_entry_and_stores_none(self):
        many = [("shop-1", "{}", {})] * 17 + [("bob", "{}", {})] + [("shop-1", "{}", {})]
        for _ in range(2):  # on its way through the main thread, and past it
            with self.assert_denied("notifications[17]: user_id: “bob” does not begin with “shop-”"):
                self.as_user(SHOP).create_many(many)
        self.assertEqual(self.worker.list("shop-1")[1], 0)
        self.assertEqual(len(self.as_user(SHOP).create_many(many[:17])), 17)

    @as_root
    async def test_subscribers_get_their_users_signals_only(self):
        worker = self.as_user(SHOP_NOTIFIER)
        for filter, words in (({}, "for all users"),
                              ({"user-prefix": GLib.Variant("s", "shop")}, "user-prefix: “shop”"),
                              ({"user-prefix": GLib.Variant("s", "")}, "user-prefix: “”")):
            with self.assert_denied("filter", words, "“shop-”"):
                worker.call("Notifications.Subscribe", "(a{sv})", filter)
        self.worker.create("shop-1")
        worker.call("Notifications.Subscribe", "(a{sv})", {"user-prefix": GLib.Variant("s", "shop-")})
        self.worker.create("bob")
        id = self.worker.create("shop-1")
        self.assertEqual(worker.next_signal(), ("Notifications", "Created", id, "shop-1"))
        # A refused filter does not replace the one that is there.
        with self.assert_denied("filter"):
            worker.call("Notifications.Subscribe", "(a{sv})", {})
        self.worker.create("bob")
        id = self.worker.create("shop-2")
        self.assertEqual(worker.next_signal(), ("Notifications", "Created", id, "shop-2"))


class Handling(RightsTestCase):
    @as_root
    async def test_types_that_are_not_allowed_are_not_taken(self):
        worker = self.as_user(SAYER)
        with self.assert_denied("“news” is none of yours"):
            worker.call("Sessions.HandleMessages", "(as)", ["sum", "news"])
        # All or none: another one gets it.
        self.as_user(ALL).call("Sessions.HandleMessages", "(as)", ["sum"])
        worker.call("Sessions.HandleMessages", "(as)", ["chat.say"])
        with self.assert_denied("no worker"):
            self.as_user(NOBODY).call("Sessions.HandleMessages", "(as)", ["x"])
        for method, signature, arguments in (
                ("StopHandling", "(as)", (["sum"],)), ("Reply", "(sss)", ("s", "1", "{}")),
                ("ReplyError", "(ssss)", ("s", "1", "NO", ""))):
            with self.assert_denied("no worker"):
                self.as_user(NOBODY).call("Sessions." + method, signature, *arguments)

    @as_root
    async def test_messages_of_other_users_are_of_an_unknown_type(self):
        worker = self.as_user(SHOP)
        worker.call("Sessions.HandleMessages", "(as)", ["sum"])
        bob, shop = await self.open("bob"), await self.open("shop-1")
        await bob.send(type="sum", id=1, data={"secret": True})
        frame = await bob.receive_error("UNKNOWN_TYPE")
        self.assertEqual(frame["id"], 1)
        await bob.send(type="sum", data={"secret": True})
        await bob.receive_error("UNKNOWN_TYPE")
        await shop.send(type="sum", id=2, data={"a": 1})
        _, signal, session, user, type, data, request = await asyncio.to_thread(worker.next_signal)
        self.assertEqual((signal, user, type), ("MessageReceived", "shop-1", "sum"))
        worker.call("Sessions.Reply", "(sss)", session, request, '{"b":2}')
        self.assertEqual((await shop.receive("reply"))["data"], {"b": 2})

    @as_root
    async def test_a_type_and_its_users_have_to_be_of_one_entry(self):
        worker = self.as_user(TWO)
        worker.call("Sessions.HandleMessages", "(as)", ["sum", "chat.say"])
        shop, mail = await self.open("shop-1"), await self.open("mail-1")
        await shop.send(type="sum", id=1)
        await shop.receive_error("UNKNOWN_TYPE")
        await mail.send(type="chat.say", id=1)
        await mail.receive_error("UNKNOWN_TYPE")
        await mail.send(type="sum")
        await shop.send(type="chat.say")
        signals = [await asyncio.to_thread(worker.next_signal) for _ in range(2)]
        self.assertEqual({s[3:5] for s in signals}, {("mail-1", "sum"), ("shop-1", "chat.say")})


class Identity(RightsTestCase):
    """Who a caller is, and when Belfry asks."""

    def ask_bus(self, interface, method, *arguments):
        return self.worker.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", interface, method,
            GLib.Variant(f"({'s' * len(arguments)})", arguments), None, Gio.DBusCallFlags.NONE, -1,
            None).unpack()

    def monitor(self, member):
        monitor = BusMonitor(self.bus.address, member, self.worker)
        self.addCleanup(monitor.close)
        return monitor

    def pipeline(self, client, calls):
        """Makes calls without waiting, and gives their answers."""
        answers = {}
        done = threading.Event()

        def on_answer(connection, result, n):
            try:
                answers[n] = connection.call_finish(result).unpack()
            except GLib.Error as error:
                answers[n] = Gio.DBusError.get_remote_error(error)
            if len(answers) == len(calls):
                done.set()

        def begin(*_):
            for n, (interface, method, signature, arguments) in enumerate(calls):
                client.connection.call(
                    NAME, PATH, interface, method, GLib.Variant(signature, arguments), None,
                    Gio.DBusCallFlags.NONE, PATIENCE * 1000, None, on_answer, n)

        # In the thread of the client, which the answers come to.
        source = GLib.Idle()
        source.set_callback(begin)
        source.attach(client.context)
        self.assertTrue(done.wait(PATIENCE))
        return [answers[n] for n in range(len(calls))]

    @as_root
    async def test_calls_stay_in_order_while_the_bus_is_asked(self):
        calls = []
        for n in range(100):
            calls.append((NOTIFICATIONS, "Create", "(ssa{sv})", ("shop-1", f'{{"n":{n}}}', {})))
            calls.append((NOTIFICATIONS, "CountUnread", "(s)", ("shop-1",)))
        for uid in SHOP, ALL:
            self.worker.call("Notifications.RemoveAll", "(s)", "shop-1")
            answers = self.pipeline(self.connect_as(uid), calls)
            ids = [answer[0] for answer in answers[0::2]]
            self.assertEqual(ids, sorted(ids))
            listed = self.worker.list("shop-1")[0]
            self.assertEqual([v["id"] for v in listed], ids[::-1])

    @as_root
    async def test_the_bus_is_asked_once_for_each_caller(self):
        monitor = self.monitor("GetConnectionCredentials")
        worker = self.connect_as(SHOP)
        self.pipeline(worker, [(NOTIFICATIONS, "Create", "(ssa{sv})", ("shop-1", "{}", {}))] * 200)
        worker.create("shop-1")
        self.connect_as(NOBODY).connection.call(
            NAME, PATH, NOTIFICATIONS, "CountUnread", GLib.Variant("(s)", ("bob",)), None,
            Gio.DBusCallFlags.NONE, -1, None, None)
        with self.assert_denied("no worker"):
            self.as_user(NOBODY).list("bob")
        with self.assert_denied("no worker"):
            self.as_user(NOBODY).list("bob")
        self.assertEqual(monitor.count(), 3)

    @as_root
    async def test_who_has_gone_is_forgotten(self):
        def n_rules():
            owner, = self.ask_bus("org.freedesktop.DBus", "GetNameOwner", NAME)
            stats, = self.ask_bus("org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", owner)
            return stats["MatchRules"]

        self.worker.property("ConnectedUsers")
        before = n_rules()
        workers = [self.connect_as(SHOP) for _ in range(20)]
        for worker in workers:
            worker.create("shop-1")
        self.assertEqual(n_rules(), before + 20)
        for worker in workers:
            worker.close()
        deadline = time.monotonic() + PATIENCE
        while n_rules() != before:
            self.assertLess(time.monotonic(), deadline)
            await asyncio.sleep(0.02)

    @as_root
    async def test_who_calls_and_goes_at_once_is_asked_about_no_longer(self):
        monitor = self.monitor("GetConnectionCredentials")
        for n in range(50):
            worker = self.connect_as(SHOP if n % 2 else NOBODY)
            for _ in range(10):
                worker.connection.call(
                    NAME, PATH, NOTIFICATIONS, "Create",
                    GLib.Variant("(ssa{sv})", ("shop-1", "{}", {})), None,
                    Gio.DBusCallFlags.NONE, -1, None, None)
            worker.connection.flush_sync(None)
            worker.close()
        # Each was either done as a whole or not at all, and those of nobody were not done.
        self.assertLessEqual(self.worker.list("shop-1")[1], 250)
        deadline = time.monotonic() + PATIENCE
        while monitor.count() > 0:
            self.assertLess(time.monotonic(), deadline)


class OwnUser(RightsTestCase):
    """belfryd as somebody else than root."""

    @as_root
    async def test_belfryds_own_user_may_do_all(self):
        self.daemon.stop()
        os.chmod(self.folder, 0o755)
        shutil.chown(self.folder, OWN)
        for name in os.listdir(self.folder):
            shutil.chown(os.path.join(self.folder, name), OWN)
        options = self.daemon.arguments
        self.daemon.arguments = lambda: ["setpriv", "--reuid", str(OWN), "--clear-groups",
                                         *options()]
        self.daemon.start()
        for uid in OWN, 0:
            worker = self.connect_as(uid)
            worker.create("bob")
            worker.call("Administration.EraseUser", "(s)", "bob")
        with self.assert_denied("no worker"):
            self.connect_as(NOBODY).create("bob")


class Open(RightsTestCase):
    """Without an entry the bus alone says who may call."""

    entries = {}

    @as_root
    async def test_whom_the_bus_lets_through_may_do_all(self):
        worker = self.connect_as(NOBODY)
        worker.create("bob")
        worker.call("Notifications.Subscribe", "(a{sv})", {})
        worker.call("Sessions.HandleMessages", "(as)", ["x"])
        worker.call("Sessions.Broadcast", "(ss)", "x", "{}")
        self.assertEqual(worker.call("Administration.EraseUser", "(s)", "bob"), 1)


class Socket(OverSocket, RightsTestCase):
    """At the worker socket the kernel says who it is."""

    def setUp(self):
        super().setUp()
        os.chmod(os.path.dirname(self.worker_socket), 0o755)

    def connect_as(self, uid):
        client = connect_as(uid, "unix:path=" + self.worker_socket,
                            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT)
        self.addCleanup(client.close)
        return client

    @as_root
    async def test_who_has_no_entry_is_turned_away(self):
        with self.assertRaises(GLib.Error):
            self.connect_as(NOBODY)
        self.connect_as(ALL).create("bob")

    @as_root
    async def test_limits_hold_there_too(self):
        with self.assert_denied("user_id: “bob” does not begin with “shop-”"):
            self.as_user(SHOP).create("bob")
        with self.assert_denied("notifications[1]: user_id: “bob”"):
            self.as_user(SHOP).create_many([("shop-1", "{}", {}), ("bob", "{}", {})])
        self.as_user(SHOP).create("shop-1")
        with self.assert_denied("notification_received"):
            self.as_user(SAYER).create("shop-1")
        with self.assert_denied("for all users"):
            self.as_user(SHOP).call("Sessions.Broadcast", "(ss)", "x", "{}")
        self.as_user(SAYER).call("Sessions.Broadcast", "(ss)", "sum", "{}")
        self.worker.call("Sessions.Broadcast", "(ss)", "x", "{}")

    @as_root
    async def test_a_name_that_a_caller_gives_itself_means_nothing(self):
        root = BusClient(self.bus.address)
        self.addCleanup(root.close)
        root.create("bob")
        with user(SHOP):
            raw = RawWorker(self.worker_socket)
        self.addCleanup(raw.close)
        for _ in range(2):
            raw.call("Notifications.Create", "(ssa{sv})", "bob", "{}", {},
                     sender=root.connection.get_unique_name())
            self.assertEqual(raw.read_answer()[1], DENIED)
        self.assertEqual(root.list("bob")[1], 1)

    @as_root
    async def test_a_connection_that_takes_anothers_place_has_its_own_rights(self):
        for _ in range(30):
            first = self.connect_as(ALL)
            first.create("bob")
            first.close()
            second = self.connect_as(SHOP)
            with self.assert_denied("“bob”"):
                second.create("bob")
            second.close()


# Joins a cgroup, becomes somebody else, calls, and says what came of it.
IN_UNIT = """
import os, sys
folder, uid, address, flags = sys.argv[1:]
with open(folder + "/cgroup.procs", "w") as file:
    file.write(str(os.getpid()))
os.setgroups([])
os.setuid(int(uid))
import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib
try:
    bus = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags(int(flags)), None, None)
    for user in "shop-1", "bob":
        try:
            bus.call_sync("NAME" if int(flags) & 8 else None, "PATH", "NOTIFICATIONS", "CountUnread",
                          GLib.Variant("(s)", (user,)), None, 0, -1, None)
            print("let", user)
        except GLib.Error as error:
            print(error.message)
except GLib.Error as error:
    print("turned away")
""".replace("NOTIFICATIONS", NOTIFICATIONS).replace("NAME", NAME).replace("PATH", PATH)


# Connects and ends. Its child calls on that connection, when it is told to.
HEIR = """
import os, socket, sys
uid, address, name, path, interface = sys.argv[1:]
os.setgroups([])
os.setuid(int(uid))
connection = socket.socket(socket.AF_UNIX)
connection.connect(address)
if os.fork():
    os._exit(0)
sys.stdin.readline()
import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib
stream = Gio.Socket.new_from_fd(connection.detach()).connection_factory_create_connection()
bus = Gio.DBusConnection.new_sync(
    stream, None, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
    | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
try:
    bus.call_sync(name, path, interface, "CountUnread", GLib.Variant("(s)", ("shop-1",)), None, 0,
                  -1, None)
    print("let")
except GLib.Error as error:
    print(error.message)
"""

LAST_PID = "/proc/sys/kernel/ns_last_pid"


def cgroup_root():
    """Where the unified hierarchy is, if there is one that we may write to."""
    with contextlib.suppress(OSError), open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields[2] == "cgroup2" and os.access(fields[1], os.W_OK):
                return fields[1]
    return None


@unittest.skipIf(os.geteuid() != 0 or cgroup_root() is None, "no cgroup of one's own can be made")
class Unit(OverSocket, RightsTestCase):
    entries = {}
    options = ("--allow-worker", "unit:belfry-test-shop.service users:shop-")

    def setUp(self):
        super().setUp()
        os.chmod(os.path.dirname(self.worker_socket), 0o755)

    def make_cgroup(self, path):
        folder = cgroup_root()
        for name in path.split("/"):
            folder = os.path.join(folder, name)
            if not os.path.isdir(folder):
                os.mkdir(folder)
                self.addCleanup(self.remove_cgroup, folder)
        return folder

    @staticmethod
    def remove_cgroup(folder):
        """A process that has ended may count for a moment still."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return os.rmdir(folder)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def run_in(self, path, address, flags):
        return subprocess.run(
            [sys.executable, "-c", IN_UNIT, self.make_cgroup(path), str(NOBODY), address,
             str(int(flags))],
            capture_output=True, text=True, check=True, timeout=PATIENCE).stdout.splitlines()

    def run_on_bus(self, path):
        return self.run_in(path, self.bus.address,
                           Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                           | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)

    def run_at_socket(self, path):
        return self.run_in(path, "unix:path=" + self.worker_socket,
                           Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT)

    async def test_processes_of_the_unit_are_let_in(self):
        for run in self.run_on_bus, self.run_at_socket:
            for path in ("system.slice/belfry-test-shop.service",
                         "system.slice/belfry-test-shop.service/payload"):
                let, refused = run(path)
                self.assertEqual(let, "let shop-1")
                self.assertIn("user_id: “bob” does not begin with “shop-”", refused)

    async def test_units_that_anybody_can_name_are_not(self):
        for path in ("user.slice/user-1000.slice/user@1000.service/belfry-test-shop.service",
                     "user.slice/user-1000.slice/user@1000.service/app.slice/belfry-test-shop.service",
                     "user.slice/user-1000.slice/session-1.scope/belfry-test-shop.service",
                     "system.slice/belfry-test-other.service"):
            with self.subTest(path):
                for answer in self.run_on_bus(path):
                    self.assertIn(f"user {NOBODY} is no worker here", answer)
                self.assertEqual(self.run_at_socket(path), ["turned away"])


    def start_with_pid(self, pid, *arguments):
        """A process that has this number, as soon as that is free."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with open(LAST_PID, "w", encoding="ascii") as file:
                file.write(str(pid - 1))
            process = subprocess.Popen(arguments, stdin=subprocess.PIPE)
            if process.pid == pid:
                return process
            process.kill()
            process.communicate()
            self.assertLess(time.monotonic(), deadline)

    @unittest.skipUnless(os.access(LAST_PID, os.W_OK), "the number of a process cannot be chosen")
    async def test_the_number_of_a_process_that_has_ended_is_of_no_use(self):
        unit = self.make_cgroup("system.slice/belfry-test-shop.service")
        address = self.bus.address.split("path=")[1].split(",")[0]
        heir = subprocess.Popen(
            [sys.executable, "-c", HEIR, str(NOBODY), address, NAME, PATH, NOTIFICATIONS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        heir.wait(PATIENCE)
        # A process of the unit, of another user, gets the number that the bus knows.
        other = self.start_with_pid(heir.pid, "setpriv", "--reuid", str(ALL), "--clear-groups",
                                    "cat")
        with open(unit + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(other.pid))
        answer, _ = heir.communicate("go\n", timeout=PATIENCE)
        other.communicate()
        self.assertIn(f"user {NOBODY} is no worker here", answer)


class Entries(unittest.TestCase):
    """What ends the start."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="belfry-entries-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret = os.path.join(self.folder, "secret")
        with open(self.secret, "w", encoding="ascii") as file:
            file.write("x" * 32)

    def start(self, *options):
        return subprocess.run(
            [BELFRYD, "--bus", "unix:path=/nonexistent", "--listen", "127.0.0.1:0",
             "--jwt-secret-file", self.secret, "--database",
             f"sqlite:{self.folder}/belfry.db", *options],
            capture_output=True, text=True, timeout=PATIENCE,
            env=dict(os.environ, XDG_DATA_HOME=self.folder))

    def assert_fault(self, entry, *words):
        result = self.start("--allow-worker", entry)
        self.assertEqual(result.returncode, 2, result.stderr)
        for word in ("allow-worker", *words):
            self.assertIn(word, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_faulty_entries_are_named(self):
        for entry, *words in (
                ("", "uid:NUMBER"), ("   ", "uid:NUMBER"),
                ("1000", "“1000”", "uid:NUMBER"),
                ("users:shop- uid:1", "“users:shop-”", "first"),
                ("uid:", "“uid:”", "no such"),
                ("uid:no-such-user-here", "“uid:no-such-user-here”", "no such"),
                ("uid:-1", "“uid:-1”"), ("uid:4294967295", "“uid:4294967295”"),
                ("unit:shop", "“unit:shop”", ".service"),
                ("unit:.service", "“unit:.service”"), ("unit:a/b.service", "“unit:a/b.service”"),
                ("unit:shop.socket", "“unit:shop.socket”"),
                ("uid:1 uid:2", "“uid:2”", "types:"), ("uid:1 type:x", "“type:x”", "types:"),
                ("uid:1 types:", "“types:”"), ("uid:1 types:a,", "“types:a,”"),
                ("uid:1 types:A", "“types:A”", "[a-z0-9_.-]"),
                ("uid:1 types:list", "“types:list”", "Belfry's own"),
                ("uid:1 types:a types:b", "“types:b”", "once"),
                ("uid:1 users:", "“users:”"), ("uid:1 users:a users:b", "“users:b”", "once"),
                ("uid:1 users:" + "x" * 129, "“users:xxx")):
            with self.subTest(entry):
                self.assert_fault(entry, *words)

    def test_good_ones_stand_in_the_file_as_well(self):
        path = os.path.join(self.folder, "belfryd.conf")
        for value, status in (("uid:root;uid:1000 types:chat.say,sum users:shop-", 1),
                              ("unit:shop@1.service types:notification_received", 1),
                              ("uid:root;uid:1000 typs:x", 2)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"[belfryd]\nallow-worker={value}\n")
            # With good ones it goes on to the bus, which is not there.
            result = self.start("--config", path)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn("bus: " if status == 1 else "allow-worker: “typs:x”", result.stderr)


if __name__ == "__main__":
    belfry_test.main()
