#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client whose Belfry goes and comes: what waits, what is repeated, what is said again."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import belfry_test
from belfry_test import ALL, Bus
from client_case import AtSocket, Belfry, ClientTestCase, Gio, GLib

N_CREATIONS = 100_000 if ALL else 10_000
N_RESTARTS = 5

# A worker that handles a type, and never answers.
SILENT_WORKER = """
import gi, sys
gi.require_version("Belfry", "1.0")
from gi.repository import Belfry, GLib
client = Belfry.Client.new_sync(sys.argv[1], None)
messages = []
client.connect("message-received", lambda client, message: messages.append(message))
client.handle_messages_sync(["sum"], None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


def with_key(key, **options):
    return GLib.Variant("a{sv}", {"idempotency-key": GLib.Variant("s", key), **options})


class Restarts(ClientTestCase):
    async def restart(self, kill=False):
        """The main context runs meanwhile, as it does in a worker."""
        await asyncio.to_thread(self.daemon.kill if kill else self.daemon.stop)
        await asyncio.to_thread(self.daemon.start)

    async def test_creations_with_keys_are_there_exactly_once(self):
        failed, ids = [], {}

        def on_created(client, result, n):
            try:
                ids[n] = client.create_finish(result)
            except GLib.Error as error:
                failed.append(error)

        step = N_CREATIONS // (N_RESTARTS + 1)
        restarting = None
        for n in range(N_CREATIONS):
            self.client.create_async("alice", f'{{"n":{n}}}', with_key(f"k{n}"), None, on_created, n)
            if n % step == step - 1 and n // step < N_RESTARTS:
                # In the midst of them, some are in flight and some wait.
                await self.until(lambda: len(ids) > n - step // 2)
                restarting = asyncio.ensure_future(self.restart(kill=n // step % 2 == 0))
                await self.until(restarting.done)
                await restarting
        await self.until(lambda: len(ids) + len(failed) == N_CREATIONS)
        self.assertEqual(failed, [])
        self.assertEqual(len(set(ids.values())), N_CREATIONS)
        stored, total = {}, None
        while total is None or len(stored) < total:
            query = {"limit": GLib.Variant("u", 1000)}
            if stored:
                query["before"] = GLib.Variant("t", min(stored.values()))
            page, total = self.client.list_sync("alice", GLib.Variant("a{sv}", query), None)
            for notification in page:
                n = int(re.search(r"\d+", notification.get_data()).group())
                self.assertNotIn(n, stored)
                stored[n] = notification.get_id()
        self.assertEqual(stored, ids)

    async def test_a_call_waits_for_a_belfry_that_is_not_there(self):
        self.daemon.stop()
        results = []
        for n in range(100):
            self.client.create_async("alice", f'{{"n":{n}}}', None, None,
                                     lambda client, result: results.append(client.create_finish(result)))
        await self.until(lambda: not self.client.get_available())
        self.assertEqual(results, [])
        await asyncio.to_thread(self.daemon.start)
        await self.until(lambda: len(results) == 100)
        self.assertEqual(results, sorted(results))

    async def test_a_blocking_call_waits_without_a_main_loop(self):
        self.daemon.stop()
        started = threading.Event()

        def create():
            started.set()
            return self.client.create_sync("alice", "{}", None, None)

        waiting = asyncio.ensure_future(asyncio.to_thread(create))
        await asyncio.to_thread(started.wait)
        await asyncio.to_thread(self.daemon.start)
        id = await waiting
        self.assertEqual(self.client.get_sync("alice", id, None).get_id(), id)

    async def test_a_blocking_call_that_waits_can_be_cancelled(self):
        self.daemon.stop()
        cancellable = Gio.Cancellable()
        waiting = asyncio.ensure_future(asyncio.to_thread(
            self.client.create_sync, "alice", "{}", None, cancellable))
        await self.until(lambda: not self.client.get_available())
        cancellable.cancel()
        with self.assertRaises(GLib.Error) as context:
            await waiting
        self.assertTrue(context.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    async def test_giving_up_says_so(self):
        self.daemon.stop()
        self.client.set_patience(1)
        for start in (lambda: self.call("create", "alice", "{}", None),
                      lambda: asyncio.to_thread(self.client.count_unread_sync, "alice", None)):
            with self.assertRaises(GLib.Error) as context:
                await start()
            self.assertTrue(context.exception.message.startswith("gave up after 1 seconds: "))
            self.assertIn(context.exception.domain, ("g-dbus-error-quark", "g-io-error-quark"))

    async def test_the_subscription_and_the_types_survive(self):
        events = self.record("subscribed", "notification-created")
        self.client.connect("message-received::sum",
                            lambda client, message: message.reply('{"sum":3}'))
        await self.call("subscribe", "a", ["Created"])
        await self.call("handle_messages", ["sum"])
        await self.expect(events, ("subscribed",))
        for kill in False, True:
            restarting = asyncio.ensure_future(self.restart(kill))
            await self.until(restarting.done)
            await restarting
            # Without a call that waits.
            await self.expect(events, ("subscribed",))
            worker = self.new_worker()
            worker.create("bob")
            id = worker.create("alice")
            await self.expect(events, ("notification-created", "alice", id))
            tab = await self.open("alice")
            asked = asyncio.ensure_future(tab.request("sum"))
            await self.until(asked.done)
            self.assertEqual(asked.result(), {"sum": 3})

    async def test_a_worker_that_is_killed_leaves_its_requests_at_once(self):
        worker = subprocess.Popen([sys.executable, "-c", SILENT_WORKER, self.address()],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(worker.stdout.close)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        self.assertEqual(worker.stdout.readline(), "ready\n")
        tab = await self.open("alice")
        for id in range(3):
            await tab.send(type="sum", id=id)
        await tab.request("unread_count", id=9)
        worker.kill()
        ids = [(await tab.receive_error("UNAVAILABLE"))["id"] for _ in range(3)]
        self.assertEqual(sorted(ids), [0, 1, 2])

    async def test_two_clients_of_a_process_come_back_each_by_itself(self):
        other = self.new_client()
        mine, others = [self.record("subscribed", "notification-created", client=client)
                        for client in (self.client, other)]
        await self.call("subscribe", "a", None)
        await self.call("subscribe", "b", None, client=other)
        restarting = asyncio.ensure_future(self.restart())
        await self.until(restarting.done)
        await restarting
        await self.expect(mine, ("subscribed",), ("subscribed",))
        await self.expect(others, ("subscribed",), ("subscribed",))
        worker = self.new_worker()
        alice, bob = worker.create("alice"), worker.create("bob")
        await self.expect(mine, ("notification-created", "alice", alice))
        await self.expect(others, ("notification-created", "bob", bob))

class RestartsAtSocket(AtSocket, Restarts):
    pass


class StrictBus(Bus):
    """A bus that takes as few unanswered calls of a connection as the system's does."""

    CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <include>/usr/share/dbus-1/session.conf</include>
  <servicedir>{folder}</servicedir>
  <limit name="max_replies_per_connection">128</limit>
