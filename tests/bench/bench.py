#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures Belfry beside its peers, in the same run and on the same load, and prints a table.

What is compared are ratios, since machines and their moods differ. README.md beside this says what
each figure is, and why it is fair.
"""

import argparse
import dataclasses
import os
import statistics
import sys
import time

from served import Served, settle
from servers import Belfry, Bun, BunSqlite, Nchan, NchanTwo, Soup, Ws

USERS = 10_000
MANY = 15_000
MOST = 1_000_000  # messages in a turn, which ends before
BUS = "bus"
BUS_COUNTS = "bus, its CPU counts"
SOCKET = "worker socket"
HTTP = "HTTP"


@dataclasses.dataclass
class Row:
    """One line of the table: what was measured in each turn."""

    what: str
    ours: list
    peer: str = ""
    theirs: list = dataclasses.field(default_factory=list)  # as many, or none
    target: tuple = None  # such as ("<=", 2), for the ratio, or for our value if there is no peer
    form: str = "{:,.0f}"

    def add(self, other):
        """The same line of another round. The lists are those of other lines too."""
        self.ours = self.ours + other.ours
        self.theirs = self.theirs + other.theirs

    def value(self):
        """What the target is for. Both sides of a turn met the same mood of the machine."""
        if not self.theirs:
            return statistics.median(self.ours)
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def is_missed(self):
        if self.target is None:
            return False
        relation, limit = self.target
        return self.value() > limit if relation == "<=" else self.value() < limit


class Table:
    """Prints rows, and counts the targets that were missed."""

    def __init__(self):
        self.missed = 0
        self.print("", "Belfry", "beside", "", "ratio", "target", "")

    @staticmethod
    def print(what, ours, peer, theirs, ratio, target, verdict):
        line = f"{what:<50}{ours:>9}  {peer:<17}{theirs:>9}{ratio:>9}  {target:<9} {verdict}"
        print(line.rstrip(), flush=True)

    def show(self, row):
        ratio = theirs = target = verdict = unit = ""
        if row.theirs:
            theirs = row.form.format(statistics.median(row.theirs))
            ratio = f"{row.value():.2f} ×"
            unit = " ×"
        if row.target is not None:
            target = f"{'≤' if row.target[0] == '<=' else '≥'} {row.target[1]:g}{unit}"
            verdict = "MISSED" if row.is_missed() else "ok"
            self.missed += row.is_missed()
        self.print(row.what, row.form.format(statistics.median(row.ours)), row.peer, theirs, ratio,
                   target, verdict)


class Bench:
    """The servers of a stage, which run side by side and take turns."""

    def __init__(self, build, quick):
        self.build = os.path.abspath(build)
        self.quick = quick
        self.servers = {}

    def size(self, quick, full):
        return quick if self.quick else full

    def serve(self, kind, connections=USERS):
        """The server of this kind that the figures of a stage share, perhaps without browsers."""
        if (kind, connections) not in self.servers:
            self.servers[kind, connections] = Served(kind(self.build), connections)
        return self.servers[kind, connections]

    def open(self, kind, connections=USERS):
        served = self.serve(kind, connections)
        if served.load is None:
            served.open()
        return served

    def take_turns(self, turns, *contenders):
        """Each contender is a server, a way to call it, and options of the load. Gives for each
        what was measured, by turn."""
        results = [[] for _ in contenders]
        for _ in range(turns):
            for result, (served, way, *options) in zip(results, contenders):
                settle(self.servers.values())
                result.append(served.run(way, *options, "--seconds", self.size(0.4, 1),
                                         "--count", MOST))
        return results

    def stop(self):
        for served in self.servers.values():
            served.stop()
        self.servers.clear()


class Machine:
    """How busy others keep the cores: commits are what suffers most of it."""

    def __init__(self):
        self.total, self.busy = self.read()

    @staticmethod
    def read():
        """Seconds of all cores, and those that weren't idle or ours."""
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
        total = sum(ticks) / os.sysconf("SC_CLK_TCK")
        idle = sum(ticks[3:5]) / os.sysconf("SC_CLK_TCK")
        return total, total - idle - sum(os.times()[:4])

    def others(self):
        """Their share since the start, the kernel's own threads included. What we started must
        have ended."""
        total, busy = self.read()
        return (busy - self.busy) / (total - self.total)


def values(results, key):
    return [result[key] for result in results]


