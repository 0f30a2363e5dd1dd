#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator does with belfryctl while Belfry runs."""

import asyncio
import contextlib
import json
import os
import re
import sqlite3
import stat
import subprocess
import threading
import unittest

import belfry_test
from belfry_test import PATIENCE, Bus, GLib
from ctl_test import BELFRYCTL, Ctl, environment, run_ctl

class Backup(Ctl):
    def create_until_set(self, user, stop, ids):
        worker = self.new_worker()
        while not stop.is_set():
            ids.append(worker.create(user, {"n": len(ids)}))

    def restore(self, backup):
        for suffix in "-wal", "-shm":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.daemon.database + suffix)
        with open(backup, "rb") as source, open(self.daemon.database, "wb") as target:
            target.write(source.read())

    async def test_what_was_acknowledged_before_is_in_a_backup_that_is_made_under_load(self):
        stop = threading.Event()
        acknowledged = {f"user-{n}": [] for n in range(8)}
        threads = [threading.Thread(target=self.create_until_set, args=(user, stop, ids))
                   for user, ids in acknowledged.items()]
        for thread in threads:
            thread.start()
        try:
            while not all(len(ids) > 10 for ids in acknowledged.values()):
                await asyncio.sleep(0.02)
            before = {user: list(ids) for user, ids in acknowledged.items()}
            tab = await self.open("user-0")
            await self.ctl_while_tabs_run("backup", self.path("backup"))
            length = len(acknowledged["user-0"])
            while len(acknowledged["user-0"]) < length + 20:
                await asyncio.sleep(0.02)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(stat.S_IMODE(os.stat(self.path("backup")).st_mode), 0o600)
        self.assertEqual([n for n in os.listdir(self.folder) if ".copy-" in n or "backup." in n],
                         [])
        newest = self.worker.list("user-0", limit=1)[0][0]["position"]
        epoch = tab.registered["epoch"]
        await tab.close()

        # Restored, the mark file tells that it was once further.
        self.daemon.stop()
        self.restore(self.path("backup"))
        self.daemon.expect_log("restored backup")
        self.daemon.start()
        for user, ids in before.items():
            stored = {n["id"] for n in self.worker.list(user, limit=1000)[0]}
            self.assertLessEqual(set(ids[-1000:]), stored)
        back = await self.open("user-0", since=newest, epoch=epoch)
        self.assertIs(back.registered["recovered"], False)
        self.assertNotEqual(back.registered["epoch"], epoch)
        await back.close()

        # Without it the operator has to say so.
        self.daemon.stop()
        os.unlink(self.daemon.database + ".mark")
        self.restore(self.path("backup"))
        self.daemon.options.append("--new-epoch")
        self.daemon.start()
        back = await self.open("user-0", since=before["user-0"][0], epoch=epoch)
        self.assertIs(back.registered["recovered"], False)
        self.assertNotEqual(back.registered["epoch"], epoch)

    def test_a_file_that_is_there_is_replaced_only_by_force(self):
        path = self.path("backup")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        self.assertIn("--force", self.ctl("backup", path, expect=1))
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        self.assertEqual(self.ctl_error("backup", path)["code"], "Failed")
        self.assertEqual(self.ctl_json("--force", "backup", path), {"file": path})
        with contextlib.closing(sqlite3.connect(path)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertIn("nowhere", self.ctl("backup", "/nowhere/backup", expect=1))

    def test_a_backup_is_to_be_had_although_workers_have_a_socket(self):
        runtime = self.path("runtime")
        os.makedirs(runtime + "/belfry", mode=0o700)
        self.daemon.stop()
        self.daemon.options += ["--worker-socket", runtime + "/belfry/workers"]
        self.daemon.start()
        where = {"XDG_RUNTIME_DIR": runtime, "DBUS_SESSION_BUS_ADDRESS": self.bus.address}
        for command in ("backup", self.path("backup")), ("status",):
            result = run_ctl(None, "--bus", "session", *command, **where)
            self.assertEqual(result.returncode, 0, result.stderr)
        result = run_ctl(None, "--bus", runtime + "/belfry/workers", "export", "alice")
        self.assertEqual(result.returncode, 1)
        self.assertIn("on a bus only", result.stderr)

    def test_what_is_left_of_a_backup_that_was_interrupted_goes_with_the_next_start(self):
        leftover = self.daemon.database + ".copy-Aa1234"
        self.daemon.stop()
        with open(leftover, "w", encoding="ascii"):
            pass
        self.daemon.start()
        self.assertFalse(os.path.exists(leftover))


class Users(Ctl):
    def fill(self, user, n, word):
        """Notifications of all sizes, some with a tag and a key, some read, some removed."""
        ids = []
        for i in range(n):
            text = word * (1 + (i * i) % (2000 if i % 20 else 9000))
            options = {"idempotency-key": GLib.Variant("s", f"{word}-key-{i}"),
                       "tag": GLib.Variant("s", f"{word}-tag-{i}")} if i % 3 == 0 else {}
            ids.append(self.worker.create_many([(user, json.dumps({"i": i, "t": text}),
                                                 options)])[0])
        self.worker.call("Notifications.MarkRead", "(sat)", user, ids[::2])
        self.worker.call("Notifications.Remove", "(sat)", user, ids[::5])
        return [id for i, id in enumerate(ids) if i % 5]

    def test_an_export_is_what_was_created(self):
        self.assertEqual(self.ctl("export", "nobody"), "")
        ids = []
        for n in 0, 1000, 2000:
            ids += self.worker.create_many([("alice", json.dumps({"n": n + i}), {})
                                            for i in range(1000)])
        special = self.worker.create("alice", '{"a" : "\\u00e9\\n"}', key="\"k\" ü", tag="t\\",
                                     expires=100000)
        gone = self.worker.create("alice", key="gone")
        self.worker.call("Notifications.Remove", "(sat)", "alice", [gone])
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:1])
        self.worker.create("bob", '{"not":"hers"}')
        text = self.ctl("export", "alice")
        self.assertIn('"data":{"a" : "\\u00e9\\n"}', text)
        lines = [json.loads(line) for line in text.splitlines()]
        notifications = [line for line in lines if "data" in line]
        self.assertEqual([n["id"] for n in notifications], [special, *reversed(ids)])
        self.assertEqual([n["data"]["n"] for n in notifications[1:]], list(range(2999, -1, -1)))
        self.assertEqual([n["read"] for n in notifications], [False] * 3000 + [True])
        self.assertEqual({n["userId"] for n in notifications}, {"alice"})
        self.assertEqual(notifications[0]["tag"], "t\\")
        for name in "createdAt", "expiresAt":
            self.assertRegex(notifications[0][name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(lines[len(notifications):],
                         [{"idempotencyKey": "\"k\" ü", "id": special},
                          {"idempotencyKey": "gone", "id": gone}])

    def test_an_export_has_a_notification_a_line_however_it_was_written(self):
        data = '{"a":\r\n  [1,\n   "x\\ny"]\n}'
        self.worker.create("alice", data)
        lines = self.ctl("export", "alice").splitlines()
        self.assertEqual([json.loads(line)["data"] for line in lines], [json.loads(data)])

    def traces(self, word):
        found = []
        for suffix in "", "-wal":
            with open(self.daemon.database + suffix, "rb") as file:
                found += re.findall(word.encode() + b".{0,20}", file.read())
        return found

    async def test_erasing_leaves_no_byte_of_the_user_and_nobody_else_is_touched(self):
        others = {f"other-{n}": [] for n in range(5)}
        living = []
        # Rows of all users lie between each other.
        for n, user in enumerate(others):
            others[user] = self.fill(user, 25, "plain")
            living += self.fill("mallory", 25, f"zecret{n}")
        self.assertTrue(self.traces("zecret"))
        self.assertTrue(self.traces("mallory"))
        tab = await self.open("mallory")
        other = await self.open("other-0", since=0)
        frames = []
        while not frames or frames[-1]["type"] != "caught_up":
            frames.append(await other.receive())

        said = await self.ctl_while_tabs_run("erase", "mallory")
        self.assertIn(str(len(living)), said)
        removed = await tab.receive("notifications_removed")
        self.assertEqual((removed["data"]["ids"], removed["data"]["unreadCount"]), (living, 0))
        await tab.assert_silence()
        await other.assert_silence()
        self.assertEqual(self.traces("zecret"), [])
        self.assertEqual(self.traces("mallory"), [])
        for user, ids in others.items():
            listed, total = self.worker.list(user, limit=1000)
            self.assertEqual([n["id"] for n in listed], ids[::-1])
            self.assertEqual(total, len(ids))
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            self.assertEqual(database.execute("SELECT count (*) FROM user").fetchone(), (5,))
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

        # As if nobody had ever written to the user: a key gives another id, and the tab goes on.
        again = self.worker.create("mallory", "{}", key="zecret0-key-0")
        received = await tab.receive("notification_received")
        self.assertEqual((received["data"]["id"], received["data"]["unreadCount"]), (again, 1))
        # Who was away and knows what was erased lists afresh.
        back = await self.open("mallory", since=tab.registered["position"])
        self.assertIs(back.registered["recovered"], False)
        fresh = await self.open("mallory", since=0)
        self.assertEqual((await fresh.receive("notification_received"))["data"]["id"], again)

    def test_erasing_many_goes_in_steps_and_twice_is_nothing(self):
        for _ in range(3):
            self.worker.create_many([("mallory", "{}", {"idempotency-key": GLib.Variant(
                "s", os.urandom(8).hex())}) for _ in range(1000)])
        self.assertIn("3000", self.ctl("erase", "mallory"))
        self.assertEqual(self.worker.list("mallory"), ([], 0))
        self.assertIn("0", self.ctl("erase", "mallory"))
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            for table in "user", "notification", "idempotency":
                self.assertEqual(database.execute(f"SELECT count (*) FROM {table}").fetchone(),
                                 (0,), table)
        self.daemon.start()
        self.worker.create("mallory")

    async def test_while_somebody_reads_the_log_erasing_says_that_traces_are_left(self):
        self.worker.create("mallory", '{"t":"zecret"}')
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count (*) FROM user").fetchone()
            self.assertIn("once more", self.ctl("erase", "mallory", expect=1))
            self.assertTrue(self.traces("zecret"))
        self.ctl("erase", "mallory")
        self.assertEqual(self.traces("zecret"), [])


class Commands(Ctl):
    async def test_status_says_how_many_are_connected(self):
        await self.open("alice")
        await self.open("alice")
        self.assertEqual(self.ctl("status"),
                         "Connected clients: 2 of 10000\nConnected users: 1\n")
        self.assertEqual(self.ctl_json("status"),
                         {"connectedClients": 2, "connectedUsers": 1,
                          "maxTotalConnections": 10000, "maxConnectionsPerUser": 20})

    def test_a_wrong_call_is_told_from_what_went_wrong(self):
        for arguments in ([], ["backup"], ["status", "x"], ["nonsense"], ["--nonsense", "status"],
                          ["list", "a", "--limit", "x"], ["list", "a", "--limit", "0"],
                          ["read", "a"], ["read", "a", "1", "--all"], ["read", "a", "0"],
                          ["remove", "a", "x"], ["unread", "a"], ["send", "a"],
                          ["send", "a", "{}", "--title", "x"], ["disconnect"],
                          ["disconnect", "x", "--user", "y"], ["token", "a"],
                          ["send", "a", "{}", "--expires", "2w"], ["--color=blue", "status"]):
            with self.subTest(arguments=arguments):
                self.ctl(*arguments, expect=2)
                self.assertEqual(self.ctl_error(*arguments, expect=2)["code"], "Usage")
        self.assertIn("user_id", self.ctl("erase", "", expect=1))
        self.assertIn("user_id", self.ctl("export", "a\x01", expect=1))
        self.assertRegex(self.ctl("--version"), r"^belfryctl \d+\.\d+\.\d+\n$")

    def test_what_is_wrong_with_a_call_is_named(self):
        self.assertIn("is it list?", self.ctl("lsit", "alice", expect=2))
        self.assertIn("frobnicate: there is no such command", self.ctl("frobnicate", expect=2))
        self.assertIn("--nonsense", self.ctl("list", "alice", "--nonsense", expect=2))
        self.assertIn("USER", self.ctl("list", expect=2))
        self.assertIn("one too many: “bob”", self.ctl("list", "alice", "bob", expect=2))
        self.assertIn("2w", self.ctl("send", "a", "{}", "--expires", "2w", expect=2))

    def test_erasing_and_counting_are_told_as_json(self):
        self.worker.create("alice")
        self.assertEqual(self.ctl_json("erase", "alice"), {"count": 1})
        self.assertEqual(self.ctl_error("erase", "")["code"], "InvalidArgs")

    def test_options_stand_before_and_behind_and_an_argument_may_look_like_one(self):
        id = self.worker.create("--alice")
        for arguments in (["--json", "list", "--", "--alice"], ["list", "--json", "--", "--alice"]):
            self.assertEqual(json.loads(self.ctl(*arguments))["id"], id)

    def test_the_environment_says_where_belfry_is_unless_an_option_does(self):
        self.assertEqual(run_ctl(None, "status", BELFRY_BUS=self.bus.address).returncode, 0)
        self.assertEqual(run_ctl(self.bus, "status", BELFRY_BUS="unix:path=/nowhere").returncode, 0)
        self.assertEqual(run_ctl(None, "status", BELFRY_BUS="unix:path=/nowhere").returncode, 1)

    def test_a_disk_that_is_full_is_not_taken_for_a_short_list(self):
        self.worker.create("alice")
        with open("/dev/full", "w", encoding="ascii") as full:
            for command in ["list", "alice"], ["list", "--json", "alice"], ["export", "alice"]:
                result = subprocess.run([BELFRYCTL, "--bus", self.bus.address, *command],
                                        stdout=full, stderr=subprocess.PIPE, text=True,
                                        env=environment(), timeout=PATIENCE)
                self.assertEqual(result.returncode, 1, command)
                self.assertNotEqual(result.stderr, "")


class WithoutBelfry(unittest.TestCase):
    def test_a_belfry_that_does_not_run_is_said(self):
        with contextlib.closing(Bus()) as bus:
            result = run_ctl(bus, "status")
            error = run_ctl(bus, "--json", "status")
        self.assertEqual(result.returncode, 1)
        self.assertIn("org.belfry.Belfry1", result.stderr)
        # The one from a bus that could start Belfry, the other from one that could not.
        self.assertIn(json.loads(error.stderr)["error"]["code"],
                      ("NameHasNoOwner", "ServiceUnknown"))


if __name__ == "__main__":
    belfry_test.main()
