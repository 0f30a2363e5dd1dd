#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is answered over plain HTTP, and which pages may open a WebSocket."""

import os
import pathlib
import select
import time
import unittest
import xml.etree.ElementTree

import belfry_test
from belfry_test import PATIENCE, BelfryTestCase, slow
from raw_socket import RawSocket, request, upgrade_request


class HttpTestCase(BelfryTestCase):
    def get(self, path, method="GET", **kwargs):
        return request(self.daemon.port, method, path, **kwargs)

    def upgrade(self, **headers):
        """The status of a handshake, and the problem if it failed."""
        raw = RawSocket(self.daemon.port)
        self.addCleanup(raw.close)
        host = headers.pop("Host", f"127.0.0.1:{self.daemon.port}")
        raw.write(upgrade_request(host=host, **headers))
        status, _ = head = raw.read_head()
        if status != 101:
            raw.buffer = b"HTTP/1.1 %d x\r\n" % status + "".join(
                f"{name}: {value}\r\n" for name, value in head[1].items()).encode() + b"\r\n" \
                + raw.buffer
            self.assert_problem(raw.read_response(), status)
        return status

    def assert_problem(self, response, status):
        self.assertEqual(response.status, status)
        self.assertEqual(response.headers["content-type"], "application/problem+json")
        problem = response.json()
        self.assertEqual(problem["status"], status)
        self.assertEqual(set(problem), {"type", "title", "status", "code", "detail"})


