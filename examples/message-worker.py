#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that answers messages of browser tabs, over D-Bus.

A tab sends {"type": "sum", "id": 1, "data": {"numbers": [1, 2]}} and gets the reply {"sum": 3}.
"""

import json

from gi.repository import Gio, GLib

NAME = "org.belfry.Belfry1"
PATH = "/org/belfry/Belfry1"
SESSIONS = "org.belfry.Belfry1.Sessions"


def on_answered(sessions, result):
    try:
        sessions.call_finish(result)
    except GLib.Error as error:
        # The tab has gone meanwhile, most likely.
        print("not answered:", error.message, flush=True)


def on_signal(sessions, sender, signal, parameters):
    if signal != "MessageReceived":
        return
    session_id, user_id, message_type, data, request_id = parameters.unpack()
    if request_id == "":
        return  # no answer is wanted
    try:
        answer = json.dumps({"sum": sum(json.loads(data)["numbers"])})
        method, arguments = "Reply", ("(sss)", (session_id, request_id, answer))
    except (KeyError, TypeError):
        text = "numbers: expected an array of numbers"
        method, arguments = "ReplyError", ("(ssss)", (session_id, request_id, "BAD_SUM", text))
    sessions.call(method, GLib.Variant(*arguments), Gio.DBusCallFlags.NONE, -1, None, on_answered)


def on_owner_changed(sessions, _property=None):
    # A Belfry that was started anew knows nothing of us.
    if sessions.get_name_owner() is None:
        return
    sessions.call_sync("HandleMessages", GLib.Variant("(as)", (["sum"],)),
                       Gio.DBusCallFlags.NONE, -1, None)
    print("ready", flush=True)


sessions = Gio.DBusProxy.new_for_bus_sync(
    Gio.BusType.SESSION, Gio.DBusProxyFlags.DO_NOT_LOAD_PROPERTIES, None, NAME, PATH, SESSIONS, None)
sessions.connect("g-signal", on_signal)
sessions.connect("notify::g-name-owner", on_owner_changed)
on_owner_changed(sessions)
GLib.MainLoop().run()
