#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/chatroom, as a handler in C in the server's own process."""

import asyncio
import os
import queue
import re
import signal
import subprocess
import threading

import belfry_test
from belfry_test import PATIENCE, BelfryTestCase
from chat_case import Chat


class InServerInC(Chat, BelfryTestCase):
    def setUp(self):
        super().setUp()
        # Its folder, its secret and its tokens are used, but not itself.
        self.daemon.stop()
        self.database = os.path.join(self.folder, "chat.db")
        self.config = os.path.join(self.folder, "server.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""[belfryd]
bus={self.bus.address}
listen=127.0.0.1:0
database=sqlite:{self.daemon.database}
jwt-secret-file={self.daemon.secret_file}
""")
        self.process = None
        self.start()
        self.addCleanup(self.stop)

    def port(self):
        return self.daemon.port

    def start(self):
        environment = dict(os.environ, XDG_DATA_HOME=self.folder)
        environment["ASAN_OPTIONS"] = "detect_leaks=0"
        self.process = subprocess.Popen(
            [os.environ["CHAT_SERVER_C"], self.config, self.database], text=True, errors="replace",
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.log = []
        listening = queue.Queue()
        self.reader = threading.Thread(target=self.read, args=(listening,), daemon=True)
        self.reader.start()
        self.daemon.port = listening.get(timeout=PATIENCE)
        self.assertIsNotNone(self.daemon.port, self.log)

    def read(self, listening):
        for line in self.process.stdout:
            self.log.append(line)
            match = re.search(r"Listening on 127\.0\.0\.1:(\d+)", line)
            if match:
                listening.put(int(match.group(1)))
        listening.put(None)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stdout.close()
        log = "".join(self.log)
        self.assertNotRegex(log, "WARNING|CRITICAL|ERROR|runtime error")
        self.assertEqual(status, 0 if number == signal.SIGTERM else -number, log)

    async def restart(self, number):
        """Twice by a kill, and once as systemd does it."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            None, self.stop, signal.SIGTERM if number == 1 else signal.SIGKILL)
        await loop.run_in_executor(None, self.start)

    async def test_one_of_two_tabs_that_goes_leaves_the_user_there(self):
        alice = await self.open("alice")
        await alice.request("chat.join", room="a")
        first, second = await self.open("bob"), await self.open("bob")
        await first.request("chat.join", room="a")
        await second.request("chat.join", room="b")
        # Bob has still a tab, but none in this room.
        await first.close()
        while (await self.hear(alice, "chat.present"))["here"]:
            pass
        self.assertEqual((await alice.request("chat.join", room="a"))["members"], ["alice"])


if __name__ == "__main__":
    belfry_test.main()
