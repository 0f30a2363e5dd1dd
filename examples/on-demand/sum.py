#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that the bus starts when the first message for it comes, and that goes when it has had
nothing to do for a minute, or for as many seconds as its argument says.

A tab sends {"type": "sum", "id": 1, "data": {"numbers": [1, 2]}} and gets the reply {"sum": 3}.
"""

import json
import sys

from gi.repository import Gio, GLib

NAME = "org.belfry.Belfry1"
PATH = "/org/belfry/Belfry1"
SESSIONS = "org.belfry.Belfry1.Sessions"
OWN_NAME = "org.example.Sum"
IDLE = int(sys.argv[1]) if len(sys.argv) > 1 else 60


class Worker:
    def __init__(self, bus):
        self.bus = bus
        self.loop = GLib.MainLoop()
        self.timer = 0
        bus.signal_subscribe(NAME, SESSIONS, "MessageReceived", PATH, None,
                             Gio.DBusSignalFlags.NONE, self.on_message)
        # Belfry gives the type to the owner of this name only, so the name comes first.
        bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                      "RequestName", GLib.Variant("(su)", (OWN_NAME, 0)), None,
                      Gio.DBusCallFlags.NONE, -1, None)
        self.call("HandleMessages", "(as)", ["sum"])
        self.wait()

    def call(self, method, signature, *arguments):
        self.bus.call_sync(NAME, PATH, SESSIONS, method, GLib.Variant(signature, arguments), None,
                           Gio.DBusCallFlags.NONE, -1, None)

    def wait(self):
        if self.timer:
            GLib.source_remove(self.timer)
        self.timer = GLib.timeout_add_seconds(IDLE, self.on_idle)

    def on_message(self, bus, sender, path, interface, signal, parameters):
        session_id, user_id, message_type, data, request_id = parameters.unpack()
        self.wait()
        if request_id == "":
            return  # no answer is wanted
        try:
            answer = json.dumps({"sum": sum(json.loads(data)["numbers"])})
            self.call("Reply", "(sss)", session_id, request_id, answer)
        except (KeyError, TypeError):
            self.call("ReplyError", "(ssss)", session_id, request_id, "BAD_SUM",
                      "numbers: expected an array of numbers")
        except GLib.Error as error:
            print("not answered:", error.message)  # the tab has gone meanwhile, most likely

    def on_idle(self):
        # When this is answered no more messages come; those that did are handled first. What tabs
        # send from here on waits in Belfry, which has the next worker started for it.
        self.call("StopHandling", "(as)", ["sum"])
        while GLib.MainContext.default().iteration(False):
            pass
        self.loop.quit()
        return GLib.SOURCE_REMOVE


# Who starts it says on which bus.
bus = Gio.bus_get_sync(Gio.BusType.STARTER)
Worker(bus).loop.run()
