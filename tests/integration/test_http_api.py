#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inbox over plain HTTP, and messages of clients that have an event stream."""

import asyncio
import json
import os
import re
import shutil
import socket
import tempfile
import unittest

import belfry_test
import jsonschema
import openapi
import wire_schema
from belfry_test import BelfryTestCase, slow
from event_stream import EventStream
from raw_socket import RawSocket, request

UNSAFE = 1 << 53


class ApiTestCase(BelfryTestCase):
    user = "alice"

    def ask(self, method, path, body=None, token=None, **headers):
        if token is None:
            token = self.daemon.token(self.user)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
            headers.setdefault("Content-Length", str(len(data)))
        response = request(self.daemon.port, method, path, data, **headers)
        openapi.check(method, path, response)
        if response.status == 200 and method == "POST":
            self.assertTrue(openapi.is_request(path, "post", json.loads(data)), data)
        return response

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **headers)

    def assert_problem(self, response, status, code, *words):
        self.assertEqual(response.status, status, response.body)
        self.assertEqual(response.headers["content-type"], "application/problem+json")
        problem = response.json()
        self.assertEqual((problem["status"], problem["code"]), (status, code), problem)
        for word in words:
            self.assertIn(word, problem["detail"])
        return problem

    async def ask_later(self, *args, **kwargs):
        return await asyncio.to_thread(self.ask, *args, **kwargs)

    async def stream(self, user="alice", **kwargs):
        stream = await EventStream.open(self.daemon.port, self.daemon.token(user), **kwargs)
        self.addAsyncCleanup(stream.close)
        return stream


