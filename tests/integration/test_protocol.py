#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every frame of the wire protocol: what it holds, what answers it, and in which order."""

import json
import re
import uuid

import belfry_test
import wire_schema
from belfry_test import BelfryTestCase

MAX = 2**53 - 1


class Envelope(BelfryTestCase):
    async def test_the_first_frame_says_version_and_heartbeat(self):
        tab = await self.connect(expect_connected=False)
        frame = await tab.receive("connected")
        self.assertEqual((frame["data"]["version"], frame["data"]["heartbeat"]), (1, 25000))
        await tab.assert_silence()

    async def test_an_id_comes_back_as_it_was_written(self):
        tab = await self.open("alice")
        for written in ('7', '"7"', '""', '-1', '0', '-0', str(2**63 - 1), str(-2**63),
                        '"' + "x" * 64 + '"', '"' + "ü" * 32 + '"', r'"\u00fc\n\ud83d\udd14"'):
            for sent in (f'{{"type":"ping","id":{written}}}',
                         f'{{"id":{written},"type":"unread_count"}}',
                         f'{{"type":"nobody_knows","id":{written}}}',
                         f'{{"type":"list","id":{written},"data":{{"limit":0}}}}'):
                await tab.send_text(sent)
                text = await tab.socket.recv()
                self.assertRegex(text, r'^\{"type":"(reply|error)","id":' + re.escape(written)
                                 + ',"data":')

    async def test_an_id_that_is_null_or_no_integer_is_refused(self):
        tab = await self.open("alice")
        stranger = await self.connect()
        for written in ('null', '1.5', '1.0', '1e3', 'true', '[1]', '{}', str(2**63),
                        '"' + "x" * 65 + '"', '"' + "ü" * 33 + '"', r'"nul\u0000"'):
            for client in tab, stranger:
                await client.send_text(f'{{"type":"ping","id":{written}}}')
                frame = await client.receive_error("INVALID_MESSAGE")
                self.assertNotIn("id", frame)
                self.assertIn("id:", frame["data"]["message"])

    async def test_without_an_id_there_is_no_reply_but_errors_come(self):
        self.worker.create("alice")
        tab = await self.open("alice")
        id = tab.registered["position"]
        for frame in ({"type": "ping"}, {"type": "list"}, {"type": "unread_count"},
                      {"type": "mark_read", "data": {"ids": [id]}}):
            await tab.send(**frame)
        await tab.receive("notifications_read")
        for frame, code in (({"type": "list", "data": {"limit": 0}}, "INVALID_MESSAGE"),
                            ({"type": "nobody_knows"}, "UNKNOWN_TYPE")):
            await tab.send(**frame)
            self.assertNotIn("id", await tab.receive_error(code))

    async def test_an_error_has_all_its_fields(self):
        tab = await self.open("alice")
        await tab.send(type="nobody_knows", id="x")
        frame = await tab.receive("error")
        self.assertEqual(frame["id"], "x")
        self.assertEqual(set(frame["data"]), {"code", "message", "fatal", "retryAfter"})
        self.assertIsNone(frame["data"]["retryAfter"])
        self.assertIs(frame["data"]["fatal"], False)

    async def test_frames_are_answered_in_the_order_in_which_they_came(self):
        self.worker.create("alice")
        tab = await self.open("alice")
        id = tab.registered["position"]
        types = ["list", "mark_read", "ping", "unread_count", "nobody_knows", "list", "remove",
                 "unread_count", "ping", "mark_all_read", "list"]
        for n, type in enumerate(types):
            await tab.send(type=type, id=n, data={"ids": [id]})
        answers = []
        while len(answers) < len(types):
            frame = await tab.receive()
            if "id" in frame:
                answers.append(frame)
        self.assertEqual([frame["id"] for frame in answers], list(range(len(types))))
        # What was asked before shows in what was asked behind it.
        lists = [answers[n]["data"]["notifications"] for n in (0, 5, 10)]
        self.assertEqual([[item["read"] for item in items] for items in lists],
                         [[False], [True], []])

    async def test_frames_behind_a_register_wait_for_it(self):
        self.worker.create("alice")
        tab = await self.connect()
        await tab.send(type="register", id="r", data={"jwtToken": self.daemon.token("alice")})
        await tab.send(type="unread_count", id="u")
        await tab.send(type="ping", id="p")
        self.assertEqual((await tab.receive("registered"))["id"], "r")
        self.assertEqual((await tab.receive("reply"))["data"]["unreadCount"], 1)
        self.assertEqual((await tab.receive("reply"))["id"], "p")

    async def test_a_message_that_is_no_frame_is_refused_and_the_connection_stays(self):
        tab = await self.open("alice")
        stranger = await self.connect()
        texts = ['', ' ', 'x', 'null', '1', '"x"', '[]', '[{}]', '{', '{}{}', "{'type':'ping'}",
                 '{"type":"ping",}', '{"type":"ping"}x', '\ufeff{"type":"ping"}',
                 '{"type":"ping","id":01}', '/**/{"type":"ping"}', '{"type":"ping"}\0',
                 '{}', '{"type":null}', '{"type":7}', '{"type":["ping"]}',
                 '{"type":"ping","data":null}', '{"type":"ping","data":[]}',
                 '{"type":"list","data":"x"}', '{"type":"register","data":7}']
        for text in texts:
            for client in tab, stranger:
                await client.send_text(text)
                await client.receive_error("INVALID_MESSAGE")
        for client in tab, stranger:
            await client.socket.send(b'{"type":"ping"}')
            await client.receive_error("INVALID_MESSAGE")
            self.assertEqual(await client.request("ping"), {})

    async def test_data_may_be_32_deep_and_not_33(self):
        tab = await self.open("alice")
        for depth, code in (32, "UNKNOWN_TYPE"), (33, "INVALID_MESSAGE"):
            data = '{"a":' * (depth - 1) + '{}' + '}' * (depth - 1)
            await tab.send_text('{"type":"nobody_knows","data":' + data + '}')
            await tab.receive_error(code)

    async def test_members_that_are_not_known_are_ignored(self):
        tab = await self.open("alice")
        await tab.send_text('{"x":1,"type":"pong","type":"ping","id":1,"id":2,"data":{"y":[]}}')
        self.assertEqual((await tab.receive("reply"))["id"], 2)
        self.assertIn("notifications", await tab.request("list", nobody="knows"))


