# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the examples share: running one, and looking at a page of theirs."""

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

    def build_vala(self, name, *packages):
        """Builds an example in Vala with the libraries of this build, and gives the program."""
        if shutil.which("valac") is None:
            self.skipTest("there is no valac")
        program = os.path.join(self.folder, "vala")
        sources = os.path.join(os.path.dirname(EXAMPLES), "src")
        folders = ("belfry", "core", "signalling", "server")
        flags = ["-w", *[f"-I{sources}/{folder}" for folder in folders],
                 *[f"-L{path}" for path in os.environ["LD_LIBRARY_PATH"].split(":")],
                 "-lbelfry-server-1.0", "-lbelfry-1.0"]
        subprocess.run(
            ["valac", "--vapidir", os.environ["VAPI"], "-o", program,
             *[argument for package in ("gio-2.0", "belfry-1.0", *packages)
               for argument in ("--pkg", package)],
             *[argument for flag in flags for argument in ("-X", flag)],
             os.path.join(EXAMPLES, name)],
            check=True, capture_output=True, cwd=self.folder)
        return program

    def start_server(self, *program):
        """A server of one's own in the place of belfryd."""
        self.daemon.stop()
        config = os.path.join(self.folder, "server.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""[belfryd]
bus={self.bus.address}
listen=127.0.0.1:0
database=sqlite:{self.daemon.database}
jwt-secret-file={self.daemon.secret_file}
""")
        listening = self.start_example(*program, config, until=r"Listening on 127\.0\.0\.1:(\d+)")
        self.daemon.port = int(listening.group(1))


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

    async def run(self, script):
        await self._command("Runtime.evaluate", self.session, expression=script)

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


class PageTestCase(ExamplesTestCase):
    """Serves the examples' folder, whose origin belfryd lets in."""

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

    async def browse(self, name, user):
        """Opens a page of the examples as a user, in a browser of its own."""
        if CHROMIUM is None:
            self.skipTest("there is no chromium")
        folder = os.path.join(self.folder, user)
        os.mkdir(folder)
        browser = Browser(folder)
        self.addAsyncCleanup(browser.close)
        await browser.open(f"{self.origin}/{name}#ws://127.0.0.1:{self.daemon.port}/ws,"
                           + self.daemon.token(user))
        return browser
