#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client as Python likes it: dictionaries, decorators, and asyncio."""

import asyncio
import datetime
import gc
import inspect
import logging
import os
import signal

import belfry_test
from client_case import PATIENCE, AtSocket, Belfry, ClientTestCase, GLib


class Blocking(ClientTestCase):
    def new_client(self):
        return Belfry.Client(self.address())

    async def test_data_is_a_dictionary_both_ways(self):
        tab = await self.open("alice")
        id = self.client.create("alice", {"title": "x", "é": [1, None, 2.5]})
        frame = await tab.receive("notification_received")
        self.assertEqual((frame["data"]["id"], frame["data"]["data"]),
                         (id, {"title": "x", "é": [1, None, 2.5]}))
        notification = self.client.get("alice", id)
        self.assertEqual((notification.id, notification.user, notification.data, notification.read,
                          notification.tag, notification.expires),
                         (id, "alice", {"title": "x", "é": [1, None, 2.5]}, False, None, None))
        age = datetime.datetime.now(datetime.timezone.utc) - notification.created
        self.assertLess(abs(age), datetime.timedelta(hours=1))
        # Text is taken as it is.
        id = self.client.create("alice", '{ "a" : 1 }')
        self.assertEqual(self.client.get("alice", id).get_data(), '{ "a" : 1 }')

    async def test_options_are_words(self):
        id = self.client.create("alice", {}, tag="export", key="order-17",
                                expires=datetime.timedelta(hours=1))
        self.assertEqual(self.client.create("alice", {}, key="order-17"), id)
        notification = self.client.get("alice", id)
        self.assertEqual(notification.tag, "export")
        self.assertEqual(notification.expires - notification.created, datetime.timedelta(hours=1))
        id = self.client.create("alice", {}, expires=60)
        self.assertEqual(self.client.get("alice", id).expires - self.client.get("alice", id).created,
                         datetime.timedelta(minutes=1))

    async def test_many_are_tuples(self):
        ids = self.client.create_many([("alice", {"n": 1}), ("bob", '{"n":2}', {"tag": "t"}),
                                       ("alice", {"n": 3}, {"key": "k", "expires": 60})])
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual(self.client.get("bob", ids[1]).tag, "t")
        self.assertEqual(self.client.create("alice", {}, key="k"), ids[2])

    async def test_lists_have_a_total(self):
        ids = [self.client.create("alice", {"n": n}, tag=f"t{n}") for n in range(5)]
        self.client.mark_read("alice", ids[:2])
        page = self.client.list("alice", unread=True, limit=2)
        self.assertEqual(([n.id for n in page], page.total), ([ids[4], ids[3]], 3))
        page = self.client.list("alice", before=ids[2])
        self.assertEqual([n.id for n in page], [ids[1], ids[0]])
        self.assertEqual([n.id for n in self.client.list("alice", tag="t2")], [ids[2]])

    async def test_an_inbox_has_all_pages(self):
        self.client.create_many([("alice", {"n": n}) for n in range(250)])
        self.assertEqual([n.data["n"] for n in self.client.inbox("alice")], list(range(250))[::-1])

    async def test_ids_may_be_one_or_several(self):
        ids = [self.client.create("alice", {}) for _ in range(3)]
        self.assertEqual(self.client.mark_read("alice", ids[0]), 1)
        self.assertEqual(self.client.mark_read("alice", {ids[0], ids[1]}), 1)
        self.assertEqual(self.client.mark_unread("alice", (id for id in ids[:2])), 2)
        self.assertEqual(self.client.mark_all_read("alice"), 3)
        self.assertEqual(self.client.count_unread("alice"), 0)
        self.client.update("alice", ids[0], {"new": True})
        self.assertEqual(self.client.get("alice", ids[0]).data, {"new": True})
        self.assertEqual(self.client.remove("alice", ids[0]), 1)
        self.assertEqual(self.client.remove_all("alice"), 2)

    async def test_messages_go_to_one_user_several_or_all(self):
        tabs = [await self.open(user) for user in ("alice", "bob")]
        self.assertEqual(self.client.send("alice", "chat", {"n": 1}), 1)
        self.assertEqual(self.client.send(["alice", "bob"], "chat", {"n": 2}), 2)
        self.assertEqual(self.client.broadcast("chat", {"n": 3}), 2)
        self.assertEqual([(await tabs[0].receive("chat"))["data"]["n"] for _ in range(3)], [1, 2, 3])
        self.assertEqual([(await tabs[1].receive("chat"))["data"]["n"] for _ in range(2)], [2, 3])

    async def test_sessions_are_tuples_with_names(self):
        tabs = [await self.open(user) for user in ("alice", "bob")]
        sessions = self.client.sessions("alice")
        self.assertEqual((sessions.total, sessions[0].id, sessions[0].user),
                         (1, tabs[0].registered["sessionId"], "alice"))
        self.assertEqual(self.client.sessions().total, 2)
        self.client.disconnect_session(sessions[0].id, "away")
        self.assertEqual(self.client.disconnect_user("bob"), 1)
        for tab in tabs:
            await tab.receive_last("DISCONNECTED", 4502)

    async def test_disconnecting_from_a_signal_is_what_it_was(self):
        events = []
        handler = self.client.connect("subscribed", events.append)
        self.client.disconnect(handler)
        self.client.subscribe()
        await self.call("count_unread", "alice")
        self.assertEqual(events, [])
        self.client.unsubscribe()

    async def test_patience_is_an_argument(self):
        self.assertEqual(self.client.get_patience(), 30)
        client = Belfry.Client(self.address(), patience=0)
        self.assertEqual(client.props.patience, 0)
        self.daemon.stop()
        with self.assertRaises(GLib.Error):
            client.create("alice", {})

    async def test_errors_are_those_of_belfry(self):
        with self.assertRaises(GLib.Error) as context:
            self.client.get("alice", 4711)
        self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.NOT_FOUND))
        with self.assertRaises(ValueError):
            self.client.create("alice", {"n": float("nan")})

    async def test_text_is_not_cut_at_a_nul(self):
        for name, *arguments in (("create", "alice\0x", {}), ("create", "alice", "{}\0"),
                                 ("create_many", [("alice\0", {})]), ("remove_all", "alice\0x"),
                                 ("send", ["bob", "alice\0"], "chat", {}),
                                 ("sessions", "alice\0"), ("subscribe", "alice\0x")):
            with self.subTest(name=name), self.assertRaises(ValueError):
                getattr(self.client, name)(*arguments)
        with self.assertRaises(ValueError):
            self.client.create("alice", {}, key="a\0b")
        self.assertEqual(self.client.list("alice").total, 0)

    async def ask(self, tab, type, **data):
        await tab.send(type=type, id=1, data=data)
        receive = asyncio.ensure_future(tab.receive())
        await self.until(receive.done)
        return receive.result()["data"]

    async def test_a_handler_returns_its_answer(self):
        @self.client.handler("sum", "product")
        def on_sum(message):
            numbers = message.data["numbers"]
            if message.type == "sum":
                return {"sum": sum(numbers), "for": message.user}
            return {"product": numbers[0] * numbers[1]}

        self.assertTrue(callable(on_sum))
        tab = await self.open("alice")
        self.assertEqual(await self.ask(tab, "sum", numbers=[1, 2]), {"sum": 3, "for": "alice"})
        self.assertEqual(await self.ask(tab, "product", numbers=[3, 2]), {"product": 6})

    async def test_a_handler_may_answer_later(self):
        messages = []
        self.client.handler("sum")(messages.append)
        tab = await self.open("alice")
        await tab.send(type="sum", id=1)
        await self.until(lambda: messages)
        messages.pop().reply({"sum": 0})
        self.assertEqual((await tab.receive("reply"))["data"], {"sum": 0})

    async def test_a_handler_refuses_with_a_code_of_its_own(self):
        @self.client.handler("sum")
        def on_sum(_message):
            raise Belfry.Refusal("BAD_SUM", "numbers: expected an array")

        error = await self.ask(await self.open("alice"), "sum")
        self.assertEqual((error["code"], error["message"]),
                         ("BAD_SUM", "numbers: expected an array"))

    async def test_a_handler_that_throws_has_failed_and_is_logged(self):
        @self.client.handler("sum")
        def on_sum(message):
            return {"sum": sum(message.data["numbers"])}

        tab = await self.open("alice")
        with self.assertLogs("belfry", logging.ERROR) as logs:
            self.assertEqual((await self.ask(tab, "sum"))["code"], "HANDLER_FAILED")
        self.assertIn("KeyError: 'numbers'", logs.output[0])
        with self.assertLogs("belfry", logging.ERROR):
            self.assertEqual((await self.ask(tab, "sum", numbers=["x"]))["code"], "HANDLER_FAILED")

    async def test_a_signal_handler_that_throws_has_failed_too(self):
        def on_message(_client, _message):
            raise KeyError("numbers")

        self.client.connect("message-received::sum", on_message)
        self.client.handle_messages("sum")
        with self.assertLogs("belfry", logging.ERROR):
            error = await self.ask(await self.open("alice"), "sum")
        self.assertEqual(error["code"], "HANDLER_FAILED")

    async def test_an_answer_that_is_none_has_failed(self):
        self.client.handler("sum")(lambda message: {"sum": float("inf")})
        with self.assertLogs("belfry", logging.ERROR):
            error = await self.ask(await self.open("alice"), "sum")
        self.assertEqual(error["code"], "HANDLER_FAILED")

    async def test_everything_is_documented(self):
        for item in (Belfry.Client, Belfry.AsyncClient, Belfry.Notification, Belfry.Message,
                     Belfry.Refusal, Belfry.Page, Belfry.Session, Belfry.Event):
            self.assertTrue(inspect.getdoc(item), item)
            for name, member in vars(item).items():
                if not name.startswith("_") and (inspect.isfunction(member)
                                                 or isinstance(member, property)):
                    self.assertTrue(inspect.getdoc(member), f"{item.__name__}.{name}")


