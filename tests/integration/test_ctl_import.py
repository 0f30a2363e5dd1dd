#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfryctl import: what it takes, what it refuses, and what is there after it was interrupted."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import belfry_test
from belfry_test import PATIENCE, Bus, BusClient, Daemon, GLib
from ctl_test import BELFRYCTL, Ctl, environment, run_ctl, strip_looks

MANY = 20000


def line(n, user="bob", **more):
    return json.dumps({"userId": user, "data": {"n": n}, **more}) + "\n"


class ImportCase(Ctl):
    def everything(self, user="bob", worker=None):
        """All notifications of a user, the oldest first."""
        all = []
        query = {"limit": GLib.Variant("u", 1000)}
        while True:
            page, _ = (worker or self.worker).call("Notifications.List", "(sa{sv})", user, query)
            if not page:
                return all[::-1]
            all += page
            query["before"] = GLib.Variant("t", page[-1]["id"])

    def numbers(self, user="bob"):
        return [json.loads(n["data"])["n"] for n in self.everything(user)]

    def wait_for_stored(self, count, user="bob"):
        deadline = time.monotonic() + PATIENCE
        while self.worker.list(user, limit=1)[1] < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class Lines(ImportCase):
    def test_each_line_is_stored_as_it_says(self):
        text = (line(1) + "\n" + line(2, tag="t", expires=1000, read=True)
                + '{"data": {"n": 3, "x" : 19.99}, "userId": "bob", "key": "k"}')
        for arguments, more in (([self.write("file", text)], {}), (["-"], {"input": text})):
            said = self.ctl("import", *arguments, **more)
            self.assertIn("3 notifications are stored", said)
        first, second, third = self.everything()
        self.assertEqual(third["data"], '{"n": 3, "x" : 19.99}')
        self.assertEqual((second["tag"], second["read"]), ("t", True))
        self.assertAlmostEqual((second["expires-at"] - second["created-at"]) / 1e6, 1000, delta=1)
        self.assertEqual((first["read"], first.get("tag")), (False, None))
        self.assertEqual(self.worker.create("bob", key="k"), third["id"])

    def test_counts_are_told_as_json(self):
        text = line(1) + line(2, read=True) + line(3, expiresAt="2001-01-01T00:00:00.000Z")
        self.assertEqual(self.ctl_json("import", "-", input=text),
                         {"lines": 3, "stored": 2, "read": 1, "faulty": 0, "expired": 1,
                          "lostKeys": 0})
        self.assertEqual(self.ctl_json("import", "-", input="")["stored"], 0)
        self.assertEqual(self.ctl_error("import", "/nowhere")["code"], "Failed")

    def test_equal_lines_are_as_many_notifications_and_the_same_file_is_none(self):
        path = self.write("file", line(1) * 3 + line(2) + line(1))
        for _ in range(2):
            self.assertEqual(self.ctl_json("import", path)["stored"], 5)
            self.assertEqual(self.numbers(), [1, 1, 1, 2, 1])

    FAULTS = (
        ("nonsense", "object"),
        ("[]", "object"),
        ('{"userId":"bob","data":{}', "byte 25"),
        ('{"userId":"bob","data":{}} {}', "byte"),
        ('{"data":{}}', "userId: is missing"),
        ('{"userId":"bob"}', "data: is missing"),
        ('{"userId":7,"data":{}}', "userId: expected a string"),
        ('{"userId":"bob","data":"{}"}', "data: expected an object"),
        ('{"userId":"bob","data":{},"expires":"2h"}', "expires: expected an integer"),
        ('{"userId":"bob","data":{},"expires":0}', "expires: expected an integer"),
        ('{"userId":"bob","data":{},"read":1}', "read: expected true or false"),
        ('{"userId":"bob","data":{},"expiresAt":"soon"}', "expiresAt: expected a time"),
        ('{"userId":"bob","data":{},"tags":"x"}', "tags: there is no such member"),
        ('{"idempotencyKey":"k"}', "id: is missing"),
        # What only Belfry knows.
        ('{"userId":"","data":{}}', "user_id"),
        ('{"userId":"a\\u0007","data":{}}', "user_id"),
        ('{"userId":"bob","data":{},"tag":""}', "tag"),
        (line(1, key="k" * 129).strip(), "idempotency-key"),
        (line("x" * 70000).strip(), "data"),
        (line("x" * 2_000_000).strip(), "1048576"),
        ('{"userId":"bob","data":' + '{"a":' * 32 + "{}" + "}" * 33, "deep"),
    )

    def test_a_faulty_line_is_named_and_nothing_of_its_batch_is_stored(self):
        for fault, words in self.FAULTS:
            with self.subTest(fault=fault[:100]):
                error = self.ctl("import", "-", input=line(1) + fault + "\n" + line(2), expect=1)
                self.assertIn("line 2: ", error)
                self.assertIn(words, error)
                self.assertEqual(self.worker.list("bob")[1], 0)

    def test_bytes_that_are_no_text_are_a_faulty_line(self):
        self.assertIn("line 2: ", self.ctl("import", "-", input=line(1) + "\0\0\n", expect=1))

    def test_faulty_lines_are_skipped_when_that_is_asked(self):
        faults = [fault for fault, _ in self.FAULTS]
        text = "".join(line(n) + fault + "\n" for n, fault in enumerate(faults))
        process = self.start_ctl("import", "-", "--skip-faulty", "--json")
        counts, errors = process.communicate(text, timeout=2 * PATIENCE)
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(sorted(self.numbers()), list(range(len(faults))))
        counts = json.loads(counts)
        self.assertEqual((counts["lines"], counts["stored"], counts["faulty"]),
                         (2 * len(faults), len(faults), len(faults)))
        messages = [json.loads(error)["error"]["message"] for error in errors.splitlines()]
        self.assertEqual({int(re.match(r"line (\d+): ", message).group(1))
                          for message in messages},
                         set(range(2, 2 * len(faults) + 1, 2)))
        self.assertIn(f"{len(faults)} faulty lines",
                      self.ctl("import", "-", "--skip-faulty", input=text))

    def test_batches_before_a_faulty_line_are_stored_and_the_mended_file_gives_the_rest(self):
        lines = [line(n) for n in range(2000)]
        broken = lines[:1700] + ["nonsense\n"] + lines[1701:]
        result = run_ctl(self.bus, "import", "--json", self.write("file", "".join(broken)))
        self.assertEqual(result.returncode, 1)
        self.assertIn("line 1701: ", json.loads(result.stderr)["error"]["message"])
        counts = json.loads(result.stdout)
        self.assertEqual((counts["stored"], counts["firstOpenLine"]), (1500, 1501))
        self.assertEqual(self.numbers(), list(range(1500)))
        self.ctl("import", self.write("file", "".join(lines)))
        self.assertEqual(self.numbers(), list(range(2000)))

    def test_a_line_that_belfry_refuses_costs_its_batch_and_the_mended_file_gives_the_rest(self):
        lines = [line(n) for n in range(2000)]
        path = self.write("file", "".join(lines[:700] + [line(0, "")] + lines[701:]))
        result = run_ctl(self.bus, "import", "--json", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("line 701: user_id", json.loads(result.stderr)["error"]["message"])
        self.assertEqual(json.loads(result.stdout)["firstOpenLine"], 501)
        stored = set(self.numbers())
        self.assertEqual(stored & set(range(1000)), set(range(500)))
        self.ctl("import", self.write("file", "".join(lines)))
        self.assertEqual(sorted(self.numbers()), list(range(2000)))


class Interrupted(ImportCase):
    def feed(self, process, lines, user="bob"):
        """Hands lines over, and waits until all whole batches of 500 are stored."""
        process.stdin.write("".join(lines))
        process.stdin.flush()
        self.wait_for_stored(len(lines) // 500 * 500, user)

    def test_one_that_was_killed_is_run_again_and_nothing_is_missing_or_double(self):
        lines = [line(n % 7000) for n in range(MANY)]
        process = self.start_ctl("import", "-")
        self.feed(process, lines[:MANY // 2])
        process.kill()
        process.wait()
        self.assertLess(self.worker.list("bob", limit=1)[1], MANY)
        self.assertIn(f"{MANY} notifications", self.ctl("import",
                                                        self.write("file", "".join(lines))))
        self.assertEqual(self.numbers(), [n % 7000 for n in range(MANY)])

    def test_an_interrupt_ends_it_and_says_from_where_on_not_all_is_done(self):
        for user, number in ("bob", signal.SIGINT), ("alice", signal.SIGTERM):
            lines = [line(n, user) for n in range(6000)]
            process = self.start_ctl("import", "-", "--json")
            self.feed(process, lines[:3100], user)
            process.send_signal(number)
            process.wait(timeout=PATIENCE)  # before its input ends, too
            output, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 1)
            self.assertIn("interrupted", json.loads(errors)["error"]["message"])
            counts = json.loads(output)
            # Answers to four batches may have been under way.
            self.assertGreater(counts["firstOpenLine"], 1000)
            self.assertLessEqual(counts["firstOpenLine"], 3001)
            self.assertEqual(self.numbers(user)[:counts["firstOpenLine"] - 1],
                             list(range(counts["firstOpenLine"] - 1)))
            self.ctl("import", self.write("file", "".join(lines)))
            self.assertEqual(self.numbers(user), list(range(6000)))

    def test_a_belfry_that_comes_back_is_waited_for(self):
        lines = [line(n) for n in range(6000)]
        process = self.start_ctl("import", "-", "--json")
        self.feed(process, lines[:3000])
        self.daemon.stop()
        process.stdin.write("".join(lines[3000:]))
        process.stdin.close()
        process.stdin = None
        self.daemon.start()
        output, errors = process.communicate(timeout=2 * PATIENCE)
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(json.loads(output)["stored"], 6000)
        self.assertEqual(self.numbers(), list(range(6000)))


class Moved(ImportCase):
    def other_belfry(self):
        bus = Bus()
        self.addCleanup(bus.close)
        folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, folder)
        daemon = Daemon(bus, folder)
        self.addCleanup(daemon.stop)
        worker = BusClient(bus.address)
        self.addCleanup(worker.close)
        return bus, worker

    def test_export_and_import_move_a_user(self):
        ids = [self.worker.create("alice", f'{{"n":{n}}}') for n in range(1200)]
        special = self.worker.create("alice", '{"n" :\n 1200}', key="k", tag="t", expires=1000)
        gone = self.worker.create("alice", key="gone")
        self.worker.call("Notifications.Remove", "(sat)", "alice", [gone])
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[:700])
        bus, worker = self.other_belfry()
        worker.create("carol")  # so that ids differ
        for _ in range(2):
            export = subprocess.Popen([BELFRYCTL, "--bus", self.bus.address, "export", "alice"],
                                      stdout=subprocess.PIPE, env=environment())
            result = subprocess.run([BELFRYCTL, "--bus", bus.address, "import", "-", "--json"],
                                    stdin=export.stdout, capture_output=True, env=environment(),
                                    timeout=2 * PATIENCE)
            export.stdout.close()
            self.assertEqual((export.wait(), result.returncode), (0, 0), result.stderr)
            counts = json.loads(result.stdout)
            self.assertEqual((counts["stored"], counts["lostKeys"]), (1201, 1))
        here, there = self.everything("alice"), self.everything("alice", worker)
        self.assertEqual(len(there), 1201)
        for old, new in zip(here, there):
            self.assertEqual(json.loads(old["data"]), json.loads(new["data"]))
            self.assertEqual((old["read"], old.get("tag")), (new["read"], new.get("tag")))
        self.assertAlmostEqual(there[-1]["expires-at"] / 1e6, here[-1]["expires-at"] / 1e6, delta=5)
        self.assertEqual(there[-1]["tag"], "t")
        self.assertNotEqual(there[-1]["id"], special)
        self.assertEqual(worker.create("alice", key="k"), there[-1]["id"])

    def test_what_is_listed_as_json_can_be_imported(self):
        for n in range(3):
            self.worker.create("alice", {"n": n})
        text = self.ctl("list", "alice", "--json")
        bus, worker = self.other_belfry()
        self.assertEqual(run_ctl(bus, "import", "-", input=text).returncode, 0)
        self.assertEqual([json.loads(n["data"])["n"] for n in self.everything("alice", worker)],
                         [0, 1, 2])


class Progress(ImportCase):
    def test_on_a_terminal_a_bar_shows_how_far_it_is(self):
        path = self.write("file", "".join(line(n) for n in range(3000)))
        text, status = self.terminal("import", path).end()
        self.assertEqual(status, 0)
        self.assertRegex(strip_looks(text),
                         r"\[####################\] 100 %  .* 3000 lines .* lines/s")
        self.assertIn("3000 notifications are stored", text)
        for part in strip_looks(text).replace("\n", "\r").split("\r"):
            self.assertLess(len(part), 80)

    def test_without_a_terminal_there_is_none(self):
        path = self.write("file", "".join(line(n) for n in range(3000)))
        result = run_ctl(self.bus, "import", path)
        self.assertEqual(result.stderr, "")
        self.assertNotIn("\r", result.stdout)
        self.assertEqual(self.terminal("import", "--json", path).end()[0].count("\n"), 1)

    def test_control_c_on_a_terminal_ends_it(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)
        terminal = self.terminal("import", path)
        with open(path, "w", encoding="ascii") as fifo:
            fifo.write("".join(line(n) for n in range(2000)))
            fifo.flush()
            self.wait_for_stored(1000)
            terminal.type("\x03")
            with contextlib.suppress(BrokenPipeError):
                text, status = terminal.end()
        self.assertEqual(status, 1)
        self.assertRegex(text, r"Not all is done from line \d+ on")
        self.assertIn("belfryctl: interrupted", text)


if __name__ == "__main__":
    belfry_test.main()
