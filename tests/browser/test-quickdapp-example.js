// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What docs/quickdapp.md and examples/quickdapp say, done: the worker, the import, the resolvers and
// the frontend's socket. integration/test_quickdapp.py has QuickDapp's own client, unchanged.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { transform } from "esbuild";

import { launch, Pages, root, Server, waitFor } from "./harness.js";
import { Postgres } from "./postgres.js";

const EXAMPLE = join(root, "examples/quickdapp");
const run = promisify(execFile);

let server;
let pages;
let database;
let environment;
let createNotification;
let createNotifications;

before(async () => {
  pages = await Pages.start();
  const options = ["--jwt-user-claim", "userId", "--numeric-user-ids"];
  [server, database] = await Promise.all([
    Server.start({ origins: [pages.origin], options }), Postgres.start(),
  ]);
  Object.assign(process.env, { BELFRY_BUS: server.address, ASAN_OPTIONS: "detect_leaks=0" });
  environment = { ...process.env, DATABASE_URL: database.url };
  ({ createNotification, createNotifications } = await import(join(EXAMPLE, "notify.js")));
});

after(async () => {
  await database?.close();
  await server?.close();
  await pages?.close();
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

/** A page with the frontend's Socket, without what only its types say. */
async function openPage(browser) {
  for (const name of ["messages", "socket"]) {
    const text = await readFile(join(EXAMPLE, `${name}.ts`), "utf8");
    const { code } = await transform(text, { loader: "ts", target: "es2022" });
    pages.add(`/${name}.js`, code.replace('from "./messages"', 'from "./messages.js"'));
  }
  const imports = { belfry: "/client/belfry.js" };
  const tab = await browser.newPage();
  await tab.goto(pages.add("/quickdapp.html", `<!doctype html><title>QuickDapp</title>
    <script type="importmap">${JSON.stringify({ imports })}</script>`));
  return tab;
}

test("the frontend's socket gets what came while the server was away", async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const tab = await openPage(browser);
  await tab.evaluate(async (url) => {
    const { Socket } = await import("/socket.js");
    const { WebSocketMessageType } = await import("/messages.js");
    globalThis.told = [];
    globalThis.socket = new Socket(url);
    const { Registered, NotificationReceived } = WebSocketMessageType;
    socket.subscribe(Registered, ({ data }) => told.push({ registered: data.userId }));
    globalThis.unsubscribe = socket.subscribe(NotificationReceived, ({ data }) => {
      told.push({ id: data.id, userId: data.userId, data: data.data, read: data.read });
    });
  }, server.url);
  assert.equal(await tab.evaluate(() => socket.connected), false);

  const signIn = (userId) =>
    tab.evaluate((token) => socket.setJwtToken(token), server.token("nobody", { userId }));
  await signIn(51);
  await tab.waitForFunction(() => socket.connected);
  const first = await createNotification(51, { type: "first" });
  await tab.waitForFunction((id) => told.at(-1)?.id === id, first);
  await server.stop();
  await tab.waitForFunction(() => !socket.connected);
  await server.start();
  const second = await createNotification(51, { type: "second" });
  await tab.waitForFunction((id) => told.at(-1)?.id === id, second);
  assert.deepEqual(
    (await tab.evaluate(() => told)).filter(({ id }) => id).map(({ id, ...rest }) => rest),
    ["first", "second"].map((type) => ({ userId: 51, data: { type }, read: false })));
  assert.equal(await tab.evaluate(() => socket.unreadCount), 2);

  // Another one signs in, and out.
  await tab.evaluate(() => told.splice(0));
  await signIn(52);
  const third = await createNotification(52, { type: "third" });
  await tab.waitForFunction(() => told.at(-1)?.data?.type === "third");
  assert.equal(await tab.evaluate(() => told.at(-1).id), third);
  await tab.evaluate(() => socket.setJwtToken());
  assert.equal(await tab.evaluate(() => socket.connected), false);
  await waitFor(async () => await server.property("ConnectedClients") === 0, "the end of both");
});

test("the four resolvers ask Belfry with the user's own token", async () => {
  const { createNotificationResolvers } = await import(join(EXAMPLE, "resolvers.js"));
  const { Query, Mutation } = createNotificationResolvers(server.url);
  const contextOf = (userId) =>
    ({ authorization: `Bearer ${server.token("nobody", { userId })}` });
  const mine = contextOf(61);
  const list = (startIndex, perPage, context = mine) =>
    Query.getMyNotifications(null, { pageParam: { startIndex, perPage } }, context);
  const count = (context = mine) => Query.getMyUnreadNotificationsCount(null, {}, context);

  const originalCreatedAt = "2024-02-29T23:59:59.123Z";
  await createNotifications(Array.from({ length: 130 }, (_, n) =>
    ({ userId: 61, data: { type: "n", n, ...(n === 0 && { originalCreatedAt }) } })));
  const first = await list(0, 20);
  assert.deepEqual([first.startIndex, first.total], [0, 130]);
  assert.deepEqual(first.notifications.map(({ data }) => data.n),
    Array.from({ length: 20 }, (_, i) => 129 - i));
  assert.equal(first.notifications[0].userId, 61);
  const last = await list(120, 20);
  assert.deepEqual(last.notifications.map(({ data }) => data.n),
    Array.from({ length: 10 }, (_, i) => 9 - i));
  assert.equal(last.notifications.at(-1).createdAt, originalCreatedAt);
  assert.deepEqual((await list(200, 20)).notifications, []);

  assert.equal(await count(), 130);
  const [, { id }] = first.notifications;
  assert.deepEqual(await Mutation.markNotificationAsRead(null, { id }, mine), { success: true });
  assert.equal(await count(), 129);
  await Mutation.markNotificationAsRead(null, { id: id - 1 }, contextOf(62));
  assert.equal(await count(), 129, "another's token marks nothing of ours");
  await Mutation.markAllNotificationsAsRead(null, {}, mine);
  assert.equal(await count(), 0);
  assert.deepEqual((await list(0, 20, contextOf(62))).notifications, []);
  await assert.rejects(count({ authorization: "Bearer nonsense" }),
    { message: /three parts/, extensions: { code: "UNAUTHORIZED" } });
});

// Code as QuickDapp's components have it, and Belfry's own types against those of the example.
const TYPES = `
  import type { ServerFrames } from "belfry";
  import { type WebSocketData, WebSocketMessageType } from "${EXAMPLE}/messages";
  import { Socket } from "${EXAMPLE}/socket";

  new Socket().subscribe(WebSocketMessageType.NotificationReceived, ({ data }) => {
    const seen: [number, number, string, string, boolean] =
      [data.id, data.userId, data.data.type, data.createdAt, data.read];
    console.log(seen);
  });
  type Told<T extends keyof WebSocketData> = Omit<WebSocketData[T], "userId" | "data">;
  export const told: { [T in keyof WebSocketData]: Told<T> } = {} as ServerFrames;`;

test("the frontend's types are strict, and those that Belfry sends", async () => {
  const path = join(server.folder, "types.ts");
  await writeFile(path, TYPES);
  await writeFile(join(server.folder, "tsconfig.json"), JSON.stringify({
    compilerOptions: {
      strict: true, noEmit: true, target: "es2022", module: "esnext", moduleResolution: "bundler",
      types: [], paths: { belfry: [join(root, "src/browser/client/belfry.d.ts")] },
    },
    files: [path],
  }));
  const tsc = join(root, "tests/browser/node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", server.folder]).catch(({ stdout }) => assert.fail(stdout));
});
