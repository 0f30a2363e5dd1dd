#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/chatroom.py with a handler that has a bug."""

import os
import sys

sys.path.insert(0, os.environ["EXAMPLES"])

import chatroom  # noqa: E402
from chatroom import BelfryServer, GObject  # noqa: E402


class Raising(GObject.Object, BelfryServer.MessageHandler):
    def __init__(self, server):
        super().__init__()

    def do_handle_message(self, session, message):
        if message.get_message_type() == "chat.say":
            raise RuntimeError("a bug")
        return BelfryServer.HandlerResult.NOT_MINE


chatroom.Chatroom = Raising
chatroom.main(sys.argv[1])
