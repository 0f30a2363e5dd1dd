# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each way of telling a page costs: the table of docs/choosing-a-transport.md.

Belfry over a WebSocket, Server-Sent Events and polled HTTP; beside it a GraphQL server that is polled.
Below it the round trip between two browsers, over Belfry and over WebRTC.
"""

import argparse
import base64
import dataclasses
import hashlib
import hmac
import http.client
import json
import os
import random
import statistics
import subprocess
import time

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

import servers  # noqa: E402
from transport_clients import (  # noqa: E402
    Crowd, EventsClient, GraphQlClient, GraphQlCountClient, HttpClient, WebSocketClient)

NAME, PATH = "org.belfry.Belfry1", "/org/belfry/Belfry1"
DATA = json.dumps({"title": "Your export is ready", "body": "It has 1,204 rows", "url": "/exports/17"})


PAGE = 20  # notifications in an inbox, and in what is polled


def token(server, user):
    with open(server.secret, encoding="ascii") as file:
        secret = file.read().encode()
    parts = {"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + 86400}
    text = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return text + "." + encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class BelfryWorker:
    """Creates over the bus, as a worker does."""

    def __init__(self, server):
        self.connection = Gio.DBusConnection.new_for_address_sync(
            server.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)

    def create(self, user):
        arguments = GLib.Variant("(ssa{sv})", (user, DATA, {}))
        return self.call("Create", arguments)

    def call(self, method, arguments):
        return self.connection.call_sync(
            NAME, PATH, NAME + ".Notifications", method, arguments, None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]

    def fill(self, user, count):
        many = [(user, DATA, {})] * count
        self.call("CreateMany", GLib.Variant("(a(ssa{sv}))", (many,)))


class GraphQlWorker:
    """Posts, over a connection that stays."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def create(self, user):
        self.connection.request("POST", f"/create/{user}", DATA)
        return json.loads(self.connection.getresponse().read())["id"]

    def fill(self, user, count):
        for _ in range(count):
            self.create(user)


@dataclasses.dataclass
class Sizes:
    creations: int  # for the time, with one page
    pages: int  # that are idle, and polling
    idle_seconds: int  # whole heartbeats, where it shall be right
    busy: int  # creations for the pages, for the CPU


def cpu_seconds(server):
    seconds = 0
    for pid in server.pids():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                seconds += int(file.read().split()[0]) / 1e9
    return seconds


def resident_kib(server):
    total = 0
    for pid in server.pids():
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return total


class Measured:
    """One transport, on a server of its own."""

    def __init__(self, client_class, server_class, worker_class, build):
        self.client_class = client_class
        self.server = server_class(build)
        self.worker = worker_class(self.server)
        self.crowd = Crowd()
        self.figures = {}

    def open(self, user):
        client = self.client_class(self.server.port, token(self.server, user))
        client.user = user
        self.crowd.add(client)
        return client

    def close(self):
        self.crowd.close()
        self.server.stop()

    def measure_time(self, count):
        """From the call to the page, one after the other, a page for each where pages poll."""
        polls = hasattr(self.client_class, "interval")
        clients = [self.open(f"t{n}") for n in range(200 if polls else 1)]
        self.crowd.wait_until(lambda: all(client.is_ready for client in clients))
        calls = []
        before = self.crowd.bytes()
        for n in range(200 if polls else count):
            client = clients[n % len(clients)]
            begin = time.monotonic()
            id = self.worker.create(client.user)
            calls.append((client, id, begin))
            if not polls:
                self.crowd.wait_until(lambda: id in client.seen)  # noqa: B023
                time.sleep(random.random() * 0.005)
        if "Count" in self.client_class.__name__:
            time.sleep(2 * self.client_class.interval)
        else:
            self.crowd.wait_until(lambda: all(id in client.seen for client, id, _ in calls))
            took = sorted(client.seen[id] - begin for client, id, begin in calls)
            self.figures["p50_ms"] = statistics.median(took) * 1000
            self.figures["p99_ms"] = took[int(len(took) * 0.99)] * 1000
        if not polls:
            self.figures["bytes_each"] = (self.crowd.bytes() - before) / count
        self.drop_clients()

    def drop_clients(self):
        self.crowd.close()
        self.crowd = Crowd()
        time.sleep(0.5)

    def measure_idle(self, pages, seconds):
        """Memory, bytes and CPU of pages to which nothing happens. Each has a full inbox."""
        polls = hasattr(self.client_class, "interval")
        for n in range(pages):
            self.worker.fill(f"i{n}", PAGE)
        before = resident_kib(self.server)
        clients = [self.open(f"i{n}") for n in range(pages)]
        self.crowd.wait_until(lambda: all(client.is_ready for client in clients))
        if polls:
            self.crowd.wait_until(lambda: all(client.polls for client in clients))
        time.sleep(1)
        bytes_before, cpu_before = self.crowd.bytes(), cpu_seconds(self.server)
        polls_before = sum(client.polls for client in clients) if polls else 0
        begin = time.monotonic()
        time.sleep(seconds)
        hours = pages * (time.monotonic() - begin) / 3600
        n_bytes, cpu = self.crowd.bytes() - bytes_before, cpu_seconds(self.server) - cpu_before
        self.figures["idle_bytes_hour"] = n_bytes / hours
        self.figures["idle_cpu_hour_ms"] = cpu * 1000 / hours
        if polls:
            polled = sum(client.polls for client in clients) - polls_before
            self.figures["bytes_poll"] = n_bytes / polled
            self.figures["cpu_poll_us"] = cpu * 1e6 / polled
        self.figures["kib_page"] = (resident_kib(self.server) - before) / pages
        return clients

    def measure_busy(self, clients, count):
        """CPU of the server, of what is created and told beside the idle ones."""
        before = cpu_seconds(self.server)
        created = [(client, self.worker.create(client.user))
                   for client in random.choices(clients, k=count)]
        if not hasattr(self.client_class, "interval"):
            self.crowd.wait_until(lambda: all(id in client.seen for client, id in created))
        self.figures["cpu_1000_ms"] = (cpu_seconds(self.server) - before) * 1e6 / count

    def run(self, sizes):
        self.measure_time(sizes.creations)
        clients = self.measure_idle(sizes.pages, sizes.idle_seconds)
        if not hasattr(self.client_class, "interval"):
            self.measure_busy(clients, sizes.busy)
        return self.figures


