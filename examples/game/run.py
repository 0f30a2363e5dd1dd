#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and runs Belfry and serves the game's page, until Ctrl+C.

It gives a token to whoever says who he is, so it is for trying things out on one's own machine. With
--belfry it serves the page only, for a belfryd that runs already, with --signalling, and with
--allow-origin for this page.
"""

import argparse
import base64
import functools
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TYPES = {".css": "text/css", ".html": "text/html; charset=utf-8", ".js": "text/javascript",
         ".svg": "image/svg+xml"}


def make_token(user, secret):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = ".".join(encode(json.dumps(part).encode()) for part in (
        {"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + 3600}))
    return signed + "." + encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args, belfry, secret, **kwargs):
        self.belfry = belfry
        self.secret = secret
        super().__init__(*args, **kwargs)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/pass":
            self.give_pass(urllib.parse.parse_qs(url.query).get("user", [""])[0])
            return
        path = urllib.parse.unquote(url.path).lstrip("/") or "index.html"
        for folder in HERE, ROOT / "src" / "browser":
            file = (folder / path).resolve()
            if file.is_relative_to(folder) and file.is_file() and file.suffix in TYPES:
                self.answer(200, TYPES[file.suffix], file.read_bytes())
                return
        self.answer(404, "text/plain", b"There is nothing here")

    def give_pass(self, user):
        if not 1 <= len(user.encode()) <= 128 or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in user):
            self.answer(400, "text/plain", b"Choose a name of 1 to 128 bytes")
            return
        answer = {"token": make_token(user, self.secret), "url": self.belfry}
        self.answer(200, "application/json", json.dumps(answer).encode())

    def answer(self, status, content_type, content):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy",
                         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                         f"connect-src 'self' {self.belfry} {self.belfry.replace('http', 'ws', 1)}; "
                         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


def start_belfryd(folder, origin, options):
    """On a bus of its own. Gives the process, and its address."""
    print("Building (the first time takes a minute)", flush=True)
    subprocess.run([ROOT / "script" / "build", "build"], check=True)
    belfryd = subprocess.Popen(
        ["dbus-run-session", "--", ROOT / "build" / "src" / "daemon" / "belfryd", "--signalling",
         "--listen", "127.0.0.1:0", "--database", f"sqlite:{folder}/belfry.db",
         "--jwt-secret-file", f"{folder}/secret", "--allow-origin", origin, *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in belfryd.stdout:
        match = re.search(r"(127\.0\.0\.1:\d+)$", line.strip())
        if match:
            return belfryd, f"http://{match.group(1)}"
        print(line, end="")
    sys.exit("belfryd did not start")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=8081, help="of the page (8081)")
    parser.add_argument("--belfry", help="the address of a belfryd that runs already")
    parser.add_argument("--secret-file", help="the secret of that one's tokens")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="of belfryd, behind --")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    belfryd = None
    with tempfile.TemporaryDirectory(prefix="belfry-game-") as folder:
        try:
            belfry = given.belfry
            secret_file = pathlib.Path(given.secret_file or f"{folder}/secret")
            if belfry is None:
                secret_file.write_text(secrets.token_hex(32), encoding="ascii")
            page = functools.partial(Page, belfry=None, secret=secret_file.read_bytes().strip())
            server = http.server.ThreadingHTTPServer(("127.0.0.1", given.port), page)
            origin = f"http://127.0.0.1:{server.server_port}"
            if belfry is None:
                belfryd, belfry = start_belfryd(folder, origin, given.options)
            page.keywords["belfry"] = belfry.rstrip("/")
            print(f"\nOpen {origin} in two windows, under two names. Ctrl+C stops it.", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            if belfryd is not None:
                belfryd.terminate()
                belfryd.wait()


if __name__ == "__main__":
    main()