class Inbox(ApiTestCase):
    async def test_a_list_is_what_a_websocket_gets(self):
        for n in range(5):
            self.worker.create("alice", {"n": n})
        self.worker.create("bob")
        tab = await self.open("alice")
        for query, data in (("", {}), ("?limit=2", {"limit": 2}), ("?unread=true", {"unread": True}),
                            ("?before=4&limit=1", {"before": 4, "limit": 1})):
            response = self.get("/api/notifications" + query)
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["content-type"], "application/json")
            self.assertEqual(response.json(), await tab.request("list", id=7, **data))
        response = self.get("/api/notifications/count")
        self.assertEqual(response.json(), await tab.request("unread_count"))
        self.assertEqual(response.json()["unreadCount"], 5)

    async def test_what_is_changed_is_told_to_every_tab(self):
        ids = [self.worker.create("alice") for _ in range(4)]
        tab, stream = await self.open("alice"), await self.stream()
        for path, body, count, type, told in (
                ("read", {"ids": ids[:2] + [999999]}, 2, "notifications_read", ids[:2]),
                ("read", {"upTo": ids[2]}, 1, "notifications_read", [ids[2]]),
                ("unread", {"ids": [ids[0]]}, 1, "notification_updated", None)):
            response = self.post("/api/notifications/" + path, body)
            self.assertEqual((response.status, response.json()), (200, {"count": count}))
            frame = await tab.receive(type)
            self.assertEqual(frame, await stream.receive(type))
            if told:
                self.assertEqual(frame["data"]["ids"], told)
        response = self.ask("DELETE", f"/api/notifications/{ids[0]}")
        self.assertEqual((response.status, response.body), (204, b""))
        self.assertEqual((await tab.receive("notifications_removed"))["data"]["ids"], [ids[0]])
        self.assert_problem(self.ask("DELETE", f"/api/notifications/{ids[0]}"), 404, "NOT_FOUND")

    async def test_nobody_reaches_anothers(self):
        id = self.worker.create("bob")
        self.assert_problem(self.ask("DELETE", f"/api/notifications/{id}"), 404, "NOT_FOUND")
        self.assertEqual(self.post("/api/notifications/read", {"ids": [id]}).json(), {"count": 0})
        self.assertEqual(self.get("/api/notifications").json()["total"], 0)
        self.assertEqual(self.worker.list("bob")[1], 1)

    async def test_head_has_the_length_and_no_body(self):
        self.worker.create("alice")
        for path in "/api/notifications", "/api/notifications/count", "/readyz":
            whole, head = self.get(path), self.ask("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual(head.headers["content-length"], str(len(whole.body)))
        # The last one is refused by the main thread.
        for path, token, status in (("/api/notifications", "", 401), ("/api/x", None, 404),
                                    ("/events", None, 405), ("/readyz?x=1", None, 400),
                                    ("/api/notifications?limit=0", None, 400)):
            head = self.ask("HEAD", path, token=token)
            self.assertEqual((head.status, head.body), (status, b""))

    async def test_who_has_nothing_more_to_say_is_answered(self):
        token = self.daemon.token("alice").encode()
        head = b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % token
        for request in (
                b"GET /api/notifications/count" + head + b"\r\n", b"GET /readyz" + head + b"\r\n",
                b"POST /api/notifications/read" + head + b"Content-Type: application/json\r\n"
                b"Content-Length: 10\r\n\r\n{\"upTo\":1}"):
            raw = RawSocket(self.daemon.port)
            self.addCleanup(raw.close)
            raw.write(request)
            raw.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(raw.read_response().status, 200)


class Refusals(ApiTestCase):
    async def test_bad_parameters_are_named(self):
        for query, word in (("limit=0", "limit"), ("limit=101", "100"), ("limit=x", "limit"),
                            ("limit=", "limit"), ("limit", "limit"), ("limit=010", "limit"),
                            ("limit=1&limit=2", "limit"), ("before=-1", "before"),
                            (f"before={UNSAFE}", "9007199254740991"), ("unread=1", "unread"),
                            ("unread=TRUE", "unread"), ("page=2", "page"), ("limit=1&", "“”"),
                            ("limi%74=0", "limit"), ("a%FF=1", "UTF-8"), ("a%00=1", "UTF-8")):
            self.assert_problem(self.get("/api/notifications?" + query), 400, "INVALID_MESSAGE", word)
        for path in "/api/notifications/count", "/readyz":
            self.assert_problem(self.get(path + "?limit=1"), 400, "INVALID_MESSAGE", "limit")
        self.assertEqual(self.get("/api/notifications?").status, 200)

    async def test_bad_bodies_are_named_and_change_nothing(self):
        id = self.worker.create("alice")
        for body, word in ((b"", "body"), (b"[]", "body"), (b"{", "body"), (b"{\"ids\":[1]} x", "body"),
                           (b"{\"x\":\"\xff\"}", "UTF-8"), ({}, "ids"), ({"ids": []}, "1000"),
                           ({"ids": "1"}, "ids"), ({"ids": [1.5]}, "ids"),
                           ({"ids": [id] * 1001}, "1000"), ({"ids": [id], "upTo": id}, "upTo"),
                           ({"upTo": -1}, "upTo"), ({"upTo": "1"}, "upTo")):
            self.assert_problem(self.post("/api/notifications/read", body), 400, "INVALID_MESSAGE",
                                word)
        self.assert_problem(self.post("/api/notifications/unread", {"upTo": id}), 400,
                            "INVALID_MESSAGE", "ids")
        self.assertEqual(self.get("/api/notifications/count").json()["unreadCount"], 1)

    async def test_a_body_has_a_type_a_length_and_64_kib(self):
        path = "/api/notifications/read"
        for type in "text/plain", "application/x-www-form-urlencoded", "application/json2":
            self.assert_problem(self.post(path, {"upTo": 1}, **{"Content-Type": type}), 415,
                                "UNSUPPORTED_MEDIA_TYPE")
        self.assertEqual(self.post(path, {"upTo": 1}, **{
            "Content-Type": "application/JSON; charset=utf-8"}).status, 200)
        body = {"upTo": 1, "x": ""}
        body["x"] = "x" * (65536 - len(json.dumps(body)))
        self.assertEqual(self.post(path, body).status, 200)
        body["x"] += "x"
        self.assert_problem(self.post(path, body), 413, "TOO_LARGE", "65536")
        # It is refused by its header: nothing of it ever comes.
        self.assert_problem(self.ask("POST", path, **{
            "Content-Type": "application/json", "Content-Length": str(1 << 40)}), 413, "TOO_LARGE")
        self.assert_problem(self.ask("POST", path, **{
            "Content-Type": "application/json", "Transfer-Encoding": "chunked"}), 411,
            "LENGTH_REQUIRED")
        for method, path in (("GET", "/api/notifications"), ("DELETE", "/api/notifications/1"),
                             ("GET", "/readyz"), ("GET", "/events")):
            self.assert_problem(self.ask(method, path, {}), 413, "TOO_LARGE")

    async def test_a_body_whose_end_is_not_certain_is_refused(self):
        body = b"{\"upTo\": 1}"
        for status, *lines in (
                (400, "Content-Length: -1"), (400, "Content-Length: +11"), (400, "Content-Length:"),
                (400, f"Content-Length: {(1 << 64) + 11}"), (400, f"Content-Length: {1 << 63}"),
                (400, f"Content-Length: -{(1 << 64) - 11}"), (400, "Content-Length: 11, 11"),
                (400, "Content-Length: 5", "Content-Length: 11"),
                (501, "Transfer-Encoding: identity", "Content-Length: 11"),
                (501, "Transfer-Encoding: xchunked", "Content-Length: 11"),
                (411, "Transfer-Encoding: chunked", "Content-Length: 11"), (411,)):
            for path in "/api/notifications/read", "/":
                if path == "/" and status == 411:
                    continue
                raw = RawSocket(self.daemon.port)
                self.addCleanup(raw.close)
                head = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json",
                        f"Authorization: Bearer {self.daemon.token('alice')}", *lines)
                raw.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
                response = raw.read_response()
                self.assertEqual(response.status, status, lines)
                self.assertEqual(response.json()["status"], status)

    async def test_a_body_may_come_in_pieces_and_be_announced(self):
        body = b"{\"upTo\": 1}"
        raw = RawSocket(self.daemon.port)
        self.addCleanup(raw.close)
        raw.write(b"POST /api/notifications/read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  b"Content-Type: application/json\r\nContent-Length: %d\r\n"
                  b"Authorization: Bearer %s\r\n\r\n" % (len(body),
                                                         self.daemon.token("alice").encode()))
        self.assertEqual(raw.read_head()[0], 100)
        for n in range(len(body)):
            raw.write(body[n:n + 1])
        self.assertEqual(raw.read_response().status, 200)

    async def test_without_a_good_token_it_is_401(self):
        for path in "/api/notifications", "/api/notifications/count":
            for token, code in (("", "NOT_REGISTERED"), ("x.y.z", "INVALID_TOKEN"),
                                (self.daemon.token("alice", expires_in=-9), "TOKEN_EXPIRED")):
                response = self.get(path, token=token)
                self.assert_problem(response, 401, code)
                self.assertEqual(response.headers["www-authenticate"],
                                 'Bearer error="invalid_token"' if token else "Bearer")
        response = self.ask("GET", "/api/notifications", token="", Authorization="Basic YTpi")
        self.assert_problem(response, 401, "NOT_REGISTERED", "Bearer")

    async def test_unknown_paths_are_404_and_other_methods_405(self):
        for path in ("/api", "/api/", "/api/x", "/api/notifications/", "/api/notifications/x",
                     "/api/notifications/0", "/api/notifications/01", "/api/notifications/-1",
                     f"/api/notifications/{UNSAFE}", "/api/notifications/1/", "/api/messages/",
                     "/readyz/", "/events/"):
            for method in "GET", "POST", "DELETE":
                self.assert_problem(self.ask(method, path), 404, "NOT_FOUND")
        for path, allowed in (("/api/notifications", "GET, HEAD"), ("/readyz", "GET, HEAD"),
                              ("/api/notifications/read", "POST"), ("/api/messages", "POST"),
                              ("/api/notifications/1", "DELETE"), ("/events", "GET")):
            for method in "PUT", "PATCH", "OPTIONS", "NONSENSE":
                response = self.ask(method, path)
                self.assert_problem(response, 405, "METHOD_NOT_ALLOWED")
                self.assertEqual(response.headers["allow"], allowed)


