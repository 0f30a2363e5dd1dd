#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.belfry.Belfry1.Notifications, as a worker sees it."""

import json
import time

import belfry_test
from belfry_test import BelfryTestCase, GLib

DATA_MAX = 64 * 1024
OPTIONS = "a{sv}"


def text(value):
    return GLib.Variant("s", value)


def nested(depth):
    """An object that is so deep, counting the outer one."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


class Creating(BelfryTestCase):
    async def test_ids_grow_and_stay_below_two_to_the_53rd(self):
        ids = [self.worker.create("alice") for _ in range(3)]
        ids += self.worker.create_many([("alice", "{}", {}), ("bob", "{}", {}), ("alice", "{}", {})])
        self.assertEqual(ids, sorted(set(ids)))
        self.assertGreater(ids[0], 0)
        self.assertLess(ids[-1], 2 ** 53)

    async def test_user_ids_have_bounds(self):
        for user in "a", "a" * 128, "ä" * 64, "a b", "😀", "a\u00a0b", "a/../b", "'; --":
            id = self.worker.create(user)
            self.assertEqual(self.worker.call("Notifications.Get", "(st)", user, id)["user-id"], user)
        for user in "", "a" * 129, "ä" * 65:
            with self.assert_refused("InvalidArgs", "user_id", "1 to 128"):
                self.worker.create(user)
        for code in (0x01, 0x1F, 0x0A, 0x7F, 0x80, 0x85, 0x9F):
            with self.assert_refused("InvalidArgs", "user_id", "control character"):
                self.worker.create(f"a{chr(code)}b")

    async def test_every_method_with_a_user_checks_it(self):
        calls = {
            "Create": ("(ssa{sv})", "{}", {}), "Update": ("(sts)", 1, "{}"), "Get": ("(st)", 1),
            "List": ("(sa{sv})", {}), "CountUnread": ("(s)",), "MarkRead": ("(sat)", [1]),
            "MarkUnread": ("(sat)", [1]), "Remove": ("(sat)", [1]), "MarkAllRead": ("(s)",),
            "RemoveAll": ("(s)",),
        }
        for method, (signature, *rest) in calls.items():
            with self.subTest(method), self.assert_refused("InvalidArgs", "user_id", "128"):
                self.worker.call("Notifications." + method, signature, "", *rest)

    async def test_data_is_one_strict_json_object(self):
        for data in ("", " ", "null", "[]", '"a"', "1", "{", "{}{}", "{} x", "{'a':1}", '{"a":01}',
                     '{"a":1,}', '{"a":.5}', '{"a":NaN}', "/* */{}", '{"a":"\t"}', '{"a":"\\q"}',
                     "\ufeff{}", '{"a":"\\ud80"}'):
            with self.subTest(data), self.assert_refused("InvalidArgs", "data"):
                self.worker.create("alice", data)
        self.assertEqual(self.worker.list("alice"), ([], 0))

    async def test_data_has_a_greatest_depth_and_length(self):
        self.worker.create("alice", nested(32))
        with self.assert_refused("InvalidArgs", "data", "32"):
            self.worker.create("alice", nested(33))
        with self.assert_refused("InvalidArgs", "data", "32"):
            self.worker.create("alice", nested(30000))
        longest = '{"a":"' + "x" * (DATA_MAX - 8) + '"}'
        self.worker.create("alice", longest)
        # White space around the object goes, and is not counted.
        self.worker.create("alice", "  " + longest + "\n")
        for size in DATA_MAX + 1, 100_000, 200_000, 1_000_000:
            data = '{"a":"' + "x" * (size - 8) + '"}'
            with self.assert_refused("TooLarge", "data", str(size), str(DATA_MAX)):
                self.worker.create("alice", data)
            with self.assert_refused("TooLarge", "notifications[1]: data", str(size), str(DATA_MAX)):
                self.worker.create_many([("alice", "{}", {}), ("alice", data, {})])
            with self.assert_refused("TooLarge", "data", str(size), str(DATA_MAX)):
                self.worker.call("Notifications.Update", "(sts)", "alice", 1, data)
        self.assertEqual(self.worker.list("alice")[1], 3)

    async def test_options_of_another_name_or_type_are_refused(self):
        create = lambda options: self.worker.call(  # noqa: E731
            "Notifications.Create", "(ssa{sv})", "alice", "{}", options)
        with self.assert_refused("InvalidArgs", "options", "Tag", "idempotency-key, tag and expires"):
            create({"Tag": text("t")})
        with self.assert_refused("InvalidArgs", "options", "tag", "type i", "expected s"):
            create({"tag": GLib.Variant("i", 1)})
        with self.assert_refused("InvalidArgs", "options", "idempotency-key", "type as"):
            create({"idempotency-key": GLib.Variant("as", ["k"])})
        for type in "i", "u", "t", "d":
            with self.assert_refused("InvalidArgs", "options", "expires", "expected x"):
                create({"expires": GLib.Variant(type, 60)})
        for name in "tag", "idempotency-key":
            create({name: text("k" * 128)})
            for value in "", "k" * 129, "ä" * 65:
                with self.assert_refused("InvalidArgs", "options", name, "1 to 128"):
                    create({name: text(value)})
        for seconds in 0, -1, -2 ** 63, 315_360_001, 2 ** 63 - 1:
            with self.assert_refused("InvalidArgs", "options", "expires", "1 to 315360000"):
                self.worker.create("alice", expires=seconds)
        self.worker.create("alice", expires=315_360_000)

    async def test_arguments_of_other_types_are_refused_by_name(self):
        with self.assert_refused("InvalidArgs", "Create", "(ssa{sv})", "(s)"):
            self.worker.call("Notifications.Create", "(s)", "alice")
        with self.assert_refused("InvalidArgs", "MarkRead", "(sat)", "(sau)"):
            self.worker.call("Notifications.MarkRead", "(sau)", "alice", [1])
        with self.assert_refused("InvalidArgs", "Unsubscribe", "()", "(s)"):
            self.worker.call("Notifications.Unsubscribe", "(s)", "alice")


class IdempotencyKeys(BelfryTestCase):
    async def test_the_same_key_gives_the_same_id_and_rings_once(self):
        tab = await self.open("alice")
        id = self.worker.create("alice", {"n": 1}, key="k")
        self.assertEqual(self.worker.create("alice", {"n": 2}, key="k"), id)
        other = self.worker.create("bob", {"n": 3}, key="k")
        last = self.worker.create("alice", {"n": 4})
        self.assertNotEqual(other, id)
        for expected, n in (id, 1), (last, 4):
            data = (await tab.receive("notification_received"))["data"]
            self.assertEqual((data["id"], data["data"]), (expected, {"n": n}))
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "alice"), 2)

    async def test_a_key_outlives_its_notification_and_a_restart(self):
        tab = await self.open("alice")
        id = self.worker.create("alice", key="k")
        await tab.receive("notification_received")
        self.worker.call("Notifications.Remove", "(sat)", "alice", [id])
        await tab.receive("notifications_removed")
        self.assertEqual(self.worker.create("alice", key="k"), id)
        await tab.assert_silence()
        self.daemon.stop()
        self.daemon.start()
        self.worker = self.new_worker()
        self.assertEqual(self.worker.create("alice", key="k"), id)
        self.assertEqual(self.worker.list("alice"), ([], 0))

    async def test_equal_keys_in_one_create_many_give_one_id(self):
        tab = await self.open("alice")
        key = {"idempotency-key": text("k")}
        ids = self.worker.create_many(
            [("alice", '{"n":0}', key), ("alice", '{"n":1}', {}), ("alice", '{"n":2}', key),
             ("bob", '{"n":3}', key)])
        self.assertEqual(ids[0], ids[2])
        self.assertEqual(len(set(ids)), 3)
        for n in 0, 1:
            data = (await tab.receive("notification_received"))["data"]
            self.assertEqual((data["id"], data["data"]["n"]), (ids[n], n))
        await tab.assert_silence()
        self.assertEqual(self.worker.create_many([("alice", "{}", key)] * 3), [ids[0]] * 3)

    async def test_a_key_that_is_known_does_not_replace_its_tag(self):
        first = self.worker.create("alice", key="k", tag="t")
        second = self.worker.create("alice", tag="t")
        self.assertEqual(self.worker.create("alice", key="k", tag="t"), first)
        self.assertEqual([n["id"] for n in self.worker.list("alice")[0]], [second])


class Tags(BelfryTestCase):
    async def test_a_tag_replaces_and_the_removal_is_told_first(self):
        tab = await self.open("alice")
        old = self.worker.create("alice", {"n": 1}, tag="t")
        await tab.receive("notification_received")
        new = self.worker.create("alice", {"n": 2}, tag="t")
        removed = (await tab.receive("notifications_removed"))["data"]
        self.assertEqual(removed["ids"], [old])
        received = (await tab.receive("notification_received"))["data"]
        self.assertEqual((received["id"], received["unreadCount"]), (new, 1))
        # One transaction: the two positions are neighbours.
        self.assertEqual(received["position"], removed["position"] + 1)
        notifications, total = self.worker.list("alice")
        self.assertEqual([(n["id"], n["tag"]) for n in notifications], [(new, "t")])
        self.assertEqual(total, 1)
        with self.assert_refused("NotFound", "id", str(old)):
            self.worker.call("Notifications.Get", "(st)", "alice", old)

    async def test_a_tag_is_of_one_user(self):
        ids = [self.worker.create(user, tag="t") for user in ("alice", "bob")]
        for user, id in zip(("alice", "bob"), ids):
            self.assertEqual([n["id"] for n in self.worker.list(user)[0]], [id])

    async def test_the_later_of_two_equal_tags_in_one_batch_wins(self):
        tab = await self.open("alice")
        tag = {"tag": text("t")}
        ids = self.worker.create_many([("alice", json.dumps({"n": n}), tag) for n in range(3)])
        self.assertEqual(len(set(ids)), 3)
        notifications, total = self.worker.list("alice")
        self.assertEqual([json.loads(n["data"])["n"] for n in notifications], [2])
        self.assertEqual((notifications[0]["id"], total), (ids[2], 1))
        data = (await tab.receive("notification_received"))["data"]
        self.assertEqual((data["id"], data["unreadCount"]), (ids[2], 1))
        await tab.assert_silence()

    async def test_a_removed_one_frees_its_tag(self):
        id = self.worker.create("alice", tag="t")
        self.worker.call("Notifications.Remove", "(sat)", "alice", [id])
        self.assertEqual(self.worker.list("alice", tag="t"), ([], 0))
        id = self.worker.create("alice", tag="t")
        self.assertEqual([n["id"] for n in self.worker.list("alice", tag="t")[0]], [id])


class Expiry(BelfryTestCase):
    async def test_one_that_expires_goes_everywhere(self):
        tab = await self.open("alice")
        self.worker.call("Notifications.Subscribe", "(a{sv})", {})
        before = time.time()
        id = self.worker.create("alice", expires=2)
        kept = self.worker.create("alice", expires=3600)
        notification = self.worker.call("Notifications.Get", "(st)", "alice", id)
        self.assertEqual(notification["expires-at"] - notification["created-at"], 2_000_000)
        self.assertEqual([(await tab.receive("notification_received"))["data"]["id"]
                          for _ in range(2)], [id, kept])
        removed = (await tab.receive("notifications_removed"))["data"]
        self.assertEqual((removed["ids"], removed["unreadCount"]), ([id], 1))
        self.assertGreater(time.time(), before + 2)
        self.assertEqual([n["id"] for n in self.worker.list("alice")[0]], [kept])
        self.assertEqual([self.worker.next_signal()[1] for _ in range(3)],
                         ["Created", "Created", "Removed"])

    async def test_one_that_expired_while_belfry_was_down_is_gone_after_the_start(self):
        id = self.worker.create("alice", expires=1)
        self.daemon.stop()
        time.sleep(1.1)
        self.daemon.start()
        self.worker = self.new_worker()
        tab = await self.open("alice")
        deadline = time.monotonic() + belfry_test.PATIENCE
        while self.worker.list("alice") != ([], 0):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "alice"), 0)
        self.assertGreaterEqual(tab.registered["position"], id)


class CreateMany(BelfryTestCase):
    async def test_one_bad_entry_stores_nothing_and_is_named(self):
        entries = [("alice", json.dumps({"n": n}), {}) for n in range(1000)]
        for index, bad, words in (
                (0, ("", "{}", {}), ("user_id",)), (617, ("alice", "{", {}), ("data",)),
                (999, ("alice", "{}", {"tga": text("t")}), ("options", "tga")),
                (5, ("alice", "{}", {"expires": GLib.Variant("x", 0)}), ("expires", "315360000"))):
            with self.assert_refused("InvalidArgs", f"notifications[{index}]", *words):
                self.worker.create_many(entries[:index] + [bad] + entries[index + 1:])
        self.assertEqual(self.worker.list("alice"), ([], 0))
        self.assertEqual(len(self.worker.create_many(entries)), 1000)

    async def test_takes_one_to_a_thousand(self):
        with self.assert_refused("InvalidArgs", "notifications", "1 to 1000"):
            self.worker.create_many([])
        with self.assert_refused("TooLarge", "notifications", "1001", "1 to 1000"):
            self.worker.create_many([("alice", "{}", {})] * 1001)
        self.assertEqual(self.worker.list("alice"), ([], 0))

    async def test_takes_eight_mebibytes(self):
        data = '{"a":"' + "x" * 60_000 + '"}'
        self.assertEqual(len(self.worker.create_many([("alice", data, {})] * 139)), 139)
        with self.assert_refused("TooLarge", "notifications", "8388608"):
            self.worker.create_many([("alice", data, {})] * 140)
        self.assertEqual(self.worker.list("alice", limit=1)[1], 139)


class Reading(BelfryTestCase):
    async def test_a_notification_has_what_it_was_given(self):
        before = time.time() * 1e6
        id = self.worker.create("alice", {"a": 1})
        tagged = self.worker.create("alice", tag="t", expires=60)
        got = self.worker.call("Notifications.Get", "(st)", "alice", id)
        self.assertLess(before - 1, got["created-at"])
        self.assertLess(got.pop("created-at"), time.time() * 1e6 + 1)
        self.assertEqual(got, {"id": id, "user-id": "alice", "data": '{"a": 1}', "read": False,
                               "position": id})
        got = self.worker.call("Notifications.Get", "(st)", "alice", tagged)
        self.assertEqual(got["tag"], "t")
        self.assertEqual(got["expires-at"], got["created-at"] + 60_000_000)

    async def test_another_users_are_not_found(self):
        id = self.worker.create("alice")
        for user, wanted in ("bob", id), ("alice", id + 1), ("alice", 0), ("alice", 2 ** 64 - 1):
            with self.assert_refused("NotFound", "id", str(wanted)):
                self.worker.call("Notifications.Get", "(st)", user, wanted)
            with self.assert_refused("NotFound", "id", str(wanted)):
                self.worker.call("Notifications.Update", "(sts)", user, wanted, "{}")

    async def test_a_list_goes_page_by_page_from_the_newest(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 250)
        self.worker.create("bob")
        seen = []
        query = {}
        for n in 100, 100, 50, 0:
            notifications, total = self.worker.list("alice", **query)
            self.assertEqual((len(notifications), total), (n, 250))
            seen += [notification["id"] for notification in notifications]
            query["before"] = seen[-1]
        self.assertEqual(seen, ids[::-1])
        self.assertEqual(len(self.worker.list("alice", limit=1000)[0]), 250)
        self.assertEqual([n["id"] for n in self.worker.list("alice", before=ids[9], limit=2)[0]],
                         [ids[8], ids[7]])
        self.assertEqual(len(self.worker.list("alice", before=2 ** 64 - 1)[0]), 100)
        self.assertEqual(self.worker.list("alice", before=0), ([], 250))

    async def test_a_list_of_the_unread_or_of_a_tag(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 3 + [("alice", "{}", {"tag": text("t")})])
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [ids[0], ids[3]])
        found = lambda **query: (  # noqa: E731
            [n["id"] for n in self.worker.list("alice", **query)[0]],
            self.worker.list("alice", **query)[1])
        self.assertEqual(found(unread=True), ([ids[2], ids[1]], 2))
        self.assertEqual(found(unread=False), (ids[::-1], 4))
        self.assertEqual(found(unread=True, limit=1), ([ids[2]], 2))
        self.assertEqual(found(tag="t"), ([ids[3]], 1))
        self.assertEqual(found(tag="t", unread=True), ([], 0))
        self.assertEqual(found(tag="t", before=ids[3]), ([], 1))
        self.assertEqual(found(tag="u"), ([], 0))

    async def test_a_faulty_query_is_refused(self):
        for limit in 0, 1001, 2 ** 32 - 1:
            with self.assert_refused("InvalidArgs", "query", "limit", "1 to 1000"):
                self.worker.list("alice", limit=limit)
        query = lambda **values: self.worker.call(  # noqa: E731
            "Notifications.List", "(sa{sv})", "alice", values)
        with self.assert_refused("InvalidArgs", "query", "limit", "type i", "expected u"):
            query(limit=GLib.Variant("i", 1))
        with self.assert_refused("InvalidArgs", "query", "before", "expected t"):
            query(before=GLib.Variant("x", 1))
        with self.assert_refused("InvalidArgs", "query", "unread", "expected b"):
            query(unread=GLib.Variant("u", 1))
        with self.assert_refused("InvalidArgs", "query", "tag", "expected s"):
            query(tag=GLib.Variant("u", 1))
        for tag in "", "t" * 129:
            with self.assert_refused("InvalidArgs", "query", "tag", "1 to 128"):
                query(tag=text(tag))
        with self.assert_refused("InvalidArgs", "query", "offset", "before, limit, unread and tag"):
            query(offset=GLib.Variant("u", 1))


class Changing(BelfryTestCase):
    async def test_update_changes_the_content_and_nothing_else(self):
        tab = await self.open("alice")
        id = self.worker.create("alice", {"n": 1}, tag="t")
        await tab.receive("notification_received")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [id])
        await tab.receive("notifications_read")
        before = self.worker.call("Notifications.Get", "(st)", "alice", id)
        self.assertEqual(self.worker.call("Notifications.Update", "(sts)", "alice", id, ' {"n":2} '), ())
        after = self.worker.call("Notifications.Get", "(st)", "alice", id)
        self.assertEqual(after.pop("data"), '{"n":2}')
        self.assertEqual(after.pop("position"), before.pop("position") + 1)
        before.pop("data")
        self.assertEqual(after, before)
        told = (await tab.receive("notification_updated"))["data"]
        self.assertEqual((told["id"], told["data"], told["read"]), (id, {"n": 2}, True))
        for data in "[]", nested(33):
            with self.assert_refused("InvalidArgs", "data"):
                self.worker.call("Notifications.Update", "(sts)", "alice", id, data)

    async def test_counts_are_of_those_that_changed(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 4)
        bobs = self.worker.create("bob")
        change = lambda method, ids: self.worker.call(  # noqa: E731
            "Notifications." + method, "(sat)", "alice", ids)
        unread = lambda: self.worker.call("Notifications.CountUnread", "(s)", "alice")  # noqa: E731
        self.assertEqual(unread(), 4)
        self.assertEqual(change("MarkRead", [ids[0], ids[1], ids[1], bobs, 0, 2 ** 64 - 1, 10 ** 15]), 2)
        self.assertEqual(unread(), 2)
        self.assertEqual(change("MarkRead", ids[:3]), 1)
        self.assertEqual(change("MarkUnread", [ids[0], ids[3], bobs]), 1)
        self.assertEqual(unread(), 2)
        self.assertEqual(change("Remove", [ids[0], ids[1], ids[0], bobs, 77777]), 2)
        self.assertEqual(unread(), 1)
        self.assertEqual(change("Remove", ids[:2]), 0)
        self.assertEqual(change("MarkRead", ids[:2]), 0)
        self.assertEqual(self.worker.list("alice")[1], 2)
        self.assertEqual(self.worker.call("Notifications.CountUnread", "(s)", "bob"), 1)

    async def test_marking_many_unread_counts_and_tells_each_once(self):
        # Each is told with its content, so it is done in steps of 100.
        ids = self.worker.create_many([("alice", "{}", {})] * 250)
        self.worker.call("Notifications.MarkAllRead", "(s)", "alice")
        tab = await self.open("alice")
        count = self.worker.call("Notifications.MarkUnread", "(sat)", "alice", ids)
        self.assertEqual(count, 250)
        told = [(await tab.receive("notification_updated"))["data"] for _ in ids]
        self.assertEqual([data["id"] for data in told], ids)
        self.assertEqual([data["unreadCount"] for data in told], list(range(1, 251)))
        await tab.assert_silence()

    async def test_ids_are_one_to_a_thousand(self):
        ids = self.worker.create_many([("alice", "{}", {})] * 1000)
        for method in "MarkRead", "MarkUnread", "Remove":
            with self.assert_refused("InvalidArgs", "ids", "1 to 1000"):
                self.worker.call("Notifications." + method, "(sat)", "alice", [])
            with self.assert_refused("TooLarge", "ids", "1001", "1 to 1000"):
                self.worker.call("Notifications." + method, "(sat)", "alice", [*ids, ids[0]])
            self.assertEqual(self.worker.call("Notifications." + method, "(sat)", "alice", ids), 1000)

    async def test_all_of_many_go_in_frames_of_a_thousand(self):
        tab = await self.open("alice")
        ids = []
        for n in 1000, 1000, 500:
            ids += self.worker.create_many([("alice", "{}", {})] * n)
        for _ in ids:
            await tab.receive("notification_received")
        self.worker.call("Notifications.Subscribe", "(a{sv})", {})
        for method, frame, signal in (("MarkAllRead", "notifications_read", "Read"),
                                      ("RemoveAll", "notifications_removed", "Removed")):
            self.assertEqual(self.worker.call("Notifications." + method, "(s)", "alice"), 2500)
            told = []
            for n in 1000, 1000, 500:
                data = (await tab.receive(frame))["data"]
                self.assertEqual(len(data["ids"]), n)
                told += data["ids"]
            self.assertEqual(sorted(told), ids)
            self.assertEqual(data["unreadCount"], 0)
            # The call was answered after the last: all the signals have come before it.
            signals = self.worker.received()
            self.assertEqual(len(signals), 3)
            self.assertEqual({s[:3] for s in signals}, {("Notifications", signal, "alice")})
            self.assertEqual(sorted(id for s in signals for id in s[3]), ids)
            self.assertEqual(self.worker.call("Notifications." + method, "(s)", "alice"), 0)
        self.assertEqual(self.worker.list("alice"), ([], 0))
        await tab.assert_silence()


class Subscribing(BelfryTestCase):
    def make_every_signal(self, user):
        id, other = self.worker.create(user), self.worker.create(user)
        self.worker.call("Notifications.Update", "(sts)", user, id, "{}")
        self.worker.call("Notifications.MarkRead", "(sat)", user, [id, other])
        self.worker.call("Notifications.MarkUnread", "(sat)", user, [id])
        self.worker.call("Notifications.Remove", "(sat)", user, [other])
        return [("Notifications", "Created", id, user), ("Notifications", "Created", other, user),
                ("Notifications", "Updated", id, user), ("Notifications", "Read", user, [id, other]),
                ("Notifications", "Updated", id, user), ("Notifications", "Removed", user, [other])]

    def received(self, worker):
        """What has come up to an answer, before which it was sent."""
        worker.call("Notifications.CountUnread", "(s)", "nobody")
        return worker.received()

    def subscribe(self, worker, **filter):
        types = {"user_prefix": ("user-prefix", "s"), "signals": ("signals", "as")}
        worker.call("Notifications.Subscribe", "(a{sv})",
                    {types[k][0]: GLib.Variant(types[k][1], v) for k, v in filter.items()})

    async def test_signals_go_to_subscribers_only(self):
        subscriber, other = self.new_worker(), self.new_worker()
        self.subscribe(subscriber)
        expected = self.make_every_signal("alice")
        self.assertEqual(self.received(subscriber), expected)
        self.assertEqual(self.received(other), [])
        self.assertEqual(self.received(self.worker), [])
        subscriber.call("Notifications.Unsubscribe", "()")
        subscriber.call("Notifications.Unsubscribe", "()")
        self.make_every_signal("alice")
        self.assertEqual(self.received(subscriber), [])

    async def test_a_filter_chooses_and_a_new_one_replaces_it(self):
        subscriber = self.new_worker()
        self.subscribe(subscriber, user_prefix="al", signals=["Created", "Removed"])
        of_alice = self.make_every_signal("alice")
        self.make_every_signal("bob")
        self.make_every_signal("Alice")
        self.assertEqual(self.received(subscriber),
                         [s for s in of_alice if s[1] in ("Created", "Removed")])
        self.subscribe(subscriber, signals=["Read"])
        self.make_every_signal("alice")
        of_bob = self.make_every_signal("bob")
        self.assertEqual([s[1] for s in self.received(subscriber)], ["Read", "Read"])
        self.subscribe(subscriber, user_prefix="b")
        self.make_every_signal("alice")
        of_bob = self.make_every_signal("bob")
        self.assertEqual(self.received(subscriber), of_bob)
        self.subscribe(subscriber, signals=[])
        self.make_every_signal("bob")
        self.assertEqual(self.received(subscriber), [])

    async def test_a_faulty_filter_is_refused_and_changes_nothing(self):
        subscriber = self.new_worker()
        self.subscribe(subscriber, signals=["Read"])
        with self.assert_refused("InvalidArgs", "filter", "signals", "Create", "Created, Updated"):
            self.subscribe(subscriber, signals=["Created", "Create"])
        refuse = lambda **filter: subscriber.call(  # noqa: E731
            "Notifications.Subscribe", "(a{sv})", filter)
        with self.assert_refused("InvalidArgs", "filter", "signals", "type s", "expected as"):
            refuse(signals=text("Read"))
        with self.assert_refused("InvalidArgs", "filter", "users", "user-prefix and signals"):
            refuse(users=text("a"))
        with self.assert_refused("InvalidArgs", "filter", "user-prefix", "128"):
            self.subscribe(subscriber, user_prefix="a" * 129)
        self.make_every_signal("alice")
        self.assertEqual([s[1] for s in self.received(subscriber)], ["Read"])

    async def test_every_created_one_of_a_batch_is_told(self):
        self.subscribe(self.worker)
        ids = self.worker.create_many([("alice", "{}", {}), ("bob", "{}", {}), ("alice", "{}", {})])
        self.assertEqual(self.received(self.worker),
                         [("Notifications", "Created", id, user)
                          for id, user in zip(ids, ("alice", "bob", "alice"))])


if __name__ == "__main__":
    belfry_test.main()
