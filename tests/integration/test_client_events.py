#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Belfry tells a client: signals of notifications and users, and the messages of tabs."""

import asyncio
import gc
import json
import time

import belfry_test
from client_case import AtSocket, Belfry, ClientTestCase, GLib

NOTIFICATION_SIGNALS = ("notification-created", "notification-updated", "notification-read",
                        "notification-removed")


class Calls(ClientTestCase):
    """Those that were added with the signals."""

    async def test_marking_unread_and_all_read(self):
        ids = [self.client.create_sync("alice", "{}", None, None) for _ in range(3)]
        self.assertEqual(self.client.mark_all_read_sync("alice", None), 3)
        self.assertEqual(self.client.mark_unread_sync("alice", ids[:2] + [4711], None), 2)
        self.assertEqual(self.client.count_unread_sync("alice", None), 2)
        self.assertEqual(await self.call("mark_all_read", "alice"), 2)
        self.assertEqual(await self.call("mark_unread", "alice", ids), 3)

    async def test_sending_to_some_users(self):
        tabs = [await self.open(user) for user in ("alice", "bob", "carol")]
        self.assertEqual(
            self.client.send_to_users_sync(["alice", "bob", "dave"], "chat", '{"n":1}', None), 2)
        self.assertEqual(await self.call("send_to_users", ["carol"], "chat", '{"n":2}'), 1)
        for tab, n in zip(tabs, (1, 1, 2)):
            self.assertEqual((await tab.receive("chat"))["data"], {"n": n})

    async def test_sessions_are_listed_and_ended(self):
        tabs = [await self.open(user) for user in ("alice", "alice", "bob")]
        sessions, total = self.client.list_sessions_sync(None, None)
        self.assertEqual((len(sessions.unpack()), total), (3, 3))
        query = GLib.Variant("a{sv}", {"user-id": GLib.Variant("s", "alice"),
                                       "limit": GLib.Variant("u", 1)})
        sessions, total = await self.call("list_sessions", query)
        self.assertEqual((len(sessions.unpack()), total), (1, 2))
        self.assertEqual(sessions.unpack()[0]["user-id"], "alice")
        self.assertTrue(self.client.disconnect_session_sync(
            tabs[2].registered["sessionId"], "away", None))
        await tabs[2].receive_last("DISCONNECTED", 4502)
        with self.assertRaises(GLib.Error) as context:
            await self.call("disconnect_session", tabs[2].registered["sessionId"], "away")
        self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.NOT_FOUND))
        self.assertEqual(self.client.disconnect_user_sync("alice", "away", None), 2)
        self.assertEqual(await self.call("disconnect_user", "alice", "away"), 0)
        for tab in tabs[:2]:
            await tab.receive_last("DISCONNECTED", 4502)


