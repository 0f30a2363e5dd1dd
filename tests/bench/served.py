# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that run side by side with their browsers, and take turns in being measured."""

import json
import os
import select
import shlex
import subprocess
import tempfile
import time

PATIENCE = 1800  # seconds, which only making millions of rows comes near to
TICK = 0.05  # seconds
STILL = 0.02  # of a core
SETTLING = 10  # seconds at most


class Load:
    """One belfry-load, whose sockets stay open until it is closed."""

    def __init__(self, server, connections):
        self.name = server.name
        # Whatever it writes fits into a file, and a pipe that nobody reads would hold it up.
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        command = [os.path.join(server.build, "tests/bench/belfry-load"), "--runs-of-stdin",
                   "--connections", connections, *server.opening_options(), *self.pids(server)]
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True)
        self.opening = self.read()

    @staticmethod
    def pids(server):
        return [part for pid in server.pids() for part in ("--pid", pid)]

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            self.errors.seek(0)
            raise SystemExit(f"{self.name}: {shlex.join(self.process.args)}\n{self.errors.read()}")
        return json.loads(line)

    def run(self, *options):
        self.process.stdin.write(shlex.join(str(option) for option in options) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Served:
    """A server and the browsers at it."""

    def __init__(self, server, connections):
        self.server = server
        self.name = server.name
        self.connections = connections
        self.load = None

    def open(self):
        """Has the browsers come, after those who were there before have gone. Gives how fast."""
        self.close()
        settle([self])
        self.load = Load(self.server, self.connections)
        return self.load.opening

    def run(self, way, *options):
        sends = {"send", "broadcast"} & set(options)
        data = self.server.send_bytes if sends else self.server.create_bytes
        return self.load.run("--data-bytes", data, *Load.pids(self.server),
                             *self.server.calling_options(way), *options)

    def cpu_seconds(self):
        seconds = 0
        for pid in self.server.pids():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds

    def close(self):
        if self.load is not None:
            self.load.close()
            self.load = None

    def stop(self):
        self.close()
        self.server.stop()


def settle(all_served):
    """Waits until none does anything, so that what one has left to do isn't another's burden."""
    deadline = time.monotonic() + SETTLING
    before = sum(served.cpu_seconds() for served in all_served)
    while time.monotonic() < deadline:
        time.sleep(TICK)
        now = sum(served.cpu_seconds() for served in all_served)
        if now - before < STILL * TICK:
            return
        before = now
