# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: a private bus, the real daemon on it, tokens, and clients.

Every test case starts its own daemon on a free port, with a database in a temporary folder, and
fails if the daemon logs a warning that the test has not announced, or ends with an error.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import gi
import websockets

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

import wire_schema  # noqa: E402

BELFRYD = os.environ["BELFRYD"]
NAME = "org.belfry.Belfry1"
PATH = "/org/belfry/Belfry1"
NOTIFICATIONS = NAME + ".Notifications"
SESSIONS = NAME + ".Sessions"
ERROR = NAME + ".Error."

ALL = os.environ.get("BELFRY_TEST_ALL") == "1"

# Sanitizers and slow machines take their time, and looking for leaks takes several times as long; a
# test that waits so long has failed.
PATIENCE = 120 if ALL else 30

# For a test that has to wait until the daemon's own time-outs run out.
slow = unittest.skipUnless(ALL, "slow, BELFRY_TEST_ALL=1 runs it")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header, claims, secret):
    """A token with this header and these claims, dictionaries or JSON text, signed with HS256."""
    parts = [p if isinstance(p, str) else json.dumps(p) for p in (header, claims)]
    signed = ".".join(b64(p.encode()) for p in parts)
    return signed + "." + b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


class Bus:
    """A D-Bus daemon of our own."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            ["dbus-daemon", *(options or ["--session"]), "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class BusClient:
    """A worker: a connection of its own, and a thread that receives its signals."""

    def __init__(self, address, flags=None):
        if flags is None:
            flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                     | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.destination = NAME if flags & Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION else None
        self.signals = queue.Queue()
        self.context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.context.push_thread_default()
        self.connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.connection.set_exit_on_close(False)
        self.connection.signal_subscribe(
            None, None, None, PATH, None, Gio.DBusSignalFlags.NONE, self._on_signal)
        self.context.pop_thread_default()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        self.context.push_thread_default()
        self.loop.run()
        self.context.pop_thread_default()

    def _on_signal(self, connection, sender, path, interface, name, parameters):
        self.signals.put((interface.split(".")[-1], name, *parameters.unpack()))

    def call(self, method, signature, *args, timeout=PATIENCE * 1000):
        """Calls Interface.Method and gives what it answers: nothing, one value or a tuple."""
        interface, member = method.split(".")
        result = self.connection.call_sync(
            self.destination, PATH, f"{NAME}.{interface}", member,
            GLib.Variant(signature, args) if args else None, None, Gio.DBusCallFlags.NONE,
            timeout, None).unpack()
        return result[0] if len(result) == 1 else result

    def create(self, user, data="{}", **options):
        """Creates a notification. Options: key, tag, expires."""
        names = {"key": ("idempotency-key", "s"), "tag": ("tag", "s"), "expires": ("expires", "x")}
        given = {names[k][0]: GLib.Variant(names[k][1], v) for k, v in options.items()}
        text = data if isinstance(data, str) else json.dumps(data)
        return self.call("Notifications.Create", "(ssa{sv})", user, text, given)

    def create_many(self, notifications):
        return self.call("Notifications.CreateMany", "(a(ssa{sv}))", notifications)

    def list(self, user, **query):
        types = {"before": "t", "limit": "u", "unread": "b", "tag": "s"}
        given = {k: GLib.Variant(types[k], v) for k, v in query.items()}
        return self.call("Notifications.List", "(sa{sv})", user, given)

    def property(self, name):
        return self.connection.call_sync(
            self.destination, PATH, "org.freedesktop.DBus.Properties", "Get",
            GLib.Variant("(ss)", (SESSIONS, name)), None, Gio.DBusCallFlags.NONE,
            PATIENCE * 1000, None).unpack()[0]

    def next_signal(self, timeout=PATIENCE):
        return self.signals.get(timeout=timeout)

    def received(self):
        """The signals that came before the latest answer: they wait for their thread in order."""
        handled = threading.Event()
        source = GLib.Idle()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        source.set_callback(lambda *_: handled.set())
        source.attach(self.context)
        assert handled.wait(PATIENCE)
        return [self.signals.get_nowait() for _ in range(self.signals.qsize())]

    def close(self):
        if self.connection.is_closed():
            return
        self.connection.close_sync(None)
        # From inside the loop: a quit that comes before the thread runs it would be lost.
        source = GLib.Idle()
        source.set_callback(lambda *args: self.loop.quit())
        source.attach(self.context)
        self.thread.join()


class Daemon:
    """belfryd, from outside.

    finds_leaks: whether a build with sanitizers looks for leaks. That makes it three times as slow,
    since the leaks of libgda can be told from ours by long stacks only. With --all it always does.
    """

    pass_fds = ()

    def __init__(self, bus, folder, *options, environment=None, start=True, finds_leaks=False):
        self.finds_leaks = finds_leaks
        self.bus = bus
        self.folder = folder
        self.options = list(options)
        self.environment = environment or {}
        self.expected = []
        self.secret = b"a secret of more than thirty-two bytes, for tests only"
        self.secret_file = os.path.join(folder, "secret")
        self.database = os.path.join(folder, "belfry.db")
        with open(self.secret_file, "wb") as file:
            file.write(self.secret + b"\n")
        self.process = None
        if start:
            self.start()

    def arguments(self):
        arguments = ["--bus", self.bus.address, "--listen", "127.0.0.1:0",
                     "--database", "sqlite:" + self.database]
        if "--jwt-jwks-file" not in self.options:
            arguments += ["--jwt-secret-file", self.secret_file]
        return [BELFRYD, *arguments, *self.options]

    def start(self):
        self.log = []
        environment = dict(os.environ, XDG_DATA_HOME=self.folder)
        if not (ALL or self.finds_leaks):
            environment["ASAN_OPTIONS"] = "detect_leaks=0"
        environment.pop("SOCKET_MAX_TOTAL_CONNECTIONS", None)
        environment.pop("SOCKET_MAX_CONNECTIONS_PER_USER", None)
        environment.update(self.environment)
        self.process = subprocess.Popen(
            self.arguments(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", pass_fds=self.pass_fds)
        self.listening = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        port = self.listening.get(timeout=PATIENCE)
        if port is None:
            raise RuntimeError("belfryd did not start: " + "".join(self.log))
        self.port = port
        self._wait_for_name()

    def _read(self):
        for line in self.process.stdout:
            self.log.append(line)
            match = re.search(r"Listening on 127\.0\.0\.1:(\d+)", line)
            if match:
                self.listening.put(int(match.group(1)))
        self.listening.put(None)

    def _wait_for_name(self):
        client = BusClient(self.bus.address)
        deadline = time.monotonic() + PATIENCE
        while not client.connection.call_sync(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, Gio.DBusCallFlags.NONE, -1,
                None).unpack()[0]:
            assert time.monotonic() < deadline, "the name was not taken"
            time.sleep(0.02)
        client.close()

    def is_sanitized(self):
        """Then it is many times slower, and keeps what it has freed for a while."""
        with open(f"/proc/{self.process.pid}/maps", encoding="ascii") as file:
            return "libasan" in file.read()

    def expect_log(self, text):
        """A warning with this text belongs to the test."""
        self.expected.append(text)

    def stop(self, expect=0):
        """Ends the daemon as systemd does, and looks at what it said."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stdout.close()
        self.process = None
        log = "".join(self.log)
        assert status == expect, f"belfryd ended with {status}: {log}"
        for line in self.log:
            if re.search(r"WARNING|CRITICAL|ERROR|runtime error", line):
                assert any(text in line for text in self.expected), f"unexpected: {log}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process = None

    def token(self, user, expires_in=3600, **claims):
        claims = {"sub": user, "exp": int(time.time()) + expires_in, **claims}
        return sign({"alg": "HS256", "typ": "JWT"}, claims, self.secret)


