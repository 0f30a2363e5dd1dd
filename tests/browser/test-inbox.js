// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What <belfry-inbox> shows and does, in a page with a strict Content-Security-Policy. Most of it
// runs over a client that is none (fake-belfry.js). Pictures go to BELFRY_SCREENSHOTS, if that is set.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isDeepStrictEqual, promisify } from "node:util";

import { launch, Pages, root, Server, waitFor } from "./harness.js";
import { addInboxPages, makeNotifications, openInbox, samples } from "./inbox-page.js";

const run = promisify(execFile);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
let pages;

before(async () => {
  browser = await launch();
  pages = await Pages.start();
  await addInboxPages(pages);
});

after(async () => {
  await browser?.close();
  await pages?.close();
});

/** A test with a tab of its own, in which nothing may go wrong unseen. */
function inboxTest(name, options, body) {
  test(name, async () => {
    const tab = await openInbox(browser, pages, options);
    try {
      await body(tab);
      assert.deepEqual(tab.faults, []);
    } finally {
      await tab.close();
    }
  });
}

const asked = (tab) => tab.evaluate(() => window.fake.asked.splice(0));
const show = (tab, state) => tab.evaluate((given) => window.fake.show(given), state);
const titles = (tab) => tab.locator(".title [dir]").allTextContents();
/** The title of the item that has the focus, or what else has it. */
const focused = (tab) => tab.evaluate(() => {
  const element = window.root.activeElement;
  return element?.querySelector("[dir]")?.textContent ?? element?.id ?? null;
});
const simple = (n) => makeNotifications(
  Array.from({ length: n }, (_, i) => [i * 60_000, false, { title: `n${n - i}`, body: "…" }]));

inboxTest("the bell says how many are unread, up to 99+", { mode: "bell" }, async (tab) => {
  const bell = tab.locator(".bell");
  const badge = tab.locator(".badge");
  assert.equal(await badge.textContent(), "2");
  assert.equal(await bell.getAttribute("aria-label"), "2 unread notifications");
  await show(tab, { unreadCount: 99 });
  assert.equal(await badge.textContent(), "99");
  await show(tab, { unreadCount: 1234 });
  assert.equal(await badge.textContent(), "99+");
  assert.equal(await bell.getAttribute("aria-label"), "1234 unread notifications");
  await show(tab, { unreadCount: 0 });
  assert.ok(await badge.isHidden());
  assert.equal(await bell.getAttribute("aria-label"), "Notifications");
});

for (const dir of ["ltr", "rtl"]) {
  for (const width of [320, 900]) {
    inboxTest(`the panel opens within the window, ${dir}, ${width} wide`,
      { mode: "bell", dir, width, height: 500 }, async (tab) => {
        await tab.locator(".bell").click();
        const panel = tab.locator(".panel");
        await tab.waitForFunction(() => window.root.activeElement?.id === "panel");
        const box = await panel.boundingBox();
        const bell = await tab.locator(".bell").boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= width, JSON.stringify(box));
        assert.ok(box.y >= bell.y + bell.height && box.y + box.height <= 500, JSON.stringify(box));
        assert.equal(await panel.evaluate((element) => element.scrollWidth > element.clientWidth), false);
      });
  }
}

inboxTest("the keyboard opens and closes the panel, and the bell has the focus again", { mode: "bell" },
  async (tab) => {
    for (const key of ["Enter", "Space"]) {
      await tab.locator(".bell").focus();
      await tab.keyboard.press(key);
      await tab.waitForFunction(() => window.root.activeElement?.id === "panel");
      assert.equal(await tab.locator(".panel").getAttribute("role"), "dialog");
      await tab.keyboard.press("ArrowDown");
      assert.equal(await focused(tab), "Mara Okafor asked for your review");
      await tab.keyboard.press("Escape");
      await tab.locator(".panel").waitFor({ state: "hidden" });
      await tab.waitForFunction(() => window.root.activeElement?.classList.contains("bell"));
    }
    await tab.locator(".bell").click();
    await tab.locator(".panel").waitFor();
    await tab.mouse.click(5, 600);
    await tab.locator(".panel").waitFor({ state: "hidden" });
  });

