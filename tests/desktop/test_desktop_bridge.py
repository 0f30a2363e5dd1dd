#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfry-desktop-bridge between the real daemon and a desktop that is played."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading

import belfry_test
from belfry_test import PATIENCE, GLib
from desktop_test import MOCK, PORTAL, PORTAL_PATH, PORTAL_TEMPLATE, LoopTestCase, Mock
from played_belfry import PlayedBelfry

BRIDGE = os.environ["BELFRY_BRIDGE"]
PORTAL_NOTIFICATION = "org.freedesktop.portal.Notification"
FDO = "org.freedesktop.Notifications"


class Bridge:
    """belfry-desktop-bridge, and what it logs."""

    def __init__(self, test, *options, user="alice"):
        self.log = []
        self.expected = []
        environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=test.bus.address,
                           XDG_DATA_HOME=test.folder, XDG_CONFIG_HOME=test.folder,
                           XDG_DATA_DIRS=test.folder, G_MESSAGES_DEBUG="belfry-desktop-bridge")
        self.process = subprocess.Popen(
            [BRIDGE, "--bus", test.bus.address, "--user", user, *options], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        test.addCleanup(self.stop)

    def _read(self):
        for line in self.process.stdout:
            self.log.append(line)

    def expect_log(self, text):
        """A warning with this text belongs to the test."""
        self.expected.append(text)

    def has_logged(self, text):
        return any(text in line for line in self.log)

    def stop(self, expect=0, how=signal.SIGTERM):
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        status = process.wait(timeout=PATIENCE)
        self.reader.join()
        process.stdout.close()
        log = "".join(self.log)
        assert status == expect, f"it ended with {status}: {log}"
        for line in self.log:
            if re.search("WARNING|CRITICAL|runtime error|AddressSanitizer", line):
                assert any(text in line for text in self.expected), f"unexpected: {log}"


class Desktop:
    """A mock that shows notifications, as a user would see them: key → fields."""

    add, remove, leading = "AddNotification", "RemoveNotification", ()

    def __init__(self, mock):
        self.mock = mock

    def shown(self):
        result = {}
        for name, *arguments in self.mock.calls:
            arguments = arguments[len(self.leading):]
            if name == self.add:
                result.pop(arguments[0], None)
                result[arguments[0]] = arguments[1]
            elif name == self.remove:
                result.pop(arguments[0], None)
        return result

    def titles(self):
        """From the oldest to the newest."""
        return [fields["title"] for fields in self.shown().values()]

    def added(self):
        return [call[-1]["title"] for call in self.mock.calls if call[0] == self.add]

    def removed(self):
        return [call[-1] for call in self.mock.calls if call[0] == self.remove]


class GtkDesktop(Desktop):
    leading = ("app-id",)


class BridgeTestCase(LoopTestCase):
    def start_portal(self):
        return Desktop(Mock(self, PORTAL, PORTAL_PATH, "--template", PORTAL_TEMPLATE))

    def start_bridge(self, *options, **kwargs):
        bridge = Bridge(self, *options, **kwargs)
        self.until(lambda: bridge.has_logged("Belfry tells of changes now")
                   and bridge.has_logged("Showing notifications"), lambda: "".join(bridge.log))
        return bridge

    def until_titles(self, desktop, *titles):
        self.until(lambda: desktop.titles() == list(titles),
                   lambda: f"{desktop.titles()}, not {list(titles)}")

    def click(self, desktop, key, action="open", target=None):
        if target is None:
            target = desktop.shown()[key]["default-action-target"]
        desktop.mock.emit(PORTAL_NOTIFICATION, "ActionInvoked", GLib.Variant(
            "(ssav)", (key, action, [GLib.Variant("x", target)])))

    async def read_frame(self, tab, id):
        frame = await tab.receive("notifications_read")
        self.assertEqual(frame["data"]["ids"], [id])

    def mark_read(self, *ids):
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids)