class Tags(ApiTestCase):
    async def test_a_tag_is_good_until_the_inbox_changes(self):
        paths = ("/api/notifications", "/api/notifications?limit=1", "/api/notifications/count")
        known = {}

        def look(changed):
            for path in paths:
                response = self.get(path, **({"If-None-Match": known[path]} if path in known else {}))
                self.assertEqual(response.status, 200 if changed else 304, path)
                self.assertEqual(response.headers["cache-control"], "private, no-cache")
                self.assertFalse(not changed and response.body)
                self.assertEqual(response.headers["etag"] != known.get(path), changed)
                known[path] = response.headers["etag"]

        look(True)
        look(False)
        id = self.worker.create("alice")
        look(True)
        self.worker.create("bob")
        look(False)
        for change in (lambda: self.post("/api/notifications/read", {"ids": [id]}),
                       lambda: self.post("/api/notifications/unread", {"ids": [id]}),
                       lambda: self.ask("DELETE", f"/api/notifications/{id}")):
            self.assertLess(change().status, 300)
            look(True)
            look(False)

    async def test_if_none_match_takes_lists_and_weak_ones(self):
        tag = self.get("/api/notifications").headers["etag"]
        self.assertRegex(tag, '^"[0-9a-f]+"$')
        for header, status in ((f'"x", {tag}', 304), (f"W/{tag}", 304), ("*", 304), ('"x"', 200),
                               (tag[1:-1], 200)):
            self.assertEqual(self.get("/api/notifications", **{"If-None-Match": header}).status,
                             status, header)


