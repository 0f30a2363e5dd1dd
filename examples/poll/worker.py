#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that handles poll.vote, over D-Bus."""

import gi

gi.require_version("Belfry", "1.0")
from gi.repository import Belfry, GLib  # noqa: E402

CHOICES = ("coffee", "tea")
votes = {}
client = Belfry.Client()


@client.handler("poll.vote")
def on_vote(message):
    choice = message.data.get("choice")
    if choice not in CHOICES:
        raise Belfry.Refusal("BAD_CHOICE", "choice: expected coffee or tea")

    # Who votes is what the token said. Who votes again has changed their mind.
    votes[message.user] = choice
    result = {choice: list(votes.values()).count(choice) for choice in CHOICES}
    client.broadcast("poll.result", result)
    return result


print("ready", flush=True)
GLib.MainLoop().run()