class AtThePortal(BridgeTestCase):
    def setUp(self):
        super().setUp()
        self.portal = self.start_portal()

    def test_what_is_created_is_shown_as_its_data_says(self):
        self.start_bridge()
        id = self.worker.create("alice", {"title": "Build", "body": "It is done.\nAll of it.",
                                          "url": "https://example.org/1", "icon": "emblem-ok"})
        self.until_titles(self.portal, "Build")
        self.assertEqual(self.portal.shown(), {f"id-{id}": {
            "title": "Build", "body": "It is done.\nAll of it.", "priority": "normal",
            "icon": ("themed", ["emblem-ok", "emblem-ok-symbolic"]), "default-action": "open",
            "default-action-target": id,
            "buttons": [{"label": "Mark as read", "action": "mark-read", "target": id}]}})

    def test_others_notifications_are_not_shown(self):
        self.start_bridge()
        for user in "bob", "alice2", "alic":
            self.worker.create(user, {"title": "not yours"})
        self.worker.create("alice", {"title": "yours"})
        self.until_titles(self.portal, "yours")
        self.assertEqual(self.portal.added(), ["yours"])

    async def test_a_click_reads_it_in_every_tab_and_opens_its_address(self):
        self.start_bridge()
        first, second = await self.open("alice"), await self.open("alice")
        id = self.worker.create("alice", {"title": "a", "url": "https://example.org/x?y=1"})
        self.until_titles(self.portal, "a")
        self.click(self.portal, f"id-{id}")
        self.until_titles(self.portal)
        for tab in first, second:
            await tab.receive("notification_received")
            await self.read_frame(tab, id)
        self.until(lambda: ("OpenURI", "", "https://example.org/x?y=1", {})
                   in self.portal.mock.calls)

    async def test_the_button_reads_it_and_opens_nothing(self):
        self.start_bridge()
        tab = await self.open("alice")
        id = self.worker.create("alice", {"title": "a", "url": "https://example.org/"})
        self.until_titles(self.portal, "a")
        self.click(self.portal, f"id-{id}", "mark-read")
        self.until_titles(self.portal)
        await tab.receive("notification_received")
        await self.read_frame(tab, id)
        self.worker.create("alice", {"title": "b"})
        self.until_titles(self.portal, "b")
        self.assertNotIn("OpenURI", [call[0] for call in self.portal.mock.calls])

    async def test_what_is_read_in_a_tab_or_removed_is_withdrawn(self):
        self.start_bridge()
        tab = await self.open("alice")
        read, removed, kept = [self.worker.create("alice", {"title": t}) for t in "abc"]
        self.until_titles(self.portal, "a", "b", "c")
        await tab.request("mark_read", ids=[read])
        self.until_titles(self.portal, "b", "c")
        await tab.request("remove", id=2, ids=[removed])
        self.until_titles(self.portal, "c")
        self.assertEqual(self.portal.removed(), [f"id-{read}", f"id-{removed}"])

    def test_a_later_one_of_the_same_tag_takes_its_place_without_a_gap(self):
        self.start_bridge()
        for step in range(5):
            self.worker.create("alice", {"title": f"step {step}"}, tag="export")
            self.until_titles(self.portal, f"step {step}")
        self.assertEqual(self.portal.added(), [f"step {step}" for step in range(5)])
        self.assertEqual(self.portal.removed(), [])
        self.assertEqual(list(self.portal.shown()), ["tag-export"])

    def test_a_changed_one_is_replaced_quietly(self):
        self.start_bridge()
        id = self.worker.create("alice", {"title": "50 %"})
        self.until_titles(self.portal, "50 %")
        self.worker.call("Notifications.Update", "(sts)", "alice", id, '{"title": "60 %"}')
        self.until_titles(self.portal, "60 %")
        self.assertEqual(self.portal.shown()[f"id-{id}"]["priority"], "low")
        # As it is: nothing new to be shown.
        self.worker.call("Notifications.Update", "(sts)", "alice", id, '{"title":"60 %", "n": 1}')
        self.worker.create("alice", {"title": "b"})
        self.until_titles(self.portal, "60 %", "b")
        self.assertEqual(self.portal.added(), ["50 %", "60 %", "b"])

    def test_what_was_unread_before_is_shown_without_ringing(self):
        ids = [self.worker.create("alice", {"title": f"n{n}"}) for n in range(25)]
        self.mark_read(ids[24], ids[10])
        self.start_bridge()
        titles = [f"n{n}" for n in range(24) if n != 10][-20:]
        self.until_titles(self.portal, "3 older unread notifications", *titles)
        shown = self.portal.shown()
        self.assertEqual({fields["priority"] for fields in shown.values()}, {"low"})
        self.assertNotIn("default-action", shown["rest"])
        self.worker.create("alice", {"title": "new"})
        self.until(lambda: self.portal.titles()[-1] == "new")
        self.assertEqual(list(self.portal.shown().values())[-1]["priority"], "normal")
        self.until(lambda: self.portal.shown()["rest"]["title"] == "4 older unread notifications")
        self.assertEqual(len(self.portal.shown()), 21)

    def test_when_all_is_read_elsewhere_nothing_is_left(self):
        for n in range(30):
            self.worker.create("alice", {"title": f"n{n}"})
        self.start_bridge()
        self.until(lambda: len(self.portal.shown()) == 21)
        self.worker.call("Notifications.MarkAllRead", "(s)", "alice")
        self.until_titles(self.portal)

    def test_a_burst_shows_the_newest(self):
        self.start_bridge()
        for n in range(300):
            self.worker.create("alice", {"title": f"n{n}"})
        self.until(lambda: self.portal.titles()[-1:] == ["n299"])
        self.until(lambda: sorted(self.portal.titles()) == sorted(
            ["280 older unread notifications", *[f"n{n}" for n in range(280, 300)]]))

    def test_what_happens_while_belfry_is_away_is_made_up_for(self):
        self.start_bridge()
        a, b = [self.worker.create("alice", {"title": t}) for t in "ab"]
        self.until_titles(self.portal, "a", "b")
        for _ in range(2):
            self.daemon.stop()
            self.daemon.start()
            id = self.worker.create("alice", {"title": "c"})
            self.mark_read(a)
            self.until_titles(self.portal, "b", "c")
            self.assertEqual(self.portal.shown()[f"id-{id}"]["priority"], "normal")
            self.mark_read(id)
            self.until_titles(self.portal, "b")
        self.assertEqual(self.portal.added(), ["a", "b", "c", "c"])

    async def test_a_click_while_belfry_is_away_counts_when_it_is_back(self):
        self.start_bridge()
        id = self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        self.daemon.stop()
        self.click(self.portal, f"id-{id}", "mark-read")
        self.daemon.start()
        self.until_titles(self.portal)
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "alice"), 0)

    async def test_a_portal_that_comes_back_is_shown_all_again(self):
        bridge = self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        self.portal.mock.stop()
        self.portal.mock.calls.clear()
        b = self.worker.create("alice", {"title": "b"})
        self.portal.mock.start()
        self.until(lambda: sorted(self.portal.titles()) == ["a", "b"], lambda: "".join(bridge.log))
        self.click(self.portal, f"id-{b}")
        self.until_titles(self.portal, "a")

    def test_a_click_on_one_that_is_not_shown_any_more_opens_it_all_the_same(self):
        self.start_bridge()
        id = self.worker.create("alice", {"title": "a", "url": "https://example.org/"})
        self.mark_read(id)
        self.click(self.portal, f"id-{id}", target=id)
        self.until(lambda: ("OpenURI", "", "https://example.org/", {}) in self.portal.mock.calls)

    def test_a_portal_that_dies_of_a_notification_is_shown_it_again(self):
        self.start_bridge()
        self.portal.mock.call(MOCK, "AddMethod", GLib.Variant(
            "(sssss)", (PORTAL_NOTIFICATION, "AddNotification", "sa{sv}", "",
                        "import os; os._exit(1)")))
        self.worker.create("alice", {"title": "a"})
        self.portal.mock.process.wait(timeout=PATIENCE)
        self.portal.mock.calls.clear()
        self.portal.mock.start()
        self.until_titles(self.portal, "a")

    def test_clicks_on_nothing_do_nothing(self):
        self.start_bridge()
        id = self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        for arguments in [], [GLib.Variant("s", "x")], [GLib.Variant("x", -1)], \
                [GLib.Variant("x", 4711)]:
            self.portal.mock.emit(PORTAL_NOTIFICATION, "ActionInvoked",
                                  GLib.Variant("(ssav)", (f"id-{id}", "open", arguments)))
        self.portal.mock.emit(PORTAL_NOTIFICATION, "ActionInvoked", GLib.Variant("(s)", ("x",)))
        self.worker.create("alice", {"title": "b"})
        self.until_titles(self.portal, "a", "b")
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "alice"), 2)

    def test_when_it_ends_nothing_is_left_on_the_desktop(self):
        bridge = self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        bridge.stop()
        self.until_titles(self.portal)

    def test_it_ends_well_while_the_portal_is_away(self):
        bridge = self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        self.portal.mock.stop()
        self.until(lambda: bridge.has_logged("The portal is away"))
        bridge.stop()

    @belfry_test.slow
    def test_a_click_that_belfry_did_not_hear_of_is_undone(self):
        bridge = self.start_bridge()
        bridge.expect_log("cannot be marked as read")
        id = self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        self.daemon.stop()
        self.click(self.portal, f"id-{id}", "mark-read")
        self.until(lambda: self.portal.added() == ["a", "a"])
        self.assertEqual(self.portal.shown()[f"id-{id}"]["priority"], "low")

    def test_after_a_crash_what_is_there_is_replaced_and_not_doubled(self):
        bridge = self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until_titles(self.portal, "a")
        bridge.stop(expect=-signal.SIGKILL, how=signal.SIGKILL)
        self.start_bridge()
        self.until(lambda: self.portal.added() == ["a", "a"])
        self.until_titles(self.portal, "a")

    def test_hostile_data_is_shown_tamely(self):
        self.start_bridge()
        cases = [
            ({}, "New notification", ""),
            ({"title": 5, "body": ["x"], "url": {}, "icon": None}, "New notification", ""),
            ({"title": "", "body": "one\ntwo"}, "one", "two"),
            ({"title": " \n\t ", "body": "  just this  "}, "just this", ""),
            ({"title": "a\nb\tc\u0007\u009b\u001b[31m", "body": "x\r\n\u202ey\u2066"},
             "a b c[31m", "x \ny"),
            ({"title": "nul\u0000nul", "body": "b"}, "b", ""),
            ({"title": "\ud800", "body": "b"}, "b", ""),
            ({"title": "<b>t</b>", "body": "<img src='x'> &amp;"}, "<b>t</b>", "<img src='x'> &amp;"),
            ({"title": "é" * 201, "body": "𝄞" * 1001}, "é" * 200 + "…", "𝄞" * 1000 + "…"),
            ({"body": "w" * 500}, "w" * 200 + "…", "w" * 500),
            ({"title": "%s%n%d", "body": "%s"}, "%s%n%d", "%s"),
        ]
        for data, title, body in cases:
            with self.subTest(data):
                id = self.worker.create("alice", json.dumps(data))
                fields = self.until(lambda: self.portal.shown().get(f"id-{id}"))
                self.assertEqual((fields["title"], fields["body"]), (title, body))
                self.assertNotIn("icon", fields)

    def test_only_addresses_of_the_web_are_opened(self):
        self.start_bridge()
        hostile = ["file:///etc/passwd", "javascript:alert(1)", "HTTPS:", "http://", "https:///x",
                   "//example.org", "/x", "", "https://example.org/ x", "https://example.org/\n",
                   "ftp://example.org/", "https://example.org/" + "x" * 2048, "data:text/html,x"]
        for url in [*hostile, "http://example.org/"]:
            id = self.worker.create("alice", {"title": "t", "url": url})
            self.until(lambda: f"id-{id}" in self.portal.shown())
            self.click(self.portal, f"id-{id}")
            self.until(lambda: not self.portal.shown())
        self.until(lambda: [call[2] for call in self.portal.mock.calls if call[0] == "OpenURI"]
                   == ["http://example.org/"])

    def test_icons_are_names_of_the_theme_and_nothing_else(self):
        self.start_bridge()
        for icon in "https://example.org/x.png", "../../x", "", "a b", "x" * 65, "/etc/passwd":
            id = self.worker.create("alice", {"title": "t", "icon": icon})
            fields = self.until(lambda: self.portal.shown().get(f"id-{id}"))
            self.assertNotIn("icon", fields)

    def test_any_tag_is_a_key(self):
        self.start_bridge()
        for tag in "rest", "id-1", "ä\u0001\n", "x" * 128:
            self.worker.create("alice", {"title": tag}, tag=tag)
        self.until(lambda: set(self.portal.shown())
                   == {"tag-rest", "tag-id-1", "tag-ä\u0001\n", "tag-" + "x" * 128})