class Cors(ApiTestCase):
    options = ("--allow-origin", "https://app.example")

    async def test_a_page_that_is_let_in_reads_answers_and_problems(self):
        for path, token, status in (("/api/notifications", None, 200), ("/api/x", None, 404),
                                    ("/api/notifications", "x", 401), ("/readyz", "", 200),
                                    ("/events", "x", 401)):
            response = self.get(path, token=token, Origin="https://app.example")
            self.assertEqual(response.status, status)
            self.assertEqual(response.headers["access-control-allow-origin"], "https://app.example")
            self.assertIn("ETag", response.headers["access-control-expose-headers"])

    async def test_its_preflight_is_answered(self):
        for path, methods in (("/api/notifications", "GET, HEAD"), ("/api/messages", "POST"),
                              ("/api/notifications/7", "DELETE"), ("/events", "GET")):
            response = self.ask("OPTIONS", path, token="", Origin="https://app.example", **{
                "Access-Control-Request-Method": methods.split(",")[0],
                "Access-Control-Request-Headers": "authorization"})
            self.assertEqual((response.status, response.body), (204, b""))
            self.assertEqual(response.headers["access-control-allow-origin"], "https://app.example")
            self.assertEqual(response.headers["access-control-allow-methods"], methods)
            for header in "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID":
                self.assertIn(header, response.headers["access-control-allow-headers"])

    async def test_a_preflight_has_no_body(self):
        self.assert_problem(self.ask("OPTIONS", "/api/messages", token="", **{
            "Access-Control-Request-Method": "POST", "Content-Length": "5"}), 405,
            "METHOD_NOT_ALLOWED")

    async def test_others_are_403_whatever_they_ask_for(self):
        for origin in "https://evil.example", "null":
            for method in "GET", "OPTIONS", "POST":
                for path in "/api/notifications", "/events", "/readyz", "/api/x":
                    response = self.ask(method, path, Origin=origin,
                                        **{"Access-Control-Request-Method": "GET"})
                    self.assert_problem(response, 403, "FORBIDDEN")
                    self.assertNotIn("access-control-allow-origin", response.headers)


