/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A worker in Vala, which tells many users the same with one call: all of them, or none.
 *
 *   valac --pkg belfry-1.0 worker.vala
 *   ./worker '{"title": "The house is closed on Monday"}' alice bob */

async int64[] ring (string data, string[] users) throws Error {
    var client = yield new Belfry.Client ("session", null);
    var notifications = new VariantBuilder (new VariantType ("a(ssa{sv})"));
    foreach (var user in users) {
        notifications.add ("(ssa{sv})", user, data, null);
    }
    return yield client.create_many_async (notifications.end (), null);
}

int main (string[] args) {
    var loop = new MainLoop ();
    int status = 0;

    ring.begin (args[1], args[2:args.length], (source, result) => {
        try {
            foreach (var id in ring.end (result)) {
                print ("%lld\n", id);
            }
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
