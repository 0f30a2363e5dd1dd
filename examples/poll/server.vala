/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server that handles poll.vote itself.
 *
 *   valac --pkg belfry-server-1.0 --pkg json-glib-1.0 --pkg posix server.vala
 *   ./server belfryd.conf */

const string[] CHOICES = { "coffee", "tea" };

/* One link of the chain of responsibility. */
class Poll : Object, Belfry.MessageHandler {
    private weak Belfry.Server server;
    private HashTable<string, string> votes = new HashTable<string, string> (str_hash, str_equal);

    public Poll (Belfry.Server server) {
        this.server = server;
    }

    public Belfry.HandlerResult handle_message (Belfry.Session session, Belfry.Message message) {
        if (message.get_message_type () != "poll.vote") {
            return NOT_MINE;
        }
        try {
            var vote = Json.from_string (message.get_data ()).get_object ();
            var choice = vote.get_string_member_with_default ("choice", "");
            if (!(choice in CHOICES)) {
                message.reply_error ("BAD_CHOICE", "choice: expected coffee or tea");
                return TAKEN;
            }
            // Who votes is what the token said. Who votes again has changed their mind.
            votes[session.get_user_id ()] = choice;
            server.get_sessions ().broadcast ("poll.result", count ());
            message.reply (count ());
            return TAKEN;
        } catch (Error error) {
            return REFUSED;
        }
    }

    private string count () {
        var builder = new Json.Builder ();
        builder.begin_object ();
        foreach (var choice in CHOICES) {
            int n = 0;
            foreach (var vote in votes.get_values ()) {
                n += vote == choice ? 1 : 0;
            }
            builder.set_member_name (choice).add_int_value (n);
        }
        builder.end_object ();
        return Json.to_string (builder.get_root (), false);
    }
}

int main (string[] args) {
    var config = new Belfry.ServerConfig ();
    var server = new Belfry.Server (config);
    var loop = new MainLoop ();

    try {
        config.load_file (args[1]);
        server.get_handlers ().add (new Poll (server));
        server.start ();
    } catch (Error error) {
        stderr.printf ("%s\n", error.message);
        return 1;
    }
    foreach (var address in server.get_addresses ()) {
        stdout.printf ("Listening on %s\n", ((SocketConnectable) address).to_string ());
    }
    stdout.flush ();
    Unix.signal_add (Posix.Signal.TERM, () => {
        server.stop_async.begin ((source, result) => loop.quit ());
        return Source.REMOVE;
    });
    loop.run ();
    return 0;
}