inboxTest("arrows, Home and End go through the list, and Tab into one item only", {}, async (tab) => {
  await tab.locator(".title").first().focus();
  const way = [["ArrowDown", 1], ["ArrowDown", 2], ["ArrowUp", 1], ["End", 5], ["ArrowDown", 5],
    ["Home", 0], ["ArrowUp", 0]];
  const all = await titles(tab);
  for (const [key, index] of way) {
    await tab.keyboard.press(key);
    assert.equal(await focused(tab), all[index], key);
    const reached = await tab.locator(".item").evaluateAll((items) =>
      items.map((item) => [...item.querySelectorAll("a, button")].every(({ tabIndex }) => tabIndex === 0)));
    assert.deepEqual(reached, all.map((_, i) => i === index));
    const others = await tab.locator(".item [tabindex='0']").count();
    assert.equal(others, await tab.locator(".item").nth(index).locator("a, button").count());
  }
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => window.root.activeElement.textContent), "Review");
});

/** What a screen reader has of the controls, as Chromium tells it. */
async function readOut(tab) {
  const session = await tab.context().newCDPSession(tab);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes.filter(({ ignored }) => !ignored).map(({ role, name, description }) =>
    [role?.value, name?.value ?? "", description?.value ?? ""]);
}

inboxTest("a screen reader has names for all, and the text of an item with its title", {}, async (tab) => {
  const all = await readOut(tab);
  const having = (wanted) => all.filter(([role]) => role === wanted);
  assert.deepEqual(having("region").map(([, name]) => name), ["Notifications"]);
  assert.equal(having("listitem").length, 6);
  assert.deepEqual(having("link").filter(([, name]) => name.includes("eview")), [
    ["link", "Unread: Mara Okafor asked for your review",
      "“Resume without gaps after a restart”: 14 files changed 3 min. ago"],
    ["link", "Review", ""],
  ]);
  assert.deepEqual(new Set(having("button").map(([, name]) => name)), new Set(["Mark all read", "Later",
    "Mark as read", "Mark as unread", "Remove", "New sign-in from Firefox on Fedora", "Welcome to Belfry"]));
  assert.ok([...having("link"), ...having("button")].every(([, name]) => name !== ""));
});

inboxTest("Delete removes, and the focus goes to the next, the one before, the panel",
  { notifications: simple(3) }, async (tab) => {
    await tab.locator(".title").nth(1).focus();
    for (const [removed, next] of [[999, "n1"], [998, "n3"], [1000, "panel"]]) {
      await tab.keyboard.press("Delete");
      assert.deepEqual(await asked(tab), [["remove", removed]]);
      assert.equal(await focused(tab), next);
    }
    assert.ok(await tab.locator(".empty").isVisible());
  });

inboxTest("the focus stays where it is when another tab removes, reads and changes", {
  notifications: simple(4) }, async (tab) => {
  await tab.locator(".title").nth(2).focus();
  const change = (items) => show(tab, { notifications: items });
  const all = simple(4);
  await change(all.slice(1));
  assert.equal(await focused(tab), "n2");
  const changed = all.slice(1).map((item) =>
    (item.id === 998 ? { ...item, data: { title: "n2 changed", url: "/x" }, read: true } : item));
  await change(changed);
  assert.equal(await focused(tab), "n2 changed");
  await change(changed.filter(({ id }) => id !== 998));
  assert.equal(await focused(tab), "n1");
});

