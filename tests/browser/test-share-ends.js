// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tabs that share where one of them goes, where others come, and where not everything can be had.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Proxy, waitFor } from "./harness.js";
import {
  begin, closeAll, closeBrowser, connections, context, hasWorker, look, newUser, openBrowser,
  openTab, pages, server, startAll, waitForIds,
} from "./share-page.js";

before(startAll);
after(closeAll);
afterEach(closeBrowser);

async function crash(tab) {
  const crashed = tab.waitForEvent("crash");
  const session = await context.newCDPSession(tab);
  session.send("Page.crash").catch(() => {});
  await crashed;
}

for (const [name, end] of [["closed", (tab) => tab.close()], ["crashed", crash]]) {
  for (const workers of [true, false]) {
    test(`the tab that came first is ${name} ${workers ? "with" : "without"} workers, and nothing is lost`, async () => {
      const user = newUser();
      await openBrowser({ workers });
      const token = server.token(user);
      const first = await openTab({ tokens: [token] });
      await waitForIds([first], []);
      const others = [await openTab({ tokens: [token] }), await openTab({ tokens: [token] })];
      await waitForIds(others, []);
      const ids = [await server.create(user)];
      await waitForIds([first, ...others], ids);
      const creating = (async () => {
        for (let i = 0; i < 20; i++) {
          ids.unshift(await server.create(user));
        }
      })();
      await end(first);
      const marked = others[0].evaluate((id) => belfry.markRead(id), ids.at(-1));
      await creating;
      await marked;
      await waitForIds(others, ids, 20);
      for (const tab of others) {
        assert.deepEqual((await look(tab)).rung, [...ids].reverse());
      }
      assert.equal(await connections(), 1);
    });
  }
}

test("a tab that comes late to the one that leads rings for what it missed", async () => {
  const user = newUser();
  await openBrowser({ workers: false });
  const token = server.token(user);
  const first = await openTab({ tokens: [token] });
  await waitForIds([first], []);
  const next = await openTab({ tokens: [token] });
  await waitForIds([next], []);
  const late = await openTab({ tokens: [token] });
  await waitForIds([late], []);
  const wake = await pages.hold(late);
  await first.close();
  const id = await server.create(user);
  await waitForIds([next], [id]);
  wake();
  await waitForIds([late], [id]);
  for (const tab of [next, late]) {
    assert.deepEqual((await look(tab)).rung, [id]);
  }
});

test("a tab that leads now, with another user's token, shows nothing of the one before", async () => {
  const [one, two] = [newUser(), newUser()];
  await openBrowser({ workers: false });
  const token = server.token(one);
  const mine = await server.create(one);
  const theirs = await server.create(two);
  const first = await openTab({ tokens: [token] });
  await waitForIds([first], [mine]);
  const next = await openTab({ tokens: [token, server.token(two)] });
  await waitForIds([next], [mine]);
  await first.close();
  await waitForIds([next], [theirs]);
  const { mixed, rung, seen } = await look(next);
  assert.deepEqual({ mixed, rung, seen }, { mixed: [], rung: [], seen: [one, two] });
});

test("asks for a token again as soon as there is a network", async () => {
  const user = newUser();
  await openBrowser({ workers: false });
  // No delay would be over within this test.
  await context.addInitScript(() => {
    Math.random = () => 1000;
  });
  const tab = await openTab({ tokens: [null, server.token(user)] });
  await waitFor(async () => (await look(tab)).error === "NO_TOKEN", "that there is no token");
  assert.equal(await tab.evaluate(() => belfry.request("ping").catch(({ code }) => code)),
    "CONNECTION_LOST");
  await tab.evaluate(() => dispatchEvent(new Event("online")));
  await waitForIds([tab], []);
});

test("what the tab that led did not answer is asked of the next one", async () => {
  const user = newUser();
  await openBrowser({ workers: false });
  const token = server.token(user);
  const first = await openTab({ tokens: [token] });
  const id = await server.create(user);
  await waitForIds([first], [id]);
  const next = await openTab({ tokens: [token] });
  await waitForIds([next], [id]);
  await pages.hold(first);
  await next.evaluate((one) => {
    window.marked = belfry.markRead(one);
    window.code = belfry.request("ping").catch((error) => error.code);
  }, id);
  await first.close();
  assert.deepEqual(await next.evaluate(() => Promise.all([marked, code])), [1, "CONNECTION_LOST"]);
  await waitForIds([next], [id], 0);
});

