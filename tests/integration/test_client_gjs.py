#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client from GJS, which needs nothing beside the typelib."""

import asyncio
import os
import shutil
import subprocess
import unittest

import belfry_test
from belfry_test import BelfryTestCase

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client_worker.js")


@unittest.skipIf(shutil.which("gjs") is None, "there is no gjs")
class Gjs(BelfryTestCase):
    def setUp(self):
        super().setUp()
        self.process = subprocess.Popen(["gjs", WORKER, self.bus.address], stdout=subprocess.PIPE,
                                        text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    async def next_line(self):
        return (await asyncio.to_thread(self.process.stdout.readline)).strip()

    async def lines_until(self, last):
        lines = []
        while not lines or lines[-1] != last:
            lines.append(await self.next_line())
            self.assertNotEqual(lines[-1], "", lines)
        return lines

    async def test_calls_are_promises_and_signals_have_plain_values(self):
        lines = await self.lines_until("ready")
        self.assertEqual(lines[0], "subscribed")
        id = self.worker.list("alice")[0][0]["id"]
        self.assertIn(f"created alice {id}", lines)
        self.assertIn('listed 1 true {"n":1}', lines)
        self.assertIn("refused true", lines)

    async def test_messages_are_answered_also_by_a_new_belfry(self):
        await self.lines_until("ready")
        for _ in range(2):
            tab = await self.open("alice")
            self.assertEqual(await tab.request("sum", id=1, numbers=[1, 2]), {"sum": 3})
            self.assertEqual((await tab.request("sum", id=2))["code"], "BAD_SUM")
            await asyncio.to_thread(self.daemon.kill)
            await asyncio.to_thread(self.daemon.start)
            self.assertEqual(await self.next_line(), "subscribed")


if __name__ == "__main__":
    belfry_test.main()
