// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The page of examples/chatroom, with each of its servers.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createInterface } from "node:readline";

import { PATIENCE, Pages, Server, launch, root, waitFor } from "./harness.js";

const EXAMPLE = join(root, "examples/chatroom");

let pages;
let browser;

before(async () => {
  pages = await Pages.start();
  for (const name of await readdir(join(EXAMPLE, "page"))) {
    pages.add(`/chat/${name}`, await readFile(join(EXAMPLE, "page", name), "utf8"));
  }
  browser = await launch();
});

after(async () => {
  await browser.close();
  await pages.close();
});

/** Starts a program, and waits for a line of it. */
async function run(command, args, env, ready) {
  const child = spawn(command, args, {
    env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => line.includes(ready) && resolve());
    child.once("exit", (status) => reject(new Error(`it ended: ${status}`)));
  });
  return child;
}

async function end(child, signal) {
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** In C, in the server's own process, which takes the place of belfryd. */
class InServer {
  static async start() {
    const self = new InServer();
    self.server = await Server.start({ origins: [pages.origin] });
    await self.server.stop();
    self.config = join(self.server.folder, "server.conf");
    await writeFile(self.config, `[belfryd]
bus=${self.server.address}
listen=127.0.0.1:${self.server.port}
database=sqlite:${join(self.server.folder, "belfry.db")}
jwt-secret-file=${join(self.server.folder, "secret")}
allow-origin=${pages.origin}
`);
    await self.up();
    return self;
  }

  async up() {
    const { folder } = this.server;
    this.child = await run(process.env.CHAT_SERVER_C, [this.config, join(folder, "chat.db")],
      { XDG_DATA_HOME: folder }, "Listening on");
  }

  async down() {
    await end(this.child, "SIGKILL");
  }

  async close() {
    await end(this.child, "SIGTERM");
    await this.server.close();
  }
}

/** In Python, as a worker of belfryd. */
class InWorker {
  static async start() {
    const self = new InWorker();
    self.server = await Server.start({ origins: [pages.origin] });
    await self.startWorker();
    return self;
  }

  async startWorker() {
    this.child = await run("/usr/bin/python3",
      [join(EXAMPLE, "worker.py"), join(this.server.folder, "chat.db")],
      { DBUS_SESSION_BUS_ADDRESS: this.server.address }, "ready");
  }

  /** Both, at once. */
  async down() {
    await Promise.all([this.server.kill(), end(this.child, "SIGKILL")]);
  }

  async up() {
    await this.server.start();
    await this.startWorker();
  }

  async close() {
    await end(this.child, "SIGTERM");
    await this.server.close();
  }
}

async function open({ server }, user, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1000, height: 700 }, locale: "en-GB", timezoneId: "UTC", ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.wrong = [];
  page.on("pageerror", (error) => page.wrong.push(String(error)));
  page.on("console", (message) => /Content Security Policy|Uncaught/.test(message.text())
    && page.wrong.push(message.text()));
  await page.goto(`${pages.origin}/chat/index.html`
    + `#${new URLSearchParams({ url: server.url, token: server.token(user), ...options.hash })}`);
  await page.locator("#members.here").waitFor();
  return page;
}

async function say(page, text) {
  await page.locator("#text").fill(text);
  await page.locator("#text").press("Enter");
}

const texts = (page) => page.locator(".message .text").allTextContents();
const shown = (page, expected) => waitFor(async () =>
  JSON.stringify(await texts(page)) === JSON.stringify(expected)
    && (await page.locator(".pending").count()) === 0, JSON.stringify(expected));