inboxTest("marks as read, as unread, all as read, and removes", {}, async (tab) => {
  const button = (name, nth = 0) => tab.getByRole("button", { name, exact: true }).nth(nth);
  await button("Mark as read").click();
  assert.deepEqual(await asked(tab), [["markRead", 1000]]);
  assert.equal(await tab.locator("[part~=unread]").count(), 1);
  await tab.locator(".item").first().getByRole("button", { name: "Mark as unread" }).click();
  assert.deepEqual(await asked(tab), [["markUnread", 1000]]);
  assert.equal(await tab.locator("[part~=unread]").count(), 2);
  await button("Mark all read").click();
  assert.deepEqual(await asked(tab), [["markAllRead"]]);
  assert.equal(await tab.locator("[part~=unread]").count(), 0);
  assert.ok(await button("Mark all read").isDisabled());
  await button("Remove", 1).click();
  assert.deepEqual(await asked(tab), [["remove", 999]]);
  assert.equal(await tab.locator(".item").count(), 5);
});

inboxTest("what cannot be done is told in words", {}, async (tab) => {
  await tab.evaluate(() => {
    window.fake.remove = async () => { throw Object.assign(new Error("x"), { code: "RATE_LIMITED" }); };
  });
  await tab.getByRole("button", { name: "Remove" }).first().click();
  await tab.locator("[part~=status]", { hasText: "Too much is asked at once" }).waitFor();
  await show(tab, {});
  assert.equal(await tab.locator("[part~=status]").innerText(), "");
});

/** Collects the element's events; `prevent` is what is prevented. */
async function listen(tab, prevent) {
  await tab.evaluate((prevented) => {
    window.heard = [];
    for (const type of ["belfry-open", "belfry-action"]) {
      document.addEventListener(type, (event) => {
        const { notification, action } = event.detail;
        window.heard.push([type, notification.id, ...(action ? [action] : [])]);
        if (prevented.includes(type)) {
          event.preventDefault();
        }
      });
    }
  }, prevent);
}

inboxTest("a click on an item follows its url, unless the page prevents it; it is read", {}, async (tab) => {
  await listen(tab, ["belfry-open"]);
  const link = tab.locator(".title").first();
  assert.equal(await link.getAttribute("rel"), "noopener");
  // The whole card is its target.
  await tab.locator(".item").first().click({ position: { x: 200, y: 60 } });
  assert.deepEqual(await tab.evaluate(() => window.heard), [["belfry-open", 1000]]);
  assert.deepEqual(await asked(tab), [["markRead", 1000]]);
  assert.ok(tab.url().endsWith("/inline.html"));
  await link.click();
  assert.deepEqual(await asked(tab), [], "it is read already");
  // One without an address is opened in the page.
  await tab.locator(".title").nth(4).click();
  assert.deepEqual(await tab.evaluate(() => window.heard.at(-1)), ["belfry-open", 996]);
});

inboxTest("a link is followed", {}, async (tab) => {
  pages.add("/reviews/1", "<!doctype html><title>Review</title>", { "Content-Type": "text/html" });
  await tab.locator(".title").first().click();
  await tab.waitForURL("**/reviews/1");
});

inboxTest("actions are links and buttons, and tell the page", {}, async (tab) => {
  await listen(tab, ["belfry-action"]);
  await tab.getByRole("link", { name: "Review", exact: true }).click();
  await tab.getByRole("button", { name: "Later" }).click();
  assert.deepEqual(await tab.evaluate(() => window.heard), [
    ["belfry-action", 1000, { label: "Review", url: "/reviews/1" }],
    ["belfry-action", 1000, { label: "Later", id: "later" }],
  ]);
  assert.deepEqual(await asked(tab), [["markRead", 1000]]);
  assert.ok(tab.url().endsWith("/inline.html"));
});

inboxTest("what rings is told once, and a burst in one sentence", { mode: "bell" }, async (tab) => {
  await tab.evaluate(() => {
    window.told = [];
    const live = window.root.querySelector("[role=status].aside");
    new MutationObserver(() => window.told.push(live.textContent))
      .observe(live, { childList: true, characterData: true, subtree: true });
    window.make = (id, title, body) =>
      ({ id, userId: "alice", data: { title, body }, createdAt: new Date().toISOString(), read: false });
    window.fake.ring(window.make(2000, "Tea is ready", "In the kitchen"));
  });
  const told = () => tab.evaluate(() => window.told);
  await waitFor(async () => (await told()).length > 0, "what is told");
  await tab.evaluate(() => {
    window.fake.show({});
    window.fake.markRead(1000);
    for (let i = 1; i <= 5; i++) {
      window.fake.ring(window.make(2000 + i, `t${i}`, ""));
    }
  });
  await waitFor(async () => (await told()).length > 1, "what is told");
  assert.deepEqual(await told(),
    ["New notification: Tea is ready: In the kitchen", "5 new notifications"]);
});