def create_many(bench):
    """As many as there can be, stored and delivered."""
    belfry, sqlite = bench.open(Belfry), bench.open(BunSqlite)
    one, two = bench.open(Nchan), bench.open(NchanTwo)
    ours = ("--batch", 100, "--in-flight", 4)
    posts = ("--in-flight", 64)
    results = bench.take_turns(
        4, (belfry, BUS, *ours), (one, HTTP, *posts), (sqlite, HTTP, *posts),
        (belfry, SOCKET, *ours), (two, HTTP, *posts))
    bus, one, stored, direct, two = (values(result, "per_second") for result in results)
    nchan = max(one, two, key=statistics.median)
    what = "CreateMany of 100, delivered a second, over the"
    for way, rates in (BUS, bus), (SOCKET, direct):
        yield Row(f"{what} {way}", rates, Nchan.name, nchan, (">=", 1.3))
        yield Row("", rates, BunSqlite.name, stored, (">=", 10))
        what = "  over the"
    yield Row("  CPU of belfryd for each, µs", values(results[0], "cpu_us_each"), form="{:.1f}")
    yield Row("  p99 from call to browser, ms",
              [p99 / 1000 for p99 in values(results[0], "p99_us")], form="{:.1f}")


def create(bench):
    belfry, sqlite = bench.open(Belfry), bench.open(BunSqlite)
    bus, stored, direct = bench.take_turns(
        4, *((served, way, "--in-flight", 64)
             for served, way in ((belfry, BUS), (sqlite, HTTP), (belfry, SOCKET))))
    what = "Create, 64 in flight, delivered a second, over the"
    for way, results in (BUS, bus), (SOCKET, direct):
        yield Row(f"{what} {way}", values(results, "per_second"), BunSqlite.name,
                  values(stored, "per_second"), (">=", 3))
        what = "  over the"
    yield Row("  CPU of belfryd for each, µs", values(bus, "cpu_us_each"), form="{:.1f}")


def latency(bench):
    belfry, sqlite = bench.open(Belfry), bench.open(BunSqlite)
    direct, stored, bus = bench.take_turns(
        4, *((served, way, "--warm-up", 50)
             for served, way in ((belfry, SOCKET), (sqlite, HTTP), (belfry, BUS))))
    yield Row("Create, one at a time, worker socket, p50, µs", values(direct, "p50_us"),
              BunSqlite.name, values(stored, "p50_us"), ("<=", 1.3))
    yield Row("  p99, µs", values(direct, "p99_us"), BunSqlite.name, values(stored, "p99_us"))
    yield Row("  over the bus, p50, µs", values(bus, "p50_us"), BunSqlite.name,
              values(stored, "p50_us"))


def register(bench):
    turns = 3
    peers = bench.serve(Belfry), bench.serve(Bun)
    ours, bun = [], []
    for _ in range(turns):
        for served, openings in zip(peers, (ours, bun)):
            openings.append(served.open())
            settle([served])
    ws = [bench.open(Ws).load.opening] * turns
    yield Row("Handshakes and registrations a second", values(ours, "opened_per_second"), Bun.name,
              values(bun, "opened_per_second"), (">=", 1))
    yield Row("", values(ours, "opened_per_second"), Ws.name, values(ws, "opened_per_second"))
    yield Row("  CPU for each, µs", values(ours, "cpu_us_opened"), Bun.name,
              values(bun, "cpu_us_opened"))
    # Later ones have memory that was somebody's who has gone.
    megabytes = [[results[0]["rss_kib"] / 1024] for results in (ours, bun, ws)]
    yield Row(f"Resident memory with {USERS:,} registered, MB", megabytes[0], target=("<=", 48),
              form="{:.1f}")
    yield Row("", megabytes[0], Bun.name, megabytes[1], ("<=", 0.8), "{:.1f}")
    yield Row("", megabytes[0], Ws.name, megabytes[2], form="{:.1f}")


