// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of tabs that share have in common: a server, and browsers with tabs.

import { launch, Pages, Server, waitFor } from "./harness.js";

export let pages;
export let server;
let browser;
export let context;
let users = 0;

export async function startAll() {
  pages = await Pages.start();
  // Few, so that it is seen when more are there for a moment.
  server = await Server.start({
    origins: [pages.origin], options: ["--max-connections-per-user", "4"],
  });
  browser = await launch();
}

export async function closeAll() {
  await browser?.close();
  await server?.close();
  await pages?.close();
}

/** After each test. */
export async function closeBrowser() {
  await context?.close();
  context = null;
  await waitFor(async () => await server.property("ConnectedClients") === 0, "all lines closed");
}

export const newUser = () => `user-${++users}`;

/** A browser of its own. Without workers, a tab leads. */
export async function openBrowser({ workers = true } = {}) {
  context = await browser.newContext();
  if (!workers) {
    await context.addInitScript(() => delete window.SharedWorker);
  }
  return context;
}

/** A tab with one client; tokens are given one after the other, the last one for good. */
export async function openTab({ page = pages.blank(), ...options }) {
  const tab = await context.newPage();
  tab.faults = [];
  tab.on("pageerror", (error) => tab.faults.push(error.message));
  await tab.goto(page);
  await begin(tab, { url: server.url, ...options });
  return tab;
}

export function begin(tab, options) {
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

export const look = (tab) => tab.evaluate(() => ({
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
export async function waitForIds(tabs, ids, unread = ids.length) {
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
export const hasWorker = (tab) => tab.evaluate(async () => {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name.endsWith(" worker"));
});

export const connections = () => server.property("ConnectedClients");