inboxTest("of several inboxes in a page one tells what rings", { mode: "both" }, async (tab) => {
  const told = () => tab.locator("[role=status].aside").allTextContents();
  const ring = (id) => tab.evaluate((given) =>
    window.fake.ring({ ...window.fake.notifications[0], id: given, data: { title: `r${given}` } }), id);
  await ring(2000);
  await waitFor(async () => (await told()).join("") !== "", "what is told");
  assert.deepEqual(await told(), ["New notification: r2000", "", "", ""]);
  await tab.evaluate(() => window.inbox.remove());
  await ring(2001);
  await waitFor(async () => (await told()).join("") !== "", "what is told");
  assert.deepEqual(await told(), ["New notification: r2001", "", ""]);
});

inboxTest("among 1,500 only what changes is touched", { notifications: [] }, async (tab) => {
  const touched = await tab.evaluate(async () => {
    const make = (id, read = true) =>
      ({ id, userId: "alice", data: { title: `n${id}` }, createdAt: new Date(0).toISOString(), read });
    let items = Array.from({ length: 1500 }, (_, i) => make(1500 - i));
    window.fake.show({ notifications: items });
    const nodes = new Set();
    const observer = new MutationObserver(() => {});
    observer.observe(window.root.querySelector(".list"),
      { attributes: true, characterData: true, childList: true, subtree: true });
    const collect = () => {
      nodes.clear();
      for (const { target, addedNodes, removedNodes } of observer.takeRecords()) {
        for (const node of target.matches?.(".list") ? [...addedNodes, ...removedNodes] : [target]) {
          const element = node.nodeType === 1 ? node : node.parentElement;
          nodes.add(Number(element.closest("li")?.dataset.id ?? element.dataset.id));
        }
      }
      return [...nodes].sort((a, b) => a - b);
    };
    const result = [];
    // As from a worker: no object is the one that it was.
    items = structuredClone(items).map((item) => (item.id === 700 ? { ...item, read: false } : item));
    window.fake.show({ notifications: items });
    result.push(collect());
    items = items.filter(({ id }) => id !== 300);
    window.fake.show({ notifications: items });
    result.push(collect());
    window.fake.show({ notifications: [make(1501), ...items] });
    result.push(collect());
    return result;
  });
  // The newest one is where Tab goes to, so the one before is not any longer.
  assert.deepEqual(touched, [[700], [300], [1500, 1501]]);
  assert.equal(await tab.locator(".item").count(), 1500);
});

