#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What belfryctl does with notifications, and how it shows them."""

import json
import re

import belfry_test
from belfry_test import PATIENCE
from ctl_test import Ctl, run_ctl, strip_looks, width

BOLD = "\033[1m"


class Send(Ctl):
    def test_what_is_sent_is_stored_and_its_id_is_printed(self):
        id = int(self.ctl("send", "alice", '{"price": 19.99}'))
        self.assertEqual(self.worker.list("alice")[0][0]["data"], '{"price": 19.99}')
        self.assertEqual(self.worker.list("alice")[0][0]["id"], id)
        id = self.ctl_json("send", "alice", "-", input='{"from": "standard input"}\n')["id"]
        self.assertEqual(self.worker.call("Notifications.Get", "(st)", "alice", id)["data"],
                         '{"from": "standard input"}')

    def test_title_body_and_url_make_the_data(self):
        self.ctl("send", "alice", "--title", 'Zürich "now"', "--body", "two\nlines", "--url", "/x")
        self.ctl("send", "alice", "--body", "alone")
        data = [json.loads(n["data"]) for n in self.worker.list("alice")[0]]
        self.assertEqual(data, [{"body": "alone"}, {"title": 'Zürich "now"', "body": "two\nlines",
                                                    "url": "/x"}])

    def test_tag_key_and_time_of_expiry_are_those_that_were_given(self):
        self.ctl("send", "alice", "{}", "--tag", "disk")
        first = self.ctl("send", "alice", "{}", "--tag", "disk", "--key", "k")
        self.assertEqual(self.ctl("send", "alice", '{"again": 1}', "--key", "k"), first)
        listed, total = self.worker.list("alice")
        self.assertEqual((total, listed[0]["tag"]), (1, "disk"))
        for text, seconds in ("90", 90), ("45s", 45), ("15m", 900), ("2h", 7200), ("7d", 604800):
            id = int(self.ctl("send", "bob", "{}", "--expires", text))
            stored = self.worker.call("Notifications.Get", "(st)", "bob", id)
            lifetime = (stored["expires-at"] - stored["created-at"]) / 1_000_000
            self.assertAlmostEqual(lifetime, seconds, delta=1)

    def test_what_belfry_refuses_is_an_error_with_its_code(self):
        for arguments, code in ((["alice", "nonsense"], "InvalidArgs"),
                                (["alice", "{}", "--tag", ""], "InvalidArgs"),
                                (["alice", "{}", "--expires", "0"], "InvalidArgs"),
                                (["alice", json.dumps({"a": "x" * 70000})], "TooLarge")):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.ctl_error("send", *arguments)["code"], code)
        self.assertEqual(self.ctl_error("send", "alice", "-", input="x" * 2_000_000)["code"],
                         "Failed")
        self.assertEqual(self.ctl_error("send", "alice", "-", input="")["code"], "InvalidArgs")
        self.assertEqual(self.worker.list("alice")[1], 0)


class Change(Ctl):
    def setUp(self):
        super().setUp()
        self.ids = [self.worker.create("alice", {"n": n}) for n in range(5)]

    def unread(self):
        return [n["id"] for n in self.worker.list("alice")[0] if not n["read"]]

    def texts(self, *numbers):
        return [str(self.ids[n]) for n in numbers]

    def test_those_that_are_named_are_read_unread_and_removed(self):
        self.assertEqual(self.ctl("read", "alice", *self.texts(0, 1, 2)),
                         "3 notifications marked as read\n")
        self.assertEqual(self.unread(), [self.ids[4], self.ids[3]])
        self.assertEqual(self.ctl_json("read", "alice", *self.texts(2, 3)), {"count": 1})
        self.assertEqual(self.ctl("unread", "alice", *self.texts(0)),
                         "1 notification marked as unread\n")
        self.assertEqual(self.ctl_json("unread", "alice", *self.texts(0, 1)), {"count": 1})
        self.assertEqual(self.unread(), [self.ids[4], self.ids[1], self.ids[0]])
        self.assertEqual(self.ctl("remove", "alice", *self.texts(0, 1)),
                         "2 notifications removed\n")
        self.assertEqual(self.ctl_json("remove", "alice", *self.texts(1, 2)), {"count": 1})
        self.assertEqual([n["id"] for n in self.worker.list("alice")[0]],
                         [self.ids[4], self.ids[3]])

    def test_all_are_read_and_removed(self):
        self.assertEqual(self.ctl_json("read", "alice", "--all"), {"count": 5})
        self.assertEqual(self.unread(), [])
        self.assertEqual(self.ctl_json("remove", "alice", "--all"), {"count": 5})
        self.assertEqual(self.worker.list("alice")[1], 0)

    def test_more_ids_than_one_call_takes_are_several_calls(self):
        ids = self.ids + self.worker.create_many([("alice", "{}", {})] * 1000)
        self.assertEqual(self.ctl_json("read", "alice", *map(str, ids)), {"count": 1005})

    def test_on_a_terminal_removing_all_and_erasing_ask_first(self):
        for command in ["remove", "alice", "--all"], ["erase", "alice"]:
            terminal = self.terminal(*command)
            terminal.wait_for("[y/N]")
            terminal.type("\n")
            self.assertEqual(terminal.end()[1], 1)
            self.assertEqual(self.worker.list("alice")[1], 5)
        terminal = self.terminal("remove", "alice", "--all", "--yes")
        self.assertEqual(terminal.end()[1], 0)
        self.assertEqual(self.worker.list("alice")[1], 0)
        terminal = self.terminal("erase", "alice")
        terminal.wait_for("[y/N]")
        terminal.type("y\n")
        text, status = terminal.end()
        self.assertEqual(status, 0)
        self.assertIn("erased", text)


