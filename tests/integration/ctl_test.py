# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""belfryctl, from outside: in a pipe, and on a terminal."""

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
import unicodedata

from belfry_test import PATIENCE, BelfryTestCase

BELFRYCTL = os.environ["BELFRYCTL"]


def environment(**more):
    """Without what the tester's own shell says of colours and buses."""
    result = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
    for name in "NO_COLOR", "BELFRY_BUS":
        result.pop(name, None)
    result.update(more)
    return result


def run_ctl(bus, *arguments, input=None, **more):
    where = ["--bus", bus.address] if bus is not None else []
    return subprocess.run([BELFRYCTL, *where, *arguments], capture_output=True, input=input,
                          timeout=2 * PATIENCE, text=True, env=environment(**more))


def width(text):
    """The columns that a text takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal:
    """A program whose terminal we are."""

    def __init__(self, *command, columns=80, **more):
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment(**more),
            preexec_fn=lambda: os.login_tty(os.dup(slave)))
        os.close(slave)
        self.text = ""

    def _read(self):
        try:
            data = os.read(self.master, 4096)
        except OSError:  # the last one has closed it
            return False
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return data != b""

    def wait_for(self, words):
        deadline = time.monotonic() + PATIENCE
        while words not in self.text:
            assert time.monotonic() < deadline and self._read(), self.text

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Reads to the end, and gives what was on the screen and the exit status."""
        while self._read():
            pass
        os.close(self.master)
        return self.text, self.process.wait(timeout=PATIENCE)


class Ctl(BelfryTestCase):
    def ctl(self, *arguments, expect=0, **kwargs):
        result = run_ctl(self.bus, *arguments, **kwargs)
        self.assertEqual(result.returncode, expect, result.stdout + result.stderr)
        return result.stderr if expect else result.stdout

    def ctl_json(self, *arguments, **kwargs):
        """The one value that it prints."""
        lines = self.ctl("--json", *arguments, **kwargs).splitlines()
        self.assertEqual(len(lines), 1, lines)
        return json.loads(lines[0])

    def ctl_error(self, *arguments, expect=1, **kwargs):
        """The error, as a program reads it."""
        error = json.loads(self.ctl("--json", *arguments, expect=expect, **kwargs))
        self.assertEqual(list(error), ["error"])
        self.assertEqual(list(error["error"]), ["code", "message"])
        return error["error"]

    async def ctl_while_tabs_run(self, *arguments):
        return await asyncio.to_thread(self.ctl, *arguments)

    def start_ctl(self, *arguments, **kwargs):
        process = subprocess.Popen([BELFRYCTL, "--bus", self.bus.address, *arguments], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment(**kwargs))
        self.addCleanup(self._end, process)
        return process

    def _end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def terminal(self, *arguments, **kwargs):
        return Terminal(BELFRYCTL, "--bus", self.bus.address, *arguments, **kwargs)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)


def strip_looks(text):
    return re.sub(r"\033\[[0-9;]*[mK]", "", text)