class Tab:
    """A browser tab: frames in and out, as JSON."""

    def __init__(self, socket):
        self.socket = socket
        self.frames = []
        self.requests = {}

    async def send(self, **frame):
        if isinstance(frame.get("id"), (str, int)):
            self.requests[frame["id"]] = frame["type"]
        await self.socket.send(json.dumps(frame))

    async def send_text(self, text):
        await self.socket.send(text)

    async def receive(self, type=None, timeout=PATIENCE):
        """The next frame; with a type, that is what it has to be."""
        frame = json.loads(await asyncio.wait_for(self.socket.recv(), timeout))
        self.frames.append(frame)
        wire_schema.check_server_frame(frame, self.requests.get(frame.get("id")))
        if type is not None:
            assert frame["type"] == type, f"expected {type}, got {frame}"
        return frame

    async def request(self, type, id=1, **data):
        """Sends a request and gives the data of its reply; frames before it are kept."""
        await self.send(type=type, id=id, data=data)
        while True:
            frame = await self.receive()
            if frame.get("id") == id:
                return frame["data"]

    async def receive_error(self, code, fatal=False):
        """The next frame, which has to be this error; gives its id and data."""
        frame = await self.receive("error")
        assert frame["data"]["code"] == code, f"expected {code}, got {frame}"
        assert frame["data"]["fatal"] is fatal, frame
        return frame

    async def receive_last(self, code, close_code):
        """The next frame, which has to be this error, and then the close."""
        frame = await self.receive_error(code, fatal=True)
        n_frames = len(self.frames)
        closed = await self.wait_closed()
        assert closed == close_code, f"expected {close_code}, got {closed}"
        assert len(self.frames) == n_frames, f"after the last: {self.frames[n_frames:]}"
        return frame

    async def assert_silence(self, seconds=0.3):
        try:
            frame = await self.receive(timeout=seconds)
        except asyncio.TimeoutError:
            return
        raise AssertionError(f"nothing was expected, but {frame} came")

    async def wait_closed(self):
        """Reads to the end, and gives the close code."""
        try:
            while True:
                await self.receive()
        except websockets.ConnectionClosed:
            return self.socket.close_code

    async def close(self):
        await self.socket.close()


