// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What one would write by hand: bun with its HTTP, WebSocket and SQLite. What is posted is inserted
// and committed, then it goes to the browser, then the post is answered. It takes the files of the
// secret and of the database, and prints its port.

import { Database } from "bun:sqlite";
import { connected, register } from "./peer-register.js";

const database = new Database(process.argv[3], { create: true });
database.exec("PRAGMA page_size = 8192");
database.exec("PRAGMA journal_mode = WAL");
database.exec("PRAGMA synchronous = FULL");
database.exec("PRAGMA cache_size = -65536");
database.exec(`
  CREATE TABLE notification (
    id INTEGER PRIMARY KEY, user TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL,
    read INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX notification_user ON notification (user, id)`);
const insert = database.query(
  "INSERT INTO notification (user, data, created_at) VALUES (?, ?, ?)",
);

const users = new Map();

async function create(request, user) {
  const data = await request.text();
  const createdAt = new Date().toISOString();
  const id = insert.run(user, data, createdAt).lastInsertRowid;
  users
    .get(user)
    ?.send(
      `{"type":"notification_received","data":{"id":${id},"userId":"${user}","data":${data},` +
        `"createdAt":"${createdAt}","read":false}}`,
    );
  return new Response(`{"id":${id}}`);
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/ws") {
      return server.upgrade(request) ? undefined : new Response(null, { status: 400 });
    }
    return create(request, path.slice("/create/".length));
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
      users.set(registered.userId, socket);
      socket.send(registered.answer);
    },
  },
});

console.log(server.port);
