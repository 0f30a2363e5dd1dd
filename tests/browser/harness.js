// SPDX-FileCopyrightText: The Belfry developers
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests in a browser share. They run the real belfryd of the build (BELFRYD) on a bus of
// its own, in a temporary folder, on a port that it keeps:
//
//   const server = await Server.start({ options: ["--numeric-user-ids"] });
//   server.url                                      "http://127.0.0.1:PORT/"
//   server.token("alice", { expiresIn: 5 })         a signed token, any claims
//   await server.create("alice", { title: "Hi" })   gives the id
//   await server.call("Notifications.MarkRead", "(sat)", "alice", [1])   any method
//   await server.property("ConnectedClients")
//   server.worker.on("signal", (name, args) => …)   MessageReceived, Created, …
//   await server.stop(); await server.kill(); await server.start("--new-epoch");
//   await server.close();                           in after(): fails if belfryd has warned
//
//   const pages = await Pages.start();              src/browser and empty pages, at an origin
//   pages.blank({ csp })                            the address of an empty page (default: no CSP)
//   pages.add("/a.html", text, headers)             a page of the test's own
//   const wake = await pages.hold(tab); wake();     its scripts stand still meanwhile
//   Server.start({ origins: [pages.origin] })       lets that origin in
//
//   const proxy = await Proxy.start(server);        proxy.url in place of server.url
//   proxy.cut(); proxy.stall(); proxy.resume(); proxy.down = true; proxy.refusesUpgrades = true;
//
//   const browser = await launch();                 Chromium
//   await waitFor(() => …, "what is waited for")    until it is true, in node
//
// In a page: await tab.evaluate(async (url) => { const { Belfry } = await import("/client/belfry.js") … })

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

export const root = new URL("../../", import.meta.url).pathname;

/** In ms: sanitizers and slow machines take their time. What waits so long has failed. */
export const PATIENCE = process.env.BELFRY_TEST_ALL === "1" ? 120_000 : 30_000;

export const ALL = process.env.BELFRY_TEST_ALL === "1";

const SECRET = "a secret of more than thirty-two bytes, for tests only";

// Also where a test is ended from outside.
const children = new Set();
const folders = new Set();
process.on("exit", () => {
  children.forEach((child) => child.kill("SIGKILL"));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});
process.on("SIGTERM", () => process.exit(1));
process.on("SIGINT", () => process.exit(1));

function start(command, args, options) {
  const child = spawn(command, args, options);
  children.add(child);
  child.ended = once(child, "exit").then(([status, signal]) => {
    children.delete(child);
    return status ?? signal;
  });
  return child;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until the condition, which may be asynchronous, gives something true; gives that. */
export async function waitFor(condition, what = condition) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const result = await condition();
    if (result) {
      return result;
    }
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await sleep(20);
  }
}

/**
 * A port that is free now. A server keeps it over restarts, so it is none that a client's socket
 * may get meanwhile: those of Linux begin at 32768.
 */
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 20000);
    const server = createTcpServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) {
      return port;
    }
  }
}

/** A token with these claims, signed with HS256. */
export function sign(claims, secret = SECRET) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A worker on the bus: a process that stays, since each gdbus would take half a second. */
class Worker extends EventEmitter {
  #next = 1;
  #pending = new Map();

  constructor(address) {
    super();
    this.process = start("/usr/bin/python3", [join(root, "tests/browser/worker.py"), address], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      const { id, result, error, signal, args } = JSON.parse(line);
      if (signal) {
        this.emit("signal", signal, args);
        return;
      }
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      error ? reject(new Error(error)) : resolve(result);
    });
  }

  ask(request) {
    const id = this.#next++;
    this.process.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  async close() {
    this.process.stdin.end();
    await this.process.ended;
  }
}

export class Server {
  #expected = [];