class BelfryTestCase(unittest.IsolatedAsyncioTestCase):
    """A daemon, a worker, and as many tabs as a test asks for."""

    options = ()
    environment = None
    finds_leaks = False

    @classmethod
    def setUpClass(cls):
        cls.bus = Bus()

    @classmethod
    def tearDownClass(cls):
        cls.bus.close()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.clients = []
        self.daemon = Daemon(self.bus, self.folder, *self.options, environment=self.environment,
                             finds_leaks=self.finds_leaks)
        self.addCleanup(self.daemon.stop)
        self.worker = self.new_worker()

    def new_worker(self):
        worker = self.connect_worker()
        self.addCleanup(worker.close)
        return worker

    def connect_worker(self):
        return BusClient(self.bus.address)

    async def connect(self, port=None, expect_connected=True, **kwargs):
        """A tab that is not registered."""
        kwargs.setdefault("ping_interval", None)
        kwargs.setdefault("max_size", None)
        socket = await websockets.connect(f"ws://127.0.0.1:{port or self.daemon.port}/ws", **kwargs)
        tab = Tab(socket)
        self.addAsyncCleanup(tab.close)
        if expect_connected:
            await tab.receive("connected")
        return tab

    async def open(self, user, **register):
        """A registered tab; what it was told is in tab.registered."""
        tab = await self.connect()
        await tab.send(type="register", jwtToken=self.daemon.token(user), data=register)
        tab.registered = (await tab.receive("registered"))["data"]
        return tab

    @contextlib.contextmanager
    def assert_refused(self, error, *words):
        """A call has to end in this error, with these words in the message."""
        with self.assertRaises(GLib.Error) as context:
            yield
        name = Gio.DBusError.get_remote_error(context.exception)
        message = context.exception.message
        self.assertEqual(name, error if "." in error else ERROR + error, message)
        for word in words:
            self.assertIn(word, message)


class OverSocket:
    """Mixed into a test case, it has the workers come by the socket, without a bus between."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="belfry-socket-")
        self.addCleanup(shutil.rmtree, folder)
        self.worker_socket = os.path.join(folder, "workers")
        self.options = ("--worker-socket", self.worker_socket, *self.options)
        super().setUp()

    def connect_worker(self):
        return BusClient("unix:path=" + self.worker_socket,
                         Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT)


class TapResult(unittest.TestResult):
    """Prints each test as it ends, in the Test Anything Protocol."""

    def __init__(self, program):
        super().__init__()
        self.program = program
        self.number = 0

    def _print(self, word, test, note="", details=""):
        self.number += 1
        method = test.id().split(".")[-1]
        name = re.sub("^test_", "", method).replace("_", "-")
        print(f"{word} {self.number} /{self.program}/{name}{note}")
        for line in details.splitlines():
            print("# " + line)
        sys.stdout.flush()

    def addSuccess(self, test):
        self._print("ok", test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._print("not ok", test, details=self._exc_info_to_string(error, test))

    addError = addFailure

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._print("ok", test, note=f" # SKIP {reason}")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            super().addSubTest(test, subtest, error)
            details = str(subtest) + "\n" + self._exc_info_to_string(error, test)
            self._print("not ok", test, details=details)


def main():
    """Runs the tests of the program, or those whose names contain an argument."""
    program = os.path.splitext(os.path.basename(sys.argv[0]))[0].replace("test_", "")
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]]
    suite = loader.loadTestsFromName("__main__")
    print(f"1..{suite.countTestCases()}")
    result = TapResult(program)
    suite.run(result)
    sys.exit(not result.wasSuccessful())
