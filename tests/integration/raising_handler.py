#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/poll/server.py with a handler that has a bug."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["EXAMPLES"], "poll"))

import server  # noqa: E402
from server import BelfryServer, GObject  # noqa: E402


class Raising(GObject.Object, BelfryServer.MessageHandler):
    def __init__(self, server):
        super().__init__()

    def do_handle_message(self, session, message):
        if message.get_message_type() == "poll.vote":
            raise RuntimeError("a bug")
        return BelfryServer.HandlerResult.NOT_MINE


server.Poll = Raising
server.main(sys.argv[1])
