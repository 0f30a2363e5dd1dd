#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures Belfry beside its peers, in the same run and on the same load, and prints a table.

What is compared are ratios, since machines and their moods differ. README.md beside this says what
each figure is, and why it is fair.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from servers import Belfry, BelfryAndBus, BelfrySocket, Bun, BunSqlite, Nchan, NchanTwo, Soup, Ws

USERS = 10_000
MANY = 15_000
OVER_SOCKET = "  over the worker socket"


class Table:
    """Prints rows as they are measured, and remembers whether a target was missed."""

    def __init__(self):
        self.missed = []
        self.print("", "Belfry", "beside", "", "ratio", "target", "")

    @staticmethod
    def print(what, ours, peer, theirs, ratio, target, verdict):
        print(f"{what:<46}{ours:>12}  {peer:<19}{theirs:>12}{ratio:>9}  {target:<9} {verdict}",
              flush=True)

    def judge(self, what, value, target):
        """Whether a value is on the right side of a target, such as ("<=", 2)."""
        if target is None:
            return "", ""
        relation, limit = target
        good = value <= limit if relation == "<=" else value >= limit
        if not good:
            self.missed.append(what)
        sign = "≤" if relation == "<=" else "≥"
        return f"{sign} {limit:g}", "ok" if good else "MISSED"

    def ratio(self, what, ours, peer, theirs, target=None, form="{:,.0f}"):
        limit, verdict = self.judge(what, ours / theirs, target)
        self.print(what, form.format(ours), peer, form.format(theirs), f"{ours / theirs:.2f} ×",
                   limit and limit + " ×", verdict)

    def value(self, what, ours, target=None, form="{:,.0f}"):
        limit, verdict = self.judge(what, ours, target)
        self.print(what, form.format(ours), "", "", "", limit, verdict)


class Bench:
    def __init__(self, build, quick):
        self.build = os.path.abspath(build)
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.table = Table()
        self.results = {}

    def size(self, quick, full):
        return quick if self.quick else full

    @contextlib.contextmanager
    def serve(self, kind):
        # /tmp may be memory; /var/tmp is a disk.
        with tempfile.TemporaryDirectory(prefix="belfry-bench-", dir="/var/tmp") as folder:
            os.chmod(folder, 0o755)
            server = kind(self.build, folder)
            try:
                yield server
            finally:
                server.stop()

    def load(self, server, *options, timeout=300):
        data = server.send_bytes if {"send", "broadcast"} & set(options) else server.create_bytes
        command = [os.path.join(self.build, "tests/bench/belfry-load"), *server.load_options(),
                   "--data-bytes", data, *options]
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, text=True, timeout=timeout)
        if done.returncode != 0:
            raise SystemExit(f"{server.name}: {' '.join(done.args)}\n{done.stderr}")
        return json.loads(done.stdout)

    def compare(self, *contenders):
        """Each contender is a kind of server and the loads that it is put through, on a server
        that was just started. Gives for each a list, by load, of medians over the rounds, which
        take turns. What was measured already is not measured again."""
        new = [contender for contender in contenders if contender not in self.results]
        rounds = {contender: [] for contender in new}
        for _ in range(self.rounds):
            for kind, *loads in new:
                with self.serve(kind) as server:
                    rounds[kind, *loads].append([self.load(server, *load) for load in loads])
        for contender, results in rounds.items():
            self.results[contender] = [
                {key: statistics.median(result[key] for result in same) for key in same[0]}
                for same in zip(*results)]
        return [self.results[contender] for contender in contenders]


def bun_sqlite_in_flight(bench):
    return BunSqlite, ("--connections", USERS, "--in-flight", 64,
                       "--count", bench.size(3_000, 10_000))


