#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk that is full, a database that is locked or cannot be written: Belfry says so, loses
nothing, and goes on by itself."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import belfry_test
from belfry_test import ERROR, NAME, NOTIFICATIONS, PATH, BelfryTestCase, Daemon, Gio, GLib
from load import WELL_BEHAVED, Load, check_counts, check_stored

MIB = 1024 * 1024

# Workers that have calls going on when Belfry is stopped.
N_WAITING = 40


class Faults(BelfryTestCase):
    def run_with_fault(self, load, fault, error):
        """Creates before, during and after it. While it lasts, reading goes on."""
        for text in "What is over", "mark file", "cannot be read", "cannot be written":
            self.daemon.expect_log(text)
        self.worker.create("reader", '{"n":-1}')
        with load.running(self.bus.address):
            load.wait_for_acknowledged(20)
            with fault:
                load.wait_for_error(error, 5)
                self.assertEqual(self.worker.list("reader")[1], 1)
            load.wait_for_acknowledged(20)
        self.assertLessEqual(set(load.errors), WELL_BEHAVED)
        check_stored(self.daemon.database, load.acknowledged)
        check_counts(self.worker, self.daemon.database)
        self.daemon.kill()
        self.daemon.start()
        check_stored(self.daemon.database, load.acknowledged)

    @contextlib.contextmanager
    def locked(self, seconds):
        with contextlib.closing(sqlite3.connect(self.daemon.database, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            time.sleep(seconds)
            other.rollback()

    def test_a_database_that_somebody_locks_for_10_s_is_busy(self):
        self.run_with_fault(Load(), self.locked(10), "Busy")

    def files(self):
        """Without the shared memory, which a disk that fails does not touch."""
        return [self.daemon.database + suffix for suffix in ("", "-wal", ".mark")]

    @contextlib.contextmanager
    def read_only(self):
        subprocess.run(["chattr", "+i", *self.files()], check=True)
        try:
            yield
        finally:
            subprocess.run(["chattr", "-i", *self.files()], check=True)

    def test_files_that_become_read_only_are_a_fault_of_storage(self):
        probe = os.path.join(self.folder, "probe")
        with open(probe, "w", encoding="ascii"):
            pass
        if (shutil.which("chattr") is None
                or subprocess.run(["chattr", "+i", probe], capture_output=True).returncode != 0):
            self.skipTest("files cannot be made immutable here")
        subprocess.run(["chattr", "-i", probe], check=True)
        self.run_with_fault(Load(), self.read_only(), "Storage")

    @contextlib.contextmanager
    def may_not_grow(self):
        pid = self.daemon.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (3 * MIB, limits[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    def test_files_that_may_not_grow_are_a_fault_of_storage(self):
        self.run_with_fault(Load(filling=20000), self.may_not_grow(), "Storage")


class FullDisk(Faults):
    """On a small disk of its own."""

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "belfry-test", self.disk],
                          capture_output=True).returncode != 0:
            self.skipTest("only root can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        self.daemon.stop()
        self.daemon = Daemon(self.bus, self.disk)
        self.addCleanup(self.daemon.stop)

    @contextlib.contextmanager
    def full(self):
        filler = os.path.join(self.disk, "filler")
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        yield
        os.unlink(filler)

    def test_a_full_disk_is_a_fault_of_storage(self):
        self.run_with_fault(Load(filling=5000), self.full(), "Storage")

    # Those of the other disk are not tested twice.
    test_a_database_that_somebody_locks_for_10_s_is_busy = None
    test_files_that_become_read_only_are_a_fault_of_storage = None
    test_files_that_may_not_grow_are_a_fault_of_storage = None


class Stop(BelfryTestCase):
    def test_while_the_database_is_locked_a_stop_takes_5_s_and_what_waits_is_busy(self):
        results = []
        many = GLib.Variant("(a(ssa{sv}))", ([("alice", "{}", {})] * 1000,))
        context = GLib.MainContext.new()
        context.push_thread_default()

        def on_answer(connection, result):
            try:
                results.append(connection.call_finish(result).unpack())
            except GLib.Error as error:
                results.append(Gio.DBusError.get_remote_error(error))

        with contextlib.closing(sqlite3.connect(self.daemon.database, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(N_WAITING):
                # The first is a transaction of its own, by its size, and would wait for the lock. The
                # second waits for the first, since its worker has enough going on.
                worker = self.new_worker()
                for _ in range(2):
                    worker.connection.call(NAME, PATH, NOTIFICATIONS, "CreateMany", many, None,
                                           Gio.DBusCallFlags.NONE, -1, None, on_answer)
                worker.property("ConnectedClients")
            begin = time.monotonic()
            self.daemon.process.send_signal(signal.SIGTERM)
            self.daemon.stop()
            self.assertLess(time.monotonic() - begin, 5)
            other.rollback()
        while len(results) < 2 * N_WAITING:
            context.iteration(True)
        context.pop_thread_default()
        self.assertEqual(set(results), {ERROR + "Busy"})


if __name__ == "__main__":
    belfry_test.main()
