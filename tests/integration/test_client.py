#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker in Python, with Belfry-1.0 through GObject Introspection."""

import json
import threading

import belfry_test
from client_case import PATIENCE, AtSocket, Belfry, ClientTestCase, Gio, GLib


class Client(ClientTestCase):
    def assert_error(self, code, words, function, *arguments):
        with self.assertRaises(GLib.Error) as context:
            function(*arguments)
        error = context.exception
        self.assertTrue(error.matches(Belfry.error_quark(), code), error)
        self.assertTrue(error.message.startswith(words), error.message)

    def wait_for(self, start, *arguments):
        """Runs the loop until an asynchronous call has ended, and gives what it gave."""
        results = []
        loop = GLib.MainLoop()
        start(*arguments, None, lambda source, result: (results.append(result), loop.quit()))
        timeout = GLib.timeout_add_seconds(PATIENCE, loop.quit)
        loop.run()
        GLib.source_remove(timeout)
        return results[0]

    async def test_a_worker_of_five_lines(self):
        tab = await self.open("alice")
        client = Belfry.Client.new_sync(self.address())
        id = client.create_sync("alice", json.dumps({"title": "Hello"}))
        data = (await tab.receive("notification_received"))["data"]
        self.assertEqual((data["id"], data["data"]), (id, {"title": "Hello"}))

    async def test_the_life_of_a_notification(self):
        id = self.client.create_sync("alice", '{"n": 1}', None, None)
        self.assertEqual(self.client.count_unread_sync("alice", None), 1)
        notification = self.client.get_sync("alice", id, None)
        self.assertEqual(notification.get_data(), '{"n": 1}')
        self.assertEqual(notification.props.user_id, "alice")
        self.assertEqual(notification.props.position, id)
        self.assertIs(notification.props.read, False)
        self.assertIsNone(notification.props.tag)
        self.assertTrue(self.client.update_sync("alice", id, '{"n": 2}', None))
        self.assertEqual(self.client.mark_read_sync("alice", [id, 4711], None), 1)
        self.assertEqual(self.client.count_unread_sync("alice", None), 0)
        notification = self.client.get_sync("alice", id, None)
        self.assertEqual((notification.props.data, notification.props.read), ('{"n": 2}', True))
        self.assertEqual(self.client.remove_sync("alice", [id], None), 1)
        self.assert_error(Belfry.Error.NOT_FOUND, "id: ", self.client.get_sync, "alice", id, None)

    async def test_many_are_created_and_listed(self):
        many = GLib.Variant("a(ssa{sv})", [
            ("alice", json.dumps({"n": n}), {"tag": GLib.Variant("s", f"t{n % 3}")} if n < 3 else {})
            for n in range(10)])
        ids = self.client.create_many_sync(many, None)
        self.assertEqual(len(ids), 10)
        notifications, total = self.client.list_sync("alice", None, None)
        self.assertEqual([n.props.id for n in notifications], sorted(ids, reverse=True))
        self.assertEqual(total, 10)
        query = GLib.Variant("a{sv}", {"limit": GLib.Variant("u", 2),
                                       "before": GLib.Variant("t", ids[5])})
        notifications, total = self.client.list_sync("alice", query, None)
        self.assertEqual([n.props.id for n in notifications], [ids[4], ids[3]])
        self.assertEqual(total, 10)
        query = GLib.Variant("a{sv}", {"tag": GLib.Variant("s", "t1")})
        notifications, total = self.client.list_sync("alice", query, None)
        self.assertEqual([(n.props.id, n.props.tag) for n in notifications], [(ids[1], "t1")])
        self.assertEqual(self.client.remove_all_sync("alice", None), 10)
        self.assertEqual(self.client.list_sync("alice", None, None), ([], 0))

    async def test_the_options_of_create_are_kept(self):
        options = GLib.Variant("a{sv}", {"idempotency-key": GLib.Variant("s", "k"),
                                         "expires": GLib.Variant("x", 3600)})
        id = self.client.create_sync("alice", "{}", options, None)
        self.assertEqual(self.client.create_sync("alice", "{}", options, None), id)
        notification = self.client.get_sync("alice", id, None)
        self.assertEqual(notification.props.expires_at - notification.props.created_at,
                         3600 * 1000000)

    async def test_messages_reach_the_sessions(self):
        first, second, other = [await self.open(user) for user in ("alice", "alice", "bob")]
        self.assertEqual(self.client.send_to_user_sync("alice", "chat", '{"n":1}', None), 2)
        self.assertEqual(self.client.send_to_user_sync("carol", "chat", "{}", None), 0)
        self.assertEqual(self.client.broadcast_sync("news", '{"n":2}', None), 3)
        for tab in first, second:
            self.assertEqual((await tab.receive("chat"))["data"], {"n": 1})
        for tab in first, second, other:
            self.assertEqual((await tab.receive("news"))["data"], {"n": 2})

    async def test_errors_are_those_of_belfry_and_name_the_argument(self):
        create = self.client.create_sync
        self.assert_error(Belfry.Error.INVALID_ARGS, "data: ", create, "alice", "{'a':1}", None, None)
        self.assert_error(Belfry.Error.INVALID_ARGS, "user_id: ", create, "", "{}", None, None)
        self.assert_error(Belfry.Error.TOO_LARGE, "data: ", create, "alice",
                          json.dumps({"a": "x" * 65536}), None, None)
        self.assert_error(Belfry.Error.INVALID_ARGS, "type: ", self.client.broadcast_sync,
                          "register", "{}", None)
        many = GLib.Variant("a(ssa{sv})", [("alice", "{}", {}), ("alice", "[]", {})])
        self.assert_error(Belfry.Error.INVALID_ARGS, "notifications[1]: ",
                          self.client.create_many_sync, many, None)
        self.assert_error(Belfry.Error.INVALID_ARGS, "ids: ", self.client.mark_read_sync,
                          "alice", [], None)
        self.assertEqual(self.client.count_unread_sync("alice", None), 0)

    async def test_asynchronous_calls_give_the_same(self):
        result = self.wait_for(self.client.create_async, "alice", "{}", None)
        id = self.client.create_finish(result)
        many = GLib.Variant("a(ssa{sv})", [("alice", "{}", {})] * 3)
        result = self.wait_for(self.client.create_many_async, many)
        ids = self.client.create_many_finish(result)
        self.assertEqual([id, *ids], sorted({id, *ids}))
        result = self.wait_for(self.client.list_async, "alice", None)
        notifications, total = self.client.list_finish(result)
        self.assertEqual([n.props.id for n in notifications], [id, *ids][::-1])
        self.assertEqual(total, 4)
        result = self.wait_for(self.client.get_async, "alice", 4711)
        self.assert_error(Belfry.Error.NOT_FOUND, "id: ", self.client.get_finish, result)

    async def test_hundreds_of_calls_at_once_are_answered_in_order(self):
        answered = []
        loop = GLib.MainLoop()

        def on_created(client, result, n):
            answered.append((n, client.create_finish(result)))
            if len(answered) == 500:
                loop.quit()

        for n in range(500):
            self.client.create_async("alice", json.dumps({"n": n}), None, None, on_created, n)
        timeout = GLib.timeout_add_seconds(PATIENCE, loop.quit)
        loop.run()
        GLib.source_remove(timeout)
        self.assertEqual([n for n, _ in answered], list(range(500)))
        self.assertEqual(len({id for _, id in answered}), 500)
        notifications, _ = self.client.list_sync(
            "alice", GLib.Variant("a{sv}", {"limit": GLib.Variant("u", 1000)}), None)
        self.assertEqual([json.loads(n.props.data)["n"] for n in notifications],
                         list(range(500))[::-1])

    async def test_threads_may_block_at_the_same_time(self):
        ids = []

        def work():
            for _ in range(20):
                ids.append(self.client.create_sync("alice", "{}", None, None))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(ids)), 80)
        self.assertEqual(self.client.count_unread_sync("alice", None), 80)

    async def test_without_the_daemon_the_error_is_that_of_the_bus(self):
        self.daemon.stop()
        self.client.set_patience(0)
        with self.assertRaises(GLib.Error) as context:
            self.client.create_sync("alice", "{}", None, None)
        self.assertTrue(context.exception.matches(Gio.DBusError.quark(),
                                                  Gio.DBusError.SERVICE_UNKNOWN))


class ClientAtSocket(AtSocket, Client):
    async def test_without_the_daemon_the_error_is_that_of_the_bus(self):
        """Here there is none, and so the error is that of the socket."""
        self.daemon.stop()
        self.client.set_patience(0)
        with self.assertRaises(GLib.Error) as context:
            for _ in range(2):
                self.client.create_sync("alice", "{}", None, None)
        self.assertEqual(context.exception.domain, "g-io-error-quark")

    async def test_a_new_daemon_is_found_again(self):
        self.client.create_sync("alice", "{}", None, None)
        first = self.client.get_connection()
        self.daemon.stop()
        self.daemon.start()
        await self.until(first.is_closed)
        self.assertEqual(self.client.count_unread_sync("alice", None), 1)
        second = self.client.get_connection()
        self.assertIsNot(second, first)
        self.daemon.kill()
        self.daemon.start()
        await self.until(second.is_closed)
        result = self.wait_for(self.client.create_async, "alice", "{}", None)
        self.client.create_finish(result)
        self.assertEqual(self.client.count_unread_sync("alice", None), 2)


if __name__ == "__main__":
    belfry_test.main()