class List(Ctl):
    def test_the_newest_come_first_with_time_read_mark_and_text(self):
        self.worker.create("alice", {"title": "Disk", "body": "full"})
        read = self.worker.create("alice", {"title": "Export"})
        self.worker.create("alice", {"body": "a\nb"})
        self.worker.create("alice", '{"n" : [1,  "a \\" b"]}')
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [read])
        lines = self.ctl("list", "alice").splitlines()
        self.assertEqual(lines[0].split(), ["ID", "WHEN", "READ", "NOTIFICATION"])
        columns = [re.fullmatch(r"(\d+) +(\d{4}-\d\d-\d\d \d\d:\d\d)  (yes|no ) +(.*)",
                                line).groups() for line in lines[1:-1]]
        self.assertEqual([c[0] for c in columns], sorted((c[0] for c in columns), reverse=True))
        self.assertEqual([(c[2].strip(), c[3]) for c in columns],
                         [("no", '{"n":[1,"a \\" b"]}'), ("no", "a b"), ("yes", "Export"),
                          ("no", "Disk — full")])
        self.assertEqual(lines[-1], "4 of 4")
        self.assertEqual(self.ctl("list", "bob"), "0 of 0\n")

    def test_what_is_listed_can_be_chosen(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 30)
        tagged = self.worker.create("alice", tag="t")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[10:])
        self.assertTrue(self.ctl("list", "alice").endswith("\n20 of 31\n"))

        def listed(*arguments):
            return [json.loads(line)["id"]
                    for line in self.ctl("list", "alice", "--json", *arguments).splitlines()]
        self.assertEqual(listed("--unread"), [tagged, *ids[9::-1]])
        self.assertEqual(listed("--limit", "2"), [tagged, ids[-1]])
        self.assertEqual(listed("--before", str(ids[3])), ids[2::-1])
        self.assertEqual(listed("--tag", "t"), [tagged])

    def test_more_than_one_answer_has_are_listed_page_by_page(self):
        ids = []
        for _ in range(3):
            ids += self.worker.create_many([("alice", "{}", {})] * 800)
        lines = self.ctl("list", "alice", "--json", "--limit", "2300").splitlines()
        self.assertEqual([json.loads(line)["id"] for line in lines], ids[:-2301:-1])

    def test_json_has_the_names_of_the_wire_and_the_data_as_it_was_written(self):
        data = '{"n":123456789012345678901234567890, "price": 19.99,\n "t": "\\u00e9"}'
        self.worker.create("alice", data, tag="t", expires=1000)
        text = self.ctl("list", "alice", "--json")
        self.assertEqual(text.count("\n"), 1)
        self.assertIn(data.replace("\n", " "), text)
        notification = json.loads(text)
        self.assertEqual(list(notification), ["id", "userId", "data", "createdAt", "read",
                                              "position", "tag", "expiresAt"])
        for name in "createdAt", "expiresAt":
            self.assertRegex(notification[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(self.ctl("list", "nobody", "--json"), "")
        self.assertEqual(self.ctl_error("list", "")["code"], "InvalidArgs")

    def fill(self):
        for title in "short", "x" * 200, "日本語" * 40, "Zu\u0308rich " * 30, "👨\u200d👩 " * 30:
            self.worker.create("alice", {"title": title})
        self.worker.create("alice", {"title": "\x1b[31mred\x07\u202egnp.exe\x9b2J"})
        read = self.worker.create("alice", {"title": "old"})
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [read])

    def test_on_a_terminal_lines_are_as_wide_as_that_and_unread_ones_bold(self):
        self.fill()
        for columns in 40, 61, 120:
            text, status = self.terminal("list", "alice", columns=columns).end()
            self.assertEqual(status, 0)
            lines = text.splitlines()
            self.assertEqual(len(lines), 9)
            cut = [line for line in lines if "…" in line]
            self.assertEqual(len(cut), 5 if columns == 40 else 4)
            for line in lines:
                self.assertLessEqual(width(strip_looks(line).replace("\u200d", "")), columns, line)
            for line in cut:
                self.assertGreaterEqual(width(strip_looks(line).replace("\u200d", "")),
                                        columns - 3, line)
            self.assertEqual([line.startswith(BOLD) for line in lines[1:-1]], [False] + [True] * 6)

    def test_what_steers_a_terminal_is_not_printed(self):
        self.fill()
        for text in (self.ctl("list", "alice"),
                     strip_looks(self.terminal("list", "alice").end()[0])):
            self.assertEqual(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), [])
            self.assertIn("gnp.exe", text)

    def test_what_steers_a_terminal_is_escaped_in_json(self):
        data = {"title": "\x7f\x80\x9b2J\x9fé\xa0"}
        self.worker.create("alice", json.dumps(data, ensure_ascii=False))
        for arguments in ["list", "alice", "--json"], ["export", "alice"]:
            line = self.ctl(*arguments)
            self.assertEqual(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f]", line), [])
            self.assertIn("é\xa0", line)
            self.assertEqual(json.loads(line)["data"], data)
        error = self.ctl("import", "-", "--json", input='{"\x9b2J": 1}', expect=1)
        self.assertIn("\\u009b2J", error)

    def test_in_a_pipe_lines_are_whole_and_plain(self):
        self.fill()
        text = self.ctl("list", "alice")
        self.assertIn("x" * 200, text)
        self.assertNotIn("\033", text)

    def test_colours_are_used_as_was_asked(self):
        self.worker.create("alice")
        self.assertIn(BOLD, self.ctl("list", "alice", "--color=always"))
        self.assertIn(BOLD, self.ctl("list", "alice", "--color=always", NO_COLOR="1"))
        for arguments, more in ([], {"NO_COLOR": "1"}), (["--color=never"], {}):
            self.assertNotIn("\033", self.terminal("list", "alice", *arguments, **more).end()[0])
        self.assertIn(BOLD, self.terminal("list", "alice", NO_COLOR="").end()[0])