ROWS = (
    ("p50_ms", "from the worker's call to the page, median, ms", "{:,.2f}"),
    ("p99_ms", "the same, 99 of 100, ms", "{:,.2f}"),
    ("bytes_each", "bytes on the connection for a notification", "{:,.0f}"),
    ("bytes_poll", "bytes on the connection for a poll", "{:,.0f}"),
    ("cpu_poll_us", "CPU of the server for a poll, µs", "{:,.0f}"),
    ("idle_bytes_hour", "bytes an hour of a page to which nothing happens", "{:,.0f}"),
    ("idle_cpu_hour_ms", "CPU of the server for it, ms an hour", "{:,.1f}"),
    ("cpu_1000_ms", "CPU of the server for 1,000 notifications, ms", "{:,.0f}"),
    ("kib_page", "memory of the server for a page, KiB", "{:,.1f}"),
)

TRANSPORTS = (
    (WebSocketClient, servers.Belfry, BelfryWorker),
    (EventsClient, servers.Belfry, BelfryWorker),
    (HttpClient, servers.Belfry, BelfryWorker),
    (GraphQlClient, servers.GraphQl, GraphQlWorker),
    (GraphQlCountClient, servers.GraphQl, GraphQlWorker),
)


def show(results):
    print("| | " + " | ".join(kind.name for kind in results) + " |")
    print("| --- " * (len(results) + 1) + "|")
    for key, what, form in ROWS:
        values = (form.format(figures[key]) if key in figures else "" for figures in results.values())
        print(f"| {what} | " + " | ".join(values) + " |", flush=True)


def measure_webrtc(build, count):
    """Two browsers: only they speak it."""
    here = os.path.dirname(os.path.abspath(__file__))
    environment = dict(os.environ, BELFRYD=os.path.abspath(os.path.join(build, "src/daemon/belfryd")))
    subprocess.run(["node", os.path.join(here, "webrtc.js"), str(count)], check=True, env=environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--quick", action="store_true", help="less of all, in a minute")
    parser.add_argument("--only", default="transports", choices=["transports"])
    parser.add_argument("--transport", help="one whose name has this")
    arguments = parser.parse_args()
    sizes = Sizes(100, 200, 10, 500) if arguments.quick else Sizes(500, 1000, 50, 5000)
    results = {}
    for kind, *how in TRANSPORTS:
        if arguments.transport is None or arguments.transport in kind.name:
            measured = Measured(kind, *how, os.path.abspath(arguments.build))
            try:
                results[kind] = measured.run(sizes)
            finally:
                measured.close()
    if results:
        show(results)
    if arguments.transport is None or arguments.transport in "WebRTC":
        print(flush=True)
        measure_webrtc(arguments.build, 50 if arguments.quick else 500)


if __name__ == "__main__":
    main()
