# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts calls that go over a bus, whoever makes them."""

import subprocess
import threading

from belfry_test import Gio


class BusMonitor:
    """Counts the calls of a member from now on.

    client: one on that bus, whose pings show that all before them has been seen
    """

    def __init__(self, address, member, client):
        self.member = member
        self.client = client
        self.process = subprocess.Popen(
            ["dbus-monitor", "--address", address, f"type='method_call',member='{member}'",
             "type='method_call',member='Ping'"], stdout=subprocess.PIPE, text=True)
        # It begins at some time after its start; this it has seen.
        self.count()

    def _ping(self, stop):
        while not stop.wait(0.05):
            self.client.connection.call_sync(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "Ping",
                None, None, Gio.DBusCallFlags.NONE, -1, None)

    def count(self):
        """How many there were since this was asked last."""
        stop = threading.Event()
        pinging = threading.Thread(target=self._ping, args=(stop,))
        pinging.start()
        n = 0
        for line in self.process.stdout:
            n += f"member={self.member}" in line
            if "member=Ping" in line:
                break
        stop.set()
        pinging.join()
        return n

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
