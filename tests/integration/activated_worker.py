# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that the bus starts. It owns its name, handles its types, and answers each message with
what it was; and it behaves as it is told to:

serve    handles messages until the bus ends
wait     handles them only when there is a file `go`
slowly   takes its first type, and the others only when there is a file `go`
idle     goes after the first message
linger   the same, but it stays on the bus without handling anything until there is a file `go`
mute     owns its name and handles nothing
leave    owns its name and goes
crash    goes before that

Of several the n-th start takes the n-th. What it does it writes to the file `notes`.
"""

import json
import os
import sys
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME, PATH = "org.belfry.Belfry1", "/org/belfry/Belfry1"
SESSIONS = NAME + ".Sessions"
folder, own_name, types, behaviours = sys.argv[1:]
types, behaviours = types.split(","), behaviours.split(",")
notes = os.path.join(folder, "notes")


def note(text):
    with open(notes, "a", encoding="utf-8") as file:
        file.write(text + "\n")


def n_starts():
    with open(notes, encoding="utf-8") as file:
        return file.read().split("\n").count("start")


def wait_for_go():
    while not os.path.exists(os.path.join(folder, "go")):
        if bus.is_closed():
            sys.exit(0)  # the test has ended without
        GLib.MainContext.default().iteration(False)
        time.sleep(0.02)


note("start")
behaviour = behaviours[min(n_starts(), len(behaviours)) - 1]
if behaviour == "crash":
    sys.exit(1)

bus = Gio.DBusConnection.new_for_address_sync(
    os.environ["DBUS_STARTER_ADDRESS"],
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
    | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
loop = GLib.MainLoop()


def call(method, signature, *arguments):
    bus.call_sync(NAME, PATH, SESSIONS, method, GLib.Variant(signature, arguments), None,
                  Gio.DBusCallFlags.NONE, -1, None)


def go():
    """Messages that came before Belfry answered are still to be handled."""
    global behaviour
    leaving, behaviour = behaviour, "serve"
    call("StopHandling", "(as)", types)
    while GLib.MainContext.default().iteration(False):
        pass
    note("stopped")
    if leaving == "linger":
        wait_for_go()
    loop.quit()


def on_message(connection, sender, path, interface, signal, arguments):
    session, user, type, data, request = arguments.unpack()
    note(f"{type} {data}")
    if request:
        call("Reply", "(sss)", session, request, json.dumps({"type": type, "was": json.loads(data)}))
    if behaviour in ("idle", "linger"):
        go()


bus.signal_subscribe(NAME, SESSIONS, "MessageReceived", PATH, None, Gio.DBusSignalFlags.NONE,
                     on_message)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", (own_name, 0)), None, Gio.DBusCallFlags.NONE, -1, None)
if behaviour == "leave":
    sys.exit(0)
if behaviour == "wait":
    wait_for_go()
if behaviour == "slowly":
    call("HandleMessages", "(as)", types[:1])
    wait_for_go()
if behaviour != "mute":
    call("HandleMessages", "(as)", types)
bus.connect("closed", lambda *_: loop.quit())
loop.run()
