# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the desktop share: a main loop that runs until something holds, and a desktop
that is played by python-dbusmock on the private bus."""

import logging
import os
import subprocess
import sys
import time

from belfry_test import PATIENCE, BelfryTestCase, Gio, GLib

MOCK = "org.freedesktop.DBus.Mock"
PORTAL = "org.freedesktop.portal.Desktop"
PORTAL_PATH = "/org/freedesktop/portal/desktop"
PORTAL_TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "portal_template.py")

# It complains where a main loop of GLib has kept its own from running.
logging.getLogger("asyncio").setLevel(logging.ERROR)


class LoopTestCase(BelfryTestCase):
    def until(self, condition, what="it did not come to pass"):
        """Runs the main loop until a condition holds, and gives what it gave."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + PATIENCE
        wake = GLib.timeout_add(20, lambda: True)
        try:
            while not (result := condition()):
                assert time.monotonic() < deadline, what() if callable(what) else what
                context.iteration(True)
            return result
        finally:
            GLib.source_remove(wake)

    def wait_for(self, start, *arguments):
        """Runs the main loop until an asynchronous call has ended, and gives what that gave."""
        results = []
        start(*arguments, None, lambda source, result: results.append(result))
        return self.until(lambda: results)[0]


class Mock:
    """A service of the desktop. Its calls are kept: each a name and its arguments."""

    def __init__(self, test, name, path, *arguments):
        self.test = test
        self.name = name
        self.path = path
        self.arguments = arguments
        self.calls = []
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.connection = Gio.DBusConnection.new_for_address_sync(test.bus.address, flags)
        self.connection.set_exit_on_close(False)
        self.connection.signal_subscribe(name, MOCK, "MethodCalled", path, None,
                                         Gio.DBusSignalFlags.NONE, self._on_called)
        self.process = None
        self.start()
        test.addCleanup(self.close)

    def start(self):
        environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.test.bus.address)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dbusmock", "--session", *self.arguments], env=environment,
            stdout=subprocess.DEVNULL)
        self.test.until(self.is_there)

    def is_there(self):
        return self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", GLib.Variant("(s)", (self.name,)), None, Gio.DBusCallFlags.NONE, -1,
            None).unpack()[0]

    def _on_called(self, connection, sender, path, interface, signal, parameters):
        name, arguments = parameters.unpack()
        self.calls.append((name, *arguments))

    def call(self, interface, method, parameters):
        return self.connection.call_sync(self.name, self.path, interface, method, parameters, None,
                                         Gio.DBusCallFlags.NONE, -1, None)

    def emit(self, interface, signal, parameters):
        """Has it emit a signal."""
        children = [parameters.get_child_value(i) for i in range(parameters.n_children())]
        signature = "".join(child.get_type_string() for child in children)
        self.call(MOCK, "EmitSignal",
                  GLib.Variant("(sssav)", (interface, signal, signature, children)))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process is not None:
            self.stop()
        self.connection.close_sync(None)
