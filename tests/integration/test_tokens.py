#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tokens let a client in, and how the others are turned away."""

import json
import os
import signal
import tempfile
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import belfry_test
from belfry_test import BelfryTestCase, b64, sign


def in_an_hour():
    return int(time.time()) + 3600


class TokenTestCase(BelfryTestCase):
    async def register(self, token):
        tab = await self.connect()
        await tab.send(type="register", id=1, jwtToken=token)
        return tab

    async def assert_let_in(self, token, user="alice"):
        tab = await self.register(token)
        registered = (await tab.receive("registered"))["data"]
        self.assertEqual(registered["userId"], user)
        return tab

    async def assert_refused_token(self, token, code="INVALID_TOKEN", close_code=4500):
        tab = await self.register(token)
        frame = await tab.receive_last(code, close_code)
        self.assertEqual(frame["id"], 1)
        self.assertIsNone(frame["data"]["retryAfter"])
        return frame["data"]["message"]


class Secret(TokenTestCase):
    def hs256(self, claims, header=None, secret=None):
        return sign(header or {"alg": "HS256"}, claims, secret or self.daemon.secret)

    async def test_a_bad_token_is_refused_and_the_next_client_served(self):
        good = {"sub": "alice", "exp": in_an_hour()}
        token = self.hs256(good)
        head, body, signature = token.split(".")
        none = b64(b'{"alg":"none"}')
        bad = {
            "another secret": self.hs256(good, secret=b"another secret of thirty-two bytes or more"),
            "none": f"{none}.{body}.", "none, with a signature": f"{none}.{body}.{signature}",
            "None": b64(b'{"alg":"None"}') + f".{body}.",
            "no alg": self.hs256(good, header={"typ": "JWT"}),
            "HS384": self.hs256(good, header={"alg": "HS384"}),
            "RS256": self.hs256(good, header={"alg": "RS256"}),
            "alg twice": self.hs256(good, header='{"alg":"none","alg":"HS256"}'),
            "no user": self.hs256({"exp": in_an_hour()}),
            "user null": self.hs256({**good, "sub": None}),
            "user empty": self.hs256({**good, "sub": ""}),
            "user too long": self.hs256({**good, "sub": "x" * 129}),
            "user with a control character": self.hs256({**good, "sub": "al\nice"}),
            "user with NUL": self.hs256({**good, "sub": "alice\0x"}),
            "user no text": self.hs256({**good, "sub": ["alice"]}),
            "user twice": self.hs256(f'{{"sub":"bob","sub":"alice","exp":{in_an_hour()}}}'),
            "no exp": self.hs256({"sub": "alice"}),
            "exp null": self.hs256({**good, "exp": None}),
            "exp text": self.hs256({**good, "exp": str(in_an_hour())}),
            "not yet": self.hs256({**good, "nbf": in_an_hour() - 60}),
            "crit": self.hs256(good, header={"alg": "HS256", "crit": ["exp"], "exp": 1}),
            "crit empty": self.hs256(good, header={"alg": "HS256", "crit": []}),
            "crit as a claim": self.hs256({**good, "crit": ["x"]}),
            "empty": "", "garbage": "rubbish", "dots": "..", "two parts": f"{head}.{body}",
            "no signature": f"{head}.{body}.", "four parts": token + ".x", "white space": token + " ",
            "padding": token + "=", "signature cut": token[:-4],
            "20 KB": "x" * 20480, "20 KB of dots": "." * 20480, "20 KB in parts": ".".join(["y" * 6826] * 3),
            "20 KB of user": self.hs256({**good, "x": "y" * 20480}), "NUL": "a\0b",
            "claims are no object": self.hs256("[]"), "deep": self.hs256('{"x":' + "[" * 5000),
        }
        for name, token in bad.items():
            with self.subTest(name):
                await self.assert_refused_token(token)
        await self.assert_let_in(self.hs256(good))
        self.assertEqual(self.worker.property("ConnectedUsers"), 1)

    async def test_one_that_has_run_out_is_told_from_a_bad_one(self):
        for exp in int(time.time()) - 1, 0, 1:
            await self.assert_refused_token(self.hs256({"sub": "alice", "exp": exp}),
                                            "TOKEN_EXPIRED", 4501)
        # Who signed it goes first.
        await self.assert_refused_token(
            self.hs256({"sub": "alice", "exp": 1}, secret=b"another secret of thirty-two bytes"))

    async def test_nbf_in_the_past_and_a_fractional_exp_are_fine(self):
        await self.assert_let_in(self.hs256({"sub": "alice", "nbf": 1, "exp": in_an_hour() + 0.5}))

    async def test_a_number_becomes_its_decimal_text(self):
        for sub, user in (42, "42"), (0, "0"), (2**53 - 1, str(2**53 - 1)):
            await self.assert_let_in(self.hs256({"sub": sub, "exp": in_an_hour()}), user)
        for sub in 1.5, "1e3", 2**53:
            text = json.dumps({"exp": in_an_hour()})[:-1] + f',"sub":{sub}}}'
            await self.assert_refused_token(self.hs256(text))

    async def test_one_that_runs_out_while_connected_ends_the_session(self):
        tab = await self.assert_let_in(self.daemon.token("alice", expires_in=4))
        other = await self.assert_let_in(self.daemon.token("alice"))
        await tab.receive_last("TOKEN_EXPIRED", 4501)
        self.assertEqual(self.worker.property("ConnectedClients"), 1)
        await other.assert_silence(0.1)

    async def test_one_that_is_renewed_in_time_goes_on(self):
        first = await self.assert_let_in(self.daemon.token("alice", expires_in=5))
        last = await self.assert_let_in(self.daemon.token("alice", expires_in=6))
        await first.send(type="register", jwtToken=self.daemon.token("alice"))
        await first.receive("registered")
        # When the second has run out, the first would have, too.
        await last.receive_last("TOKEN_EXPIRED", 4501)
        self.assertEqual(await first.request("ping"), {})
        self.worker.create("alice")
        await first.receive("notification_received")

    async def test_a_renewal_may_shorten_the_time(self):
        tab = await self.assert_let_in(self.daemon.token("alice"))
        await tab.send(type="register", jwtToken=self.daemon.token("alice", expires_in=4))
        await tab.receive("registered")
        await tab.receive_last("TOKEN_EXPIRED", 4501)

    async def test_sighup_reads_the_secret_again(self):
        old = self.daemon.token("alice")
        tab = await self.assert_let_in(old)
        self.daemon.secret = b"another secret of more than thirty-two bytes"
        with open(self.daemon.secret_file, "wb") as file:
            file.write(self.daemon.secret)
        self.daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + belfry_test.PATIENCE
        while True:
            fresh = await self.register(self.daemon.token("alice"))
            if (await fresh.receive())["type"] == "registered":
                break
            self.assertLess(time.monotonic(), deadline)
        # Each reactor has its own copy, and takes the new one in its own time.
        while True:
            stale = await self.register(old)
            if (await stale.receive())["type"] == "error":
                break
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(await tab.request("ping"), {})