  /** options: belfryd's. origins: those let in besides its own. */
  static async start({ options = [], origins = [], port = null } = {}) {
    const server = new Server();
    server.options = [...options, ...origins.flatMap((origin) => ["--allow-origin", origin])];
    server.folder = await mkdtemp(join(tmpdir(), "belfry-test-"));
    folders.add(server.folder);
    await writeFile(join(server.folder, "secret"), `${SECRET}\n`);
    server.bus = start("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = await once(createInterface({ input: server.bus.stdout }), "line");
    server.address = line;
    server.worker = new Worker(line);
    server.port = port ?? await freePort();
    server.url = `http://127.0.0.1:${server.port}/`;
    await server.start();
    return server;
  }

  /** Once more, with its database and port, and what else is to be said this time. */
  async start(...more) {
    const belfryd = start(process.env.BELFRYD, [
      "--bus", this.address, "--listen", `127.0.0.1:${this.port}`,
      "--database", `sqlite:${join(this.folder, "belfry.db")}`,
      "--jwt-secret-file", join(this.folder, "secret"), ...this.options, ...more,
    ], {
      env: {
        ...process.env, LANGUAGE: "C", XDG_DATA_HOME: this.folder,
        // Looking for leaks, with the long stacks that it takes, makes it three times as slow.
        ...(!ALL && { ASAN_OPTIONS: "detect_leaks=0" }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = belfryd;
    this.log = [];
    const listening = new Promise((resolve) => {
      for (const stream of [belfryd.stdout, belfryd.stderr]) {
        createInterface({ input: stream }).on("line", (text) => {
          this.log.push(text);
          if (text.includes("Listening on")) {
            resolve(true);
          }
        });
      }
    });
    const isUp = await Promise.race([listening, belfryd.ended.then(() => false)]);
    assert.ok(isUp, `belfryd ended: ${this.log.join("\n")}`);
    await waitFor(() => this.worker.ask({ owned: true }), "belfryd's name");
  }

  /** A signed token; claims override sub and exp. */
  token(user, { expiresIn = 3600, ...claims } = {}) {
    return sign({ sub: user, exp: Math.floor(Date.now() / 1000) + expiresIn, ...claims });
  }

  /** Interface.Method with what it takes; in an a{sv}, [type, value]. Gives its one result or all. */
  async call(method, signature, ...args) {
    const result = await this.worker.ask({ method, signature, args });
    return result.length === 1 ? result[0] : result;
  }

  /** A notification; options: key, tag, expires. */
  create(user, data = {}, { key, tag, expires } = {}) {
    const options = {
      ...(key && { "idempotency-key": ["s", key] }),
      ...(tag && { tag: ["s", tag] }),
      ...(expires && { expires: ["x", expires] }),
    };
    return this.call("Notifications.Create", "(ssa{sv})", user, JSON.stringify(data), options);
  }

  /** What the store has, newest first: id, user-id, data (text), read, … */
  async stored(user, limit = 1000) {
    const [notifications] = await this.call(
      "Notifications.List", "(sa{sv})", user, { limit: ["u", limit] });
    return notifications;
  }

  property(name) {
    return this.worker.ask({ property: name });
  }

  /** A warning with this text belongs to the test. */
  expectLog(text) {
    this.#expected.push(text);
  }

  /** As systemd does it. */
  async stop() {
    this.process.kill("SIGTERM");
    const status = await this.process.ended;
    this.process = null;
    assert.equal(status, 0, this.log.join("\n"));
    for (const line of this.log.filter((text) => /WARNING|CRITICAL|ERROR|runtime error/.test(text))) {
      assert.ok(this.#expected.some((text) => line.includes(text)), this.log.join("\n"));
    }
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.process.ended;
    this.process = null;
  }

  async close() {
    try {
      if (this.process) {
        await this.stop();
      }
    } finally {
      await this.worker.close();
      this.bus.kill();
      await this.bus.ended;
      await rm(this.folder, { recursive: true });
      folders.delete(this.folder);
    }
  }
}

/** Between browser and server: what a network does to connections. */
export class Proxy {
  #pairs = new Set();
  #stalled = false;
  /** Connections are closed as they come. */
  down = false;
  /** An upgrade to WebSocket is answered with 403, as some companies' proxies do. */
  refusesUpgrades = false;
  /** How many connections were let through. */
  accepted = 0;
  refused = 0;

  static async start({ port }) {
    const proxy = new Proxy();
    proxy.target = port;
    proxy.server = createTcpServer((socket) => proxy.#accept(socket));
    proxy.port = await freePort();
    proxy.server.listen(proxy.port, "127.0.0.1");
    await once(proxy.server, "listening");
    proxy.url = `http://127.0.0.1:${proxy.port}/`;
    return proxy;
  }

  #accept(socket) {
    socket.on("error", () => {});
    if (this.down) {
      socket.destroy();
      return;
    }
    // The head says what is wanted: a browser sends an upgrade on a connection of its own.
    socket.once("data", (head) => {
      if (this.refusesUpgrades && /^upgrade: *websocket/im.test(head.toString("latin1"))) {
        this.refused++;
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      this.accepted++;
      const target = connect(this.target, "127.0.0.1");
      const pair = { socket, target, isUpgrade: /^upgrade:/im.test(head.toString("latin1")) };
      this.#pairs.add(pair);
      target.write(head);
      for (const [from, to] of [[socket, target], [target, socket]]) {
        from.on("error", () => {});
        from.on("data", (chunk) => this.#stalled || to.write(chunk));
        from.on("end", () => this.#stalled || to.end());
        from.on("close", () => {
          // The other side must not see it, until it is cut.
          if (!this.#stalled) {
            to.destroy();
            this.#pairs.delete(pair);
          }
        });
      }
    });
  }

  get open() {
    return this.#pairs.size;
  }

  /** Closes all connections, with a reset; or those that chooses says. */
  cut(chooses = () => true) {
    for (const pair of [...this.#pairs].filter(chooses)) {
      pair.socket.resetAndDestroy();
      pair.target.destroy();
      this.#pairs.delete(pair);
    }
  }

  /** From now on swallows what comes from either side, without closing anything. */
  stall() {
    this.#stalled = true;
  }

  /** Cuts what was stalled: bytes are missing there. */
  resume() {
    this.#stalled = false;
    this.cut();
  }

  async close() {
    this.cut();
    this.server.close();
    await once(this.server, "close");
  }
}

const TYPES = {
  ".css": "text/css", ".html": "text/html; charset=utf-8", ".js": "text/javascript",
  ".json": "application/json", ".svg": "image/svg+xml",
};

/** Serves src/browser and the pages of a test. */
export class Pages {
  #pages = new Map();
  #held = null;

  static async start() {
    const pages = new Pages();
    pages.server = createServer((request, response) => pages.#answer(request, response));
    pages.server.listen(0, "127.0.0.1");
    await once(pages.server, "listening");
    pages.origin = `http://127.0.0.1:${pages.server.address().port}`;
    return pages;
  }

  async #answer(request, response) {
    const path = normalize(new URL(request.url, this.origin).pathname);
    if (path === "/held") {
      this.#held(response);
      return;
    }
    const page = this.#pages.get(path);
    if (page) {
      response.writeHead(200, { "Content-Type": TYPES[extname(path)], ...page.headers });
      response.end(page.text);
      return;
    }
    try {
      const content = await readFile(join(root, "src/browser", path));
      response.writeHead(200, {
        "Content-Type": TYPES[extname(path)] ?? "text/plain", "Access-Control-Allow-Origin": "*",
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  }

  /** A page of the test's own; gives its address. */
  add(path, text, headers = {}) {
    this.#pages.set(path, { text, headers });
    return this.origin + path;
  }

  /** The address of an empty page. */
  blank({ csp = null, path = "/blank.html" } = {}) {
    return this.add(path, "<!doctype html><html lang=en><title>Test</title>",
      csp ? { "Content-Security-Policy": csp } : {});
  }

  /** Has the scripts of a page stand still, as in one that is frozen. Gives what ends it. */
  async hold(tab) {
    const held = new Promise((resolve) => {
      this.#held = resolve;
    });
    await tab.evaluate(() => setTimeout(() => {
      const request = new XMLHttpRequest();
      request.open("GET", "/held", false);
      request.send();
    }));
    const response = await held;
    return () => response.end();
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

export function launch(...args) {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", ...args,
    ],
  });
}
