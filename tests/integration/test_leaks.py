#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A long run. In a build with sanitizers belfryd ends with an error if it has leaked anything."""

import json
import os
import subprocess

import belfry_test
from belfry_test import BelfryTestCase, slow


class Leaks(BelfryTestCase):
    finds_leaks = True
    options = ["--max-total-connections", "11000"]

    def load(self, connections, count):
        command = [os.environ["BELFRY_LOAD"], "--port", str(self.daemon.port),
                   "--pid", str(self.daemon.process.pid), "--bus", self.bus.address,
                   "--secret-file", self.daemon.secret_file,
                   "--connections", str(connections), "--count", str(count),
                   "--batch", "100", "--in-flight", "4"]
        result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        self.assertEqual(json.loads(result.stdout)["count"], count)

    def test_a_thousand_connections_and_ten_thousand_notifications_leave_nothing(self):
        self.load(1000, 10_000)
        self.daemon.stop()

    @slow
    def test_ten_thousand_connections_and_a_hundred_thousand_notifications_leave_nothing(self):
        self.load(10_000, 100_000)
        self.daemon.stop()


if __name__ == "__main__":
    belfry_test.main()