class Messages(ApiTestCase):
    def message(self, stream, type, data=None, **more):
        return {"sessionId": stream.registered["sessionId"], "type": type,
                **({} if data is None else {"data": data}), **more}

    async def test_a_worker_answers(self):
        stream = await self.stream()
        self.worker.call("Sessions.HandleMessages", "(as)", ["sum"])
        answer = asyncio.create_task(
            self.ask_later("POST", "/api/messages", self.message(stream, "sum", {"a": [1, 2]})))
        _, name, session, user, type, data, id = await asyncio.to_thread(self.worker.next_signal)
        self.assertEqual((name, session, user, type), (
            "MessageReceived", stream.registered["sessionId"], "alice", "sum"))
        self.assertEqual(json.loads(data), {"a": [1, 2]})
        self.worker.call("Sessions.Reply", "(sss)", session, id, '{"sum": 3}')
        self.assertEqual((await answer).json(), {"sum": 3})

    async def test_its_refusal_is_a_problem(self):
        stream = await self.stream()
        self.worker.call("Sessions.HandleMessages", "(as)", ["sum"])
        for code, status in ("FORBIDDEN", 403), ("SOLD_OUT", 422):
            answer = asyncio.create_task(
                self.ask_later("POST", "/api/messages", self.message(stream, "sum")))
            signal = await asyncio.to_thread(self.worker.next_signal)
            self.worker.call("Sessions.ReplyError", "(ssss)", signal[2], signal[6], code, "No")
            self.assert_problem(await answer, status, code, "No")

    async def test_a_worker_that_goes_is_unavailable(self):
        stream, worker = await self.stream(), self.new_worker()
        worker.call("Sessions.HandleMessages", "(as)", ["sum"])
        answer = asyncio.create_task(
            self.ask_later("POST", "/api/messages", self.message(stream, "sum")))
        await asyncio.to_thread(worker.next_signal)
        await asyncio.to_thread(worker.close)
        response = await answer
        self.assert_problem(response, 503, "UNAVAILABLE")
        self.assertIn("retry-after", response.headers)

    async def test_belfry_s_own_requests_can_be_sent_too(self):
        stream = await self.stream()
        self.worker.create("alice")
        response = self.post("/api/messages", self.message(stream, "list", {"limit": 1}))
        self.assertEqual(response.json(), self.get("/api/notifications?limit=1").json())
        wire_schema.check_server_frame({"type": "reply", "id": 1, "data": response.json()}, "list")
        self.assertEqual(self.post("/api/messages", self.message(stream, "ping")).json(), {})
        self.assert_problem(self.post("/api/messages", self.message(stream, "list", {"limit": 0})),
                            400, "INVALID_MESSAGE", "limit")

    async def test_without_a_reply_it_is_answered_at_once(self):
        stream = await self.stream()
        self.worker.call("Sessions.HandleMessages", "(as)", ["note"])
        response = self.post("/api/messages", self.message(stream, "note", {"x": 1}, reply=False))
        self.assertEqual((response.status, response.json()), (200, {}))
        self.assertEqual((await asyncio.to_thread(self.worker.next_signal))[6], "")
        self.assert_problem(self.post("/api/messages", self.message(stream, "nobody", reply=False)),
                            404, "UNKNOWN_TYPE")

    async def test_only_a_live_session_of_the_user_may_send(self):
        stream, other = await self.stream(), await self.stream("bob")
        self.assert_problem(self.post("/api/messages", self.message(stream, "x")), 404,
                            "UNKNOWN_TYPE")
        self.assert_problem(self.post("/api/messages", self.message(other, "x")), 404, "NOT_FOUND",
                            "sessionId")
        for body, word in (({"type": "x"}, "sessionId"), ({"sessionId": 1, "type": "x"}, "sessionId"),
                           ({"sessionId": "x"}, "type"), (self.message(stream, "A B"), "type"),
                           (self.message(stream, "x", [1]), "data"),
                           (self.message(stream, "x", reply=1), "reply")):
            self.assert_problem(self.post("/api/messages", body), 400, "INVALID_MESSAGE", word)
        await stream.close()
        while self.worker.property("ConnectedClients") > 1:
            await asyncio.sleep(0.01)
        self.assert_problem(self.post("/api/messages", self.message(stream, "x")), 404, "NOT_FOUND")

    def begin(self, body, held_back=0):
        """A message on a socket of its own; the last bytes may wait."""
        data = json.dumps(body).encode()
        raw = RawSocket(self.daemon.port)
        self.addCleanup(raw.close)
        request = (b"POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n%s" % (
                       len(data), self.daemon.token("alice").encode(), data))
        raw.write(request[:len(request) - held_back])
        return raw

    async def test_more_than_200_at_once_are_too_many(self):
        stream = await self.stream()
        raws = [self.begin(self.message(stream, "ping"), held_back=1) for _ in range(400)]
        for raw in raws:
            raw.write(b"}")
        responses = [raw.read_response() for raw in raws]
        self.assertGreaterEqual(sum(response.status == 200 for response in responses), 200)
        refused = [response for response in responses if response.status != 200]
        for response in refused:
            self.assert_problem(response, 429, "RATE_LIMITED")
            self.assertIn("retry-after", response.headers)
        self.assertTrue(refused)
        # The session stays.
        self.worker.create("alice")
        await stream.receive("notification_received")

    async def test_only_32_requests_of_a_user_wait(self):
        stream = await self.stream()
        self.worker.call("Sessions.HandleMessages", "(as)", ["slow"])
        sockets = [self.begin(self.message(stream, "slow")) for _ in range(33)]
        signals = [await asyncio.to_thread(self.worker.next_signal) for _ in range(32)]
        self.assertEqual(self.get("/api/notifications", token=self.daemon.token("bob")).status, 200)
        self.assert_problem(self.get("/api/notifications"), 503, "BUSY")
        for signal in signals:
            self.worker.call("Sessions.Reply", "(sss)", signal[2], signal[6], "{}")
        statuses = sorted(raw.read_response().status for raw in sockets)
        self.assertEqual(statuses, [200] * 32 + [503])
        self.assertEqual(self.get("/api/notifications").status, 200)


