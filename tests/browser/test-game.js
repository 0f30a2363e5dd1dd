// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two browsers play examples/game over WebRTC, and Belfry has them find each other: real Chromium,
// real belfryd, a real TURN server. Pictures are kept in the folder BELFRY_SCREENSHOTS.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { PATIENCE, Proxy, Server, freePort, launch, root, waitFor } from "./harness.js";

const pictures = process.env.BELFRY_SCREENSHOTS;
const TURN_SECRET = "what Belfry and coturn share";

let server;
let proxy;
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
async function startTurn(port) {
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
  turn = await startTurn(await freePort());
  server.options.push("--turn-url", `turn:127.0.0.1:${turn.port}?transport=udp`,
    "--turn-secret-file", join(server.folder, "turn-secret"), "--turn-lifetime", "60");
  await server.stop();
  await server.start();
  proxy = await Proxy.start(server);
  pages = run("/usr/bin/python3", join(root, "examples/game/run.py"), "--port", String(port),
    "--belfry", proxy.url, "--secret-file", join(server.folder, "secret"));
  await waitFor(() => isListening(port), "the page's server");
  browser = await launch("--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns");
});

after(async () => {
  await browser?.close();
  await end(pages);
  await end(turn);
  await proxy?.close();
  await server?.close();
});

async function comeIn(user, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 900, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE);
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

/** Waits in a page, and says how things stand there if that is in vain. */
async function waitIn(tab, condition, argument) {
  try {
    await tab.waitForFunction(condition, argument, { polling: 50 });
  } catch (error) {
    const state = await tab.evaluate(() => globalThis.session && {
      call: [session.call.state, session.call.away, session.call.polite],
      states: ["connectionState", "iceConnectionState", "iceGatheringState", "signalingState"].map(
        (name) => session.peer?.connection[name]),
      ids: [session.call.id, session.call.origin],
      restarts: session.peer?.restarts,
      heard: [session.isOpen, session.isHeard],
      page: [document.visibilityState, document.getElementById("badge").dataset.status],
    });
    throw new Error(`${condition}: ${JSON.stringify(state)}`, { cause: error });
  }
}

const isOpen = (tab) => waitIn(tab, () => globalThis.session?.isOpen);

const isHeard = (tab) => waitIn(tab, () => globalThis.session?.isHeard);

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
    await waitIn(tab, (last) => session.directPulse.times.at(-1) !== last, before);
    await isHeard(tab);
  }
}

