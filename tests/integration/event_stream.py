# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that reads Server-Sent Events."""

import asyncio
import contextlib
import json

import openapi
import wire_schema
from belfry_test import PATIENCE


class EventStream:
    """A stream on a socket of its own. What is read is held against the schema of frames."""

    @classmethod
    async def request(cls, port, token=None, method="GET", path="/events", version="1.1",
                      sock=None, **headers):
        self = cls()
        self.id = None
        where = {"sock": sock} if sock else {"host": "127.0.0.1", "port": port}
        self.reader, self.writer = await asyncio.open_connection(**where, limit=1 << 20)
        headers.setdefault("Host", f"127.0.0.1:{port}")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        self.writer.write(f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode())
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        first, *lines = head.strip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in
                        (line.split(": ", 1) for line in lines)}
        return self

    @classmethod
    async def open(cls, port, token, **kwargs):
        """One that is registered; what it was told is in .registered."""
        self = await cls.request(port, token, **kwargs)
        assert self.status == 200, (self.status, await self.reader.read())
        assert self.headers["content-type"] == "text/event-stream"
        await self.receive("connected")
        self.registered = (await self.receive("registered"))["data"]
        return self

    async def receive_text(self):
        """The lines of the next event: name and value."""
        block = await asyncio.wait_for(self.reader.readuntil(b"\n\n"), PATIENCE)
        return [tuple(line.split(": ", 1)) for line in block.decode()[:-2].split("\n")]

    async def receive(self, type=None):
        """The next event, as the frame that it is."""
        while (lines := await self.receive_text()) == [(":",)]:
            pass
        fields = [name for name, _ in lines]
        assert fields[0] == "event" and set(fields) <= {"event", "data", "id"}, lines
        frame = {"type": lines[0][1],
                 "data": json.loads("\n".join(v for n, v in lines if n == "data"))}
        ids = [value for name, value in lines if name == "id"]
        has_position = (frame["type"] in ("registered", "caught_up")
                        or frame["type"].startswith("notification"))
        assert len(ids) == has_position, lines
        if ids:
            self.id = ids[0]
            assert self.id.split("/")[1] == str(frame["data"]["position"]), lines
        wire_schema.check_server_frame(frame)
        assert type is None or frame["type"] == type, f"expected {type}, got {frame}"
        return frame

    async def receive_last(self, code):
        """The next event, which has to be this error, and then the end."""
        frame = await self.receive("error")
        assert frame["data"]["code"] == code and frame["data"]["fatal"] is True, frame
        assert await asyncio.wait_for(self.reader.read(), PATIENCE) == b""
        return frame

    async def problem(self):
        """The problem that it was answered with."""
        assert self.headers["content-type"] == "application/problem+json", self.headers
        body = await asyncio.wait_for(self.reader.read(), PATIENCE)
        assert len(body) == int(self.headers["content-length"])
        problem = json.loads(body)
        assert problem["status"] == self.status, problem
        self.body = body
        openapi.check("GET", "/events", self)
        return problem

    async def close(self):
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
