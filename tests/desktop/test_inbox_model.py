#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Belfry.InboxModel: an inbox as a list that follows what happens, beside the real daemon."""

import json
import os
import random
import subprocess
import weakref

import belfry_test
from belfry_test import GLib
from desktop_test import LoopTestCase

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry  # noqa: E402

SIGNALS = ["Created", "Updated", "Read", "Removed"]
PAGE = 50


class Mirror:
    """What a view does: it copies the model by what items-changed tells, and compares."""

    def __init__(self, client, user="alice"):
        self.client = client
        self.model = Belfry.InboxModel.new(client, user)
        self.told_removed = set()
        self.items = []
        self.changes = []
        self.faults = []
        self.properties = []
        self.removed_handler = client.connect("notification-removed", self._on_removed, user)
        self.model_handlers = [
            self.model.connect("items-changed", self._on_changed),
            self.model.connect("notify", lambda model, spec: self.properties.append(spec.name))]

    def close(self):
        self.client.disconnect(self.removed_handler)
        for handler in self.model_handlers:
            self.model.disconnect(handler)
        self.model = None
        assert not self.faults, self.faults

    def _on_removed(self, client, user, id, own):
        if user == own:
            self.told_removed.add(id)

    def _on_changed(self, model, position, removed, added):
        new = [model.get_item(position + i) for i in range(added)]
        self.changes.append((position, removed, added))
        self.items[position:position + removed] = new
        # An exception would not get out of here.
        if self.items != [model.get_item(i) for i in range(model.get_n_items())]:
            self.faults.append("items-changed did not tell what changed")
        ids = self.ids()
        if ids != sorted(set(ids), reverse=True):
            self.faults.append(f"not sorted: {ids}")
        back = self.told_removed.intersection(n.props.id for n in new)
        if back:
            self.faults.append(f"removed, and there again: {back}")

    def ids(self):
        return [item.props.id for item in self.items]

    def state(self):
        return [(n.props.id, n.props.data, n.props.read, n.props.position, n.props.tag)
                for n in self.items]