def create_many(bench):
    """As many as there can be, stored and delivered."""
    ours = ("--connections", USERS, "--batch", 100, "--in-flight", 4,
            "--count", bench.size(50_000, 200_000))
    posts = ("--connections", USERS, "--in-flight", 64, "--count", bench.size(30_000, 100_000))
    (many,), (direct,), (one,), (two,), (stored,) = bench.compare(
        (Belfry, ours), (BelfrySocket, ours), (Nchan, posts), (NchanTwo, posts), bun_sqlite_in_flight(bench))
    kind, nchan = max((Nchan, one), (NchanTwo, two), key=lambda pair: pair[1]["per_second"])
    bench.table.ratio("CreateMany of 100, delivered a second", many["per_second"],
                      kind.name, nchan["per_second"], (">=", 1.3))
    bench.table.ratio("", many["per_second"], BunSqlite.name, stored["per_second"], (">=", 10))
    bench.table.ratio(OVER_SOCKET, direct["per_second"], kind.name, nchan["per_second"])
    bench.table.value("  CPU of belfryd for each, µs", many["cpu_us_each"], form="{:.1f}")
    bench.table.value("  from call to browser, p99, ms", many["p99_us"] / 1000, form="{:.1f}")


def create(bench):
    load = ("--connections", USERS, "--in-flight", 64, "--count", bench.size(20_000, 50_000))
    (ours,), (direct,), (stored,) = bench.compare((Belfry, load), (BelfrySocket, load),
                                                  bun_sqlite_in_flight(bench))
    bench.table.ratio("Create, 64 in flight, delivered a second", ours["per_second"],
                      BunSqlite.name, stored["per_second"], (">=", 3))
    bench.table.ratio(OVER_SOCKET, direct["per_second"], BunSqlite.name, stored["per_second"])
    bench.table.value("  CPU of belfryd for each, µs", ours["cpu_us_each"], form="{:.1f}")


def latency(bench):
    load = ("--connections", USERS, "--count", bench.size(1_000, 3_000))
    (direct,), (bus,), (stored,) = bench.compare((BelfrySocket, load), (Belfry, load),
                                                 (BunSqlite, load))
    bench.table.ratio("Create, one at a time, worker socket, p50, µs", direct["p50_us"],
                      BunSqlite.name, stored["p50_us"], ("<=", 1.3))
    bench.table.ratio("  p99, µs", direct["p99_us"], BunSqlite.name, stored["p99_us"])
    bench.table.ratio("  over the bus, p50, µs", bus["p50_us"], BunSqlite.name,
                      stored["p50_us"])


def send(bench):
    """What isn't stored. The bus daemon's CPU counts as Belfry's, as a peer parses HTTP itself."""
    common = ("--connections", USERS, "--in-flight", 4)
    loads = (common + ("--call", "send", "--batch", 1000, "--warm-up", 10,
                       "--count", bench.size(100, 300)),
             common + ("--call", "broadcast", "--warm-up", 4, "--count", bench.size(30, 100)))
    ours, bun, ws = bench.compare((BelfryAndBus, *loads), (Bun, *loads), (Ws, *loads))
    for i, what in enumerate(("SendToUsers", "Broadcast")):
        for peer, theirs, target in (Bun, bun, ("<=", 1)), (Ws, ws, None):
            bench.table.ratio(f"{what}, CPU for each frame, µs" if peer is Bun else "",
                              ours[i]["cpu_us_frame"], peer.name, theirs[i]["cpu_us_frame"],
                              target, "{:.2f}")


def register(bench):
    load = ("--connections", USERS, "--count", 0)
    ours, bun, ws = bench.compare((Belfry, load, load, load), (Bun, load, load, load), (Ws, load))
    rates, cpus = ([statistics.median(result[key] for result in results)
                    for results in (ours, bun, ws)]
                   for key in ("opened_per_second", "cpu_us_opened"))
    memory = [results[0]["rss_kib"] / 1024 for results in (ours, bun, ws)]
    bench.table.ratio("Handshakes and registrations a second", rates[0], Bun.name, rates[1],
                      (">=", 1))
    bench.table.ratio("", rates[0], Ws.name, rates[2])
    bench.table.ratio("  CPU for each, µs", cpus[0], Bun.name, cpus[1])
    what = f"Resident memory with {USERS:,} registered, MB"
    bench.table.value(what, memory[0], ("<=", 48), "{:.1f}")
    bench.table.ratio("", memory[0], Bun.name, memory[1], ("<=", 0.8), "{:.1f}")
    bench.table.ratio("", memory[0], Ws.name, memory[2], None, "{:.1f}")


