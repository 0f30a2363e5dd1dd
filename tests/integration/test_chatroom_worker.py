#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/chatroom, as a worker in Python on the bus."""

import asyncio
import os
import signal
import subprocess
import sys

import belfry_test
from belfry_test import ALL, PATIENCE
from chat_case import Chat
from example_case import EXAMPLES, ExamplesTestCase


class InWorkerInPython(Chat, ExamplesTestCase):
    n_texts = 250 if ALL else 25

    def setUp(self):
        super().setUp()
        self.database = os.path.join(self.folder, "chat.db")
        self.start()
        self.addCleanup(self.end, signal.SIGTERM)

    def port(self):
        return self.daemon.port

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(EXAMPLES, "chatroom", "worker.py"), self.database],
            stdout=subprocess.PIPE, text=True, env=self.session_environment())
        self.assertEqual(self.process.stdout.readline(), "ready\n")

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.assertEqual(status, 0 if number == signal.SIGTERM else -number)

    def end_and_start(self, number):
        """The worker by a kill, Belfry by a kill, and the worker as systemd does it."""
        if number == 1:
            self.daemon.kill()
            self.daemon.start()
            return
        self.end(signal.SIGKILL if number == 0 else signal.SIGTERM)
        self.start()

    async def restart(self, number):
        await asyncio.get_running_loop().run_in_executor(None, self.end_and_start, number)

    async def test_a_new_worker_has_clients_join_again(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        for tab in alice, bob:
            await tab.request("chat.join", room="a")
        self.end(signal.SIGKILL)
        self.assertEqual((await alice.request("chat.typing", room="a"))["code"], "UNKNOWN_TYPE")
        self.start()
        for tab in alice, bob:
            await self.hear(tab, "chat.hello")
            await tab.request("chat.join", room="a", id=7)
        await alice.request("chat.say", room="a", key="k", text="Back")
        self.assertEqual((await self.hear(bob, "chat.said"))["text"], "Back")


if __name__ == "__main__":
    belfry_test.main()
