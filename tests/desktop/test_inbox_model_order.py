#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Belfry.InboxModel beside a Belfry that is played: what it is told while it waits for an answer
comes in an order that the real one would seldom take."""

import belfry_test
from belfry_test import NAME, GLib
from desktop_test import LoopTestCase
from played_belfry import PlayedBelfry

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry  # noqa: E402

SIGNALS = ["Created", "Updated", "Read", "Removed"]


class InboxModelOrder(LoopTestCase):
    def setUp(self):
        # Of its own, where no client of another test takes part.
        self.bus = belfry_test.Bus()
        self.addCleanup(self.bus.close)
        self.belfry = PlayedBelfry(self)
        self.client = Belfry.Client.new_sync(self.bus.address)
        self.model = None
        self.addCleanup(self.let_go)
        self.subscribe()

    def let_go(self):
        self.client = self.model = None

    def subscribe(self):
        n = self.belfry.n_subscribed
        result = self.wait_for(self.client.subscribe_async, "alice", SIGNALS)
        self.assertTrue(self.client.subscribe_finish(result))
        self.assertEqual(self.belfry.n_subscribed, n + 1)

    def start(self, ids, total=None):
        """A model that shows these."""
        self.model = Belfry.InboxModel.new(self.client, "alice")
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1, limit=50), ids, total)
        self.until_shown(ids)

    def shown(self):
        return [n.props.id for n in self.model]

    def read(self):
        return [n.props.id for n in self.model if n.props.read]

    def until_shown(self, ids):
        self.until(lambda: not self.model.props.loading and self.shown() == list(ids),
                   lambda: f"{self.shown()}, not {list(ids)}")

    def turn(self):
        """All that was sent has arrived when something that is sent now does."""
        told = []
        handler = self.client.connect("notification-updated", lambda *what: told.append(what))
        self.belfry.emit("Updated", 1, "alice's friend")
        self.until(lambda: told)
        self.client.disconnect(handler)

    def assert_quiet(self):
        """Nothing more is asked for."""
        self.turn()
        for _ in range(3):
            GLib.MainContext.default().iteration(False)
        self.assertEqual(self.belfry.lists, [])

    def test_what_is_removed_while_a_list_is_under_way_is_left_out_of_it(self):
        self.start([3, 2, 1])
        self.belfry.emit("Created", 4, "alice")
        waiting = self.belfry.next_list(before=5, limit=1)
        self.belfry.emit("Removed", "alice", [4])
        self.turn()
        self.belfry.answer(waiting, [4], total=4)
        self.belfry.answer(self.belfry.next_list(), [3], total=3)
        self.until(lambda: self.model.props.total == 3)
        self.assertEqual(self.shown(), [3, 2, 1])
        self.assert_quiet()

    def test_what_is_removed_while_older_ones_are_under_way_is_left_out_of_them(self):
        self.start(range(100, 50, -1), total=100)
        self.model.load_more_async(None, None)
        waiting = self.belfry.next_list(before=51, limit=50)
        self.belfry.emit("Removed", "alice", [50, 1])
        self.turn()
        self.belfry.answer(waiting, range(50, 0, -1), total=100)
        self.until(lambda: len(self.model) == 98)
        self.belfry.answer(self.belfry.next_list(), [100], total=98)
        self.until(lambda: self.model.props.total == 98)
        self.assertEqual(self.shown(), list(range(100, 50, -1)) + list(range(49, 1, -1)))

    def test_what_is_read_while_older_ones_are_under_way_is_looked_at_again(self):
        self.start(range(100, 50, -1), total=100)
        self.model.load_more_async(None, None)
        waiting = self.belfry.next_list(before=51, limit=50)
        self.belfry.emit("Read", "alice", [40])
        self.turn()
        self.belfry.answer(waiting, range(50, 0, -1), total=100)
        self.belfry.answer(self.belfry.next_list(before=41, limit=1), [40], total=100, read=[40])
        self.until(lambda: self.read() == [40])
        self.assert_quiet()

    def test_what_happens_while_a_change_is_looked_up_is_looked_up_together_after_it(self):
        self.start([5, 4, 3, 2, 1])
        self.belfry.emit("Read", "alice", [5])
        waiting = self.belfry.next_list(before=6, limit=1)
        self.belfry.emit("Read", "alice", [4, 2])
        self.belfry.emit("Created", 6, "alice")
        self.belfry.emit("Updated", 2, "alice")
        self.turn()
        self.belfry.answer(waiting, [5], total=5, read=[5])
        self.belfry.answer(self.belfry.next_list(before=7, limit=5), [6, 5, 4, 3, 2], total=6,
                           read=[5, 4, 2])
        self.until(lambda: self.read() == [5, 4, 2])
        self.assertEqual(self.shown(), [6, 5, 4, 3, 2, 1])
        self.assert_quiet()

    def test_what_an_answer_does_not_reach_is_asked_for_again(self):
        self.start([10, 1])
        self.belfry.emit("Read", "alice", [10, 1])
        # One of which nothing has been told yet lies between.
        self.belfry.answer(self.belfry.next_list(before=11, limit=2), [10, 5], 3, read=[10, 1])
        self.belfry.answer(self.belfry.next_list(before=2, limit=1), [1], 3, read=[1])
        self.until(lambda: self.read() == [10, 1])
        self.assertEqual(self.shown(), [10, 5, 1])

    def test_an_answer_from_below_what_is_shown_is_not_shown(self):
        self.start(range(100, 50, -1), total=100)
        self.belfry.emit("Updated", 51, "alice")
        # 51 is removed, and that is not told yet.
        self.belfry.answer(self.belfry.next_list(before=52, limit=1), [50], total=99)
        self.until_shown(range(100, 51, -1))
        self.belfry.emit("Removed", "alice", [51])
        self.belfry.answer(self.belfry.next_list(), [100], total=99)
        self.until(lambda: self.model.props.total == 99)
        self.assertEqual(self.shown(), list(range(100, 51, -1)))
        self.model.load_more_async(None, None)
        self.belfry.next_list(before=51)

    def test_listing_afresh_shows_as_many_as_before_and_forgets_what_is_below(self):
        self.start(range(100, 50, -1), total=100)
        self.subscribe()
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1, limit=50),
                           range(130, 80, -1), total=130)
        self.until_shown(range(130, 80, -1))
        self.assertTrue(self.model.props.has_more)
        self.assert_quiet()

    def test_listing_afresh_what_is_all_there_costs_one_call(self):
        self.start(range(40, 0, -1))
        self.subscribe()
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1), range(41, 0, -1))
        self.until_shown(range(41, 0, -1))
        self.assertFalse(self.model.props.has_more)
        self.assert_quiet()

    def test_listing_afresh_begins_again_when_there_is_a_reason_to(self):
        self.start(range(40, 0, -1))
        self.subscribe()
        first = self.belfry.next_list(before=2**63 - 1)
        self.subscribe()
        self.turn()
        self.belfry.answer(first, range(40, 0, -1))
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1), range(40, 10, -1))
        self.until_shown(range(40, 10, -1))
        self.assert_quiet()

    def test_a_long_list_is_read_afresh_page_by_page(self):
        self.start(range(100, 50, -1), total=100)
        self.model.load_more_async(None, None)
        self.belfry.answer(self.belfry.next_list(before=51), range(50, 0, -1), total=100)
        self.until_shown(range(100, 0, -1))
        self.model.load_more_async(None, None)
        self.belfry.answer(self.belfry.next_list(before=1), [], total=100)
        self.until(lambda: not self.model.props.has_more)
        self.subscribe()
        # Cut, since much is in them; it may go on below.
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1, limit=150),
                           range(101, 20, -1), total=101)
        self.belfry.answer(self.belfry.next_list(before=21, limit=69), range(20, 0, -1), total=101)
        self.belfry.answer(self.belfry.next_list(before=1, limit=49), [], total=101)
        self.until_shown(range(101, 0, -1))
        self.assertFalse(self.model.props.has_more)
        self.assert_quiet()

    def test_another_user_with_the_same_beginning_costs_nothing(self):
        self.start([3, 2, 1])
        self.belfry.emit("Created", 4, "alice2")
        self.belfry.emit("Removed", "alice2", [1])
        self.assert_quiet()
        self.assertEqual(self.shown(), [3, 2, 1])

    def test_a_flood_is_listed_afresh(self):
        self.start([3, 2, 1])
        self.belfry.emit("Created", 4, "alice")
        waiting = self.belfry.next_list(before=5)
        for id in range(5, 1100):
            self.belfry.emit("Created", id, "alice")
        self.turn()
        self.belfry.answer(waiting, [4], total=1099)
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1, limit=54),
                           range(1099, 1045, -1), total=1099)
        self.until_shown(range(1099, 1045, -1))
        self.assertTrue(self.model.props.has_more)
        self.assert_quiet()

    def test_an_error_is_told_and_the_next_change_tries_again(self):
        self.start([3, 2, 1])
        self.belfry.emit("Created", 4, "alice")
        self.belfry.next_list().return_dbus_error(NAME + ".Error.Storage", "the disk is full")
        self.until(lambda: self.model.props.error)
        self.assertTrue(self.model.props.error.matches(Belfry.error_quark(), Belfry.Error.STORAGE))
        self.assertEqual((self.shown(), self.model.props.loading), ([3, 2, 1], False))
        self.assert_quiet()
        self.belfry.emit("Created", 5, "alice")
        self.belfry.answer(self.belfry.next_list(before=2**63 - 1), [5, 4, 3, 2, 1])
        self.until_shown([5, 4, 3, 2, 1])
        self.assertIsNone(self.model.props.error)

    def test_older_ones_that_fail_are_told_to_who_asked(self):
        self.start(range(100, 50, -1), total=100)
        results = []
        self.model.load_more_async(None, lambda model, result: results.append(result))
        self.belfry.next_list(before=51).return_dbus_error(NAME + ".Error.Storage", "no")
        self.until(lambda: results)
        with self.assertRaises(GLib.Error) as context:
            self.model.load_more_finish(results[0])
        self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.STORAGE))
        self.model.load_more_async(None, None)
        self.belfry.answer(self.belfry.next_list(before=51), range(50, 0, -1), total=100)
        self.until_shown(range(100, 0, -1))
        self.assertIsNone(self.model.props.error)


if __name__ == "__main__":
    belfry_test.main()
