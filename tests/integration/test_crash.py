#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfryd is killed, or the power goes: what was acknowledged is there, once."""

import contextlib
import os
import random
import shutil
import signal
import tempfile
import time

import belfry_test
from belfry_test import BelfryTestCase, Bus, Daemon
from load import Load, check_counts, check_stored

ALL = os.environ.get("BELFRY_TEST_ALL") == "1"


class Crash(BelfryTestCase):
    def test_what_was_acknowledged_before_a_kill_is_there_once(self):
        load = Load(filling=200)
        newest = 0
        for _ in range(50 if ALL else 8):
            with load.running(self.bus.address):
                load.wait_for_acknowledged(random.randint(1, 150))
                time.sleep(random.uniform(0, 0.05))
                self.daemon.kill()
            newest_acknowledged = max(load.acknowledged.values())
            # Nothing had been given out beyond what is there now, and nothing goes back.
            self.daemon.start()
            position = check_stored(self.daemon.database, load.acknowledged)
            self.assertGreaterEqual(position, newest_acknowledged)
            self.assertGreaterEqual(position, newest)
            worker = self.new_worker()
            newest = worker.create("somebody else")
            self.assertGreater(newest, position)
            check_counts(worker, self.daemon.database)
        # Some of these had been stored, and nobody was told.
        load.finish(worker)
        check_stored(self.daemon.database, load.acknowledged)
        check_counts(worker, self.daemon.database)


class PowerCut(BelfryTestCase):
    @contextlib.contextmanager
    def frozen(self):
        """The files are as they are at one moment."""
        self.daemon.process.send_signal(signal.SIGSTOP)
        try:
            with open(f"/proc/{self.daemon.process.pid}/stat", encoding="ascii") as stat:
                while stat.read().rsplit(")", 1)[1].split()[0] != "T":
                    stat.seek(0)
            yield
        finally:
            self.daemon.process.send_signal(signal.SIGCONT)

    def copy(self, *suffixes):
        folder = tempfile.mkdtemp(prefix="belfry-copy-")
        self.addCleanup(shutil.rmtree, folder)
        for suffix in suffixes:
            shutil.copy(self.daemon.database + suffix, os.path.join(folder, "belfry.db" + suffix))
        return folder

    def log_header(self):
        with open(self.daemon.database + "-wal", "rb") as log:
            return log.read(32)

    def copy_as_it_writes(self):
        """The log after the database: it has all that may have come into that meanwhile, unless it
        began anew. The mark before, so that it is not ahead."""
        while True:
            header = self.log_header()
            folder = self.copy(".mark", "", "-wal")
            if len(header) == 32 and header == self.log_header():
                return folder

    def make_copies(self, copy):
        """Copies from random moments, and what was acknowledged before each."""
        load = Load(filling=2000)
        copies = []
        with load.running(self.bus.address):
            for _ in range(20 if ALL else 4):
                load.wait_for_acknowledged(random.randint(1, 300))
                time.sleep(random.uniform(0, 0.3))
                before = load.snapshot()
                copies.append((copy(len(copies)), before))
        return copies

    def check_copies(self, copies):
        bus = Bus()
        self.addCleanup(bus.close)
        for folder, before in copies:
            # It does not take the copy for a restored backup, which it would say.
            daemon = Daemon(bus, folder)
            try:
                check_stored(daemon.database, before)
                worker = belfry_test.BusClient(bus.address)
                check_counts(worker, daemon.database)
                self.assertGreater(worker.create("somebody else"), max(before.values()))
                worker.close()
            finally:
                daemon.stop()

    def test_copies_from_random_moments_hold_what_was_acknowledged_before(self):
        def copy(n):
            with self.frozen():
                return self.copy("", "-wal", ".mark", *(["-shm"] if n % 2 == 0 else []))

        self.check_copies(self.make_copies(copy))

    def test_copies_that_are_made_as_it_writes_hold_what_was_acknowledged_before(self):
        self.check_copies(self.make_copies(lambda n: self.copy_as_it_writes()))


if __name__ == "__main__":
    belfry_test.main()
