#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Workers that the bus starts when the first message comes for them: the files that declare them,
and what becomes of the messages meanwhile."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time

import belfry_test
from belfry_test import PATIENCE, BelfryTestCase, BusClient, Gio, GLib, slow
from bus_monitor import BusMonitor
from other_users import USERS, OpenBus, as_root

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "activated_worker.py")


class HandlerTestCase(BelfryTestCase):
    """Services of a bus, and files that declare types for them."""

    def setUp(self):
        self.service_folder = tempfile.mkdtemp(prefix="belfry-services-")
        self.addCleanup(shutil.rmtree, self.service_folder)
        self.handlers = os.path.join(self.service_folder, "handlers")
        os.mkdir(self.handlers)
        self.bus = OpenBus(self.service_folder)
        self.addCleanup(self.bus.close)
        self.prepare()
        self.options = ("--handler-dir", self.handlers, *self.options)
        super().setUp()

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def prepare(self):
        """What has to be there before the daemon starts."""

    def add_service(self, name, types, behaviours, prefix=()):
        """A service of the bus, and what it notes down is in a folder of its own."""
        folder = os.path.join(self.service_folder, name)
        os.mkdir(folder)
        command = " ".join((*prefix, sys.executable, WORKER, folder, name, types, behaviours))
        with open(os.path.join(self.service_folder, name + ".service"), "w",
                  encoding="utf-8") as file:
            file.write(f"[D-BUS Service]\nName={name}\nExec={command}\n")

    def declare(self, file, text, folder=None):
        path = os.path.join(folder or self.handlers, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def add_handler(self, name, types, behaviours="serve"):
        self.add_service(name, types, behaviours)
        self.declare(name + ".handler",
                     f"[Handler]\nBusName={name}\nTypes={types.replace(',', ';')}\n")

    def notes(self, name):
        try:
            with open(os.path.join(self.service_folder, name, "notes"), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def n_starts(self, name):
        return self.notes(name).count("start")

    def let_go(self, name):
        with open(os.path.join(self.service_folder, name, "go"), "w", encoding="utf-8"):
            pass

    async def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come to that")
            await asyncio.sleep(0.02)

    async def reload(self):
        n = sum("read again" in line for line in self.daemon.log)
        self.daemon.process.send_signal(signal.SIGHUP)
        await self.wait_until(
            lambda: sum("read again" in line for line in self.daemon.log) > n)

    async def wait_until_it_is_taken(self, tab):
        """What this tab has sent is in Belfry's hands, for another's request after it is answered."""
        await tab.request("ping", id="taken")


class Started(HandlerTestCase):
    def prepare(self):
        self.add_handler("org.example.Sum", "sum,average", "wait")
        self.add_handler("org.example.Idle", "idle", "idle")
        self.add_handler("org.example.Linger", "linger", "linger,serve")
        self.add_handler("org.example.Slow", "first,second", "slowly")

    async def test_many_messages_start_it_once_and_are_handed_over_in_order(self):
        tabs = [await self.open(user) for user in ("alice", "bob", "carol")]
        monitor = BusMonitor(self.bus.address, "StartServiceByName", self.worker)
        self.addCleanup(monitor.close)
        for n in range(30):
            for t, tab in enumerate(tabs):
                type = "sum" if n % 3 else "average"
                # Every fifth wants no answer.
                id = {} if n % 5 == 0 else {"id": n}
                await tab.send(type=type, data={"t": t, "n": n}, **id)
        for tab in tabs:
            await self.wait_until_it_is_taken(tab)
        self.let_go("org.example.Sum")
        for t, tab in enumerate(tabs):
            for n in range(30):
                if n % 5 == 0:
                    continue
                frame = await tab.receive("reply")
                self.assertEqual(frame["id"], n)
                self.assertEqual(frame["data"], {"type": "sum" if n % 3 else "average",
                                                 "was": {"t": t, "n": n}})
        self.assertEqual(monitor.count(), 1)
        notes = self.notes("org.example.Sum")
        self.assertEqual(notes.count("start"), 1)
        expected = [f'{"sum" if n % 3 else "average"} {{"t": {t}, "n": {n}}}'
                    for n in range(30) for t in range(3)]
        for t in range(3):
            mine = f'"t": {t},'
            self.assertEqual([line for line in notes if mine in line],
                             [line for line in expected if mine in line])
        # From now on it is a worker like any other.
        self.assertEqual(await tabs[0].request("sum", a=1), {"type": "sum", "was": {"a": 1}})
        self.assertEqual(self.n_starts("org.example.Sum"), 1)

    async def test_one_that_has_gone_idle_is_started_by_the_next_message(self):
        tab = await self.open("alice")
        for n in range(1, 4):
            self.assertEqual((await tab.request("idle", n=n))["was"], {"n": n})
            await self.wait_until(lambda n=n: self.notes("org.example.Idle").count("stopped") == n)
            self.assertEqual(self.n_starts("org.example.Idle"), n)

    async def test_what_comes_while_it_is_going_is_for_the_next_one(self):
        tab = await self.open("alice")
        await tab.request("linger")
        await self.wait_until(lambda: "stopped" in self.notes("org.example.Linger"))
        for n in range(5):
            await tab.send(type="linger", id=n, data={"n": n})
        await self.wait_until_it_is_taken(tab)
        self.assertEqual(self.n_starts("org.example.Linger"), 1)
        self.let_go("org.example.Linger")
        for n in range(5):
            self.assertEqual((await tab.receive("reply"))["data"]["was"], {"n": n})
        self.assertEqual(self.n_starts("org.example.Linger"), 2)

    async def test_each_type_waits_until_it_is_taken(self):
        tab = await self.open("alice")
        await tab.send(type="second", id=1)
        self.assertEqual((await tab.request("first", id=2))["type"], "first")
        self.assertEqual(self.n_starts("org.example.Slow"), 1)
        self.let_go("org.example.Slow")
        frame = await tab.receive("reply")
        self.assertEqual((frame["id"], frame["data"]["type"]), (1, "second"))

    async def test_only_the_owner_of_the_name_may_take_the_type(self):
        tab = await self.open("alice")
        for types in ["sum"], ["other", "average"]:
            with self.assert_refused(DENIED, "org.example.Sum", f"“{types[-1]}”"):
                self.worker.call("Sessions.HandleMessages", "(as)", types)
        await tab.send(type="other", id=1)
        await tab.receive_error("UNKNOWN_TYPE")
        await tab.send(type="sum", id=2)
        await self.wait_until(lambda: self.n_starts("org.example.Sum") == 1)
        with self.assert_refused(DENIED, "org.example.Sum"):
            self.worker.call("Sessions.HandleMessages", "(as)", ["sum"])
        self.let_go("org.example.Sum")
        self.assertEqual((await tab.receive("reply"))["id"], 2)

    async def test_who_owns_the_name_need_not_have_been_started(self):
        other = self.new_worker()
        other.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
            GLib.Variant("(su)", ("org.example.Sum", 0)), None, Gio.DBusCallFlags.NONE, -1, None)
        other.call("Sessions.HandleMessages", "(as)", ["sum"])
        tab = await self.open("alice")
        await tab.send(type="sum")
        self.assertEqual((await asyncio.to_thread(other.next_signal))[4], "sum")
        self.assertEqual(self.n_starts("org.example.Sum"), 0)

    async def test_a_session_has_32_waiting_and_a_worker_1024(self):
        tabs = [await self.open(f"user-{n}") for n in range(33)]
        for tab in tabs[:32]:
            for n in range(32):
                await tab.send(type="sum", data={"n": n})
            await self.wait_until_it_is_taken(tab)
        # One more of a session that has its share, with and without an id, and one of another.
        await tabs[0].send(type="sum")
        await tabs[0].receive_error("BUSY")
        await tabs[0].send(type="sum", id=33)
        await tabs[0].receive_error("BUSY")
        await tabs[32].send(type="sum", id=1)
        await tabs[32].receive_error("BUSY")
        self.let_go("org.example.Sum")
        await self.wait_until(lambda: len(self.notes("org.example.Sum")) == 1 + 1024)
        # Then there is room again.
        self.assertEqual((await tabs[0].request("sum"))["type"], "sum")


class Failing(HandlerTestCase):
    def prepare(self):
        self.add_handler("org.example.Crash", "crash", "crash")
        self.add_handler("org.example.Mended", "mended", "crash,serve")
        self.add_handler("org.example.Leave", "leave", "leave")
        self.add_handler("org.example.Mute", "mute", "mute")
        self.add_handler("org.example.Half", "half,other", "slowly")
        self.declare("org.example.Dies.service",
                     "[D-BUS Service]\nName=org.example.Dies\nExec=/bin/true\n",
                     self.service_folder)
        self.declare("dies.handler", "[Handler]\nBusName=org.example.Dies\nTypes=dies\n")
        self.declare("missing.handler", "[Handler]\nBusName=org.example.Missing\nTypes=missing\n")

    async def assert_all_fail(self, tab, type):
        for n in range(5):
            await tab.send(type=type, id=n)
        await tab.send(type=type)
        frames = [await tab.receive_error("UNAVAILABLE") for _ in range(6)]
        self.assertEqual([frame.get("id") for frame in frames], [0, 1, 2, 3, 4, None])

    async def test_a_start_that_fails_is_told_at_once(self):
        self.daemon.expect_log("is not started")
        tab = await self.open("alice")
        await self.assert_all_fail(tab, "crash")
        self.assertEqual(self.n_starts("org.example.Crash"), 1)
        await self.assert_all_fail(tab, "missing")
        self.assertTrue(any("org.example.Crash" in line for line in self.daemon.log))

    async def test_clients_do_not_have_it_tried_all_the_time(self):
        self.daemon.expect_log("is not started")
        tab = await self.open("alice")
        begin = time.monotonic()
        for n in range(150):
            self.assertEqual((await tab.request("crash", id=n))["code"], "UNAVAILABLE")
        self.assertLessEqual(self.n_starts("org.example.Crash"), time.monotonic() - begin + 1)

    async def test_after_a_while_it_is_tried_again(self):
        self.daemon.expect_log("is not started")
        tab = await self.open("alice")
        await self.assert_all_fail(tab, "mended")
        data = {}
        while "type" not in data:
            data = await tab.request("mended")
            self.assertIn(data.get("code", "UNAVAILABLE"), "UNAVAILABLE")
            await asyncio.sleep(0.02)
        self.assertEqual(self.n_starts("org.example.Mended"), 2)

    async def test_one_that_goes_without_taking_its_type_is_told_at_once(self):
        self.daemon.expect_log("has gone without")
        tab = await self.open("alice")
        await self.assert_all_fail(tab, "leave")
        self.assertEqual(self.n_starts("org.example.Leave"), 1)

    async def test_a_type_that_is_declared_no_more_is_told_at_once(self):
        tab = await self.open("alice")
        await tab.send(type="mute", id=1)
        await tab.send(type="mute")
        await self.wait_until(lambda: self.n_starts("org.example.Mute") == 1)
        os.unlink(os.path.join(self.handlers, "org.example.Mute.handler"))
        await self.reload()
        for _ in range(2):
            await tab.receive_error("UNAVAILABLE")
        await tab.send(type="mute", id=2)
        await tab.receive_error("UNKNOWN_TYPE")

    async def test_a_tab_that_has_gone_leaves_nothing(self):
        tab = await self.open("alice")
        await tab.send(type="other", id=1, data={"n": 1})
        await self.wait_until_it_is_taken(tab)
        await tab.close()
        second = await self.open("alice")
        await second.request("half")
        self.let_go("org.example.Half")
        self.assertEqual((await second.request("other", n=2))["was"], {"n": 2})

    async def test_messages_that_wait_are_no_hindrance_to_an_end(self):
        tab = await self.open("alice")
        await tab.send(type="mute", id=1)
        await tab.send(type="mute")
        await self.wait_until(lambda: self.n_starts("org.example.Mute") == 1)
        await asyncio.to_thread(self.daemon.stop)

    async def test_one_that_dies_of_each_message_is_not_started_all_the_time(self):
        """The bus starts nothing here: this test is the worker, and so as quick as one can be."""
        def own(worker):
            worker.connection.call_sync(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                "RequestName", GLib.Variant("(su)", ("org.example.Dies", 0)), None,
                Gio.DBusCallFlags.NONE, -1, None)
            worker.call("Sessions.HandleMessages", "(as)", ["dies"])

        monitor = BusMonitor(self.bus.address, "StartServiceByName", self.worker)
        self.addCleanup(monitor.close)
        tab = await self.open("alice")
        begin = time.monotonic()
        for n in range(5):
            await tab.send(type="dies", id=n)
            while await asyncio.to_thread(monitor.count) == 0:
                pass
            worker = self.connect_worker()
            own(worker)
            self.assertEqual((await asyncio.to_thread(worker.next_signal))[4], "dies")
            worker.close()
            self.assertEqual((await tab.receive_error("UNAVAILABLE"))["id"], n)
        self.assertGreaterEqual(time.monotonic() - begin, 4)

    @slow
    async def test_one_that_never_takes_its_type_is_a_time_out(self):
        tab = await self.open("alice")
        await tab.send(type="mute", id=1)
        await tab.send(type="mute")
        frames = [await tab.receive_error("TIMEOUT") for _ in range(2)]
        self.assertEqual({frame.get("id") for frame in frames}, {1, None})


class Files(HandlerTestCase):
    def prepare(self):
        self.add_service("org.example.A", "one,two,three", "serve")
        self.add_service("org.example.B", "one,two,three", "serve")
        self.declare("a.handler", "[Handler]\nBusName=org.example.A\nTypes=one;two\n")

    async def answers(self, tab, type):
        """Who answers messages of this type."""
        before = {name: len(self.notes(name)) for name in ("org.example.A", "org.example.B")}
        if "code" in await tab.request(type):
            return None
        return next(name for name, n in before.items() if len(self.notes(name)) > n)

    def faults(self, words):
        """The warnings that have these words."""
        return [line.split("WARNING **: ")[1].split(": ", 1)[1].strip() for line in self.daemon.log
                if words in line]

    async def test_files_are_read_again_at_sighup(self):
        tab = await self.open("alice")
        await tab.send(type="three", id=1)
        await tab.receive_error("UNKNOWN_TYPE")
        self.declare("b.handler", "[Handler]\nBusName=org.example.B\nTypes=three\n")
        await self.reload()
        with self.assert_refused(DENIED, "org.example.B"):
            self.worker.call("Sessions.HandleMessages", "(as)", ["three"])

    async def test_the_first_file_by_name_wins(self):
        self.daemon.expect_log("is declared for")
        self.declare("0.handler", "[Handler]\nBusName=org.example.B\nTypes=two;three\n")
        await self.reload()
        self.assertEqual(self.faults("is declared for"),
                         [f"The handler file {self.handlers}/a.handler: Types: “two” is declared "
                          "for org.example.B already"])
        for type, name in (("one", "A"), ("two", "B"), ("three", "B")):
            with self.assert_refused(DENIED, "org.example." + name):
                self.worker.call("Sessions.HandleMessages", "(as)", [type])
        for name in "qzkmxb":
            self.declare(name + ".handler", f"[Handler]\nBusName=org.example.{name}\nTypes=four\n")
        await self.reload()
        with self.assert_refused(DENIED, "org.example.b"):
            self.worker.call("Sessions.HandleMessages", "(as)", ["four"])
        self.assertEqual([re.search(r"(\w)\.handler", line).group(1)
                          for line in self.faults("“four”")], list("kmqxz"))

    async def test_faulty_files_are_passed_over_and_named(self):
        faults = {
            "group": ("BusName=org.example.B\nTypes=x\n", "group"),
            "no-name": ("[Handler]\nTypes=x\n", "BusName"),
            "no-types": ("[Handler]\nBusName=org.example.B\n", "Types"),
            "empty": ("[Handler]\nBusName=org.example.B\nTypes=\n", "Types"),
            "word": ("[Handler]\nBusName=sum\nTypes=x\n", "BusName: “sum”"),
            "unique": ("[Handler]\nBusName=:1.1\nTypes=x\n", "BusName: “:1.1”"),
            "own": ("[Handler]\nBusName=org.belfry.Belfry1\nTypes=x\n", "BusName: “org.belfry"),
            "type": ("[Handler]\nBusName=org.example.B\nTypes=x;Y\n", "Types: “Y”"),
            "reserved": ("[Handler]\nBusName=org.example.B\nTypes=x;list\n", "Types: “list”"),
        }
        for name, (text, _) in faults.items():
            self.declare(name + ".handler", text)
        self.declare("note.txt", "nothing")
        os.mkdir(os.path.join(self.handlers, "folder.handler"))
        os.mkfifo(os.path.join(self.handlers, "pipe.handler"))
        os.symlink("/dev/zero", os.path.join(self.handlers, "zero.handler"))
        os.symlink("nowhere", os.path.join(self.handlers, "nowhere.handler"))
        with open(os.path.join(self.handlers, "binary.handler"), "wb") as file:
            file.write(bytes(range(256)) * 1000)
        self.daemon.expect_log("is passed over")
        await self.reload()
        log = [line for line in self.daemon.log if "is passed over" in line]
        others = {"folder", "pipe", "zero", "nowhere", "binary"}
        self.assertEqual(len(log), len(faults) + len(others), log)
        for name in others:
            self.assertTrue(any(f"/{name}.handler" in line for line in log), name)
        for name, (_, words) in faults.items():
            line, = [line for line in log if f"/{name}.handler" in line]
            self.assertIn(words, line)
        tab = await self.open("alice")
        await tab.send(type="x", id=1)
        await tab.receive_error("UNKNOWN_TYPE")
        # The good one is in force.
        with self.assert_refused(DENIED, "org.example.A"):
            self.worker.call("Sessions.HandleMessages", "(as)", ["one"])

    async def test_a_running_worker_stays_when_its_file_goes(self):
        self.declare("a.handler", "[Handler]\nBusName=org.example.A\nTypes=one;two;three\n")
        await self.reload()
        tab = await self.open("alice")
        self.assertEqual(await self.answers(tab, "one"), "org.example.A")
        os.unlink(os.path.join(self.handlers, "a.handler"))
        await self.reload()
        self.assertEqual(await self.answers(tab, "one"), "org.example.A")
        self.assertEqual(self.n_starts("org.example.A"), 1)

    async def test_a_folder_that_is_not_there_is_told(self):
        self.daemon.expect_log("folder of handler files")
        shutil.rmtree(self.handlers)
        await self.reload()
        self.assertTrue(any(self.handlers in line and "folder" in line for line in self.daemon.log))


class DefaultFolders(HandlerTestCase):
    """Without --handler-dir. What lies in a folder that is given does not count then."""

    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="belfry-data-")
        self.addCleanup(shutil.rmtree, self.data)
        self.environment = {"XDG_DATA_DIRS": f"{self.data}/one:{self.data}/two",
                            "XDG_DATA_HOME": f"{self.data}/home"}
        super().setUp()

    def prepare(self):
        def declare(place, file, name, types):
            self.declare(file, f"[Handler]\nBusName=org.example.{name}\nTypes={types}\n",
                         os.path.join(self.data, place, "belfry", "handlers"))

        declare("two", "same.handler", "Two", "same;two")
        declare("one", "same.handler", "One", "same")
        declare("one", "home.handler", "One", "home")
        declare("home", "home.handler", "Home", "home")
        self.declare("given.handler", "[Handler]\nBusName=org.example.Given\nTypes=given\n")

    async def test_those_of_the_user_and_the_system_are_read(self):
        # A folder that is given is the only one.
        for type in "same", "home", "two":
            self.worker.call("Sessions.HandleMessages", "(as)", [type])
        with self.assert_refused(DENIED, "org.example.Given"):
            self.worker.call("Sessions.HandleMessages", "(as)", ["given"])
        self.daemon.stop()
        self.daemon.options = []
        self.daemon.start()
        worker = self.new_worker()
        # A file hides those of its name in later folders, whatever they declare.
        for type, name in ("same", "One"), ("home", "Home"):
            with self.assert_refused(DENIED, "org.example." + name):
                worker.call("Sessions.HandleMessages", "(as)", [type])
        worker.call("Sessions.HandleMessages", "(as)", ["two", "given"])