class Routes(HttpTestCase):
    async def test_healthz(self):
        response = self.get("/healthz")
        self.assertEqual((response.status, response.json()), (200, {"status": "ok"}))
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertEqual(response.headers["connection"], "close")

    async def test_the_demo_page_has_its_security_headers(self):
        for path, type in (("/", "text/html; charset=utf-8"), ("/demo/demo.js",
                           "text/javascript; charset=utf-8"),
                           ("/demo/demo.css", "text/css; charset=utf-8"),
                           ("/demo/bell.svg", "image/svg+xml")):
            response = self.get(path)
            self.assertEqual((response.status, response.headers["content-type"]), (200, type))
            self.assertEqual(response.headers["x-content-type-options"], "nosniff")
            self.assertEqual(response.headers["referrer-policy"], "no-referrer")
            policy = response.headers["content-security-policy"].split("; ")
            self.assertIn("default-src 'none'", policy)
            self.assertIn("script-src 'self'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", response.headers["content-security-policy"])
        self.assertIn(b"<script", self.get("/").body)

    @unittest.skipUnless("BELFRY_BROWSER" in os.environ, "the sources are not there")
    async def test_every_file_of_the_browser_s_side_is_served(self):
        folder = pathlib.Path(os.environ["BELFRY_BROWSER"])
        for element in xml.etree.ElementTree.parse(
                folder / "belfry-browser.gresource.xml").iter("file"):
            response = self.get("/" + element.text)
            self.assertEqual(response.status, 200, element.text)
            self.assertNotEqual(response.headers["content-type"], "application/octet-stream")
            if (folder / element.text).exists():
                self.assertEqual(response.body, (folder / element.text).read_bytes())

    async def test_head_has_no_body(self):
        for path in "/", "/healthz":
            whole, head = self.get(path), self.get(path, method="HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["content-length"], str(len(whole.body)))

    async def test_an_unknown_path_is_404(self):
        for path in ("/nothing", "/demo", "/demo/", "/healthz/", "/healthz/x", "/ws/", "/ws/x", "/wsx",
                     "//", "/demo/demo.js/", "/x?/healthz", "/../etc/passwd", "/%2e%2e/etc/passwd"):
            for method in "GET", "POST", "DELETE":
                self.assert_problem(self.get(path, method=method), 404)

    async def test_a_path_that_cannot_be_read_is_a_bad_request(self):
        for path in "/demo/demo.js%00", "/%00", "/%2":
            self.assertEqual(self.get(path).status, 400)

    async def test_a_method_that_is_not_allowed_is_405(self):
        for method in "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE":
            for path in "/", "/healthz", "/demo/demo.js":
                response = self.get(path, method=method)
                self.assert_problem(response, 405)
                self.assertEqual(response.headers["allow"], "GET, HEAD")

    async def test_a_plain_get_of_ws_is_426(self):
        for headers in {}, {"Upgrade": "h2c", "Connection": "Upgrade"}:
            response = self.get("/ws", **headers)
            self.assert_problem(response, 426)
            self.assertEqual(response.headers["upgrade"].lower(), "websocket")

    async def test_a_bad_handshake_is_refused(self):
        good = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        for bad in ({"Sec-WebSocket-Key": "AAAA"}, {"Sec-WebSocket-Key": None}):
            headers = {k: v for k, v in {**good, **bad}.items() if v is not None}
            self.assert_problem(self.get("/ws", **headers), 400)
        for version in "8", "12", None:
            headers = {k: v for k, v in {**good, "Sec-WebSocket-Version": version}.items() if v}
            response = self.get("/ws", **headers)
            self.assert_problem(response, 426)
            self.assertEqual(response.headers["sec-websocket-version"], "13")
        self.assert_problem(self.get("/ws", method="POST", **good), 405)

    async def test_a_body_is_refused_unread(self):
        for path in "/", "/healthz", "/ws", "/nothing":
            for headers in {"Content-Length": str(1 << 40)}, {"Transfer-Encoding": "chunked"}:
                for method in "GET", "POST", "PUT":
                    # Nothing of the body ever comes, and it is answered all the same.
                    self.assert_problem(self.get(path, method=method, **headers), 413)
        # Nor does one that comes keep the answer from arriving.
        body = b"x" * 300000
        self.assert_problem(self.get("/", method="POST", body=body,
                                     **{"Content-Length": str(len(body))}), 413)

    async def test_a_content_length_of_0_is_no_body(self):
        self.assertEqual(self.get("/healthz", **{"Content-Length": "0"}).status, 200)

    async def test_what_is_no_http_is_dropped(self):
        for data in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 1000 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"x" * 100 + b"\n\n"):
            raw = RawSocket(self.daemon.port)
            raw.write(data)
            raw.close()
        self.assertEqual(self.get("/healthz").status, 200)

    async def test_headers_without_end_are_cut_off(self):
        raw = RawSocket(self.daemon.port)
        raw.write(b"GET / HTTP/1.1\r\n")
        line = b"X-Header: " + b"y" * 1000 + b"\r\n"
        try:
            for _ in range(20000):
                raw.write(line)
                if select.select([raw.socket], [], [], 0)[0]:
                    break
            else:
                raise AssertionError("20 MB of headers were read")
        except ConnectionError:
            pass
        raw.read_eof()
        self.assertEqual(self.get("/healthz").status, 200)

    @slow
    async def test_a_request_that_comes_too_slowly_is_dropped(self):
        drips = [RawSocket(self.daemon.port) for _ in range(3)]
        silent = RawSocket(self.daemon.port)
        deadline = time.monotonic() + 60
        for n, byte in enumerate(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Header: " + b"x" * 1000):
            self.assertLess(time.monotonic(), deadline)
            try:
                for drip in drips:
                    drip.write(bytes([byte]))
            except ConnectionError:
                break
            time.sleep(0.25)
        else:
            raise AssertionError("it was never dropped")
        silent.read_eof()
        self.assertEqual(self.get("/healthz").status, 200)


class Origins(HttpTestCase):
    options = ("--allow-origin", "https://app.example", "--allow-origin", "http://localhost:3000")

    async def test_a_page_of_our_own_host_is_let_in_and_a_program_too(self):
        port = self.daemon.port
        self.assertEqual(self.upgrade(), 101)
        self.assertEqual(self.upgrade(Origin=f"http://127.0.0.1:{port}"), 101)
        # TLS ends at a reverse proxy, which hands the Host on.
        for host, origin in (("belfry.example", "https://belfry.example"),
                             ("belfry.example:443", "https://belfry.example"),
                             ("BELFRY.example", "https://belfry.example"),
                             ("belfry.example:8443", "https://belfry.example:8443"),
                             ("[::1]:8080", "http://[::1]:8080")):
            self.assertEqual(self.upgrade(Host=host, Origin=origin), 101)

    async def test_a_page_from_elsewhere_is_403(self):
        port = self.daemon.port
        for origin in ("null", "https://evil.example", "", "http://127.0.0.1",
                       f"http://127.0.0.1:{port + 1}", f"http://127.0.0.1:{port}.evil.example",
                       f"http://evil.example:{port}", f"http://127.0.0.1:{port}/", "file://",
                       f"x://y@127.0.0.1:{port}", "https://app.example.evil.example",
                       "http://app.example", "https://app.example:8443", "http://localhost",
                       f"http://127.0.0.1:{port}, http://evil.example"):
            self.assertEqual(self.upgrade(Origin=origin), 403, origin)

    async def test_it_is_403_whatever_it_asks_for(self):
        for path in "/", "/healthz", "/ws", "/nothing":
            for origin in "null", "https://evil.example":
                self.assert_problem(self.get(path, Origin=origin), 403)
        self.assertEqual(self.get("/healthz", Origin="https://app.example").status, 200)

    async def test_allow_origin_lets_in(self):
        for origin in "https://app.example", "http://localhost:3000":
            self.assertEqual(self.upgrade(Origin=origin), 101)

    async def test_a_page_that_is_let_in_may_read_the_answer(self):
        for path, status in ("/demo/demo.js", 200), ("/healthz", 200), ("/nothing", 404), ("/ws", 426):
            response = self.get(path, Origin="https://app.example")
            self.assertEqual(response.status, status)
            self.assertEqual(response.headers["access-control-allow-origin"], "https://app.example")
            self.assertEqual(response.headers["vary"], "Origin")
        for headers in {}, {"Origin": "https://evil.example"}, {"Origin": "null"}:
            response = self.get("/demo/demo.js", **headers)
            self.assertNotIn("access-control-allow-origin", response.headers)
            self.assertEqual(response.headers["vary"], "Origin")


class NullOrigin(HttpTestCase):
    options = ("--allow-origin", "null")

    async def test_it_can_be_allowed(self):
        self.assertEqual(self.upgrade(Origin="null"), 101)
        self.assertEqual(self.upgrade(Origin="https://evil.example"), 403)


class Proxy(HttpTestCase):
    options = ("--trusted-proxy", "127.0.0.1")

    async def peer(self, forwarded):
        tab = await self.connect(extra_headers={"X-Forwarded-For": forwarded} if forwarded else {})
        await tab.send(type="register", jwtToken=self.daemon.token("alice"))
        await tab.receive("registered")
        (session,), _ = self.worker.call("Sessions.ListSessions", "(a{sv})", {})
        await tab.close()
        deadline = time.monotonic() + PATIENCE
        while self.worker.property("ConnectedClients") > 0:
            self.assertLess(time.monotonic(), deadline)
        return session["peer"]

    async def test_only_what_the_trusted_proxy_added_is_believed(self):
        self.assertEqual(await self.peer("192.0.2.7"), "192.0.2.7")
        self.assertEqual(await self.peer("198.51.100.1, 192.0.2.7"), "192.0.2.7")
        self.assertEqual(await self.peer("2001:db8::1"), "2001:db8::1")
        for forwarded in None, "nonsense", "192.0.2.7, ", "192.0.2.7, x y":
            self.assertRegex(await self.peer(forwarded), r"^127\.0\.0\.1:\d+$")


class NoProxy(Proxy):
    options = ()

    async def test_only_what_the_trusted_proxy_added_is_believed(self):
        self.assertRegex(await self.peer("192.0.2.7"), r"^127\.0\.0\.1:\d+$")


if __name__ == "__main__":
    belfry_test.main()
