// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Notifications that pages ask for again and again: bun with its SQLite, graphql and graphql-http.
// The queries are those of QuickDapp. What is posted to /create/USER is committed, then answered.
// It takes the files of the secret and of the database, and prints its port.

import { Database } from "bun:sqlite";
import { buildSchema } from "graphql";
import { createHandler } from "graphql-http/lib/use/fetch";

import { verify } from "./peer-register.js";

const database = new Database(process.argv[3], { create: true });
database.exec("PRAGMA journal_mode = WAL");
database.exec("PRAGMA synchronous = FULL");
database.exec(`
  CREATE TABLE notification (
    id INTEGER PRIMARY KEY, user TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL,
    read INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX notification_user ON notification (user, id);
  CREATE INDEX notification_unread ON notification (user) WHERE read = 0`);
const insert = database.query(
  "INSERT INTO notification (user, data, created_at) VALUES (?, ?, ?)");
const page = database.query(
  `SELECT id, user AS userId, data, created_at AS createdAt, read FROM notification
   WHERE user = ? ORDER BY id DESC LIMIT ? OFFSET ?`);
const total = database.query("SELECT count(*) AS n FROM notification WHERE user = ?");
const unread = database.query("SELECT count(*) AS n FROM notification WHERE user = ? AND read = 0");

const schema = buildSchema(`
  scalar JSON
  type Notification { id: Int! userId: String! data: JSON! createdAt: String! read: Boolean! }
  type NotificationsResponse { notifications: [Notification]! startIndex: Int! total: Int! }
  input PageParam { startIndex: Int! perPage: Int! }
  type Query {
    getMyNotifications(pageParam: PageParam!): NotificationsResponse!
    getMyUnreadNotificationsCount: Int!
  }`);

const rootValue = {
  getMyNotifications({ pageParam: { startIndex, perPage } }, { user }) {
    const notifications = page.all(user, perPage, startIndex).map((row) => ({
      ...row, data: JSON.parse(row.data), read: row.read === 1,
    }));
    return { notifications, startIndex, total: total.get(user).n };
  },
  getMyUnreadNotificationsCount: (_, { user }) => unread.get(user).n,
};

const answer = createHandler({
  schema,
  rootValue,
  context({ headers }) {
    const user = verify(headers.get("authorization")?.slice("Bearer ".length) ?? "");
    return user ? { user } : [null, { status: 401, statusText: "Unauthorized" }];
  },
});

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/graphql") {
      return answer(request);
    }
    const user = path.slice("/create/".length);
    const { lastInsertRowid } = insert.run(user, await request.text(), new Date().toISOString());
    return new Response(`{"id":${lastInsertRowid}}`);
  },
});

console.log(server.port);
