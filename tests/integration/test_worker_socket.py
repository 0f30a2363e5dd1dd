#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The private socket: who may connect, whose file it is, and who a caller is without a bus."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest

import belfry_test
from belfry_test import (BELFRYD, NOTIFICATIONS, PATH, PATIENCE, BelfryTestCase, BusClient, Daemon,
                         Gio, GLib, OverSocket)
from raw_worker import RawWorker

as_root = unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")

# Somebody who connects, says that, and stays until the input ends; with what the daemon said to it.
OTHER_USER = """
import os, socket, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
peer = socket.socket(socket.AF_UNIX)
try:
    peer.connect(sys.argv[1])
    peer.sendall(b"\\0AUTH EXTERNAL " + sys.argv[3].encode().hex().encode() + b"\\r\\n")
    print(peer.recv(100).split(b" ")[0].decode() or "CLOSED")
except PermissionError:
    print("FORBIDDEN")
except ConnectionError:
    print("CLOSED")
"""


class SocketTestCase(OverSocket, BelfryTestCase):
    async def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come to that")
            await asyncio.sleep(0.02)

    def new_raw_worker(self):
        worker = RawWorker(self.worker_socket)
        self.addCleanup(worker.close)
        return worker

    def connect_silent(self):
        """One who connects and does not say who it is."""
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.settimeout(PATIENCE)
        silent.connect(self.worker_socket)
        return silent


class Admission(SocketTestCase):
    def connect_as(self, uid, claimed=None):
        """What the daemon says to a process of this user, which claims to be that one."""
        os.chmod(os.path.dirname(self.worker_socket), 0o755)
        return subprocess.run(
            [sys.executable, "-c", OTHER_USER, self.worker_socket, str(uid), str(claimed or uid)],
            capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.strip()

    @as_root
    async def test_the_file_is_for_its_user_alone(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.worker_socket).st_mode), 0o600)
        self.assertEqual(self.connect_as(65534), "FORBIDDEN")

    @as_root
    async def test_another_user_is_turned_away_whatever_the_mode(self):
        os.chmod(self.worker_socket, 0o666)
        self.assertEqual(self.connect_as(65534), "CLOSED")
        self.assertEqual(self.connect_as(65534, claimed=0), "CLOSED")
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "alice"), 0)

    async def test_only_external_proves_who_it_is(self):
        for mechanism in b"ANONYMOUS", b"DBUS_COOKIE_SHA1 30":
            peer = self.connect_silent()
            peer.sendall(b"\0AUTH " + mechanism + b"\r\n")
            self.assertEqual(peer.recv(100), b"REJECTED EXTERNAL\r\n")

    async def test_silent_peers_keep_neither_workers_nor_keys_waiting(self):
        before = self.n_sockets()
        silent = [self.connect_silent() for _ in range(12)]
        waiting = asyncio.create_task(asyncio.to_thread(self.new_worker))
        # Each takes a thread of GIO's few, so there are never more than four at once.
        await self.wait_until(lambda: self.n_sockets() == before + 4)
        self.daemon.process.send_signal(signal.SIGHUP)
        await self.wait_until(lambda: any("read again" in line for line in self.daemon.log))
        # They give their places up after a while, to the rest in turn.
        while not waiting.done():
            self.assertLessEqual(self.n_sockets(), before + 5)
            await asyncio.sleep(0.02)
        worker = await waiting
        self.assertEqual(worker.call("Notifications.CountUnread", "(s)", "alice"), 0)
        for peer in silent:
            self.assertIn(await asyncio.to_thread(self.read_to_end, peer), (b"", None))

    def n_sockets(self):
        folder = f"/proc/{self.daemon.process.pid}/fd"
        n = 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                n += os.readlink(os.path.join(folder, name)).startswith("socket:")
        return n

    @staticmethod
    def read_to_end(peer):
        try:
            return peer.recv(100)
        except ConnectionError:
            return None


class Named(Admission):
    options = ("--allow-worker", "uid:65534", "--allow-worker", "uid:65533 types:chat")

    @as_root
    async def test_the_file_is_for_its_user_alone(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.worker_socket).st_mode), 0o666)
        self.assertEqual(self.connect_as(65534), "OK")
        self.assertEqual(self.connect_as(65533), "OK")

    @as_root
    async def test_another_user_is_turned_away_whatever_the_mode(self):
        self.assertEqual(self.connect_as(65532), "CLOSED")
        self.assertEqual(self.connect_as(65534, claimed=65533), "REJECTED")

    test_only_external_proves_who_it_is = None
    test_silent_peers_keep_neither_workers_nor_keys_waiting = None