class WithoutPortal(BridgeTestCase):
    async def test_gnotification_shows_it_and_takes_a_click(self):
        gtk = GtkDesktop(Mock(self, "org.gtk.Notifications", "/org/gtk/Notifications",
                              "org.gtk.Notifications", "/org/gtk/Notifications",
                              "org.gtk.Notifications"))
        gtk.mock.call(MOCK, "AddMethods", GLib.Variant(
            "(sa(ssss))", ("org.gtk.Notifications", [
                ("AddNotification", "ssa{sv}", "", ""), ("RemoveNotification", "ss", "", "")])))
        self.start_bridge()
        tab = await self.open("alice")
        id = self.worker.create("alice", {"title": "a", "body": "b"}, tag="t")
        self.until_titles(gtk, "a")
        fields = gtk.shown()["tag-t"]
        self.assertEqual((fields["body"], fields["priority"], fields["default-action"],
                          fields["default-action-target"]), ("b", "normal", "app.open", id))
        self.assertEqual(gtk.mock.calls[0][1], "org.belfry.DesktopBridge")
        # As the shell does when it is clicked.
        gtk.mock.connection.call_sync(
            "org.belfry.DesktopBridge", "/org/belfry/DesktopBridge", "org.freedesktop.Application",
            "ActivateAction", GLib.Variant("(sava{sv})", ("open", [GLib.Variant("x", id)], {})),
            None, 0, -1, None)
        self.until_titles(gtk)
        await tab.receive("notification_received")
        await self.read_frame(tab, id)

    async def test_a_desktop_of_another_kind_shows_it_and_takes_a_click(self):
        mock = Mock(self, FDO, "/org/freedesktop/Notifications", "--template",
                    "notification_daemon")
        self.start_bridge()
        tab = await self.open("alice")
        id = self.worker.create("alice", {"title": "a", "body": "b"})
        call = self.until(lambda: [call for call in mock.calls if call[0] == "Notify"])[0]
        self.assertEqual(call[4:6], ("a", "b"))
        self.assertEqual(call[6][0], "default")
        self.assertEqual(call[6][3], "Mark as read")
        mock.emit(FDO, "ActionInvoked", GLib.Variant("(us)", (1, call[6][2])))
        await tab.receive("notification_received")
        await self.read_frame(tab, id)

    async def test_when_a_portal_comes_all_moves_there(self):
        mock = Mock(self, FDO, "/org/freedesktop/Notifications", "--template",
                    "notification_daemon")
        self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until(lambda: "Notify" in [call[0] for call in mock.calls])
        portal = self.start_portal()
        self.until_titles(portal, "a")
        self.until(lambda: ("CloseNotification", 1) in mock.calls)
        # And back, when it stays away.
        portal.mock.stop()
        self.until(lambda: [call[0] for call in mock.calls].count("Notify") == 2)

    def test_a_portal_without_notifications_is_none(self):
        mock = Mock(self, FDO, "/org/freedesktop/Notifications", "--template",
                    "notification_daemon")
        Mock(self, PORTAL, PORTAL_PATH, PORTAL, PORTAL_PATH, "org.freedesktop.portal.Settings")
        self.start_bridge()
        self.worker.create("alice", {"title": "a"})
        self.until(lambda: "Notify" in [call[0] for call in mock.calls])

    def test_a_portal_may_be_complete_a_little_later_than_it_comes(self):
        mock = Mock(self, PORTAL, PORTAL_PATH, PORTAL, PORTAL_PATH,
                    "org.freedesktop.portal.Settings")
        bridge = Bridge(self)
        self.until(lambda: bridge.has_logged("The portal does not know of notifications yet"))
        mock.call(MOCK, "AddMethods", GLib.Variant("(sa(ssss))", (PORTAL_NOTIFICATION, [
            ("AddNotification", "sa{sv}", "", ""), ("RemoveNotification", "s", "", "")])))
        mock.call(MOCK, "AddProperty", GLib.Variant(
            "(ssv)", (PORTAL_NOTIFICATION, "version", GLib.Variant("u", 1))))
        self.until(lambda: bridge.has_logged("Showing notifications through the portal"))
        self.worker.create("alice", {"title": "a"})
        self.until_titles(Desktop(mock), "a")


