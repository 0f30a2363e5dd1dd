# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was said, in an SQLite database. A thread of its own writes and reads it; everything that
waits is one transaction, and is answered when that is on the disk."""

import asyncio
import concurrent.futures
import os
import sqlite3
import time

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema.sql")

# How many one transaction takes.
BATCH = 500

# An answer has at most 64 KiB. This is what a message takes there at most, beside its text.
PAGE_BYTES = 60 * 1024
MESSAGE_BYTES = 500


class Store:
    def __init__(self, path):
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "chat-store")
        self._waiting = []
        self._writing = None
        self._database = self._thread.submit(self._open, path).result()

    @staticmethod
    def _open(path):
        # Transactions are begun and ended here, and nowhere else.
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA busy_timeout = 2000")
        with open(SCHEMA, encoding="utf-8") as schema:
            database.executescript(schema.read())
        return database

    async def say(self, room, author, key, text):
        """Gives the message, a dictionary, and whether it is new."""
        return await self._do(self._say, room, author, key, text)

    async def read(self, room, start, backwards, limit):
        """Gives up to `limit` messages: those after a number, or before it."""
        return await self._do(self._read, room, start, backwards, limit)

    async def close(self):
        """Does what waits before."""
        while self._writing is not None:
            await asyncio.sleep(0)
            await asyncio.gather(self._writing, return_exceptions=True)
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    async def _do(self, function, *arguments):
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((future, function, arguments))
        if self._writing is None:
            self._writing = asyncio.create_task(self._work())
        return await future

    async def _work(self):
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                results = await loop.run_in_executor(self._thread, self._transact, batch)
            except sqlite3.Error as error:
                results = [error] * len(batch)
            for (future, *_), result in zip(batch, results):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
        self._writing = None

    # In the thread.

    def _transact(self, batch):
        self._database.execute("BEGIN IMMEDIATE")
        try:
            results = [function(*arguments) for _, function, arguments in batch]
            self._database.execute("COMMIT")
            return results
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _newest(self, room):
        return self._database.execute(
            "SELECT ifnull (max (seq), 0) FROM chat_message WHERE room = ?", (room,)).fetchone()[0]

    def _say(self, room, author, key, text):
        said = self._database.execute(
            "SELECT seq, text, at FROM chat_message WHERE room = ? AND author = ? AND key = ?",
            (room, author, key)).fetchone()
        if said is not None:
            return _message(said[0], author, key, *said[1:]), False
        seq, at = self._newest(room) + 1, time.time_ns() // 1_000_000
        self._database.execute(
            "INSERT INTO chat_message (room, seq, author, key, text, at) VALUES (?, ?, ?, ?, ?, ?)",
            (room, seq, author, key, text, at))
        return _message(seq, author, key, text, at), True

    def _read(self, room, start, backwards, limit):
        condition = "seq < ? ORDER BY seq DESC" if backwards else "seq > ? ORDER BY seq"
        rows = self._database.execute(
            f"SELECT seq, author, key, text, at FROM chat_message WHERE room = ? AND {condition} "
            "LIMIT ?", (room, start, limit + 1)).fetchall()
        messages, size = [], 0
        for row in rows[:limit]:
            # A character that JSON escapes is twice as long there.
            size += 2 * len(row[3].encode()) + MESSAGE_BYTES
            if size > PAGE_BYTES:
                break
            messages.append(_message(*row))
        more = len(messages) < len(rows)
        if backwards:
            messages.reverse()
        return {"room": room, "messages": messages, "more": more, "newest": self._newest(room)}


def _message(seq, author, key, text, at):
    return {"seq": seq, "from": author, "key": key, "text": text, "at": at}