class Signals(ClientTestCase):
    async def test_each_change_is_told_by_a_signal(self):
        events = self.record(*NOTIFICATION_SIGNALS, "subscribed")
        self.assertTrue(await self.call("subscribe", None, None))
        await self.expect(events, ("subscribed",))
        ids = [self.worker.create("alice") for _ in range(3)]
        await self.expect(events, *[("notification-created", "alice", id) for id in ids])
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", ids)
        await self.expect(events, *[("notification-read", "alice", id) for id in ids])
        self.worker.call("Notifications.MarkUnread", "(sat)", "alice", ids[:1])
        self.worker.call("Notifications.Update", "(sts)", "alice", ids[1], '{"n":1}')
        await self.expect(events, *[("notification-updated", "alice", id) for id in ids[:2]])
        self.worker.call("Notifications.RemoveAll", "(s)", "alice")
        await self.expect(events, *[("notification-removed", "alice", id) for id in ids])

    async def test_users_come_and_go(self):
        events = self.record("user-connected", "user-disconnected")
        await self.call("subscribe", None, None)
        first, second = await self.open("alice"), await self.open("alice")
        await self.expect(events, ("user-connected", "alice"))
        await first.close()
        await second.close()
        await self.expect(events, ("user-disconnected", "alice"))

    async def test_a_subscription_may_name_users_and_signals(self):
        events = self.record(*NOTIFICATION_SIGNALS)
        await self.call("subscribe", "team-", ["Created", "Removed"])
        for user in "alice", "team-1":
            id = self.worker.create(user)
            self.worker.call("Notifications.MarkRead", "(sat)", user, [id])
            self.worker.call("Notifications.Remove", "(sat)", user, [id])
        await self.expect(events, ("notification-created", "team-1", id),
                          ("notification-removed", "team-1", id))
        # Another one takes its place.
        await self.call("subscribe", None, ["Read"])
        id = self.worker.create("alice")
        self.worker.call("Notifications.MarkRead", "(sat)", "alice", [id])
        await self.expect(events, ("notification-read", "alice", id))

    async def test_a_signal_that_there_is_not_is_refused(self):
        for start in (lambda: self.call("subscribe", None, ["Born"]),
                      lambda: asyncio.to_thread(self.client.subscribe_sync, None, ["Born"], None)):
            with self.assertRaises(GLib.Error) as context:
                await start()
            self.assertTrue(context.exception.matches(Belfry.error_quark(),
                                                      Belfry.Error.INVALID_ARGS))

    async def test_nothing_is_told_after_unsubscribing(self):
        events = self.record(*NOTIFICATION_SIGNALS, "subscribed")
        self.client.subscribe_sync(None, None, None)
        await self.expect(events, ("subscribed",))
        self.client.unsubscribe_sync(None)
        self.worker.create("alice")
        # What was told before would have come with the answer.
        await self.call("count_unread", "alice")
        self.assertEqual(events, [])
        await self.call("unsubscribe")

    async def test_two_clients_of_a_process_have_a_subscription_each(self):
        other = self.new_client()
        mine, others = [self.record("notification-created", client=client)
                        for client in (self.client, other)]
        await self.call("subscribe", "a", None)
        await self.call("subscribe", "b", None, client=other)
        alice, bob = self.worker.create("alice"), self.worker.create("bob")
        await self.expect(mine, ("notification-created", "alice", alice))
        await self.expect(others, ("notification-created", "bob", bob))
        await self.call("unsubscribe", client=other)
        alice = self.worker.create("alice")
        await self.expect(mine, ("notification-created", "alice", alice))
        self.assertEqual(others, [])

    async def test_signals_come_where_the_client_was_made(self):
        context = GLib.MainContext.new()
        context.push_thread_default()
        client = self.new_client()
        context.pop_thread_default()
        events = self.record("notification-created", client=client)
        client.subscribe_sync(None, None, None)
        id = self.worker.create("alice")
        await self.call("count_unread", "alice")
        self.assertEqual(events, [])
        while not events:
            context.iteration(True)
        self.assertEqual(events, [("notification-created", "alice", id)])


class SignalsAtSocket(AtSocket, Signals):
    pass


class Forgers(ClientTestCase):
    async def test_signals_of_others_than_belfry_are_passed_over(self):
        events = self.record("notification-created", "message-received")
        await self.call("subscribe", None, None)
        name = self.client.get_connection().get_unique_name()
        self.worker.connection.emit_signal(
            name, "/org/belfry/Belfry1", "org.belfry.Belfry1.Notifications", "Created",
            GLib.Variant("(ts)", (1, "mallory")))
        self.worker.connection.emit_signal(
            name, "/org/belfry/Belfry1", "org.belfry.Belfry1.Sessions", "MessageReceived",
            GLib.Variant("(sssss)", ("s", "root", "sum", "{}", "1")))
        self.worker.connection.flush_sync(None)
        id = self.worker.create("alice")
        await self.expect(events, ("notification-created", "alice", id))


