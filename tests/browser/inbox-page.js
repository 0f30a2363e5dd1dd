// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// A page with <belfry-inbox> over a client that is none, under a strict Content-Security-Policy.

import { readFile } from "node:fs/promises";

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";

const STYLE = `
:root { color-scheme: light dark; font-family: "Inter", "Cantarell", system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f4f4f6, #18181b); color: light-dark(#1d1d20, #f3f3f5); }
header { display: flex; justify-content: flex-end; padding: 6px 20px; background: light-dark(#ffffff, #26262a); }
main:not(.both) { max-width: 40rem; margin: 16px auto; padding: 0 16px; }
.both { display: flex; }
.both > * { flex: 1; padding: 12px 24px 24px; background: light-dark(#f4f4f6, #18181b); color: light-dark(#1d1d20, #f3f3f5); }
.both > * > :first-child { display: block; width: fit-content; margin: 0 0 8px auto; }
.light { color-scheme: light; }
.dark { color-scheme: dark; }
`;

function drawIcon(colour, letters) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36">
<rect width="36" height="36" fill="${colour}"/><text x="18" y="23.5" font-family="sans-serif"
font-weight="700" font-size="15" fill="#ffffff" text-anchor="middle">${letters}</text></svg>`;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Those that people get: [age, read, data]. */
const english = [
  [3 * MINUTE, false, {
    title: "Mara Okafor asked for your review", icon: "/icons/mo.svg", url: "/reviews/1",
    body: "“Resume without gaps after a restart”: 14 files changed",
    actions: [{ label: "Review", url: "/reviews/1" }, { label: "Later", id: "later" }],
  }],
  [18 * MINUTE, false, {
    title: "Your export is ready", body: "ledger-2026-11.csv, 4.2 MB. The link works for seven days.",
    url: "/exports/7", icon: "/icons/ex.svg", actions: [{ label: "Download", url: "/exports/7" }],
  }],
  [64 * MINUTE, true, {
    title: "Nightly build failed on main", body: "tests/browser: 2 of 118 failed",
    icon: "/icons/ci.svg", url: "/builds/311",
  }],
  [DAY + 10 * MINUTE, true, {
    title: "Jun Kitagawa mentioned you", icon: "/icons/jk.svg", url: "/messages/5",
    body: "Could you look at the retention numbers before Thursday?",
  }],
  [4 * DAY, true, { title: "New sign-in from Firefox on Fedora", body: "Was it not you? Change your password." }],
  [40 * DAY, true, { title: "Welcome to Belfry" }],
];

const arabic = [
  [3 * MINUTE, false, {
    title: "طلبت مارا مراجعتك", body: "«الاستئناف بلا فجوات بعد إعادة التشغيل»: تغيّر ١٤ ملفًا",
    icon: "/icons/mo.svg", url: "/reviews/1",
    actions: [{ label: "مراجعة", url: "/reviews/1" }, { label: "لاحقًا", id: "later" }],
  }],
  [18 * MINUTE, false, { title: "ملف التصدير جاهز", body: "ledger-2026-11.csv", url: "/exports/7" }],
  [64 * MINUTE, true, {
    title: "Nightly build failed on main", body: "tests/browser: 2 of 118 failed",
    icon: "/icons/ci.svg", url: "/builds/311",
  }],
  [DAY + 10 * MINUTE, true, {
    title: "ذكرك جون كيتاغاوا", body: "هل يمكنك الاطلاع على الأرقام قبل يوم الخميس؟",
    icon: "/icons/jk.svg", url: "/messages/5",
  }],
];

export function makeNotifications(entries, now = Date.now()) {
  return entries.map(([age, read, data], i) => ({
    id: 1000 - i, userId: "alice", data, createdAt: new Date(now - age).toISOString(), read,
  }));
}

export const samples = (language) => makeNotifications(language === "ar" ? arabic : english);

/** What the pages of a test need besides src/browser. */
export async function addInboxPages(pages) {
  pages.add("/fake-belfry.js", await readFile(new URL("fake-belfry.js", import.meta.url), "utf8"));
  pages.add("/inbox-page.css", STYLE);
  for (const [name, colour] of [["mo", "#2f855a"], ["ex", "#2b6cb0"], ["ci", "#c05621"], ["jk", "#6b46c1"]]) {
    pages.add(`/icons/${name}.svg`, drawIcon(colour, name.toUpperCase()));
  }
  const body = (html) => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Test</title><link rel="stylesheet" href="/inbox-page.css">
<script type="module" src="/inbox/belfry-inbox.js"></script><link rel="icon" href="/icons/mo.svg">${html}`;
  const headers = { "Content-Security-Policy": CSP };
  pages.add("/bell.html", body("<header><belfry-inbox></belfry-inbox></header><main><h1>Page</h1></main>"), headers);
  const pair = (scheme) => `<section class="${scheme}"><belfry-inbox></belfry-inbox><belfry-inbox inline></belfry-inbox></section>`;
  pages.add("/both.html", body(`<main class="both">${pair("light")}${pair("dark")}</main>`), headers);
  pages.add("/inline.html", body("<main><h1>Page</h1><belfry-inbox inline></belfry-inbox></main>"), headers);
}

/**
 * Opens a page whose inbox is in the given state, in a tab of its own. In the page `inbox` and `fake`
 * are the element and its client. What must not happen is in tab.faults.
 */
export async function openInbox(browser, pages, {
  mode = "inline", width = 480, height = 760, scheme = "light", dir = "ltr", lang = "en",
  state = {}, notifications = samples(lang), media = {}, prepare = null,
} = {}) {
  const tab = await browser.newPage({
    viewport: { width, height }, colorScheme: scheme, ...media,
  });
  tab.faults = [];
  tab.on("pageerror", (error) => tab.faults.push(error.message));
  await tab.exposeFunction("tellViolation", (text) => tab.faults.push(text));
  await tab.addInitScript(() => addEventListener("securitypolicyviolation",
    (event) => window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`)));
  await prepare?.(tab);
  await tab.goto(`${pages.origin}/${mode}.html`);
  await tab.evaluate(async (given) => {
    await customElements.whenDefined("belfry-inbox");
    const { FakeBelfry } = await import("/fake-belfry.js");
    const inboxes = [...document.querySelectorAll("belfry-inbox")];
    window.inbox = inboxes[0];
    window.fake = new FakeBelfry();
    document.documentElement.dir = given.dir;
    document.documentElement.lang = given.lang;
    for (const inbox of inboxes) {
      inbox.lang = given.lang;
      inbox.belfry = window.fake;
    }
    window.fake.show({ notifications: given.notifications, ...given.state });
    window.root = window.inbox.shadowRoot;
  }, { dir, lang, notifications, state });
  await tab.locator("[part~=heading]:not(:empty)").first().waitFor({ state: "attached" });
  return tab;
}
