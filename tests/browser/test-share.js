// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// All tabs of one origin on one connection: in a SharedWorker, and where there is none in the tab
// that leads.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { launch, Pages, Proxy, Server, waitFor } from "./harness.js";

let pages;
let server;
let browser;
let context;
let users = 0;

before(async () => {
  pages = await Pages.start();
  // Few, so that it is seen when more are there for a moment.
  server = await Server.start({
    origins: [pages.origin], options: ["--max-connections-per-user", "4"],
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await pages?.close();
});

afterEach(async () => {
  await context?.close();
  context = null;
  await waitFor(async () => await server.property("ConnectedClients") === 0, "all lines closed");
});

const newUser = () => `user-${++users}`;

/** A browser of its own. Without workers, a tab leads. */
async function openBrowser({ workers = true } = {}) {
  context = await browser.newContext();
  if (!workers) {
    await context.addInitScript(() => delete window.SharedWorker);
  }
  return context;
}

/** A tab with one client; tokens are given one after the other, the last one for good. */
async function openTab({ page = pages.blank(), ...options }) {
  const tab = await context.newPage();
  tab.faults = [];
  tab.on("pageerror", (error) => tab.faults.push(error.message));
  await tab.goto(page);
  await begin(tab, { url: server.url, ...options });
  return tab;
}

function begin(tab, options) {
  return tab.evaluate(async ({ tokens, module = "/client/belfry.js", ...given }) => {
    const { Belfry } = await import(module);
    window.asked = 0;
    window.rung = [];
    window.seenUsers = new Set();
    window.errors = [];
    window.belfry = new Belfry({
      ...given,
      getToken() {
        window.asked++;
        const token = tokens.length > 1 ? tokens.shift() : tokens[0];
        if (token === null) {
          throw new Error("no token today");
        }
        return token === "never" ? new Promise(() => {}) : token;
      },
    });
    // It is asked before it is known whose line it goes over.
    window.first = belfry.request("ping");
    first.catch(() => {});
    belfry.addEventListener("new", ({ detail }) => rung.push(detail.id));
    belfry.addEventListener("status", () => belfry.error && errors.push(belfry.error.code));
    window.mixed = [];
    for (const name of ["change", "status"]) {
      belfry.addEventListener(name, () => {
        for (const { userId } of belfry.notifications) {
          seenUsers.add(userId);
          if (userId !== belfry.userId) {
            mixed.push([belfry.userId, userId]);
          }
        }
      });
    }
  }, options);
}

const look = (tab) => tab.evaluate(() => ({
  status: belfry.status,
  userId: belfry.userId,
  error: belfry.error?.code ?? null,
  loaded: belfry.loaded,
  unread: belfry.unreadCount,
  ids: belfry.notifications.map(({ id }) => id),
  rung,
  errors,
  asked,
  seen: [...seenUsers],
  mixed,
}));

/** Until each tab is connected and shows these ids. */
async function waitForIds(tabs, ids, unread = ids.length) {
  for (const tab of tabs) {
    let state;
    await waitFor(async () => {
      state = await look(tab);
      return state.status === "connected" && state.loaded && state.unread === unread
        && JSON.stringify(state.ids) === JSON.stringify(ids);
    }, "the same inbox in all tabs").catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(state)}, not ${JSON.stringify(ids)}`);
    });
  }
}

/** Whether there is a worker that holds the hub. */
const hasWorker = (tab) => tab.evaluate(async () => {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name.endsWith(" worker"));
});

const connections = () => server.property("ConnectedClients");

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
