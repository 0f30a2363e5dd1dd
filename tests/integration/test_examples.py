#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each program in examples/ does what it says."""

import asyncio
import functools
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import websockets

import belfry_test
from belfry_test import PATIENCE, BelfryTestCase

EXAMPLES = os.environ["EXAMPLES"]
CHROMIUM = shutil.which("chromium")


class ExamplesTestCase(BelfryTestCase):
    def example(self, name):
        """How to run it."""
        path = os.path.join(EXAMPLES, name)
        runners = {".py": [sys.executable], ".js": ["gjs"], ".sh": ["sh"]}
        return [*runners[os.path.splitext(name)[1]], path]

    def session_environment(self):
        return dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.bus.address)

    def run_example(self, *arguments):
        """Runs it to its end, and gives its status, its output and its errors."""
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE,
                                env=self.session_environment())
        return result.returncode, result.stdout.strip(), result.stderr

    def start_example(self, *arguments, until):
        """Runs it until the test ends, waits for a line, and gives what that matched."""
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env=self.session_environment())

        def end():
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)
            process.stdout.close()

        self.addCleanup(end)
        self.example_output = process.stdout
        for line in process.stdout:
            match = re.search(until, line)
            if match:
                return match
        raise AssertionError("it ended early")


class Workers(ExamplesTestCase):
    async def assert_rings(self, *arguments, data, number=r"^(\d+)$"):
        tab = await self.open("alice")
        status, output, errors = self.run_example(*arguments)
        self.assertEqual((status, errors), (0, ""))
        rung = (await tab.receive("notification_received"))["data"]
        self.assertEqual(rung["data"], data)
        self.assertEqual(rung["id"], int(re.search(number, output).group(1)))
        return tab

    def assert_fails(self, *arguments, word):
        status, output, errors = self.run_example(*arguments)
        self.assertEqual((status, output), (1, ""))
        self.assertIn(word, errors)

    async def test_worker_in_c_rings(self):
        worker = [os.environ["WORKER_C"]]
        await self.assert_rings(*worker, "alice", '{"a": 1}', data={"a": 1})
        self.assert_fails(*worker, "alice", "[]", word="data")

    async def test_worker_in_python_rings_and_takes_the_place_of_its_last(self):
        worker = self.example("worker.py")
        tab = await self.assert_rings(*worker, "alice", "Ready", data={"title": "Ready"})
        self.run_example(*worker, "alice", "Ready again")
        await tab.receive("notifications_removed")
        await tab.receive("notification_received")
        notifications, total = self.worker.list("alice")
        self.assertEqual(total, 1)
        self.assertIn("expires-at", notifications[0])
        self.assert_fails(*worker, "", "Ready", word="user_id")

    async def test_worker_in_gjs_rings_once(self):
        if shutil.which("gjs") is None:
            self.skipTest("there is no gjs")
        worker = self.example("worker.js")
        await self.assert_rings(*worker, "alice", "Ready", data={"title": "Ready"})
        self.run_example(*worker, "alice", "Ready")
        self.assertEqual(self.worker.list("alice")[1], 1)
        self.assert_fails(*worker, "", "Ready", word="user_id")

    async def test_worker_in_shell_rings_whatever_the_data(self):
        worker = self.example("worker.sh")
        data = {"title": "It's \"ready\"\n\\ 'über'"}
        await self.assert_rings(*worker, "alice", json.dumps(data, ensure_ascii=False), data=data,
                                number=r"^\(uint64 (\d+),\)$")
        self.assert_fails(*worker, "alice", "[]", word="data")


