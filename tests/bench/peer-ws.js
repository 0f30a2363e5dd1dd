// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Raw WebSocket push with node and ws: what is posted goes to those who are there, and is not
// stored. It takes the file of the secret, and prints its port.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { connected, frame, register } from "./peer-register.js";

const users = new Map();

// A buffer: a string would be encoded anew for each socket.
function send(socket, buffer) {
  socket?.send(buffer, { binary: false });
}

function post(path, body) {
  if (path === "/broadcast") {
    const buffer = Buffer.from(frame(body));
    for (const socket of users.values()) {
      send(socket, buffer);
    }
  } else if (path === "/send") {
    const message = JSON.parse(body);
    const buffer = Buffer.from(frame(JSON.stringify(message.data)));
    for (const user of message.users) {
      send(users.get(user), buffer);
    }
  } else {
    send(users.get(path.slice("/create/".length)), Buffer.from(frame(body)));
  }
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text) => (body += text));
  request.on("end", () => {
    post(request.url, body);
    response.writeHead(200, { "Content-Length": 2 });
    response.end("{}");
  });
});

const sockets = new WebSocketServer({ server, path: "/ws", perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on("message", (text) => {
    const registered = register(text);
    if (registered === undefined) {
      socket.close(4500);
      return;
    }
    users.set(registered.userId, socket);
    socket.send(registered.answer);
  });
  socket.send(connected);
});

server.listen(0, "127.0.0.1", 4096, () => console.log(server.address().port));
