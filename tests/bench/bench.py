#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures Belfry beside its peers, in the same run and on the same load, and prints a table.

What is compared are ratios, since machines and their moods differ. Every server is started here, on
a free port and with its database in a temporary folder; the load is one C program for all.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile

SOCKETS = 10_000


class Program:
    """A server under test, stopped at the end."""

    def __init__(self, *command, **kwargs):
        self.process = subprocess.Popen(command, text=True, **kwargs)
        self.pid = self.process.pid

    def wait_for(self, pattern, stream):
        """Reads until a line matches, and gives its first group."""
        for line in stream:
            match = re.search(pattern, line)
            if match:
                return match.group(1)
        raise SystemExit(f"{self.process.args[0]} did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    """A server on a bus of its own."""

    def __init__(self):
        self.bus = Program("dbus-daemon", "--session", "--nofork", "--nopidfile",
                           "--print-address", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.address = self.bus.process.stdout.readline().strip()

    def load_options(self):
        return ["--port", self.port, "--pid", str(self.program.pid), "--bus", self.address]

    def stop(self):
        self.program.stop()
        self.bus.stop()


class Belfry(Server):
    name = "belfryd"

    def __init__(self, build, folder):
        super().__init__()
        self.secret = os.path.join(folder, "secret")
        with open(self.secret, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        self.program = Program(
            os.path.join(build, "src/daemon/belfryd"), "--bus", self.address,
            "--listen", "127.0.0.1:0", "--jwt-secret-file", self.secret,
            "--max-total-connections", "19000",
            "--database", "sqlite:" + os.path.join(folder, "belfry.db"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, XDG_DATA_HOME=folder, LC_ALL="C"))
        self.port = self.program.wait_for(r"Listening on .*:(\d+)", self.program.process.stdout)

    def load_options(self):
        return super().load_options() + ["--secret-file", self.secret]


class Baseline(Server):
    """The same pushes on a plain SoupServer, which neither stores nor checks anything."""

    name = "plain SoupServer"

    def __init__(self, build, folder):
        super().__init__()
        self.program = Program(os.path.join(build, "tests/bench/baseline-soup"), self.address,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.port = self.program.wait_for(r"^(\d+)$", self.program.process.stdout)

    def load_options(self):
        # More would overflow its queue of sockets that wait to be accepted.
        return super().load_options() + ["--opening", "9"]


class Bench:
    def __init__(self, build, rounds):
        self.build = build
        self.rounds = rounds
        self.verdicts = []

    @contextlib.contextmanager
    def serve(self, kind):
        with tempfile.TemporaryDirectory(prefix="belfry-bench-") as folder:
            server = kind(self.build, folder)
            try:
                yield server
            finally:
                server.stop()

    def load(self, server, *options):
        command = [os.path.join(self.build, "tests/bench/belfry-load"), *server.load_options(),
                   *(str(option) for option in options)]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         check=True, text=True).stdout)

    def measure(self, server, *options):
        """The medians of some rounds."""
        results = [self.load(server, *options) for _ in range(self.rounds)]
        return {key: statistics.median(result[key] for result in results) for key in results[0]}

    def show(self, what, value):
        print(f"  {what:<66} {value:>14}", flush=True)

    def judge(self, what, ratio, limit):
        good = ratio <= limit
        self.verdicts.append(good)
        self.show(f"{what} (at most {limit} ×)", f"{ratio:.3f} × {'ok' if good else 'MISSED'}")


def creations(bench):
    """What one creation costs, and how many there can be."""
    print("One Create after the other, for random ones of N users with a tab each")
    with bench.serve(Belfry) as belfry:
        few = bench.measure(belfry, "--connections", 100, "--count", 1000)
        many = bench.measure(belfry, "--connections", SOCKETS, "--count", 1000)
    with bench.serve(Baseline) as baseline:
        plain = bench.load(baseline, "--connections", SOCKETS, "--count", 500)
    for n, result in (100, few), (SOCKETS, many):
        bench.show(f"Belfry, N = {n:,}: CPU of belfryd for each", f"{result['cpu_us_each']:.0f} µs")
        bench.show("  from call to browser, p50 | p99",
                   f"{result['p50_us']:.0f} | {result['p99_us']:.0f} µs")
    bench.show(f"{Baseline.name}, N = {SOCKETS:,}: CPU for each push",
               f"{plain['cpu_us_each']:.0f} µs")
    bench.judge(f"Belfry against {Baseline.name}", many["cpu_us_each"] / plain["cpu_us_each"], 0.1)
    bench.judge(f"Belfry with {SOCKETS:,} against 100", many["cpu_us_each"] / few["cpu_us_each"],
                1.5)


def throughput(bench):
    print(f"As many as there can be, for random ones of {SOCKETS:,} users, stored and delivered")
    with bench.serve(Belfry) as belfry:
        for what, options in (
                ("Create, 64 in flight", ("--count", 20_000, "--in-flight", 64)),
                ("CreateMany of 100, 4 in flight",
                 ("--count", 50_000, "--batch", 100, "--in-flight", 4))):
            result = bench.measure(belfry, "--connections", SOCKETS, *options)
            bench.show(f"{what}, a second", f"{result['per_second']:,.0f}")
            bench.show("  from call to browser, p50 | p99",
                       f"{result['p50_us'] / 1000:.1f} | {result['p99_us'] / 1000:.1f} ms")
            bench.show("  CPU of belfryd for each", f"{result['cpu_us_each']:.1f} µs")
        bench.show(f"belfryd's resident memory with {SOCKETS:,} registered",
                   f"{result['rss_kib'] / 1024:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    arguments = parser.parse_args()
    bench = Bench(arguments.build, 1 if arguments.quick else 3)
    creations(bench)
    throughput(bench)
    sys.exit(0 if all(bench.verdicts) else 1)


if __name__ == "__main__":
    main()
