#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Belfry developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server with a handler of its own, in the same process: chatroom.py belfryd.conf

A tab sends {"type": "chat.say", "id": 1, "data": {"text": "Hello"}}. Every tab that has a session
gets {"type": "chat.said", "data": {"from": ..., "text": "Hello"}}, and the one that asked the reply
{"heard": 2}.
"""

import json
import signal
import sys

import gi

gi.require_version("BelfryServer", "1.0")
from gi.repository import BelfryServer, GLib, GObject  # noqa: E402


class Chatroom(GObject.Object, BelfryServer.MessageHandler):
    """One link of the chain of responsibility."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    # An exception in here ends as REFUSED: the client gets an error, never silence.
    def do_handle_message(self, session, message):
        if message.get_message_type() != "chat.say":
            return BelfryServer.HandlerResult.NOT_MINE

        text = json.loads(message.get_data()).get("text")
        if not isinstance(text, str) or text == "":
            message.reply_error("INVALID_MESSAGE", "text: expected some text")
            return BelfryServer.HandlerResult.TAKEN

        # Who speaks is what the token said, not what the client says.
        said = {"from": session.get_user_id(), "text": text}
        heard = self.server.get_sessions().broadcast("chat.said", json.dumps(said))
        message.reply(json.dumps({"heard": heard}))
        return BelfryServer.HandlerResult.TAKEN


def main(config_file):
    config = BelfryServer.ServerConfig.new()
    config.load_file(config_file)
    server = BelfryServer.Server.new(config)
    server.get_handlers().add(Chatroom(server))
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

    server.connect("bus-lost", lambda server: on_terminate())
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, on_terminate)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1])
