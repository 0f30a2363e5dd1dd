// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two browsers play examples/game over WebRTC, and Belfry has them find each other: real Chromium,
// real belfryd, a real TURN server. Pictures are kept in the folder BELFRY_SCREENSHOTS.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { Server, freePort, launch, root, waitFor } from "./harness.js";

const pictures = process.env.BELFRY_SCREENSHOTS;
const TURN_SECRET = "what Belfry and coturn share";

let server;
let pages;
let turn;
let origin;
let browser;
const faults = [];

function run(command, ...args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  child.text = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      child.text += `${line}\n`;
    });
  }
  child.ended = once(child, "exit");
  process.on("exit", () => child.kill("SIGKILL"));
  return child;
}

async function end(child) {
  child?.kill("SIGTERM");
  await child?.ended;
}

async function isListening(port) {
  const socket = connect(port, "127.0.0.1");
  const [event] = await Promise.race(
    ["connect", "error"].map((name) => once(socket, name).then(() => [name], () => ["error"])));
  socket.destroy();
  return event === "connect";
}

/** A coturn on loopback, which takes what is signed with the shared secret. */
async function startTurn() {
  const port = await freePort();
  const child = run("turnserver", "-n", "--log-file=stdout", "--simple-log", "--verbose",
    "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", `--listening-port=${port}`,
    "--use-auth-secret", `--static-auth-secret=${TURN_SECRET}`, "--realm=belfry.test",
    "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--no-rfc5780",
    `--pidfile=${join(server.folder, "turn.pid")}`, `--userdb=${join(server.folder, "turn.db")}`);
  child.port = port;
  await waitFor(() => isListening(port), "coturn");
  return child;
}

before(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  server = await Server.start({ origins: [origin], options: ["--signalling"] });
  await writeFile(join(server.folder, "turn-secret"), `${TURN_SECRET}\n`);
  turn = await startTurn();
  server.options.push("--turn-url", `turn:127.0.0.1:${turn.port}?transport=udp`,
    "--turn-secret-file", join(server.folder, "turn-secret"), "--turn-lifetime", "60");
  await server.stop();
  await server.start();
  pages = run("/usr/bin/python3", join(root, "examples/game/run.py"), "--port", String(port),
    "--belfry", server.url, "--secret-file", join(server.folder, "secret"));
  await waitFor(() => isListening(port), "the page's server");
  browser = await launch("--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns");
});

after(async () => {
  await browser?.close();
  await end(pages);
  await end(turn);
  await server?.close();
});

async function comeIn(user, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 900, height: 800 }, ...options });
  const tab = await context.newPage();
  tab.on("pageerror", (error) => faults.push(error.message));
  tab.on("console", (message) =>
    /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
  await tab.goto(`${origin}/${hash}`);
  await tab.locator("#user").fill(user);
  await tab.locator("#user").press("Enter");
  await tab.locator("#badge[data-status=connected]").waitFor();
  return tab;
}

/** Two who play. */
async function begin(names, options = {}) {
  const [host, guest] = await Promise.all(names.map((name) => comeIn(name, options)));
  await host.locator("#to").fill(names[1]);
  await host.locator("#to").press("Enter");
  await guest.locator("#invitations button.primary").click();
  await Promise.all([host, guest].map(isOpen));
  return [host, guest];
}

const isOpen = (tab) => tab.waitForFunction(() => globalThis.session?.isOpen);

const isHeard = (tab) => tab.waitForFunction(() => globalThis.session?.isHeard);

async function leave(...tabs) {
  await Promise.all(tabs.map((tab) => tab.context().close()));
  assert.deepEqual(faults, []);
}

async function takePicture(tab, name) {
  if (pictures) {
    await tab.screenshot({ path: join(pictures, `game-${name}.png`) });
  }
}

/** What the channels carry: both ways, both kinds. */
async function playsOn(...tabs) {
  for (const tab of tabs) {
    const before = await tab.evaluate(() => session.directPulse.times.at(-1));
    await tab.waitForFunction((last) => session.directPulse.times.at(-1) !== last, before);
    await isHeard(tab);
  }
}

test("two play over a data channel, and the page shows both round trips", async (t) => {
  const [host, guest] = await begin(["alice", "bob"]);
  for (const tab of [host, guest]) {
    await tab.waitForFunction(() =>
      session.relayPulse.times.length >= 8 && session.directPulse.times.length >= 8);
    await isHeard(tab);
    const [relay, direct] = await tab.evaluate(() =>
      [session.relayPulse.median, session.directPulse.median]);
    t.diagnostic(`round trip through Belfry ${relay.toFixed(2)} ms, `
      + `through the data channel ${direct.toFixed(2)} ms`);
    assert.ok(relay > 0 && direct > 0);
    for (const name of ["relay", "direct"]) {
      assert.match(await tab.locator(`#${name}-time`).textContent(), /^[\d.]+$/);
    }
    await tab.locator("#route", { hasText: /^direct$/ }).waitFor();
  }
  await takePicture(host, "table");
  await leave(host, guest);
});
