// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a newcomer does: script/server, the page that it names, and the line that it prints. The
// pictures are kept in the folder BELFRY_SCREENSHOTS, if it is set: meson sets that of the build.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { freePort, launch, root, waitFor } from "./harness.js";

const run = promisify(execFile);
const pictures = process.env.BELFRY_SCREENSHOTS;
const listen = `127.0.0.1:${await freePort()}`;

/** script/server, with what it prints for a person. */
class Server {
  static async start(home) {
    const server = new Server();
    server.process = spawn(join(root, "script/server"), ["--listen", listen], {
      env: { ...process.env, BELFRY_HOME: home, DBUS_SESSION_BUS_ADDRESS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    server.ended = once(server.process, "exit");
    for await (const line of createInterface({ input: server.process.stdout })) {
      const text = line.trim();
      if (text.startsWith("http://")) {
        server.page = text;
      } else if (text.includes("gdbus call")) {
        server.call = text;
      } else if (text.startsWith("Ctrl+C")) {
        return server;
      }
    }
    throw new Error("script/server ended");
  }

  /** Types the line that was printed. */
  ring() {
    return run("sh", ["-c", this.call]);
  }

  async stop() {
    this.process.kill("SIGTERM");
    const [status] = await this.ended;
    assert.equal(status, 0);
  }
}

function items(tab) {
  return tab.locator("#inbox .item").evaluateAll((elements) =>
    elements.map((element) => ({
      title: element.querySelector(".title [dir]").textContent,
      body: element.querySelector(".body").textContent,
      unread: element.part.contains("unread"),
    })));
}

async function waitForItems(tab, count) {
  await waitFor(async () => (await tab.locator("#inbox .item").count()) === count, `${count} items`);
}

async function takePicture(tab, name) {
  if (pictures) {
    await tab.screenshot({ path: join(pictures, `${name}.png`) });
  }
}

let home;
let server;
let browser;
let tabs;
const faults = [];

async function openTab(locale = "en-US") {
  const tab = await browser.newPage({
    viewport: { width: 960, height: 480 },
    colorScheme: "light",
    locale,
  });
  tab.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  tab.on("pageerror", (error) => faults.push(error.message));
  await tab.goto(server.page);
  await tab.locator("#status.good").waitFor();
  return tab;
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), "belfry-test-"));
  server = await Server.start(home);
  browser = await launch();
  tabs = [await openTab(), await openTab()];
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (home) {
    await rm(home, { recursive: true });
  }
});

test("says how to ring the bell", async () => {
  const command = await tabs[0].locator("#command").textContent();
  const words = (text) => text.replaceAll("\\\n", " ").split(/\s+/).join(" ");
  assert.equal(words(command), words(server.call));
});

test("copies the command", async () => {
  await tabs[0].context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await tabs[0].locator("#copy").click();
  await tabs[0].locator("#copy", { hasText: "Copied" }).waitFor();
  const copied = await tabs[0].evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await tabs[0].locator("#command").textContent());
});

test("shows a notification in two tabs at once, right after the call", async () => {
  const { stdout } = await server.ring();
  assert.match(stdout, /^\(uint64 \d+,\)/);
  for (const tab of tabs) {
    await waitForItems(tab, 1);
    assert.deepEqual(await items(tab),
      [{ title: "Hello", body: "from a shell", unread: true }]);
    assert.equal(await tab.locator("#bell .badge").textContent(), "1");
    assert.equal(await tab.title(), "(1) Belfry");
  }
  await takePicture(tabs[0], "page");
});

test("shows in one tab what was read in the other", async () => {
  await tabs[0].locator("#inbox").getByRole("button", { name: "Mark as read" }).first().click();
  await tabs[1].locator("#inbox .item:not([part~=unread])").waitFor();
  assert.ok(await tabs[1].locator("#bell .badge").isHidden());
});

test("comes back by itself after a restart, and shows what came meanwhile once", async () => {
  await server.stop();
  await tabs[0].locator("#status.bad").waitFor();
  server = await Server.start(home);
  await server.ring();
  for (const tab of tabs) {
    await tab.locator("#status.good").waitFor();
    await waitForItems(tab, 2);
    assert.deepEqual((await items(tab)).map((item) => item.unread), [true, false]);
  }
  faults.splice(0, Infinity, ...faults.filter((text) => !text.includes("ERR_CONNECTION")));
});

test("shows what there is in a new tab", async () => {
  const tab = await openTab();
  await waitForItems(tab, 2);
  assert.deepEqual((await items(tab)).map((item) => item.unread), [true, false]);
  await tab.close();
});

/** What the page says with two notifications, one of them unread. */
async function words(tab) {
  return {
    button: await tab.locator("#inbox [part~=read-all]").textContent(),
    heading: await tab.locator("h1").textContent(),
    remove: await tab.locator("#inbox [part~=remove]").first().getAttribute("title"),
    unread: await tab.locator("#bell .bell").getAttribute("aria-label"),
    status: await tab.locator("#status").textContent(),
  };
}

const english = {
  button: "Mark all read",
  heading: "Ring the bell",
  remove: "Remove",
  unread: "1 unread notification",
  status: "connected",
};

for (const locale of ["en-GB", "nl-NL", "zh-TW"]) {
  test(`speaks English to a reader of ${locale}`, async () => {
    const tab = await openTab(locale);
    await waitForItems(tab, 2);
    assert.deepEqual(await words(tab), english);
    assert.equal(await tab.locator("html").getAttribute("lang"), "en");
    await tab.close();
  });
}

for (const [locale, language] of [["de-AT", "de"], ["ja-JP", "ja"], ["zh-CN", "zh-CN"]]) {
  test(`speaks to a reader of ${locale} in ${language}`, async () => {
    const answer = await fetch(new URL("texts.json", server.page));
    const { texts, plurals } = (await answer.json())[language];
    const form = texts["%d unread notification"][plurals[1]];
    const tab = await openTab(locale);
    await waitForItems(tab, 2);
    await tab.locator(`#inbox [part~=read-all]:text-is("${texts[english.button][0]}")`).waitFor();
    assert.deepEqual(await words(tab), {
      button: texts[english.button][0],
      heading: texts[english.heading][0],
      remove: texts[english.remove][0],
      unread: form.replace("%d", "1"),
      status: texts[english.status][0],
    });
    assert.notEqual(texts[english.button][0], english.button);
    assert.equal(await tab.locator("html").getAttribute("lang"), language);
    await tab.close();
  });
}

test("says what is wrong with a token, and stays away", async () => {
  const tab = await browser.newPage({ locale: "en-US" });
  await tab.goto(server.page.replace(/token=[^&]*/, "token=a.b.c"));
  await tab.locator("#status.bad", { hasText: "the token is not valid" }).waitFor();
  await tab.locator("#inbox").getByRole("button", { name: "Try again" }).waitFor();
  await tab.close();
});

test("removes a notification everywhere", async () => {
  await tabs[1].locator("#inbox [part~=remove]").first().click();
  for (const tab of tabs) {
    await waitForItems(tab, 1);
  }
});

test("has nothing that axe finds, light and dark", async () => {
  const [tab] = tabs;
  await tab.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  for (const colorScheme of ["light", "dark"]) {
    await tab.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await tab.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]), []);
    await takePicture(tab, `page-${colorScheme}`);
  }
});

test("is no wider than a telephone", async () => {
  const [tab] = tabs;
  await tab.setViewportSize({ width: 320, height: 640 });
  await tab.locator("#bell .bell").click();
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await takePicture(tab, "page-narrow");
});

test("meets no error on the way", () => {
  assert.deepEqual(faults, []);
});