class LateFault(ApiTestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="belfry-handlers-")
        self.addCleanup(shutil.rmtree, folder)
        with open(os.path.join(folder, "nobody.handler"), "w", encoding="utf-8") as file:
            file.write("[Handler]\nBusName=org.example.Nobody\nTypes=late\n")
        self.options = ("--handler-dir", folder)
        super().setUp()

    async def test_what_goes_wrong_after_the_answer_is_told_in_the_stream(self):
        stream = await self.stream()
        self.daemon.expect_log("org.example.Nobody")
        body = {"sessionId": stream.registered["sessionId"], "type": "late"}
        self.assertEqual(self.post("/api/messages", {**body, "reply": False}).json(), {})
        frame = await stream.receive("error")
        self.assertEqual((frame["data"]["code"], frame["data"]["fatal"]), ("UNAVAILABLE", False))
        self.assert_problem(self.post("/api/messages", body), 503, "UNAVAILABLE")


class Document(unittest.TestCase):
    """That of introspection/http: every answer in this file is held against it, too."""

    def test_its_operations_are_whole(self):
        self.assertEqual(openapi.DOCUMENT["openapi"], "3.1.0")
        names = [operation["operationId"] for _, _, operation in openapi.operations()]
        self.assertEqual(len(names), len(set(names)))
        for path, method, operation in openapi.operations():
            self.assertIn(method, openapi.METHODS)
            self.assertTrue(operation["responses"])
            self.assertEqual(method == "post", "requestBody" in operation)
            declared = {parameter["name"] for parameter in
                        map(openapi.resolve, operation.get("parameters", ()))
                        if parameter["in"] == "path"}
            self.assertEqual(declared, set(re.findall(r"\{(.*?)\}", path)))
            for status, answer in operation["responses"].items():
                self.assertRegex(status, "^[1-5][0-9][0-9]$")
                self.assertTrue(openapi.resolve(answer)["description"])

    def test_its_schemas_are_valid_and_its_references_lead_somewhere(self):
        def walk(value, names):
            if isinstance(value, list):
                for n, each in enumerate(value):
                    walk(each, (*names, str(n)))
            elif isinstance(value, dict):
                if "schema" in value:
                    jsonschema.Draft202012Validator.check_schema(value["schema"])
                    # It follows each reference that it meets.
                    openapi.validator(openapi.pointer_to(*names, "schema")).is_valid({"ids": [1]})
                elif "$ref" in value and value["$ref"].startswith("#/"):
                    openapi.resolve(value)
                for name, each in value.items():
                    walk(each, (*names, name))

        walk(openapi.DOCUMENT, ())


