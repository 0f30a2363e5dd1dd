#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfryd as who starts it and stops it sees it."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import shutil
import unittest

import belfry_test
from belfry_test import BELFRYD, PATIENCE, BelfryTestCase, Bus, Daemon, GLib

# An address at which there is no bus: whoever gets so far has taken the options.
NO_BUS = "unix:path=/nonexistent/bus"


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret = self.write("secret", "s" * 32)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_belfryd(self, *arguments, **environment):
        keep = {k: v for k, v in os.environ.items() if not k.startswith("SOCKET_MAX")}
        return subprocess.run(
            [BELFRYD, *arguments], env={**keep, "XDG_DATA_HOME": self.folder, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)

    def options(self, **changed):
        options = {"bus": NO_BUS, "listen": "127.0.0.1:0", "jwt-secret-file": self.secret,
                   "database": "sqlite:" + os.path.join(self.folder, "belfry.db")}
        options.update({k.replace("_", "-"): v for k, v in changed.items()})
        return [f"--{k}={v}" for k, v in options.items() if v is not None]

    def assert_fails(self, status, words, *arguments, **environment):
        """It ends with this status, and one line with these words."""
        result = self.run_belfryd(*arguments, **environment)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Abelfryd: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, result.stderr)

    def assert_accepted(self, *arguments, **environment):
        """It goes on to the bus, which is not there."""
        self.assert_fails(1, ["bus: " + NO_BUS], *arguments, **environment)

    def test_version_and_help(self):
        result = self.run_belfryd("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"\Abelfryd \d+\.\d+\.\d+\n\Z")
        result = self.run_belfryd("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for option in ("bus", "listen", "database", "jwt-secret-file", "jwt-jwks-file",
                       "jwt-user-claim", "jwt-audience", "jwt-issuer", "max-total-connections",
                       "max-connections-per-user", "allow-origin", "trusted-proxy",
                       "worker-socket", "allow-worker", "numeric-user-ids", "new-epoch", "config"):
            self.assertIn("--" + option, result.stdout)

    def test_faulty_options_end_with_one_line_and_status_2(self):
        for words, arguments in (
                (["--listne"], ["--listne=127.0.0.1:80"]),
                (["word"], ["word"]),
                (["--listen"], ["--listen"]),
                (["listen", "127.0.0.1", "HOST:PORT"], self.options(listen="127.0.0.1")),
                (["listen", "HOST:PORT"], self.options(listen="127.0.0.1:")),
                (["listen", "HOST:PORT"], self.options(listen="127.0.0.1:http")),
                (["listen", "HOST:PORT"], self.options(listen="127.0.0.1:65536")),
                (["listen", "address"], self.options(listen="example.invalid:80")),
                (["listen", "address"], self.options(listen=":80")),
                (["database", "sqlite:PATH"], self.options(database="belfry.db")),
                (["database", "sqlite:PATH"], self.options(database="sqlite:")),
                (["database", "sqlite:PATH"], self.options(database="mysql:x")),
                (["max-total-connections", "number"], self.options(max_total_connections="many")),
                (["max-total-connections", "0", "1 to 1000000"],
                 self.options(max_total_connections="0")),
                (["max-connections-per-user", "number"],
                 self.options(max_connections_per_user="-1")),
                (["max-data-size", "1024 to 131072"], self.options(max_data_size="131073")),
                (["jwt-leeway", "0 to 60"], self.options(jwt_leeway="61")),
                (["handler-dir", "absolute path"], self.options(handler_dir="handlers")),
                (["worker-socket", "absolute path"], self.options(worker_socket="workers")),
                (["allow-worker", "“33”", "uid:NUMBER"], self.options(allow_worker="33")),
                (["jwt-user-claim"], self.options(jwt_user_claim="")),
                (["allow-origin", "https://"], self.options(allow_origin="example.org")),
                (["trusted-proxy", "IP address"], self.options(trusted_proxy="proxy")),
                (["jwt-secret-file", "jwt-jwks-file"], self.options(jwt_secret_file=None))):
            with self.subTest(arguments):
                self.assert_fails(2, words, *arguments)

    def test_faulty_files_end_with_one_line_and_status_2(self):
        for words, arguments in (
                (["jwt-secret-file", "/nonexistent"], self.options(jwt_secret_file="/nonexistent")),
                (["jwt-secret-file", "32"], self.options(jwt_secret_file=self.write("s", "x" * 31))),
                # The newline at the end is not part of the secret.
                (["jwt-secret-file", "32"],
                 self.options(jwt_secret_file=self.write("n", "x" * 31 + "\n"))),
                (["jwt-jwks-file", "/nonexistent"], self.options(jwt_jwks_file="/nonexistent")),
                (["jwt-jwks-file"], self.options(jwt_jwks_file=self.write("j", "{"))),
                (["config", "/nonexistent"], ["--config=/nonexistent"]),
                (["config", "belfryd"], ["--config", self.write("c1", "[other]\n")]),
                (["config", "no such option", "lsiten"],
                 ["--config", self.write("c2", "[belfryd]\nlsiten=127.0.0.1:80\n")]),
                (["config", "max-total-connections", "number"],
                 ["--config", self.write("c3", "[belfryd]\nmax-total-connections=x\n")]),
                (["config", "listen", "HOST:PORT"],
                 ["--config", self.write("c4", "[belfryd]\nlisten=\n")]),
                (["config", "allow-worker", "uid:NUMBER"],
                 ["--config", self.write("c5", "[belfryd]\nallow-worker=\n")])):
            with self.subTest(arguments):
                self.assert_fails(2, words, *arguments)
        self.assert_fails(2, ["SOCKET_MAX_TOTAL_CONNECTIONS", "number"], *self.options(),
                          SOCKET_MAX_TOTAL_CONNECTIONS="lots")
        self.assert_fails(2, ["SOCKET_MAX_CONNECTIONS_PER_USER", "1 to 1000000"], *self.options(),
                          SOCKET_MAX_CONNECTIONS_PER_USER="0")

    def test_a_secret_of_32_bytes_will_do(self):
        for text in "s" * 32, "s" * 32 + "\n", "s" * 32 + "\n\n":
            self.assert_accepted(*self.options(jwt_secret_file=self.write("s", text)))

    def test_a_port_in_use_ends_with_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.assert_fails(1, ["listen: " + address, "in use"], *self.options(listen=address))

    def test_a_bus_that_is_not_there_ends_with_status_1(self):
        self.assert_fails(1, ["bus: " + NO_BUS], *self.options())
        self.assert_fails(1, ["bus: session"], *self.options(bus="session"),
                          DBUS_SESSION_BUS_ADDRESS=NO_BUS)

    def test_a_database_that_is_not_ours_ends_with_status_1(self):
        path = os.path.join(self.folder, "belfry.db")
        self.assert_accepted(*self.options())
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
        self.assert_fails(1, ["database", "9999", "newer"], *self.options())
        self.assert_fails(1, ["database"],
                          *self.options(database="sqlite:" + self.write("text", "hello\n" * 100)))
        self.assert_fails(1, ["database", "/proc/"], *self.options(database="sqlite:/proc/x/y.db"))

    def test_the_database_is_by_default_where_the_service_keeps_its_state(self):
        state, data = os.path.join(self.folder, "state"), os.path.join(self.folder, "data")
        options = self.options(database=None)
        self.assert_accepted(*options, XDG_DATA_HOME=data)
        path = os.path.join(data, "belfry", "belfry.db")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assert_accepted(*options, XDG_DATA_HOME=data, STATE_DIRECTORY=state + ":/nonexistent")
        self.assertTrue(os.path.exists(os.path.join(state, "belfry.db")))


class Configuration(BelfryTestCase):
    def restart(self, *options, **environment):
        self.daemon.stop()
        self.daemon.options = list(options)
        self.daemon.environment = environment
        self.daemon.start()

    def limits(self):
        return [self.worker.property(name)
                for name in ("MaxTotalConnections", "MaxConnectionsPerUser")]

    async def test_the_command_line_goes_before_the_environment_and_that_before_the_file(self):
        path = os.path.join(self.folder, "belfryd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# A comment\n[belfryd]\nmax-total-connections=100\n"
                       "max-connections-per-user=10\nnumeric-user-ids=true\n")
        total, per_user = "SOCKET_MAX_TOTAL_CONNECTIONS", "SOCKET_MAX_CONNECTIONS_PER_USER"
        self.assertEqual(self.limits(), [10000, 20])
        self.restart("--config", path)
        self.assertEqual(self.limits(), [100, 10])
        self.restart("--config", path, **{total: "200"})
        self.assertEqual(self.limits(), [200, 10])
        self.restart("--config", path, "--max-connections-per-user", "30",
                     **{total: "200", per_user: "25"})
        self.assertEqual(self.limits(), [200, 30])
        tab = await self.open("7")
        self.assertEqual(tab.registered["userId"], 7)

    async def test_the_limits_hold(self):
        self.restart("--max-connections-per-user", "1", "--max-total-connections", "2")
        await self.open("alice")
        full = await self.connect()
        await full.send(type="register", jwtToken=self.daemon.token("alice"))
        error = (await full.receive("error"))["data"]
        self.assertEqual(error["code"], "CONNECTION_LIMIT_PER_USER_EXCEEDED")
        self.assertEqual(await full.wait_closed(), 4100)
        await self.open("bob")
        third = await self.connect(expect_connected=False)
        error = (await third.receive("error"))["data"]
        self.assertEqual(error["code"], "CONNECTION_LIMIT_TOTAL_EXCEEDED")

    async def test_a_smaller_limit_of_data_is_told(self):
        self.restart("--max-data-size", "1024")
        self.worker.create("alice", '{"a":"' + "x" * 1016 + '"}')
        with self.assert_refused("TooLarge", "data", "1025", "1024"):
            self.worker.create("alice", '{"a":"' + "x" * 1017 + '"}')
        with self.assert_refused("TooLarge", "data", "1025", "1024"):
            self.worker.call("Sessions.Broadcast", "(ss)", "news", '{"a":"' + "x" * 1017 + '"}')

    async def test_a_second_one_on_the_same_bus_or_database_ends(self):
        for database, words in (("other.db", "bus: another Belfry owns the name"),
                                ("belfry.db", "database: "), ):
            arguments = self.daemon.arguments()
            arguments += ["--database", "sqlite:" + os.path.join(self.folder, database)]
            result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, timeout=PATIENCE)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"\Abelfryd: [^\n]+\n\Z")
            self.assertIn(words, result.stderr)
        self.worker.create("alice")


