# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client without manners: it writes what bytes it likes to the daemon's port."""

import base64
import json
import os
import socket
import struct

import wire_schema
from belfry_test import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0


def frame(opcode, payload=b"", fin=True, reserved=0, masked=True, length=None):
    """A WebSocket frame: RFC 6455, section 5.2. length: what the header says, if not the truth."""
    length = len(payload) if length is None else length
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if length < 126:
        header = struct.pack("!BB", first, mask_bit | length)
    elif length < 1 << 16:
        header = struct.pack("!BBH", first, mask_bit | 126, length)
    else:
        header = struct.pack("!BBQ", first, mask_bit | 127, length)
    # A mask of zeros is a mask.
    return header + (b"\0\0\0\0" if masked else b"") + payload


def upgrade_request(host="127.0.0.1", path="/ws", key=None, **headers):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: " + (key or base64.b64encode(os.urandom(16)).decode()),
             "Sec-WebSocket-Version: 13"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class RawSocket:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""

    @classmethod
    def upgraded(cls, port, connected=True):
        """One that has shaken hands and read the first frame."""
        self = cls(port)
        self.write(upgrade_request())
        status, _ = self.read_head()
        assert status == 101, status
        if connected:
            self.read_json("connected")
        return self

    def write(self, data):
        self.socket.sendall(data)

    def write_frame(self, *args, **kwargs):
        self.write(frame(*args, **kwargs))

    def write_json(self, **message):
        self.write_frame(TEXT, json.dumps(message).encode())

    def _more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return len(data) > 0

    def _read(self, n):
        while len(self.buffer) < n:
            if not self._more():
                raise EOFError
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def read_head(self):
        """The status and the headers of an answer."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                raise EOFError
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return int(first.split()[1]), headers

    def read_response(self):
        """An answer to the end of the connection."""
        status, headers = self.read_head()
        while self._more():
            pass
        body, self.buffer = self.buffer, b""
        return Response(status, headers, body)

    def read_frame(self):
        """The opcode and the payload of the next frame of the server."""
        first, second = self._read(2)
        assert first & 0x80 and not first & 0x70 and not second & 0x80
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._read(8))
        return first & 0x0F, self._read(length)

    def read_json(self, type=None):
        opcode, payload = self.read_frame()
        assert opcode == TEXT, (opcode, payload)
        message = json.loads(payload)
        wire_schema.check_server_frame(message)
        assert type is None or message["type"] == type, message
        return message

    def read_close(self):
        """Reads up to the Close. Gives the errors before it, and its code."""
        errors = []
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return errors, struct.unpack("!H", payload[:2])[0] if payload else None
            if opcode == TEXT:
                message = json.loads(payload)
                if message["type"] == "error":
                    errors.append(message["data"]["code"])

    def read_eof(self):
        """Reads up to the end, whatever comes. A reset is an end, too."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass

    def reset(self):
        """Ends the connection as a machine does that loses it: with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def request(port, method="GET", path="/", body=b"", **headers):
    """One HTTP request, answered to the end of the connection."""
    raw = RawSocket(port)
    headers.setdefault("Host", f"127.0.0.1:{port}")
    head = f"{method} {path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        raw.write(head.encode() + b"\r\n" + body)
        return raw.read_response()
    finally:
        raw.close()