class Ready(ApiTestCase):
    async def test_it_is_ready_while_the_database_answers(self):
        response = self.get("/readyz", token="")
        self.assertEqual((response.status, response.json()), (200, {"status": "ok"}))


    async def test_it_is_ready_however_many_ask(self):
        raws = [RawSocket(self.daemon.port) for _ in range(150)]
        for raw in raws:
            self.addCleanup(raw.close)
            raw.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r")
        for raw in raws:
            raw.write(b"\n")
        self.assertEqual([raw.read_response().status for raw in raws], [200] * len(raws))


class Gone(ApiTestCase):
    async def test_answers_that_are_not_read_are_in_nobody_else_s_way(self):
        for _ in range(2):
            self.worker.create("alice", {"x": "x" * 60000})
        token = self.daemon.token("alice").encode()
        statuses = []
        # More than the reactors take together, of all or of one user.
        for _ in range(min(os.cpu_count(), 4) * 256 + 1):
            peer = socket.socket()
            self.addCleanup(peer.close)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.connect(("127.0.0.1", self.daemon.port))
            peer.sendall(b"GET /api/notifications HTTP/1.1\r\nHost: x\r\n"
                         b"Authorization: Bearer %s\r\n\r\n" % token)
            statuses.append(peer.recv(12))
        self.assertIn(b"HTTP/1.1 503", statuses)
        for _ in range(8):
            response = self.get("/api/notifications", token=self.daemon.token("bob"))
            self.assertEqual(response.status, 200)

    @slow
    async def test_who_reads_an_answer_late_gets_it_whole(self):
        for _ in range(4):
            self.worker.create("alice", {"x": "x" * 40000})
        whole = self.get("/api/notifications")
        peer = socket.socket()
        self.addCleanup(peer.close)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", self.daemon.port))
        peer.sendall(b"GET /api/notifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
                     % self.daemon.token("alice").encode())
        # Longer than a closed socket would be left to send.
        await asyncio.sleep(10)
        answer = b""
        while part := peer.recv(65536):
            answer += part
        self.assertEqual(answer.split(b"\r\n\r\n", 1)[1], whole.body)

    async def test_the_server_stops_with_calls_on_their_way(self):
        raws = []
        for n in range(20):
            raw = RawSocket(self.daemon.port)
            self.addCleanup(raw.close)
            raw.write(b"GET /%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (
                (b"readyz", b"api/notifications")[n % 2], self.daemon.token("alice").encode()))
            raws.append(raw)
        await asyncio.to_thread(self.daemon.stop)
        for raw in raws:
            raw.read_eof()

    async def test_clients_that_do_not_wait_do_no_harm(self):
        self.worker.create("alice", {"x": "x" * 60000})
        for part in range(0, 40, 4):
            raw = RawSocket(self.daemon.port)
            raw.write(b"GET /api/notifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
                      % self.daemon.token("alice").encode())
            raw.reset()
            raw = RawSocket(self.daemon.port)
            raw.write(b"POST /api/notifications/read HTTP/1.1\r\nHost: x\r\nContent-Type: "
                      b"application/json\r\nContent-Length: 40\r\nAuthorization: Bearer %s\r\n\r\n%s"
                      % (self.daemon.token("alice").encode(), b"{" * part))
            raw.reset()
        self.assertEqual(self.get("/api/notifications").status, 200)


if __name__ == "__main__":
    belfry_test.main()
