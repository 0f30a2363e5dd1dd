# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tabs by the thousand: frames of a server are taken apart, and nothing else is done for them."""

import asyncio
import contextlib
import json
import resource
import socket

from belfry_test import PATIENCE
from raw_socket import PING, PONG, TEXT, frame, upgrade_request


def allow_many_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class LightTab:
    frames = None
    pump = None

    @classmethod
    async def open(cls, port, token, receive_buffer=None, **register):
        """One that is registered; what it was told is in .registered. Who is sent away, as by a
        server that goes down, gets a ConnectionRefusedError."""
        self = cls()
        peer = socket.socket()
        peer.setblocking(False)
        if receive_buffer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", port))
        self.reader, self.writer = await asyncio.open_connection(sock=peer, limit=4096)
        self.writer.write(upgrade_request())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert (await self.receive())["type"] == "connected"
        await self.send(type="register", jwtToken=token, data=register)
        answer = await self.receive()
        if answer["type"] != "registered":
            self.writer.close()
            raise ConnectionRefusedError(answer)
        self.registered = answer["data"]
        return self

    async def send(self, **message):
        self.writer.write(frame(TEXT, json.dumps(message).encode()))
        await self.writer.drain()

    async def receive_frame(self):
        """The next one that is no ping, which is answered."""
        while True:
            first, length = await self.reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            payload = await self.reader.readexactly(length)
            if first != 0x80 | PING:
                return first, payload
            self.writer.write(frame(PONG, payload))

    def stay(self):
        """Answers pings from now on, received from or not: many tabs take longer than a heartbeat."""
        self.frames = asyncio.Queue()
        self.pump = asyncio.create_task(self.take_frames())

    async def take_frames(self):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.frames.put_nowait(await self.receive_frame())

    async def receive_text(self):
        first, payload = await (self.frames.get() if self.frames else self.receive_frame())
        assert first == 0x80 | TEXT, (first, payload)
        return payload

    async def receive(self):
        return json.loads(await asyncio.wait_for(self.receive_text(), 4 * PATIENCE))

    def close(self):
        if self.pump:
            self.pump.cancel()
        self.writer.transport.abort()