test("two play over a data channel, and the page shows both round trips", async (t) => {
  const [host, guest] = await begin(["alice", "bob"]);
  for (const tab of [host, guest]) {
    await waitIn(tab, () =>
      session.relayPulse.times.length >= 5 && session.directPulse.times.length >= 5);
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

test("two who invite each other at once, and both offer at once, end in one connection", async () => {
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => comeIn(name)));
  await alice.locator("#to").fill("bob");
  await bob.locator("#to").fill("alice");
  await Promise.all([alice, bob].map((tab) => tab.locator("#to").press("Enter")));
  await Promise.all([alice, bob].map(isOpen));
  const calls = await Promise.all([alice, bob].map((tab) => tab.evaluate(() => session.call.id)));
  assert.equal(calls[0], calls[1]);
  // Both make their channels at the start, so both have offered already. And now again and again:
  for (let i = 0; i < 10; i++) {
    await Promise.all([alice, bob].map((tab) => tab.evaluate((n) => {
      session.peer.connection.createDataChannel(`more ${n}`);
      session.peer.connection.restartIce();
    }, i)));
  }
  for (const tab of [alice, bob]) {
    await waitIn(tab, () => session.peer.connection.signalingState === "stable"
      && session.peer.connection.iceConnectionState !== "checking"
      && session.peer.state === "connected");
  }
  await playsOn(alice, bob);
  const ufrags = (tab) => tab.evaluate(() =>
    ["currentLocalDescription", "currentRemoteDescription"].map((name) =>
      session.peer.connection[name].sdp.match(/ice-ufrag:(\S+)/)[1]));
  // In the end the two have agreed on the same.
  await waitFor(async () => {
    const [mine, theirs] = await Promise.all([alice, bob].map(ufrags));
    return String(mine) === String(theirs.reverse());
  }, "agreement");
  await leave(alice, bob);
});

test("the game goes on while Belfry is killed, and signalling is back after it", async () => {
  const [host, guest] = await begin(["carol", "dave"]);
  const before = await host.evaluate(() => session.call.id);
  await server.kill();
  for (const tab of [host, guest]) {
    await tab.locator("#relay.lost").waitFor();
  }
  await playsOn(host, guest);
  await takePicture(host, "interrupted");
  // An offer that nobody can carry:
  await guest.evaluate(() => session.peer.connection.restartIce());
  await waitIn(guest, () =>
    session.peer.connection.signalingState === "have-local-offer");
  await server.start();
  for (const tab of [host, guest]) {
    // However long it would wait before it tries again.
    await tab.evaluate(() => dispatchEvent(new Event("online")));
  }
  for (const tab of [host, guest]) {
    await waitIn(tab, (old) => session.call.id !== old && !session.call.away, before);
    await tab.locator("#relay:not(.lost)").waitFor();
    const count = await tab.evaluate(() => session.relayPulse.times.at(-1));
    await waitIn(tab, (last) => session.relayPulse.times.at(-1) !== last, count);
    await waitIn(tab, () => session.peer.connection.signalingState === "stable");
  }
  await playsOn(host, guest);
  // Nobody was asked again, and whoever hangs up ends it for both.
  await host.locator("#leave").click();
  await guest.locator("#notice", { hasText: "carol has left the game" }).waitFor();
  await leave(host, guest);
});

test("a cut connection to Belfry takes its place in the call again", async () => {
  const [host, guest] = await begin(["ivan", "judy"]);
  const before = await host.evaluate(() => session.call.id);
  const accepted = proxy.accepted;
  proxy.cut();
  await waitFor(() => proxy.accepted >= accepted + 2, "both to connect again");
  for (const tab of [host, guest]) {
    const last = await tab.evaluate(() => session.relayPulse.times.at(-1));
    await waitIn(tab, (old) => session.relayPulse.times.at(-1) !== old, last);
    assert.equal(await tab.evaluate(() => session.call.id), before);
  }
  await playsOn(host, guest);
  await leave(host, guest);
});

/** Asks coturn for a relay with these credentials; gives how many there are, and its refusals. */
async function gather(tab, username, credential) {
  return tab.evaluate(async ({ url, name, word }) => {
    const connection = new RTCPeerConnection({
      iceServers: [{ urls: [url], username: name, credential: word }], iceTransportPolicy: "relay",
    });
    const found = [];
    const refused = [];
    connection.addEventListener("icecandidate", ({ candidate }) =>
      candidate?.candidate && found.push(candidate.candidate));
    connection.addEventListener("icecandidateerror", ({ errorCode }) => refused.push(errorCode));
    connection.createDataChannel("x");
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    connection.close();
    return { found: found.length, refused };
  }, { url: `turn:127.0.0.1:${turn.port}?transport=udp`, name: username, word: credential });
}

test("a real TURN server takes the credentials, and neither wrong nor expired ones", async () => {
  const [host, guest] = await begin(["erin", "frank"], { hash: "#relay" });
  for (const tab of [host, guest]) {
    await tab.locator("#route", { hasText: "TURN" }).waitFor();
  }
  await playsOn(host, guest);
  const [{ username, credential }] = await host.evaluate(() => session.call.servers());
  assert.match(username, /^\d+:erin$/);
  const good = await gather(host, username, credential);
  assert.ok(good.found > 0, JSON.stringify(good));
  const sign = (name) => createHmac("sha1", TURN_SECRET).update(name).digest("base64");
  assert.equal(sign(username), credential);
  const expired = `${Math.floor(Date.now() / 1000) - 10}:erin`;
  for (const [name, word] of [
    [username, sign("other")], [username.replace("erin", "frank"), credential], [expired, sign(expired)],
  ]) {
    const { found, refused } = await gather(host, name, word);
    assert.equal(found, 0);
    assert.ok(refused.includes(401), JSON.stringify(refused));
  }
  await leave(host, guest);
});

test("ICE starts anew when the way between the two is cut, and the game goes on", async () => {
  const [host, guest] = await begin(["grace", "heidi"], { hash: "#relay" });
  const { port } = turn;
  await end(turn);
  turn = await startTurn(port);
  // The polite one leaves it to the other.
  await waitIn(host, () => session.peer.restarts > 0);
  for (const tab of [host, guest]) {
    await waitIn(tab, () => session.peer.state === "connected");
  }
  await playsOn(host, guest);
  await leave(host, guest);
});

test("axe finds nothing, light, dark and narrow, in the lobby, while it rings, and in a game", async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const looks = [{ colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }];
  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map((name, i) => comeIn(name, looks[i])));
  const check = async (name) => {
    for (const [i, tab] of [alice, bob].entries()) {
      const found = await tab.evaluate(async () => (await window.axe.run()).violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`));
      assert.deepEqual(found, [], name);
      assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
      await takePicture(tab, `${name}-${["dark", "narrow"][i]}`);
    }
  };
  await Promise.all([alice, bob].map((tab) => tab.evaluate(axe)));
  await alice.locator("#to").fill("bob");
  await alice.locator("#to").press("Enter");
  await bob.locator("#invitations strong").waitFor();
  await check("lobby");
  await bob.locator("#invitations button.primary").click();
  await Promise.all([alice, bob].map(isHeard));
  await check("game");
  await leave(alice, bob);
});

test("an invitation is declined, taken back and answered with the keyboard alone", async () => {
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => comeIn(name)));
  await takePicture(alice, "lobby");
  const invite = async () => {
    await alice.keyboard.type("bob");
    await alice.keyboard.press("Enter");
    await bob.locator("#invitations strong", { hasText: "alice" }).waitFor();
  };
  await invite();
  await takePicture(bob, "invited");
  await takePicture(alice, "ringing");
  await alice.keyboard.press("Enter");
  await bob.locator("#invited").waitFor({ state: "hidden" });
  await alice.keyboard.press("Control+a");
  await invite();
  await bob.keyboard.press("Shift+Tab");
  await bob.keyboard.press("Enter");
  await alice.locator("#notice", { hasText: "bob does not want to play now" }).waitFor();
  await alice.keyboard.press("Control+a");
  await invite();
  await bob.keyboard.press("Shift+Tab");
  await bob.keyboard.press("Shift+Tab");
  await bob.keyboard.press("Enter");
  await Promise.all([alice, bob].map(isOpen));
  // The other side sees how the paddle goes up.
  await alice.keyboard.down("ArrowUp");
  await waitIn(bob, () => session.advance(0, 0.5).other < 0.3);
  await alice.keyboard.up("ArrowUp");
  await leave(alice, bob);
});
