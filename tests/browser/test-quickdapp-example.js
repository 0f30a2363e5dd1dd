// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What docs/quickdapp.md and examples/quickdapp say, done: the worker, the import, the resolvers and
// the frontend's socket. integration/test_quickdapp.py has QuickDapp's own client, unchanged.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { root, Server } from "./harness.js";
import { Postgres } from "./postgres.js";

const EXAMPLE = join(root, "examples/quickdapp");
const run = promisify(execFile);

let server;
let database;
let environment;
let createNotification;
let createNotifications;

before(async () => {
  [server, database] = await Promise.all([
    Server.start({ options: ["--jwt-user-claim", "userId", "--numeric-user-ids"] }),
    Postgres.start(),
  ]);
  Object.assign(process.env, { BELFRY_BUS: server.address, ASAN_OPTIONS: "detect_leaks=0" });
  environment = { ...process.env, DATABASE_URL: database.url };
  ({ createNotification, createNotifications } = await import(join(EXAMPLE, "notify.js")));
});

after(async () => {
  await database?.close();
  await server?.close();
});

const dataOf = (notifications) => notifications.map((n) => JSON.parse(n.data));

test("a job notifies once, however often it runs", async () => {
  for (let i = 0; i < 2; i++) {
    await run(process.execPath, [join(EXAMPLE, "worker.js"), "7", "1234"], { env: environment });
  }
  assert.deepEqual(dataOf(await server.stored("7")), [
    { type: "order_shipped", message: "Order 1234 has been shipped", orderId: "1234" },
  ]);
});

test("a notification has an id, and what the options ask for", async () => {
  const first = await createNotification(8, { type: "a" }, { tag: "progress" });
  const second = await createNotification(8, { type: "b", emoji: "🛎" }, { tag: "progress", expires: "2h" });
  const [only, ...none] = await server.stored("8");
  assert.ok(second > first);
  assert.equal(only.id, second);
  assert.deepEqual(none, []);
  assert.deepEqual(JSON.parse(only.data), { type: "b", emoji: "🛎" });
  assert.ok(only["expires-at"] > 0);
});

test("many are created with one program", async () => {
  const list = Array.from({ length: 1200 }, (_, n) => ({ userId: 9, data: { type: "n", n } }));
  assert.equal(await createNotifications(list), 1200);
  const stored = dataOf(await server.stored("9")).reverse();
  assert.deepEqual(stored.slice(0, 1000).map(({ n }) => n), list.slice(200).map(({ data }) => data.n));
});

test("what Belfry refuses fails the job, and says why", async () => {
  await assert.rejects(createNotification(8, ["no object"]), /InvalidArgs/);
  await assert.rejects(createNotification(8, { text: "x".repeat(70_000) }), /TooLarge/);
});

test("QuickDapp's rows are imported once, in order, with what was read", async () => {
  // The table as QuickDapp's migrations make it.
  database.run(`
    CREATE TABLE notifications (
      id serial PRIMARY KEY,
      user_id integer NOT NULL,
      data json NOT NULL,
      read boolean DEFAULT false NOT NULL,
      created_at timestamp DEFAULT now() NOT NULL,
      updated_at timestamp DEFAULT now() NOT NULL
    );
    INSERT INTO notifications (user_id, data, read, created_at) VALUES
      (41, '{"type": "a", "message": "It''s \\"done\\" – 完了"}', true, '2024-02-29 23:59:59.1239'),
      (42, E'{\\n  "type": "b",\\n  "title": "Its own"\\n}', false, '2025-01-01 00:00:00');
    INSERT INTO notifications (user_id, data) SELECT 41, json_build_object('type', 'n', 'n', n)
      FROM generate_series(1, 2500) n;`);
  const importAll = () => run(join(EXAMPLE, "import-notifications.sh"), { env: environment });

  await importAll();
  const [, total] = await server.call(
    "Notifications.List", "(sa{sv})", "41", { limit: ["u", 1] });
  assert.equal(total, 2501);
  const newest = dataOf(await server.stored("41"));
  assert.deepEqual(newest.map(({ n }) => n), Array.from({ length: 1000 }, (_, i) => 2500 - i));
  const [oldest] = await olderThan("41", 1);
  assert.deepEqual(JSON.parse(oldest.data), {
    title: "It's \"done\" – 完了", type: "a", message: "It's \"done\" – 完了",
    originalCreatedAt: "2024-02-29T23:59:59.123Z",
  });
  assert.equal(oldest.read, true);
  const [other] = await server.stored("42");
  assert.deepEqual(JSON.parse(other.data),
    { type: "b", title: "Its own", originalCreatedAt: "2025-01-01T00:00:00.000Z" });
  assert.equal(other.read, false);

  // While Belfry is made ready, QuickDapp goes on: the same again brings what came since.
  database.run(`
    INSERT INTO notifications (user_id, data) VALUES (42, '{"type": "late"}');
    UPDATE notifications SET read = true WHERE user_id = 42 AND data->>'type' = 'b';`);
  await importAll();
  const again = await server.stored("42");
  assert.deepEqual(dataOf(again).map(({ type }) => type), ["late", "b"]);
  assert.deepEqual(again.map(({ read }) => read), [false, true]);
});

/** The n oldest. */
async function olderThan(user, n) {
  const all = [];
  for (;;) {
    const query = { limit: ["u", 1000], ...(all.length && { before: ["t", all.at(-1).id] }) };
    const [page] = await server.call("Notifications.List", "(sa{sv})", user, query);
    if (!page.length) {
      return all.slice(-n);
    }
    all.push(...page);
  }
}
