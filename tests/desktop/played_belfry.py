# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Belfry that is played, for what the real one would seldom do."""

import os

from belfry_test import NAME, NOTIFICATIONS, PATH, Gio, GLib

INTERFACE = os.path.join(os.environ["BELFRY_INTERFACES"], NOTIFICATIONS + ".xml")
TYPES = {"Created": "(ts)", "Updated": "(ts)", "Read": "(sat)", "Removed": "(sat)"}


class PlayedBelfry:
    """It answers a List when the test does, and all else at once. It runs in the main loop."""

    def __init__(self, test):
        self.test = test
        self.lists = []  # those that wait: the query, and how it is answered
        self.client = None
        self.n_subscribed = 0
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.connection = Gio.DBusConnection.new_for_address_sync(test.bus.address, flags)
        self.connection.set_exit_on_close(False)
        with open(INTERFACE, encoding="utf-8") as file:
            node = Gio.DBusNodeInfo.new_for_xml(file.read())
        self.connection.register_object(PATH, node.interfaces[0], self._on_call, None, None)
        self.come()
        test.addCleanup(self.connection.close_sync)

    def come(self):
        self._call_bus("RequestName", GLib.Variant("(su)", (NAME, 4)))

    def leave(self):
        self._call_bus("ReleaseName", GLib.Variant("(s)", (NAME,)))

    def _call_bus(self, method, parameters):
        self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
            parameters, None, Gio.DBusCallFlags.NONE, -1, None)

    def _on_call(self, connection, sender, path, interface, method, parameters, invocation):
        if method == "List":
            self.lists.append((parameters.unpack()[1], invocation))
        elif method == "CountUnread":
            invocation.return_value(GLib.Variant("(t)", (7,)))
        else:
            assert method == "Subscribe", method
            self.client = sender
            self.n_subscribed += 1
            invocation.return_value(None)

    def emit(self, signal, *arguments):
        self.connection.emit_signal(self.client, PATH, NOTIFICATIONS, signal,
                                    GLib.Variant(TYPES[signal], arguments))

    def next_list(self, **query):
        """Waits for a List, which has to be this one, and gives how it is answered."""
        self.test.until(lambda: self.lists, f"no List came, where {query} was expected")
        asked, invocation = self.lists.pop(0)
        self.test.assertEqual({k: v for k, v in asked.items() if k in query}, query)
        return invocation

    def answer(self, invocation, ids, total=None, read=()):
        """read: those that are, by a change at position 1,000 + id."""
        fields = [{
            "id": GLib.Variant("t", id), "user-id": GLib.Variant("s", "alice"),
            "data": GLib.Variant("s", "{}"), "created-at": GLib.Variant("x", id),
            "read": GLib.Variant("b", id in read),
            "position": GLib.Variant("t", id + 1000 if id in read else id)} for id in ids]
        invocation.return_value(
            GLib.Variant("(aa{sv}t)", (fields, len(ids) if total is None else total)))