class Token(Ctl):
    async def test_a_token_lets_its_user_in(self):
        token = self.ctl("token", "alice", "--secret-file", self.daemon.secret_file).strip()
        tab = await self.connect()
        await tab.send(type="register", jwtToken=token)
        self.assertEqual((await tab.receive("registered"))["data"]["userId"], "alice")
        said = self.ctl_json("token", "Zoë \"Z\"", "--secret-file", self.daemon.secret_file,
                             "--hours", "0.5")
        self.assertEqual(said["userId"], 'Zoë "Z"')
        self.assertRegex(said["expiresAt"], "Z$")
        tab = await self.connect()
        await tab.send(type="register", jwtToken=said["token"])
        self.assertEqual((await tab.receive("registered"))["data"]["userId"], 'Zoë "Z"')

    async def test_a_token_is_good_as_long_as_was_asked(self):
        token = self.ctl("token", "alice", "--secret-file", self.daemon.secret_file,
                         "--hours", "0.0001").strip()
        tab = await self.connect()
        await tab.send(type="register", jwtToken=token)
        while True:
            frame = await tab.receive(timeout=PATIENCE)
            if frame["type"] == "error":
                break
        self.assertEqual(frame["data"]["code"], "TOKEN_EXPIRED")

    def test_a_secret_that_belfryd_would_refuse_is_refused(self):
        for secret, status in ("x" * 31 + "\n", 1), ("x" * 32, 0), ("x" * 32 + "\n", 0):
            self.ctl("token", "alice", "--secret-file", self.write("secret2", secret),
                     expect=status)
        self.assertIn("nowhere", self.ctl("token", "alice", "--secret-file", "/nowhere", expect=1))
        self.ctl("token", "alice", "--secret-file", self.daemon.secret_file, "--hours", "0",
                 expect=2)

    def test_help_says_that_it_is_for_development(self):
        self.assertIn("development", run_ctl(None, "help", "token").stdout)


if __name__ == "__main__":
    belfry_test.main()