class Registering(BelfryTestCase):
    async def test_before_register_only_ping_is_answered(self):
        tab = await self.connect()
        self.assertEqual(await tab.request("ping"), {})
        for type in ("list", "mark_read", "mark_unread", "remove", "mark_all_read", "unread_count",
                     "nobody_knows", "registered", "Not A Type!", ""):
            await tab.send(type=type, id=type)
            self.assertEqual((await tab.receive_error("NOT_REGISTERED"))["id"], type)

    async def test_registered_has_all_its_fields(self):
        for _ in range(3):
            id = self.worker.create("alice")
        for since in None, 0, id, id + 1:
            tab = await self.connect()
            data = {} if since is None else {"since": since}
            await tab.send(type="register", id=5,
                           data={"jwtToken": self.daemon.token("alice"), **data})
            frame = await tab.receive("registered")
            self.assertEqual(frame["id"], 5)
            told = frame["data"]
            self.assertEqual((told["userId"], told["unreadCount"]), ("alice", 3))
            self.assertEqual(str(uuid.UUID(told["sessionId"])), told["sessionId"])
            self.assertEqual(str(uuid.UUID(told["epoch"])), told["epoch"])
            self.assertEqual(told.get("recovered"), {None: None, id + 1: False}.get(since, True))
            self.assertEqual(told["position"], 0 if since == 0 else id)
            self.assertEqual(told.get("unreadAt"), id if since == 0 else None)

    async def test_nothing_comes_unasked_after_a_register_without_since(self):
        self.worker.create("alice")
        tab = await self.open("alice")
        await tab.assert_silence()
        self.worker.create("alice")
        await tab.receive("notification_received")

    async def test_register_without_a_token_is_not_fatal(self):
        tab = await self.connect()
        registered = await self.open("alice")
        for client in tab, registered:
            for frame in ({"type": "register"}, {"type": "register", "jwtToken": None},
                          {"type": "register", "data": {"jwtToken": None}}):
                await client.send(id=1, **frame)
                self.assertEqual((await client.receive_error("NOT_REGISTERED"))["id"], 1)
        await tab.send(type="register", jwtToken=self.daemon.token("alice"))
        await tab.receive("registered")
        self.assertEqual((await registered.request("unread_count"))["unreadCount"], 0)

    async def test_each_field_of_register_is_checked(self):
        tab = await self.connect()
        token = self.daemon.token("alice")
        for name, values in {"jwtToken": (7, True, {}, [token]),
                             "since": (-1, MAX + 1, 2**64, 1.5, "1", None, True, {}),
                             "epoch": (7, None, [], "nul\0")}.items():
            for value in values:
                for place in "data", None:
                    fields = {"jwtToken": token, name: value}
                    fields = {"data": fields} if place else fields
                    await tab.send(type="register", id=1, **fields)
                    error = await tab.receive_error("INVALID_MESSAGE")
                    self.assertIn(name + ":", error["data"]["message"])
        await tab.send(type="register", data={"jwtToken": token, "since": MAX})
        self.assertIs((await tab.receive("registered"))["data"]["recovered"], False)


