# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Belfry and its peers, each started on a free port with its files in a folder of its own."""

import glob
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# The link in node_modules/.bin is made by a script of the package, which isn't run.
BUN = next(iter(glob.glob(os.path.join(HERE, "node_modules/@oven/*/bin/bun"))), "bun")
START = 30  # seconds
# So that frames are of some 250 bytes, whatever is around the data in them.
FRAME = 250


class Program:
    """A process that writes a log, and is stopped at the end."""

    def __init__(self, folder, *command, **environment):
        self.log = os.path.join(folder, os.path.basename(command[0]) + ".log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                cwd=folder, env=dict(os.environ, LC_ALL="C", XDG_DATA_HOME=folder, **environment))
        self.pid = self.process.pid

    def wait_for(self, pattern):
        """Waits until a line of the log matches, and gives its first group."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.log, encoding="utf-8") as log:
                match = re.search(pattern, log.read(), re.MULTILINE)
            if match:
                return match.group(1)
            time.sleep(0.02)
        with open(self.log, encoding="utf-8") as log:
            raise SystemExit(f"{self.process.args[0]} did not start:\n{log.read()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server:
    """One of them, in a folder of its own."""

    name: str
    # How long the data of a message that is created, and of one that is sent, is.
    create_bytes = FRAME
    send_bytes = FRAME

    def __init__(self, build):
        self.build = build
        # /tmp may be memory; /var/tmp is a disk.
        self.folder = tempfile.mkdtemp(prefix="belfry-bench-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.programs = []
        self.secret = os.path.join(self.folder, "secret")
        with open(self.secret, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def run(self, *command, **environment):
        self.programs.append(Program(self.folder, *command, **environment))
        return self.programs[-1]

    def opening_options(self):
        """What the load needs to open sockets."""
        return ["--port", self.port, "--secret-file", self.secret]

    def pids(self):
        """The processes whose CPU and memory count."""
        return [self.programs[-1].pid]

    def calling_options(self, way):
        """What the load needs to call it. @way: one of those that the server has"""
        return []

    def stop(self):
        for program in reversed(self.programs):
            program.stop()
        shutil.rmtree(self.folder)


class BusServer(Server):
    """A server that is called on a bus of its own."""

    def start_bus(self):
        self.bus = self.run("dbus-daemon", "--session", "--nofork", "--nopidfile",
                            "--print-address")
        self.address = self.bus.wait_for(r"^(unix:.*)$")

    def calling_options(self, way):
        return ["--bus", self.address]


class Belfry(BusServer):
    name = "belfryd"
    create_bytes = 92
    send_bytes = 224

    def start(self):
        self.start_bus()
        self.worker_socket = os.path.join(self.folder, "workers")
        belfryd = self.run(
            os.path.join(self.build, "src/daemon/belfryd"), "--bus", self.address,
            "--listen", "127.0.0.1:0", "--jwt-secret-file", self.secret,
            "--max-total-connections", "19000",
            "--database", "sqlite:" + os.path.join(self.folder, "belfry.db"),
            "--worker-socket", self.worker_socket)
        self.port = belfryd.wait_for(r"Listening on .*:(\d+)")

    def calling_options(self, way):
        if way == "worker socket":
            return ["--worker-socket", self.worker_socket]
        if way == "bus, its CPU counts":
            return super().calling_options(way) + ["--pid", self.bus.pid]
        return super().calling_options(way)


class Soup(BusServer):
    """The same pushes on a plain SoupServer, which neither stores nor checks anything."""

    name = "SoupServer"
    create_bytes = 96

    def start(self):
        self.start_bus()
        self.port = self.run(os.path.join(self.build, "tests/bench/baseline-soup"),
                             self.address).wait_for(r"^(\d+)$")

    def opening_options(self):
        return super().opening_options() + ["--no-tokens"]


class Bun(Server):
    name = "bun"
    create_bytes = send_bytes = FRAME - 24

    def start(self):
        self.port = self.run(BUN, os.path.join(HERE, "peer-bun.js"),
                             self.secret).wait_for(r"^(\d+)$")


class BunSqlite(Server):
    name = "bun + SQLite"
    create_bytes = 123

    def start(self):
        self.port = self.run(BUN, os.path.join(HERE, "peer-bun-sqlite.js"), self.secret,
                             os.path.join(self.folder, "peer.db")).wait_for(r"^(\d+)$")


class GraphQl(Server):
    """What a page polls; it pushes nothing."""

    name = "GraphQL"

    def start(self):
        self.port = self.run(BUN, os.path.join(HERE, "peer-graphql.js"), self.secret,
                             os.path.join(self.folder, "peer.db")).wait_for(r"^(\d+)$")


class Ws(Server):
    name = "node + ws"
    create_bytes = send_bytes = FRAME - 24

    def start(self):
        self.port = self.run("node", os.path.join(HERE, "peer-ws.js"), self.secret,
                             NODE_ENV="production").wait_for(r"^(\d+)$")


class Nchan(Server):
    name = "nchan"
    workers = 1

    def start(self):
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with open(os.path.join(HERE, "peer-nchan.conf"), encoding="utf-8") as file:
            text = file.read()
        for name, value in (("WORKERS", self.workers), ("PORT", self.port),
                            ("FOLDER", self.folder)):
            text = text.replace(f"@{name}@", str(value))
        configuration = os.path.join(self.folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(text)
        self.run("/usr/sbin/nginx", "-p", self.folder, "-e", "stderr", "-c", configuration)
        self.wait_until_it_listens()

    def wait_until_it_listens(self):
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise SystemExit("nginx did not start")

    def opening_options(self):
        return ["--port", self.port, "--path", "/sub/USER"]

    def pids(self):
        master = self.programs[0].pid
        with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as file:
            return file.read().split()


class NchanTwo(Nchan):
    name = "nchan, 2 processes"
    workers = 2
