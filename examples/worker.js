#!/usr/bin/env gjs
// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker in GJS: gjs worker.js alice "Your export is ready"

imports.gi.versions.Belfry = '1.0';
const {Belfry, GLib} = imports.gi;
const System = imports.system;

const [user, title] = ARGV;

// An idempotency key makes it safe to run this again: the same key gives the same notification.
const options = new GLib.Variant('a{sv}', {
    'idempotency-key': new GLib.Variant('s', `export-${title}`),
});

try {
    const client = Belfry.Client.new_sync('session', null);
    print(client.create_sync(user, JSON.stringify({title}), options, null));
} catch (error) {
    printerr(error.message);
    System.exit(1);
}