class BlockingAtSocket(AtSocket, Blocking):
    test_everything_is_documented = None


class Asyncio(ClientTestCase):
    """Nobody runs the default main context here."""

    def new_client(self):
        return None

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.client = Belfry.AsyncClient(self.address())

    async def test_calls_are_awaited(self):
        async with self.client as client:
            id = await client.create("alice", {"n": 1}, tag="t")
            self.assertEqual((await client.get("alice", id)).data, {"n": 1})
            ids = await client.create_many([("alice", {"n": n}) for n in range(2, 250)])
            self.assertEqual([n.id async for n in client.inbox("alice")], [*ids[::-1], id])
            page = await client.list("alice", limit=3)
            self.assertEqual((len(page), page.total), (3, 249))
            self.assertEqual(await client.mark_read("alice", id), 1)
            self.assertEqual(await client.remove_all("alice"), 249)
            self.assertEqual((await client.sessions()).total, 0)
            with self.assertRaises(GLib.Error) as context:
                await client.get("alice", id)
            self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.NOT_FOUND))
            self.assertTrue(client.available)

    async def test_many_calls_go_on_at_once(self):
        async with self.client as client:
            ids = await asyncio.gather(*[client.create("alice", {"n": n}) for n in range(500)])
            self.assertEqual(ids, sorted(set(ids)))

    async def test_cancelling_a_task_cancels_its_call(self):
        async with self.client as client:
            self.daemon.stop()
            task = asyncio.create_task(client.create("alice", {"n": 1}))
            other = asyncio.create_task(client.create("alice", {"n": 2}))
            while client.available:
                await asyncio.sleep(0.01)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(self.daemon.start)
            id = await other
            self.assertEqual([n.id async for n in client.inbox("alice")], [id])

    async def test_leaving_ends_what_is_under_way(self):
        async with self.client as client:
            self.daemon.stop()
            task = asyncio.create_task(client.create("alice", {}))
            await asyncio.sleep(0)
        with self.assertRaises(asyncio.CancelledError):
            await task
        with self.assertRaises(RuntimeError):
            await client.create("alice", {})
        self.assertFalse(client.available)

    async def test_leaving_with_a_call_under_way_leaves_nothing_open(self):
        def count_open():
            gc.collect()
            with os.scandir("/proc/self/fd") as files:
                return sum(os.readlink(file.path).startswith("socket:")
                           for file in files if os.path.lexists(file.path))

        before = count_open()
        async with self.client as client:
            await client.handle_messages("sum")
            self.daemon.process.send_signal(signal.SIGSTOP)
            self.addCleanup(self.daemon.process.send_signal, signal.SIGCONT)
            task = asyncio.create_task(client.create("alice", {}))
            await asyncio.sleep(0)
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.daemon.process.send_signal(signal.SIGCONT)
        await self.until(lambda: count_open() <= before)

    async def test_what_cannot_be_passed_is_an_error_of_the_call(self):
        async with self.client as client:
            with self.assertRaises(TypeError):
                await asyncio.wait_for(client.create(5, {}), PATIENCE)
            with self.assertRaises(ValueError):
                await client.remove_all("alice\0x")
            self.assertEqual((await client.sessions()).total, 0)

    async def test_a_bus_that_is_no_text_is_an_error_of_entering(self):
        with self.assertRaises(TypeError):
            async with asyncio.timeout(PATIENCE), Belfry.AsyncClient(5):
                self.fail("it was entered")

    async def test_events_are_iterated(self):
        async with self.client as client:
            events = client.events("alice")
            self.assertEqual((await anext(events)).kind, "subscribed")
            await client.create("alice2", {})
            id = await client.create("alice", {})
            await client.mark_read("alice", id)
            self.assertEqual([await anext(events) for _ in range(2)],
                             [("created", "alice", id), ("read", "alice", id)])
            # Another one, and both are told.
            others = client.events("bob")
            self.assertEqual((await anext(others)).kind, "subscribed")
            id = await client.create("bob", {})
            self.assertEqual(await anext(others), ("created", "bob", id))
            await others.aclose()
            await events.aclose()

    async def test_events_begin_with_the_subscription_also_beside_others(self):
        async with self.client as client:
            events, others = client.events("alice"), client.events("alice")
            await anext(events)
            # The others cannot subscribe before this one has heard of a creation.
            async with client._subscribing:  # pylint: disable=protected-access
                first = asyncio.ensure_future(anext(others))
                id = await client.create("alice", {})
                self.assertEqual(await anext(events), ("created", "alice", id))
            self.assertEqual((await first).kind, "subscribed")
            await others.aclose()
            await events.aclose()

    async def test_events_say_when_belfry_was_away(self):
        async with self.client as client:
            events = client.events()
            self.assertEqual((await anext(events)).kind, "subscribed")
            await asyncio.to_thread(self.daemon.kill)
            await asyncio.to_thread(self.daemon.start)
            self.assertEqual(await anext(events), ("subscribed", None, None))
            id = await client.create("alice", {})
            self.assertEqual(await anext(events), ("created", "alice", id))

    async def test_handlers_may_wait(self):
        @self.client.handler("sum")
        async def on_sum(message):
            await asyncio.sleep(0)
            if "numbers" not in message.data:
                raise Belfry.Refusal("BAD_SUM", "numbers: expected an array")
            return {"sum": sum(message.data["numbers"])}

        async with self.client as client:
            handled = asyncio.Event()

            @client.handler("max")
            def on_max(message):
                handled.set()
                return {"max": max(message.data["numbers"])}

            tab = await self.open("alice")
            self.assertEqual(await tab.request("sum", id=1, numbers=[1, 2]), {"sum": 3})
            self.assertEqual((await tab.request("sum", id=2))["code"], "BAD_SUM")
            while True:
                reply = await tab.request("max", id=3, numbers=[1, 2])
                if reply.get("code") != "UNKNOWN_TYPE":
                    break
            self.assertEqual(reply, {"max": 2})
            with self.assertLogs("belfry", logging.ERROR) as logs:
                self.assertEqual((await tab.request("sum", id=4, numbers="x"))["code"],
                                 "HANDLER_FAILED")
            self.assertIn("TypeError", logs.output[0])
            self.assertTrue(callable(on_sum) and callable(on_max))

    async def test_a_refusal_that_is_none_has_failed_and_is_logged(self):
        @self.client.handler("sum")
        async def on_sum(_message):
            raise Belfry.Refusal("no code")

        async with self.client:
            tab = await self.open("alice")
            with self.assertLogs("belfry", logging.ERROR) as logs:
                error = await tab.request("sum", id=1)
            self.assertEqual((error["code"], error["message"]),
                             ("HANDLER_FAILED", "The handler failed"))
            self.assertIn("no code", logs.output[0])
            self.assertTrue(callable(on_sum))

    async def test_a_type_that_another_has_is_an_error_of_entering(self):
        self.take_name(["sum"])
        self.client.handler("sum")(lambda message: {})
        with self.assertRaises(GLib.Error) as context:
            async with self.client:
                self.fail("it was entered")
        self.assertTrue(context.exception.matches(Belfry.error_quark(), Belfry.Error.EXISTS))

    async def test_a_bus_that_is_not_there_is_an_error_of_entering(self):
        with self.assertRaises(GLib.Error):
            async with Belfry.AsyncClient("/nonexistent/workers"):
                self.fail("it was entered")


class AsyncioAtSocket(AtSocket, Asyncio):
    pass


if __name__ == "__main__":
    belfry_test.main()