class Messages(ClientTestCase):
    def answer(self, type, function, client=None):
        """Has a function take the messages of a type."""
        (client or self.client).connect(f"message-received::{type}",
                                        lambda client, message: function(message))

    async def ask(self, tab, type, id=1, **data):
        await tab.send(type=type, id=id, data=data)
        receive = asyncio.ensure_future(tab.receive())
        await self.until(receive.done)
        return receive.result()

    async def test_a_message_is_answered(self):
        messages = []
        self.answer("sum", lambda message: (messages.append((
            message.get_message_type(), json.loads(message.get_data()), message.get_user_id(),
            message.get_session_id(), message.get_wants_reply())),
            message.reply('{"sum": 3}')))
        self.assertTrue(await self.call("handle_messages", ["sum", "max"]))
        tab = await self.open("alice")
        frame = await self.ask(tab, "sum", numbers=[1, 2])
        self.assertEqual((frame["type"], frame["id"], frame["data"]), ("reply", 1, {"sum": 3}))
        self.assertEqual(messages, [("sum", {"numbers": [1, 2]}, "alice",
                                     tab.registered["sessionId"], True)])

    async def test_a_message_is_refused_with_a_code(self):
        self.answer("sum", lambda message: message.reply_error("BAD_SUM", "numbers: none"))
        await self.call("handle_messages", ["sum"])
        frame = await self.ask(await self.open("alice"), "sum")
        self.assertEqual((frame["data"]["code"], frame["data"]["message"]),
                         ("BAD_SUM", "numbers: none"))

    async def test_an_answer_may_come_later_and_from_another_thread(self):
        messages = []
        self.answer("sum", messages.append)
        await self.call("handle_messages", ["sum"])
        tab = await self.open("alice")
        await tab.send(type="sum", id=1)
        await self.until(lambda: messages)
        await asyncio.to_thread(messages.pop().reply, "{}")
        self.assertEqual((await tab.receive("reply"))["id"], 1)

    async def test_one_that_nobody_takes_is_refused_at_once(self):
        await self.call("handle_messages", ["sum"])
        started = time.monotonic()
        frame = await self.ask(await self.open("alice"), "sum")
        self.assertEqual(frame["data"]["code"], "HANDLER_FAILED")
        self.assertLess(time.monotonic() - started, 25)

    async def test_one_that_is_dropped_is_refused_when_it_is(self):
        messages = []
        self.answer("sum", messages.append)
        await self.call("handle_messages", ["sum"])
        tab = await self.open("alice")
        await tab.send(type="sum", id=1)
        await self.until(lambda: messages)
        self.assertTrue(messages[0].get_wants_reply())
        messages.clear()
        self.assertEqual((await tab.receive_error("HANDLER_FAILED"))["id"], 1)

    async def test_one_that_wants_no_answer_is_not_refused(self):
        messages = []
        self.answer("note", messages.append)
        await self.call("handle_messages", ["note"])
        tab = await self.open("alice")
        await tab.send(type="note", data={"n": 1})
        await self.until(lambda: messages)
        message = messages.pop()
        self.assertEqual((message.get_wants_reply(), message.get_data()), (False, '{"n": 1}'))
        del message
        await self.call("count_unread", "alice")
        self.assertEqual(await tab.request("unread_count"), {"unreadCount": 0, "unreadAt": 0})

    async def test_a_faulty_answer_is_an_error_and_leaves_it_open(self):
        errors = []

        def answer(message):
            with self.assertRaises(GLib.Error) as context:
                message.reply("{'a': 1}")
            errors.append(context.exception)
            message.reply("{}")
            with self.assertRaises(GLib.Error) as context:
                message.reply("{}")
            errors.append(context.exception)

        self.answer("sum", answer)
        await self.call("handle_messages", ["sum"])
        frame = await self.ask(await self.open("alice"), "sum")
        self.assertEqual(frame["type"], "reply")
        codes = [Belfry.Error.INVALID_ARGS, Belfry.Error.NOT_FOUND]
        for error, code in zip(errors, codes):
            self.assertTrue(error.matches(Belfry.error_quark(), code), error)

    async def test_an_answer_that_belfry_finds_too_large_is_a_failed_handler(self):
        self.answer("sum", lambda message: message.reply(json.dumps({"a": "x" * 70_000})))
        await self.call("handle_messages", ["sum"])
        frame = await self.ask(await self.open("alice"), "sum")
        self.assertEqual(frame["data"]["code"], "HANDLER_FAILED")

    async def test_an_answer_to_a_tab_that_has_gone_goes_nowhere(self):
        messages = []
        self.answer("sum", messages.append)
        await self.call("handle_messages", ["sum"])
        tab = await self.open("alice")
        await tab.send(type="sum", id=1)
        await self.until(lambda: messages)
        await tab.close()
        await self.until(lambda: not self.client.list_sessions_sync(None, None)[1])
        self.assertTrue(messages.pop().reply("{}"))
        self.assertEqual(await self.call("count_unread", "alice"), 0)

    async def test_a_type_that_another_has_is_refused(self):
        self.take_name(["sum"])
        with self.assertRaises(GLib.Error) as context:
            await self.call("handle_messages", ["max", "sum"])
        self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.EXISTS))
        # None of them.
        self.take_name(["max"])

    async def test_a_type_is_free_when_the_client_stops_handling_it(self):
        await self.call("handle_messages", ["sum", "max"])
        self.assertTrue(await self.call("stop_handling", ["sum", "other"]))
        self.take_name(["sum"])
        self.client.stop_handling_sync(["max"], None)
        self.take_name(["max"])

    async def test_types_are_free_when_the_client_goes(self):
        client = self.new_client()
        await self.call("handle_messages", ["sum"], client=client)
        del client
        await self.until(lambda: self.is_free("sum"))

    async def test_a_message_that_is_kept_does_not_keep_its_type(self):
        client = self.new_client()
        messages = []
        self.answer("sum", messages.append, client)
        await self.call("handle_messages", ["sum"], client=client)
        tab = await self.open("alice")
        await tab.send(type="sum", id=1)
        await self.until(lambda: messages)
        del client
        gc.collect()
        self.assertEqual((await tab.receive_error("UNAVAILABLE"))["id"], 1)
        self.assertTrue(self.is_free("sum"))
        self.assertTrue(messages.pop().reply("{}"))

    def is_free(self, type):
        try:
            self.take_name([type])
        except GLib.Error:
            return False
        return True


class MessagesAtSocket(AtSocket, Messages):
    pass


if __name__ == "__main__":
    belfry_test.main()