inboxTest("hostile data is text, or nothing", { width: 400 }, async (tab) => {
  const hostile = [
    { title: "<img src=x onerror=document.title='owned'>", body: "<script>document.title='owned'</script>" },
    { title: "a javascript: url", url: "javascript:document.title='owned'" },
    { title: "another's url", url: "//evil.example/x" },
    { title: "a url with a name before the host", url: "https://belfry.example@evil.example/" },
    { title: "a backslash", url: "/\\evil.example/x" },
    { title: "a data: icon", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" },
    { title: "abc\u202edcba\u2066\u0000\u0007", body: "\u202e turned" },
    { title: "actions", actions: [{ label: "bad", url: "javascript:1" }, { label: "" }, { label: 5, id: "x" },
      { label: "no id" }, { label: "bad id", id: "A B" }, null, "text", { label: "good", id: "good" }] },
    { title: "actions", actions: "none" },
    { title: 7, body: ["x"], url: {}, icon: 5, actions: {} },
    { body: "first line\nsecond line" },
    { title: "W".repeat(5000), body: "W".repeat(60_000) },
    { body: `short\n${"W".repeat(200)}` },
    null,
  ];
  await show(tab, { notifications: makeNotifications(hostile.map((data) => [0, false, data])) });
  assert.deepEqual((await titles(tab)).slice(0, 11), [
    hostile[0].title, "a javascript: url", "another's url", "a url with a name before the host",
    "a backslash", "a data: icon", "abcdcba", "actions", "actions", "New notification", "first line",
  ]);
  const [first, turned, second, long] = await Promise.all([0, 6, 10, 11].map((i) =>
    tab.locator(".item").nth(i).locator(".body").textContent()));
  assert.equal(first, hostile[0].body);
  assert.equal(turned, "turned");
  assert.equal(second, "second line");
  assert.equal(long.length, 10_001);
  assert.equal((await titles(tab))[11].length, 201);
  assert.equal((await titles(tab)).at(-1), "New notification");
  assert.equal(await tab.locator(".item a").count(), 0);
  assert.equal(await tab.locator(".item img, .item script").count(), 0);
  assert.deepEqual(await tab.locator(".action").allTextContents(), ["good"]);
  assert.equal(await tab.title(), "Test");
  assert.equal(await tab.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth
    && [...window.root.querySelectorAll(".scroller, .item, .text")].every((element) =>
      element.scrollWidth <= element.clientWidth)), true, "nothing is wider than the page");
});

inboxTest("a long body is folded until it is asked for", {
  notifications: makeNotifications([[0, false, { title: "t", body: "word ".repeat(2000) }]]),
}, async (tab) => {
  const height = async () => (await tab.locator(".body").boundingBox()).height;
  assert.ok(await height() < 120);
  await tab.getByRole("button", { name: "Show more" }).click();
  assert.ok(await height() > 1000);
  await tab.getByRole("button", { name: "Show less", expanded: true }).click();
  assert.ok(await height() < 120);
});

inboxTest("an icon that cannot be had leaves no trace", {
  notifications: makeNotifications([[0, false, { title: "t", icon: "/icons/none.svg" }],
    [0, false, { title: "named", icon: "document-send" }]]),
}, async (tab) => {
  await waitFor(async () => (await tab.locator("img").count()) === 0, "the icon to go");
});

test("times are told in the page's language, exactly on demand, and go on by themselves", async () => {
  for (const [lang, texts, whole] of [
    ["en", ["now", "5 min. ago", "2 hr. ago", "yesterday"], "Tuesday, December 1, 2026"],
    ["de", ["jetzt", "vor 5 Min.", "vor 2 Std.", "gestern"], "Dienstag, 1. Dezember 2026"],
    ["ja", ["今", "5 分前", "2 時間前", "昨日"], "2026年12月1日火曜日"],
  ]) {
    const now = new Date(2026, 11, 1, 12).getTime();
    const minute = 60_000;
    const tab = await openInbox(browser, pages, {
      lang, prepare: (page) => page.clock.install({ time: now }),
      notifications: makeNotifications([0, 5, 120, 1440].map((age) =>
        [age * minute, true, { title: "t" }]), now),
    });
    const times = () => tab.locator("time").allTextContents();
    // The words of a language are fetched: until they are there, it speaks English.
    await waitFor(async () => isDeepStrictEqual(await times(), texts), `times in ${lang}`);
    const first = tab.locator("time").first();
    assert.ok((await first.getAttribute("title")).startsWith(whole), await first.getAttribute("title"));
    assert.equal(await first.getAttribute("datetime"), new Date(now).toISOString());
    await tab.clock.runFor(5 * minute);
    assert.equal((await times())[0], texts[1]);
    await tab.close();
  }
});