test("fifty tabs of one user have one connection", async () => {
  const user = newUser();
  await openBrowser();
  const frame = new URL(pages.blank()).pathname;
  const page = pages.add("/many.html",
    `<!doctype html>${`<iframe src="${frame}"></iframe>`.repeat(25)}`);
  const [one, two] = await Promise.all([1, 2].map(async () => {
    const tab = await context.newPage();
    await tab.goto(page);
    return tab;
  }));
  const tabs = [...one.frames().slice(1), ...two.frames().slice(1)];
  assert.equal(tabs.length, 50);
  const url = server.url;
  // Each token is that of two.
  await Promise.all(tabs.map((tab, i) =>
    begin(tab, { url, tokens: [server.token(user, { jti: String(i % 25) })] })));
  await waitForIds(tabs, []);
  await waitFor(async () => await connections() === 1, "one connection");
  const ids = [await server.create(user)];
  await waitForIds(tabs, ids);
  assert.equal(await connections(), 1);
  await tabs[49].evaluate(() => belfry.markAllRead());
  await waitForIds(tabs, ids, 0);
  for (const tab of tabs) {
    const { rung, errors } = await look(tab);
    assert.deepEqual({ rung, errors }, { rung: ids, errors: [] });
  }
});

test("what was asked before it was known whose line it goes over is done", async () => {
  const user = newUser();
  await openBrowser();
  const proxy = await Proxy.start(server);
  try {
    const id = await server.create(user);
    const first = await openTab({ tokens: [server.token(user)], url: proxy.url });
    await waitForIds([first], [id]);
    proxy.down = true;
    const second = await openTab({
      tokens: [server.token(user, { jti: "2" })], url: proxy.url,
    });
    await waitFor(async () => (await look(second)).status === "offline", "that it is offline");
    await second.evaluate((one) => {
      window.marked = belfry.markRead(one);
    }, id);
    const code = await second.evaluate(() => belfry.request("ping").catch((error) => error.code));
    assert.equal(code, "CONNECTION_LOST");
    proxy.down = false;
    assert.equal(await second.evaluate(() => marked), 1);
    await waitForIds([first, second], [id], 0);
    await waitFor(async () => await connections() === 1, "one connection");
  } finally {
    await proxy.close();
  }
});

test("shares where a policy forbids workers", async () => {
  const user = newUser();
  await openBrowser();
  const token = server.token(user);
  const page = pages.blank({
    path: "/strict.html",
    csp: `default-src 'none'; script-src 'self'; worker-src 'none'; connect-src ${server.url} ws:`,
  });
  const tabs = [await openTab({ tokens: [token], page }), await openTab({ tokens: [token], page })];
  const ids = [await server.create(user)];
  await waitForIds(tabs, ids);
  assert.equal(await connections(), 1);
  assert.equal(await hasWorker(tabs[0]), false);
});

test("shares where the modules are the server's, and the page is not", async () => {
  const user = newUser();
  await openBrowser();
  const token = server.token(user);
  const module = `${server.url}client/belfry.js`;
  const tabs = [];
  for (let i = 0; i < 2; i++) {
    tabs.push(await openTab({ tokens: [token], module, url: undefined }));
  }
  const ids = [await server.create(user)];
  await waitForIds(tabs, ids);
  assert.equal(await connections(), 1);
  assert.equal(await hasWorker(tabs[0]), false);
});

test("without sharing each tab has its own connection, and all are right after a restart", async () => {
  const user = newUser();
  await openBrowser();
  const token = server.token(user);
  const tabs = [];
  for (let i = 0; i < 3; i++) {
    tabs.push(await openTab({ tokens: [token], share: false }));
  }
  await waitForIds(tabs, []);
  const ids = [await server.create(user)];
  await waitForIds(tabs, ids);
  assert.equal(await connections(), 3);
  await server.kill();
  await server.start();
  ids.unshift(await server.create(user));
  await waitForIds(tabs, ids);
  for (const tab of tabs) {
    assert.deepEqual((await look(tab)).rung, [...ids].reverse());
  }
});