class Inbox(BelfryTestCase):
    def fill(self, n, user="alice", data="{}"):
        return self.worker.create_many([(user, data, {})] * n)

    async def test_list_gives_the_newest_first_and_pages(self):
        ids = self.fill(45)[::-1]
        self.fill(3, user="bob")
        tab = await self.open("alice")
        await tab.request("mark_read", ids=ids[10:30])
        first = await tab.request("list")
        self.assertEqual([item["id"] for item in first["notifications"]], ids[:20])
        self.assertEqual((first["total"], first["more"], first["unreadCount"]), (45, True, 25))
        self.assertEqual(first["unreadAt"], (await tab.request("unread_count"))["unreadAt"])
        self.assertEqual([item["read"] for item in first["notifications"]],
                         [False] * 10 + [True] * 10)
        self.assertEqual(set(first["notifications"][0]),
                         {"id", "userId", "data", "createdAt", "read"})
        rest = await tab.request("list", before=ids[19], limit=100)
        self.assertEqual([item["id"] for item in rest["notifications"]], ids[20:])
        self.assertEqual((rest["total"], rest["more"]), (45, False))
        exact = await tab.request("list", before=ids[19], limit=25)
        self.assertEqual((len(exact["notifications"]), exact["more"]), (25, False))
        unread = await tab.request("list", unread=True, limit=1)
        self.assertEqual((unread["total"], unread["more"]), (25, True))
        unread = await tab.request("list", unread=True, before=ids[9], limit=100)
        self.assertEqual([item["id"] for item in unread["notifications"]], ids[30:])
        nothing = await tab.request("list", before=ids[-1])
        self.assertEqual((nothing["notifications"], nothing["more"], nothing["total"]),
                         ([], False, 45))

    async def test_list_of_an_empty_inbox(self):
        tab = await self.open("alice")
        self.assertEqual(await tab.request("list"), {
            "notifications": [], "total": 0, "more": False, "unreadCount": 0, "unreadAt": 0})

    async def test_list_has_data_of_any_depth_that_is_allowed(self):
        data = '{"a":' * 31 + "{}" + "}" * 31
        self.worker.create("alice", data)
        tab = await self.open("alice")
        listed = await tab.request("list")
        self.assertEqual(listed["notifications"][0]["data"], json.loads(data))
        # Also when nobody waits for it.
        await tab.send(type="list")
        self.assertEqual(await tab.request("ping", id=2), {})

    async def test_list_is_cut_at_128_kib(self):
        ids = self.fill(5, data=json.dumps({"x": "y" * 60000}))[::-1]
        tab = await self.open("alice")
        await tab.send(type="list", id=1)
        text = await tab.socket.recv()
        self.assertLessEqual(len(text), 128 * 1024 + 1024)
        reply = json.loads(text)["data"]
        self.assertEqual([item["id"] for item in reply["notifications"]], ids[:2])
        self.assertEqual((reply["more"], reply["total"]), (True, 5))
        reply = await tab.request("list", before=ids[1])
        self.assertEqual([item["id"] for item in reply["notifications"]], ids[2:4])

    async def test_marking_is_told_to_all_tabs_and_to_the_asking_one_before_its_reply(self):
        ids = self.fill(3)
        position = ids[-1]
        tab, other = await self.open("alice"), await self.open("alice")
        stranger = await self.open("bob")
        for request, told, unread in (("mark_read", "notifications_read", 1),
                                      ("mark_unread", "notification_updated", 3),
                                      ("remove", "notifications_removed", 1)):
            reply = await tab.request(request, ids=ids[:2])
            self.assertEqual(reply, {"count": 2})
            position += 2
            n_frames = 2 if told == "notification_updated" else 1
            frames = tab.frames[-1 - n_frames:-1]
            self.assertEqual([frame["type"] for frame in frames], [told] * n_frames)
            self.assertEqual(frames[-1]["data"]["position"], position)
            self.assertEqual(frames[-1]["data"]["unreadCount"], unread)
            if n_frames == 1:
                self.assertEqual(frames[0]["data"]["ids"], ids[:2])
            else:
                self.assertEqual([frame["data"]["id"] for frame in frames], ids[:2])
                self.assertEqual([frame["data"]["read"] for frame in frames], [False, False])
            for frame in frames:
                self.assertNotIn("unreadAt", frame["data"])
                self.assertEqual(await other.receive(), frame)
        await stranger.assert_silence()

    async def test_ids_that_are_unknown_or_anothers_are_passed_over(self):
        mine, theirs = self.fill(2), self.fill(1, user="bob")
        tab = await self.open("alice")
        other = await self.open("bob")
        ids = [mine[0], mine[0], *theirs, 0, -1, MAX, 2**63 - 1, mine[0]]
        for request in "mark_read", "mark_unread", "remove":
            self.assertEqual(await tab.request(request, ids=ids), {"count": 1})
            self.assertEqual(await tab.request(request, ids=ids), {"count": 0})
            self.assertEqual(await tab.request(request, ids=theirs), {"count": 0})
        self.assertEqual((await tab.request("list"))["total"], 1)
        await other.assert_silence()
        self.assertEqual((await other.request("list"))["notifications"][0]["read"], False)

    async def test_a_thousand_ids_go_in_one_request_and_one_frame(self):
        ids = self.fill(1000)
        tab = await self.open("alice")
        self.assertEqual(await tab.request("mark_read", ids=ids), {"count": 1000})
        self.assertEqual(tab.frames[-2]["data"]["ids"], ids)
        await tab.send(type="mark_read", id=1, data={"ids": [*ids, 1]})
        await tab.receive_error("INVALID_MESSAGE")

    async def test_mark_all_read_takes_any_number_a_thousand_a_frame(self):
        ids = self.fill(1000) + self.fill(500)
        tab = await self.open("alice")
        self.assertEqual(await tab.request("mark_all_read"), {"count": 1500})
        told = [frame["data"]["ids"] for frame in tab.frames[1:-1] if
                frame["type"] == "notifications_read"]
        self.assertEqual([len(ids) for ids in told], [1000, 500])
        self.assertEqual(sorted(sum(told, [])), ids)
        self.assertEqual(tab.frames[-2]["data"]["unreadCount"], 0)
        self.assertEqual(await tab.request("mark_all_read"), {"count": 0})

    async def test_mark_all_read_stops_at_up_to(self):
        ids = self.fill(5)
        tab = await self.open("alice")
        self.assertEqual(await tab.request("mark_all_read", upTo=0), {"count": 0})
        self.assertEqual(await tab.request("mark_all_read", upTo=ids[2]), {"count": 3})
        self.assertEqual(tab.frames[-2]["data"]["ids"], ids[:3])
        self.assertEqual((await tab.request("unread_count"))["unreadCount"], 2)

    async def test_an_update_of_a_worker_is_told_whole(self):
        id, = self.fill(1)
        tab = await self.open("alice")
        await tab.request("mark_read", ids=[id])
        self.worker.call("Notifications.Update", "(sts)", "alice", id, '{"now":"this"}')
        told = (await tab.receive("notification_updated"))["data"]
        self.assertEqual((told["id"], told["userId"], told["data"]), (id, "alice",
                                                                      {"now": "this"}))
        self.assertEqual(told["position"], id + 2)
        self.assertEqual((await tab.request("list"))["notifications"],
                         [{k: told[k] for k in ("id", "userId", "data", "createdAt", "read")}])

    async def test_each_field_of_a_request_is_checked(self):
        tab = await self.open("alice")
        integers = (-1, MAX + 1, 2**63, 1.5, "1", None, True, [1], {})
        ids = ([], None, 1, "1", {}, ["1"], [1.5], [None], [1, True], [2**63], list(range(1001)))
        for type, name, values in (("list", "before", integers), ("list", "limit", (0, 101)),
                                   ("list", "limit", integers),
                                   ("list", "unread", (None, 0, "true", [])),
                                   ("mark_all_read", "upTo", integers), ("mark_read", "ids", ids),
                                   ("mark_unread", "ids", ids), ("remove", "ids", ids)):
            for value in values:
                await tab.send(type=type, id=1, data={name: value})
                error = await tab.receive_error("INVALID_MESSAGE")
                self.assertIn(name + ":", error["data"]["message"])
        for type in "mark_read", "mark_unread", "remove":
            await tab.send(type=type, id=1)
            await tab.receive_error("INVALID_MESSAGE")

    async def test_types_of_the_server_are_no_requests(self):
        tab = await self.open("alice")
        for type in ("connected", "registered", "notification_received", "error", "reply",
                     "caught_up", "notifications_read", "Not A Type!", "x" * 65, "", "ü"):
            await tab.send(type=type, id=1)
            await tab.receive_error("UNKNOWN_TYPE")

    async def test_a_message_of_a_worker_is_a_frame_of_its_type(self):
        tab = await self.open("alice")
        self.worker.call("Sessions.SendToUser", "(sss)", "alice", "my.type-1_x", ' {"n": 1.0} ')
        self.assertEqual(await tab.socket.recv(), '{"type":"my.type-1_x","data":{"n": 1.0}}')


