#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfryd with sockets that whoever started it listens on, as systemd does."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import belfry_test
from belfry_test import BELFRYD, PATIENCE, BelfryTestCase, Daemon

# What systemd does between fork and exec: descriptors from 3 on, and the process that they are for.
PASS = """
import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
spare = [os.dup(fd) for fd in fds]
while min(spare) < 3 + len(fds):
    spare = [os.dup(fd) for fd in spare]
for i, fd in enumerate(spare):
    os.dup2(fd, 3 + i)
os.closerange(3 + len(fds), 256)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def passing(sockets, arguments):
    """The arguments that have the sockets passed to a program."""
    fds = ",".join(str(s.fileno()) for s in sockets)
    return [sys.executable, "-c", PASS, fds, *arguments]


def listener():
    result = socket.socket()
    result.bind(("127.0.0.1", 0))
    result.listen(128)
    return result


class ActivatedDaemon(Daemon):
    """belfryd with sockets from outside, and with no --listen but what the test says."""

    def __init__(self, bus, folder, sockets, *options, **kwargs):
        self.sockets = sockets
        self.pass_fds = [s.fileno() for s in sockets]
        super().__init__(bus, folder, *options, **kwargs)

    def arguments(self):
        arguments = super().arguments()
        at = arguments.index("--listen")
        del arguments[at:at + 2]
        return passing(self.sockets, arguments)

    def listening_on(self):
        """The ports that it says it listens on."""
        return [int(p) for p in re.findall(r"Listening on 127\.0\.0\.1:(\d+)", "".join(self.log))]


class SocketActivation(BelfryTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def listener(self):
        result = listener()
        self.addCleanup(result.close)
        return result

    def start(self, sockets, *options, **kwargs):
        self.daemon = ActivatedDaemon(self.bus, self.folder, sockets, *options, **kwargs)
        self.addCleanup(self.daemon.stop)

    async def test_it_stands_in_for_the_default_address(self):
        passed = self.listener()
        self.start([passed])
        self.assertEqual(self.daemon.port, passed.getsockname()[1])
        await self.open("alice")
        self.daemon.stop()
        self.assertEqual(self.daemon.listening_on(), [passed.getsockname()[1]])

    async def test_there_may_be_several_with_names(self):
        passed = [self.listener(), self.listener()]
        self.start(passed, environment={"LISTEN_FDNAMES": "web:admin"})
        ports = [s.getsockname()[1] for s in passed]
        for port in ports:
            await self.connect(port=port)
        self.daemon.stop()
        self.assertEqual(self.daemon.listening_on(), ports)

    async def test_what_listen_names_is_listened_on_besides(self):
        passed = self.listener()
        port = passed.getsockname()[1]
        # One where the socket listens already is no other.
        self.start([passed], "--listen", f"127.0.0.1:{port}", "--listen", "127.0.0.1:0")
        ports = [port, self.daemon.listening.get(timeout=PATIENCE)]
        for port in ports:
            await self.connect(port=port)
        self.daemon.stop()
        self.assertEqual(self.daemon.listening_on(), ports)

    async def test_who_connects_while_it_is_down_is_served_when_it_is_back(self):
        self.start([self.listener()])
        self.daemon.stop()
        waiting = [asyncio.ensure_future(self.connect()) for _ in range(20)]
        await asyncio.sleep(0)
        self.daemon.start()
        for tab in await asyncio.gather(*waiting):
            await tab.send(type="register", jwtToken=self.daemon.token("alice"))
            await tab.receive("registered")

    async def test_restarts_turn_nobody_away(self):
        self.start([self.listener()])
        stopped = False
        served = 0

        async def knock():
            nonlocal served
            while not stopped:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.daemon.port)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                # One whose request comes while it goes down may be left without an answer.
                try:
                    served += (await reader.readline()).startswith(b"HTTP/1.1 200")
                except ConnectionResetError:
                    pass
                writer.close()

        knocking = [asyncio.ensure_future(knock()) for _ in range(8)]
        loop = asyncio.get_running_loop()
        for _ in range(3):
            before = served
            while served < before + 20:
                await asyncio.sleep(0.01)
                self.assertFalse(any(task.done() for task in knocking), knocking)
            await loop.run_in_executor(None, self.daemon.stop)
            await loop.run_in_executor(None, self.daemon.start)
        stopped = True
        await asyncio.gather(*knocking)  # a refusal would be raised here

    def refused(self, passed, number="1"):
        arguments = [shutil.which("env"), "LISTEN_FDS=" + number, BELFRYD, "--bus", self.bus.address,
                     "--jwt-secret-file", "secret",
                     "--database", "sqlite:" + os.path.join(self.folder, "belfry.db")]
        result = subprocess.run(
            passing([passed], arguments), pass_fds=[passed.fileno()],
            capture_output=True, text=True, timeout=PATIENCE,
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("LISTEN_FDS: ", result.stderr)
        return result.stderr

    def test_what_is_no_tcp_socket_that_listens_is_refused_at_the_start(self):
        with socket.socket() as idle, socket.socket(type=socket.SOCK_DGRAM) as datagrams, \
                socket.socket(socket.AF_UNIX) as local:
            idle.bind(("127.0.0.1", 0))
            local.bind(os.path.join(self.folder, "socket"))
            local.listen()
            for passed in idle, datagrams, local:
                self.assertIn("expected a TCP socket that listens", self.refused(passed))
        with open(os.devnull, encoding="ascii") as file:
            self.refused(file)

    def test_a_number_of_sockets_that_are_not_there_is_refused_at_the_start(self):
        passed = self.listener()
        for number in "2", "x", "-1", "":
            self.refused(passed, number)

    async def test_systemd_starts_it_with_the_first_connection(self):
        program = shutil.which("systemd-socket-activate")
        if program is None:
            self.skipTest("there is no systemd-socket-activate")
        with listener() as probe:
            port = probe.getsockname()[1]
        daemon = Daemon(self.bus, self.folder, start=False)
        arguments = daemon.arguments()
        at = arguments.index("--listen")
        del arguments[at:at + 2]
        # It keeps the environment to itself.
        variables = {"ASAN_OPTIONS": "detect_leaks=0", "XDG_DATA_HOME": self.folder,
                     "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")}
        kept = [f"--setenv={name}={value}" for name, value in variables.items()]
        daemon.arguments = lambda: [program, "--listen", f"127.0.0.1:{port}", "--fdname", "web",
                                    *kept, *arguments]
        self.daemon = daemon
        self.addCleanup(daemon.stop)
        starting = asyncio.get_running_loop().run_in_executor(None, daemon.start)
        while True:
            try:
                tab = await self.connect(port=port)
                break
            except ConnectionRefusedError:  # systemd-socket-activate does not listen yet
                await asyncio.sleep(0.02)
        await starting
        self.assertEqual(daemon.port, port)
        await tab.send(type="register", jwtToken=daemon.token("alice"))
        await tab.receive("registered")


if __name__ == "__main__":
    belfry_test.main()
