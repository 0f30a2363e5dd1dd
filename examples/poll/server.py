#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that handles poll.vote itself: server.py belfryd.conf"""

import json
import signal
import sys

import gi

gi.require_version("BelfryServer", "1.0")
from gi.repository import BelfryServer, GLib, GObject  # noqa: E402

CHOICES = ("coffee", "tea")


class Poll(GObject.Object, BelfryServer.MessageHandler):
    """One link of the chain of responsibility."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.votes = {}

    def do_handle_message(self, session, message):
        if message.get_message_type() != "poll.vote":
            return BelfryServer.HandlerResult.NOT_MINE

        choice = json.loads(message.get_data()).get("choice")
        if choice not in CHOICES:
            message.reply_error("BAD_CHOICE", "choice: expected coffee or tea")
            return BelfryServer.HandlerResult.TAKEN

        # Who votes is what the token said. Who votes again has changed their mind.
        self.votes[session.get_user_id()] = choice
        votes = list(self.votes.values())
        result = json.dumps({choice: votes.count(choice) for choice in CHOICES})
        self.server.get_sessions().broadcast("poll.result", result)
        message.reply(result)
        return BelfryServer.HandlerResult.TAKEN


def main(config_file):
    config = BelfryServer.ServerConfig.new()
    config.load_file(config_file)
    server = BelfryServer.Server.new(config)
    server.get_handlers().add(Poll(server))
    server.start()
    for address in server.get_addresses():
        print("Listening on", address.to_string(), flush=True)

    loop = GLib.MainLoop()

    def on_stopped(server, result):
        server.stop_finish(result)
        loop.quit()

    def on_terminate():
        server.stop_async(on_stopped)
        return GLib.SOURCE_REMOVE

    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, on_terminate)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1])