class Keys(BelfryTestCase):
    async def wait_for_log(self, text):
        deadline = time.monotonic() + PATIENCE
        while not any(text in line for line in self.daemon.log):
            self.assertLess(time.monotonic(), deadline, f"“{text}” was not logged")
            await asyncio.sleep(0.02)

    async def test_a_hang_up_reads_the_keys_again(self):
        tab = await self.open("alice")
        old = self.daemon.token("alice")
        self.daemon.secret = b"another secret, which has more than thirty-two bytes"
        with open(self.daemon.secret_file, "wb") as file:
            file.write(self.daemon.secret)
        await self.open_refused(self.daemon.token("alice"))
        self.daemon.process.send_signal(signal.SIGHUP)
        await self.wait_for_log("were read again")
        await self.open("alice")
        await self.open_refused(old)
        # Who is there stays.
        self.worker.create("alice")
        await tab.receive("notification_received")

    async def test_faulty_keys_leave_the_old_ones_in_use(self):
        self.daemon.expect_log("old keys")
        for text in b"short", None:
            if text is not None:
                with open(self.daemon.secret_file, "wb") as file:
                    file.write(text)
            else:
                os.unlink(self.daemon.secret_file)
            self.daemon.log.clear()
            self.daemon.process.send_signal(signal.SIGHUP)
            await self.wait_for_log("The old keys for tokens stay in use: jwt-secret-file")
            await self.open("alice")

    async def open_refused(self, token):
        tab = await self.connect()
        await tab.send(type="register", jwtToken=token)
        self.assertEqual((await tab.receive("error"))["data"]["code"], "INVALID_TOKEN")
        self.assertEqual(await tab.wait_closed(), 4500)


