#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/inbox-gtk.py in a virtual screen, driven by what its widgets show.

BELFRY_SCREENSHOT=FILE.png keeps the picture that one of the tests takes.
"""

import contextlib
import datetime
import importlib.util
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import unittest

import belfry_test
from belfry_test import GLib
from desktop_test import LoopTestCase

EXAMPLE = os.path.join(os.environ["EXAMPLES"], "inbox-gtk.py")


def load_example():
    spec = importlib.util.spec_from_file_location("inbox_gtk", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def setUpModule():
    """The screen and the program: GTK wants them before it is loaded, and only once."""
    global screen, screen_folder, example, GdkPixbuf, Gtk
    if shutil.which("Xvfb") is None:
        raise unittest.SkipTest("there is no Xvfb")
    screen_folder = tempfile.mkdtemp(prefix="belfry-screen-")
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x900x24", "-nolisten", "tcp",
         "-fbdir", screen_folder],
        pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        os.environ["DISPLAY"] = ":" + number.readline().strip()
    os.environ.update(GDK_BACKEND="x11", GSK_RENDERER="cairo", GTK_A11Y="none", GTK_THEME="Default",
                      GIO_USE_VFS="local", GSETTINGS_BACKEND="memory", LC_ALL="C.UTF-8")
    example = load_example()
    from gi.repository import GdkPixbuf, Gtk
    Gtk.init()
    Gtk.Settings.get_default().props.gtk_font_name = "Cantarell 11"


def tearDownModule():
    screen.terminate()
    screen.wait()
    shutil.rmtree(screen_folder)


def take_picture(x, y, width, height):
    """A part of the screen."""
    with open(os.path.join(screen_folder, "Xvfb_screen0"), "rb") as file:
        data = file.read()
    # XWD: big-endian numbers, then colours of 12 bytes, then pixels as blue, green, red, nothing.
    header = struct.unpack_from(">25I", data)
    start, line = header[0] + 12 * header[19], header[12]
    rgb = bytearray(3 * width * height)
    for n in range(height):
        first = start + (y + n) * line + 4 * x
        row = data[first:first + 4 * width]
        for channel in range(3):
            rgb[3 * n * width + channel:3 * (n + 1) * width:3] = row[2 - channel::4]
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(rgb)), GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width)


def descendants(widget):
    """Of a widget, those that can be seen."""
    child = widget.get_first_child()
    while child is not None:
        if child.get_mapped():
            yield child
            yield from descendants(child)
        child = child.get_next_sibling()


class InboxGtk(LoopTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # GDBus finds its session bus once in a program.
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = cls.bus.address
        os.environ["XDG_RUNTIME_DIR"] = "/nowhere"
        cls.application = example.Application("alice")
        cls.application.register(None)

    def open_window(self):
        self.application.activate()
        self.window = self.application.get_windows()[0]
        self.addCleanup(self.close_window)
        self.until(self.window.get_mapped)
        self.until(lambda: not self.window.model.props.loading)

    def close_window(self):
        self.window.destroy()
        self.window = None

    def rows(self):
        """What a user reads, from the top: title, body, whether it is marked as unread."""
        rows = [w for w in descendants(self.window) if isinstance(w, example.Row)]
        rows.sort(key=lambda row: row.compute_bounds(self.window)[1].get_y())
        return [(row.title.get_text(), row.body.get_text(), row.has_css_class("unread"))
                for row in rows]

    def until_rows(self, *rows):
        self.until(lambda: self.rows() == list(rows), lambda: f"{self.rows()}, not {rows}")

    def labels(self):
        return [w.get_text() for w in descendants(self.window) if isinstance(w, Gtk.Label)]

    def button(self, label):
        buttons = [w for w in descendants(self.window)
                   if isinstance(w, Gtk.Button) and label in (w.get_label(), w.get_tooltip_text())]
        return buttons[0] if buttons else None

    def unread(self):
        return self.window.badge.get_text() if self.window.badge.get_mapped() else ""

    def test_what_is_created_appears_and_its_state_follows(self):
        self.open_window()
        self.until(lambda: "Nothing here" in self.labels())
        first = self.worker.create("alice", {"title": "Build", "body": "It is done."})
        second = self.worker.create("alice", {"title": "Backup"})
        self.until_rows(("Backup", "", True), ("Build", "It is done.", True))
        self.until(lambda: self.unread() == "2")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [first])
        self.until_rows(("Backup", "", True), ("Build", "It is done.", False))
        self.until(lambda: self.unread() == "1")
        self.worker.call("Notifications.Update", "(sts)", "alice", first, '{"title": "Rebuild"}')
        self.until_rows(("Backup", "", True), ("Rebuild", "", False))
        self.worker.call("Notifications.Remove", "(sat)", "alice", [second])
        self.until_rows(("Rebuild", "", False))
        self.until(lambda: self.unread() == "")
        self.until(lambda: "Nothing here" not in self.labels())

    async def test_a_click_on_a_row_reads_it_in_every_tab(self):
        id = self.worker.create("alice", {"title": "Build"})
        self.open_window()
        tab = await self.open("alice")
        self.until_rows(("Build", "", True))
        view = next(w for w in descendants(self.window) if isinstance(w, Gtk.ListView))
        view.emit("activate", 0)
        self.until_rows(("Build", "", False))
        frame = await tab.receive("notifications_read")
        self.assertEqual(frame["data"]["ids"], [id])

    def test_its_buttons_do_what_they_say(self):
        for n in range(70):
            self.worker.create("alice", {"title": f"n{n}"})
        self.open_window()
        self.until(lambda: self.rows()[:1] == [("n69", "", True)])
        self.assertEqual((self.window.model.get_n_items(), self.unread()), (50, "70"))
        self.until(lambda: self.button("Load older")).emit("clicked")
        self.until(lambda: self.window.model.get_n_items() == 70)
        self.until(lambda: self.button("Load older") is None)
        self.button("Mark all read").emit("clicked")
        self.until(lambda: self.rows() and not any(unread for _, _, unread in self.rows()))
        self.until(lambda: self.unread() == "")
        self.assertFalse(self.button("Mark all read").get_sensitive())
        self.button("Remove").emit("clicked")
        self.until(lambda: self.window.model.get_n_items() == 69)

    def test_it_says_when_belfry_is_away_and_follows_again_when_it_is_back(self):
        self.worker.create("alice", {"title": "Build"})
        self.open_window()
        self.until_rows(("Build", "", True))
        self.daemon.stop()
        self.until(lambda: self.window.away.get_reveal_child())
        self.daemon.start()
        self.worker.create("alice", {"title": "Backup"})
        self.until_rows(("Backup", "", True), ("Build", "", True))
        self.until(lambda: not self.window.away.get_reveal_child())

    def test_whatever_data_holds_is_shown_as_text(self):
        cases = [({}, "New notification"), ({"n": 1}, '{"n": 1}'), ({"title": 5}, '{"title": 5}'),
                 ({"title": "<b>&amp;</b>"}, "<b>&amp;</b>"), ({"title": ""}, "")]
        for data, _ in cases:
            self.worker.create("alice", json.dumps(data))
        self.open_window()
        self.until_rows(*[(title, "", True) for _, title in reversed(cases)])

    def test_time_is_told_as_people_do(self):
        now = example.datetime.datetime(2026, 3, 5, 14, 0)
        for ago, words in ((5, "now"), (61, "1 min"), (3599, "59 min"), (3 * 3600, "3 h"),
                           (86400, "yesterday"), (15 * 3600, "yesterday"), (3 * 86400, "2 Mar"),
                           (400 * 86400, "29 Jan 2025")):
            then = (now - example.datetime.timedelta(seconds=ago)).timestamp()
            self.assertEqual(example.ago(then * 10**6, now), words)

    def test_it_looks_as_the_picture_in_the_documentation(self):
        now = datetime.datetime.now()
        with contextlib.closing(sqlite3.connect(self.daemon.database)) as database:
            for title, body, minutes, read in (
                    ("Quarterly report", "The export you asked for is ready. 2,184 rows, 1.2 MB.",
                     4 * 1440, True),
                    ("Ana Souza mentioned you", "“Could you look at the last two commits before we "
                     "tag the release? I am not sure about the migration.”", 1440, True),
                    ("Backup finished", "", 190, True),
                    ("Disk of build-3 is 91 % full", "At this pace it will be full on Thursday.",
                     47, False),
                    ("Deployment of shop 4.2 is done", "All checks passed on 12 of 12 hosts.",
                     12, False),
                    ("New sign-in", "Firefox on Debian, from 203.0.113.20. Was it you?", 0, False)):
                id = self.worker.create("alice", {"title": title, "body": body})
                if read:
                    self.worker.call("Notifications.MarkRead", "(sat)", "alice", [id])
                # Nobody can wait so long.
                then = now - datetime.timedelta(minutes=minutes)
                with database:
                    database.execute("UPDATE notification SET created_at = ? WHERE id = ?",
                                     (int(then.timestamp() * 10**6), id))
        self.open_window()
        self.until(lambda: len(self.rows()) == 6 and self.unread() == "3")
        path = os.environ.get("BELFRY_SCREENSHOT", os.path.join(self.folder, "inbox.png"))
        self.window.get_surface().focus(0)
        self.until(self.window.is_active)
        self.until(lambda: not self.window.stack.get_transition_running())
        frames = []
        self.window.add_tick_callback(lambda widget, clock: frames.append(clock) or len(frames) < 3)
        self.until(lambda: len(frames) == 3)
        # Nobody has moved it out of the corner. Around what it shows is a margin to resize it by.
        margins = (int(margin) for margin in self.window.get_surface_transform())
        picture = take_picture(*margins, self.window.get_width(), self.window.get_height())
        self.assertTrue(picture.savev(path, "png", [], []))
        self.assertGreater(os.path.getsize(path), 5000)


if __name__ == "__main__":
    belfry_test.main()