class Leeway(TokenTestCase):
    options = ("--jwt-leeway", "60")

    async def test_it_forgives_a_clock_that_is_wrong_by_a_minute(self):
        token = self.daemon.token
        await self.assert_let_in(token("alice", expires_in=-30))
        await self.assert_let_in(token("alice", nbf=int(time.time()) + 30))
        await self.assert_refused_token(token("alice", expires_in=-90), "TOKEN_EXPIRED", 4501)
        await self.assert_refused_token(token("alice", nbf=int(time.time()) + 90))


class Claims(TokenTestCase):
    options = ("--jwt-user-claim", "who", "--jwt-audience", "belfry", "--jwt-issuer", "https://id")

    async def test_user_audience_and_issuer_are_those_that_were_configured(self):
        good = {"who": "alice", "aud": "belfry", "iss": "https://id"}
        await self.assert_let_in(self.daemon.token("bob", **good))
        await self.assert_let_in(self.daemon.token("bob", **{**good, "aud": ["x", "belfry"]}))
        await self.assert_let_in(self.daemon.token("bob", **{**good, "who": 7}), "7")
        for change in ({"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": ["x"]}, {"aud": 1},
                       {"iss": "https://id/"}, {"iss": None}, {"iss": ["https://id"]},
                       {"who": None}, {"who": ""}):
            await self.assert_refused_token(self.daemon.token("bob", **{**good, **change}))
        for missing in good:
            claims = {k: v for k, v in good.items() if k != missing}
            await self.assert_refused_token(self.daemon.token("bob", **claims))