inboxTest("older ones come by the button, and by scrolling to the end", {
  mode: "bell", height: 420, notifications: simple(20), state: { hasOlder: true } }, async (tab) => {
  await tab.evaluate(() => {
    window.fake.older = () => {
      const at = window.fake.notifications.at(-1).id;
      const older = Array.from({ length: 20 }, (_, i) =>
        ({ ...window.fake.notifications[0], id: at - 1 - i, data: { title: `o${at - 1 - i}` } }));
      window.fake.show({ notifications: [...window.fake.notifications, ...older], hasOlder: at > 970 });
    };
  });
  await tab.locator(".bell").click();
  await tab.locator(".older").waitFor();
  await tab.evaluate(() => window.root.querySelector(".older").click());
  await waitFor(async () => (await tab.locator(".item").count()) === 40, "older ones");
  assert.deepEqual(await asked(tab), [["loadOlder"]], "nobody has scrolled");
  await tab.locator(".older").scrollIntoViewIfNeeded();
  await waitFor(async () => (await tab.locator(".item").count()) === 60, "older ones");
  assert.ok(await tab.locator(".older").isHidden());
});

inboxTest("another client takes the place of the first, in another language and in the other mode", {},
  async (tab) => {
    await tab.evaluate(async () => {
      const { FakeBelfry } = await import("/fake-belfry.js");
      window.other = new FakeBelfry();
      const data = { title: "Of another" };
      window.other.show({ notifications: [{ id: 7, userId: "bob", data, createdAt: new Date().toISOString(), read: false }] });
      window.inbox.belfry = window.other;
      window.fake.show({ notifications: [] });
    });
    assert.deepEqual(await titles(tab), ["Of another"]);
    assert.deepEqual(await asked(tab), [], "who set it stops it");
    // The words of the second have to be fetched first.
    await tab.evaluate(async () => {
      const { findWords } = await import("/inbox/text.js");
      window.inbox.lang = "ja";
      window.inbox.lang = "en-GB";
      await findWords(["ja"]);
    });
    assert.deepEqual(await tab.locator("time").allTextContents(), ["now"]);
    await tab.evaluate(() => (window.inbox.lang = "ja"));
    await tab.locator("time", { hasText: "今" }).waitFor();
    await tab.evaluate(() => window.inbox.removeAttribute("inline"));
    await tab.locator(".badge", { hasText: "1" }).waitFor();
    assert.ok(await tab.locator(".panel").isHidden());
    await tab.locator(".bell").click();
    assert.deepEqual(await titles(tab), ["Of another"]);
    await tab.evaluate(() => (window.inbox.belfry = null));
    await tab.locator(".status", { hasText: "Not connected" }).waitFor();
    assert.equal(await tab.locator(".item").count(), 0);
  });

const states = {
  full: { state: { hasOlder: true } },
  empty: { notifications: [], height: 340 },
  loading: { notifications: [], state: { loaded: false, status: "connecting" }, height: 340 },
  offline: { state: { status: "offline", error: { code: "SERVER_SHUTDOWN" } } },
  stopped: { notifications: [], height: 340,
    state: { loaded: false, status: "stopped", error: { code: "TOKEN_EXPIRED" } } },
};

const said = {
  full: "",
  empty: "Nothing yet. What is new shows up here.",
  loading: "Loading…",
  offline: "Offline. Connecting again: the server goes down",
  stopped: "Not connected: the token has run out",
};

async function takePicture(tab, name) {
  if (process.env.BELFRY_SCREENSHOTS) {
    await tab.screenshot({ path: join(process.env.BELFRY_SCREENSHOTS, `inbox-${name}.png`) });
  }
}

