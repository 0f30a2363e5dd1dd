# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker without manners, at the private socket: it writes what it likes, and reads when it likes."""

import os
import select
import socket

from belfry_test import NAME, PATH, PATIENCE, Gio, GLib

NO_CAPABILITIES = Gio.DBusCapabilityFlags.NONE


class RawWorker:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.buffer = b""
        self.serial = 0
        self.others = []
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        answer = self._read_line()
        assert answer.startswith(b"OK "), answer
        self.socket.sendall(b"BEGIN\r\n")

    def _read_line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError
        self.buffer += data

    def encode(self, method, signature, *args, serial=None, sender=None):
        """The bytes of a call. Without a serial it has the next one."""
        interface, member = method.split(".")
        message = Gio.DBusMessage.new_method_call(None, PATH, f"{NAME}.{interface}", member)
        if args:
            message.set_body(GLib.Variant(signature, args))
        self.serial = serial or self.serial + 1
        message.set_serial(self.serial)
        if sender is not None:
            message.set_sender(sender)
        return bytes(message.to_blob(NO_CAPABILITIES))

    def call(self, *args, **kwargs):
        self.socket.sendall(self.encode(*args, **kwargs))

    def _read_message(self):
        while len(self.buffer) < 16:
            self._more()
        needed = Gio.DBusMessage.bytes_needed(self.buffer[:16])
        while len(self.buffer) < needed:
            self._more()
        blob, self.buffer = self.buffer[:needed], self.buffer[needed:]
        return Gio.DBusMessage.new_from_blob(blob, NO_CAPABILITIES)

    def _read_until(self, is_wanted):
        for n, message in enumerate(self.others):
            if is_wanted(message):
                return self.others.pop(n)
        while True:
            message = self._read_message()
            if is_wanted(message):
                return message
            self.others.append(message)

    def read_answer(self):
        """The serial that the next answer is for, and what it gives: a tuple, or an error's name."""
        message = self._read_until(lambda m: m.get_message_type() in (
            Gio.DBusMessageType.METHOD_RETURN, Gio.DBusMessageType.ERROR))
        if message.get_message_type() == Gio.DBusMessageType.ERROR:
            return message.get_reply_serial(), message.get_error_name()
        body = message.get_body()
        return message.get_reply_serial(), body.unpack() if body is not None else ()

    def read_all_answers(self):
        """The answers up to the end of the connection."""
        answers = []
        try:
            while True:
                answers.append(self.read_answer())
        except (EOFError, ConnectionError):
            return answers

    def read_signal(self):
        message = self._read_until(lambda m: m.get_message_type() == Gio.DBusMessageType.SIGNAL)
        return message.get_member(), message.get_body().unpack()

    def is_hung_up(self):
        """Whether the other side has closed, which shows before what waits is read."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def close(self):
        self.socket.close()