</busconfig>
"""

    def __init__(self, folder):
        config = os.path.join(folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(folder=folder))
        self.process = subprocess.Popen(
            ["dbus-daemon", "--config-file", config, "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()


class OnStrictBus(ClientTestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus_folder = tempfile.mkdtemp(prefix="belfry-bus-")
        cls.addClassCleanup(shutil.rmtree, cls.bus_folder)
        cls.bus = StrictBus(cls.bus_folder)

    async def test_ten_thousand_calls_at_once_are_none_too_many(self):
        ids = []
        for _ in range(10_000):
            self.client.create_async("alice", "{}", None, None,
                                     lambda client, result: ids.append(client.create_finish(result)))
        await self.until(lambda: len(ids) == 10_000)
        self.assertEqual(ids, sorted(set(ids)))

    async def test_a_call_that_waits_has_the_bus_start_belfry(self):
        self.daemon.stop()
        await self.until(lambda: not self.client.get_available())
        with open(os.path.join(self.bus_folder, "org.belfry.Belfry1.service"), "w",
                  encoding="utf-8") as file:
            command = " ".join(self.daemon.arguments())
            file.write(f"[D-BUS Service]\nName=org.belfry.Belfry1\nExec={command}\n")
        self.new_worker().connection.call_sync(
            "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReloadConfig", None, None,
            Gio.DBusCallFlags.NONE, -1, None)
        id = await self.call("create", "alice", "{}", None)
        self.assertEqual(self.client.get_sync("alice", id, None).get_id(), id)
        pid, = self.new_worker().connection.call_sync(
            "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
            GLib.Variant("(s)", (belfry_test.NAME,)), None, Gio.DBusCallFlags.NONE, -1,
            None).unpack()
        os.kill(pid, signal.SIGTERM)
        await self.until(lambda: not os.path.exists(f"/proc/{pid}"))


if __name__ == "__main__":
    belfry_test.main()