class InboxModel(LoopTestCase):
    def setUp(self):
        super().setUp()
        self.client = Belfry.Client.new_sync(self.bus.address)
        self.addCleanup(self.end_client)

    def end_client(self):
        self.client = None

    def subscribe(self, prefix="alice"):
        result = self.wait_for(self.client.subscribe_async, prefix, SIGNALS)
        self.assertTrue(self.client.subscribe_finish(result))

    def new_mirror(self, user="alice", subscribed=True):
        if subscribed:
            self.subscribe()
        mirror = Mirror(self.client, user)
        self.addCleanup(mirror.close)
        self.assertEqual(mirror.model.get_n_items(), 0)
        self.until(lambda: "loading" in mirror.properties and not mirror.model.props.loading)
        return mirror

    def load_more(self, model):
        return model.load_more_finish(self.wait_for(model.load_more_async))

    def stored(self, user="alice"):
        """As Mirror.state(), and the counts."""
        notifications, total = self.worker.list(user, limit=1000)
        while len(notifications) < total:
            more, total = self.worker.list(user, limit=1000, before=notifications[-1]["id"])
            notifications += more
        unread = self.worker.call("Notifications.CountUnread", "(s)", user)
        return [(n["id"], n["data"], n["read"], n["position"], n.get("tag"))
                for n in notifications], total, unread

    def is_equal(self, mirror, user="alice"):
        stored, total, unread = self.stored(user)
        model = mirror.model
        return (mirror.state() == stored[:len(mirror.items)]
                and model.props.has_more == (len(mirror.items) < total)
                and (model.props.total, model.props.unread_count) == (total, unread)
                and model.props.error is None)

    def until_equal(self, mirror, user="alice"):
        def difference():
            model = mirror.model.props
            return (f"shown {mirror.state()} of {model.total}, {model.unread_count} unread, error "
                    f"{model.error}; stored {self.stored(user)}")

        self.until(lambda: self.is_equal(mirror, user), difference)

    def create_many(self, n, user="alice"):
        return self.worker.create_many([(user, json.dumps({"n": i}), {}) for i in range(n)])

    def test_it_lists_the_newest_first_and_older_ones_when_asked(self):
        ids = self.create_many(120)[::-1]
        mirror = self.new_mirror()
        model = mirror.model
        self.assertEqual(model.get_item_type(), Belfry.Notification.__gtype__)
        self.assertEqual((model.props.user_id, model.props.client), ("alice", self.client))
        self.assertEqual(mirror.ids(), ids[:PAGE])
        self.assertEqual((model.props.total, model.props.unread_count), (120, 120))
        self.assertTrue(model.props.has_more)
        self.assertTrue(self.load_more(model))
        self.assertEqual(mirror.ids(), ids[:2 * PAGE])
        self.assertTrue(self.load_more(model))
        self.assertEqual(mirror.ids(), ids)
        self.assertFalse(model.props.has_more)
        self.assertTrue(self.load_more(model), "there are none, which is no error")
        self.assertEqual(mirror.changes, [(0, 0, PAGE), (PAGE, 0, PAGE), (2 * PAGE, 0, 20)])

    def test_calls_for_older_ones_share_a_page(self):
        ids = self.create_many(160)[::-1]
        mirror = self.new_mirror()
        results = []
        for _ in range(3):
            mirror.model.load_more_async(None, lambda model, result: results.append(result))
        self.until(lambda: len(results) == 3)
        self.assertEqual([mirror.model.load_more_finish(r) for r in results], [True] * 3)
        self.assertEqual(mirror.ids(), ids[:2 * PAGE])

    def test_an_empty_inbox_is_no_special_case(self):
        mirror = self.new_mirror()
        self.assertEqual((mirror.items, mirror.model.props.has_more), ([], False))
        id = self.worker.create("alice")
        self.until_equal(mirror)
        self.assertEqual(mirror.ids(), [id])
        self.worker.call("Notifications.RemoveAll", "(s)", "alice")
        self.until_equal(mirror)
        self.assertEqual(mirror.items, [])

    def test_what_is_created_read_updated_and_removed_is_told_at_its_place(self):
        first, second, third = self.create_many(3)
        mirror = self.new_mirror()
        kept = mirror.items[1]
        mirror.changes.clear()
        fourth = self.worker.create("alice", tag="t")
        self.until_equal(mirror)
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [third])
        self.until_equal(mirror)
        self.worker.call("Notifications.Update", "(sts)", "alice", first, '{"n":"new"}')
        self.until_equal(mirror)
        self.worker.call("Notifications.Remove", "(sat)", "alice", [third])
        self.until_equal(mirror)
        self.assertEqual(mirror.changes, [(0, 0, 1), (1, 1, 1), (3, 1, 1), (1, 1, 0)])
        self.assertIs(mirror.items[1], kept, "the same object, since nothing happened to it")
        fifth = self.worker.create("alice", tag="t")
        self.until_equal(mirror)
        self.assertEqual(mirror.ids(), [fifth, second, first])

    def test_what_happens_below_what_is_shown_only_counts(self):
        ids = self.create_many(PAGE + 10)[::-1]
        mirror = self.new_mirror()
        mirror.changes.clear()
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids[PAGE:PAGE + 3])
        self.worker.call("Notifications.Remove", "(sat)", "alice", ids[PAGE:PAGE + 1])
        self.until_equal(mirror)
        self.assertEqual(mirror.changes, [])
        self.assertEqual((mirror.model.props.total, mirror.model.props.unread_count), (59, 57))
        self.load_more(mirror.model)
        self.until_equal(mirror)
        self.assertEqual(mirror.ids(), ids[:PAGE] + ids[PAGE + 1:])

    def test_a_burst_is_looked_up_together(self):
        mirror = self.new_mirror()
        monitor = subprocess.Popen(
            ["dbus-monitor", "--address", self.bus.address, "type='method_call',member='List'",
             "type='method_call',member='Get'"], stdout=subprocess.PIPE, text=True)
        # It is not told when that looks; what it prints first, it saw.
        os.set_blocking(monitor.stdout.fileno(), False)
        seen = []

        def has_seen(user):
            """Whether this user was listed; the lines before are of what happened before."""
            seen.extend(monitor.stdout.readlines())
            return any(f'string "{user}"' in line for line in seen)

        self.until(lambda: self.worker.list("first") and has_seen("first"))
        ids = [self.worker.create("alice") for _ in range(200)]
        self.until(lambda: mirror.ids() == ids[::-1] and mirror.model.props.total == 200)
        self.worker.list("last")
        self.until(lambda: has_seen("last"))
        monitor.terminate()
        monitor.wait()
        monitor.stdout.close()
        looks = sum('string "alice"' in line for line in seen)
        self.assertLess(looks, 50)

    def test_after_a_restart_it_tells_what_differs_and_nothing_else(self):
        ids = self.create_many(40)[::-1]
        mirror = self.new_mirror()
        kept = list(mirror.items)
        mirror.changes.clear()
        self.daemon.stop()
        self.daemon.start()
        self.worker.call("Notifications.Remove", "(sat)", "alice", [ids[10], ids[11], ids[30]])
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [ids[20]])
        self.worker.create("alice")
        self.until_equal(mirror)
        self.assertEqual(sum(removed for _, removed, _ in mirror.changes), 4)
        self.assertEqual(sum(added for _, _, added in mirror.changes), 2)
        self.assertEqual(sum(a is b for a in kept for b in mirror.items), 36)

    def test_two_models_of_one_client_follow_each_its_user(self):
        self.create_many(3)
        self.create_many(2, "alice2")
        first = self.new_mirror()
        second = self.new_mirror("alice2", subscribed=False)
        first.changes.clear()
        self.worker.create("alice2")
        self.until_equal(second, "alice2")
        self.worker.call("Notifications.MarkAllRead", "(s)", "alice2")
        self.until_equal(second, "alice2")
        self.assertEqual(first.changes, [], "alice2 begins as alice does, and is another user")
        self.until_equal(first)

    def test_an_unsubscribed_one_shows_what_was_there(self):
        self.create_many(3)
        mirror = self.new_mirror(subscribed=False)
        self.worker.create("alice")
        self.subscribe()
        self.until_equal(mirror)
        self.assertEqual(len(mirror.items), 4)

    def test_one_that_is_dropped_while_it_reads_is_gone(self):
        self.create_many(3)
        self.subscribe()
        model = Belfry.InboxModel.new(self.client, "alice")
        self.until(lambda: model.props.loading or model.get_n_items())
        gone = weakref.ref(model)
        del model
        self.assertIsNone(gone())
        self.worker.create("alice")
        mirror = self.new_mirror()
        self.until_equal(mirror)

    def test_it_equals_the_store_after_whatever_happened(self):
        seed = int(os.environ.get("BELFRY_TEST_SEED", random.randrange(10**6)))
        print(f"# seed {seed}")
        rng = random.Random(seed)
        self.create_many(rng.randrange(150))
        mirror = self.new_mirror()
        ids = [entry[0] for entry in self.stored()[0]]

        def some():
            return rng.sample(ids, min(len(ids), rng.choice([1, 1, 3, 30]))) or [1]

        def act():
            user = "alice" if rng.random() < 0.9 else "alicette"
            operation = rng.choice(["create", "create", "many", "tag", "update", "read", "read",
                                    "unread", "remove", "remove", "all-read", "more"])
            if operation == "create":
                ids.append(self.worker.create(user))
            elif operation == "many":
                ids.extend(self.create_many(rng.choice([2, 20, 130]), user))
            elif operation == "tag":
                ids.append(self.worker.create(user, tag=f"t{rng.randrange(3)}"))
            elif operation == "update" and ids:
                if user == "alice":
                    stored = self.stored()[0]
                    if stored:
                        self.worker.call("Notifications.Update", "(sts)", "alice",
                                         rng.choice(stored)[0], json.dumps({"n": rng.random()}))
            elif operation == "more":
                mirror.model.load_more_async(None, lambda model, r: model.load_more_finish(r))
            elif operation == "all-read":
                self.worker.call("Notifications.MarkAllRead", "(s)", user)
            elif operation in ("read", "unread", "remove"):
                method = {"read": "MarkRead", "unread": "MarkUnread", "remove": "Remove"}[operation]
                self.worker.call("Notifications." + method, "(sat)", user, some())

        for round in range(12):
            for _ in range(rng.randrange(1, 25)):
                act()
                # Whatever has come so far, none or some of it.
                for _ in range(rng.randrange(4)):
                    GLib.MainContext.default().iteration(False)
            if round in (4, 8):
                self.daemon.stop()
                self.daemon.start()
                act()
            if rng.random() < 0.5:
                self.until_equal(mirror)
        self.until_equal(mirror)
        while mirror.model.props.has_more:
            self.load_more(mirror.model)
        self.until_equal(mirror)


if __name__ == "__main__":
    belfry_test.main()
