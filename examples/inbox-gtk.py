#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An inbox on the desktop, in GTK 4.

    inbox-gtk.py [USER]

The user is the one who is logged in, unless another is named. Belfry is on the session bus.
"""

import datetime
import json
import sys

import gi

gi.require_version("Belfry", "1.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Belfry, Gio, GLib, Gtk, Pango  # noqa: E402

SIGNALS = ["Created", "Updated", "Read", "Removed"]

STYLE = b"""
.inbox listview { background: transparent; padding: 6px 12px 12px; }
.inbox listview > row { padding: 0; margin: 6px 0 0; border-radius: 12px; outline-offset: -2px;
  background: @theme_base_color; transition: background 150ms;
  box-shadow: 0 1px 2px alpha(black, .12), 0 0 0 1px alpha(black, .05); }
.inbox listview > row:hover { background: mix(@theme_base_color, @theme_fg_color, .03); }
.inbox .item { padding: 11px 10px 12px 14px; }
.inbox .dot { min-width: 9px; min-height: 9px; border-radius: 5px; margin-top: 6px; }
.inbox .unread .dot { background: #3584e4; }
.inbox .subject { font-weight: 500; opacity: .75; }
.inbox .unread .subject { font-weight: 700; opacity: 1; }
.inbox .body { opacity: .75; }
.inbox .time { font-size: smaller; opacity: .6; }
.inbox .remove { min-width: 20px; min-height: 20px; padding: 0; opacity: .5; }
.inbox .remove:hover { opacity: 1; }
.inbox .empty { opacity: .6; }
.inbox .empty label { font-size: 120%; font-weight: 600; }
.inbox .away { background: #f5c211; color: #241f31; padding: 6px 12px; }
.inbox .badge { background: #3584e4; color: white; border-radius: 10px; padding: 1px 8px;
  font-size: smaller; font-weight: 700; }
"""


def describe(notification):
    """Its title and body: what data holds is up to the workers, so anything may be missing."""
    data = json.loads(notification.props.data)
    title, body = data.get("title"), data.get("body")
    if not isinstance(title, str):
        title = json.dumps(data, ensure_ascii=False) if data else "New notification"
    return title, body if isinstance(body, str) else ""


def address(notification):
    """Where a click leads, if it is an address of the web."""
    url = json.loads(notification.props.data).get("url")
    is_web = isinstance(url, str) and url.startswith(("https://", "http://"))
    return url if is_web else None


def ago(microseconds, now=None):
    """How long that is past, as people say it."""
    then = datetime.datetime.fromtimestamp(microseconds / 10**6)
    now = now or datetime.datetime.now()
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if then.date() == now.date():
        return f"{seconds // 3600:.0f} h"
    days = (now.date() - then.date()).days
    return "yesterday" if days == 1 else then.strftime("%-d %b" if days < 300 else "%-d %b %Y")


class Row(Gtk.Box):
    """One notification. A row is used again for another when it has left the window."""

    def __init__(self, on_remove):
        super().__init__(spacing=12, css_classes=["item"])
        self.dot = Gtk.Box(css_classes=["dot"], valign=Gtk.Align.START)
        self.title = Gtk.Label(xalign=0, hexpand=True, ellipsize=Pango.EllipsizeMode.END,
                               css_classes=["subject"])
        self.body = Gtk.Label(xalign=0, wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR, lines=3,
                              ellipsize=Pango.EllipsizeMode.END, css_classes=["body"])
        self.time = Gtk.Label(css_classes=["time"])
        remove = Gtk.Button(icon_name="window-close-symbolic", valign=Gtk.Align.START,
                            tooltip_text="Remove", css_classes=["flat", "circular", "remove"])
        remove.connect("clicked", lambda button: on_remove(self.notification))

        head = Gtk.Box(spacing=8)
        head.append(self.title)
        head.append(self.time)
        text = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3, hexpand=True)
        text.append(head)
        text.append(self.body)
        for child in self.dot, text, remove:
            self.append(child)
        self.notification = None

    def show_notification(self, notification):
        self.notification = notification
        title, body = describe(notification)
        self.title.set_text(title)
        self.body.set_text(body)
        self.body.set_visible(body != "")
        self.tell_time()
        if notification.props.read:
            self.remove_css_class("unread")
        else:
            self.add_css_class("unread")

    def tell_time(self):
        if self.notification is not None:
            self.time.set_text(ago(self.notification.props.created_at))


class Inbox(Gtk.ApplicationWindow):
    def __init__(self, application, client, user):
        super().__init__(application=application, title="Inbox", default_width=460,
                         default_height=620)
        self.add_css_class("inbox")
        self.client = client
        self.user = user
        self.model = Belfry.InboxModel.new(client, user)
        self.rows = set()

        self.badge = Gtk.Label(css_classes=["badge"], valign=Gtk.Align.CENTER, visible=False)
        title = Gtk.Box(spacing=8, halign=Gtk.Align.CENTER)
        title.append(Gtk.Label(label="Inbox", css_classes=["title"]))
        title.append(self.badge)
        self.mark_all = Gtk.Button(label="Mark all read", sensitive=False)
        self.mark_all.connect("clicked", lambda button: client.mark_all_read_async(
            user, None, self.on_done, client.mark_all_read_finish))
        header = Gtk.HeaderBar(title_widget=title)
        header.pack_start(self.mark_all)
        self.set_titlebar(header)

        self.away = Gtk.Revealer(child=Gtk.Label(
            label="Belfry is away. What you see may be old.", css_classes=["away"]))
        self.older = Gtk.Button(label="Load older", margin_top=6, margin_bottom=9, visible=False,
                                halign=Gtk.Align.CENTER, css_classes=["flat"])
        self.older.connect("clicked", lambda button: self.model.load_more_async(
            None, self.on_done, self.model.load_more_finish))
        self.stack = Gtk.Stack(transition_type=Gtk.StackTransitionType.CROSSFADE, vexpand=True)
        self.stack.add_named(self.make_list(), "list")
        self.stack.add_named(self.make_empty(), "empty")
        self.stack.add_named(Gtk.Spinner(spinning=True, halign=Gtk.Align.CENTER), "loading")

        content = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        for child in self.away, self.stack, self.older:
            content.append(child)
        self.set_child(content)

        for name in "unread-count", "total", "loading", "has-more", "error":
            self.model.connect("notify::" + name, self.on_state)
        client.connect("notify::available", self.on_state)
        self.on_state()
        self.clock = GLib.timeout_add_seconds(30, self.on_clock)
        self.connect("destroy", lambda window: GLib.source_remove(self.clock))

    def make_list(self):
        factory = Gtk.SignalListItemFactory()
        factory.connect("setup", self.on_setup)
        factory.connect("bind", self.on_bind)
        factory.connect("teardown", lambda factory, item: self.rows.discard(item.get_child()))
        view = Gtk.ListView(model=Gtk.NoSelection(model=self.model), factory=factory,
                            single_click_activate=True)
        view.connect("activate", self.on_activate)
        return Gtk.ScrolledWindow(child=view, hscrollbar_policy=Gtk.PolicyType.NEVER)

    def make_empty(self):
        empty = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, css_classes=["empty"],
                        valign=Gtk.Align.CENTER)
        empty.append(Gtk.Image(icon_name="preferences-system-notifications-symbolic",
                               pixel_size=64))
        empty.append(Gtk.Label(label="Nothing here"))
        return empty

    def on_setup(self, factory, item):
        row = Row(lambda notification: self.client.remove_async(
            self.user, [notification.props.id], None, self.on_done, self.client.remove_finish))
        self.rows.add(row)
        item.set_child(row)

    def on_bind(self, factory, item):
        item.get_child().show_notification(item.get_item())

    def on_activate(self, view, position):
        notification = self.model.get_item(position)
        if not notification.props.read:
            self.client.mark_read_async(self.user, [notification.props.id], None, self.on_done,
                                        self.client.mark_read_finish)
        if address(notification):
            Gtk.show_uri(self, address(notification), 0)

    def on_done(self, source, result, finish):
        """What has changed comes through the model; here is only what went wrong."""
        try:
            finish(result)
        except GLib.Error as error:
            print(f"inbox-gtk: {error.message}", file=sys.stderr)

    def on_state(self, *_):
        model = self.model
        unread = model.props.unread_count
        self.badge.set_text(str(unread))
        self.badge.set_visible(unread > 0)
        self.mark_all.set_sensitive(unread > 0)
        self.older.set_visible(model.props.has_more)
        self.older.set_sensitive(not model.props.loading)
        self.away.set_reveal_child(not self.client.props.available
                                   or model.props.error is not None)
        if model.props.total > 0:
            self.stack.set_visible_child_name("list")
        else:
            self.stack.set_visible_child_name("loading" if model.props.loading else "empty")

    def on_clock(self):
        for row in self.rows:
            row.tell_time()
        return True


class Application(Gtk.Application):
    def __init__(self, user):
        super().__init__(application_id="org.belfry.examples.Inbox",
                         flags=Gio.ApplicationFlags.NON_UNIQUE)
        self.user = user

    def do_activate(self):
        if not self.get_windows():
            self.open()
        self.get_windows()[0].present()

    def open(self):
        client = Belfry.Client.new_sync(None, None)
        # The model follows what its client is told of.
        client.subscribe_async(self.user, SIGNALS, None, self.on_subscribed)
        window = Inbox(self, client, self.user)
        style = Gtk.CssProvider()
        style.load_from_data(STYLE)
        Gtk.StyleContext.add_provider_for_display(window.get_display(), style,
                                                  Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)

    def on_subscribed(self, client, result):
        try:
            client.subscribe_finish(result)
        except GLib.Error as error:
            print(f"inbox-gtk: {error.message}", file=sys.stderr)


if __name__ == "__main__":
    Application(sys.argv[1] if len(sys.argv) > 1 else GLib.get_user_name()).run()