class KeysOfTwoFiles(Keys):
    """The second of which, while it is a pipe, holds up whoever reads them."""

    KEYS = ('{"keys":[{"kty":"OKP","crv":"Ed25519",'
            '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="belfry-keys-")
        self.addCleanup(shutil.rmtree, folder)
        self.key_file = os.path.join(folder, "keys")
        self.write_keys()
        self.options = ("--jwt-jwks-file=" + self.key_file,)
        super().setUp()

    def write_keys(self):
        with open(self.key_file + ".new", "w", encoding="ascii") as file:
            file.write(self.KEYS)
        os.replace(self.key_file + ".new", self.key_file)

    async def open_for_reader(self):
        """The pipe, as soon as somebody reads it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return os.open(self.key_file, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                await asyncio.sleep(0.02)

    async def test_what_was_read_last_is_in_use_whatever_ends_last(self):
        old = self.daemon.token("alice")
        os.unlink(self.key_file)
        os.mkfifo(self.key_file)
        self.daemon.process.send_signal(signal.SIGHUP)
        pipe = await self.open_for_reader()
        # Now it has read the old secret.
        self.daemon.secret = b"another secret, which has more than thirty-two bytes"
        with open(self.daemon.secret_file, "wb") as file:
            file.write(self.daemon.secret)
        self.write_keys()
        self.daemon.process.send_signal(signal.SIGHUP)
        await self.wait_for_log("were read again")
        self.daemon.log.clear()
        os.write(pipe, self.KEYS.encode())
        os.close(pipe)
        await self.wait_for_log("were read again")
        await self.open("alice")
        await self.open_refused(old)

    test_a_hang_up_reads_the_keys_again = None
    test_faulty_keys_leave_the_old_ones_in_use = None


class Stopping(BelfryTestCase):
    async def test_every_tab_is_told_when_to_come_back(self):
        tabs = [await self.open("alice") for _ in range(10)] + [await self.connect()]
        self.daemon.process.send_signal(signal.SIGTERM)
        delays = set()
        for tab in tabs:
            error = (await tab.receive("error"))["data"]
            self.assertEqual((error["code"], error["fatal"]), ("SERVER_SHUTDOWN", True))
            self.assertIsInstance(error["retryAfter"], int)
            self.assertGreaterEqual(error["retryAfter"], 0)
            delays.add(error["retryAfter"])
            self.assertEqual(await tab.wait_closed(), 1012)
        self.assertGreater(len(delays), 1)
        self.daemon.stop()

    async def test_what_waits_is_committed_and_answered(self):
        context = GLib.MainContext.new()
        results = []
        database = sqlite3.connect(self.daemon.database, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        context.push_thread_default()
        for n in range(50):
            self.worker.connection.call(
                belfry_test.NAME, belfry_test.PATH, belfry_test.NOTIFICATIONS, "Create",
                GLib.Variant("(ssa{sv})", ("alice", json.dumps({"n": n}), {})), None, 0,
                PATIENCE * 1000, None, lambda connection, result: results.append(result))
        context.pop_thread_default()
        # The answer to this one comes when the others have been taken in.
        self.assertEqual(self.worker.list("alice"), ([], 0))
        self.daemon.process.send_signal(signal.SIGTERM)
        await self.wait_for_log("Going down")
        with self.assert_refused("Busy", "going down"):
            self.worker.list("alice")
        database.execute("ROLLBACK")
        database.close()
        while len(results) < 50:
            context.iteration(True)
        ids = [self.worker.connection.call_finish(result).unpack()[0] for result in results]
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual([n["id"] for n in self.worker.list("alice")[0]], ids[::-1])

    async def wait_for_log(self, text):
        deadline = time.monotonic() + PATIENCE
        while not any(text in line for line in self.daemon.log):
            self.assertLess(time.monotonic(), deadline, f"“{text}” was not logged")
            await asyncio.sleep(0.02)

    async def test_one_who_does_not_read_holds_nothing_up(self):
        tab = await self.open("alice")
        tab.socket.transport.pause_reading()
        data = '{"a":"' + "x" * 60_000 + '"}'
        while self.worker.call("Sessions.SendToUser", "(sss)", "alice", "news", data) == 1:
            pass
        self.daemon.stop()
        tab.socket.transport.resume_reading()

    async def test_asking_twice_changes_nothing(self):
        tab = await self.open("alice")
        tab.socket.transport.pause_reading()
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            self.daemon.process.send_signal(number)
        tab.socket.transport.resume_reading()
        self.assertEqual((await tab.receive("error"))["data"]["code"], "SERVER_SHUTDOWN")
        self.daemon.stop()
        self.assertEqual(sum("Going down" in line for line in self.daemon.log), 1)

    async def test_without_its_bus_it_commits_and_ends_with_status_1(self):
        bus = Bus()
        daemon = Daemon(bus, tempfile.mkdtemp(dir=self.folder))
        worker = belfry_test.BusClient(bus.address)
        self.addCleanup(worker.close)
        tab = await self.connect(port=daemon.port)
        worker.create("alice")
        bus.close()
        error = (await tab.receive("error"))["data"]
        self.assertEqual(error["code"], "SERVER_SHUTDOWN")
        daemon.expect_log("The connection to the bus is lost")
        daemon.process.wait(PATIENCE)
        daemon.stop(expect=1)
        self.assertTrue(any("bus is lost" in line for line in daemon.log))
        database = sqlite3.connect(daemon.database)
        self.assertEqual(database.execute("SELECT count (*) FROM notification").fetchone(), (1,))
        database.close()


class Service(BelfryTestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.bind(path)
        self.notify.settimeout(PATIENCE)
        self.environment = {"NOTIFY_SOCKET": path, "G_MESSAGES_DEBUG": "all"}
        super().setUp()

    def next_state(self):
        return self.notify.recv(4096).decode().split("\n")

    async def test_the_service_manager_is_told(self):
        self.assertEqual(self.next_state(), ["READY=1"])
        # The name is there by then.
        self.worker.create("alice")
        self.daemon.process.send_signal(signal.SIGHUP)
        reloading, since = self.next_state()
        self.assertEqual(reloading, "RELOADING=1")
        self.assertRegex(since, r"^MONOTONIC_USEC=\d+$")
        self.assertEqual(self.next_state(), ["READY=1"])
        self.daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.next_state(), ["STOPPING=1"])
        self.daemon.stop()
        self.notify.setblocking(False)
        self.assertRaises(BlockingIOError, self.notify.recv, 4096)

    async def test_logs_hold_neither_tokens_nor_data(self):
        mark = "neither-here-nor-there"
        tab = await self.open("alice")
        self.worker.create("alice", {mark: mark}, tag="t")
        self.worker.create("alice", {mark: mark}, tag="t")
        for data in '{"' + mark + '":}', '{"' + mark:
            with self.assert_refused("InvalidArgs"):
                self.worker.create("alice", data)
            await tab.send_text(data)
        await tab.send(type=mark, id=1, data={mark: mark})
        tokens = [self.daemon.token("alice"), self.daemon.token("alice", expires_in=-10),
                  self.daemon.token("alice") + "x", "a.b.c", mark]
        for token in tokens:
            other = await self.connect()
            await other.send(type="register", jwtToken=token)
            await other.receive()
        self.worker.call("Sessions.Broadcast", "(ss)", "news", json.dumps({"a": mark}))
        self.daemon.stop()
        log = "".join(self.daemon.log)
        for text in [mark, *tokens[:3]]:
            self.assertNotIn(text, log)
            self.assertNotIn(text.split(".")[-1], log)
        self.assertNotIn(self.daemon.secret.decode(), log)


if __name__ == "__main__":
    belfry_test.main()