async function checkWithAxe(tab) {
  // Half-way through a transition or a pulse there is another contrast.
  await tab.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  const found = await tab.evaluate(async () => (await window.axe.run()).violations.map(({ id, nodes }) =>
    `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ""}`).join("; ")}`));
  assert.deepEqual(found, []);
}

for (const [name, options] of Object.entries(states)) {
  const mode = name === "loading" ? "inline" : "bell";
  inboxTest(`axe finds nothing, and it is said how things are: ${name}`,
    { mode, media: { reducedMotion: "reduce" }, ...options }, async (tab) => {
      if (mode === "bell") {
        await tab.locator(".bell").click();
        await tab.waitForFunction(() => window.root.activeElement?.id === "panel");
      }
      assert.ok((await tab.locator(".panel").innerText()).includes(said[name]));
      await tab.evaluate(axe);
      await checkWithAxe(tab);
      await takePicture(tab, `${name}-light`);
      await tab.emulateMedia({ colorScheme: "dark" });
      await tab.evaluate(() => (document.documentElement.dir = "rtl"));
      await checkWithAxe(tab);
      await takePicture(tab, `${name}-dark-rtl`);
    });
}

inboxTest("axe finds nothing in a list that is always open, read or not, from right to left",
  { scheme: "dark", dir: "rtl", lang: "ar", height: 560 }, async (tab) => {
    await takePicture(tab, "inline-dark-arabic");
    const edges = await tab.locator(".title [dir], .body").evaluateAll((texts) =>
      [...new Set(texts.map((text) => getComputedStyle(text).textAlign))]);
    assert.deepEqual(edges, ["right"], "every text begins at the same edge");
    const x = async (name) => (await tab.locator(name).first().boundingBox()).x;
    assert.ok(await x(".mark") > await x(".icon") && await x(".icon") > await x("time"));
    await tab.evaluate(axe);
    await checkWithAxe(tab);
    await show(tab, { notifications: samples("ar").map((item) => ({ ...item, read: true })) });
    await checkWithAxe(tab);
  });

inboxTest("who is stopped can try again", states.stopped, async (tab) => {
  await tab.getByRole("button", { name: "Try again" }).click();
  assert.deepEqual(await asked(tab), [["start"]]);
  await show(tab, { status: "connected", error: null });
  assert.ok(await tab.getByRole("button", { name: "Try again" }).isHidden());
});

inboxTest("without motion where that is wanted, and with the system's colours",
  { media: { reducedMotion: "reduce", forcedColors: "active" }, mode: "bell" }, async (tab) => {
    await tab.evaluate(() => window.fake.ring({ ...window.fake.notifications[0], id: 5000 }));
    assert.deepEqual(await tab.evaluate(() => [...document.getAnimations(), ...window.root.getAnimations()].length), 0);
    await tab.locator(".bell").click();
    const background = (name) => tab.locator(name).first().evaluate((element) =>
      getComputedStyle(element).backgroundColor);
    assert.notEqual(await background("[part~=unread] .mark"), await background(".panel"));
  });

inboxTest("properties style it from outside", { media: { reducedMotion: "reduce" } }, async (tab) => {
  await tab.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`belfry-inbox { --belfry-surface: rgb(1, 2, 3); }
      belfry-inbox::part(item) { padding-top: 33px; }
      belfry-inbox::part(unread) { background: rgb(4, 5, 6); }`);
    document.adoptedStyleSheets = [sheet];
  });
  const style = (selector, name) => tab.locator(selector).first().evaluate(
    (element, property) => getComputedStyle(element)[property], name);
  assert.equal(await style(".panel", "backgroundColor"), "rgb(1, 2, 3)");
  assert.equal(await style(".item", "paddingTop"), "33px");
  assert.equal(await style(".item", "backgroundColor"), "rgb(4, 5, 6)");
});

inboxTest("light or dark is what the color-scheme around it says",
  { mode: "both", width: 880, height: 722, scheme: "dark", media: { deviceScaleFactor: 1.25 } },
  async (tab) => {
    const colours = await tab.locator(".panel").evaluateAll((panels) =>
      panels.map((panel) => getComputedStyle(panel).backgroundColor));
    assert.deepEqual(colours.slice(1, 2).concat(colours.slice(3)), ["rgb(255, 255, 255)", "rgb(38, 38, 42)"]);
    await takePicture(tab, "both");
  });

test("the schema and the inbox agree on what data may be", async () => {
  const good = samples("en").map(({ data }) => data).concat(samples("ar").map(({ data }) => data), [
    {}, { other: [1] }, { icon: "document-send" }, { url: "https://example.org" }, { url: "a/b?c#d" },
    { url: "https://example.org/@name" }, { actions: [{ label: "Both", url: "/x", id: "both" }] },
  ]);
  const bad = [
    { title: "" }, { title: 5 }, { title: "x".repeat(201) }, { body: null }, { url: "javascript:1" },
    { url: "//evil.example" }, { url: "/\\evil.example" }, { url: "https://a@evil.example/" },
    { url: "ftp://x/" }, { url: "a b" }, { icon: "data:,x" }, { actions: {} }, { actions: [{ id: "x" }] },
    { actions: [{ label: "x" }] }, { actions: [{ label: "x", id: "A" }] },
    { actions: [{ label: "x", url: "data:,x" }] },
  ];
  const script = "import json, sys, jsonschema; v = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])));"
    + "print(json.dumps([v.is_valid(d) for d in json.loads(sys.argv[2])]))";
  const { stdout } = await run("/usr/bin/python3", ["-c", script,
    join(root, "introspection/wire/notification-data.schema.json"), JSON.stringify([...good, ...bad])]);
  assert.deepEqual(JSON.parse(stdout), [...good.map(() => true), ...bad.map(() => false)]);
  const tab = await openInbox(browser, pages, { notifications: [] });
  const readAll = (list) => tab.evaluate(async (all) => {
    const { readContent } = await import("/inbox/content.js");
    return all.map(readContent);
  }, list);
  // A url or action that the schema allows is one of the page, and one that it does not allow is none.
  for (const [i, content] of (await readAll(good)).entries()) {
    assert.equal(content.url !== null, good[i].url !== undefined, JSON.stringify(good[i]));
    assert.equal(content.actions.length, good[i].actions?.length ?? 0, JSON.stringify(good[i]));
  }
  for (const content of await readAll(bad)) {
    assert.deepEqual([content.url, content.icon, content.actions], [null, null, []]);
  }
  await tab.close();
});

test("two lines are an inbox: a client of its own, which goes with the element", async () => {
  const server = await Server.start({ origins: [pages.origin] });
  const tab = await browser.newPage();
  try {
    pages.add("/token", server.token("alice"), { "Content-Type": "text/plain" });
    const address = pages.add("/two-lines.html", `<!doctype html><html lang="en"><title>Two lines</title>
<script type="module" src="/inbox/belfry-inbox.js"></script>
<belfry-inbox token-url="/token" url="${server.url}"></belfry-inbox>`);
    await server.create("alice", { title: "Your export is ready" });
    await tab.goto(address);
    await tab.locator(".badge", { hasText: "1" }).waitFor();
    await tab.locator(".bell").click();
    await tab.locator(".item").getByRole("button", { name: "Mark as read" }).click();
    await waitFor(async () => (await server.stored("alice"))[0].read, "it to be read");
    await tab.locator(".badge").waitFor({ state: "hidden" });
    await server.create("alice", { title: "Another" });
    await tab.locator(".item", { hasText: "Another" }).waitFor();
    await tab.keyboard.press("Home");
    await tab.keyboard.press("Delete");
    await waitFor(async () => (await server.stored("alice")).length === 1, "it to be removed");
    await tab.locator(".badge").waitFor({ state: "hidden" });
    await server.stop();
    // That the server goes down is soon followed by that it cannot be reached.
    await tab.locator(".status", { hasText: "Offline. Connecting again" }).waitFor();
    await server.start();
    await tab.locator(".status.quiet").waitFor({ state: "attached" });
    // Moved, it is there again; gone, the connection is, too.
    await tab.evaluate(() => document.body.prepend(document.querySelector("belfry-inbox")));
    await server.create("alice", { title: "A third" });
    await tab.locator(".badge", { hasText: "1" }).waitFor();
    await tab.evaluate(() => document.querySelector("belfry-inbox").remove());
    await waitFor(async () => (await server.property("ConnectedClients")) === 0, "no connection");
  } finally {
    await tab.close();
    await server.close();
  }
});