class Schema(BelfryTestCase):
    async def test_it_and_the_daemon_agree_on_what_a_client_may_send(self):
        tab = await self.open("alice")
        token = self.daemon.token("alice")
        good = [{"type": "ping"}, {"type": "list"}, {"type": "list", "data": {"limit": 100}},
                {"type": "list", "data": {"before": 0, "limit": 1, "unread": True}},
                {"type": "mark_read", "data": {"ids": [1]}}, {"type": "mark_all_read"},
                {"type": "mark_all_read", "data": {"upTo": MAX}}, {"type": "unread_count"},
                {"type": "register", "jwtToken": token},
                {"type": "register", "data": {"jwtToken": token, "since": MAX, "epoch": ""}}]
        bad = [{}, {"type": 1}, {"type": "list", "data": []}, {"type": "list", "data": {"limit": 0}},
               {"type": "list", "data": {"limit": 101}}, {"type": "list", "data": {"before": -1}},
               {"type": "list", "data": {"unread": 1}}, {"type": "mark_read"},
               {"type": "remove", "data": {"ids": []}}, {"type": "mark_unread", "data": {"ids": 1}},
               {"type": "mark_read", "data": {"ids": [0] * 1001}}, {"type": "register"},
               {"type": "register", "jwtToken": 1}, {"type": "mark_all_read", "data": {"upTo": -1}},
               {"type": "register", "jwtToken": token, "since": MAX + 1},
               {"type": "register", "data": {"jwtToken": token, "epoch": 1}}]
        for frame in good:
            self.assertTrue(wire_schema.is_client_frame({**frame, "id": 1}), frame)
            await tab.send(**frame, id=1)
            self.assertIn((await tab.receive())["type"], ("reply", "registered"), frame)
        for frame in bad:
            self.assertFalse(wire_schema.is_client_frame(frame), frame)
            await tab.send_text(json.dumps(frame))
            await tab.receive("error")
        for id, valid in ((1, True), ("x", True), (None, False), (1.5, False), (True, False)):
            self.assertEqual(wire_schema.is_client_frame({"type": "ping", "id": id}), valid)


if __name__ == "__main__":
    belfry_test.main()
