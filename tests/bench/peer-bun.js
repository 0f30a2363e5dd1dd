// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Raw WebSocket push with bun (uWebSockets): what is posted goes to those who are there, and is not
// stored. It takes the file of the secret, and prints its port.
//
// Each user is a topic: publish() costs a tenth less than send() on each socket of a map, as it
// writes once for all that a turn of the loop brings.

import { connected, frame, register } from "./peer-register.js";

async function post(request, path) {
  if (path === "/broadcast") {
    server.publish("all", frame(await request.text()));
  } else if (path === "/send") {
    const message = await request.json();
    const text = frame(JSON.stringify(message.data));
    for (const user of message.users) {
      server.publish(user, text);
    }
  } else {
    server.publish(path.slice("/create/".length), frame(await request.text()));
  }
  return new Response("{}");
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/ws") {
      return server.upgrade(request) ? undefined : new Response(null, { status: 400 });
    }
    return post(request, path);
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    open(socket) {
      socket.send(connected);
    },
    message(socket, text) {
      const registered = register(text);
      if (registered === undefined) {
        socket.close(4500);
        return;
      }
      socket.subscribe(registered.userId);
      socket.subscribe("all");
      socket.send(registered.answer);
    },
  },
});

console.log(server.port);
