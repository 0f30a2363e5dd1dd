// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker in GJS: it hears what happens, answers messages, and makes its calls as promises.

imports.gi.versions.Belfry = '1.0';
const {Belfry, Gio, GLib} = imports.gi;

for (const name of ['create', 'list', 'get', 'subscribe', 'handle_messages'])
    Gio._promisify(Belfry.Client.prototype, `${name}_async`, `${name}_finish`);

const loop = GLib.MainLoop.new(null, false);
const client = Belfry.Client.new_sync(ARGV[0], null);

client.connect('notification-created', (self, user, id) => print('created', user, id));
client.connect('subscribed', () => print('subscribed'));
client.connect('message-received::sum', (self, message) => {
    try {
        const {numbers} = JSON.parse(message.get_data());
        message.reply(JSON.stringify({sum: numbers.reduce((a, b) => a + b, 0)}));
    } catch (error) {
        message.reply_error('BAD_SUM', error.message);
    }
});

async function main() {
    await client.subscribe_async(null, ['Created'], null);
    await client.handle_messages_async(['sum'], null);
    const options = new GLib.Variant('a{sv}', {tag: new GLib.Variant('s', 'first')});
    const id = await client.create_async('alice', JSON.stringify({n: 1}), options, null);
    const [notifications, total] = await client.list_async('alice', null, null);
    print('listed', total, notifications[0].id === id, notifications[0].data);
    try {
        await client.get_async('alice', 4711, null);
    } catch (error) {
        print('refused', error.matches(Belfry.error_quark(), Belfry.Error.NOT_FOUND));
    }
    print('ready');
}

main().catch(error => {
    printerr(error.message);
    loop.quit();
});
loop.run();
