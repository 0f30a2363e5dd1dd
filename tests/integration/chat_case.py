# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the chatroom share: a member who keeps a transcript, and what has to be so
whoever handles the messages."""

import asyncio
import collections
import contextlib
import json
import random
import sqlite3

from belfry_test import PATIENCE
from light_tab import LightTab

# The server is away, or has just come back: what was asked is asked again.
AWAY = ("UNAVAILABLE", "UNKNOWN_TYPE", "TIMEOUT", "BUSY", "SERVER_SHUTDOWN", "RATE_LIMITED",
        "HANDLER_FAILED")


# How many things a member says at once.
WINDOW = 10


class Away(Exception):
    pass


class Member:
    """Somebody who has things to say, says each until it is acknowledged, and writes down what the
    room says, in order, whatever happens to the server."""

    def __init__(self, case, user, texts, room="lobby"):
        self.case = case
        self.user = user
        self.room = room
        self.unsaid = collections.deque((f"{user}-{i}", text) for i, text in enumerate(texts))
        self.acknowledged = {}  # key → seq
        self.transcript = []
        self.ahead = {}
        self.n_connections = 0

    @property
    def newest(self):
        return self.transcript[-1]["seq"] if self.transcript else 0

    async def stay(self, total):
        """Until everything is said, and `total` messages are written down."""
        while not self.case.over and (self.unsaid or self.newest < total):
            with contextlib.suppress(OSError, EOFError, Away):
                await self.visit(total)
            # As belfry's own clients do: not all at once.
            await asyncio.sleep(random.uniform(0.05, 0.2))

    async def visit(self, total):
        self.tab = await LightTab.open(self.case.port(), self.case.daemon.token(self.user))
        try:
            self.n_connections += 1
            self.asked = collections.deque()
            self.saying = 0
            await self.ask("chat.join", since=self.newest)
            while self.unsaid or self.newest < total:
                # Several at once, in their order. If some are lost, so is what came after them.
                while self.saying < min(WINDOW, len(self.unsaid)):
                    key, text = self.unsaid[self.saying]
                    self.saying += 1
                    await self.ask("chat.say", key=key, text=text)
                if not self.asked:
                    await self.wait()
                else:
                    self.take_frame(await self.receive())
                if self.ahead and "chat.history" not in self.asked:
                    await self.ask("chat.history", after=self.newest, limit=100)
        finally:
            self.tab.close()

    async def wait(self):
        """Hints may be lost, the last one, too: so the place is renewed, as a client does it."""
        try:
            self.take_frame(await asyncio.wait_for(self.receive(), 2))
        except asyncio.TimeoutError:
            # In the middle of a frame, maybe.
            raise Away from None

    async def receive(self):
        first, payload = await self.tab.receive_frame()
        if first & 15 == 8:
            raise Away
        return json.loads(payload)

    async def ask(self, type, **data):
        self.asked.append(type)
        await self.tab.send(type=type, id=type, data={"room": self.room, **data})

    def take_frame(self, frame):
        type, data = frame["type"], frame["data"]
        if type == "chat.said":
            self.take(data)
        elif type == "error":
            if data["code"] not in AWAY:
                raise AssertionError(frame)
            raise Away
        elif type == "reply":
            self.asked.remove(frame["id"])
            if frame["id"] == "chat.say":
                self.saying -= 1
                self.acknowledged[self.unsaid.popleft()[0]] = data["seq"]
            else:
                self.take_page(data)
        elif type == "chat.hello":
            raise Away

    def take_page(self, page):
        for message in page["messages"]:
            self.take(message)

    def take(self, message):
        self.ahead[message["seq"]] = {name: message[name] for name in ("seq", "from", "key", "text")}
        for seq in [seq for seq in self.ahead if seq <= self.newest]:
            del self.ahead[seq]
        while self.newest + 1 in self.ahead:
            self.transcript.append(self.ahead.pop(self.newest + 1))


class Chat:
    """Mixed into a test case that has `port()`, `database`, and `restart(number)`."""

    n_members = 20
    n_texts = 250
    n_restarts = 3
    over = False

    def stored(self, room="lobby"):
        with sqlite3.connect(self.database) as database:
            rows = database.execute(
                "SELECT seq, author, key, text FROM chat_message WHERE room = ? ORDER BY seq",
                (room,)).fetchall()
        database.close()
        return [dict(zip(("seq", "from", "key", "text"), row)) for row in rows]

    async def talk(self, members, total):
        await asyncio.wait_for(asyncio.gather(*(member.stay(total) for member in members)),
                               4 * PATIENCE)

    async def test_all_transcripts_are_the_stored_history_though_the_server_restarts(self):
        total = self.n_members * self.n_texts
        members = [Member(self, f"user{i}", [f"{i}/{j}" for j in range(self.n_texts)])
                   for i in range(self.n_members)]
        # In a loop of their own: that of the test looks at everything, and is slow.
        talk = asyncio.get_running_loop().run_in_executor(
            None, lambda: asyncio.run(self.talk(members, total)))
        try:
            for number in range(self.n_restarts):
                # At a moment that depends on how far they are, not on the clock.
                mark = total * (number + 1) * random.uniform(0.8, 1) / (self.n_restarts + 1)
                while members[0].newest < mark and not talk.done():
                    await asyncio.sleep(0.01)
                await self.restart(number)
        except BaseException:
            self.over = True
            raise
        finally:
            await talk
        history = self.stored()
        self.assertEqual([message["seq"] for message in history], list(range(1, total + 1)))
        self.assertEqual(sorted(message["text"] for message in history),
                         sorted(f"{i}/{j}" for i in range(self.n_members)
                                for j in range(self.n_texts)))
        by_key = {message["key"]: message["seq"] for message in history}
        for member in members:
            self.assertEqual(member.transcript, history)
            # What was acknowledged is there, under the number that was said.
            self.assertEqual(member.acknowledged,
                             {key: seq for key, seq in by_key.items()
                              if key.startswith(member.user + "-")})
            # Each one has been through it, and what they said themselves is in their order.
            self.assertGreater(member.n_connections, 1)
            own = [message["text"] for message in history if message["from"] == member.user]
            self.assertEqual(own, [f"{member.user[4:]}/{j}" for j in range(self.n_texts)])

    async def hear(self, tab, type, **fields):
        """The next of a type, and with these fields: of a tab's own doing it is told, too, before
        the reply or after it."""
        while True:
            frame = await tab.receive()
            if frame["type"] == type and fields.items() <= frame["data"].items():
                return frame["data"]

    async def hear_all(self, tab, number):
        """What was said to a tab, as soon as it is so much, before a reply or after it."""
        while len([f for f in tab.frames if f["type"] == "chat.said"]) < number:
            await tab.receive()
        await tab.request("ping", id="p")
        return [f["data"] for f in tab.frames if f["type"] == "chat.said"]

    async def test_what_is_said_is_told_to_all_who_are_there_and_to_nobody_else(self):
        alice, bob, carol = [await self.open(user) for user in ("alice", "bob", "carol")]
        await alice.request("chat.join", room="a")
        await bob.request("chat.join", room="a")
        await carol.request("chat.join", room="b")
        receipt = await alice.request("chat.say", room="a", key="k1", text="Hello\nünï \\ \"x\" 😀")
        self.assertEqual(receipt["seq"], 1)
        said = await self.hear(bob, "chat.said")
        self.assertEqual(said, {"room": "a", "seq": 1, "from": "alice", "key": "k1",
                                "text": "Hello\nünï \\ \"x\" 😀", "at": receipt["at"]})
        self.assertEqual(await self.hear_all(alice, 1), [said])
        # In another room the numbers are others, and what is told there is the first that is told.
        await carol.request("chat.say", room="b", key="k1", text="Alone")
        self.assertEqual([said["text"] for said in await self.hear_all(carol, 1)], ["Alone"])
        history = await bob.request("chat.history", room="a")
        self.assertEqual([m["text"] for m in history["messages"]],
                         ["Hello\nünï \\ \"x\" 😀"])

    async def test_who_says_it_again_with_the_same_key_has_said_it_once(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        await bob.request("chat.join", room="a")
        first = await alice.request("chat.say", room="a", key="k", text="Hello")
        self.assertEqual(await alice.request("chat.say", room="a", key="k", text="Hello"), first)
        # Somebody else's key, and the same in another room, are others.
        second = await bob.request("chat.say", room="a", key="k", text="Hi")
        self.assertEqual(second["seq"], 2)
        self.assertEqual((await alice.request("chat.say", room="b", key="k", text="Hello"))["seq"], 1)
        self.assertEqual([said["text"] for said in await self.hear_all(bob, 2)], ["Hello", "Hi"])

    async def test_history_comes_in_pages_in_both_directions(self):
        tab = await self.open("alice")
        for number in range(1, 26):
            await tab.request("chat.say", room="a", key=f"k{number}", text=str(number))

        async def page(type="chat.history", **data):
            answer = await tab.request(type, room="a", **data)
            self.assertEqual(answer["newest"], 25)
            return [message["seq"] for message in answer["messages"]], answer["more"]

        self.assertEqual(await page(limit=10), (list(range(16, 26)), True))
        self.assertEqual(await page(before=16, limit=10), (list(range(6, 16)), True))
        self.assertEqual(await page(before=6, limit=10), (list(range(1, 6)), False))
        self.assertEqual(await page(before=11, limit=10), (list(range(1, 11)), False))
        self.assertEqual(await page(after=0, limit=10), (list(range(1, 11)), True))
        self.assertEqual(await page(after=20, limit=10), (list(range(21, 26)), False))
        self.assertEqual(await page(after=25), ([], False))
        self.assertEqual(await page("chat.join", since=23), ([24, 25], False))
        self.assertEqual(await page("chat.join", limit=2), ([24, 25], True))

    async def test_a_page_is_cut_before_it_is_too_large_for_an_answer(self):
        tab = await self.open("alice")
        for number in range(20):
            await tab.request("chat.say", room="a", key=f"k{number}", text='"' * 1000 + "😀" * 1000)
        seqs, after = [], 0
        while True:
            page = await tab.request("chat.history", room="a", after=after, limit=100)
            self.assertGreater(len(page["messages"]), 0)
            self.assertLess(len(json.dumps(page, ensure_ascii=False).encode()), 65536)
            seqs += [message["seq"] for message in page["messages"]]
            after = seqs[-1]
            if not page["more"]:
                break
        self.assertEqual(seqs, list(range(1, 21)))

    async def test_a_user_is_present_while_one_of_their_tabs_is(self):
        alice = await self.open("alice")
        self.assertEqual((await alice.request("chat.join", room="a"))["members"], ["alice"])
        tabs = [await self.open("bob"), await self.open("bob")]
        for tab in tabs:
            joined = await tab.request("chat.join", room="a")
            self.assertEqual(sorted(joined["members"]), ["alice", "bob"])
        here = {"room": "a", "user": "bob", "here": True}
        self.assertEqual(await self.hear(alice, "chat.present", user="bob"), here)
        await tabs[0].request("chat.leave", room="a")
        await tabs[0].request("chat.leave", room="a")
        self.assertEqual(sorted((await alice.request("chat.join", room="a"))["members"]),
                         ["alice", "bob"])
        for tab in tabs:
            await tab.close()
        self.assertEqual(await self.hear(alice, "chat.present", user="bob"),
                         {**here, "here": False})
        self.assertEqual((await alice.request("chat.join", room="a"))["members"], ["alice"])

    async def test_typing_is_told_to_who_is_there_seldom_and_not_stored(self):
        alice, bob = await self.open("alice"), await self.open("bob")
        await alice.request("chat.join", room="a")
        # Who has not joined types unseen.
        await bob.request("chat.typing", room="a")
        await bob.request("chat.join", room="a")
        for _ in range(5):
            await bob.request("chat.typing", room="a")
        self.assertEqual(await self.hear(alice, "chat.typing"), {"room": "a", "user": "bob"})
        await bob.request("chat.history", room="a")
        await alice.request("ping", id=2)
        self.assertEqual(len([f for f in alice.frames if f["type"] == "chat.typing"]), 1)
        self.assertEqual((await alice.request("chat.history", room="a"))["messages"], [])
        # Who has said it and types again is told of at once.
        await bob.request("chat.say", room="a", key="k", text="Hello")
        await bob.request("chat.typing", room="a")
        self.assertEqual(await self.hear(alice, "chat.typing"), {"room": "a", "user": "bob"})

    async def test_bad_input_is_refused_by_name_and_limit_and_changes_nothing(self):
        tab = await self.open("alice")
        name = "expected 1 to 64 of a-z, 0-9 and -"
        text = "text: expected 1 to 2000 characters, not only white space, and no control characters"
        good = {"room": "a", "key": "k", "text": "Hello"}
        number = "expected an integer from 0 to 2^53-1"
        for type, data, message in (
                ("chat.say", {**good, "room": "A b"}, f"room: {name}"),
                ("chat.say", {**good, "room": "r" * 65}, f"room: {name}"),
                ("chat.say", {"key": "k", "text": "Hello"}, f"room: {name}"),
                ("chat.say", {**good, "room": ["a"]}, f"room: {name}"),
                ("chat.say", {**good, "key": ""}, f"key: {name}"),
                ("chat.say", {**good, "key": 7}, f"key: {name}"),
                ("chat.say", {**good, "text": ""}, text),
                ("chat.say", {**good, "text": " \n\t\u2003"}, text),
                ("chat.say", {**good, "text": "x" * 2001}, text),
                ("chat.say", {**good, "text": "a\u001b[1m"}, text),
                ("chat.say", {**good, "text": None}, text),
                ("chat.history", {"room": "a", "limit": 101}, "limit: expected an integer from 1 to 100"),
                ("chat.history", {"room": "a", "limit": True}, "limit: expected an integer from 1 to 100"),
                ("chat.history", {"room": "a", "before": -1}, f"before: {number}"),
                ("chat.history", {"room": "a", "after": "1"}, f"after: {number}"),
                ("chat.history", {"room": "a", "after": 1, "before": 2}, "before: not together with after"),
                ("chat.join", {"room": "a", "since": 1.5}, f"since: {number}"),
                ("chat.join", {"room": ""}, f"room: {name}"),
                ("chat.typing", {}, f"room: {name}"),
                ("chat.leave", {}, f"room: {name}")):
            error = await tab.request(type, **data)
            self.assertEqual((error.get("code"), error.get("message")), ("INVALID_MESSAGE", message),
                             (type, data))
        for bad in "a\0b", "\ud800":
            error = await tab.request("chat.say", **{**good, "text": bad})
            self.assertEqual(error.get("code"), "INVALID_MESSAGE")
        for number in range(16):
            await tab.request("chat.join", room=f"r{number}")
        error = await tab.request("chat.join", room="one-more")
        self.assertEqual((error["code"], error["message"]),
                         ("ROOM_FULL", "room: a session is in at most 16 rooms"))
        self.assertEqual((await tab.request("chat.shout"))["code"], "UNKNOWN_TYPE")
        joined = await tab.request("chat.join", room="r0")
        self.assertEqual((joined["newest"], joined["members"]), (0, ["alice"]))
        self.assertEqual(self.stored("a"), [])
        self.assertEqual((await tab.request("chat.say", **{**good, "text": "x" * 2000}))["seq"], 1)
