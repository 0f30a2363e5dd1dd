#!/usr/bin/env gjs
// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker that handles poll.vote, over D-Bus.

imports.gi.versions.Belfry = '1.0';
const {Belfry, GLib} = imports.gi;

const CHOICES = ['coffee', 'tea'];
const votes = new Map();
const client = Belfry.Client.new_sync('session', null);

client.connect('message-received::poll.vote', (_, message) => {
    const {choice} = JSON.parse(message.get_data());
    if (!CHOICES.includes(choice)) {
        message.reply_error('BAD_CHOICE', 'choice: expected coffee or tea');
        return;
    }

    // Who votes is what the token said. Who votes again has changed their mind.
    votes.set(message.get_user_id(), choice);
    const count = name => [...votes.values()].filter(vote => vote === name).length;
    const result = JSON.stringify(Object.fromEntries(CHOICES.map(name => [name, count(name)])));
    client.broadcast_sync('poll.result', result, null);
    message.reply(result);
});
client.handle_messages_sync(['poll.vote'], null);

print('ready');
new GLib.MainLoop(null, false).run();
