#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker with a chatroom, over D-Bus: worker.py chat.db"""

import asyncio
import re
import signal
import sqlite3
import sys

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry, GLib  # noqa: E402

from chat_rooms import Full, Rooms  # noqa: E402
from chat_store import Store  # noqa: E402

MAX_TEXT = 2000
MAX_LIMIT = 100
DEFAULT_LIMIT = 50
MAX_NUMBER = 2**53 - 1
SWEEP_SECONDS = 10
TYPES = ("chat.join", "chat.say", "chat.history", "chat.typing", "chat.leave")


def invalid(text):
    return Belfry.Refusal("INVALID_MESSAGE", text)


def check_name(data, field):
    if not isinstance(data.get(field), str) or not re.fullmatch("[a-z0-9-]{1,64}", data[field]):
        raise invalid(f"{field}: expected 1 to 64 of a-z, 0-9 and -")
    return data[field]


def check_text(data):
    """Whether there is something to read, and nothing that plays tricks."""
    text = data.get("text")
    if (not isinstance(text, str) or text.strip() == "" or len(text) > MAX_TEXT
            or re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)):
        raise invalid(f"text: expected 1 to {MAX_TEXT} characters, not only white space, and no "
                      "control characters")
    return text


def check_number(data, field, low, high, limit, default):
    number = data.get(field, default)
    if field in data and (type(number) is not int or not low <= number <= high):
        raise invalid(f"{field}: expected an integer from {low} to {limit}")
    return number


def check_page(data, forwards):
    """Where a page begins: at the newest, if nothing else is said."""
    after = check_number(data, forwards, 0, MAX_NUMBER, "2^53-1", None)
    before = check_number(data, "before", 0, MAX_NUMBER, "2^53-1", MAX_NUMBER)
    limit = check_number(data, "limit", 1, MAX_LIMIT, MAX_LIMIT, DEFAULT_LIMIT)
    if after is not None and "before" in data:
        raise invalid(f"before: not together with {forwards}")
    return (before, True, limit) if after is None else (after, False, limit)


class Chat:
    def __init__(self, client, store):
        self.client = client
        self.store = store
        self.rooms = Rooms(self.tell)
        self.telling = set()

    def tell(self, users, type, data):
        # In the order in which the tasks are made; nobody waits for them.
        task = asyncio.create_task(self.send(users, type, data))
        self.telling.add(task)
        task.add_done_callback(self.telling.discard)

    async def send(self, users, type, data):
        try:
            if users is None:
                await self.client.broadcast(type, data)
            else:
                await self.client.send(users, type, data)
        except GLib.Error as error:
            print(f"{type} was not told: {error.message}", file=sys.stderr, flush=True)

    async def finish(self):
        # A turn for each who was given a result, to answer.
        await asyncio.sleep(0.1)
        await asyncio.gather(*self.telling, return_exceptions=True)

    async def join(self, message):
        data = message.data
        room = check_name(data, "room")
        page = check_page(data, "since")
        try:
            self.rooms.join(room, message.session, message.user)
        except Full as full:
            raise Belfry.Refusal("ROOM_FULL", str(full)) from full
        # What is stored after this read is told, since the session is in the room now.
        answer = await self.do(self.store.read(room, *page))
        return {**answer, "members": self.rooms.members(room)}

    async def say(self, message):
        data = message.data
        room = check_name(data, "room")
        key, text = check_name(data, "key"), check_text(data)
        said, is_new = await self.do(self.store.say(room, message.user, key, text))
        if is_new:
            self.rooms.stop_typing(room, message.user)
            self.rooms.tell(room, "chat.said", said)
        return {"seq": said["seq"], "at": said["at"]}

    async def history(self, message):
        data = message.data
        return await self.do(self.store.read(check_name(data, "room"), *check_page(data, "after")))

    def typing(self, message):
        self.rooms.type(check_name(message.data, "room"), message.user)
        return {}

    def leave(self, message):
        self.rooms.leave(check_name(message.data, "room"), message.session)
        return {}

    async def do(self, work):
        try:
            return await work
        except sqlite3.Error as error:
            # Nothing was done then: the client tries again, with the same key.
            print("The database:", error, file=sys.stderr, flush=True)
            raise Belfry.Refusal("UNAVAILABLE", "The messages cannot be stored now") from error

    async def watch(self):
        """Notices who goes. Of a new worker, all clients have to join again."""
        is_new = True
        async for event in self.client.events():
            if event.kind == "disconnected":
                self.rooms.end_user(event.user)
            elif event.kind == "subscribed" and is_new:
                is_new = False
                self.tell(None, "chat.hello", {})
            elif event.kind == "subscribed":
                await self.forget_ended()

    async def forget_ended(self):
        """Of a Belfry that has gone, nothing was told. Who has come meanwhile, stays."""
        sessions = self.rooms.sessions()
        try:
            going_on = {session.id for session in await self.client.sessions(limit=10_000)}
        except GLib.Error as error:
            print("Ended sessions are forgotten late:", error.message, file=sys.stderr, flush=True)
            return
        self.rooms.end_sessions(sessions - going_on)

    async def sweep(self):
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.rooms.sweep()


async def main(path):
    store = Store(path)
    stopped = asyncio.Event()
    for number in signal.SIGTERM, signal.SIGINT:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    client = Belfry.AsyncClient()
    chat = Chat(client, store)
    client.handler("chat.join")(chat.join)
    client.handler("chat.say")(chat.say)
    client.handler("chat.history")(chat.history)
    client.handler("chat.typing")(chat.typing)
    client.handler("chat.leave")(chat.leave)
    async with client:
        tasks = [asyncio.create_task(chat.watch()), asyncio.create_task(chat.sweep())]
        print("ready", flush=True)
        await stopped.wait()
        # No more messages; those that have come are answered, and what they said is told.
        await client.stop_handling(*TYPES)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await store.close()
        await chat.finish()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
