# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that create without a pause, and what must have become of it."""

import contextlib
import json
import sqlite3
import threading
import time

from belfry_test import ERROR, PATIENCE, BusClient, Gio, GLib

# What a call may end in when the database is not to be had.
WELL_BEHAVED = {ERROR + "Busy", ERROR + "Storage"}


class Load:
    """Each creation has a number, which is its idempotency key. What was not acknowledged is asked
    for again, in this run or in a later one."""

    def __init__(self, n_workers=4, filling=0):
        self.filling = "x" * filling
        self.lock = threading.Lock()
        self.next = 0
        self.again = []
        self.acknowledged = {}
        self.errors = {}
        self.threads = []
        self.n_workers = n_workers

    def _take(self):
        with self.lock:
            if self.again:
                return self.again.pop()
            numbers = range(self.next, self.next + (10 if self.next % 7 == 0 else 1))
            self.next += len(numbers)
            return numbers

    def _create(self, worker, numbers):
        ids = worker.create_many(
            [(f"user-{n % 5}", json.dumps({"n": n, "f": self.filling}),
              {"idempotency-key": GLib.Variant("s", str(n))}) for n in numbers])
        with self.lock:
            for n, id in zip(numbers, ids):
                assert self.acknowledged.setdefault(n, id) == id, f"{n} has two ids"

    def _run(self, address):
        worker = BusClient(address)
        while not self.stopping.is_set():
            numbers = self._take()
            try:
                self._create(worker, numbers)
            except GLib.Error as error:
                name = Gio.DBusError.get_remote_error(error) or "lost"
                with self.lock:
                    self.again.append(numbers)
                    self.errors[name] = self.errors.get(name, 0) + 1
                time.sleep(0.01)
        worker.close()

    def start(self, address):
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(address,))
                        for _ in range(self.n_workers)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.threads = []

    @contextlib.contextmanager
    def running(self, address):
        self.start(address)
        try:
            yield
        finally:
            self.stop()

    def wait_until(self, what):
        deadline = time.monotonic() + 2 * PATIENCE
        while not what():
            assert time.monotonic() < deadline, (len(self.acknowledged), self.errors)
            time.sleep(0.01)

    def wait_for_acknowledged(self, n):
        """So many more."""
        wanted = len(self.acknowledged) + n
        self.wait_until(lambda: len(self.acknowledged) >= wanted)

    def wait_for_error(self, name, n):
        wanted = self.errors.get(ERROR + name, 0) + n
        self.wait_until(lambda: self.errors.get(ERROR + name, 0) >= wanted)

    def finish(self, worker):
        """Asks once more for all that was not acknowledged: then it has to be."""
        while self.again:
            self._create(worker, self.again.pop())
        assert set(self.acknowledged) == set(range(self.next))

    def snapshot(self):
        with self.lock:
            return dict(self.acknowledged)


def check_stored(database, acknowledged):
    """Everything that was acknowledged is there, with its id, and nothing twice; the counts are
    right. Gives the newest position."""
    with contextlib.closing(sqlite3.connect(database, timeout=PATIENCE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT data ->> 'n', id FROM notification "
                          "WHERE data ->> 'n' IS NOT NULL").fetchall()
        stored = dict(rows)
        assert len(stored) == len(rows), "something is there twice"
        missing = {n: id for n, id in acknowledged.items() if stored.get(n) != id}
        assert not missing, f"missing: {missing}"
        position, = db.execute("SELECT position FROM meta").fetchone()
        assert position >= max(stored.values(), default=0)
        return position


def check_counts(worker, database):
    """What Belfry says of each user is what a full recount gives."""
    with contextlib.closing(sqlite3.connect(database, timeout=PATIENCE)) as db:
        recount = db.execute("SELECT u.id, count (*) FROM notification AS n "
                             "JOIN user AS u ON u.key = n.user GROUP BY u.id").fetchall()
    for user, n in recount:
        assert worker.list(user, limit=1)[1] == n, user
        assert worker.call("Notifications.CountUnread", "(s)", user) == n, user