def creations(bench, connections):
    """One after the other, each for a random one of those who are there."""
    return Belfry, ("--connections", connections, "--count", bench.size(500, 2_000))


def connections(bench):
    (few,), (many,) = bench.compare(creations(bench, 100), creations(bench, MANY))
    bench.table.ratio(f"CPU for each creation with {MANY:,} connections, µs", many["cpu_us_each"],
                      "with 100", few["cpu_us_each"], ("<=", 1.5))


def soup(bench):
    (few,), (many,) = bench.compare(creations(bench, 100), creations(bench, USERS))
    bench.table.ratio(f"CPU for each creation with {USERS:,} connections, µs",
                      many["cpu_us_each"], "with 100", few["cpu_us_each"], ("<=", 1.5))
    # It takes long to open its sockets, and differs little from round to round.
    with bench.serve(Soup) as server:
        plain = bench.load(server, "--connections", USERS, "--warm-up", 20,
                           "--count", bench.size(100, 500))
    bench.table.ratio("", many["cpu_us_each"], Soup.name, plain["cpu_us_each"], ("<=", 0.1))


def rows(bench):
    n = bench.size(500_000, 5_000_000)
    load = ("--connections", USERS, "--batch", 100, "--in-flight", 4,
            "--count", bench.size(30_000, 100_000))
    with bench.serve(Belfry) as server:
        empty = bench.load(server, *load)
        bench.load(server, "--connections", 0, "--users", USERS, "--batch", 1000,
                   "--in-flight", 4, "--count", n, timeout=1800)
        full = bench.load(server, *load)
    bench.table.ratio(f"CreateMany of 100 a second, {n:,} rows stored", full["per_second"],
                      "empty database", empty["per_second"], (">=", 0.5))


def lists(bench):
    """Users who are not there, so that nothing but the answers is measured."""
    sizes = {20_000: 100, 30_000: 100_000}
    times = {"list": {}, "count": {}}
    with bench.serve(Belfry) as server:
        for user, n in sizes.items():
            bench.load(server, "--connections", 0, "--users", 1, "--first-user", user,
                       "--warm-up", 0, "--count", n, "--batch", min(n, 1000), "--in-flight", 4)
        for call, by_size in times.items():
            for user, n in sizes.items():
                results = [bench.load(server, "--connections", 0, "--users", 1, "--first-user",
                                      user, "--call", call, "--count", 500)
                           for _ in range(bench.rounds)]
                by_size[n] = statistics.median(result["p50_us"] for result in results)
    for call, what in ("list", "List of 20"), ("count", "CountUnread"):
        bench.table.ratio(f"{what} of 100,000, p50, µs", times[call][100_000], "of 100",
                          times[call][100], ("<=", 2))


FIGURES = {
    "create-many": create_many,
    "create": create,
    "latency": latency,
    "send": send,
    "register": register,
    "connections": connections,
    "soup": soup,
    "rows": rows,
    "list": lists,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--quick", action="store_true",
                        help="one round of less instead of three, in two minutes")
    parser.add_argument("--only", action="append", choices=FIGURES, metavar="NAME",
                        help="one figure of " + ", ".join(FIGURES))
    arguments = parser.parse_args()
    bench = Bench(arguments.build, arguments.quick)
    begin = time.monotonic()
    for name in arguments.only or FIGURES:
        FIGURES[name](bench)
    print(f"\nIn {time.monotonic() - begin:.0f} s; {len(bench.table.missed)} of the targets missed")
    sys.exit(1 if bench.table.missed else 0)


if __name__ == "__main__":
    main()
