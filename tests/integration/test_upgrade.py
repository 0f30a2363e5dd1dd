#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The opening handshake byte by byte, and what follows it: RFC 6455, section 4.2."""

import socket

import belfry_test
from belfry_test import BelfryTestCase
from raw_socket import (CONTINUATION, PING, PONG, TEXT, RawSocket, frame, upgrade_request)

# The example of RFC 6455, section 1.3.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

GOOD = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}

PING_MESSAGE = frame(TEXT, b'{"type":"ping","id":1}')


def head(line="GET /ws HTTP/1.1", end="\r\n", **changes):
    """A handshake with some headers changed, or without them (None)."""
    headers = {**GOOD, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [line] + [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return (end.join(lines) + end + end).encode()


class UpgradeTestCase(BelfryTestCase):
    def raw(self):
        raw = RawSocket(self.daemon.port)
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(raw.close)
        return raw

    def answer_of(self, data):
        raw = self.raw()
        raw.write(data)
        status, headers = raw.read_head()
        return raw, status, headers

    def assert_upgraded(self, data):
        raw, status, headers = self.answer_of(data)
        self.assertEqual(status, 101, data)
        raw.read_json("connected")
        raw.write(PING_MESSAGE)
        raw.read_json("reply")
        return headers

    def assert_refused(self, data, expected):
        """It is answered, and that is the end of the connection."""
        raw = self.raw()
        raw.write(data)
        self.assertEqual(raw.read_response().status, expected, data)


class Bodies(UpgradeTestCase):
    # libsoup forgets the target of a request whose body it cannot read, so it may not get one.
    finds_leaks = True

    async def test_a_handshake_has_no_body(self):
        self.assert_refused(head(Content_Length="1"), 413)
        self.assert_refused(head(Transfer_Encoding="chunked"), 413)
        self.assert_refused(head(Transfer_Encoding="gzip"), 501)
        self.assert_refused(head(Content_Length="x"), 400)


    async def test_a_head_of_any_size_is_looked_at_or_refused(self):
        start = f"GET /{'x' * 60000} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\nX: "
        for size in *range(65528, 65548), 70000:
            raw = self.raw()
            raw.write((start + "y" * (size - len(start) - 4) + "\r\n\r\n").encode())
            raw.read_eof()
            self.assertIn(raw.buffer[:12], (b"", b"HTTP/1.1 400"))

    async def test_a_head_without_end_gets_no_answer(self):
        for line in "Content-Length: x", "Transfer-Encoding: gzip", "X: y":
            raw = self.raw()
            raw.write(f"GET /{'x' * 1000} HTTP/1.1\r\nHost: x\r\n{line}\r\n".encode())
            raw.socket.shutdown(socket.SHUT_WR)
            raw.read_eof()
            self.assertEqual(raw.buffer, b"")


class Handshakes(UpgradeTestCase):
    async def test_the_answer_proves_that_the_key_was_read(self):
        headers = self.assert_upgraded(head())
        self.assertEqual(headers, {"upgrade": "websocket", "connection": "Upgrade",
                                   "sec-websocket-accept": ACCEPT, "server": "Belfry"})

    async def test_no_extension_and_no_protocol_is_agreed_on(self):
        headers = self.assert_upgraded(head(
            Sec_WebSocket_Protocol="chat, superchat",
            Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
        self.assertNotIn("sec-websocket-protocol", headers)
        self.assertNotIn("sec-websocket-extensions", headers)

    async def test_what_may_be_written_otherwise_is_accepted(self):
        for data in (head(Upgrade="WebSocket"), head(Connection="keep-alive, Upgrade"),
                     head(Connection="upgrade"), head("GET /ws?room=1 HTTP/1.1"),
                     head("GET http://127.0.0.1/ws HTTP/1.1"), head("GET /%77s HTTP/1.1"),
                     head(end="\n"),
                     head().replace(b"Sec-WebSocket-Key", b"sec-websocket-KEY"),
                     b"\r\n" + head(), b"\r\n\n" + head(), head("GET /./ws HTTP/1.1"),
                     head(Host="[::1]:8080"), head(Cookie="x" * 65000), head(Content_Length="0")):
            self.assert_upgraded(data)

    async def test_each_header_is_needed(self):
        for expected, changes in (
                (426, {"Upgrade": None}), (426, {"Upgrade": "h2c"}), (400, {"Connection": None}),
                (400, {"Connection": "close"}), (400, {"Sec_WebSocket_Key": None}),
                (400, {"Sec_WebSocket_Key": ""}), (400, {"Sec_WebSocket_Key": KEY[:-4]}),
                (400, {"Sec_WebSocket_Key": "!" * 24}), (400, {"Sec_WebSocket_Key": KEY + "AAAA"}),
                (426, {"Sec_WebSocket_Version": None}), (426, {"Sec_WebSocket_Version": "8"}),
                (426, {"Sec_WebSocket_Version": "13, 8"}),
                (400, {"Upgrade": "websocket\r\nUpgrade: websocket"})):
            self.assert_refused(head(**changes), expected)

    async def test_a_host_is_needed_and_is_one(self):
        for line in "GET /ws HTTP/1.1", "GET http://127.0.0.1/ws HTTP/1.1":
            self.assert_refused(head(line, Host=None), 400)
        for host in "a/b", "[::1", "a%zz", "a:99999":
            self.assert_refused(head(Host=host), 400)

    async def test_other_methods_versions_and_paths_are_no_handshake(self):
        for expected, line in ((405, "POST /ws HTTP/1.1"), (405, "get /ws HTTP/1.1"),
                               (404, "GET /ws/ HTTP/1.1"), (404, "GET /wsx HTTP/1.1"),
                               (404, "GET //ws HTTP/1.1"),
                               (426, "GET /ws HTTP/1.0"),
                               (404, "GET http://127.0.0.1/wsx HTTP/1.1"),
                               (400, "GET http:/ws HTTP/1.1"), (400, "GET /ws?% HTTP/1.1")):
            self.assert_refused(head(line), expected)

    async def test_an_upgrade_of_a_page_is_no_upgrade(self):
        self.assert_refused(head("GET /healthz HTTP/1.1"), 200)

    async def test_a_foreign_origin_is_refused(self):
        self.assert_refused(head(Origin="http://evil.example"), 403)
        self.assert_refused(head(Origin="null"), 403)
        self.assert_upgraded(head(Origin="http://127.0.0.1"))

    async def test_a_connection_answers_one_request(self):
        """So nothing that comes behind an answer, an upgrade neither, is ever taken for frames."""
        raw = self.raw()
        raw.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + head())
        response = raw.read_response()
        self.assertEqual((response.status, response.headers["connection"]), (200, "close"))
        self.assertEqual(response.json(), {"status": "ok"})


class Pieces(UpgradeTestCase):
    async def test_a_head_may_come_in_two_pieces_cut_anywhere(self):
        data = head() + PING_MESSAGE
        for cut in range(1, len(data)):
            raw = self.raw()
            raw.write(data[:cut])
            raw.write(data[cut:])
            self.assertEqual(raw.read_head()[0], 101, cut)
            raw.read_json("connected")
            raw.read_json("reply")
            raw.close()

    async def test_a_head_may_come_byte_by_byte(self):
        raw = self.raw()
        for byte in head() + PING_MESSAGE:
            raw.write(bytes([byte]))
        self.assertEqual(raw.read_head()[0], 101)
        raw.read_json("connected")
        raw.read_json("reply")

    async def test_a_bad_head_in_pieces_is_refused_all_the_same(self):
        data = head(Origin="http://evil.example")
        for cut in range(1, len(data), 7):
            raw = self.raw()
            raw.write(data[:cut])
            raw.write(data[cut:])
            self.assertEqual(raw.read_response().status, 403)

    async def test_frames_right_behind_the_head_are_read(self):
        id = self.worker.create("alice")
        token = self.daemon.token("alice").encode()
        raw = self.raw()
        raw.write(head() + frame(PING, b"p")
                  + frame(TEXT, b'{"type":"register","jwtToken":"%s"}' % token)
                  + frame(TEXT, b'{"type":"list","id":', fin=False)
                  + frame(CONTINUATION, b'"l"}'))
        self.assertEqual(raw.read_head()[0], 101)
        raw.read_json("connected")
        self.assertEqual(raw.read_frame(), (PONG, b"p"))
        raw.read_json("registered")
        reply = raw.read_json("reply")
        self.assertEqual([item["id"] for item in reply["data"]["notifications"]], [id])

    async def test_frames_right_behind_the_head_are_counted(self):
        raw = self.raw()
        raw.write(head() + frame(PING) * 1000)
        self.assertEqual(raw.read_head()[0], 101)
        self.assertEqual(raw.read_close(), (["RATE_LIMITED"], 4101))

    async def test_many_messages_behind_the_head_are_answered_in_order(self):
        raw = self.raw()
        raw.write(head() + b"".join(frame(TEXT, b'{"type":"ping","id":%d}' % i)
                                    for i in range(100)))
        self.assertEqual(raw.read_head()[0], 101)
        raw.read_json("connected")
        self.assertEqual([raw.read_json("reply")["id"] for _ in range(100)], list(range(100)))


class Leavers(UpgradeTestCase):
    async def test_a_head_over_64_kib_is_cut_off(self):
        """One that would end there, and one that would go on."""
        for data in head(Cookie="x" * 66000), head()[:-2] + b"X: yyyy\r\n" * 20000:
            raw = self.raw()
            try:
                raw.write(data)
            except ConnectionError:
                pass
            raw.read_eof()
            self.assertNotIn(b"101", raw.buffer)
        self.assert_upgraded(head())

    async def test_who_leaves_in_the_middle_of_a_head_is_forgotten(self):
        data = head()
        for cut in range(0, len(data), 5):
            for leave in "reset", "close", "shutdown":
                raw = self.raw()
                raw.write(data[:cut])
                if leave == "shutdown":
                    raw.socket.shutdown(socket.SHUT_WR)
                    raw.read_eof()
                else:
                    getattr(raw, leave)()
        self.assert_upgraded(data)

    async def test_who_says_that_it_sends_no_more_is_answered(self):
        raw = self.raw()
        raw.write(head() + PING_MESSAGE)
        raw.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(raw.read_head()[0], 101)
        raw.read_json("connected")
        raw.read_json("reply")
        raw.read_eof()

    async def test_a_reset_right_behind_the_head_leaves_nothing(self):
        for _ in range(200):
            raw = self.raw()
            raw.write(upgrade_request())
            raw.reset()
        self.assert_upgraded(head())


if __name__ == "__main__":
    belfry_test.main()
