# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of each transport, as thin as they can be: bytes in, bytes out, and ids with times."""

import json
import os
import random
import resource
import selectors
import socket
import struct
import threading
import time

HEARTBEAT = 25  # seconds, after which a browser's client asks whether the server is there
GRAPHQL_COUNT = json.dumps({"query": "{getMyUnreadNotificationsCount}"}).encode()
GRAPHQL_LIST = json.dumps({
    "query": "query($page:PageParam!){getMyNotifications(pageParam:$page)"
             "{notifications{id data read createdAt}startIndex total}}",
    "variables": {"page": {"startIndex": 0, "perPage": 20}},
}).encode()


class Client:
    """One connection; what has come is in received, and when, by id, in seen."""

    def __init__(self, port, token):
        self.port = port
        self.token = token
        self.sent = self.received = 0
        self.seen = {}
        self.is_ready = False
        self.buffer = b""
        self.due = None  # when it wants to be woken
        self.connect()

    def connect(self):
        self.buffer = b""
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def send(self, data):
        self.socket.sendall(data)
        self.sent += len(data)

    def on_readable(self):
        """False at the end."""
        data = self.socket.recv(1 << 16)
        self.received += len(data)
        self.buffer += data
        self.parse()
        return data != b""

    def on_due(self):
        pass

    def see(self, id):
        self.seen.setdefault(id, time.monotonic())

    def close(self):
        self.socket.close()


class WebSocketClient(Client):
    name = "WebSocket"

    def connect(self):
        super().connect()
        self.is_upgraded = False
        self.send(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                  b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")

    def send_frame(self, opcode, payload):
        size = len(payload)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        self.send(head + bytes(4) + payload)  # masked with zeros
        self.due = time.monotonic() + HEARTBEAT

    def on_due(self):
        self.send_frame(1, b'{"type":"ping","id":1}')

    def parse(self):
        if not self.is_upgraded:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.buffer = rest
            self.is_upgraded = True
            self.send_frame(1, json.dumps({"type": "register", "jwtToken": self.token}).encode())
        while len(self.buffer) >= 2:
            size, start = self.buffer[1], 2
            if size == 126:
                size, start = int.from_bytes(self.buffer[2:4], "big"), 4
            if len(self.buffer) < start + size:
                return
            opcode = self.buffer[0] & 15
            payload = self.buffer[start:start + size]
            self.buffer = self.buffer[start + size:]
            if opcode == 9:
                self.send_frame(10, payload)
            elif opcode == 1:
                self.take(json.loads(payload))

    def take(self, frame):
        if frame["type"] == "registered":
            self.is_ready = True
        elif frame["type"] == "notification_received":
            self.see(frame["data"]["id"])


class EventsClient(Client):
    name = "Server-Sent Events"

    def connect(self):
        super().connect()
        self.is_chunked = None
        self.events = b""
        self.send(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                  b"Authorization: Bearer " + self.token.encode() + b"\r\n\r\n")

    def parse(self):
        if self.is_chunked is None:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 200"), head
            self.is_chunked = b"chunked" in head.lower()
            self.buffer = rest
        self.unwrap()
        *events, self.events = self.events.split(b"\n\n")
        for event in events:
            lines = [line for line in event.split(b"\n") if b": " in line]
            fields = dict(line.split(b": ", 1) for line in lines if not line.startswith(b":"))
            if fields.get(b"event") == b"registered":
                self.is_ready = True
            elif fields.get(b"event") == b"notification_received":
                self.see(json.loads(fields[b"data"])["id"])

    def unwrap(self):
        if not self.is_chunked:
            self.events += self.buffer
            self.buffer = b""
            return
        while b"\r\n" in self.buffer:
            size, _, rest = self.buffer.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.events += rest[:length]
            self.buffer = rest[length + 2:]


class PollingClient(Client):
    """Asks every so many seconds, beginning at random, over a connection that stays if it may."""

    interval = 5

    def __init__(self, port, token):
        self.polls = 0
        self.etag = None
        self.is_waiting = False
        super().__init__(port, token)
        self.is_ready = True
        self.due = time.monotonic() + random.random() * self.interval

    def on_due(self):
        self.due += self.interval
        if not self.is_waiting:
            self.is_waiting = True
            self.send(self.request())

    def parse(self):
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", 0))
        if len(body) < length:
            return
        self.buffer = b""
        self.polls += 1
        self.is_waiting = False
        if b" 200 " in head[:16]:
            self.etag = fields.get(b"etag")
            self.take(json.loads(body[:length]))
        else:
            assert b" 304 " in head[:16], head


class GraphQlClient(PollingClient):
    name = "GraphQL, polled"
    query = GRAPHQL_LIST

    def request(self):
        return (b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Accept: application/json\r\nAuthorization: Bearer " + self.token.encode()
                + b"\r\nContent-Length: %d\r\n\r\n" % len(self.query) + self.query)

    def take(self, answer):
        for entry in answer["data"].get("getMyNotifications", {"notifications": []})["notifications"]:
            self.see(entry["id"])


class GraphQlCountClient(GraphQlClient):
    name = "GraphQL, the count polled"
    query = GRAPHQL_COUNT


class HttpClient(PollingClient):
    """Belfry's HTTP interface, which closes the connection after each answer."""

    name = "HTTP with ETag, polled"

    def request(self):
        condition = b"If-None-Match: " + self.etag + b"\r\n" if self.etag else b""
        return (b"GET /api/notifications?limit=20 HTTP/1.1\r\nHost: 127.0.0.1\r\n" + condition
                + b"Authorization: Bearer " + self.token.encode() + b"\r\n\r\n")

    def on_due(self):
        if self.socket.fileno() < 0:
            self.connect()
            self.crowd.watch(self)
        super().on_due()

    def take(self, answer):
        for entry in answer["notifications"]:
            self.see(entry["id"])


class Crowd:
    """Clients, and the thread that serves them all."""

    def __init__(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        self.selector = selectors.DefaultSelector()
        self.clients = []
        self.lock = threading.Lock()
        self.is_running = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def watch(self, client):
        self.selector.register(client.socket, selectors.EVENT_READ, client)

    def add(self, client):
        with self.lock:
            client.crowd = self
            self.clients.append(client)
            self.watch(client)

    def run(self):
        next_look = 0
        while self.is_running:
            for key, _ in self.selector.select(0.01):
                if not key.data.on_readable():
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()
            now = time.monotonic()
            if now >= next_look:
                next_look = now + 0.01
                with self.lock:
                    for client in self.clients:
                        if client.due is not None and client.due <= now:
                            client.on_due()

    def wait_until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit("what was waited for did not come")
            time.sleep(0.002)

    def bytes(self):
        return sum(client.sent + client.received for client in self.clients)

    def close(self):
        self.is_running = False
        self.thread.join()
        for client in self.clients:
            client.close()
        self.selector.close()
