// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// All tabs of one origin on one connection: in a SharedWorker, and where there is none in the tab
// that leads.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Proxy, waitFor } from "./harness.js";
import {
  closeAll, closeBrowser, connections, hasWorker, look, newUser, openBrowser, openTab, pages,
  server, startAll, waitForIds,
} from "./share-page.js";

before(startAll);
after(closeAll);
afterEach(closeBrowser);

for (const workers of [true, false]) {
  const how = workers ? "in a worker" : "in the tab that leads";

  test(`three tabs share one connection ${how}, and a restart loses and doubles nothing`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tabs = [];
    for (let i = 0; i < 3; i++) {
      tabs.push(await openTab({ tokens: [token] }));
    }
    await waitForIds(tabs, []);
    const ids = [await server.create(user, { n: 1 })];
    await waitForIds(tabs, ids);
    assert.equal(await connections(), 1);
    assert.equal(await hasWorker(tabs[0]), workers);
    await server.kill();
    await server.start();
    ids.unshift(await server.create(user, { n: 2 }));
    await waitForIds(tabs, ids);
    await server.stop();
    await server.start();
    ids.unshift(await server.create(user, { n: 3 }));
    await waitForIds(tabs, ids);
    await tabs[1].evaluate((id) => belfry.markRead(id), ids[1]);
    await waitForIds(tabs, ids, 2);
    for (const tab of tabs) {
      assert.deepEqual((await look(tab)).rung, [...ids].reverse());
      assert.deepEqual(tab.faults, []);
    }
    assert.equal(await connections(), 1);
  });

  test(`tabs with tokens of their own share, too, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const id = await server.create(user);
    const tabs = await Promise.all([1, 2, 3, 4].map((n) =>
      openTab({ tokens: [server.token(user, { jti: String(n) })] })));
    await waitForIds(tabs, [id]);
    await waitFor(async () => await connections() === 1, "one connection");
    for (const tab of tabs) {
      assert.deepEqual(await tab.evaluate(() => first), {});
    }
  });

  test(`two users in one browser are not mixed ${how}`, async () => {
    const [one, two] = [newUser(), newUser()];
    await openBrowser({ workers });
    const tabs = [
      await openTab({ tokens: [server.token(one)] }),
      await openTab({ tokens: [server.token(two)] }),
    ];
    const first = await server.create(one);
    const second = await server.create(two);
    await waitForIds([tabs[0]], [first]);
    await waitForIds([tabs[1]], [second]);
    assert.deepEqual((await look(tabs[0])).seen, [one]);
    assert.deepEqual((await look(tabs[1])).seen, [two]);
    assert.equal(await connections(), 2);
    // Who goes takes nothing along but the own line.
    await tabs[0].close();
    await waitFor(async () => await connections() === 1, "the end of one line");
    const third = await server.create(two);
    await waitForIds([tabs[1]], [third, second]);
  });

  test(`a forged token sees nothing, and disturbs nobody, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tab = await openTab({ tokens: [token] });
    const id = await server.create(user);
    await waitForIds([tab], [id]);
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(43)}`;
    const thief = await openTab({ tokens: [forged] });
    await waitFor(async () => (await look(thief)).status === "stopped", "that it is refused");
    const { ids, error, userId } = await look(thief);
    assert.deepEqual({ ids, error, userId }, { ids: [], error: "INVALID_TOKEN", userId: null });
    await waitForIds([tab], [id]);
  });

  test(`a tab whose token is another user's from now on leaves the others alone, ${how}`, async () => {
    const [one, two] = [newUser(), newUser()];
    await openBrowser({ workers });
    const common = server.token(one);
    const stays = await openTab({ tokens: [common, server.token(one, { jti: "2" })] });
    const first = await server.create(one);
    await waitForIds([stays], [first]);
    const goes = await openTab({ tokens: [common, server.token(two)] });
    await waitForIds([goes], [first]);
    // For the next connection a token is wanted; the tab that came last is asked first.
    await server.kill();
    await server.start();
    const second = await server.create(two);
    await waitForIds([goes], [second]);
    await waitForIds([stays], [first]);
    assert.deepEqual((await look(stays)).seen, [one]);
    for (const tab of [stays, goes]) {
      assert.deepEqual((await look(tab)).mixed, []);
    }
  });

  test(`a token that ran out gives nobody another user's inbox, ${how}`, async () => {
    const [one, two] = [newUser(), newUser()];
    await openBrowser({ workers });
    const old = server.token(one, { expiresIn: -10 });
    const id = await server.create(two);
    const proxy = await Proxy.start(server);
    try {
      proxy.down = true;
      const options = { url: proxy.url };
      const first = await openTab({ tokens: [old, server.token(two)], ...options });
      const together = await openTab({ tokens: [old], ...options });
      proxy.down = false;
      await waitForIds([first], [id]);
      const isRefused = (tab) => waitFor(async () => {
        const { ids, status, error, userId, seen } = await look(tab);
        assert.deepEqual({ ids, seen }, { ids: [], seen: [] });
        return status === "stopped" && error === "TOKEN_EXPIRED" && userId === null;
      }, "that it is refused");
      await isRefused(together);
      await isRefused(await openTab({ tokens: [old], ...options }));
      await waitForIds([first], [id]);
    } finally {
      await proxy.close();
    }
  });

  test(`a token is asked of a tab that lives ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tabs = [await openTab({ tokens: [token] }), await openTab({ tokens: [token] })];
    await waitForIds(tabs, []);
    await tabs[1].close();
    await server.kill();
    await server.start();
    await waitFor(async () => (await look(tabs[0])).asked >= 2, "that the first tab is asked");
    const id = await server.create(user);
    await waitForIds([tabs[0]], [id]);
  });

  test(`a token is asked of another tab where one is frozen ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tabs = [await openTab({ tokens: [token] }), await openTab({ tokens: [token] })];
    await waitForIds(tabs, []);
    // It came last, so it is asked first, and says nothing.
    const wake = await pages.hold(tabs[1]);
    await server.kill();
    await server.start();
    await waitFor(async () => (await look(tabs[0])).asked >= 2, "that the first tab is asked");
    const id = await server.create(user);
    await waitForIds([tabs[0]], [id]);
    wake();
    await waitForIds(tabs, [id]);
  });

  test(`a tab that comes while another one owes a token gives its own, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    // As one does that is frozen.
    const silent = await openTab({ tokens: [server.token(user), "never"] });
    await waitForIds([silent], []);
    await server.kill();
    await server.start();
    await waitFor(async () => (await look(silent)).asked === 2, "that the first tab is asked");
    const tab = await openTab({ tokens: [server.token(user, { jti: "2" })] });
    const id = await server.create(user);
    await waitForIds([silent, tab], [id]);
  });

  test(`of two tabs the one with a fresh token keeps the line, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const short = server.token(user, { expiresIn: 5 });
    const tabs = [
      await openTab({ tokens: [short, server.token(user)] }),
      await openTab({ tokens: [short] }),
    ];
    await waitFor(async () => (await look(tabs[0])).asked >= 2, "that the first tab is asked");
    const id = await server.create(user);
    await waitForIds([tabs[0]], [id]);
  });

  test(`the line is closed with the last tab ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tabs = [await openTab({ tokens: [token] }), await openTab({ tokens: [token] })];
    await waitForIds(tabs, []);
    await tabs[0].evaluate(() => belfry.stop());
    await tabs[1].evaluate(() => belfry.request("ping"));
    assert.equal(await connections(), 1);
    await tabs[1].evaluate(() => belfry.stop());
    await waitFor(async () => await connections() === 0, "the end of the line");
    await tabs[0].evaluate(() => belfry.start());
    await waitForIds([tabs[0]], []);
  });

  test(`a page in the back/forward cache holds nothing, and goes on when it is shown again, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const tab = await openTab({ tokens: [server.token(user)] });
    await waitForIds([tab], []);
    const turn = (type) => tab.evaluate((name) =>
      dispatchEvent(new PageTransitionEvent(name, { persisted: true })), type);
    await turn("pagehide");
    await waitFor(async () => await connections() === 0, "the end of the line");
    await waitFor(() => tab.evaluate(async () =>
      !(await navigator.locks.query()).held.some(({ name }) => name.includes("face"))), "no lock");
    const ids = [await server.create(user)];
    await turn("pageshow");
    await waitForIds([tab], ids);
    assert.deepEqual((await look(tab)).rung, ids);
  });

  test(`a frozen tab holds up nobody, and is right when it wakes, ${how}`, async () => {
    const user = newUser();
    await openBrowser({ workers });
    const token = server.token(user);
    const tabs = [];
    for (let i = 0; i < 3; i++) {
      tabs.push(await openTab({ tokens: [token] }));
    }
    await waitForIds(tabs, []);
    // The first one leads, where there is no worker. Chromium without a window freezes nothing.
    await tabs[0].evaluate(() => document.dispatchEvent(new Event("freeze")));
    const wake = await pages.hold(tabs[0]);
    const ids = [await server.create(user)];
    await waitForIds(tabs.slice(1), ids);
    ids.unshift(await server.create(user));
    await waitForIds(tabs.slice(1), ids);
    wake();
    await tabs[0].evaluate(() => document.dispatchEvent(new Event("resume")));
    await waitForIds(tabs, ids);
    assert.deepEqual((await look(tabs[0])).rung, [...ids].reverse());
  });
}
