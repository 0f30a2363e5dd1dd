# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is in which room. It is not stored: a client joins again when it comes back, and while it
stays renews its place, so that whoever has gone unnoticed is forgotten."""

import collections
import time

MAX_MEMBERS = 200
MAX_ROOMS_PER_SESSION = 16

# In seconds. A client renews its place every 30, where its browser lets it.
LEASE = 150

# Typing is told at most as often, in seconds.
TYPING_INTERVAL = 2


class Full(Exception):
    pass


class Rooms:
    """`tell(room, users, type, data)` is called for what has to be told."""

    def __init__(self, tell):
        self._tell = tell
        self._places = collections.defaultdict(dict)  # room → session → (user, end of the lease)
        self._typing = {}  # (room, user) → when it may be told again

    def members(self, room):
        return sorted({user for user, _ in self._places.get(room, {}).values()})

    def join(self, room, session, user):
        """Gives a session a place in a room, or renews it. The user's first is told."""
        members = self.members(room)
        if session not in self._places.get(room, {}):
            if user not in members and len(members) >= MAX_MEMBERS:
                raise Full(f"room: has {len(members)} members, at most {MAX_MEMBERS}")
            if sum(session in places for places in self._places.values()) >= MAX_ROOMS_PER_SESSION:
                raise Full(f"room: a session is in at most {MAX_ROOMS_PER_SESSION} rooms")
        self._places[room][session] = (user, time.monotonic() + LEASE)
        if user not in members:
            self.tell(room, "chat.present", {"user": user, "here": True})

    def leave(self, room, session):
        """Takes a session's place away. The end of the user's last is told."""
        places = self._places.get(room, {})
        if session not in places:
            return
        user, _ = places.pop(session)
        if not places:
            del self._places[room]
        if user not in self.members(room):
            self._typing.pop((room, user), None)
            self.tell(room, "chat.present", {"user": user, "here": False})

    def sessions(self):
        return {session for places in self._places.values() for session in places}

    def end_user(self, user):
        self._end(lambda session, place: place[0] == user)

    def end_sessions(self, sessions):
        self._end(lambda session, place: session in sessions)

    def sweep(self):
        """Forgets who has not renewed its place in time."""
        now = time.monotonic()
        self._end(lambda session, place: place[1] < now)

    def _end(self, is_over):
        over = [(room, session) for room, places in self._places.items()
                for session, place in places.items() if is_over(session, place)]
        for room, session in over:
            self.leave(room, session)

    def type(self, room, user):
        """Tells that somebody types, but not all the time, and only of those who are there."""
        now = time.monotonic()
        if user in self.members(room) and now >= self._typing.get((room, user), 0):
            self._typing[room, user] = now + TYPING_INTERVAL
            self.tell(room, "chat.typing", {"user": user})

    def stop_typing(self, room, user):
        """What was typed has been said: what is typed next is told at once."""
        self._typing.pop((room, user), None)

    def tell(self, room, type, data):
        """Sends it to all who are in the room. It is a hint: who does not read, does not get it."""
        members = self.members(room)
        if members:
            self._tell(members, type, {"room": room, **data})