class File(SocketTestCase):
    def run_second(self):
        """Another daemon that is to have the same socket."""
        folder = os.path.join(self.folder, "second")
        os.mkdir(folder)
        second = Daemon(self.second_bus(), folder, "--worker-socket", self.worker_socket, start=False)
        return subprocess.run(second.arguments(), capture_output=True, text=True, timeout=PATIENCE,
                              env=dict(os.environ, XDG_DATA_HOME=folder))

    def second_bus(self):
        bus = belfry_test.Bus()
        self.addCleanup(bus.close)
        return bus

    async def test_a_live_ones_socket_is_left_alone(self):
        result = self.run_second()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("another Belfry listens there", result.stderr)
        self.new_worker().create("alice")

    async def test_a_dead_ones_socket_is_replaced(self):
        self.daemon.kill()
        self.assertTrue(os.path.exists(self.worker_socket))
        self.daemon.start()
        self.new_worker().create("alice")

    async def test_a_file_that_is_no_socket_is_left_alone(self):
        self.daemon.stop()
        with open(self.worker_socket, "w", encoding="utf-8") as file:
            file.write("precious")
        result = self.run_second()
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("no socket", result.stderr)
        with open(self.worker_socket, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    async def test_a_path_that_is_too_long_is_refused(self):
        self.daemon.stop()
        self.worker_socket = "/tmp/" + "x" * 103
        result = self.run_second()
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("less than 108 bytes", result.stderr)

    async def test_it_goes_with_its_daemon(self):
        self.daemon.stop()
        self.assertFalse(os.path.exists(self.worker_socket))

    async def test_one_that_took_its_place_stays(self):
        os.unlink(self.worker_socket)
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(self.worker_socket)
        self.daemon.stop()
        self.assertTrue(os.path.exists(self.worker_socket))

    async def test_its_folder_is_made(self):
        self.daemon.stop()
        shutil.rmtree(os.path.dirname(self.worker_socket))
        self.addCleanup(os.mkdir, os.path.dirname(self.worker_socket))
        self.addCleanup(lambda: shutil.rmtree(os.path.dirname(self.worker_socket)))
        self.daemon.start()
        self.new_worker().create("alice")
        self.daemon.stop()


    async def test_nobody_keeps_it_from_being_made_by_a_lock(self):
        """Whoever may read the folder can lock it."""
        self.daemon.stop()
        folder = os.open(os.path.dirname(self.worker_socket), os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.daemon.expect_log("is locked")
        self.daemon.start()
        self.new_worker().create("alice")


class Callers(SocketTestCase):
    async def test_callers_with_the_same_serials_get_their_own_answers(self):
        workers = [self.new_raw_worker() for _ in range(3)]
        for n, worker in enumerate(workers):
            for serial in range(1, 101):
                worker.call("Notifications.Create", "(ssa{sv})", f"u{n}", f'{{"n":{serial}}}', {},
                            serial=serial)
        for n, worker in enumerate(workers):
            answers = [worker.read_answer() for _ in range(100)]
            self.assertEqual([serial for serial, _ in answers], list(range(1, 101)))
            ids = [value[0] for _, value in answers]
            self.assertEqual([v["id"] for v in self.worker.list(f"u{n}")[0]], ids[::-1])

    async def test_a_name_that_a_caller_gives_itself_means_nothing(self):
        subscriber, other = self.new_raw_worker(), self.new_raw_worker()
        subscriber.call("Notifications.Subscribe", "(a{sv})", {}, sender=":1.1", serial=1)
        self.assertEqual(subscriber.read_answer(), (1, ()))
        other.call("Notifications.Unsubscribe", "()", sender=":1.1", serial=1)
        self.assertEqual(other.read_answer(), (1, ()))
        id = self.worker.create("alice")
        self.assertEqual(subscriber.read_signal(), ("Created", (id, "alice")))
        # Its calls are counted as its own, and given back.
        for serial in range(2, 3000):
            subscriber.call("Notifications.CountUnread", "(s)", "alice", sender=f":1.{serial}",
                            serial=serial)
            self.assertEqual(subscriber.read_answer(), (serial, (1,)))

    async def test_a_closed_connection_gives_its_places_back(self):
        # More than may be unanswered in all, of callers that do not wait for it.
        for _ in range(10):
            raw = self.new_raw_worker()
            for serial in range(1, 1001):
                raw.call("Notifications.Create", "(ssa{sv})", "alice", "{}", {}, serial=serial)
            raw.close()
        # Those that were let in are worked off, and then nothing is left of them.
        workers = [self.new_raw_worker() for _ in range(8)]
        await self.wait_until(lambda: self.answers_all(workers))

    @staticmethod
    def answers_all(workers):
        for worker in workers:
            for _ in range(1000):
                worker.call("Notifications.CountUnread", "(s)", "alice")
        return all([isinstance(worker.read_answer()[1], tuple)
                    for worker in workers for _ in range(1000)])

    async def test_a_handlers_types_are_free_when_it_closes(self):
        first, second = self.new_worker(), self.new_worker()
        first.call("Sessions.HandleMessages", "(as)", ["chat"])
        with self.assert_refused("Exists", "chat"):
            second.call("Sessions.HandleMessages", "(as)", ["chat"])
        tab = await self.open("alice")
        await tab.send(type="chat", id=1)
        await asyncio.to_thread(first.next_signal)
        first.close()
        frame = await tab.receive_error("UNAVAILABLE")
        self.assertEqual(frame["id"], 1)
        second.call("Sessions.HandleMessages", "(as)", ["chat"])

    async def test_both_ways_are_open_and_signals_take_the_callers_way(self):
        on_bus = BusClient(self.bus.address)
        self.addCleanup(on_bus.close)
        for worker in on_bus, self.worker:
            worker.call("Notifications.Subscribe", "(a{sv})", {})
        ids = [on_bus.create("alice"), self.worker.create("alice")]
        for worker in on_bus, self.worker:
            for id in ids:
                self.assertEqual(worker.next_signal(), ("Notifications", "Created", id, "alice"))

    async def test_file_descriptors_are_refused(self):
        with open(os.devnull, "rb") as file:
            fds = Gio.UnixFDList.new_from_array([os.dup(file.fileno())])
        with self.assert_refused("InvalidArgs", "descriptors"):
            self.worker.connection.call_with_unix_fd_list_sync(
                None, PATH, NOTIFICATIONS, "CountUnread", GLib.Variant("(s)", ("alice",)), None,
                Gio.DBusCallFlags.NONE, -1, fds, None)

    async def test_one_who_does_not_read_its_signals_is_parted_with(self):
        self.daemon.expect_log("does not read")
        raw = self.new_raw_worker()
        raw.call("Notifications.Subscribe", "(a{sv})", {})
        raw.read_answer()
        many = [("u" * 128, "{}", {})] * 1000
        deadline = time.monotonic() + 2 * PATIENCE
        while not raw.is_hung_up():
            self.assertLess(time.monotonic(), deadline)
            self.worker.create_many(many)
        self.worker.create("alice")

    async def test_one_who_does_not_read_its_answers_costs_bounded_memory(self):
        self.worker.create_many([("alice", '{"a":"' + "x" * 5_000 + '"}', {})] * 1000)
        raw = self.new_raw_worker()
        limit = {"limit": GLib.Variant("u", 1000)}
        for _ in range(1000):
            raw.call("Notifications.List", "(sa{sv})", "alice", limit)
        for _ in range(100):
            self.worker.create("bob")
        # Two answers of 5 MB at a time, in several forms, and not the thousand that it asked for.
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, (1024 if self.daemon.is_sanitized() else 256) * 1024)
        for serial in range(1, 6):
            self.assertEqual(raw.read_answer()[0], serial)

    async def test_calls_that_were_answered_are_stored_when_it_ends(self):
        pending = [self.new_raw_worker() for _ in range(4)]
        for worker in pending:
            for _ in range(200):
                worker.call("Notifications.Create", "(ssa{sv})", "alice", "{}", {})
        await asyncio.to_thread(self.daemon.stop)
        answered = 0
        for worker in pending:
            answered += sum(isinstance(value, tuple) for _, value in worker.read_all_answers())
        self.daemon.start()
        self.assertGreaterEqual(self.new_worker().list("alice", limit=1)[1], answered)


if __name__ == "__main__":
    belfry_test.main()