class Example(HandlerTestCase):
    """The worker, the service file and the handler file of the documentation."""

    def prepare(self):
        examples = os.path.join(os.environ["EXAMPLES"], "on-demand")
        self.options = ("--handler-dir", examples)
        with open(os.path.join(examples, "org.example.Sum.service"), encoding="utf-8") as file:
            text = file.read()
        installed = "/usr/libexec/example/sum.py"
        self.assertIn(installed, text)
        text = text.replace(installed, os.path.join(examples, "sum.py") + " 1")
        with open(os.path.join(self.service_folder, "sum.service"), "w", encoding="utf-8") as file:
            file.write(text)

    def has_owner(self):
        return self.worker.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
            GLib.Variant("(s)", ("org.example.Sum",)), None, Gio.DBusCallFlags.NONE, -1,
            None).unpack()[0]

    async def test_it_adds_goes_and_comes_back(self):
        tab = await self.open("alice")
        for _ in range(2):
            self.assertEqual(await tab.request("sum", numbers=[1, 2]), {"sum": 3})
            self.assertEqual((await tab.request("sum"))["code"], "BAD_SUM")
            await self.wait_until(lambda: not self.has_owner())


@as_root
class OfOneUser(HandlerTestCase):
    """A worker of another user than belfryd's, who may serve some users only."""

    def setUp(self):
        uid = USERS[0]
        self.prefix = (shutil.which("setpriv"), "--reuid", str(uid), "--clear-groups")
        self.options = ("--allow-worker", f"uid:{uid} types:sum users:shop-")
        super().setUp()

    def prepare(self):
        name = "org.example.Sum"
        self.add_service(name, "sum", "wait", self.prefix)
        os.chmod(self.service_folder, 0o755)
        shutil.chown(os.path.join(self.service_folder, name), USERS[0])
        self.declare("sum.handler", f"[Handler]\nBusName={name}\nTypes=sum\n")

    async def test_what_has_waited_of_other_users_is_of_an_unknown_type(self):
        bob, shop = await self.open("bob"), await self.open("shop-1")
        for tab in bob, shop:
            await tab.send(type="sum", id=1, data={"a": 1})
            await tab.send(type="sum")
            await self.wait_until_it_is_taken(tab)
        self.let_go("org.example.Sum")
        for _ in range(2):
            await bob.receive_error("UNKNOWN_TYPE")
        self.assertEqual((await shop.receive("reply"))["data"], {"type": "sum", "was": {"a": 1}})
        await self.wait_until(lambda: len(self.notes("org.example.Sum")) == 3)
        self.assertEqual(self.notes("org.example.Sum"), ["start", 'sum {"a": 1}', "sum {}"])


class AtSocket(HandlerTestCase):
    def setUp(self):
        self.socket_folder = tempfile.mkdtemp(prefix="belfry-socket-")
        self.addCleanup(shutil.rmtree, self.socket_folder)
        self.options = ("--worker-socket", os.path.join(self.socket_folder, "workers"))
        super().setUp()

    def prepare(self):
        self.add_handler("org.example.Sum", "sum", "serve")

    async def test_a_worker_without_a_bus_owns_no_name(self):
        peer = BusClient(f"unix:path={self.socket_folder}/workers",
                         Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT)
        self.addCleanup(peer.close)
        with self.assert_refused(DENIED, "org.example.Sum"):
            peer.call("Sessions.HandleMessages", "(as)", ["sum"])
        peer.call("Sessions.HandleMessages", "(as)", ["other"])
        tab = await self.open("alice")
        self.assertEqual((await tab.request("sum"))["type"], "sum")


if __name__ == "__main__":
    belfry_test.main()