/** What axe-core finds. */
async function findBarriers(page) {
  await page.evaluate(await readFile(
    join(root, "tests/browser/node_modules/axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

async function picture(page, name) {
  if (process.env.BELFRY_PICTURES) {
    await page.screenshot({ path: join(process.env.BELFRY_PICTURES, `chat-${name}.png`) });
  }
}

const kinds = [["a server in C", InServer, Boolean(process.env.CHAT_SERVER_C)],
  ["a worker in Python", InWorker, Boolean(process.env.GI_TYPELIB_PATH)]];

for (const [name, kind, isThere] of kinds) {
  describe(`with ${name}`, { skip: !isThere && "it is not built here" }, () => {
    let chat;
    before(async () => {
      chat = await kind.start();
    });
    after(() => chat.close());

    test("two users chat, a restart under them leaves no gap, and what was written meanwhile is sent",
      async () => {
        const [alice, bob] = [await open(chat, "alice"), await open(chat, "bob")];
        await waitFor(async () => (await alice.locator("#members").textContent())
          === "2 here: alice, bob");
        await say(alice, "Hello <b>Bob</b>");
        await shown(bob, ["Hello <b>Bob</b>"]);
        await say(bob, "Hi");
        await shown(alice, ["Hello <b>Bob</b>", "Hi"]);

        await chat.down();
        await alice.locator("#banner").getByText("You are offline").waitFor();
        await say(alice, "Are you there?");
        assert.deepEqual(await texts(alice.locator("#log .pending").page()),
          ["Hello <b>Bob</b>", "Hi", "Are you there?"]);
        assert.equal(await alice.locator(".pending").count(), 1);
        await chat.up();
        for (const page of [alice, bob]) {
          await shown(page, ["Hello <b>Bob</b>", "Hi", "Are you there?"]);
          await waitFor(() => page.locator("#banner").isHidden());
        }
        await say(bob, "Again");
        for (const page of [alice, bob]) {
          await shown(page, ["Hello <b>Bob</b>", "Hi", "Are you there?", "Again"]);
        }
        assert.deepEqual(await findBarriers(bob), []);
        await bob.setViewportSize({ width: 320, height: 640 });
        assert.equal(await bob.evaluate(() => document.documentElement.scrollWidth), 320);
        await bob.locator("#text").pressSequentially("Hm");
        await alice.getByText("bob is typing").waitFor();

        await bob.context().close();
        await waitFor(async () => (await alice.locator("#members").textContent()) === "1 here: alice");
        assert.deepEqual(alice.wrong, []);
        await alice.context().close();
      });

    test("older messages come when one scrolls up, and what was in view stays there", async () => {
      const writer = await open(chat, "bob");
      await writer.locator("#name").fill("long");
      await writer.locator("#name").press("Enter");
      await writer.locator("#members.here").waitFor();
      await writer.evaluate(async () => {
        const { Belfry } = await import(
          new URL("client/belfry.js", new URLSearchParams(location.hash.slice(1)).get("url")).href);
        const client = new Belfry({
          url: new URLSearchParams(location.hash.slice(1)).get("url"), share: false,
          getToken: () => new URLSearchParams(location.hash.slice(1)).get("token"),
        });
        await new Promise((resolve) => client.addEventListener("status",
          () => client.status === "connected" && resolve()));
        for (let i = 1; i <= 120; i++) {
          await client.request("chat.say", { room: "long", key: `k${i}`, text: `Message ${i}` });
        }
        client.stop();
      });
      const reader = await open(chat, "alice");
      await reader.locator("#name").fill("long");
      await reader.locator("#name").press("Enter");
      await waitFor(async () => (await texts(reader)).length === 50);
      assert.equal((await texts(reader)).at(-1), "Message 120");
      const position = () => reader.evaluate(() => [...document.querySelectorAll("[data-seq]")]
        .find((item) => item.dataset.seq === "72").getBoundingClientRect().top);
      await reader.evaluate(() => {
        document.getElementById("log").scrollTop = 100;
      });
      const before = await position();
      await waitFor(async () => (await texts(reader)).length === 100);
      assert.ok(Math.abs(await position() - before) < 40, `${before} → ${await position()}`);
      await reader.evaluate(() => {
        document.getElementById("log").scrollTop = 0;
      });
      await waitFor(async () => (await texts(reader)).length === 120);
      assert.deepEqual(await texts(reader),
        Array.from({ length: 120 }, (_, i) => `Message ${i + 1}`));
      assert.deepEqual(reader.wrong, []);
      await reader.context().close();
      await writer.context().close();
    });

    test("twenty pages' rooms agree, though the server is killed among them", async () => {
      const users = 20;
      const each = 20;
      const page = await (await browser.newContext()).newPage();
      await page.goto(pages.blank({ path: "/chat/blank.html" }));
      const tokens = Array.from({ length: users }, (_, i) => chat.server.token(`user${i}`));
      await page.evaluate(async ([url, all, count]) => {
        const { Belfry } = await import(new URL("client/belfry.js", url).href);
        const { Room } = await import("/chat/room.js");
        globalThis.rooms = all.map((token, i) => {
          const room = new Room(new Belfry({ url, getToken: () => token, share: false }), "crowd");
          for (let n = 0; n < count; n++) {
            room.say(`${i}/${n}`);
          }
          return room;
        });
      }, [chat.server.url, tokens, each]);
      const reached = (number) => page.waitForFunction((newest) =>
        globalThis.rooms[0].transcript.newest >= newest, number, { timeout: 4 * PATIENCE });
      await reached(users * each * 0.4);
      await chat.down();
      await chat.up();
      await page.waitForFunction((total) => globalThis.rooms.every(({ transcript }) =>
        transcript.pending.length === 0 && transcript.newest >= total), users * each,
      { timeout: 4 * PATIENCE });
      const transcripts = await page.evaluate(() => globalThis.rooms.map(({ transcript }) =>
        transcript.messages.map(({ seq, from, text }) => [seq, from, text])));
      // Those who came late have begun with the newest page: the first have it all.
      const [whole] = transcripts;
      assert.deepEqual(whole.map(([seq]) => seq),
        Array.from({ length: users * each }, (_, i) => i + 1));
      assert.equal(new Set(whole.map(([, , text]) => text)).size, users * each);
      for (const [i, transcript] of transcripts.entries()) {
        assert.deepEqual(transcript, whole.slice(-transcript.length));
        assert.deepEqual(whole.filter(([, from]) => from === `user${i}`).map(([, , text]) => text),
          Array.from({ length: each }, (_, n) => `${i}/${n}`));
      }
      await page.context().close();
    });

    test("pictures", { skip: !process.env.BELFRY_PICTURES && "BELFRY_PICTURES names no folder" },
      async () => {
        const users = { Ada: null, Björn: null, "Chiara Conti": null };
        for (const user of Object.keys(users)) {
          users[user] = await open(chat, user);
        }
        for (const [user, room, text] of [
          ["Ada", "garden", "Who has the key of the shed?"],
          ["Ada", "team", "Good morning! The new build is on the test server."],
          ["Ada", "team", "Could somebody look at the start page? The bell was cut off on my phone."],
          ["Björn", "team", "On it."],
          ["Chiara Conti", "team", "It looks right here, also in landscape."],
          ["Chiara Conti", "team", "Dark mode, too."],
          ["Ada", "team", "Lovely. Then let us release it at three, and have cake afterwards."],
          ["Chiara Conti", "garden", "I do. The tomatoes are ripe!"],
          ["Björn", "team", "שלום לכולם, העוגה כבר בתנור"]]) {
          const page = users[user];
          if (await page.locator(`[data-room=${room}]`).count() === 0) {
            await page.locator("#name").fill(room);
            await page.locator("#name").press("Enter");
          }
          await page.locator(`[data-room=${room}]`).click();
          await page.locator("#members.here").waitFor();
          await say(page, text);
          await waitFor(async () => (await texts(page)).includes(text)
            && (await page.locator(".pending").count()) === 0);
        }
        await users.Ada.locator("[data-room=team]").click();
        await waitFor(async () => (await texts(users.Ada)).length === 7);
        await users.Ada.locator("[data-room=garden] .count").waitFor();
        await users["Chiara Conti"].locator("[data-room=team]").click();
        await users["Chiara Conti"].locator("#text").pressSequentially("I ");
        await users.Ada.getByText("is typing").waitFor();
        await picture(users.Ada, "light");
        await users.Ada.emulateMedia({ colorScheme: "dark" });
        await picture(users.Ada, "dark");
        await users.Ada.setViewportSize({ width: 390, height: 760 });
        await picture(users.Ada, "narrow-dark");
        await users.Ada.emulateMedia({ colorScheme: "light" });
        await picture(users.Ada, "narrow");
        const rtl = await open(chat, "Ada", { hash: { dir: "rtl" } });
        await rtl.locator("#name").fill("team");
        await rtl.locator("#name").press("Enter");
        await waitFor(async () => (await texts(rtl)).length === 7);
        await picture(rtl, "rtl");
        await chat.down();
        await users["Björn"].locator("#banner").getByText("offline").waitFor();
        await say(users["Björn"], "Is it just me?");
        await users["Björn"].locator(".pending").waitFor();
        await picture(users["Björn"], "offline");
        await chat.up();
      });
  });
}
