# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker for harness.js: calls that come as lines of JSON are made on the bus, and answered so.

    {"id": 1, "method": "Notifications.Create", "signature": "(ssa{sv})", "args": [...]}
    {"id": 2, "property": "ConnectedClients"}
    {"id": 3, "owned": true}

Values of an a{sv} are [type, value]. Signals come as {"signal": name, "args": [...]}.
"""

import json
import sys
import threading

from gi.repository import Gio, GLib

NAME = "org.belfry.Belfry1"
PATH = "/org/belfry/Belfry1"
PROPERTIES = "org.freedesktop.DBus.Properties"


def say(**line):
    print(json.dumps(line), flush=True)


def to_variants(value):
    if isinstance(value, dict):
        return {key: GLib.Variant(*typed) for key, typed in value.items()}
    if isinstance(value, list):
        return [to_variants(item) for item in value]
    return value


def call(connection, request):
    """Starts a call; its answer is said when it comes."""
    destination, path, flags = NAME, PATH, Gio.DBusCallFlags.NO_AUTO_START
    if "method" in request:
        interface, member = request["method"].split(".")
        interface = f"{NAME}.{interface}"
        arguments = request.get("args")
        parameters = None
        if arguments:
            parameters = GLib.Variant(request["signature"], tuple(to_variants(arguments)))
    elif "property" in request:
        interface, member = PROPERTIES, "Get"
        parameters = GLib.Variant("(ss)", (NAME + ".Sessions", request["property"]))
    else:
        destination, path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
        interface, member = destination, "NameHasOwner"
        parameters = GLib.Variant("(s)", (NAME,))

    def answered(source, result):
        try:
            values = source.call_finish(result).unpack()
            say(id=request["id"], result=values if "method" in request else values[0])
        except GLib.Error as error:
            say(id=request["id"], error=error.message)

    connection.call(destination, path, interface, member, parameters, None, flags, -1, None,
                    answered)


def main():
    connection = Gio.DBusConnection.new_for_address_sync(
        sys.argv[1], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    connection.set_exit_on_close(False)
    connection.signal_subscribe(
        None, None, None, PATH, None, Gio.DBusSignalFlags.NONE,
        lambda *a: say(signal=a[4], args=a[5].unpack()))
    loop = GLib.MainLoop()

    def read():
        for line in sys.stdin:
            GLib.idle_add(call, connection, json.loads(line))
        GLib.idle_add(loop.quit)

    threading.Thread(target=read, daemon=True).start()
    loop.run()


main()