class BesidePlayedBelfry(BridgeTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="belfry-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.portal = self.start_portal()
        self.belfry = PlayedBelfry(self)
        self.bridge = self.start_bridge()
        self.belfry.answer(self.belfry.next_list(unread=True, limit=20), [2, 1])
        self.until(lambda: set(self.portal.shown()) == {"id-2", "id-1"})

    def test_what_is_told_during_a_look_is_looked_at_after_it(self):
        self.belfry.emit("Created", 3, "alice")
        waiting = self.belfry.next_list(unread=True)
        for id in 4, 5:
            self.belfry.emit("Created", id, "alice")
        self.belfry.emit("Created", 6, "alice2")
        self.belfry.answer(waiting, [3, 2, 1])
        self.belfry.answer(self.belfry.next_list(unread=True), [5, 4, 3, 2, 1])
        self.until(lambda: list(self.portal.shown()) == [f"id-{n}" for n in range(1, 6)])

    def test_when_belfry_comes_back_it_looks(self):
        self.belfry.leave()
        self.belfry.come()
        self.belfry.answer(self.belfry.next_list(unread=True), [3, 1])
        self.until(lambda: list(self.portal.shown()) == ["id-1", "id-3"])

    def test_when_belfry_fails_it_says_so_and_looks_again(self):
        self.bridge.expect_log("Cannot see what is unread: the disk is full")
        self.belfry.emit("Created", 3, "alice")
        self.belfry.next_list().return_dbus_error(belfry_test.ERROR + "Storage", "the disk is full")
        self.belfry.answer(self.belfry.next_list(), [3, 2, 1])
        self.until(lambda: "id-3" in self.portal.shown())


class Program(BridgeTestCase):
    def run_bridge(self, *options):
        return subprocess.run([BRIDGE, *options], capture_output=True, text=True, timeout=PATIENCE,
                              env=dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.bus.address))

    def test_a_second_one_does_not_run_beside_the_first(self):
        self.start_portal()
        self.start_bridge()
        result = self.run_bridge("--bus", self.bus.address)
        self.assertEqual(result.returncode, 1)
        self.assertIn("org.belfry.DesktopBridge", result.stderr)

    def test_wrong_options_are_said(self):
        for options, words in ((["--usr", "x"], "--usr"), (["x"], "“x”")):
            result = self.run_bridge(*options)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)
            self.assertIn(words, result.stderr)
        result = self.run_bridge("--bus", "/nowhere/at/all")
        self.assertEqual(result.returncode, 1)
        self.assertIn("belfry-desktop-bridge: ", result.stderr)

    def test_it_begins_before_belfry_does(self):
        portal = self.start_portal()
        self.daemon.stop()
        Bridge(self)
        self.until(portal.mock.is_there)
        self.daemon.start()
        self.worker.create("alice", {"title": "a"})
        self.until_titles(portal, "a")


if __name__ == "__main__":
    belfry_test.main()