def uint(number, length):
    return b64(number.to_bytes(length, "big"))


class Keys(TokenTestCase):
    """Public keys in a key set, as OpenID Connect providers publish them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rsa = rsa.generate_private_key(65537, 2048)
        cls.ec = ec.generate_private_key(ec.SECP256R1())
        cls.ed = ed25519.Ed25519PrivateKey.generate()
        numbers, point = cls.rsa.public_key().public_numbers(), cls.ec.public_key().public_numbers()
        raw = cls.ed.public_key().public_bytes(serialization.Encoding.Raw,
                                               serialization.PublicFormat.Raw)
        cls.jwks = {"keys": [
            {"kty": "RSA", "kid": "r", "n": uint(numbers.n, 256), "e": uint(numbers.e, 3)},
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": uint(point.x, 32),
             "y": uint(point.y, 32)},
            {"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": b64(raw)}]}

    def setUp(self):
        self.options = ("--jwt-jwks-file", self.jwks_file)
        super().setUp()

    @property
    def jwks_file(self):
        path = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "jwks")
        with open(path, "w") as file:
            json.dump(self.jwks, file)
        return path

    def sign_with(self, name, data):
        if name == "r":
            return self.rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if name == "o":
            return self.ed.sign(data)
        r, s = decode_dss_signature(self.ec.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token_by(self, name, alg, **header):
        claims = {"sub": "alice", "exp": in_an_hour()}
        signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": alg, **header}, claims))
        return signed + "." + b64(self.sign_with(name, signed.encode()))

    async def test_each_kind_of_key_lets_in(self):
        for name, alg in ("r", "RS256"), ("e", "ES256"), ("o", "EdDSA"):
            await self.assert_let_in(self.token_by(name, alg, kid=name))
            await self.assert_let_in(self.token_by(name, alg))

    async def test_the_kid_says_which_key(self):
        for name, alg in ("r", "RS256"), ("e", "ES256"), ("o", "EdDSA"):
            for kid in "r", "e", "o", "x":
                if kid != name:
                    await self.assert_refused_token(self.token_by(name, alg, kid=kid))
            await self.assert_refused_token(self.token_by(name, alg, kid=7))

    async def test_the_algorithm_belongs_to_the_key(self):
        for name, alg in ("r", "PS256"), ("r", "RS512"), ("e", "RS256"), ("o", "ES256"), ("r", "HS256"):
            await self.assert_refused_token(self.token_by(name, alg, kid=name))
            await self.assert_refused_token(self.token_by(name, alg))

    async def test_hs256_with_a_public_key_as_the_secret_is_refused(self):
        claims = {"sub": "alice", "exp": in_an_hour()}
        public = [key.public_key() for key in (self.rsa, self.ec, self.ed)]
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        secrets = [key.public_bytes(encoding, info) for key in public
                   for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)]
        secrets += [secret.strip() for secret in secrets]
        secrets += [json.dumps(key).encode() for key in self.jwks["keys"]]
        secrets += [key["n"].encode() for key in self.jwks["keys"] if "n" in key]
        for secret in [*secrets, b""]:
            for header in {"alg": "HS256"}, {"alg": "HS256", "kid": "r"}:
                await self.assert_refused_token(sign(header, claims, secret))

    async def test_a_key_in_the_header_of_the_token_is_not_believed(self):
        theirs = rsa.generate_private_key(65537, 2048)
        numbers = theirs.public_key().public_numbers()
        jwk = {"kty": "RSA", "n": uint(numbers.n, 256), "e": uint(numbers.e, 3)}
        for header in ({"jwk": jwk}, {"jku": "http://127.0.0.1/jwks"}, {"x5u": "http://127.0.0.1/"}):
            mine, self.rsa = self.rsa, theirs
            token = self.token_by("r", "RS256", **header)
            self.rsa = mine
            await self.assert_refused_token(token)


if __name__ == "__main__":
    belfry_test.main()
