# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the client share: a client on the bus, or at the socket, and its main context."""

import asyncio
import gc
import json
import time

from belfry_test import PATIENCE, BelfryTestCase, Gio, GLib, OverSocket

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry  # noqa: E402


class ClientTestCase(BelfryTestCase):
    """The client's main context is the default one, which runs only where a test waits."""

    def setUp(self):
        super().setUp()
        self.client = self.new_client()
        # Else it would go on with the daemon of the next test.
        self.addCleanup(self.drop_client)

    def drop_client(self):
        self.client = None
        gc.collect()

    def address(self):
        return self.bus.address

    def new_client(self):
        return Belfry.Client.new_sync(self.address(), None)

    async def until(self, condition):
        """Runs the main context until something is so, and gives what it is."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            self.assertLess(time.monotonic(), deadline, "it did not come to that")
            if not context.iteration(False):
                await asyncio.sleep(0.005)
        return value

    async def call(self, name, *arguments, client=None, cancellable=None):
        """Makes an asynchronous call, and gives what it gives."""
        client = client or self.client
        results = []
        getattr(client, name + "_async")(*arguments, cancellable,
                                         lambda source, result: results.append(result))
        await self.until(lambda: results)
        return getattr(client, name + "_finish")(results[0])

    def record(self, *names, client=None):
        """A list that grows by what these signals tell."""
        client = client or self.client
        events = []
        for name in names:
            client.connect(name, lambda client, *arguments, name=name:
                           events.append((name, *arguments)))
        return events

    async def expect(self, events, *expected):
        """These come next, in this order, and are taken off the list."""
        await self.until(lambda: len(events) >= len(expected))
        self.assertEqual(events[:len(expected)], list(expected))
        del events[:len(expected)]

    def take_name(self, types):
        """Somebody else, who handles these types."""
        other = self.new_worker()
        other.call("Sessions.HandleMessages", "(as)", types)
        return other


class AtSocket(OverSocket):
    def address(self):
        return self.worker_socket


__all__ = ["AtSocket", "Belfry", "ClientTestCase", "Gio", "GLib", "PATIENCE", "asyncio", "json"]
