// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// The rules of the line that time and chance are in: with a clock that the test moves, and a
// WebSocket whose other end is the test.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Line, chooseDelay } from "../../src/browser/client/line.js";
import { refreshDelay } from "../../src/browser/client/token.js";

const HEARTBEAT = 25000;

class FakeSocket {
  static OPEN = 1;
  static all = [];
  readyState = 0;
  sent = [];

  constructor(address) {
    this.address = String(address);
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** What the server does. */
  open() {
    this.readyState = 1;
    this.onopen?.();
    this.tell("connected", { heartbeat: HEARTBEAT });
  }

  tell(type, data, id) {
    this.onmessage?.({ data: JSON.stringify({ type, id, data }) });
  }

  register() {
    this.open();
    this.accept();
  }

  accept(userId = "u") {
    const { id } = this.sent.findLast(({ type }) => type === "register");
    this.tell("registered", { sessionId: "s", userId }, id);
  }

  end(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

function makeToken(claims) {
  return `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
}

const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

let line;
let told;
let tokens;

const socket = () => FakeSocket.all.at(-1);
const states = () => told.splice(0).map(([status, code]) => (code ? `${status} ${code}` : status));

/** Promises go on between timers. */
async function settle() {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

async function pass(ms) {
  for (let left = ms; left > 0; left -= 100) {
    mock.timers.tick(Math.min(left, 100));
    await settle();
  }
}

async function start(kind = "websocket") {
  line = new Line("http://example.org/sub/", kind, {
    getToken: async () => {
      const token = tokens.length > 1 ? tokens.shift() : tokens[0];
      if (token instanceof Error) {
        throw token;
      }
      return token;
    },
    resume: { since: 7, epoch: "e" },
    onStatus: () => told.push([line.status, line.error?.code]),
    onFrame: () => {},
  });
  line.start();
  await settle();
}

async function startRegistered() {
  await start();
  socket().register();
  states();
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  mock.method(Math, "random", () => 0.5);
  globalThis.WebSocket = FakeSocket;
  FakeSocket.all = [];
  told = [];
  tokens = [makeToken({ exp: inSeconds(36000) })];
});

afterEach(() => {
  line?.stop();
  line = null;
  mock.timers.reset();
  mock.restoreAll();
});

test("registers where it was", async () => {
  await start();
  assert.equal(socket().address, "ws://example.org/sub/ws");
  socket().register();
  assert.deepEqual(socket().sent[0].data, { jwtToken: tokens[0], since: 7, epoch: "e" });
  assert.deepEqual(states(), ["connecting", "connected"]);
});

for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 1013, 4100, 4101, 4102, 4103, 4499, 5000]) {
  test(`comes back after ${code}`, async () => {
    await startRegistered();
    socket().end(code);
    assert.deepEqual(states(), ["offline CONNECTION_LOST"]);
    await pass(500);
    assert.equal(FakeSocket.all.length, 2);
    socket().register();
    assert.deepEqual(states(), ["connected"]);
  });
}

for (const code of [4502, 4503, 4999]) {
  test(`stays away after ${code}`, async () => {
    await startRegistered();
    socket().tell("error", { code: "WHY", message: "", fatal: true, retryAfter: null });
    socket().end(code);
    assert.deepEqual(states(), ["stopped WHY"]);
    await pass(100000);
    line.online();
    line.wake();
    await pass(1000);
    assert.equal(FakeSocket.all.length, 1);
    line.start();
    await settle();
    assert.equal(FakeSocket.all.length, 2);
  });
}

for (const code of [4500, 4501]) {
  test(`tries ${code} once more with another token, and not with the same`, async () => {
    tokens = ["one", "two", "two"];
    await start();
    socket().open();
    socket().end(code);
    await pass(500);
    socket().open();
    assert.equal(socket().sent[0].data.jwtToken, "two");
    socket().end(code);
    assert.deepEqual(states(), ["connecting", "offline CONNECTION_LOST", "stopped CONNECTION_LOST"]);

    tokens = ["three", "three"];
    line.start();
    await settle();
    socket().open();
    socket().end(code);
    await pass(500);
    assert.deepEqual(states(), ["connecting", "offline CONNECTION_LOST", "stopped CONNECTION_LOST"]);
    assert.equal(FakeSocket.all.length, 3);
  });
}

test("waits at random between nothing and a time that doubles up to 30 seconds", () => {
  assert.deepEqual([0, 1, 2, 5, 6, 7, 99].map((attempt) => chooseDelay(attempt, 1)),
    [500, 1000, 2000, 16000, 30000, 30000, 30000]);
  assert.equal(chooseDelay(3, 0), 0);
  mock.restoreAll();
  const delays = Array.from({ length: 4000 }, () => chooseDelay(4));
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  assert.ok(Math.min(...delays) < 200 && Math.max(...delays) > 7800, "from nothing to the whole");
  assert.ok(Math.abs(mean - 4000) < 400, "evenly");
});

test("grows its delay until it has registered", async () => {
  await start();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    const began = Date.now();
    const count = FakeSocket.all.length;
    socket().end(1006);
    while (FakeSocket.all.length === count) {
      await pass(50);
    }
    waits.push(Date.now() - began);
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000]);
  socket().register();
  socket().end(1006);
  await pass(250);
  assert.equal(FakeSocket.all.length, 6);
});

test("comes back when the server said, whatever wakes it, unless there was no network", async () => {
  await startRegistered();
  socket().tell("error",
    { code: "SERVER_SHUTDOWN", message: "", fatal: true, retryAfter: 7000 });
  socket().end(1012);
  line.wake();
  await pass(6900);
  assert.equal(FakeSocket.all.length, 1);
  await pass(100);
  assert.equal(FakeSocket.all.length, 2);
  socket().end(1006);
  line.online();
  await settle();
  assert.equal(FakeSocket.all.length, 3);
});

test("asks after a heartbeat of silence, and gives up after one and a half", async () => {
  await startRegistered();
  await pass(HEARTBEAT - 100);
  assert.equal(socket().sent.length, 1);
  await pass(100);
  assert.equal(socket().sent.at(-1).type, "ping");
  socket().tell("reply", {}, 0);
  await pass(HEARTBEAT);
  assert.equal(socket().sent.length, 3);
  assert.deepEqual(states(), []);
  await pass(HEARTBEAT / 2);
  assert.deepEqual(states(), ["offline CONNECTION_LOST"]);
});

test("does not ask a line that is heard of", async () => {
  await startRegistered();
  for (let i = 0; i < 10; i++) {
    await pass(HEARTBEAT / 2);
    socket().tell("chat", {});
  }
  assert.equal(socket().sent.length, 1);
});

test("gives up a server that says nothing at first", async () => {
  await start();
  await pass(15000);
  assert.deepEqual(states(), ["connecting", "offline CONNECTION_LOST"]);
});

test("doubts the line after the machine was asleep", async () => {
  await startRegistered();
  await pass(1000);
  mock.timers.setTime(Date.now() + 3600_000);
  await pass(5000);
  assert.equal(socket().sent.at(-1).type, "ping");
  socket().tell("reply", {}, 0);
  await pass(10000);
  assert.deepEqual(states(), []);
  mock.timers.setTime(Date.now() + 3600_000);
  await pass(10100);
  assert.deepEqual(states(), ["offline CONNECTION_LOST"]);
});

test("replaces a token when 80 % of its life is over, and the same one is no new one", async () => {
  const first = makeToken({ exp: inSeconds(100) });
  tokens = [first, first, new Error("not now"), makeToken({ exp: inSeconds(1000) })];
  await startRegistered();
  const keepAlive = async (ms) => {
    for (let left = ms; left > 0; left -= 10000) {
      await pass(Math.min(left, 10000));
      socket().tell("chat", {});
    }
  };
  await keepAlive(79900);
  assert.equal(tokens.length, 3);
  await keepAlive(200);
  assert.equal(tokens.length, 2);
  await keepAlive(1500);
  assert.equal(tokens.length, 1);
  await keepAlive(2000);
  const { type, data } = socket().sent.at(-1);
  assert.deepEqual([type, data], ["register", { jwtToken: tokens[0] }]);
  socket().accept();
  await keepAlive(60000);
  assert.equal(socket().sent.filter((frame) => frame.type === "register").length, 2);
  assert.equal(FakeSocket.all.length, 1);
});

test("answers nothing to one user that another has asked", async () => {
  tokens = [makeToken({ exp: inSeconds(20) }), makeToken({ exp: inSeconds(1000) })];
  await startRegistered();
  const answers = Array.from({ length: 800 }, () => line.request("x", "{}"));
  const ends = Promise.allSettled(answers);
  const { id } = socket().sent.at(-1);
  mock.timers.tick(10000);
  await settle();
  socket().accept("another");
  socket().tell("reply", { secret: true }, id);
  assert.ok((await ends).every(({ reason }) => reason?.code === "CONNECTION_LOST"));
  const count = socket().sent.length;
  await pass(5000);
  assert.equal(socket().sent.length, count);
  assert.equal(line.status, "connected");
});

test("knows when a token should be replaced", () => {
  const now = 1_800_000_000_000;
  const delay = (life, more = {}) =>
    refreshDelay(makeToken({ exp: now / 1000 + life, ...more }), now);
  assert.equal(delay(3600), 2880_000);
  assert.equal(delay(30), 20_000);
  assert.equal(delay(12), 6000);
  assert.equal(delay(4), 2000);
  // Another clock than the server's.
  assert.equal(delay(-100, { iat: now / 1000 - 3700 }), 2880_000);
  assert.equal(delay(-100), 48_000);
  assert.equal(refreshDelay(makeToken({ sub: "ä" }), now), Infinity);
  for (const token of ["", "a.b.c", "..", "h.bnVsbA.s"]) {
    assert.equal(refreshDelay(token, now), Infinity);
  }
});

test("sends no more than 50 frames a second after 200, and loses none", async () => {
  await startRegistered();
  const answers = Array.from({ length: 700 }, (_, n) => line.request("x", `{"n":${n}}`));
  for (let second = 0; second < 15; second++) {
    const allowed = 200 + 50 * second;
    assert.ok(socket().sent.length <= allowed, `${socket().sent.length} after ${second} s`);
    socket().tell("chat", {});
    await pass(1000);
  }
  const numbers = socket().sent.filter(({ type }) => type === "x").map(({ data }) => data.n);
  assert.deepEqual(numbers, Array.from({ length: 700 }, (_, n) => n));
  socket().end(1006);
  const ends = await Promise.allSettled(answers);
  assert.ok(ends.every(({ reason }) => reason.code === "CONNECTION_LOST"));
});

test("survives a frame that it cannot read", async () => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error);
  await startRegistered();
  socket().onmessage({ data: "{" });
  socket().onmessage({ data: "null" });
  socket().tell("error", { code: "INVALID_MESSAGE", message: "", fatal: false, retryAfter: null });
  const answer = line.request("x", "{}");
  socket().tell("reply", { fine: true }, socket().sent.at(-1).id);
  assert.deepEqual(await answer, { fine: true });
  assert.equal(reported.length, 2);
  delete globalThis.reportError;
});

test("tries events after two WebSockets that came to nothing, then a WebSocket again", async () => {
  const fetched = [];
  globalThis.fetch = async (address, { headers }) => {
    fetched.push([String(address), headers["Last-Event-ID"]]);
    throw new TypeError("no network");
  };
  await start("auto");
  socket().end(1006);
  await pass(500);
  socket().end(1006);
  await pass(1000);
  assert.deepEqual(fetched, [["http://example.org/sub/events", "e/7"]]);
  assert.equal(FakeSocket.all.length, 2);
  await pass(2000);
  assert.equal(FakeSocket.all.length, 3);
  socket().register();
  socket().end(1006);
  await pass(500);
  assert.equal(FakeSocket.all.length, 4);
});
