// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is kept in IndexedDB: it is there before the line is, it is nobody else's, and its position
// never lies ahead of its notifications.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { launch, Pages, Server, waitFor } from "./harness.js";

let pages;
let server;
let browser;
let context;
let users = 0;
let user;

before(async () => {
  pages = await Pages.start();
  server = await Server.start({ origins: [pages.origin] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await pages?.close();
});

beforeEach(async () => {
  context = await browser.newContext();
  user = `user-${++users}`;
});

afterEach(async () => {
  await context.close();
  if (!server.process) {
    await server.start();
  }
});

async function openTab({ token = server.token(user), ...options } = {}) {
  const tab = await context.newPage();
  await tab.goto(pages.blank());
  await tab.evaluate(async ({ token: given, ...rest }) => {
    const { Belfry } = await import("/client/belfry.js");
    window.Belfry = Belfry;
    window.rung = [];
    window.recovered = [];
    window.errors = [];
    window.belfry = new Belfry({ persist: true, getToken: () => given, ...rest });
    belfry.addEventListener("new", ({ detail }) => rung.push(detail.id));
    belfry.addEventListener("status", () => belfry.error && errors.push(belfry.error.code));
    belfry.on("registered", (data) => recovered.push(data.recovered));
  }, { token, url: server.url, ...options });
  return tab;
}

const look = (tab) => tab.evaluate(() => ({
  status: belfry.status, userId: belfry.userId, loaded: belfry.loaded, unread: belfry.unreadCount,
  ids: belfry.notifications.map(({ id }) => id), rung, recovered,
}));

async function waitForIds(tab, ids, unread = ids.length) {
  await waitFor(async () => {
    const state = await look(tab);
    return state.loaded && state.unread === unread
      && JSON.stringify(state.ids) === JSON.stringify(ids);
  }, `${ids} in the tab`);
}

/** What is kept, read beside the client. */
const readRecords = (tab) => tab.evaluate(() => new Promise((resolve, reject) => {
  const request = indexedDB.open("belfry");
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const database = request.result;
    if (!database.objectStoreNames.contains("inboxes")) {
      database.close();
      resolve([]);
      return;
    }
    const all = database.transaction("inboxes").objectStore("inboxes").getAll();
    all.onsuccess = () => {
      database.close();
      resolve(all.result);
    };
  };
}));

async function waitUntilKept(tab, ids) {
  await waitFor(async () => {
    const records = await readRecords(tab);
    return records.some((record) => record.user === user
      && JSON.stringify(record.items.map(({ id }) => id)) === JSON.stringify(ids));
  }, `${ids} in IndexedDB`);
}

for (const share of [true, false]) {
  test(`shows the inbox without the server, and goes on where it was, ${share ? "shared" : "alone"}`, async () => {
    let tab = await openTab({ share });
    await waitForIds(tab, []);
    const ids = [];
    for (let i = 0; i < 3; i++) {
      ids.unshift(await server.create(user, { i }));
    }
    await waitForIds(tab, ids);
    await tab.evaluate((id) => belfry.markRead(id), ids[0]);
    await waitForIds(tab, ids, 2);
    await waitUntilKept(tab, ids);
    await waitFor(async () => (await readRecords(tab))[0].unreadCount === 2, "the count");
    await tab.close();
    await server.kill();

    tab = await openTab({ share });
    await waitForIds(tab, ids, 2);
    const { status, userId, rung, recovered } = await look(tab);
    assert.notEqual(status, "connected");
    assert.deepEqual({ userId, rung, recovered }, { userId: user, rung: [], recovered: [] });

    await server.start();
    await server.call("Notifications.Remove", "(sat)", user, [ids.pop()]);
    const fresh = await server.create(user);
    await waitForIds(tab, [fresh, ...ids], 2);
    assert.deepEqual((await look(tab)).rung, [fresh]);
    assert.deepEqual((await look(tab)).recovered, [true]);
  });
}

test("shows nobody what was another user's", async () => {
  // The organisation has the user's name by chance.
  let tab = await openTab({ token: server.token(user, { org: user }) });
  const id = await server.create(user);
  await waitForIds(tab, [id]);
  await waitUntilKept(tab, [id]);
  await tab.close();
  await server.kill();
  tab = await openTab({ token: server.token(`${user}-too`) });
  await waitFor(async () => (await look(tab)).status === "offline", "that it is offline");
  const { ids, loaded, userId } = await look(tab);
  assert.deepEqual({ ids, loaded, userId }, { ids: [], loaded: false, userId: null });
  const other = await openTab({ token: server.token(`${user}-too`, { org: user }), share: false });
  await waitFor(async () => (await look(other)).status === "offline", "that it is offline");
  assert.deepEqual((await look(other)).ids, []);
});

test("keeps nothing unless it is asked to", async () => {
  const tab = await openTab({ persist: false });
  const id = await server.create(user);
  await waitForIds(tab, [id]);
  await tab.evaluate(() => belfry.markAllRead());
  // What another one keeps afterwards is there, and nothing else.
  const other = await openTab({ token: server.token(`${user}-too`), share: false });
  await waitFor(async () => (await readRecords(other)).length > 0, "a record");
  assert.deepEqual((await readRecords(other)).map((record) => record.user), [`${user}-too`]);
});

test("forgets what it has kept", async () => {
  const tab = await openTab();
  const id = await server.create(user);
  await waitForIds(tab, [id]);
  await waitUntilKept(tab, [id]);
  await tab.evaluate(async (url) => {
    belfry.stop();
    await Belfry.forget({ url });
  }, server.url);
  assert.deepEqual(await readRecords(tab), []);
});

test("does without IndexedDB where it is forbidden", async () => {
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("no", "SecurityError");
    };
  });
  const tab = await openTab({ share: false });
  const id = await server.create(user);
  await waitForIds(tab, [id]);
  assert.deepEqual(await tab.evaluate(() => errors), []);
});

test("does without IndexedDB where it never answers", async () => {
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => ({});
    // Nobody waits for long here.
    const native = setTimeout;
    window.setTimeout = (action, delay) => native(action, delay / 20);
  });
  const tab = await openTab({ share: false });
  const id = await server.create(user);
  await waitForIds(tab, [id]);
});

test("keeps a position that is never ahead of what it keeps, though tabs crash", async () => {
  const created = [];
  let isOver = false;
  let tab = await openTab({ share: false });
  await waitForIds(tab, []);
  const creating = (async () => {
    while (!isOver) {
      created.unshift(await server.create(user));
    }
  })();
  for (let i = 0; i < 3; i++) {
    await waitFor(async () => (await readRecords(tab)).length > 0, "a record");
    const crashed = tab.waitForEvent("crash");
    const session = await context.newCDPSession(tab);
    session.send("Page.crash").catch(() => {});
    await crashed;
    await tab.close();
    tab = await openTab({ share: false });
    const [{ position, items, hasOlder }] = await readRecords(tab);
    const kept = items.map(({ id }) => id);
    const expected = created.filter((id) => id <= position);
    assert.deepEqual(kept, hasOlder ? expected.slice(0, kept.length) : expected);
  }
  isOver = true;
  await creating;
  await waitFor(async () => {
    const { ids } = await look(tab);
    return ids.length > 0 && ids.every((id, i) => id === created[i]) && ids[0] === created[0];
  }, "all that was created");
});
