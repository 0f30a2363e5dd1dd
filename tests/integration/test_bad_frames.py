#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames that break RFC 6455 or our bounds: each ends as it should, and the next client is served."""

import os
import random
import struct

import belfry_test
from belfry_test import BelfryTestCase
from raw_socket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, frame)

PROTOCOL_ERROR, BAD_DATA, TOO_BIG = 1002, 1007, 1009
MAX = 65536


class BadFrames(BelfryTestCase):
    def raw(self, registered):
        raw = RawSocket.upgraded(self.daemon.port)
        self.addCleanup(raw.close)
        if registered:
            raw.write_json(type="register", jwtToken=self.daemon.token("mallory"))
            raw.read_json("registered")
        return raw

    async def assert_next_is_served(self):
        tab = await self.open("alice")
        id = self.worker.create("alice")
        self.assertEqual((await tab.receive("notification_received"))["data"]["id"], id)
        await tab.close()

    async def assert_closed(self, data, close_code):
        """Whoever sends this is closed with the code, without an error of ours."""
        for registered in False, True:
            raw = self.raw(registered)
            raw.write(data)
            self.assertEqual(raw.read_close(), ([], close_code))
        await self.assert_next_is_served()

    def padded(self, size):
        """A ping of exactly so many bytes."""
        text = '{"type":"ping","id":1,"data":{"x":""}}'
        return text.replace('""', '"' + "y" * (size - len(text)) + '"').encode()

    async def test_64_kib_are_taken_and_one_byte_more_is_not(self):
        for registered in False, True:
            raw = self.raw(registered)
            raw.write_frame(TEXT, self.padded(MAX))
            raw.read_json("reply")
            half = self.padded(MAX)
            raw.write(frame(TEXT, half[:1], fin=False) + frame(CONTINUATION, half[1:-1], fin=False)
                      + frame(PING, b"between") + frame(CONTINUATION, half[-1:]))
            self.assertEqual(raw.read_frame(), (PONG, b"between"))
            raw.read_json("reply")
        await self.assert_closed(frame(TEXT, self.padded(MAX + 1)), TOO_BIG)

    async def test_2_mb_are_refused_by_the_header_alone(self):
        for opcode in TEXT, BINARY:
            for length in 2 << 20, 1 << 40, (1 << 63) - 1:
                await self.assert_closed(frame(opcode, length=length), TOO_BIG)

    async def test_a_frame_of_2_mb_ends_in_1009_though_it_comes_whole(self):
        raw = self.raw(True)
        try:
            raw.write_frame(TEXT, b"x" * (2 << 20))
        except ConnectionError:
            pass
        self.assertEqual(raw.read_close(), ([], TOO_BIG))
        await self.assert_next_is_served()

    async def test_fragments_are_counted_together(self):
        part = frame(CONTINUATION, b"y" * 16384, fin=False)
        await self.assert_closed(frame(TEXT, b"x", fin=False) + part * 4, TOO_BIG)
        await self.assert_closed(frame(TEXT, b"x", fin=False) + (part + frame(PING)) * 3
                                 + frame(CONTINUATION, b"y" * 16384), TOO_BIG)

    async def test_fragments_without_end_are_cut_off(self):
        for part in frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, b"x", fin=False):
            raw = self.raw(True)
            raw.write(frame(TEXT, b"", fin=False) + part * 1000)
            self.assertEqual(raw.read_close(), (["RATE_LIMITED"], 4101))
        await self.assert_next_is_served()

    async def test_bad_utf_8(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82",
                    b'{"type":"ping","id":"\x80"}'):
            await self.assert_closed(frame(TEXT, bad), BAD_DATA)
        await self.assert_closed(frame(TEXT, b"\xe2", fin=False)
                                 + frame(CONTINUATION, b"\xff"), BAD_DATA)

    async def test_a_character_may_be_split_over_fragments(self):
        raw = self.raw(False)
        text = '{"type":"ping","id":"ü"}'.encode()
        cut = text.index(b"\xc3") + 1
        raw.write(frame(TEXT, text[:cut], fin=False) + frame(CONTINUATION, text[cut:]))
        self.assertEqual(raw.read_json("reply")["id"], "ü")

    async def test_reserved_bits_and_opcodes(self):
        for bit in 1, 2, 4:
            await self.assert_closed(frame(TEXT, b"{}", reserved=bit), PROTOCOL_ERROR)
        for opcode in 3, 7, 0xB, 0xF:
            await self.assert_closed(frame(opcode, b"x"), PROTOCOL_ERROR)

    async def test_frames_that_are_not_masked(self):
        for opcode in TEXT, PING:
            await self.assert_closed(frame(opcode, b"{}", masked=False), PROTOCOL_ERROR)

    async def test_a_continuation_of_nothing_and_a_message_inside_another(self):
        await self.assert_closed(frame(CONTINUATION, b"{}"), PROTOCOL_ERROR)
        await self.assert_closed(frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), PROTOCOL_ERROR)

    async def test_control_frames_that_are_none(self):
        for opcode in PING, PONG, CLOSE:
            await self.assert_closed(frame(opcode, b"x" * 126), PROTOCOL_ERROR)
            await self.assert_closed(frame(opcode, b"xx", fin=False), PROTOCOL_ERROR)

    async def test_pings_are_answered_with_what_they_held(self):
        raw = self.raw(False)
        for payload in b"", b"x", os.urandom(125):
            raw.write_frame(PING, payload)
            self.assertEqual(raw.read_frame(), (PONG, payload))
        raw.write_frame(PONG, b"unasked")
        raw.write_json(type="ping", id=1)
        raw.read_json("reply")

    async def test_a_close_is_answered(self):
        for payload in b"", struct.pack("!H", 1000), struct.pack("!H", 4999) + "tschüß".encode():
            for registered in False, True:
                raw = self.raw(registered)
                raw.write_frame(CLOSE, payload)
                raw.read_close()
                raw.read_eof()
        for payload in (b"x", struct.pack("!H", 1005), struct.pack("!H", 999),
                        struct.pack("!H", 1000) + b"\xff"):
            raw = self.raw(True)
            raw.write_frame(CLOSE, payload)
            raw.read_eof()
        await self.assert_next_is_served()

    async def test_nothing_behind_a_close_is_handled(self):
        id = self.worker.create("mallory")
        raw = self.raw(True)
        raw.write_frame(CLOSE, struct.pack("!H", 1000))
        raw.write_json(type="mark_read", data={"ids": [id]})
        raw.read_eof()
        tab = await self.open("mallory")
        self.assertEqual((await tab.request("unread_count"))["unreadCount"], 1)

    async def test_binary_is_answered_and_the_connection_stays(self):
        for registered in False, True:
            raw = self.raw(registered)
            raw.write_frame(BINARY, b"\0\xff")
            self.assertEqual(raw.read_json("error")["data"]["code"], "INVALID_MESSAGE")
            raw.write_json(type="ping", id=1)
            raw.read_json("reply")

    async def test_30000_deep_is_answered_and_100000_deep_is_too_long(self):
        for opening, closing in (b"[", b"]"), (b'{"a":', b"}"):
            n = 60000 // len(opening + closing)
            for text in opening * n, opening * n + b"1" + closing * n:
                for registered in False, True:
                    raw = self.raw(registered)
                    raw.write_frame(TEXT, b'{"type":"ping","data":' + text + b"}")
                    self.assertEqual(raw.read_json("error")["data"]["code"], "INVALID_MESSAGE")
                    raw.write_json(type="ping", id=1)
                    raw.read_json("reply")
        await self.assert_closed(frame(TEXT, b"[" * 100000), TOO_BIG)

    async def test_a_compressed_frame_is_not_negotiated(self):
        tab = await self.connect(compression="deflate")
        self.assertEqual(tab.socket.extensions, [])

    async def test_noise_of_any_kind_ends_the_connection_and_nothing_else(self):
        rng = random.Random(20)
        for _ in range(150):
            raw = self.raw(rng.random() < 0.5)
            try:
                raw.write(rng.randbytes(rng.randint(1, 4000)))
            except ConnectionError:
                pass
            raw.reset() if rng.random() < 0.5 else raw.close()
        await self.assert_next_is_served()

    async def test_a_message_byte_by_byte_is_understood(self):
        raw = self.raw(False)
        for byte in frame(TEXT, b'{"type":"ping","id":1}'):
            raw.write(bytes([byte]))
        raw.read_json("reply")


if __name__ == "__main__":
    belfry_test.main()
