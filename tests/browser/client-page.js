// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the client share: a server, a browser, and pages with a client in them, which
// are held against the store.

import assert from "node:assert/strict";

import { Pages, Proxy, Server, launch, sleep, waitFor } from "./harness.js";
import { makeRandom } from "./random.js";

export let server;
export let pages;
export let browser;
export let context;
const proxies = [];

export async function startAll() {
  pages = await Pages.start();
  server = await Server.start({
    origins: [pages.origin], options: ["--max-connections-per-user", "50"],
  });
  browser = await launch();
  context = await browser.newContext();
}

export async function closeAll() {
  await browser?.close();
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await server?.close();
  await pages?.close();
}

/**
 * A page with a client in it, as `belfry`. What it has told is in `log` (states), `rung` (ids), `seen`
 * (whose ids were shown) and `registered` (the frames). Its tokens come from
 * `tokens`, the last one again and again. `script`: a function that runs before, and its argument.
 */
export async function openClient(user, { url = server.url, tokens, options = {}, script } = {}) {
  const tab = await context.newPage();
  if (script) {
    await tab.addInitScript(...script);
  }
  tab.faults = [];
  tab.on("pageerror", (error) => tab.faults.push(error.message));
  await tab.goto(pages.blank());
  await tab.evaluate(async (given) => {
    const { Belfry } = await import("/client/belfry.js");
    globalThis.tokens = given.tokens;
    globalThis.asked = 0;
    globalThis.log = [];
    globalThis.rung = [];
    globalThis.seen = [];
    globalThis.registered = [];
    globalThis.belfry = new Belfry({
      url: given.url,
      share: false,
      getToken: () => {
        asked++;
        const token = tokens.length > 1 ? tokens.shift() : tokens[0];
        if (token === null) {
          throw new Error("no token today");
        }
        return token;
      },
      ...given.options,
    });
    belfry.addEventListener("status", () => log.push([belfry.status, belfry.error?.code ?? null]));
    for (const name of ["change", "status"]) {
      belfry.addEventListener(name, () => {
        seen.push([belfry.userId, belfry.notifications.map(({ id }) => id)]);
      });
    }
    belfry.on("registered", (data) => registered.push(data));
    belfry.addEventListener("new", ({ detail }) => rung.push(detail.id));
  }, { url, tokens: tokens ?? [server.token(user)], options });
  return tab;
}

export async function startProxy() {
  const proxy = await Proxy.start(server);
  proxies.push(proxy);
  return proxy;
}

export const loaded = (tab) => tab.waitForFunction(() => belfry.loaded && belfry.status === "connected");

export const view = (tab) => tab.evaluate(() => belfry.notifications.map(({ id, data, read }) =>
  ({ id, data: JSON.stringify(data), read })));

export const statusIs = (tab, status) => tab.waitForFunction((wanted) => belfry.status === wanted, status);

export async function sessions(user) {
  return (await server.call("Sessions.ListSessions", "(a{sv})", { "user-id": ["s", user] }))[1];
}

async function stored(user) {
  const notifications = await server.stored(user);
  return notifications.map(({ id, data, read }) =>
    ({ id, data: JSON.stringify(JSON.parse(data)), read }));
}

/** Until the page shows what the store has. */
export async function agree(tab, user) {
  let seen;
  const wanted = await stored(user);
  try {
    await waitFor(async () => {
      seen = await view(tab);
      return JSON.stringify(seen) === JSON.stringify(wanted);
    }, "the page to show the store");
  } catch {
    assert.deepEqual(seen, wanted);
  }
  const unread = wanted.filter((item) => !item.read).length;
  await tab.waitForFunction((count) => belfry.unreadCount === count, unread);
}

/**
 * Ten clients of one user, whose lines are cut at random while a worker creates, marks, changes and
 * removes. At the end all of them show what the store has, and nothing rang twice.
 */
export async function cutAtRandom({ user, cuts, options }) {
  const seed = Number(process.env.BELFRY_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`# BELFRY_SEED=${seed}`);
  const random = makeRandom(seed);
  const clients = await Promise.all(Array.from({ length: 10 }, async () => {
    const proxy = await startProxy();
    return { proxy, tab: await openClient(user, { url: proxy.url, options }), cuts: 0 };
  }));
  await Promise.all(clients.map(({ tab }) => loaded(tab)));
  let done = false;
  const ids = [];
  const work = async () => {
    while (!done) {
      const some = ids.filter(() => random() < 0.1);
      const what = random();
      if (what < 0.5 || some.length === 0) {
        ids.push(await server.create(user, { n: ids.length }));
      } else if (what < 0.6) {
        await server.call("Notifications.Update", "(sts)", user, some[0], '{"changed":true}')
          .catch(() => {});
      } else {
        const method = what < 0.75 ? "MarkRead" : what < 0.9 ? "MarkUnread" : "Remove";
        await server.call(`Notifications.${method}`, "(sat)", user, some);
      }
    }
  };
  const cut = async (client) => {
    while (client.cuts < cuts / 10) {
      await waitFor(() => client.proxy.open > 0, "a connection");
      await sleep(random() * 80);
      client.proxy.cut();
      client.cuts++;
    }
  };
  const working = work();
  await Promise.all(clients.map(cut));
  done = true;
  await working;
  assert.equal(clients.reduce((sum, client) => sum + client.cuts, 0), cuts);
  for (const { tab } of clients) {
    await statusIs(tab, "connected");
    await agree(tab, user);
    const rung = await tab.evaluate(() => rung);
    assert.equal(new Set(rung).size, rung.length, "nothing rings twice");
    assert.deepEqual(tab.faults, []);
    await tab.close();
  }
}