class Messages(ExamplesTestCase):
    async def test_message_worker_answers_over_the_bus(self):
        self.start_example(*self.example("message-worker.py"), until="^ready$")
        tab = await self.open("alice")
        self.assertEqual(await tab.request("sum", numbers=[1, 2]), {"sum": 3})
        error = await tab.request("sum", numbers=["x"])
        self.assertEqual(error["code"], "BAD_SUM")

    async def test_message_worker_comes_back_to_a_belfry_that_was_started_anew(self):
        self.start_example(*self.example("message-worker.py"), until="^ready$")
        self.daemon.stop()
        self.daemon.start()
        tab = await self.open("alice")
        for id in range(100):
            await tab.send(type="sum", id=id, data={"numbers": [1, 2]})
            frame = await tab.receive()
            if frame["type"] == "reply":
                break
            self.assertEqual(frame["data"]["code"], "UNKNOWN_TYPE")
            await tab.request("ping", id=-1)
        self.assertEqual(frame["data"], {"sum": 3})

    def start_server(self, *program):
        """A server of one's own in the place of belfryd."""
        self.daemon.stop()
        config = os.path.join(self.folder, "chatroom.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""[belfryd]
bus={self.bus.address}
listen=127.0.0.1:0
database=sqlite:{self.daemon.database}
jwt-secret-file={self.daemon.secret_file}
""")
        listening = self.start_example(*program, config, until=r"Listening on 127\.0\.0\.1:(\d+)")
        self.daemon.port = int(listening.group(1))

    async def test_chatroom_handles_messages_in_its_own_process(self):
        self.start_server(*self.example("chatroom.py"))
        alice, bob = await self.open("alice"), await self.open("bob")
        await alice.send(type="chat.say", id=1, data={"text": "Hello"})
        for tab in alice, bob:
            said = await tab.receive("chat.said")
            self.assertEqual(said["data"], {"from": "alice", "text": "Hello"})
        self.assertEqual((await alice.receive("reply"))["data"], {"heard": 2})
        # Its own refusal, somebody else's type, and Belfry's own, which are all as ever.
        self.assertEqual((await alice.request("chat.say"))["code"], "INVALID_MESSAGE")
        self.assertEqual((await alice.request("chat.shout"))["code"], "UNKNOWN_TYPE")
        self.assertEqual((await alice.request("unread_count"))["unreadCount"], 0)
        id = self.worker.create("bob", {"title": "Hello"})
        self.assertEqual((await bob.receive("notification_received"))["data"]["id"], id)

    async def test_an_exception_in_a_handler_is_a_refusal(self):
        self.start_server(sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                       "raising_handler.py"))
        tab = await self.open("alice")
        for id in 1, "two":
            await tab.send(type="chat.say", id=id, data={"text": "Hello"})
            frame = await tab.receive("error")
            self.assertEqual((frame["id"], frame["data"]["code"], frame["data"]["fatal"]),
                             (id, "FORBIDDEN", False))
        self.assertEqual((await tab.request("unread_count"))["unreadCount"], 0)
        # The log says of which type and by whom, and nothing of what the user has written.
        line = next(line for line in self.example_output if "was refused" in line)
        self.assertIn("type “chat.say” was refused by", line)
        self.assertIn("Raising", line)
        self.assertNotIn("Hello", line)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Browser:
    """A page in headless Chromium, by the DevTools protocol."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--user-data-dir=" + os.path.join(folder, "chromium"), "--remote-debugging-port=0"],
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env=dict(os.environ, HOME=folder))
        for line in self.process.stderr:
            match = re.search(r"DevTools listening on (\S+)", line)
            if match:
                self.address = match.group(1)
                break
        # What else it has to say must not fill the pipe.
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()
        self.number = 0

    async def open(self, url):
        self.connection = await websockets.connect(self.address, max_size=None, ping_interval=None)
        target = await self._command("Target.createTarget", url="about:blank")
        attached = await self._command("Target.attachToTarget", targetId=target["targetId"],
                                       flatten=True)
        self.session = attached["sessionId"]
        await self._command("Page.enable", self.session)
        await self._command("Page.navigate", self.session, url=url)
        while (await self._receive()).get("method") != "Page.loadEventFired":
            pass

    async def wait_for(self, expression):
        """Waits until something in the page is true."""
        await self._command(
            "Runtime.evaluate", self.session, awaitPromise=True, expression="""
            new Promise(resolve => {
              const check = () => (EXPRESSION) && resolve();
              new MutationObserver(check).observe(
                document, {subtree: true, childList: true, characterData: true});
              check();
            })""".replace("EXPRESSION", expression))

    async def _receive(self):
        return json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE))

    async def _command(self, method, session=None, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        await self.connection.send(json.dumps(command))
        while True:
            answer = await self._receive()
            if answer.get("id") == self.number:
                result = answer["result"]
                assert "exceptionDetails" not in result, result
                return result

    async def close(self):
        await self._command("Browser.close")
        await self.connection.close()
        self.process.wait(timeout=PATIENCE)
        self.drain.join()
        self.process.stderr.close()


class Client(ExamplesTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pages = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(QuietHandler, directory=EXAMPLES))
        cls.origin = f"http://127.0.0.1:{cls.pages.server_port}"
        cls.options = ("--allow-origin", cls.origin)
        threading.Thread(target=cls.pages.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.pages.shutdown()
        cls.pages.server_close()
        super().tearDownClass()

    async def test_the_page_shows_what_comes(self):
        if CHROMIUM is None:
            self.skipTest("there is no chromium")
        browser = Browser(self.folder)
        self.addAsyncCleanup(browser.close)
        await browser.open(f"{self.origin}/client.html#ws://127.0.0.1:{self.daemon.port}/ws,"
                           + self.daemon.token("alice"))
        status = "document.getElementById('status').textContent"
        await browser.wait_for(f"{status} == 'alice: 0 unread'")
        self.worker.create("alice", {"title": "It's <b>ready</b>"})
        await browser.wait_for(f"{status} == 'alice: 1 unread'")
        await browser.wait_for(
            "document.querySelector('#inbox li').textContent == \"It's <b>ready</b>\"")


if __name__ == "__main__":
    belfry_test.main()