def send(bench):
    """What isn't stored. The bus daemon's CPU counts as Belfry's, as a peer parses HTTP itself."""
    belfry, bun, ws = bench.open(Belfry), bench.open(Bun), bench.open(Ws)
    for what, *load in (
            ("SendToUsers", "--call", "send", "--batch", 1000, "--warm-up", 5),
            ("Broadcast", "--call", "broadcast", "--warm-up", 2)):
        results = bench.take_turns(
            3, *((served, way, *load, "--in-flight", 4)
                 for served, way in ((belfry, BUS_COUNTS), (bun, HTTP), (ws, HTTP))))
        ours, *theirs = (values(r, "cpu_us_frame") for r in results)
        yield Row(f"{what}, CPU for each frame, µs", ours, Bun.name, theirs[0], ("<=", 1),
                  "{:.2f}")
        yield Row("", ours, Ws.name, theirs[1], form="{:.2f}")


def creations(bench, connections):
    """One after the other, each for a random one of those who are there."""
    return bench.open(Belfry, connections), BUS


def connections(bench):
    few, many = bench.take_turns(3, creations(bench, 100), creations(bench, MANY))
    yield Row(f"CPU for each creation with {MANY:,} connections, µs", values(many, "cpu_us_each"),
              "with 100", values(few, "cpu_us_each"), ("<=", 1.5))


def soup(bench):
    plain = bench.open(Soup), BUS, "--warm-up", 5
    few, many, plain = bench.take_turns(3, creations(bench, 100), creations(bench, USERS), plain)
    yield Row(f"CPU for each creation with {USERS:,} connections, µs", values(many, "cpu_us_each"),
              "with 100", values(few, "cpu_us_each"), ("<=", 1.5))
    yield Row("", values(many, "cpu_us_each"), Soup.name, values(plain, "cpu_us_each"),
              ("<=", 0.1))


def rows(bench):
    n = bench.size(200_000, 5_000_000)
    belfry = bench.open(Belfry)
    load = (belfry, BUS, "--batch", 100, "--in-flight", 4)
    empty, = bench.take_turns(3, load)
    belfry.run(BUS, "--batch", 1000, "--in-flight", 4, "--count", n)
    full, = bench.take_turns(3, load)
    yield Row(f"CreateMany of 100 a second, {n:,} rows stored", values(full, "per_second"),
              "empty database", values(empty, "per_second"), (">=", 0.5))


def lists(bench):
    """Users who are not there, so that nothing but the answers is measured."""
    belfry = bench.open(Belfry, 0)
    sizes = {100: 20_000, 100_000: 30_000}
    for n, user in sizes.items():
        belfry.run(BUS, "--users", 1, "--first-user", user, "--warm-up", 0, "--count", n,
                   "--batch", min(n, 1000), "--in-flight", 4)
    for call, what in ("list", "List of 20"), ("count", "CountUnread"):
        few, many = bench.take_turns(
            3, *((belfry, BUS, "--users", 1, "--first-user", user, "--call", call)
                 for user in sizes.values()))
        yield Row(f"{what} of 100,000, p50, µs", values(many, "p50_us"), "of 100",
                  values(few, "p50_us"), ("<=", 2))


# Those of a stage share their servers, in this order. The full run makes the rounds of each.
STAGES = (
    (3, {"create-many": create_many, "create": create, "latency": latency}),
    (3, {"register": register, "send": send}),
    (3, {"connections": connections, "soup": soup}),
    (1, {"rows": rows}),
    (1, {"list": lists}),
)
FIGURES = [name for _, figures in STAGES for name in figures]


def run_stage(bench, rounds, figures):
    """Gives the rows and the seconds of each figure."""
    all_rows = {name: [] for name in figures}
    seconds = dict.fromkeys(figures, 0)
    for _ in range(rounds):
        for name, figure in figures.items():
            begin = time.monotonic()
            new = list(figure(bench))
            for row, other in zip(all_rows[name], new):
                row.add(other)
            all_rows[name] = all_rows[name] or new
            seconds[name] += time.monotonic() - begin
        bench.stop()
    return [(name, all_rows[name], seconds[name]) for name in figures]


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
    table = Table()
    machine = Machine()
    begin = time.monotonic()
    try:
        for rounds, figures in STAGES:
            chosen = {name: figure for name, figure in figures.items()
                      if name in (arguments.only or FIGURES)}
            for name, all_rows, seconds in run_stage(bench, 1 if bench.quick else rounds, chosen):
                for row in all_rows:
                    table.show(row)
                print(f"{'':<8}({name}: {seconds:.0f} s)", flush=True)
    finally:
        bench.stop()
    print(f"\nIn {time.monotonic() - begin:.0f} s; {table.missed} of the targets missed."
          f" Others had {machine.others():.0%} of the cores.")
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
